"""The shipped firmware, assembled and put into machines that run without a host."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from isa_spec.paging import PAGE
from soclet.testing import Configuration, MachineUnderTest
from soclet.testing.images import Images

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
DEMOS = sorted(path.parent.name for path in FIRMWARE.glob("*/expected.txt"))
STACK = 256
LIMIT = 5_000_000
"""Ticks in which every run of these tests is long over."""


@dataclass
class Demo:
    """One firmware's folder."""

    name: str

    @property
    def folder(self):
        return FIRMWARE / self.name

    @property
    def source(self):
        return self.folder / f"{self.name}.s"

    @property
    def expected(self):
        return (self.folder / "expected.txt").read_bytes()

    @property
    def input(self):
        path = self.folder / "input.txt"
        return path.read_bytes() if path.exists() else b""

    @property
    def readme(self):
        return (self.folder / "README.md").read_text(encoding="utf-8")


IMAGES = Images()


def smallest(source, edits):
    """The size of the smallest memory that holds a program and some stack."""
    whole = MachineUnderTest(Configuration(image=source, source=edits), IMAGES)
    end = max(segment.end for segment in whole.image.segments)
    return -(-(end + STACK) // PAGE) * PAGE


def edited(source, edits):
    """A firmware's own source, changed by (old text, new text) pairs."""
    text = source.read_text(encoding="utf-8")
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="session")
def boot():
    """Give a machine with a firmware in it, about to execute its first instruction."""

    def boot(name, *edits, byte_ticks=0, memory_size=None):
        source = Demo(name).source
        text = edited(source, edits)
        return MachineUnderTest(
            Configuration(
                image=source,
                source=text,
                memory=memory_size or smallest(source, text),
                byte_ticks=byte_ticks,
                ticks=LIMIT,
            ),
            IMAGES,
        )

    return boot


@pytest.fixture(params=DEMOS)
def demo(request):
    return Demo(request.param)


@pytest.fixture(scope="session")
def firmware():
    return FIRMWARE
