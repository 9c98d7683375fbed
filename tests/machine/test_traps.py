"""Section 5 of the ISA manual: entering traps and interrupts, check-stop, levels."""

import pytest
from board import (
    ALL,
    DATA,
    INTERRUPTS,
    KERNEL,
    SIZE,
    START,
    TABLE,
    VECTORS,
    Board,
    handler,
    program,
)

from isa_spec.traps import BY_NUMBER
from isa_spec.traps import VECTORS as ROWS
from machine.events import HoldInterrupts
from machine.reason import Reason

TIMER, RX, TX = 1 << 16, 1 << 17, 1 << 18


def low_word(line: str) -> int:
    return int.from_bytes(program(line)[:4], "little")


RAISED = {
    1: (".illegal", 1, 0xFF, 0),
    2: ("mov r1, status", 2, low_word("mov r1, status"), 0),
    3: ("mov r1, [r2]", 3, 0x5000, 0),
    4: ("mov [r2], r1", 0x104, 0x6000, 0),
    5: ("mov r1, [r2]", 5, 0x4001, 0),
    6: ("mov [r2], r1", 0x106, SIZE, 0),
    7: ("div r1, r3", 7, 0, 0),
    8: ("trap 0x1234", 8, 0x1234, 8),
    9: ("brk", 9, 0, 8),
}
"""By vector: an instruction, cause, detail, and how far epc is behind the instruction."""


def raising(vector: int, status: int = 0) -> Board:
    line, *_ = RAISED[vector]
    board = Board(line) if line != ".illegal" else Board(code=b"\xff" + bytes(7))
    if vector in (3, 4):
        board.map(6, DATA >> 12, ALL & ~4)
        board.translated(status | 2)
    else:
        board.set(status=status)
    return board.set(r2=RAISED[vector][2])


@pytest.mark.isa("5.illegal", "5.privileged", "5.absent", "5.protected", "5.misaligned",
                 "5.nothing", "5.division", "5.system-call", "5.break", "5.4", "5.5")  # fmt: skip
@pytest.mark.parametrize("vector", RAISED)
def test_each_trap_reports_its_cause_its_detail_and_where_it_was(vector: int):
    _, cause, detail, behind = RAISED[vector]
    assert raising(vector).trapped() == (cause, detail, START + behind)


@pytest.mark.isa("5.4")
def test_only_accesses_report_their_kind():
    assert [row.number for row in ROWS if row.access] == [3, 4, 5, 6]


@pytest.mark.isa("5.timer", "5.serial-rx", "5.serial-tx", "5.4")
@pytest.mark.parametrize("vector", [16, 17, 18])
def test_each_interrupt_reports_itself(vector: int):
    board = Board("mov r0, r0").set(imask=1 << vector, detail=0x99)
    board.machine.bus.devices["timer"].restore((0, None, None))
    board.type(b"x")
    board.set(status=KERNEL | INTERRUPTS).step()
    assert board.trap == (vector, 0, START)
    assert board["estatus"] == KERNEL | INTERRUPTS


@pytest.mark.isa("5.1", "5.2")
def test_no_other_vector_is_raised_by_this_machine():
    assert sorted(BY_NUMBER) == [*range(1, 10), 16, 17, 18]
    board = Board("loop:", "mov pc, loop").set(imask=0xFFFF_FFFF)
    board.machine.bus.devices["timer"].restore((0, None, None))
    board.type(b"x")
    assert board.machine.bus.pending(board.time) == TIMER | RX | TX


@pytest.mark.isa("5.3")
@pytest.mark.parametrize(
    ("frame", "address", "cause"),
    [(SIZE >> 12, 0x5004, 6), (0, 0x5002, 6), (DATA >> 12, 0x5002, 5)],
)
def test_the_address_reported_is_the_virtual_one(frame: int, address: int, cause: int):
    board = Board("mov r1, [r2]").translated().set(r2=address)
    board.map(5, frame)
    assert board.trapped() == (cause, address, START)


@pytest.mark.isa("5.5", "2.5")
def test_the_epc_of_an_interrupt_is_the_instruction_not_yet_executed():
    board = Board("mov r0, 1", "mov r1, 1").set(imask=TIMER, status=5)
    board.machine.bus.devices["timer"].restore((1, None, None))
    board.step(2)
    assert (board["epc"], board["r0"], board["r1"]) == (START + 8, 1, 0)


@pytest.mark.isa("5.6", "5.7")
@pytest.mark.parametrize("status", [0, 1, 4, 5])
@pytest.mark.parametrize("vector", RAISED)
def test_a_trap_saves_status_and_goes_to_kernel_physical_interrupts_off(vector: int, status: int):
    if vector == 2 and status & KERNEL:
        vector = 1
    board = raising(vector, status)
    entered_with = board["status"]
    board.step()
    assert (board["status"], board["estatus"]) == (KERNEL, entered_with)


@pytest.mark.isa("5.8", "1.ivec")
@pytest.mark.parametrize("vector", RAISED)
def test_the_handler_is_the_word_at_ivec_plus_4_times_the_vector(vector: int):
    board = raising(vector)
    board.write(VECTORS + 4 * vector, 0x4800)
    assert board.step()["pc"] == 0x4800


@pytest.mark.isa("5.8")
def test_the_vector_is_read_from_physical_memory():
    board = Board("trap 1").translated()
    board.map(VECTORS >> 12, 0xFFFFF)
    assert board.trapped()[0] == 8


HOPELESS = {
    "vector word in the I/O page": {"ivec": 0},
    "vector word beyond memory": {"ivec": SIZE},
    "vector word at the end of the address space": {"ivec": 0xFFFF_FFFC},
    "handler not at a multiple of 8": {"word": 0x4004},
    "handler odd": {"word": 0x4001},
    "handler in the I/O page": {"word": 0x0FF8},
    "handler beyond memory": {"word": SIZE},
    "handler 0": {"word": 0},
    "handler at the end of the address space": {"word": 0xFFFF_FFF8},
}


def hopeless(board: Board, how: dict[str, int], vector: int) -> Board:
    board.set(**{name: value for name, value in how.items() if name == "ivec"})
    board.write(VECTORS + 4 * vector, how.get("word", handler(vector)))
    return board


@pytest.mark.isa("5.9", "5.11", "5.12")
@pytest.mark.parametrize("how", HOPELESS)
@pytest.mark.parametrize("vector", [1, 5, 8, 9])
def test_a_trap_without_a_handler_check_stops(how: str, vector: int):
    board = hopeless(raising(vector), HOPELESS[how], vector)
    _, cause, detail, behind = RAISED[vector]
    assert board.run() is Reason.CHECK_STOP
    assert (board["cause"], board["detail"], board["epc"]) == (cause, detail, START + behind)
    assert (board["estatus"], board["status"], board["pc"]) == (0, 0, START)
    assert board.time == 1


@pytest.mark.isa("5.9")
def test_the_last_8_bytes_of_memory_are_good_enough_for_a_handler():
    board = hopeless(raising(8), {"word": SIZE - 8}, 8)
    assert board.step()["pc"] == SIZE - 8


@pytest.mark.isa("5.9")
def test_the_last_word_of_memory_is_good_enough_for_a_vector():
    board = raising(8).set(ivec=SIZE - 4 * 9)
    board.write(SIZE - 4, handler(8))
    assert board.trapped()[0] == 8


@pytest.mark.isa("5.9", "5.11", "5.13")
@pytest.mark.parametrize("how", HOPELESS)
def test_an_interrupt_without_a_handler_check_stops_and_takes_no_tick(how: str):
    board = hopeless(Board("mov r0, 1", "mov r1, 1"), HOPELESS[how], 16)
    board.machine.bus.devices["timer"].restore((1, None, None))
    board.set(imask=TIMER, status=5)
    assert board.run() is Reason.CHECK_STOP
    assert (board["cause"], board["detail"], board["epc"]) == (16, 0, START + 8)
    assert (board["estatus"], board["status"], board["pc"]) == (5, 5, START + 8)
    assert (board.time, board["r1"]) == (1, 0)


@pytest.mark.isa("5.10")
def test_a_check_stopped_cpu_executes_nothing_more():
    board = raising(8).set(ivec=0)
    board.run()
    state = board.machine.hash()
    board.set(ivec=VECTORS)
    board.type(b"x")
    for options in ({}, {"budget": 5}):
        assert board.run(500, **options) is Reason.CHECK_STOP
    assert (board.time, board["pc"]) == (1, START)
    assert board.machine.hash() != state
    board.machine.reset()
    assert not board.machine.cpu.check_stopped


@pytest.mark.isa("5.14")
@pytest.mark.parametrize(
    ("mask", "vector"), [(TIMER | RX | TX, 16), (RX | TX, 17), (TX, 18), (TIMER | TX, 16)]
)
def test_the_lowest_interrupt_that_is_let_through_is_entered(mask: int, vector: int):
    board = Board("mov r0, 1").set(imask=mask)
    board.machine.bus.devices["timer"].restore((0, None, None))
    board.type(b"x")
    assert board.set(status=5).step().trap == (vector, 0, START)


@pytest.mark.isa("5.14")
@pytest.mark.parametrize(("status", "mask"), [(1, TX), (5, RX), (5, 0), (0, TX)])
def test_no_interrupt_is_entered_while_off_or_masked(status: int, mask: int):
    board = Board("mov r0, 1").set(imask=mask, status=status).step()
    assert (board["r0"], board["cause"]) == (1, 0)


@pytest.mark.isa("5.14")
def test_user_mode_is_interrupted_too():
    board = Board("mov r0, 1").set(imask=TX, status=4).step()
    assert board.trap == (18, 0, START)
    assert board["estatus"] == 4


@pytest.mark.isa("5.14")
def test_an_interrupt_comes_before_the_fetch_and_so_before_its_trap():
    board = Board().set(imask=TX, pc=0x1001, status=5).step()
    assert (board["cause"], board["epc"]) == (18, 0x1001)


@pytest.mark.isa("5.14", "6.4")
@pytest.mark.parametrize("deadline", range(1, 9))
def test_the_timer_interrupts_before_the_instruction_at_its_deadline(deadline: int):
    # Quiet code, which an engine may want to execute in one go.
    board = Board(*["add r0, r1"] * 10).set(imask=TIMER, r1=1, status=5)
    board.machine.bus.devices["timer"].restore((deadline, None, None))
    board.run(20)
    assert (board["epc"], board["r0"]) == (START + 8 * deadline, deadline)


@pytest.mark.isa("5.15")
def test_a_level_that_holds_interrupts_again_after_iret():
    board = Board("mov r0, 1").set(imask=TX, status=5)
    board.load_program(handler(18), "iret")
    board.step(3)
    assert board.machine.cpu.interrupts == 3
    assert (board["r0"], board.time) == (0, 3)


@pytest.mark.isa("5.15")
def test_a_level_that_falls_no_longer_interrupts():
    board = Board("mov r0, 1").set(imask=RX, r9=0x10)
    board.load_program(handler(17), "mov r8, [r9]", "iret")
    board.type(b"x")
    board.set(status=5).step(3)
    assert (board["r8"], board["r0"], board.machine.cpu.interrupts) == (ord("x"), 1, 1)


@pytest.mark.isa("5.15")
def test_an_interrupt_that_falls_while_held_back_is_never_entered():
    board = Board("mov r1, [r2]", "mov status, 5", "mov r0, 1").set(imask=RX, r2=0x10)
    board.type(b"x")
    assert board.step(3)["r0"] == 1


@pytest.mark.isa("5.16")
def test_a_trap_in_a_handler_overwrites_what_the_first_saved():
    board = Board("trap 5").set(status=0)
    board.load_program(handler(8), "mov r1, [r2]")
    board.set(r2=0x4001).step(2)
    assert board.trap == (5, 0x4001, handler(8))
    assert board["estatus"] == KERNEL


def test_a_debugger_can_hold_interrupts_back():
    board = Board("mov r0, 1", "mov r1, 1").set(imask=TX, status=5)
    board.machine.post(HoldInterrupts(held=True))
    assert board.step()["r0"] == 1
    board.machine.post(HoldInterrupts(held=False))
    assert board.step().trap == (18, 0, START + 8)


@pytest.mark.isa("5.7", "5.8")
def test_the_handler_of_a_trap_under_translation_runs_untranslated():
    board = Board("trap 1").translated()
    board.load_program(handler(8), "mov r1, [r2]")
    board.write(TABLE + 0x400, 0x77)
    assert board.set(r2=TABLE + 0x400).step(2)["r1"] == 0x77
