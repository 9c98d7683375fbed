"""Who wrote last: what a search through the past says is what an observer would have seen."""

from board import DATA, TABLE, Board
from hypothesis import given
from hypothesis import strategies as st
from restless import Act, acts, restless

from isa_spec.formats import LENGTH
from isa_spec.registers import BY_NAME, CAUSE, PC
from machine.device import NEVER
from machine.events import Flash, Moment, Position, WriteMemory, WriteRegister
from machine.happenings import Store
from machine.history import History
from machine.observers import Observers
from machine.reason import Reason
from soclet.goals import Bounds
from soclet.travel.culprits import By, Search
from soclet.travel.excursion import Excursion

PLENTY = 1 << 28
SLICE = Bounds(NEVER, 1000, skip_sleep=True)


def searched(machine, look):
    """Have a search look for something, in small slices; the machine is where it was after it."""
    found = []

    def work(travel):
        found.append((yield from look(Search(travel))))
        return ""

    excursion = Excursion(machine, machine.history, work)
    while excursion.advance(machine, SLICE) is Reason.BUDGET:
        pass
    return found[0]


def last_write(machine, address):
    return searched(machine, lambda search: search.word(address))


def last_write_to_register(machine, number):
    return searched(machine, lambda search: search.register(number))


@given(acts, st.sampled_from([0, 8]))
def test_the_last_write_to_a_word_is_found(todo: list[Act], offset: int):
    machine = restless().machine
    history = History(machine, PLENTY)
    for number, each in enumerate(todo):
        each.do(machine)
        if number % 2:
            history.keep()
    now, was = machine.moment, machine.hash()
    address = DATA + offset
    stores = list[tuple[int, int, int]]()

    def stored(store: Store) -> bool:
        if store.address == address:
            stores.append((machine.position.happened - 1, store.pc, store.before))
        return False

    history.go(history.begin)
    machine.run()
    history.pause_at(now)
    while machine.repeats:
        machine.run(reviewers=Observers().on(Store, stored))
    found = last_write(machine, address)
    assert (machine.moment, machine.hash()) == (now, was)
    if found is not None and found.by is By.INSTRUCTION:
        assert (found.moment.position.happened, found.pc, found.before) == stores[-1]
        assert found.after == machine.memory.words[address >> 2]
    elif found is not None:
        assert isinstance(found.event, Flash | WriteMemory)
        assert not stores or stores[-1][0] < found.moment.position.happened
    else:
        assert not stores


def test_a_debugger_s_write_of_just_the_word_is_from_outside():
    board = Board("mov [r2], r0", "add r1, r0").set(r2=DATA, r0=7)
    History(board.machine, PLENTY)
    board.write(DATA, 5)
    first = last_write(board.machine, DATA)
    assert (first.by, first.before, first.after) == (By.OUTSIDE, 0, 5)
    board.step(2)
    second = last_write(board.machine, DATA)
    assert (second.by, second.before, second.after) == (By.INSTRUCTION, 5, 7)


def test_a_write_of_the_same_value_counts():
    board = Board("mov [r2], r0", "mov [r2], r0", "add r1, r0").set(r2=DATA, r0=7)
    History(board.machine, PLENTY)
    board.step(3)
    found = last_write(board.machine, DATA)
    assert (found.executed, found.before, found.after) == (1, 7, 7)


def test_a_bit_that_the_mmu_sets_in_an_entry_was_set_by_the_access():
    board = Board("mov r0, [r1]", "add r0, r0").translated().set(r1=DATA)
    entry = board.map(DATA >> 12, DATA >> 12)
    History(board.machine, PLENTY)
    board.step(2)
    found = last_write(board.machine, entry)
    assert found.by is By.INSTRUCTION
    assert found.executed == 0
    assert found.before != found.after == board.word(entry)
    assert entry >= TABLE


def test_the_last_write_to_a_register_is_found():
    board = Board("add r1, r0", "add r2, r0", "add r3, r0", "div r0, r5").set(r0=1)
    machine = board.machine
    History(machine, PLENTY)
    board.step(4)
    machine.post(WriteRegister(BY_NAME["r3"].number, 9))
    board.step()
    now, was = machine.moment, machine.hash()
    second = last_write_to_register(machine, BY_NAME["r2"].number)
    assert (second.by, second.executed, second.before, second.after) == (By.INSTRUCTION, 1, 0, 1)
    third = last_write_to_register(machine, BY_NAME["r3"].number)
    assert (third.by, third.before, third.after) == (By.OUTSIDE, 1, 9)
    cause = last_write_to_register(machine, CAUSE)
    assert (cause.by, cause.executed, cause.after) == (By.ENTRY, 3, machine.cpu.r[CAUSE])
    assert last_write_to_register(machine, BY_NAME["r9"].number) is None
    assert last_write_to_register(machine, PC).executed == 4
    assert (machine.moment, machine.hash()) == (now, was)


@given(acts, st.sampled_from(["r1", "r3", "r7", "sp", "cause", "link"]))
def test_the_last_write_to_a_register_is_where_stepping_finds_it(todo: list[Act], name: str):
    machine = restless().machine
    history = History(machine, PLENTY)
    for each in todo:
        each.do(machine)
    now, number = machine.moment, BY_NAME[name].number
    found = last_write_to_register(machine, number)
    assert machine.moment == now
    last = None
    history.go(history.begin)
    machine.run()
    while machine.moment.order < now.order:
        before, executed = machine.cpu.r[number], machine.cpu.executed
        events, entered = len(machine.log), list(machine.cpu.entered)
        history.pause_at(now)
        machine.run(budget=0)
        came = [event for _, event in machine.log.after(events)]
        wrote = any(isinstance(each, WriteRegister) and each.number == number for each in came)
        if came or machine.moment.order >= now.order:
            pass
        elif machine.cpu.interrupt_due():
            machine.cpu.enter_interrupt()
        else:
            wrote = names(machine, number)
            # Just it, without what comes from outside after it.
            history.pause_at(Moment(Position(machine.position.happened + 1, 0), events))
            machine.run()
            wrote &= list(machine.cpu.entered) == entered
        if wrote or machine.cpu.r[number] != before:
            last = executed
    assert (found and found.executed) == last


def names(machine, number):
    """Tell whether the next instruction names a register and writes it, if it does not trap."""
    pc, space = machine.cpu.r[PC], machine.cpu.space
    physical = pc if space is None else machine.cpu.mmu.look(pc, space)
    if physical is None or not machine.memory.holds(physical, LENGTH):
        return False
    decoded = machine.instructions.decode(
        int.from_bytes(machine.memory.read(physical, LENGTH), "little")
    )
    return decoded is not None and number in decoded.written


def test_a_register_that_was_written_long_ago_is_found():
    loop = ("loop:", "add r0, r1", "mov [r2], r0", "mov pc, loop")
    board = Board("mov r5, r1", *loop).set(r1=1, r2=DATA)
    History(board.machine, PLENTY)
    board.machine.run(budget=300_000)
    found = last_write_to_register(board.machine, 5)
    assert (found.executed, found.after) == (0, 1)
    assert last_write_to_register(board.machine, 6) is None
