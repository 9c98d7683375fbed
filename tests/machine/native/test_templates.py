"""Each template of the native engine does what its row's body does, and none could do less.

The proof is in tests/support/template_proof.py: corner values in registers of every sort, every
aliasing, every mode; and random ones.
"""

import os
import subprocess
import sys
from itertools import product
from pathlib import Path
from random import Random

import pytest
from template_proof import CODE, STATUSES, Proof, prove, values_of

from isa_spec import instructions as rows
from isa_spec.formats import Kind
from isa_spec.instruction import Instruction
from isa_spec.instructions import BASE
from isa_spec.registers import LINK, PC, REGISTERS, SP
from machine.native import backend
from machine.native.builder import STEPPED
from machine.native.x86_64_templates import TEMPLATES

pytestmark = pytest.mark.skipif(
    backend.refusal() is not None, reason=f"the native engine {backend.refusal()}"
)

ROWS = [pytest.param(row, id=row.syntax) for row in BASE if row.body in TEMPLATES]
SYSTEM = (rows.trap, rows.iret)
"""Rows whose templates the proof of the system finds mutants of."""
SORTS = (0, 7, 8, SP, PC, LINK, 20, 23)
"""In host registers or not, with names or without, with bits that they do not keep."""
MUTANTS = Path(__file__).parents[2] / "support" / "template_mutants.py"


def registers_of(row: Instruction) -> int:
    return sum(field.kind is Kind.REGISTER for field in row.fields)


def test_every_row_has_a_template_or_is_declared_to_be_stepped():
    bodies = {row.body for row in BASE}
    assert TEMPLATES.keys() | STEPPED == bodies
    assert not TEMPLATES.keys() & STEPPED


@pytest.mark.parametrize("row", ROWS)
def test_a_template_does_what_the_body_does_with_corner_values(row: Instruction):
    proof = Proof()
    for registers in product(SORTS, repeat=registers_of(row)):
        assert prove(proof, row, registers, Random(1)) == ""


@pytest.mark.parametrize("row", ROWS)
def test_a_template_does_what_the_body_does_with_any_registers_and_any_values(row: Instruction):
    proof, rng = Proof(), Random(row.opcode)
    for registers in product(range(len(REGISTERS)), repeat=registers_of(row)):
        named = iter(registers)
        operands = (
            next(named) if field.kind is Kind.REGISTER else rng.choice(field.bounds)
            for field in row.fields
        )
        held = {
            number: rng.choice((rng.getrandbits(32), rng.choice(choices)))
            for number, choices in zip(registers, values_of(row, registers), strict=True)
        }
        code = row.encode(*operands)
        assert proof.difference(code, held, rng.choice(STATUSES), CODE) == ""


@pytest.mark.parametrize("row", [row for row in ROWS if row.values[0].body not in SYSTEM])
def test_no_template_could_do_without_one_of_its_host_instructions_or_be_another_rows(
    row: Instruction, mutants_tried: int
):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, str(MUTANTS), hex(row.opcode), str(mutants_tried)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    *survivors, count = done.stdout.splitlines()
    assert survivors == []
    assert int(count) >= 1
