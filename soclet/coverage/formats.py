"""Coverage for programs and people to read: LCOV's tracefile, and a table.

Knows these formats. Must not know how coverage comes about.
"""

from collections.abc import Iterator
from pathlib import Path

from soclet.coverage.lines import (
    Count,
    FileCoverage,
    Report,
    branch_count,
    line_count,
    missing,
)


def lcov(report: Report) -> str:
    """Give a tracefile, as genhtml takes it (geninfo's manual, FILES)."""
    return "".join(f"{line}\n" for name in sorted(report) for line in _record(name, report[name]))


def _record(name: str, file: FileCoverage) -> Iterator[str]:
    yield "TN:"
    yield f"SF:{name}"
    for function, (line, _) in file.functions.items():
        yield f"FN:{line},{function}"
    for function, (_, entered) in file.functions.items():
        yield f"FNDA:{int(entered)},{function}"
    yield f"FNF:{len(file.functions)}"
    yield f"FNH:{sum(entered for _, entered in file.functions.values())}"
    for (line, number, way), went in sorted(file.branches.items()):
        yield f"BRDA:{line},{number},{way},{'-' if went is None else int(went)}"
    branches = branch_count(file)
    yield f"BRF:{branches.of}"
    yield f"BRH:{branches.executed}"
    for line, executed in sorted(file.lines.items()):
        yield f"DA:{line},{int(executed)}"
    lines = line_count(file)
    yield f"LF:{lines.of}"
    yield f"LH:{lines.executed}"
    yield "end_of_record"


def table(report: Report, folder: Path) -> Iterator[str]:
    """Give a table for a person: a line for each file, named from a folder, and one for all."""
    names = {name: _shown(name, folder) for name in sorted(report)}
    width = max(map(len, (*names.values(), "all")), default=0)
    yield f"{'file':<{width}} {'lines':>8} {'branches':>9}  not executed"
    lines = branches = Count(0, 0)
    for name, shown in names.items():
        file = report[name]
        lines, branches = lines + line_count(file), branches + branch_count(file)
        left = ", ".join(missing(file))
        yield (
            f"{shown:<{width}} {line_count(file)!s:>8} {branch_count(file)!s:>9}  {left}".rstrip()
        )
    yield f"{'all':<{width}} {lines!s:>8} {branches!s:>9}"


def _shown(name: str, folder: Path) -> str:
    path = Path(name)
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else name
