"""Mutants of the native engine's templates: one lacks an instruction of the host, one is another's.

As a program, it tells which mutants of a row the proof lets live; given the row's opcode. Of loads
and stores, the proof of the system finds what is about page tables. Each lives in a process of its
own, since machine code that lacks something may do anything.
"""

import os
import signal
import sys
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from random import Random
from types import CodeType
from typing import Any

from paging_cases import paging_cases
from system_proof import Case, State, SystemProof, known_of
from template_proof import CODE, Proof, prove

from isa_spec import instructions as rows
from isa_spec.formats import Kind
from isa_spec.instruction import Instruction
from isa_spec.instructions import BASE
from isa_spec.registers import PC
from machine.native.backend import Backend
from machine.native.piece import Goal, Mode, Place
from machine.native.x86_64_host import X86_64
from machine.native.x86_64_templates import TEMPLATES, Code, Template

SORTS = (0, 1, 8, 9, PC, 20, 23)
"""Registers of each sort: in a host register, in the frame, pc, with bits that it does not keep."""
SECONDS = 1  # of the host's processor, for a case: a mutant that never comes back is found out
SURVIVED = 7

Site = tuple[tuple[CodeType, int], ...]
"""Where in the back end's source an instruction of the host is written, and by whose call."""


@dataclass(frozen=True)
class Mutant:
    """A row's template with another one in its place, or without what is written at a site."""

    row: Instruction
    template: Template
    dropped: Site | None = None

    def __str__(self) -> str:
        if self.dropped is None:
            return f"{self.row.syntax} done as {self.template.__name__}"
        return f"{self.row.syntax} without {named(self.dropped)}"


def named(site: Site) -> str:
    """Give a site's name."""
    return " in ".join(f"{code.co_name}, line {line}" for code, line in site)


class Dropping(Code):
    """A writer that leaves out what is written at a site, and notes the sites that it sees."""

    dropped: Site | None = None
    sites: dict[Site, None]

    def emit(self, code: bytes, goal: Goal | None = None) -> None:
        """Write all but one."""
        writer = sys._getframe(1)
        frames = (writer, writer.f_back) if writer.f_back else (writer,)
        site = tuple(
            (frame.f_code, frame.f_lineno)
            for frame in frames
            if Path(frame.f_code.co_filename).name.startswith("x86_64")
        )
        self.sites[site] = None
        if site != self.dropped:
            super().emit(code, goal)


class Timed(Proof):
    """A proof that ends its process where a case takes too long."""

    def difference(self, *arguments: Any, **named: Any) -> str:
        """Do it in time."""
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
        return super().difference(*arguments, **named)


class Mutated(X86_64):
    """The back end with a mutant in it."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant
        self.templates = TEMPLATES | {mutant.row.body: self._template}
        self.sites: dict[Site, None] = {}

    def writer(self, place: Place) -> Dropping:
        """Give a writer that can leave something out."""
        writer = Dropping(place)
        writer.sites = self.sites
        return writer

    def _template(self, x: Dropping, *operands: int) -> None:
        x.dropped = self._mutant.dropped
        self._mutant.template(x, *operands)


def shapes_of(row: Instruction) -> list[tuple[int, ...]]:
    """Give registers of all sorts for a row."""
    return list(product(SORTS, repeat=sum(field.kind is Kind.REGISTER for field in row.fields)))


def mutants_of(row: Instruction) -> list[Mutant]:
    """Give every mutant of a row."""
    template = TEMPLATES[row.body]
    recorder = Mutated(Mutant(row, template))
    for registers, table, known in product(shapes_of(row), (False, True), ({}, {0: 5, 8: 5})):
        named = iter(registers)
        place = Place(CODE, Mode(table, kernel=True), 0x8000, known)
        operands = (next(named) if f.kind is Kind.REGISTER else 5 for f in row.fields)
        template(recorder.writer(place), *operands)
    others = [
        Mutant(row, TEMPLATES[other.body])
        for other in BASE
        if other is not row and other.body in TEMPLATES and other.format is row.format
        if len(other.operands) == len(row.operands)
    ]
    return [Mutant(row, template, site) for site in recorder.sites] + others


def refuted(processor: Backend, known: list[tuple[Case, list[State]]]) -> bool:
    """Tell whether the proof of the system finds a back end wrong in one of some cases."""
    proof = SystemProof(processor)
    for case, expected in known:
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
        if proof.difference(case, expected):
            return True
    return False


def survives(mutant: Mutant, known: list[tuple[Case, list[State]]]) -> bool:
    """Tell whether neither the proof nor what is known of the system finds a mutant wrong."""
    child = os.fork()
    if not child:
        shapes = shapes_of(mutant.row)
        proof = Timed(Mutated(mutant))
        found = any(prove(proof, mutant.row, shape, Random(1)) for shape in shapes)
        os._exit(0 if found or refuted(Mutated(mutant), known) else SURVIVED)
    _, status = os.waitpid(child, 0)
    return os.WIFEXITED(status) and os.WEXITSTATUS(status) == SURVIVED


def main() -> None:
    """Print the mutants of the row with an opcode that survive, then how many were tried.

    The second word says one in how many that is.
    """
    (row,) = (row for row in BASE if row.opcode == int(sys.argv[1], 0))
    mutants = mutants_of(row)[:: int(sys.argv[2])]
    known = known_of(paging_cases()) if row.body in (rows.load, rows.store) else []
    for mutant in mutants:
        if survives(mutant, known):
            print(mutant)
    print(len(mutants))


if __name__ == "__main__":
    main()
