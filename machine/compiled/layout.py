"""Lays generated lines out as text, and finds a head among many by halves. Knows lines only."""

from machine.compiled.inlining import Lines


def chosen(heads: list[tuple[int, Lines]]) -> Lines:
    """Lines that go to the head that pc names; they run on where it names none."""
    if len(heads) > 3:
        middle = len(heads) // 2
        low, high = chosen(heads[:middle]), chosen(heads[middle:])
        return [f"if pc < {heads[middle][0]}:", low, "else:", high]
    lines: Lines = []
    for address, written in heads:
        lines += [f"if pc == {address}:", written]
    return lines


def indented(lines: Lines, depth: int) -> list[str]:
    """Lay nested lines out as text."""
    out: list[str] = []
    for line in lines:
        out += ["    " * depth + line] if isinstance(line, str) else indented(line, depth + 1)
    return out
