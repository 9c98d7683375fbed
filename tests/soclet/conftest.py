"""What the front door's tests share: images built once, and `soclet` within this process."""

import pytest
from loop_bench import Hour
from running import DEMOS, build, soclet_here

from soclet import runner
from toolchain.assembler import assemble
from toolchain.writers import write_image


@pytest.fixture(scope="session")
def hello(tmp_path_factory):
    """hello as an ELF image."""
    path = tmp_path_factory.mktemp("images") / "hello.elf"
    write_image(assemble(DEMOS / "hello" / "hello.s"), path)
    return path


@pytest.fixture
def guest(tmp_path):
    """Build firmware of a text; give its image."""
    return lambda text, name="guest.elf": build(tmp_path / name, text)


@pytest.fixture
def here(capfd):
    """Run a command within this process."""
    return lambda *words: soclet_here(capfd, *words)


@pytest.fixture
def hour(monkeypatch):
    """A host's clock, as a runner reads it, that stands still until it is moved."""
    hour = Hour()
    monkeypatch.setattr(runner, "time", hour)
    return hour
