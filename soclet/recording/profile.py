"""A profile: how many instructions each function executed, by the stack that it ran in. Exact.

Every instruction belongs to the function that its address is in, whatever was called to get there,
and to the callers that wait for it; a handler's to the trap or interrupt, not to what that came
upon. Knows stacks and the program's names. Must not know file formats.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from isa_spec.formats import LENGTH
from isa_spec.registers import PC
from isa_spec.words import WORD
from machine.happenings import Block, Call, CallReturn, TrapReturn
from machine.machine import Machine
from machine.observers import Observers
from machine.trapped import Entered
from soclet.recording.functions import Functions
from soclet.recording.stacks import Frame, Stacks
from soclet.sentences import entry_name
from soclet.source_map import SourceMap

DEEPEST: Final = 512
"""Functions of a stack that are told apart; what is deeper is one."""

UNSEEN: Final = "[not observed]"
"""For instructions that nobody told of: a debugger moved pc, or a run had other observers."""

_Shares = tuple[tuple[str | None, int], ...]
"""Instructions of a block by functions; those of no name have None."""

_DEEPER: Final = "[deeper]"


@dataclass(frozen=True, slots=True)
class Profile:
    """What was executed. `stacks`: instructions by the functions of a stack, the outermost first.

    `switches` and `resynchronisations`: see Stacks.
    """

    stacks: dict[tuple[str, ...], int]
    switches: int
    resynchronisations: int

    @property
    def total(self) -> int:
        """All instructions."""
        return sum(self.stacks.values())

    def of_functions(self) -> dict[str, int]:
        """Give the instructions that each function executed itself, the most first."""
        counts: dict[str, int] = {}
        for stack, count in self.stacks.items():
            counts[stack[-1]] = counts.get(stack[-1], 0) + count
        return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))


class _Callers:
    """The functions that wait for the one that runs, and what was executed above them."""

    def __init__(self, parent: "_Callers | None" = None, name: str = "") -> None:
        self._parent: Final = parent
        self._name: Final = name
        self.depth: Final[int] = 0 if parent is None else parent.depth + 1
        self._above: Final[dict[str, _Callers]] = {}
        self.executed: Final[dict[str, int]] = {}

    def above(self, name: str) -> "_Callers":
        """Give those with one more."""
        if self.depth >= DEEPEST:
            name = _DEEPER
            if self._name == name:
                return self
        found = self._above.get(name)
        if found is None:
            found = self._above[name] = _Callers(self, name)
        return found

    def names(self) -> tuple[str, ...]:
        """Give their names, the outermost first."""
        names, at = [], self
        while at._parent is not None:
            names.append(at._name)
            at = at._parent
        return tuple(reversed(names))

    def all(self) -> Iterator["_Callers"]:
        """Give these and all that are above them."""
        yield self
        for above in self._above.values():
            yield from above.all()


class Profiler:
    """Makes a profile of a machine from where it is now on, while it runs with these observers.

    The instructions of a run that has ended within a block count too. Going back in time does not
    take back what was counted.
    """

    def __init__(self, machine: Machine, places: SourceMap) -> None:
        self._cpu: Final = machine.cpu
        self._began: Final = machine.cpu.executed
        self._counted = 0
        self._functions: Final = Functions(machine, places)
        self._stacks: Final = Stacks(machine, self._functions.at)
        self._root: Final = _Callers()
        self._shares: Final[dict[tuple[int, int, int, int], _Shares]] = {}
        self._left: TrapReturn | None = None
        self._from = machine.cpu.r[PC]
        self._space = self._functions.space
        self._callers = self._root
        self._unnamed = ""
        self._follow()

    @property
    def observers(self) -> Observers:
        """Give new observers that keep it up to date."""
        return self.observe(Observers())

    def observe(self, observers: Observers) -> Observers:
        """Have observers keep it up to date, beside what they do already."""
        return (
            observers.on(Block, self._block)
            .on(Call, self._called)
            .on(CallReturn, self._returned)
            .on(TrapReturn, self._trap_returned)
            .on(Entered, self._entered)
        )

    def profile(self) -> Profile:
        """Give what was executed so far."""
        stacks: dict[tuple[str, ...], int] = {}
        for callers in self._root.all():
            names = callers.names()
            for name, count in callers.executed.items():
                stacks[*names, name] = count
        unseen = self._cpu.executed - self._began - self._counted
        begun = (self._cpu.r[PC] - self._from & WORD) // LENGTH
        if 0 < begun <= unseen:
            unseen -= begun
            names = self._callers.names()
            for function, count in self._shared_out(self._from, begun):
                stack = (*names, function or self._unnamed)
                stacks[stack] = stacks.get(stack, 0) + count
        if unseen > 0:
            stacks[UNSEEN,] = unseen
        return Profile(stacks, self._stacks.switches, self._stacks.resynchronisations)

    # What is told

    def _block(self, block: Block) -> bool:
        key = (block.start, block.pc, *self._space)
        shares = self._shares.get(key)
        if shares is None:
            count = (block.pc - block.start & WORD) // LENGTH + 1
            shares = self._shares[key] = self._shared_out(block.start, count)
        executed = self._callers.executed
        for function, count in shares:
            name = function or self._unnamed
            executed[name] = executed.get(name, 0) + count
            self._counted += count
        self._from, self._space = block.next, self._functions.space
        if self._left is not None:
            self._stacks.trap_returned(self._left)
            self._left = None
            self._follow()
        return False

    def _called(self, call: Call) -> bool:
        self._stacks.called(call)
        self._follow()
        return False

    def _returned(self, gone: CallReturn) -> bool:
        self._stacks.returned(gone)
        self._follow()
        return False

    def _trap_returned(self, gone: TrapReturn) -> bool:
        self._left = gone  # Its own block is told next.
        return False

    def _entered(self, entered: Entered) -> bool:
        self._stacks.entered(entered)
        self._from = self._cpu.r[PC]
        self._follow()
        return False

    # Names

    def _follow(self) -> None:
        """Know who is waiting now."""
        top = self._stacks.top
        if top.label is None:
            top.label = self._callers_of(top)
        self._callers = top.label
        self._unnamed = f"{top.entry:#x}"
        self._space = self._functions.space

    def _callers_of(self, frame: Frame) -> _Callers:
        below = frame.parent
        if frame.entered is not None:
            return self._root.above(f"[{entry_name(frame.entered)}]")
        if below is None:
            return self._root
        if below.label is None:
            below.label = self._callers_of(below)
        callers: _Callers = below.label
        return callers.above(self._functions.at(frame.caller) or f"{below.entry:#x}")

    def _shared_out(self, start: int, count: int) -> _Shares:
        """Share instructions out among the functions that they are in."""
        return tuple(
            Counter(
                self._functions.within(start + n * LENGTH & WORD, self._space) for n in range(count)
            ).items()
        )
