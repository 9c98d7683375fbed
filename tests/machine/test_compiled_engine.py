"""The compiled engine: exact at every tick and budget, and it forgets in time."""

import signal
from functools import partial

import pytest
from board import ALL, DATA, INTERRUPTS, KERNEL, START, TABLE, VIRTUAL, Board, handler, program

from isa_spec.cpu import Cpu, Registers
from isa_spec.formats import GENERAL
from isa_spec.instruction import Rows
from isa_spec.instructions import BASE
from isa_spec.registers import IMASK, PC
from isa_spec.traps import Access
from isa_spec.words import WORD
from machine.compiled.engine import Compiled
from machine.events import WriteMemory, WriteRegister
from machine.machine import Machine
from machine.memory import Memory
from machine.reason import Reason
from machine.reference import Reference
from machine.watch import Watch

EAGER = partial(Compiled, warm=1, stride=1, worthwhile=1)


@pytest.fixture(autouse=True)
def engine():
    """This engine, beside the reference where they are compared."""


LOOPS = {
    "counted": ("mov r4, 9", "loop:", "add r0, r1", "mul r0, r2", "sub r4, r1",
                "condbr r4 != 0, loop", "mov pc, 0x1000"),
    "nested": ("mov r4, 4", "outer:", "mov r5, 3", "inner:", "add r0, r4", "sub r5, r1",
               "condbr r5 > 0, inner", "sub r4, r1", "condbr r4 > 0, outer", "mov pc, 0x1000"),
    "diamond": ("loop:", "add r0, r1", "condbr r0 < 5, small", "sub r0, r2", "mov pc, join",
                "small:", "add r3, r0", "join:", "add r6, r3", "mov pc, loop"),
    "memory": ("mov r7, 0x4000", "loop:", "mov r3, [r7]", "add r3, r1", "mov [r7], r3",
               "add r7, r10", "condbr r7 < 0x4020, loop", "mov pc, 0x1000"),
    "calls": ("mov r0, 4", "mov r12, 0x1028", "branch [r12]", "mov pc, 0x1000", "mov r0, r0",
              "condbr r0 < 2, back", "sub r15, r10", "mov [r15], link", "sub r0, r1",
              "mov r12, 0x1028", "branch [r12]", "mov link, [r15]", "add r15, r10", "back:",
              "mov pc, link"),
    "wrapping": ("mov r4, 0xfffffff0", "loop:", "add r4, r1", "mov r6, r4", "add r6, r1",
                 "add r0, r6", "condbr r6 < 12, loop", "mov pc, 0x1000"),
    "stepping": ("mov r4, 7", "mov r5, 2", "loop:", "condbr r4 == 0, out", "sub r4, r5",
                 "condbr r4 > 0, loop", "out:", "add r0, r4", "mov pc, 0x1000"),
    "meeting": ("mov r4, 9", "loop:", "sub r4, r1", "condbr r4 < 5, small", "add r0, r2",
                "small:", "add r3, r4", "condbr r4 > 0, loop", "mov pc, 0x1000"),
    "gathering": ("mov r4, 9", "loop:", "mul r3, r2", "add r3, r4", "add r0, r3", "sub r6, r3",
                  "sub r4, r1", "condbr r4 != 0, loop", "mov pc, 0x1000"),
    "divisions": ("mov r4, 50", "loop:", "sub r4, r1", "mov r3, r10", "div r3, r4",
                  "add r0, r3", "condbr r4 != 0, loop", "mov pc, 0x1000"),
    "rewriting": ("loop:", "add r5, r1", "mov [r8], r5", "add r0, r1", "mov r6, 0",
                  "add r3, r6", "condbr r5 < 30, loop", "mov r5, 0", "mov pc, 0x1000"),
}  # fmt: skip
TICKS = 90


def board(name: str, engine: object, *, virtual: bool = False) -> Board:
    """A loop with a handler of the timer that counts, and sets nothing anew."""
    made = Board(*LOOPS[name], engine=engine)
    made.load_program(handler(7), "mov pc, 0x2900")
    made.load_program(0x2900, "mov ks0, 8", "add epc, ks0", "iret")
    made.load_program(handler(16), "mov pc, 0x2800")
    made.load_program(0x2800, "add ks1, r1", "mov imask, 0", "iret")
    made.set(r1=1, r2=3, r10=4, r15=0x5000, r8=START + 8 * 3 + 4, imask=1 << 16)
    if virtual:
        for page in (1, 2, 4, 5):
            made.map(page, page, ALL)
        made.set(ptbr=TABLE | 1)
    return made.set(status=7 if virtual else 5)


@pytest.mark.parametrize("virtual", [False, True], ids=["physical", "virtual"])
@pytest.mark.parametrize("name", LOOPS)
def test_the_timer_interrupts_exactly_at_every_possible_tick(name: str, virtual: bool):
    made = [board(name, maker, virtual=virtual) for maker in (Reference, EAGER)]
    starts = [one.machine.snapshot() for one in made]
    for tick in range(TICKS):
        states = []
        for one, start in zip(made, starts, strict=True):
            one.machine.restore(start)
            one.machine.bus.devices["timer"].restore((tick, None, None))
            one.machine.cpu.horizon = 0
            assert one.run(TICKS + 20) is Reason.LIMIT
            assert one.machine.cpu.interrupts == 1
            states.append(one.machine.hash())
        assert states[0] == states[1], f"deadline {tick}"


@pytest.mark.parametrize("virtual", [False, True], ids=["physical", "virtual"])
@pytest.mark.parametrize("name", LOOPS)
def test_every_budget_ends_in_the_same_state(name: str, virtual: bool):
    reference = board(name, Reference, virtual=virtual)
    states = [reference.machine.hash()]
    states += [reference.step().machine.hash() for _ in range(TICKS)]
    warmed = board(name, EAGER, virtual=virtual)
    start = warmed.machine.snapshot()
    warmed.run(TICKS)
    for budget in range(1, TICKS):
        warmed.machine.restore(start)
        warmed.run(budget)
        assert warmed.machine.hash() == states[budget], f"budget {budget}"


def compiled_regions(board: Board) -> list[str]:
    """The sources of what is compiled at present."""
    spaces = board.machine.engine._spaces.values()
    return [code.region.unbound.source for space in spaces for code in space.regions.values()]


@pytest.mark.parametrize("name", LOOPS)
def test_loops_are_compiled_and_stay_so(name: str):
    made = board(name, Compiled).set(status=1)
    made.run(20_000)
    if name != "rewriting":
        assert compiled_regions(made)


def test_a_store_to_a_compiled_instruction_holds_at_once():
    made = Board("loop:", "add r0, r1", "sub r2, r1", "mov pc, loop", engine=EAGER).set(r1=1)
    made.run(300)
    assert compiled_regions(made)
    made.machine.post(WriteMemory(START, program("sub r0, r1")))
    made.run(600)
    assert made["r0"] == 0


def test_code_that_a_page_table_puts_in_anothers_place_holds_at_once():
    lines = ("mov [r8], r9", "mov r4, 30", "loop:", "mov r12, 0x6000", "branch [r12]",
             "sub r4, r1", "condbr r4 > 0, loop", "mov r3, [r8]", "mov r5, r10", "mov r10, r9",
             "mov r9, r5", "mov pc, 0x1000")  # fmt: skip
    states = []
    for engine in (Reference, EAGER):
        made = Board(*lines, engine=engine).translated()
        made.load_program(0x7000, "add r0, r1", "mov pc, link")
        made.load_program(0x8000, "sub r0, r2", "mov pc, link")
        table = made.map(3, TABLE >> 12)
        made.map(6, 0x7)
        made.set(r1=1, r2=3, r8=table + 12, r9=0x7000 | ALL, r10=0x8000 | ALL)
        states.append([made.run(tick) and made.machine.hash() for tick in range(100, 3000, 37)])
    assert states[0] == states[1]


def spaces_board(engine: object) -> Board:
    """Three spaces that take turns: a loop in page 1, the same in all, calls page 6 of each."""
    lines = ("next:", "mov r8, [r9]", "mov ptbr, r8", "add r9, r10", "mov r4, 40", "loop:",
             "mov r12, 0x6000", "branch [r12]", "sub r4, r1", "condbr r4 > 0, loop",
             "condbr r9 < 0x400c, next", "mov r9, 0x4000", "mov pc, 0x1000")  # fmt: skip
    made = Board(*lines, engine=engine).translated()
    made.load_program(0x7000, "add r0, r1", "mov r7, 0x4040", "mov [r7], r0", "mov pc, link")
    made.load_program(0x8000, "sub r0, r10", "mov r7, 0x4048", "mov [r7], r0", "mov pc, link")
    for number, frame in enumerate((7, 7, 8)):
        table = 0x9000 + (number << 12)
        for page in (1, 4):
            made.write(table + 4 * page, page << 12 | ALL)
        made.write(table + 24, frame << 12 | ALL)
        made.write(DATA + 4 * number, table | 1)
    return made.set(r1=1, r9=DATA, r10=4, ptbr=0x9001)


def test_code_is_compiled_once_for_all_spaces_that_have_it():
    made, plain = spaces_board(EAGER), spaces_board(Reference)
    for tick in range(500, 10_000, 500):
        made.run(tick)
        plain.run(tick)
        assert made.machine.hash() == plain.machine.hash()
    spaces = [
        made.machine.engine._spaces[table | 1, KERNEL | VIRTUAL] for table in (0x9000, 0xA000)
    ]
    first, second = ({code.region.unbound for code in s.regions.values()} for s in spaces)
    assert first & second


def test_a_translated_loop_is_entered_again_after_each_interrupt(monkeypatch: pytest.MonkeyPatch):
    stepped = []
    run = Reference.run

    def count(engine: Reference, *arguments) -> Reason:
        began = engine._cpu.executed
        reason = run(engine, *arguments)
        stepped.append(engine._cpu.executed - began)
        return reason

    monkeypatch.setattr(Reference, "run", count)
    loop = "mov [r12], r13", "mov [r12], r11", "loop:", "add r0, r1", "mul r3, r0", "mov pc, loop"
    made = Board(*loop, engine=Compiled).translated()
    made.map(0, 0)
    made.load_program(handler(16), "mov pc, 0x2800")
    made.load_program(0x2800, "add r13, r14", "mov [r12], r13", "mov [r12], r11", "iret")
    made.machine.post(WriteRegister(IMASK, 1 << 16))
    made.set(r1=1, r12=5, r13=1000, r14=1000, status=KERNEL | VIRTUAL | INTERRUPTS)
    made.run(5000)
    stepped.clear()
    made.run(105_000)
    assert made.machine.cpu.interrupts == 104
    assert sum(stepped) < 3000


def test_code_where_another_space_has_something_compiled_runs_too():
    made = Board(engine=EAGER).translated().set(r1=1)
    other = TABLE + 0x2000
    for table, frame, change in ((TABLE, 4, "add"), (other, 6, "sub")):
        made.write(table + 4 * 5, frame << 12 | ALL)
        made.load_program(frame << 12, f"{change} r0, r1", "mov pc, 0x5000")
    made.set(pc=0x5000).run(1000)
    assert compiled_regions(made)
    assert made["r0"] == 500
    made.machine.engine._warm = 1000
    made.set(ptbr=other | 1, pc=0x5000).run(2000)
    assert made["r0"] == 0


def test_code_that_is_rewritten_over_and_over_is_not_compiled_each_time():
    made = board("rewriting", Compiled)
    made.run(50_000)
    rewritten = [n for s in made.machine.engine._spaces.values() for n in s.rewritten.values()]
    assert max(rewritten, default=0) < 20


WATCHES = {
    "stores": {Access.STORE},
    "loads": {Access.LOAD},
    "both": {Access.LOAD, Access.STORE},
}


@pytest.mark.parametrize("virtual", [False, True], ids=["physical", "virtual"])
@pytest.mark.parametrize("kind", WATCHES)
def test_compiled_code_stops_for_watchpoints_where_the_reference_does(kind: str, virtual: bool):
    seen = []
    for maker in (Reference, EAGER):
        one = board("memory", maker, virtual=virtual)
        one.machine.run(budget=2000)
        states = []
        for address in (DATA + 8, DATA + 8, DATA + 0x800, DATA + 18):
            ptbr = TABLE | 1 if virtual else None
            watches = (Watch(frozenset(WATCHES[kind]), address, address + 1, ptbr),)
            for _ in range(3):
                states.append((one.machine.run(budget=700, watches=watches), one.machine.hash()))
                one.machine.run(budget=1)
        states.append((one.machine.run(budget=700), one.machine.hash()))
        seen.append(states)
    assert seen[0] == seen[1]
    assert compiled_regions(one)


def test_a_run_with_watchpoints_is_compiled_but_for_what_is_watched():
    made = board("memory", EAGER).set(status=1)
    made.machine.run(budget=5000, watches=(Watch(frozenset({Access.LOAD}), DATA + 8, DATA + 12),))
    mirror = made.machine.engine._mirror
    assert mirror.slots[DATA + 8] is mirror.plain[DATA + 8] is None
    assert mirror.slots[DATA + 4] is not None
    assert mirror.plain[DATA + 12]


def test_code_that_is_left_at_once_over_and_over_is_left_to_the_reference():
    made = Board("loop:", "mov r0, [r1]", "add r2, r0", "mov pc, loop", engine=Compiled)
    made.set(r1=0x15).run(700)
    assert compiled_regions(made)
    made.run(50_000)
    assert not compiled_regions(made)


def test_a_page_committed_to_a_file_is_noted_again_when_stored_to():
    made = board("memory", EAGER).set(status=1)
    made.run(2000)
    made.machine.memory.take_uncommitted()
    made.run(4000)
    assert DATA >> 12 in made.machine.memory.uncommitted


def test_a_page_that_a_debugger_writes_whole_is_looked_at_anew():
    made = board("memory", EAGER).set(status=1)
    made.run(2000)
    mirror = made.machine.engine._mirror
    assert mirror.plain[DATA]
    assert mirror.slots[DATA] is not None
    made.machine.post(WriteMemory(DATA, bytes(0x1000)))
    assert mirror.plain[DATA] is mirror.slots[DATA] is None


@pytest.mark.parametrize("data", [START + 0x800, DATA])
def test_a_write_to_data_is_seen_and_leaves_what_is_compiled(data: int):
    plain, made = board("memory", Reference), board("memory", EAGER)
    compiled = []
    for each in (plain, made):
        each.set(status=1)
        each.load_program(START, f"mov r7, {data}")
        each.load_program(START + 40, f"condbr r7 < {data + 0x20}, 0x1008")
        each.run(3000)
        compiled = compiled_regions(made)
        each.machine.post(WriteMemory(data + 2, b"abcdef"))
        each.run(6000)
    assert compiled
    assert compiled_regions(made) == compiled
    assert made.machine.hash() == plain.machine.hash()


def test_memory_beyond_what_is_mirrored_whole_works_too():
    for engine in (Reference, EAGER):
        made = Board(*LOOPS["memory"], size=16 << 20, engine=engine).set(r1=1, r10=4)
        made.load_program(START, "mov r7, 0xf00000")
        made.load_program(START + 40, "condbr r7 < 0xf00020, 0x1008")
        made.run(3000)
        if engine is Reference:
            expected = made.machine.hash()
    assert made.machine.hash() == expected
    assert compiled_regions(made)


def test_the_largest_memory_costs_nothing_until_it_is_used():
    machine = Machine(2 << 30, engine=EAGER)
    machine.flash([(START, program("loop:", "add r0, r1", "sub r2, r1", "mov pc, loop"))])
    machine.run(10_000)
    assert len(machine.engine._mirror.slots) <= 1 << 20


# Rows of extensions

_rows = Rows()


@_rows.instruction(0x40, "xor a, b", GENERAL)
def xor(r: Registers, a: int, b: int) -> None:
    """a ← a exclusive or b"""
    r[a] = r[a] ^ r[b]


@_rows.instruction(0x44, "shifts a, b", GENERAL)
def shifts(r: Registers, a: int, b: int) -> None:
    """a ← a shifted right by b's low bits, turned over, and shifted left"""
    r[a] = (~(r[a] >> (r[b] & 31)) & WORD) << (r[b] & 7) & WORD


@_rows.instruction(0x41, "swap a, b", GENERAL)
def swap(cpu: Cpu, a: int, b: int) -> None:
    """a ↔ word at address b"""
    word = cpu.load(cpu.r[b])
    cpu.store(cpu.r[b], cpu.r[a])
    cpu.r[a] = word


@_rows.instruction(0x42, "odd a, b", GENERAL)
def odd(cpu: Cpu, a: int, b: int) -> None:
    """a ← b, halved until it is odd; if it is 0: pc ← a"""
    number = cpu.r[b]
    while number and not number & 1:
        number >>= 1
    cpu.r[a] = number & WORD
    if not number:
        cpu.next = cpu.r[PC]


@_rows.instruction(0x43, "mask a", GENERAL, privileged=True)
def mask(cpu: Cpu, a: int) -> None:
    """imask ← a"""
    cpu.r[IMASK] = cpu.r[a]


EXTENDED = BASE + _rows


@pytest.mark.parametrize("row", [xor, shifts, swap, odd, mask], ids=lambda row: row.__name__)
def test_rows_of_extensions_do_what_their_bodies_say(row):
    opcode = next(one.opcode for one in EXTENDED if one.body is row)
    b = 0 if row is mask else 2
    code = bytes((opcode, 3, b, 0, 0, 0, 0, 0))
    lines = ("add r2, r10", "add r0, r3", "add r3, r2", "mov pc, 0x1000")
    made = []
    for engine in (Reference, EAGER):
        one = Board(engine=engine, instructions=EXTENDED).set(r2=DATA, r3=5, r10=4)
        one.machine.post(WriteMemory(START, code + program(*lines)))
        made.append(one)
    for tick in range(50, 1000, 50):
        for one in made:
            one.run(tick)
        assert made[0].machine.hash() == made[1].machine.hash()
        assert tick > 50 or compiled_regions(made[1])


def test_ctrl_c_lands_between_instructions():
    made, plain = (board("memory", maker).set(status=1) for maker in (Compiled, Reference))
    made.run(10_000)
    assert compiled_regions(made)
    interrupt = {signal.SIGINT: signal.default_int_handler,
                 signal.SIGVTALRM: lambda *_: signal.raise_signal(signal.SIGINT)}  # fmt: skip
    before = {number: signal.signal(number, handler) for number, handler in interrupt.items()}
    signal.setitimer(signal.ITIMER_VIRTUAL, 0.01)
    try:
        with pytest.raises(KeyboardInterrupt):
            made.run(10**9)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    plain.run(made.time)
    assert made.machine.hash() == plain.machine.hash()
    assert made.run(made.time + 100) is Reason.LIMIT


def test_memory_tells_nobody_of_pages_that_are_committed_unless_asked():
    memory = Memory(0x3000)
    memory.store(0x1000, 1)
    assert memory.take_uncommitted() == {1}
