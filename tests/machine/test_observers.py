"""Observers: what a run tells of what happens in it, whatever the engine."""

from collections.abc import Callable

import pytest
from board import ALL, DATA, INTERRUPTS, KERNEL, START, TABLE, Board, handler

from isa_spec.registers import PTBR
from isa_spec.traps import DIVISION, SERIAL_RX, SYSTEM_CALL
from machine.events import SerialInput, WriteRegister
from machine.happenings import (
    Block,
    Call,
    CallReturn,
    ModeChange,
    PortAccess,
    PortLoad,
    PortStore,
    Sleep,
    Store,
    TableStore,
    TableSwitch,
    TrapReturn,
    Wake,
)
from machine.observers import Observers
from machine.reason import Reason
from machine.trapped import Happening, Interrupt, Trap

RX, STATUS_PORT, POWER_OFF = 0x10, 0x15, 0x20


def told(board: Board, *kinds: type[Happening], limit: int = 100) -> list[Happening]:
    """Run; give what was told of these kinds."""
    happened: list[Happening] = []

    def note(happening: Happening) -> bool:
        happened.append(happening)
        return False

    observers = Observers()
    for kind in kinds:
        observers.on(kind, note)
    board.run(limit, observers=observers)
    return happened


def stopping(kind: type[Happening], when: Callable[[Happening], bool] = bool) -> Observers:
    return Observers().on(kind, when)


def test_a_trap_is_told_with_what_it_was_about_and_where_from():
    board = Board("mov r1, 5", "div r1, r0").set(status=KERNEL | INTERRUPTS)
    assert told(board, Trap, Interrupt, limit=3) == [
        Trap(1, START + 8, DIVISION.number, 0, KERNEL | INTERRUPTS, 0)
    ]


def test_an_interrupt_is_told_before_the_instruction_that_it_came_before():
    board = Board("mov r0, 1", "mov r0, 2").set(imask=SERIAL_RX.bit, status=KERNEL | INTERRUPTS)
    board.machine.schedule(1, SerialInput(b"x"))
    assert told(board, Trap, Interrupt, limit=4) == [
        Interrupt(1, START + 8, SERIAL_RX.number, 0, KERNEL | INTERRUPTS, 0)
    ]


def test_a_trap_that_check_stops_is_told_too():
    board = Board("trap 1").set(ivec=0)
    assert [type(each) for each in told(board, Trap)] == [Trap]
    assert board.machine.cpu.check_stopped


def test_a_return_from_a_trap_is_told_with_where_it_went():
    board = Board("trap 7", "mov r0, 1")
    board.load_program(handler(SYSTEM_CALL.number), "iret")
    assert told(board, TrapReturn, limit=3) == [
        TrapReturn(1, handler(SYSTEM_CALL.number), START + 8)
    ]


def test_every_change_of_the_mode_is_told_by_trap_by_iret_and_by_writing_status():
    board = Board("mov status, 5", "trap 7", "mov status, 5", "mov status, 1")
    board.load_program(handler(SYSTEM_CALL.number), "iret")
    assert told(board, ModeChange, limit=5) == [
        ModeChange(0, START, 1, 5),
        ModeChange(1, START + 8, 5, 1),
        ModeChange(2, handler(SYSTEM_CALL.number), 1, 5),
        ModeChange(4, START + 24, 5, 1),
    ]


def test_a_mode_is_told_without_the_bits_that_status_does_not_keep():
    assert told(Board("mov status, 0xff"), ModeChange, limit=1) == [ModeChange(0, START, 1, 7)]


def test_each_write_to_ptbr_is_told_also_of_the_same_value():
    board = Board("mov ptbr, 0x3001", "mov ptbr, 0x3001", "mov r0, ptbr")
    assert told(board, TableSwitch, limit=3) == [
        TableSwitch(0, START, 0, 0x3001),
        TableSwitch(1, START + 8, 0x3001, 0x3001),
    ]


def test_a_store_is_told_with_what_was_there_before():
    board = Board("mov [r8], r1", "mov r2, [r8]", "mov [r8], r2").set(r8=DATA, r1=9)
    board.write(DATA, 4)
    assert told(board, Store, limit=3) == [
        Store(0, START, DATA, 4, 9),
        Store(2, START + 16, DATA, 9, 9),
    ]


def test_a_store_is_told_with_its_physical_address_and_marks_of_the_mmu_are_no_stores():
    board = Board("mov [r8], r1").translated()
    board.map(5, DATA >> 12)
    board.set(r8=0x5010, r1=3)
    assert told(board, Store, limit=1) == [Store(0, START, DATA + 0x10, 0, 3)]


@pytest.mark.parametrize("address", [DATA + 2, 0x5000, 0x200, 0xFFFF_FFFC])
def test_a_store_that_traps_is_not_told(address: int):
    board = Board("mov [r8], r1").translated().set(r8=address)
    board.map(4, 4, ALL)
    assert [type(each) for each in told(board, Store, Trap, limit=1)] == [Trap]


def test_a_store_to_the_page_table_that_ptbr_names_is_told_with_translation_off_too():
    board = Board("mov [r8], r1", "mov [r9], r1").set(ptbr=TABLE | 1, r8=TABLE + 16, r9=DATA)
    assert told(board, TableStore, limit=2) == [TableStore(0, START, TABLE + 16, 0, 0)]


def test_who_asks_for_stores_is_told_of_those_to_the_page_table_as_such():
    board = Board("mov [r8], r1", "mov [r9], r1").set(ptbr=TABLE | 1, r8=TABLE + 16, r9=DATA)
    assert [type(each) for each in told(board, Store, limit=2)] == [TableStore, Store]


def test_stores_to_a_table_are_told_from_the_moment_that_ptbr_names_it():
    board = Board(
        "mov [r8], r1", "mov ptbr, 0x3001", "mov [r8], r1", "mov ptbr, 0x6001", "mov [r8], r1"
    ).set(r8=TABLE, r1=7)
    assert told(board, TableStore, limit=5) == [TableStore(2, START + 16, TABLE, 7, 7)]
    board.machine.post(WriteRegister(PTBR, TABLE | 1))
    board.set(pc=START)
    assert [each.time for each in told(board, TableStore, limit=6)] == [5]


def test_port_accesses_are_told_with_the_word_and_those_that_trap_are_not():
    board = Board("mov r1, [r8]", "mov [r8], r1").set(r8=STATUS_PORT)
    assert told(board, PortAccess, limit=2) == [PortLoad(0, START, STATUS_PORT, 2)]
    board = Board("mov [r8], r1").set(r8=POWER_OFF, r1=3)
    assert told(board, PortAccess) == [PortStore(0, START, POWER_OFF, 3)]


def test_sleep_is_told_and_so_is_what_ends_it():
    board = Board("wait", "mov r0, 1").set(imask=SERIAL_RX.bit)
    board.machine.schedule(50, SerialInput(b"x"))
    assert told(board, Sleep, Wake, limit=60) == [Sleep(0, START), Wake(50, START + 8)]


def test_a_block_is_told_where_control_may_go_elsewhere():
    board = Board(
        "mov r0, 1",
        "condbr r0 == 2, there",
        "add r0, r0",
        "condbr r0 == 2, there",
        "brk",
        "there:",
        "mov pc, there",
    )
    assert told(board, Block, limit=6) == [
        Block(1, START + 8, START, START + 16),
        Block(3, START + 24, START + 16, START + 40),
        Block(4, START + 40, START + 40, START + 40),
        Block(5, START + 40, START + 40, START + 40),
    ]


def test_a_block_ends_with_the_instruction_that_traps_and_before_an_interrupt():
    board = Board("mov r0, 0", "mov r0, 1", "div r0, r1").set(
        imask=SERIAL_RX.bit, status=KERNEL | INTERRUPTS
    )
    board.load_program(handler(SERIAL_RX.number), "mov imask, r1", "iret")
    board.machine.schedule(1, SerialInput(b"x"))
    rx, division = handler(SERIAL_RX.number), handler(DIVISION.number)
    assert told(board, Block, limit=5) == [
        Block(1, START, START, rx),
        Block(2, rx + 8, rx, START + 8),
        Block(4, START + 16, START + 8, division),
    ]


def test_blocks_do_not_depend_on_how_a_run_is_cut_into_budgets():
    def blocks(budget: int) -> list[Happening]:
        board, happened = Board("loop:", "add r0, r1", "sub r2, r1", "mov pc, loop"), []
        observers = Observers().on(Block, lambda block: happened.append(block) or False)
        while board.time < 30:
            board.machine.run(30, budget, observers=observers)
        return happened

    assert blocks(30) == blocks(1) == blocks(4)


def test_calls_and_returns_are_told_with_where_they_go():
    board = Board(
        "mov r0, function",
        "branch [r0]",
        "branch [r0]",
        "brk",
        "function:",
        "mov r0, other",
        "mov pc, link",
        "other:",
        "branch [link]",
    )
    function, other = START + 32, START + 48
    assert told(board, Call, CallReturn, limit=7) == [
        Call(1, START + 8, function),
        CallReturn(3, function + 8, START + 16),
        Call(4, START + 16, other),
        CallReturn(5, other, START + 24),
    ]


def test_a_return_by_a_load_from_the_stack_is_told():
    board = Board("mov pc, [r8]").set(r8=DATA)
    board.write(DATA, START + 64)
    assert told(board, CallReturn, limit=1) == [CallReturn(0, START, START + 64)]


@pytest.mark.parametrize(
    ("kind", "time", "pc"),
    [(Trap, 2, handler(7)), (Store, 1, START + 8), (Block, 2, handler(7))],
)
def test_a_run_stops_after_what_an_observer_says_with_all_state_exact(kind, time: int, pc: int):
    board = Board("mov [r8], r1", "div r1, r0").set(r8=DATA, r1=1)
    assert board.run(observers=stopping(kind)) is Reason.OBSERVED
    assert (board.time, board["pc"]) == (time, pc)
    assert isinstance(board.machine.cpu.observation.stopped, kind)


def test_a_run_that_stopped_at_an_interrupt_has_executed_nothing_of_its_handler():
    board = Board("mov r0, 1", "mov r0, 2").set(imask=SERIAL_RX.bit, status=KERNEL | INTERRUPTS)
    board.machine.schedule(1, SerialInput(b"x"))
    assert board.run(observers=stopping(Interrupt)) is Reason.OBSERVED
    assert (board.time, board["pc"]) == (1, handler(SERIAL_RX.number))


def test_a_run_goes_on_after_an_observed_stop_as_if_it_had_not_been():
    def board() -> Board:
        return Board("add r0, r1", "mov [r8], r0", f"mov pc, {START}").set(r8=DATA, r1=1)

    stopped, plain = board(), board()
    while stopped.run(60, observers=stopping(Store)) is Reason.OBSERVED:
        pass
    plain.run(60)
    assert stopped.machine.hash() == plain.machine.hash()


def test_power_off_comes_after_what_is_observed_of_it():
    board = Board("mov [r8], r1").set(r8=POWER_OFF, r1=3)
    assert board.run(observers=stopping(PortAccess)) is Reason.OBSERVED
    assert board.run() is Reason.POWER_OFF


def test_observers_see_the_state_after_the_instruction():
    board = Board("mov [r8], r1", "add r1, r1").set(r8=DATA, r1=7)
    seen: list[tuple[int, int, int]] = []

    def look(_store: Store) -> bool:
        seen.append((board.word(DATA), board["pc"], board.time))
        return False

    board.run(2, observers=Observers().on(Store, look))
    assert seen == [(7, START + 8, 1)]


def test_what_an_observer_raises_leaves_the_state_exact():
    board = Board("mov [r8], r1", "add r1, r1").set(r8=DATA, r1=7)

    def fail(_store: Store) -> bool:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        board.run(2, observers=Observers().on(Store, fail))
    assert (board.word(DATA), board["pc"], board.time) == (7, START + 8, 1)


def test_the_next_run_tells_only_those_that_it_is_given():
    board = Board("mov [r8], r1", "mov [r8], r1", "mov [r8], r1").set(r8=DATA)
    assert len(told(board, Store, limit=1)) == 1
    assert board.run(2) is Reason.LIMIT
    assert len(told(board, Store, limit=3)) == 1
    assert board["pc"] == START + 24


def test_everything_is_told_to_who_asks_for_whatever_happens():
    board = Board("mov status, 5", "mov [r8], r1", "trap 1").set(r8=DATA)
    kinds = [type(each) for each in told(board, Happening, limit=3)]
    assert kinds == [ModeChange, Store, Block, Trap, ModeChange]
