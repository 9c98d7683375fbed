"""The native engine: what it may touch, what it refuses, and what happens at its edges."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from random import Random
from types import FrameType

import pytest
from board import DATA, START, Board, handler, program

from isa_spec.instructions import BASE
from isa_spec.traps import Access
from machine.engines import ENGINES, maker
from machine.happenings import TrapReturn
from machine.machine import Machine
from machine.native import backend, cache, spaces
from machine.observers import Observers
from machine.reason import Reason
from machine.reference import Reference
from machine.watch import Watch
from toolchain.assembler import assemble

pytestmark = pytest.mark.skipif(
    backend.refusal() is not None, reason=f"the native engine {backend.refusal()}"
)

ROOT = Path(__file__).parents[3]
FENCED = ROOT / "tests" / "support" / "fenced_memory.py"
KERNELS = ROOT / "scripts" / "kernels"
ALONE = sorted({path.stem for path in KERNELS.glob("*.s")} - {"serial"})
"""The kernels that need nobody to send them anything."""
LOOP = ("loop:", "add r0, r1", "sub r2, r1", "mov pc, loop")


def native(*lines: str) -> Board:
    return Board(*lines, engine=maker("native"))


def in_a_process(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("end", ["start", "end"])
def test_machine_code_never_leaves_the_memory_that_it_was_given(end: str):
    done = in_a_process(str(FENCED), "9000", "9079", end)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 50_000


@pytest.mark.parametrize("step", [-1, 4096])
def test_a_step_over_a_fence_ends_the_process(step: int):
    done = in_a_process(
        "-c",
        "import ctypes; from machine.native.host import Region; region = Region(4096);"
        f"ctypes.c_char.from_address(region.address + {step}).value",
    )
    assert done.returncode == -signal.SIGSEGV


def test_a_host_that_refuses_is_named_in_one_line(monkeypatch):
    monkeypatch.setattr(backend, "refusal", lambda: "needs an x86-64 processor, this is vax")
    with pytest.raises(OSError, match=r"^the native engine needs .*vax; --engine auto runs"):
        Machine(engine=maker("native"))


@pytest.mark.parametrize("kernel", ALONE)
def test_less_than_a_hundredth_of_a_kernel_is_left_to_python(kernel: str):
    machine = Machine(engine=maker("native"))
    machine.flash(
        (part.address, part.data) for part in assemble(KERNELS / f"{kernel}.s").image().segments
    )
    assert machine.run() is Reason.POWER_OFF
    assert machine.engine.executed == machine.cpu.executed
    assert machine.engine.stepped < machine.engine.executed / 100
    assert f"{machine.engine.executed:,} instructions" in machine.engine.report


def test_an_interrupt_comes_at_exactly_its_tick_whatever_the_tick():
    for deadline in range(8, 80):
        boards = [Board(*TIMED, engine=ENGINES[name]) for name in ("native", "reference")]
        for board in boards:
            board.set(r3=deadline, r5=5, r4=0, imask=1 << 16, r1=1)
            board.machine.run(200)
        assert boards[0].machine.hash() == boards[1].machine.hash()
        assert boards[0]["pc"] == handler(16)


TIMED = (
    "mov [r5], r3",
    "mov [r5], r4",
    "mov r6, 5",
    "mov status, r6",
    "loop:",
    "add r0, r1",
    "add r2, r0",
    "condbr r0 < 6, 0x1020",
    "mov r0, 0",
    "mov pc, loop",
)


@pytest.mark.parametrize("budget", range(1, 20))
def test_any_budget_stops_after_exactly_so_many_instructions(budget: int):
    board = native(*LOOP).set(r1=1).step(budget)
    assert board.machine.cpu.executed == budget
    assert board["r0"] == (budget + 2) // 3


def test_code_that_rewrites_the_block_it_is_in_sees_its_own_stores():
    board = native("mov [r8], r9", "add r0, r1", "add r0, r1", "mov pc, 0x1000").set(r1=1)
    minus = int.from_bytes(program("sub r0, r1")[:4], "little")
    board.set(r8=START + 16, r9=minus).step(4)
    assert board["r0"] == 0
    board.step(40)
    assert board["r0"] == 0


def test_an_instruction_that_is_rewritten_over_and_over_is_stepped_in_the_end():
    board = native("mov [r8], r9", "add r0, r1", "mov pc, 0x1000").set(r1=1, r8=START + 8)
    board.set(r9=int.from_bytes(program("add r0, r1")[:4], "little")).step(3000)
    assert board["r0"] == 1000
    made = board.machine.engine._cache._used
    board.step(3000)
    assert board.machine.engine._cache._used == made


def test_a_watched_page_alone_goes_the_slow_way():
    board = native("loop:", "mov r0, [r8]", "mov [r9], r0", "mov pc, loop")
    board.set(r8=DATA, r9=DATA + 0x1000).step(6)
    watch = Watch(frozenset({Access.STORE}), DATA, DATA + 4)
    before = board.machine.engine.stepped
    board.machine.run(budget=3000, watches=(watch,))
    assert board.machine.engine.stepped - before < 10
    board.set(r9=DATA)
    assert board.machine.run(budget=3000, watches=(watch,)) is Reason.WATCHPOINT
    assert board.machine.cpu.watched.address == DATA


def test_a_full_cache_is_emptied_and_filled_anew(monkeypatch):
    monkeypatch.setattr(cache, "CAPACITY", 70_000)
    boards = [Board(engine=ENGINES[name]) for name in ("native", "reference")]
    for board in boards:
        for number in range(64):
            line = ("add r0, r1", f"mov pc, {0x4000 + 0x40 * (number + 1)}")
            board.load_program(0x4000 + 0x40 * number, *line)
        board.load_program(0x5000, "mov pc, 0x4000")
        board.set(pc=0x4000, r1=1).step(1000)
    assert boards[0].machine.hash() == boards[1].machine.hash()


def test_more_address_spaces_than_are_remembered_come_out_right():
    board = native("add r0, r1", "mov pc, 0x1000").translated().set(r1=1)
    for number in range(spaces.MOST + 5):
        board.set(ptbr=0x3001 + number).step(2)
    assert board["r0"] == spaces.MOST + 5


def test_a_signals_handler_that_raises_leaves_the_state_exact():
    board = native(*LOOP).set(r1=1)
    signal.signal(signal.SIGVTALRM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.02)
        with pytest.raises(KeyboardInterrupt):
            board.machine.run()
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
    executed = board.machine.cpu.executed
    assert board["r0"] == (executed + 2) // 3 & 0xFFFFFFFF
    board.machine.engine = Reference(board.machine.cpu, BASE)
    board.step(3)
    assert board["r0"] == (executed + 5) // 3 & 0xFFFFFFFF


def test_a_guest_that_machine_code_is_no_good_for_is_left_to_the_reference_for_a_while():
    lines = ("div r0, r4", "add r2, r1", "mov pc, 0x1000")
    boards = [Board(*lines, engine=ENGINES[name]) for name in ("native", "reference")]
    for board in boards:
        board.load_program(handler(7), "mov pc, 0x1008")
        board.set(r1=1).step(50_000)
    assert boards[0].machine.hash() == boards[1].machine.hash()
    assert boards[0].machine.engine.entered < 2000
    for board in boards:
        board.set(r4=1).step(50_000)
    assert boards[0].machine.hash() == boards[1].machine.hash()
    assert boards[0].machine.engine.stepped < 51_000


def test_a_return_that_is_stepped_from_beyond_memory_is_none_of_a_port():
    seen = Observers().on(TrapReturn, lambda _: False)
    board = native("iret").translated()
    board.map(0x20, START >> 12)
    board.set(pc=0x20000, epc=0x20008, estatus=1)
    board.machine.run(budget=1, observers=seen)
    assert board["pc"] == 0x20008


def test_ctrl_c_again_and_again_leaves_the_state_exact_whenever_it_comes():
    lines = ("mov r0, [r7]", "add r2, r1", "mov r3, [r8]", "trap 5", "mov pc, 0x1000")
    boards = [Board(*lines, engine=ENGINES[name]) for name in ("native", "reference")]
    for board in boards:
        board.load_program(handler(8), "iret")
        board.set(r1=1, r7=0x10, r8=4)
    rng, caught = Random(5), 0
    again = {signal.SIGINT: signal.default_int_handler, signal.SIGVTALRM: press_ctrl_c}
    before = {number: signal.signal(number, handler) for number, handler in again.items()}
    try:
        for _ in range(60):
            try:
                signal.setitimer(signal.ITIMER_VIRTUAL, rng.uniform(1e-4, 1e-2), 1e-4)
                boards[0].machine.run(budget=10_000)
            except KeyboardInterrupt:
                caught += 1
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            executed = boards[0].machine.cpu.executed
            boards[1].machine.run(budget=executed - boards[1].machine.cpu.executed)
            assert boards[0].machine.hash() == boards[1].machine.hash()
            assert boards[0].machine.engine.executed == executed
    finally:
        for number, each in before.items():
            signal.signal(number, each)
    assert caught > 10


def press_ctrl_c(_number: int, frame: FrameType | None) -> None:
    """Raise SIGINT where the machine runs; elsewhere it would hit the test."""
    while frame is not None:
        if frame.f_code is Machine.run.__code__:
            signal.raise_signal(signal.SIGINT)
            return
        frame = frame.f_back
