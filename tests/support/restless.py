"""A program that uses everything, and strategies of what is done to its machine."""

from collections.abc import Callable
from dataclasses import dataclass

from board import DATA, SIZE, START, Board, handler
from hypothesis import strategies as st

from isa_spec.registers import PC
from machine.events import (
    Debugger,
    EventLog,
    Flash,
    HoldInterrupts,
    Reset,
    SerialInput,
    WriteMemory,
    WriteRegister,
)
from machine.machine import Machine
from machine.reason import Reason

SETUP = (
    "mov ivec, 0x2000",
    "mov imask, 0x30000",
    "mov r8, 0x5",
    "mov r9, 0x10",
    "mov r10, 0x14",
    "mov r7, 0x4",
    "mov r1, 1",
    "mov status, 5",
)
WORK = (
    "loop:",
    "add r0, r1",
    "add r2, r0",
    "trap 3",
    "mov [r11], r0",
    "brk",
    "wait",
    "add r3, r1",
    "condbr r3 < 400, loop",
    "mov at, 0x20",
    "mov [at], r3",
)
ON_TIMER = (
    "mov ks0, [r7]",
    "mov ks1, [r7]",
    "mov r4, 40",
    "add ks0, r4",
    "mov [r8], ks0",
    "mov [r8], ks1",
    "iret",
)
ON_INPUT = ("mov r5, [r9]", "add r6, r5", "mov [r10], r5", "iret")


def restless(**options: int) -> Board:
    """Uses everything: traps, stores, brk, timer and input interrupts, output, sleep, power-off."""
    board = Board(*SETUP, *WORK, **options).set(r11=DATA)
    for vector, at, lines in ((16, 0x2800, ON_TIMER), (17, 0x2900, ON_INPUT)):
        board.load_program(handler(vector), f"mov pc, {at}")
        board.load_program(at, *lines)
    for vector in (8, 9):
        board.load_program(handler(vector), "iret")
    board.machine.bus.devices["timer"].restore((60, None, None))
    return board


TIMER_START = (60, None, None)


def replayed(board: Board, log: EventLog | None = None, **options: int) -> Machine:
    """A fresh machine after a replay of all that the board's machine has seen."""
    machine = Machine(SIZE, **options)
    machine.bus.devices["timer"].restore(TIMER_START)
    machine.replay(log or board.machine.log, board.machine.position)
    return machine


# What is done to a machine from outside


@dataclass(frozen=True)
class Act:
    """Something done to a machine, with its words."""

    words: str
    do: Callable[[Machine], object]

    def __repr__(self) -> str:
        return self.words


def act(words: str, do: Callable[[Machine], object]) -> Act:
    return Act(words, do)


BREAKPOINTS = [START + 64, START + 88, handler(8), handler(16), handler(17), 0x2900]

running = st.one_of(
    st.builds(lambda n: act(f"run {n}", lambda m: m.run(budget=n)), st.integers(0, 150)),
    st.builds(
        lambda n: act(f"run on for {n}", lambda m: m.run(m.cpu.time + n)), st.integers(0, 150)
    ),
    st.builds(
        lambda at: act(f"break {at}", lambda m: m.run(m.cpu.time + 300, breakpoints=frozenset(at))),
        st.sets(st.sampled_from(BREAKPOINTS), min_size=1),
    ),
    st.builds(
        lambda n: act(
            f"pace {n}",
            lambda m: (
                m.run(m.cpu.time + 100, skip_sleep=False) is Reason.ASLEEP
                and m.pass_time(min(m.cpu.time + n, m.wake_tick()))
            ),
        ),
        st.integers(0, 30),
    ),
)
posting = st.sampled_from(
    [
        SerialInput(b"x"),
        SerialInput(b"hello, world, again"),
        WriteRegister(0, 5),
        WriteRegister(PC, START + 64),
        WriteMemory(DATA + 8, b"abc"),
        Flash(((DATA, b"flash"),)),
        Debugger(attached=True),
        Debugger(attached=False),
        HoldInterrupts(held=True),
        HoldInterrupts(held=False),
        Reset(),
    ]
).map(lambda event: act(f"post {event}", lambda m: m.post(event)))
scheduling = st.builds(
    lambda n, data: act(f"schedule {n}", lambda m: m.schedule(m.cpu.time + n, SerialInput(data))),
    st.integers(0, 80),
    st.binary(min_size=1, max_size=4),
)
acts = st.lists(st.one_of(running, running, posting, scheduling), max_size=14)
