"""The script, and a gdb that is not there to load it."""

import sys

import pytest
from fake_gdb import FakeGdb

from soclet.gdb_client.generator import generate


@pytest.fixture
def fake(monkeypatch):
    """The fake gdb, in the place of the real one."""
    fake = FakeGdb()
    monkeypatch.setitem(sys.modules, "gdb", fake)
    for name in ("disassembler", "unwinder", "FrameDecorator"):
        monkeypatch.setitem(sys.modules, f"gdb.{name}", getattr(fake, name))
    return fake


@pytest.fixture(scope="session")
def script():
    return generate()


@pytest.fixture
def load(fake):
    """Load a script into the fake gdb."""

    def load(script):
        exec(compile(script, "soclet.py", "exec"), {"__name__": "__main__"})
        return fake

    return load
