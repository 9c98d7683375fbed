"""The second half of an assembly: every piece gets its place, every statement its bytes.

Knows how a program's parts follow from pieces, items and symbols. Must not know syntax.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from isa_spec.words import WORD
from toolchain.expressions import Name
from toolchain.frames import Change, Placed, frame_rows
from toolchain.images import SymbolKind
from toolchain.layout import Code, Item, Piece, Raw, Spot, Symbols, Values
from toolchain.problems import Place, Problem, suggestion
from toolchain.program import (
    ENTRY,
    Constant,
    DataObject,
    Element,
    Function,
    LineRow,
    LineSequence,
    ListedLine,
    Program,
    Section,
    Segment,
    SourceLine,
    Symbol,
)

if TYPE_CHECKING:
    from toolchain.assembler import Assembler

LOCAL_PREFIX = ".L"
"""What the names of labels begin with that stay out of the symbol table."""


def build(assembler: "Assembler", name: str) -> Program | None:
    """Give the program, or None where the assembler has been told of problems."""
    _place_data(assembler.pieces)
    encoded = _encode(assembler)
    _check_globals(assembler)
    _check_overlaps(assembler)
    constants = _constants(assembler)
    if assembler.problems:
        return None
    objects = _objects(assembler)
    symbols = _symbols(assembler, objects)
    return Program(
        name=name,
        directory=Path(name).absolute().parent,
        files=tuple(assembler.reader.files),
        segments=tuple(_segments(assembler.pieces, encoded)),
        symbols=tuple(sorted(symbols.values(), key=lambda symbol: (symbol.address, symbol.name))),
        constants=constants,
        sequences=tuple(_sequences(assembler.pieces)),
        functions=tuple(_functions(assembler, symbols)),
        objects=tuple(
            DataObject(symbols[label], element, count)
            for label, (_, element, count) in objects.items()
        ),
        listed=tuple(_listed(assembler, encoded)),
    )


Encoded = dict[int, bytes]
"""The bytes of each item, by the item's id."""


def _place_data(pieces: Sequence[Piece]) -> None:
    """Put the data that .org puts nowhere behind all code."""
    end = max((p.end for p in pieces if p.section is Section.TEXT and p.size), default=ENTRY)
    for piece in pieces:
        if piece.base is None:
            piece.base = end + -end % piece.alignment


def _encode(assembler: "Assembler") -> Encoded:
    encoded: Encoded = {}
    for item in chain.from_iterable(piece.items for piece in assembler.pieces):
        data = assembler.attempt(item.spot.place, partial(item.encode, assembler.symbols))
        encoded[id(item)] = data if data is not None else bytes(item.size)
    return encoded


def _check_globals(assembler: "Assembler") -> None:
    labels = assembler.symbols.labels
    for name, place in assembler.globals.items():
        if name not in labels:
            right = suggestion(name, labels, f"define it: `{name}:` or `.func {name}`")
            assembler.problems.append(Problem(place, f"no label {name}", right))


def _check_overlaps(assembler: "Assembler") -> None:
    used = sorted((p for p in assembler.pieces if p.size), key=lambda piece: piece.base or 0)
    for piece in used:
        if piece.end > WORD + 1:
            what = f"this reaches {piece.end:#x}, beyond the end of all addresses"
            problem = Problem(_first_place(piece), what, "make it smaller or move it down")
            assembler.problems.append(problem)
    for one, other in pairwise(used):
        if one.end > (other.base or 0):
            what = (
                f"{other.section.value} at {other.base:#x} overlaps what {_first_place(one)} "
                f"puts at {one.base:#x} to {one.end - 1:#x}"
            )
            right = f"give it a free address, such as .org {one.end + -one.end % 16:#x}"
            assembler.problems.append(Problem(_first_place(other), what, right))


def _first_place(piece: Piece) -> Place:
    return piece.items[0].spot.place


def _constants(assembler: "Assembler") -> tuple[Constant, ...]:
    symbols = assembler.symbols
    values = (
        (name, spot, assembler.attempt(spot.place, partial(_word, symbols, name, spot)))
        for name, (_, spot) in symbols.constants.items()
    )
    return tuple(
        Constant(name, value, _source(spot))
        for name, spot, value in values
        if value is not None and not name.startswith(LOCAL_PREFIX)
    )


def _word(symbols: Symbols, name: str, spot: Spot) -> int:
    return symbols.word(Name(name, spot.place.column), spot)


def _segments(pieces: Sequence[Piece], encoded: Encoded) -> Iterator[Segment]:
    for piece in sorted((p for p in pieces if p.size), key=lambda piece: piece.base or 0):
        data = b"".join(encoded[id(item)] for item in piece.items)
        yield Segment(piece.section, piece.base or 0, data)


def _objects(assembler: "Assembler") -> dict[str, tuple[int, Element, int]]:
    """Give size, element and count of each label that data follow."""
    found = {}
    for piece in assembler.pieces:
        labels = [(name, spot) for name, spot in _visible(assembler) if spot.piece is piece]
        edges = sorted({spot.offset for _, spot in labels} | {piece.size})
        starts = {item.spot.offset: n for n, item in enumerate(piece.items) if item.size}
        for name, spot in labels:
            edge = edges[min(bisect_right(edges, spot.offset), len(edges) - 1)]
            first = starts.get(spot.offset, len(piece.items))
            if shape := _shape(islice(piece.items, first, None), edge):
                found[name] = shape
    return found


def _shape(items: Iterable[Item], edge: int) -> tuple[int, Element, int] | None:
    """Give size, element and count of the object that some items, up to an edge, begin with."""
    size = count = 0
    first: Element | None = None
    for item in items:
        element = item.element if isinstance(item, Values | Raw) else None
        if element is None or item.spot.offset >= edge:
            break
        first = first or element
        if element is first and count * first.bytes == size:
            count += item.size // first.bytes
        size += item.size
    return (size, first, count) if first else None


def _visible(assembler: "Assembler") -> list[tuple[str, Spot]]:
    return [
        (name, spot)
        for name, spot in assembler.symbols.labels.items()
        if not name.startswith(LOCAL_PREFIX)
    ]


def _symbols(
    assembler: "Assembler", objects: dict[str, tuple[int, Element, int]]
) -> dict[str, Symbol]:
    ends = {function.name: function.end for function in assembler.functions}
    symbols = {}
    for name, spot in _visible(assembler):
        end = ends.get(name)
        if end is not None:
            kind, size = SymbolKind.FUNCTION, end.offset - spot.offset
        elif name in objects:
            kind, size = SymbolKind.OBJECT, objects[name][0]
        else:
            kind, size = SymbolKind.LABEL, 0
        is_global = name in assembler.globals
        symbols[name] = Symbol(name, spot.address, size, kind, is_global, _source(spot))
    return symbols


def _functions(assembler: "Assembler", symbols: dict[str, Symbol]) -> Iterator[Function]:
    for function in sorted(assembler.functions, key=lambda function: function.start.address):
        symbol = symbols[function.name]
        end = symbol.address + symbol.size
        code = [
            code
            for code in _code([function.start.piece])
            if symbol.address <= code.spot.address < end
        ]
        placed = [
            Placed(code.spot.address, code.row, code.values(assembler.symbols)) for code in code
        ]
        changes: dict[int, list[Change]] = {}
        for spot, change in function.changes:
            before = bisect_right([code.spot.order for code in code], spot.order)
            changes.setdefault(before, []).append(change)
        yield Function(symbol, tuple(frame_rows(placed, changes)))


def _sequences(pieces: Sequence[Piece]) -> Iterator[LineSequence]:
    """Give the line rows of each run of instructions without a gap."""
    rows: list[LineRow] = []
    end = None
    for code in sorted(_code(pieces), key=lambda code: code.spot.address):
        if end is not None and code.spot.address != end:
            yield LineSequence(tuple(rows), end)
            rows = []
        source = _source(code.spot)
        if not rows or rows[-1].source != source:
            rows.append(LineRow(code.spot.address, source))
        end = code.spot.address + code.size
    if end is not None:
        yield LineSequence(tuple(rows), end)


def _code(pieces: Sequence[Piece]) -> Iterator[Code]:
    for item in chain.from_iterable(piece.items for piece in pieces):
        if isinstance(item, Code):
            yield item


def _source(spot: Spot) -> SourceLine:
    place = spot.place.visible
    return SourceLine(place.file, place.line)


def _listed(assembler: "Assembler", encoded: Encoded) -> Iterator[ListedLine]:
    items: dict[int, list[Item]] = {}
    for item in chain.from_iterable(piece.items for piece in assembler.pieces):
        items.setdefault(item.spot.listed, []).append(item)
    for n, line in enumerate(assembler.reader.read):
        own = items.get(n, [])
        yield ListedLine(
            SourceLine(line.place.file, line.place.line),
            line.text,
            own[0].spot.address if own else None,
            b"".join(encoded[id(item)] for item in own),
        )
