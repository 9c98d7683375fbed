"""What machine code does of traps, interrupts, ports and address spaces is what the reference does.

The proof is in tests/support/system_proof.py; what machine code could do without is found by it.
"""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from board import HANDLERS, Board
from paging_cases import paging_cases
from system_proof import SystemProof, cases

from machine.happenings import (
    ModeChange,
    PortAccess,
    PortLoad,
    PortStore,
    Sleep,
    TableStore,
    TableSwitch,
    TrapReturn,
)
from machine.native import backend
from machine.native.engine import Native
from machine.observers import Observers
from machine.trapped import Happening, Interrupt, Trap

pytestmark = pytest.mark.skipif(
    backend.refusal() is not None, reason=f"the native engine {backend.refusal()}"
)

MUTANTS = Path(__file__).parents[2] / "support" / "system_mutants.py"
SHARES = 8


def test_machine_code_does_what_the_reference_does_without_coming_back():
    proof = SystemProof()
    for case in (*cases(), *paging_cases()):
        assert proof.difference(case) == ""


@pytest.mark.parametrize("share", range(SHARES))
def test_none_of_it_could_do_without_one_of_its_host_instructions(share: int, mutants_tried: int):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, str(MUTANTS), str(share), str(SHARES * mutants_tried)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    *survivors, count = done.stdout.splitlines()
    assert survivors == []
    assert int(count) > 30 // mutants_tried


SYSTEM = (
    "mov imask, r3",
    "mov [r7], r5",
    "mov [r7], r6",
    "mov status, 5",
    "add r0, r1",
    "mov status, 1",
    "trap 5",
    "mov ptbr, r0",
    "mov pc, 0x1000",
)
"""Every turn: ports, an interrupt, a trap and its return, and a write to each system register."""
TURN = len(SYSTEM) + 4


def board_of_all() -> Board:
    board = Board(*SYSTEM, engine=partial(Native, patience=1 << 30))
    board.load_program(HANDLERS, *("iret",) * 18, "mov pc, 0x5000")
    board.load_program(0x5000, "mov imask, r4", "iret")
    return board.set(r1=1, r3=1 << 18, r7=4)


def stepped(board: Board, *kinds: type[Happening]) -> int:
    observers = Observers()
    for kind in kinds:
        observers.on(kind, lambda _: False)
    board.machine.run(budget=100 * TURN, observers=observers)
    before = board.machine.engine.stepped
    board.machine.run(budget=100 * TURN, observers=observers)
    return board.machine.engine.stepped - before


def test_machine_code_does_all_that_nobody_observes():
    assert stepped(board_of_all()) == 0
    assert stepped(board_of_all(), Sleep) == 0


@pytest.mark.parametrize(
    ("kind", "a_turn"),
    [
        (Trap, 1),
        (TrapReturn, 2),
        (ModeChange, 5),
        (TableSwitch, 1),
        (TableStore, 1),
        (PortAccess, 2),
        (PortLoad, 2),
        (PortStore, 2),
    ],
)
def test_what_somebody_observes_is_left_to_the_reference_and_no_more(
    kind: type[Happening], a_turn: int
):
    assert stepped(board_of_all(), kind) == 100 * a_turn


def test_interrupts_that_somebody_observes_are_entered_by_the_reference():
    board, told = board_of_all(), []
    observers = Observers().on(Interrupt, lambda happening: bool(told.append(happening)))
    board.machine.run(budget=100 * TURN, observers=observers)
    assert len(told) == board.machine.cpu.interrupts == 100


def test_what_is_left_is_done_by_machine_code_again_once_nobody_observes_it():
    board = board_of_all()
    assert stepped(board, Trap) > 0
    assert stepped(board) == 0
