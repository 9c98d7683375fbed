"""Makes blocks: which instructions go into one, and how their templates' code is joined.

A block is entered at its start alone and takes its whole budget there; ways out of its middle give
back what they do not execute. Knows instructions and pieces. Must not know where blocks lie, or a
processor.
"""

from collections.abc import Callable, Container
from dataclasses import dataclass, field
from enum import Flag, auto
from typing import Final

from isa_spec import instructions as rows
from isa_spec.formats import LENGTH
from isa_spec.instruction import Body, Decoded, InstructionSet
from isa_spec.paging import OFFSET, PAGE_SHIFT
from isa_spec.registers import PC, PTBR, REGISTERS, STATUS
from isa_spec.words import WORD
from machine.coverage import Coverage, Covered
from machine.native.backend import Backend
from machine.native.frame import Exit
from machine.native.piece import (
    ATTENDED,
    Common,
    Follow,
    Goal,
    Label,
    Leave,
    Mode,
    Piece,
    Place,
    Section,
)

LONGEST: Final = 64
"""Instructions in a block, at most."""

_EXECUTED: Final = int(Covered.EXECUTED)
_TAKEN: Final = int(Covered.TAKEN)
_NOT_TAKEN: Final = int(Covered.NOT_TAKEN)

_REMEMBERED: Final = 1 << 16
"""Instructions whose meaning is kept."""

STEPPED: Final[frozenset[Body]] = frozenset({rows.wait, rows.brk})
"""Rows that have no template: what they do concerns more than the CPU's registers."""


class Left(Flag):
    """What is left to the reference's way though machine code could do it: somebody observes it."""

    NOTHING = 0
    TRAPS = auto()
    """The instruction `trap`."""
    INTERRUPTS = auto()
    RETURNS = auto()
    """The instruction `iret`."""
    STATUS = auto()
    TABLE = auto()
    """Writes to status, and to ptbr."""
    PORTS = auto()


@dataclass(frozen=True, slots=True)
class Instruction:
    """One of a block: where the program has it and what it is; None where it is stepped.

    `port`: it was seen to use a port. `unseen`: the ways of a conditional branch that it was not
    seen to go, where that is looked for; of Covered, as a number, since flags are slow.
    """

    pc: int
    decoded: Decoded | None
    port: bool = False
    unseen: int = 0


@dataclass(slots=True)
class Code:
    """A block's code without a place.

    `links` are offsets of holes, each with the guest's address that its jump is to reach and
    where it goes until there is code for that. `shared` are offsets of holes for shared code,
    `short` is the one of them that is reached where the budget does not suffice.
    """

    bytes: bytearray = field(default_factory=bytearray)
    links: list[tuple[int, int, int]] = field(default_factory=list)
    shared: list[tuple[int, Common]] = field(default_factory=list)
    short: int = 0


class Builder:
    """Makes blocks of the instructions in memory.

    `word_at` gives the 64 bits of the instruction at a physical address, `stepped` tells whether
    it is to be left to the reference's way though there is a template, `port` whether it was seen
    to use a port. left: what else is to be left to it. coverage: what is to see each instruction,
    and each way of a branch, once: until then those are left to it too.
    """

    def __init__(
        self,
        host: Backend,
        instructions: InstructionSet,
        memory_size: int,
        word_at: Callable[[int], int],
        stepped: Callable[[int], bool],
        port: Callable[[int], bool],
    ) -> None:
        self.left = Left.NOTHING
        self.coverage: Coverage | None = None
        self._host: Final = host
        self._instructions: Final = instructions
        self._memory_size: Final = memory_size
        self._word_at: Final = word_at
        self._stepped: Final = stepped
        self._port: Final = port
        self._meanings: Final[dict[int, Decoded | None]] = {}
        self._pieces: Final[dict[tuple[object, ...], Piece]] = {}

    def gather(
        self, mode: Mode, pc: int, physical: int, stops: Container[int]
    ) -> list[Instruction]:
        """Choose a block's instructions; it ends before addresses in `stops`.

        One that is stepped or uses a port ends it, and so does the end of the page.
        """
        gathered: list[Instruction] = []
        while True:
            decoded = None if self._stepped(physical) else self._meaning(self._word_at(physical))
            if decoded is not None and not self._has_template(decoded, mode):
                decoded = None
            unseen = self._unseen(physical, decoded)
            if unseen & _EXECUTED:
                decoded = None
            port = decoded is not None and self._port(physical) and Left.PORTS not in self.left
            gathered.append(Instruction(pc, decoded, port, unseen))
            if decoded is None or port or unseen or self._goes_elsewhere(decoded):
                return gathered
            pc, physical = (pc + LENGTH) & WORD, physical + LENGTH
            if not physical & OFFSET or pc in stops or len(gathered) == LONGEST:
                return gathered

    def _unseen(self, physical: int, decoded: Decoded | None) -> int:
        """Tell what coverage has not seen of an instruction."""
        if self.coverage is None or decoded is None:
            return 0
        return int(self.coverage.missing(physical, decides=decoded.row.meaning.decides))

    def accesses(self, word: int) -> bool:
        """Tell whether an instruction loads or stores."""
        decoded = self._meaning(word)
        return decoded is not None and decoded.row.body in (rows.load, rows.store)

    def _meaning(self, word: int) -> Decoded | None:
        if word not in self._meanings:
            if len(self._meanings) >= _REMEMBERED:
                self._meanings.clear()
                self._pieces.clear()
            self._meanings[word] = self._instructions.decode(word)
        return self._meanings[word]

    def _has_template(self, decoded: Decoded, mode: Mode) -> bool:
        """Tell whether machine code does it; what traps for want of privilege is stepped."""
        body, written = decoded.row.body, decoded.written
        privileged = decoded.row.privileged or any(
            REGISTERS[number].privileged for number in decoded.registers
        )
        return (
            body in self._host.templates
            and (mode.kernel or not privileged)
            and not (body is rows.trap and Left.TRAPS in self.left)
            and not (body is rows.iret and Left.RETURNS in self.left)
            and not (STATUS in written and Left.STATUS in self.left)
            and not (PTBR in written and Left.TABLE in self.left)
        )

    @staticmethod
    def _goes_elsewhere(decoded: Decoded) -> bool:
        """Tell whether what follows in memory is unlikely to be what follows in time.

        A branch back is a loop's, and mostly taken; a branch ahead is not, as far as one can tell.
        """
        if decoded.row.body in _JUMPS or PC in decoded.written:
            return True
        if not ATTENDED.isdisjoint(decoded.written):
            return True
        return decoded.row.body in _BRANCHES and decoded.operands[-1] <= 0

    def build(self, mode: Mode, instructions: list[Instruction], *, careful: bool) -> Code:
        """Write a block. A careful one takes its budget one instruction at a time."""
        count = sum(instruction.decoded is not None for instruction in instructions)
        layout = _Layout(self._host, mode, instructions[0].pc)
        known: dict[int, int] = {}
        if not careful:
            layout.check(instructions[0].pc, count, Exit.SHORT)
        for index, instruction in enumerate(instructions):
            pc, decoded = instruction.pc, instruction.decoded
            left = 1 if careful else count - index
            if decoded is None:
                layout.end(pc, Leave(Exit.STEP))
                break
            if careful:
                layout.check(pc, 1, Exit.LOOK)
            place = Place(pc, mode, self._memory_size, known, instruction.port)
            piece = self._piece(place, decoded)
            if instruction.unseen & _TAKEN:
                piece = piece.leaving(Leave(Exit.STEP))
            layout.add(piece, pc, left)
            _learn(known, decoded)
            if instruction.unseen & _NOT_TAKEN:
                layout.end(pc, Leave(Exit.STEP), undone=1)
                break
            if piece.ends:
                break
        else:
            layout.end(pc, Follow((pc + LENGTH) & WORD))
        return layout.finish()

    def _piece(self, place: Place, decoded: Decoded) -> Piece:
        """Write an instruction's piece, or find one that was written for another place."""
        registers = decoded.registers
        if place.port or PC in registers or decoded.row.body in _BRANCHES | _JUMPS:
            return self._write(place, decoded)
        if not ATTENDED.isdisjoint(decoded.written):
            return self._write(place, decoded)
        known = tuple(place.known.get(number) for number in registers)
        key = (decoded.row.body, decoded.operands, place.mode, known)
        piece = self._pieces.get(key)
        if piece is None:
            piece = self._pieces[key] = self._write(place, decoded)
        return piece

    def _write(self, place: Place, decoded: Decoded) -> Piece:
        writer = self._host.writer(place)
        self._host.templates[decoded.row.body](writer, *decoded.operands)
        return writer.piece


_BRANCHES: Final = frozenset(
    {rows.condbr_less, rows.condbr_equal, rows.condbr_greater, rows.condbr_different}
)
_JUMPS: Final = frozenset({rows.branch, rows.trap, rows.iret})


def _learn(known: dict[int, int], decoded: Decoded) -> None:
    """Keep `known` true: which registers hold a constant once the instruction is done."""
    for number in decoded.written:
        known.pop(number, None)
    if decoded.row.body is rows.mov_value and REGISTERS[decoded.operands[0]].mask == WORD:
        known[decoded.operands[0]] = decoded.operands[1]


class _Layout:
    """Puts pieces one after the other, what is out of the way behind them, and fills the holes."""

    def __init__(self, host: Backend, mode: Mode, start: int) -> None:
        self._host = host
        self._mode = mode
        self._page = start >> PAGE_SHIFT
        self._code = Code()
        self._aside: list[tuple[Piece, int, int, int]] = []
        self._holes: list[tuple[int, Goal, int, int]] = []

    def check(self, pc: int, count: int, short: Exit) -> None:
        """Take `count` instructions from the budget, or leave before the one at pc."""
        writer = self._host.writer(Place(pc, self._mode, 0))
        self._host.take_budget(writer, count, Leave(short))
        self.add(writer.piece, pc, count)

    def end(self, pc: int, goal: Goal, undone: int = 0) -> None:
        """Go to a goal once all is done, but for so many instructions that the budget has paid."""
        writer = self._host.writer(Place(pc, self._mode, 0))
        self._host.jump(writer, goal)
        self.add(writer.piece, pc, undone if isinstance(goal, Leave) else 1)

    def add(self, piece: Piece, pc: int, left: int) -> None:
        """Add the piece of the instruction at pc, with `left` of the budget, itself included."""
        base = len(self._code.bytes)
        self._code.bytes += piece.code[Section.LIKELY]
        if piece.holes:
            self._aside.append((piece, base, pc, left))

    def finish(self) -> Code:
        """Give the code, all holes within it filled."""
        code = self._code
        for piece, likely, pc, left in self._aside:
            bases = likely, len(code.bytes)
            code.bytes += piece.code[Section.ASIDE]
            for hole in piece.holes:
                at = bases[hole.section] + hole.offset
                if isinstance(hole.goal, Label):
                    target = bases[hole.goal.section] + hole.goal.offset
                    self._host.fill(code.bytes, at, target)
                elif isinstance(hole.goal, Common):
                    code.shared.append((at, hole.goal))
                else:
                    self._holes.append((at, hole.goal, pc, left))
        stubs: dict[tuple[Goal, int, int], int] = {}
        for at, goal, pc, left in self._holes:
            self._reach(at, goal, pc, left, stubs)
        return code

    def _reach(
        self, at: int, goal: Goal, pc: int, left: int, stubs: dict[tuple[Goal, int, int], int]
    ) -> None:
        """Fill a hole whose goal is outside the block, by a stub that puts all in order."""
        if isinstance(goal, Follow) and left == 1 and self._is_near(goal.pc):
            stub = self._stub(Leave(Exit.LOOK), goal.pc, 0)
            self._code.links.append((at, goal.pc, stub))
        else:
            key = goal, pc, left
            stub = stubs.get(key) or self._stub(goal, pc, left)
            stubs[key] = stub
        self._host.fill(self._code.bytes, at, stub)

    def _is_near(self, pc: int) -> bool:
        """Tell whether a link may stay whatever the page table says: it is in the same page."""
        return not self._mode.table or pc >> PAGE_SHIFT == self._page

    def _stub(self, goal: Goal, pc: int, left: int) -> int:
        """Write a stub; give its offset."""
        code, writer = self._code, self._host.writer(Place(pc, self._mode, 0))
        start = len(code.bytes)
        if isinstance(goal, Leave):
            self._host.give_back(writer, left)
            looks = goal.why in (Exit.LOOK, Exit.SHORT)
            self._host.leave(writer, pc, goal.why, Common.LOOK if looks else Common.LEAVE)
        elif isinstance(goal, Follow):
            self._host.give_back(writer, left - 1)
            if self._is_near(goal.pc):
                self._host.jump(writer, goal)
            else:
                self._host.jump_by_table(writer, goal.pc)
        code.bytes += writer.piece.code[Section.LIKELY]
        for hole in writer.piece.holes:
            at = start + hole.offset
            if isinstance(hole.goal, Follow):
                self._reach(at, hole.goal, pc, 1, {})
            elif isinstance(hole.goal, Common):
                code.shared.append((at, hole.goal))
                if goal == Leave(Exit.SHORT):
                    code.short = at
        return start
