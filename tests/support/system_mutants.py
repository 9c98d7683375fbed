"""Mutants of what machine code does of the system: each lacks an instruction of the host.

As a program, it tells which mutants the proof lets live; given which share of them, and of how many
shares. Each lives in a process of its own, since machine code that lacks something may do anything.
"""

import os
import sys
from itertools import product

from paging_cases import paging_cases
from system_proof import CODE, SIZE, Case, State, cases, known_of, side_by_side
from template_mutants import SURVIVED, Dropping, Site, named, refuted

from isa_spec import instructions as rows
from isa_spec.registers import IMASK, PC
from machine.native.piece import Mode, Place
from machine.native.x86_64_host import X86_64
from machine.native.x86_64_templates import TEMPLATES


class Lacking(X86_64):
    """The back end without what is written at a site."""

    def __init__(self, dropped: Site | None = None) -> None:
        self._dropped = dropped
        self.sites: dict[Site, None] = {}

    def writer(self, place: Place) -> Dropping:
        """Give a writer that leaves it out."""
        writer = Dropping(place)
        writer.sites, writer.dropped = self.sites, self._dropped
        return writer


def sites() -> list[Site]:
    """Give where something of the system is written: what blocks share, and parts of templates."""
    whole, plain = Lacking(), Lacking()
    whole.shared(0, SIZE)
    for table, port in product((False, True), (False, True)):
        lacking = whole if port else plain
        place = Place(CODE, Mode(table, kernel=True), SIZE, port=port)
        for a, b in ((0, 8), (8, 0), (PC, 0), (0, PC)):
            for body in (rows.load, rows.store):
                TEMPLATES[body](lacking.writer(place), a, b)
        TEMPLATES[rows.mov_value](lacking.writer(place), IMASK if port else 0, 5)
    TEMPLATES[rows.trap](whole.writer(place), 5)
    TEMPLATES[rows.iret](whole.writer(place))
    return [site for site in whole.sites if site not in plain.sites]


def survives(site: Site, known: list[tuple[Case, list[State]]]) -> bool:
    """Tell whether the proof finds nothing wrong without what is written at a site."""
    child = os.fork()
    if not child:
        os._exit(0 if refuted(Lacking(site), known) else SURVIVED)
    _, status = os.waitpid(child, 0)
    return os.WIFEXITED(status) and os.WEXITSTATUS(status) == SURVIVED


def main() -> None:
    """Print the mutants of a share that survive, then how many there were."""
    share, shares = int(sys.argv[1]), int(sys.argv[2])
    known = known_of(side_by_side(cases(), paging_cases()))
    mine = sites()[share::shares]
    for site in mine:
        if survives(site, known):
            print(f"without {named(site)}")
    print(len(mine))


if __name__ == "__main__":
    main()
