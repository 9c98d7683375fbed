"""Proves what machine code does of the system equal to what the reference does, case by case.

Traps, returns, interrupts, ports, and writes to status, ptbr and imask: short programs are executed
for every number of ticks by both, from a state that the case says; afterwards all of both machines'
state must be the same, and the native engine must not have come back to Python meanwhile.

What a program leaves in memory is there in its next run; both machines run it equally often.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product, zip_longest
from typing import Any

from board import program

from isa_spec.paging import PAGE, Entry
from isa_spec.registers import BY_NAME, MASKS, REGISTERS
from machine.engine import UNDECIDED
from machine.machine import Machine
from machine.memory import Guard
from machine.native.backend import Backend
from machine.native.engine import Native
from machine.native.ports import MOST_RECEIVED, MOST_SENT
from machine.observers import Observers
from machine.trapped import Happening, Interrupt

SIZE = 0x10000
CODE = 0x1000
HANDLERS = 0x2000
TABLE, OTHER_TABLE = 0x3000, 0x5000
VECTORS = 0x6000
DATA, OTHER_DATA = 0x8000, 0x9000
PORTS_TOO = 0xF000
"""Where the I/O page is besides, with translation on."""
RIGHTS = int(Entry.PRESENT | Entry.READABLE | Entry.WRITABLE | Entry.EXECUTABLE | Entry.USER)
USED = RIGHTS | int(Entry.ACCESSED | Entry.DIRTY)
NEVER = (1 << 64) - 1
LATE = (3 << 32) - 3
"""A time whose low word wraps within a few ticks."""

TIMER, RX, TX = 1 << 16, 1 << 17, 1 << 18
PORTS = (4, 5, 0x10, 0x14, 0x15, 0x24, 0x28)
NATIVE_LOADS, NATIVE_STORES = (4, 0x15, 0x24, 0x28), (4, 5, 0x14)
_ANOTHER_LENGTH = (TABLE | 0x800,)
"""Of the same table: machine code finds one of the two at a time."""


State = tuple[Any, ...]
"""Whatever can be seen of a machine, and why it stopped."""


@dataclass(frozen=True)
class Case:
    """A program, and where it begins: the timer's state is relative to `time` where it is a number.

    `observed`: somebody observes interrupts. `every_tick`: it is done for every number of ticks up
    to its own. `native`: how many of its ticks machine code does without coming back; None for all.
    `words` are in memory at first, `fresh` before each run; then pages `guarded` are as after a
    commit.
    """

    lines: tuple[str, ...]
    registers: dict[str, int] = field(default_factory=dict)
    ticks: int = 4
    time: int = 100
    due: int | None = None
    latched: int | None = None
    low: int | None = None
    received: bytes = b""
    held: bool = False
    observed: bool = False
    every_tick: bool = True
    native: int | None = None
    words: tuple[tuple[int, int], ...] = ()
    fresh: tuple[tuple[int, int], ...] = ()
    guarded: tuple[int, ...] = ()


class SystemProof:
    """Two machines, one native; `processor` is the back end to prove."""

    def __init__(self, processor: Backend | None = None) -> None:
        self.native = Machine(SIZE, engine=lambda cpu, rows: Native(cpu, rows, processor))
        self.plain = Machine(SIZE)
        table = [page << 12 | USED for page in range(15)] + [USED]
        other = [*table[:8], *table[9:], table[0]]
        vectors = [HANDLERS + 0x40 * number for number in range(32)]
        handler = program("add r4, r1", "mov r5, cause", "iret")
        for machine in (self.native, self.plain):
            for address, words in ((TABLE, table), (OTHER_TABLE, other), (VECTORS, vectors)):
                machine.flash([(address, b"".join(word.to_bytes(4, "little") for word in words))])
            machine.flash([(at, handler) for at in vectors])
            machine.flash([(DATA, bytes(range(1, 9))), (OTHER_DATA, bytes(range(9, 17)))])
            machine.flash([(CODE - 8 + SIZE // 2, handler), (SIZE - 8, handler[:8])])
            machine.run(0)
        self._memory = self.plain.memory.read(0, SIZE)

    def expected(self, case: Case) -> list[State]:
        """Give what the reference does with a case, after every number of ticks."""
        self._begin(self.plain, case)
        return [self._run(self.plain, case, ticks) for ticks in _numbers(case)]

    def difference(self, case: Case, expected: list[State] | None = None) -> str:
        """Give the first difference from what is expected; '' if there is none."""
        self._begin(self.native, case)
        for ticks, state in zip(_numbers(case), expected or self.expected(case), strict=True):
            done = self._run(self.native, case, ticks)
            if done != state:
                return f"{case}, {ticks} ticks:\n{done}\n{state}"
        engine: Any = self.native.engine
        ticks = case.ticks if case.native is None else case.native
        if ticks:
            self._run(self.native, case, ticks)
            before = engine.entered, engine.stepped
            self._run(self.native, case, ticks)
            if (engine.entered, engine.stepped) != (before[0] + 1, before[1]):
                return f"{case} came back to Python"
        return ""

    def _begin(self, machine: Machine, case: Case) -> None:
        """Have memory be as at first, but for what the case says, and run it until all is warm."""
        memory, code = bytearray(self._memory), program(*case.lines)
        memory[CODE : CODE + len(code)] = code
        for at, word in case.words:
            memory[at : at + 4] = word.to_bytes(4, "little")
        for at in range(PAGE, SIZE, PAGE):
            if machine.memory.read(at, PAGE) != memory[at : at + PAGE]:
                machine.memory.write(at, memory[at : at + PAGE])
        machine.engine.forget()  # which instructions were rewritten so often that they are stepped
        for _ in range(3):  # code is made, then made anew where ports were seen
            self._run(machine, case, case.ticks)

    def _run(self, machine: Machine, case: Case, ticks: int) -> State:
        for at, word in case.fresh:
            # A write of just the word would be taken for the guest's, and its code for restless.
            page = bytearray(machine.memory.read(at & -PAGE, PAGE))
            page[at % PAGE : at % PAGE + 4] = word.to_bytes(4, "little")
            machine.memory.write(at & -PAGE, bytes(page))
        machine.memory.guard_pages(case.guarded, Guard.COMMITTED)
        cpu, devices = machine.cpu, machine.bus.devices
        r = cpu.r
        r[:] = [(0x01010101 * n) & MASKS[n] for n in range(len(REGISTERS))]
        values = {"pc": CODE, "status": 1, "ivec": VECTORS, "imask": 0, "ptbr": TABLE | 1, "r1": 1}
        for name, value in (values | {"r8": DATA} | case.registers).items():
            number = BY_NAME[name].number
            r[number] = value & MASKS[number]
        cpu.time, cpu.skew, cpu.interrupts, cpu.held = case.time, 0, 0, case.held
        cpu.check_stopped = cpu.asleep = False
        cpu.exit_status = None
        cpu.entered.clear()
        told: list[Happening] = []
        observers = Observers().on(Interrupt, lambda each: bool(told.append(each)))
        cpu.heed((), observers if case.observed else None)
        due = NEVER if case.due is None else case.time + case.due
        devices["timer"].restore((due, case.latched, case.low))
        devices["serial"].restore((case.received[:16], b"", case.received[16:], 0, 0))
        machine.serial.sent.clear()
        reason = machine.engine.run(case.time + ticks, frozenset(), UNDECIDED)
        return (
            reason, told, list(r), cpu.save(), list(cpu.entered), list(machine.serial.sent),
            {name: device.save(cpu.time) for name, device in devices.items()},
            machine.memory.read(0, SIZE),
            [machine.memory.guard[page] & Guard.COMMITTED for page in case.guarded],
        )  # fmt: skip


def known_of(some: Iterable[Case]) -> list[tuple[Case, list[State]]]:
    """Give cases with what is expected of them."""
    proof = SystemProof()
    return [(case, proof.expected(case)) for case in some]


def cases() -> Iterator[Case]:
    """Give all of them but those of page tables."""
    return side_by_side(
        traps(), returns(), writes(), ports(), receiving(), deadlines(), interrupts(), loops()
    )


def side_by_side(*kinds: Iterable[Case]) -> Iterator[Case]:
    """Give the first case of every kind, then the second of each, and so on."""
    for some in zip_longest(*kinds):
        yield from (case for case in some if case is not None)


def loops() -> Iterator[Case]:
    """What happens over and over in one stay."""
    loop = ("mov [r7], r0", "add r0, r1", "mov pc, 0x1000")
    yield Case(loop, {"r7": 0x14, "r0": 0xFE}, ticks=7, native=7)
    yield Case(("trap 1", "mov pc, 0x1000"), ticks=5 * 40 + 1)
    yield Case(("mov status, 5", "add r4, r1"), {"imask": TX}, ticks=3 * 40 + 1)
    more = 3 * MOST_SENT + 30
    yield Case(loop, {"r7": 0x14}, ticks=more, every_tick=False, native=0)


def traps() -> Iterator[Case]:
    """From every mode; with handlers and vectors that are in memory, and that are not."""
    after = ("add r4, r1", "add r4, r1")
    for status in range(8):
        yield Case(("trap 0x12345678", *after), {"status": status}, ticks=6)
    for ivec in (0, 0xFFFFFFE0, SIZE - 36, SIZE - 32, 0xFDC, 0x80000000):
        fine = 0x1000 <= ivec + 32 <= SIZE - 4
        words = ((ivec + 32, HANDLERS),) if fine else ()
        native = int(fine)
        yield Case(("trap 5", *after), {"ivec": ivec}, ticks=2, words=words, native=native)
    for handler in (0x1004, 0x1001, 0xFF8, 0x1010, SIZE - 8, SIZE - 4, SIZE, 0x80001000, 0):
        words = ((VECTORS + 32, handler),)
        fine = handler % 8 == 0 and 0x1000 <= handler <= SIZE - 8
        yield Case(("trap 5", *after), ticks=2, words=words, native=int(fine))
    yield Case(("trap 5", *after), words=((VECTORS + 32, HANDLERS + 0x200),))


def returns() -> Iterator[Case]:
    """To every mode and to addresses that are none, with and without an interrupt pending."""
    lines = ("iret", "add r4, r1", "add r6, r1", "add r4, r4")
    for status, estatus, imask in product((1, 3, 5, 7), range(8), (0, TX, RX)):
        held = {"status": status, "estatus": estatus, "imask": imask, "epc": CODE + 8}
        due = status & 4 and imask == TX  # before the first instruction
        yield Case(lines, held, native=0 if due and estatus & 4 else None)
    for epc in (CODE + 12, 0, SIZE, 0xFFFFFFF8):
        yield Case(lines, {"epc": epc, "estatus": 1}, native=1)
        held = {"epc": epc, "estatus": 5, "imask": TIMER | RX}
        yield Case(lines, held, due=3, native=1)
        yield Case(("mov pc, epc",), {"epc": epc}, native=1)


def writes() -> Iterator[Case]:
    """To status, ptbr and imask, by every row that writes; what follows shows what they did."""
    after = ("mov r5, [r8]", "add r4, r1", "mov r6, [r8]")
    values = {
        "status": (0, 1, 2, 3, 4, 5, 6, 7, 0xFFFFFFFB),
        "ptbr": (TABLE | 1, OTHER_TABLE | 1, OTHER_TABLE, TABLE | 0x800),
        "imask": (0, TX, RX, TIMER | RX | TX, 0xFFFF),
    }
    for name, chosen in values.items():
        for value, status in product(chosen, (1, 3, 5)):
            held = {"status": status, "r0": value, "r7": DATA + 8}
            native = 1 if value in _ANOTHER_LENGTH else None
            yield Case((f"mov {name}, {value}", *after), held, native=native)
            yield Case((f"mov {name}, r0", *after), held, native=native)
            words = ((DATA + 8, value),)
            yield Case((f"mov {name}, [r7]", *after), held, native=native, words=words)
    for name, row in product(values, ("add", "sub", "mul", "div")):
        for value in (0, 1, 2, 0x1000):
            native = 0 if row == "div" and not value else 1 if name == "ptbr" else None
            yield Case((f"{row} {name}, r0", *after), {"r0": value, "status": 3}, native=native)
    for ptbr in (0, 0xFFFFFFFF, 0x80000000):
        yield Case(("mov ptbr, r0", *after), {"r0": ptbr, "status": 1})
        yield Case(("mov ptbr, r0", *after), {"r0": ptbr, "status": 3}, native=1)
    switch = ("mov ptbr, r0", "mov r5, [r8]", "mov ptbr, r2", "mov r6, [r8]", "add r4, r1")
    yield Case(switch, {"r0": OTHER_TABLE | 1, "r2": TABLE | 1, "status": 3}, ticks=5)


def ports() -> Iterator[Case]:
    """Every port in both directions and every mode, twice; and memory, where ports were seen."""
    loads = ("mov r0, [r7]", "mov r2, [r7]", "mov r3, [r7]", "add r4, r1")
    stores = ("mov [r7], r6", "mov [r7], r5", "mov r3, [r10]", "add r4, r1")
    for (status, at), port in product(
        ((1, 0), (3, 0), (3, PORTS_TOO), (2, PORTS_TOO), (0, 0)), (*PORTS, 8, 0x20)
    ):
        done = None if status else 0
        held = {"status": status, "r7": at + port, "r6": 0x141, "r5": 0x142, "r10": at + 0x24}
        loaded = done if port in NATIVE_LOADS else 0
        for time, received in ((100, b""), (LATE, b"xyz")):
            yield Case(loads, held, time=time, received=received, native=loaded)
        yield Case(stores, held, native=done if port in NATIVE_STORES else 0)
    for port, latched, low in product((4, 5), (None, 0, 7), (None, 0, 9)):
        held = {"r7": port, "r6": 3, "r5": 0}
        yield Case(stores, held, latched=latched, low=low, native=0)
        yield Case(loads, held | {"r7": 4}, latched=latched, low=low)
    for status, time in product((1, 3), (100, LATE)):
        both = ("mov r0, [r7]", "mov [r7], r0", "mov r7, r8", "mov pc, 0x1000")
        held = {"status": status, "r7": 4}
        yield Case(both, held, ticks=8, time=time, native=0)
    into = ("mov imask, [r7]", "add r4, r1", "add r4, r1")
    yield Case(into, {"r7": 0x24, "status": 5}, due=-3)
    yield Case(("mov pc, [r7]", "add r4, r1"), {"r7": 4}, time=CODE, ticks=3, native=0)
    yield Case(("mov [r7], pc", "add r4, r1", "add r4, r1"), {"r7": 5}, ticks=3)


def receiving() -> Iterator[Case]:
    """Bytes out of RX, up to the last that waits, and more than are looked at at a time."""
    lines = ("mov r0, [r7]", "mov r2, [r7]", "mov r3, [r10]", "mov r6, [r11]", "add r4, r1")
    for status, at in ((1, 0), (3, 0), (3, PORTS_TOO), (2, PORTS_TOO)):
        held = {"status": status, "r7": at + 0x10, "r10": at + 0x15, "r11": at + 0x24}
        for received in (b"abc", b"\xff\x00\x80" + bytes(20), bytes(range(200))):
            yield Case(lines, held, ticks=5, received=received)
        for received in (b"", b"a", b"ab"):
            yield Case(lines, held, ticks=5, received=received, native=0)
    loop = ("mov r0, [r7]", "add r4, r0", "mov pc, 0x1000")
    for count in (16, 17, MOST_RECEIVED, MOST_RECEIVED + 1, 3 * MOST_RECEIVED):
        received = bytes(3 * number & 0xFF for number in range(count))
        native = 3 * (min(count - 1, MOST_RECEIVED))
        yield Case(
            loop,
            {"r7": 0x10, "imask": RX},
            ticks=3 * count + 3,
            received=received,
            native=native,
            every_tick=count < 20,
        )


def deadlines() -> Iterator[Case]:
    """Set to every tick around the one that it is set at, with interrupts on and off."""
    lines = ("mov [r7], r0", "mov [r7], r2", *("add r4, r1",) * 4, "mov pc, 0x1010")
    for ahead, status, time in product((-200, -1, 0, 1, 2, 3, 4, 5, 6, 40), (1, 5), (100, LATE)):
        due = time + ahead
        held = {"r7": 5, "status": status, "imask": TIMER | RX, "r0": due, "r2": due >> 32}
        yield Case(lines, held, time=time, ticks=12 if status == 1 else 8)
    for due in (None, -5, 1, 3, 6, 50):
        held = {"r7": 5, "status": 1, "imask": TIMER, "r0": 0xFFFFFFFF, "r2": 0xFFFFFFFF}
        looking = (*lines[:2], "mov r6, [r10]", "mov status, 5", *lines[2:])
        yield Case(looking, held | {"r10": 0x24}, due=due, ticks=7)


def interrupts() -> Iterator[Case]:
    """The timer at every tick; what lines and masks make of it; handlers that are none."""
    lines = ("add r4, r1", "add r6, r1", "add r2, r4", "add r4, r4", "mov pc, 0x1000")
    for due, imask, status in product(range(1, 9), (TIMER, 0, TIMER | TX, TX), (4, 5, 6, 7, 1)):
        held = {"status": status, "imask": imask}
        yield Case(lines, held, due=due, ticks=12, native=0)
    both = ("trap 7", "mov status, 5", *lines)
    yield Case(both, {"imask": TX}, ticks=6)
    masks = ("add r4, r1", "mov imask, r0", "mov status, 5", *lines)
    for due, imask in product((-1, 1, 2, 3, 4, 5), (TIMER, RX | TX, TIMER | TX, TIMER | RX)):
        yield Case(masks, {"r0": imask}, due=due, ticks=6, received=b"x")
        yield Case(masks, {"r0": imask}, due=due, ticks=6, held=True)
        yield Case(masks, {"r0": imask}, due=due, ticks=6, observed=True, native=0)
    for handler in (0x1004, 0, SIZE):
        yield Case(masks, {"r0": TX}, ticks=5, words=((VECTORS + 72, handler),), native=2)
    yield Case(masks, {"r0": TX}, ticks=5, words=((VECTORS + 72, HANDLERS + 72 * 16),))
    yield Case(masks, {"r0": TX, "ivec": 0}, ticks=5, native=2)


def _numbers(case: Case) -> Iterable[int]:
    return range(1, case.ticks + 1) if case.every_tick else (case.ticks,)
