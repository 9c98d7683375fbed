"""Where an address is in the program that is being run: function, file and line.

Knows the image that the run was started with, whose symbols and lines are of virtual addresses,
and looks at memory before it says anything: an address is called by the program's names only while
its function is there as it was loaded, by the translation that held; and lines are told only
while no debugger has put other code in the program's place. Raw images have no names: the
number is all there is to say. Everything is read when a place is first asked for, since starting
must cost nothing; must not know what the places are told for.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from isa_spec.formats import LENGTH
from isa_spec.paging import OFFSET, PAGE
from isa_spec.registers import PTBR, STATUS, Status
from machine.events import Flash, WriteMemory
from machine.machine import Machine

if TYPE_CHECKING:
    from toolchain.images import Image, ImageSymbol
    from toolchain.program import LineSequence, SourceLine


@dataclass(frozen=True, slots=True)
class _Code:
    """Code of one name as it was loaded: virtual and physical address, and its bytes."""

    linked: int
    loaded: int
    data: bytes


class _Program:
    """An image's names, lines and code, by virtual address."""

    def __init__(self, image: "Image") -> None:
        from toolchain.images import SymbolKind

        self._segments = image.segments
        self._sequences = image.lines()
        self._starts = [sequence.rows[0].address for sequence in self._sequences]
        # The last of those at one address is found first: functions before labels.
        self._symbols = sorted(
            (symbol for symbol in image.symbols if symbol.kind is not SymbolKind.OBJECT),
            key=lambda symbol: (symbol.address, symbol.kind is SymbolKind.FUNCTION),
        )
        self._functions = [symbol for symbol in self._symbols if symbol.size]

    def symbol(self, address: int) -> "ImageSymbol | None":
        """Give the function around an address, or else the label before it in the same code."""
        at = bisect_right(self._functions, address, key=lambda symbol: symbol.address)
        if at and address < (function := self._functions[at - 1]).address + function.size:
            return function
        at = bisect_right(self._symbols, address, key=lambda symbol: symbol.address)
        sequence = self._sequence(address)
        label = self._symbols[at - 1] if at else None
        if label is None or label.size or sequence is None:
            return None
        return label if label.address >= sequence.rows[0].address else None

    def line(self, address: int) -> "SourceLine | None":
        """Give the line that an address belongs to."""
        sequence = self._sequence(address)
        if sequence is None:
            return None
        at = bisect_right(sequence.rows, address, key=lambda row: row.address)
        return sequence.rows[at - 1].source

    def code_around(self, address: int) -> _Code | None:
        """Give the code that has an address's name; None where the program has none there."""
        sequence, symbol = self._sequence(address), self.symbol(address)
        start, end = address, address + LENGTH
        if sequence is not None:
            start, end = sequence.rows[0].address, sequence.end
            at = bisect_right(self._symbols, address, key=lambda other: other.address)
            if at < len(self._symbols):
                end = min(end, self._symbols[at].address)
        if symbol is not None:
            start = max(start, symbol.address)
            end = min(end, symbol.address + symbol.size) if symbol.size else end
        return self._code(start, end)

    def is_replaced_by(self, parts: Iterable[tuple[int, bytes]]) -> bool:
        """Tell whether bytes, written one after the other, leave other code than was loaded."""
        return any(_patched(code, parts) != code.data for code in self._all_code)

    @cached_property
    def _all_code(self) -> list[_Code]:
        pieces = (self._code(s.rows[0].address, s.end) for s in self._sequences)
        return [piece for piece in pieces if piece is not None]

    def _sequence(self, address: int) -> "LineSequence | None":
        at = bisect_right(self._starts, address)
        found = self._sequences[at - 1] if at else None
        return found if found is not None and address < found.end else None

    def _code(self, start: int, end: int) -> _Code | None:
        for segment in self._segments:
            linked = segment.known_as
            if linked <= start and end <= linked + len(segment.data):
                data = segment.data[start - linked : end - linked]
                return _Code(start, start - linked + segment.address, data)
        return None


class SourceMap:
    """Shows a machine's addresses by the names of the program that it was started with."""

    def __init__(self, machine: Machine, image: "Image | None" = None) -> None:
        self._machine: Final = machine
        self._image: Final = image
        self._replaced_by: int | None = None
        self._events_seen = 0

    def show(self, address: int) -> str:
        """Give an address as seen now, as `0x1010 <start+16>, main.s:5` if all of that is known."""
        r = self._machine.cpu.r
        return self.show_in(address, r[STATUS], r[PTBR])

    def show_in(self, address: int, status: int, ptbr: int) -> str:
        """Give an address as seen while status and ptbr were these."""
        shown = f"{address:#x}"
        symbol, line = self._symbol(address, status, ptbr), self.line_in(address, status, ptbr)
        if symbol is not None:
            offset = address - symbol.address
            shown += f" <{symbol.name}+{offset}>" if offset else f" <{symbol.name}>"
        return shown if line is None else f"{shown}, {line.file}:{line.line}"

    def function_in(self, address: int, status: int, ptbr: int) -> str | None:
        """Give the name of the function around an address, or of the label before it."""
        symbol = self._symbol(address, status, ptbr)
        return None if symbol is None else symbol.name

    def start_in(self, address: int, status: int, ptbr: int) -> int | None:
        """Give where the function around an address begins, or the label before it is."""
        symbol = self._symbol(address, status, ptbr)
        return None if symbol is None else symbol.address

    def line_in(self, address: int, status: int, ptbr: int) -> "SourceLine | None":
        """Give the source line that an address is from."""
        program = self._program_at(address, status, ptbr)
        if program is None or self._code_was_replaced(program):
            return None
        return program.line(address)

    def _symbol(self, address: int, status: int, ptbr: int) -> "ImageSymbol | None":
        program = self._program_at(address, status, ptbr)
        return None if program is None else program.symbol(address)

    def _program_at(self, address: int, status: int, ptbr: int) -> _Program | None:
        """Give the program, where its own code is at an address."""
        program = self._program
        code = None if program is None else program.code_around(address)
        return program if code is not None and self._is_there(code, status, ptbr) else None

    @cached_property
    def _program(self) -> _Program | None:
        return None if self._image is None else _Program(self._image)

    def _is_there(self, code: _Code, status: int, ptbr: int) -> bool:
        """Tell whether memory holds the code, by the translation of that time, as it was loaded."""
        memory, mmu = self._machine.memory, self._machine.cpu.mmu
        done = 0
        while done < len(code.data):
            at = code.linked + done
            piece = code.data[done : done + PAGE - (at & OFFSET)]
            physical = mmu.look(at, ptbr) if status & Status.VIRTUAL else at
            if physical is None and status & Status.KERNEL:
                # No other code can be meant: the kernel has lost its own from sight.
                physical = code.loaded + done
            if physical is None or not memory.holds(physical, len(piece)):
                return False
            if memory.read(physical, len(piece)) != piece:
                return False
            done += len(piece)
        return True

    def _code_was_replaced(self, program: _Program) -> bool:
        """Tell whether a debugger has written or flashed other code: lines may be others then."""
        log = self._machine.log
        if len(log) < self._events_seen:  # Its history was gone back to.
            self._events_seen = len(log)
            if self._replaced_by is not None and self._replaced_by > len(log):
                self._replaced_by = None
        seen = max(self._events_seen, log.forgotten)
        for number, (_, event) in enumerate(log.after(seen), seen + 1):
            match event:
                case WriteMemory(address, data):
                    parts: tuple[tuple[int, bytes], ...] = ((address, data),)
                case Flash(parts):
                    pass
                case _:
                    continue
            if self._replaced_by is None and program.is_replaced_by(parts):
                self._replaced_by = number
        self._events_seen = len(log)
        return self._replaced_by is not None


def _patched(code: _Code, parts: Iterable[tuple[int, bytes]]) -> bytes | bytearray:
    """Give code's bytes after others were written to physical addresses."""
    patched: bytes | bytearray = code.data
    for address, data in parts:
        start = max(address, code.loaded)
        end = min(address + len(data), code.loaded + len(code.data))
        if start < end:
            patched = bytearray(patched)
            patched[start - code.loaded : end - code.loaded] = data[start - address : end - address]
    return patched
