"""What the machine as a debugger's target refuses, and in which words."""

import pytest
from board import ALL, TABLE, Board

from gdbstub.target import Continue, FlashWrite, Step, TargetError
from isa_spec.registers import PC
from machine.nvram import Nvram
from soclet import description
from soclet.runner import Runner
from soclet.thread_target import ThreadTarget

CPSR = next(n for n, slot in enumerate(description.SLOTS) if slot.number is None)


@pytest.fixture
def board():
    return Board("mov r0, 1", "mov r0, 2")


@pytest.fixture
def target(board):
    target = ThreadTarget(Runner(board.machine))
    target.attach()
    return target


def refused(act, *arguments):
    with pytest.raises(TargetError) as caught:
        act(*arguments)
    assert "\n" not in caught.value.message
    return caught.value.message


def test_reading_says_what_is_not_there(board, target):
    assert refused(target.read_memory, 0x10000, 4) == (
        "there is nothing at 0x10000: memory is 0x1000 to 0xffff"
    )
    assert refused(target.read_memory, 0x14, 4) == (
        "the port TX at 0x14 cannot be read, only stored to"
    )
    assert refused(target.read_memory, 0x100, 4) == "there is no port at 0x100"
    board.map(7, 0x800)
    board.translated()
    assert refused(target.read_memory, 0x7004, 4) == (
        "there is nothing at 0x7004: its page is at physical 0x800004, and memory is 0x1000 to "
        "0xffff"
    )
    assert refused(target.read_memory, 0x9000, 4) == (
        "no page is present at 0x9000: see monitor page-table 0x9000"
    )
    assert refused(target.read_memory, 1 << 32, 4) == (
        "0x100000000 is beyond the last address, 0xffffffff"
    )


def test_writing_says_which_part_cannot_be_written(board, target):
    assert refused(target.write_memory, 0xFFFE, b"abcd") == (
        "there is nothing at 0x10000: memory is 0x1000 to 0xffff; nothing was written"
    )
    assert refused(target.write_memory, 0x20, b"abcd") == (
        "0x20 is in the I/O page: a debugger only looks at ports; nothing was written"
    )
    board.map(7, 7, ALL)
    board.translated()
    assert refused(target.write_memory, 0x7FFE, b"abcd") == (
        "no page is present at 0x8000: see monitor page-table 0x8000; nothing was written"
    )
    assert board.word(0x7FFC) == 0
    assert board.word(TABLE + 4 * 7) == 0x7000 | ALL


def test_the_constant_register_cannot_be_another(target):
    target.write_register(CPSR, 0)
    assert refused(target.write_register, CPSR, 0x20) == "cpsr is always 0 on this machine"


def test_going_on_elsewhere_is_refused_for_what_is_no_address(board, target):
    for action in (Continue(1 << 32), Step(1 << 32)):
        assert refused(target.resume, action) == (
            "0x100000000 is beyond the last address, 0xffffffff"
        )
    assert board["pc"] == 0x1000
    assert target.machine.cpu.r[PC] == 0x1000


def test_what_runs_is_not_flashed(target):
    target.runner.start()
    assert refused(target.flash, [range(0x8000, 0x9000)], [FlashWrite(0x8000, b"a")]) == (
        "the machine runs: halt it to flash it; nothing was flashed"
    )


def test_what_is_flashed_but_not_kept_is_told(tmp_path):
    path = tmp_path / "nvram"
    nvram = Nvram(path, 64 << 10, default_size=64 << 10)
    try:
        board = Board(nvram=nvram)
        target = ThreadTarget(Runner(board.machine))
        target.attach()
        board.machine.commit()
        path.with_name("nvram.journal").mkdir()
        assert refused(target.flash, [range(0x8000, 0x9000)], []) == (
            f"memory is flashed, but not the NVRAM file: {path}: Is a directory"
        )
        assert board.word(0x8000) == 0xFFFF_FFFF
    finally:
        nvram.close()
