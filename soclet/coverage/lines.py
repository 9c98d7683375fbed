"""Coverage by source lines: made of what a run saw of instructions, and merged over many runs.

Knows values only. Must not know how it is shown.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from isa_spec.formats import LENGTH
from isa_spec.instructions import BASE
from machine.coverage import Coverage, Covered
from toolchain.images import Image, LoadSegment, SymbolKind

Branch = tuple[int, int, int]
"""A way that a conditional branch may go: its line, its number among the instructions of that
line, and 0 where it goes to its target, 1 where it goes on."""


@dataclass(slots=True)
class FileCoverage:
    """A source file: which of its lines, branches and functions were executed.

    A branch that was never reached is None. Functions are by name: their line, and whether they
    were entered.
    """

    lines: dict[int, bool] = field(default_factory=dict)
    branches: dict[Branch, bool | None] = field(default_factory=dict)
    functions: dict[str, tuple[int, bool]] = field(default_factory=dict)

    def add(self, other: "FileCoverage") -> None:
        """Count what another run has executed too."""
        for line, executed in other.lines.items():
            self.lines[line] = self.lines.get(line, False) or executed
        for branch, went in other.branches.items():
            before = self.branches.get(branch)
            self.branches[branch] = went if before is None else before or bool(went)
        for name, (line, entered) in other.functions.items():
            self.functions[name] = line, self.functions.get(name, (0, False))[1] or entered


Report = dict[str, FileCoverage]
"""Coverage by the names of source files."""


def merge(into: Report, other: Report) -> None:
    """Add what another report says."""
    for name, file in other.items():
        into.setdefault(name, FileCoverage()).add(file)


def report(image: Image, coverage: Coverage) -> Report:
    """Say which lines of an image's program were executed. Files without a name have no lines."""
    files: Report = {}
    folder = Path(image.name).parent
    functions = {s.address: s.name for s in image.symbols if s.kind is SymbolKind.FUNCTION}
    for sequence in image.lines():
        ends = [row.address for row in sequence.rows[1:]] + [sequence.end]
        for row, end in zip(sequence.rows, ends, strict=True):
            file = files.setdefault(_name(folder, row.source.file), FileCoverage())
            line = row.source.line
            for address in range(row.address, end, LENGTH):
                _add_instruction(file, line, address, image, coverage)
                if address in functions:
                    entered = bool(_seen(image, coverage, address))
                    file.functions[functions[address]] = line, entered
    return files


def _add_instruction(
    file: FileCoverage, line: int, address: int, image: Image, coverage: Coverage
) -> None:
    seen = _seen(image, coverage, address)
    file.lines[line] = file.lines.get(line, False) or bool(seen)
    if _decides(image, address):
        number = sum(of == line and way == 0 for of, _, way in file.branches)
        for way, covered in enumerate((Covered.TAKEN, Covered.NOT_TAKEN)):
            file.branches[line, number, way] = bool(seen & covered) if seen else None


def _seen(image: Image, coverage: Coverage, address: int) -> Covered:
    segment = _segment(image, address)
    if segment is None:
        return Covered(0)
    return coverage.of(address - segment.known_as + segment.address)


def _decides(image: Image, address: int) -> bool:
    """Tell whether the instruction at an address is a conditional branch."""
    segment = _segment(image, address)
    if segment is None:
        return False
    at = address - segment.known_as
    decoded = BASE.decode(int.from_bytes(segment.data[at : at + LENGTH], "little"))
    return decoded is not None and decoded.row.meaning.decides


def _segment(image: Image, address: int) -> LoadSegment | None:
    """Give the segment that an address, as symbols know it, is in."""
    for segment in image.segments:
        if segment.known_as <= address < segment.known_as + len(segment.data):
            return segment
    return None


def _name(folder: Path, name: str) -> str:
    """Give a source file's path, where it is to be found."""
    path = folder / name
    return str(path.resolve() if path.is_file() else name)


def to_plain(report: Report) -> list[Any]:
    """Give a report as plain values, for another process."""
    return [
        [name, list(f.lines.items()), list(f.branches.items()), list(f.functions.items())]
        for name, f in report.items()
    ]


def from_plain(values: list[Any]) -> Report:
    """Take back what `to_plain` gave, lists for tuples."""
    return {
        name: FileCoverage(
            dict(map(tuple, lines)),
            {(key[0], key[1], key[2]): went for key, went in branches},
            {function: (where[0], where[1]) for function, where in functions},
        )
        for name, lines, branches, functions in values
    }


@dataclass(frozen=True, slots=True)
class Count:
    """How many of all were executed."""

    executed: int
    of: int

    def __str__(self) -> str:
        return f"{100 * self.executed / self.of:.1f} %" if self.of else "–"

    def __add__(self, other: "Count") -> "Count":
        return Count(self.executed + other.executed, self.of + other.of)


def line_count(file: FileCoverage) -> Count:
    """Count a file's lines."""
    return Count(sum(file.lines.values()), len(file.lines))


def branch_count(file: FileCoverage) -> Count:
    """Count a file's ways of branches."""
    return Count(sum(map(bool, file.branches.values())), len(file.branches))


def missing(file: FileCoverage) -> Iterator[str]:
    """Give the ranges of lines that were not executed, lines without code left out."""
    start = last = 0
    for line, executed in sorted(file.lines.items()):
        if not executed:
            start, last = start or line, line
        elif start:
            yield f"{start}–{last}" if start != last else f"{start}"
            start = 0
    if start:
        yield f"{start}–{last}" if start != last else f"{start}"
