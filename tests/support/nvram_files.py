"""NVRAM files for tests: small ones, in the states that they are to be found in."""

from collections.abc import Iterable
from pathlib import Path

from board import DATA, START, program
from host_calls import calls_of

from machine.machine import Machine
from machine.nvram import Nvram

SIZE = 0x8000


def opened(path: Path, size: int | None = SIZE) -> Nvram:
    return Nvram(path, size, default_size=SIZE)


def create(path: Path, size: int, parts: Iterable[tuple[int, bytes]]) -> None:
    """Make a file as somebody else would, whatever lies beside it."""
    with path.open("wb") as file:
        file.truncate(size)
        for address, data in parts:
            file.seek(address)
            file.write(data)


def contents(path: Path, address: int = DATA, length: int = 4) -> bytes:
    return path.read_bytes()[address : address + length]


def journal_of(path: Path) -> Path:
    return path.with_name(path.name + ".journal")


def writer(path: Path) -> Machine:
    """A machine that stores 1, 2, 3… to DATA and sends each number."""
    machine = Machine(SIZE, nvram=opened(path))
    loop = ("loop:", "add r0, r1", "mov [r8], r0", "mov [r9], r0", "mov pc, loop")
    setup = ("mov r1, 1", f"mov r8, {DATA}", "mov r9, 0x14")
    machine.flash([(START, program(*setup, *loop))])
    return machine


def whole_journal(path: Path) -> bytes:
    """Leave a file in its old state with a whole journal of a new one; give the journal."""
    machine = writer(path)
    machine.run(3 + 4 * 11)
    calls = calls_of(machine.commit, only={"unlink"}, killed=1)
    assert calls.dead
    machine.nvram.close()
    create(path, SIZE, ())
    return journal_of(path).read_bytes()
