"""The compiled engine: the reference until code is warm, generated functions from then on.

Whatever generated code does not do itself (traps, ports, privileged instructions, breakpoints, the
last instructions of a budget) is stepped by the reference, which thus alone knows how. Execution is
sampled while the reference steps; where it is met often, the code around it is compiled.
"""

from typing import Final

from isa_spec.formats import LENGTH
from isa_spec.instruction import InstructionSet
from isa_spec.registers import PC, PTBR, STATUS, Status
from isa_spec.traps import Access
from machine.compiled.accesses import Reach
from machine.compiled.flow import Explorer
from machine.compiled.instructions import Listing
from machine.compiled.library import MOST_VERSIONS, Library
from machine.compiled.loops import MOST_TURNS
from machine.compiled.mirror import Mirror
from machine.compiled.region import PATIENCE, Namespace, Terms, compile_region
from machine.compiled.spaces import Code, Heads, Space
from machine.compiled.stepping import Stepper
from machine.coverage import Coverage
from machine.cpu import Cpu
from machine.engine import Decisions
from machine.held_back import HeldBack
from machine.reason import Reason
from machine.watch import Watch

_VIRTUAL: Final = int(Status.VIRTUAL)
_MODE: Final = int(Status.VIRTUAL | Status.KERNEL)

WARM: Final = 6
"""How often execution must be met around an address for the code there to be compiled."""
AROUND: Final = 64
"""Bytes of code that count as one place."""
STRIDE: Final = 97
"""Instructions that the reference steps between two looks at where execution is."""
WORTHWHILE: Final = 64
"""A run of fewer instructions is left to the reference."""
MOST_AT_ONCE: Final = MOST_TURNS
"""Instructions after which generated code comes back, to be interrupted if that was asked for."""
MOST_BROKEN: Final = 5
"""How often a region may be compiled anew because something was not as it took for granted."""
MOST_WATCHED: Final = 1 << 14
"""Bytes that may be watched without the run being left to the reference."""
MOST_SPACES: Final = 256
_MOST_STRIDES: Final = 16
"""How much less often to look, at most, where there is nothing to compile again and again."""


class Compiled:
    """The engine.

    `warm`, `stride`, `worthwhile`: see the constants of these names; tests compile at once.
    """

    name = "compiled"

    def __init__(
        self,
        cpu: Cpu,
        instructions: InstructionSet,
        *,
        warm: int = WARM,
        stride: int = STRIDE,
        worthwhile: int = WORTHWHILE,
    ) -> None:
        self._cpu = cpu
        self._instructions = instructions
        self._warm = warm
        self._stride = self._pace = stride
        self._worthwhile = worthwhile
        self._mirror = Mirror(cpu.memory)
        self._reference = Stepper(cpu, instructions, self._mirror)
        self._spaces: Final[dict[tuple[int, int], Space]] = {}
        self._heads = Heads()
        self._library = Library()
        self._breakpoints: frozenset[int] = frozenset()
        self._watches: tuple[Watch, ...] = ()
        self._coverage: Coverage | None = None
        self._interrupts = HeldBack()

    @property
    def report(self) -> str:
        """Just the name."""
        return self.name

    def run(self, until: int, breakpoints: frozenset[int], decisions: Decisions) -> Reason:
        """Execute (see Engine). Raises KeyboardInterrupt between instructions alone."""
        cpu = self._cpu
        watched = sum(watch.end - watch.start for watch in cpu.watches)
        if watched > MOST_WATCHED or cpu.flows or until - cpu.time < self._worthwhile:
            return self._reference.run(until, breakpoints, decisions)
        with self._interrupts:
            self._watch(cpu.watches)
            self._cover(cpu.coverage)
            return self._run(until, self._cut_at(breakpoints), decisions)

    def _run(self, until: int, breakpoints: frozenset[int], decisions: Decisions) -> Reason:
        cpu, r, reference, mirror = self._cpu, self._cpu.r, self._reference, self._mirror
        coverage = self._coverage
        cpu.horizon = 0
        while True:
            if self._interrupts.asked:
                return Reason.BUDGET
            if cpu.time >= cpu.horizon:
                reason = cpu.attend(until)
                if reason is not None:
                    return reason
            pc, room, address = r[PC], min(cpu.horizon - cpu.time, MOST_AT_ONCE), -1
            space = self._space()
            code = space.regions.get(pc)
            stops, last = breakpoints, cpu.horizon
            if pc in breakpoints:
                todo = 1
            elif code is None:
                if self._warms(space, pc):
                    continue
                todo, last = self._pace, until
                stops = self._heads.stops(breakpoints)
                if pc in stops:  # where code of another space is entered
                    todo, stops = 1, breakpoints
            elif room < code.region.unbound.need:
                todo = room
            else:
                mirror.refresh()
                done = code.region.function(room, pc)
                if done is None:
                    self._broke(code)
                    continue
                executed, todo, address = done
                cpu.time += executed
                region = code.region
                region.gained += executed - region.unbound.worth
                if region.gained < 0:
                    self._give_up(code)
                elif region.gained > PATIENCE:
                    region.gained = PATIENCE
                if not todo:
                    continue
                if address == -2:
                    self._broke(code)
                if todo < 0:
                    todo = cpu.horizon - cpu.time
                    if todo >= code.region.unbound.need:
                        continue
            end = min(cpu.time + todo, last)
            reason = reference.run(end, stops, decisions)
            if reason is Reason.BUDGET:
                if cpu.time < end:  # time has wrapped
                    return reason
            elif reason is not Reason.BREAKPOINT or r[PC] in breakpoints:
                return reason
            cpu.horizon = 0
            if address >= 0:
                self._admit(address)
            if coverage is not None and coverage.news:
                self._see_more(coverage)

    def forget(self) -> None:
        """Drop everything."""
        for space in self._spaces.values():
            space.forget()
        self._spaces.clear()
        self._library.clear()
        self._reference.forget()
        self._mirror.clear()

    def _cover(self, coverage: Coverage | None) -> None:
        """Compile only what coverage has seen."""
        if coverage is not self._coverage:
            self._coverage = coverage
            self.forget()

    def _see_more(self, coverage: Coverage) -> None:
        """Drop what was compiled without what coverage has seen since."""
        near = coverage.news | {address - LENGTH for address in coverage.news}
        coverage.news.clear()
        self._library.clear()
        for space in self._spaces.values():
            for code in set(space.regions.values()):
                if not near.isdisjoint(code.region.words):
                    space.drop(code)

    def _watch(self, watches: tuple[Watch, ...]) -> None:
        """Have accesses that are watched, and others to those words, left to the reference.

        Where translation is on this is done as pages are admitted.
        """
        if watches == self._watches:
            return
        self._watches = watches
        self._mirror.unveil()
        for watch in watches:
            if watch.ptbr is None:
                for address in filter(self._cpu.memory.holds, watch.words):
                    self._mirror.veil(address, loads=Access.LOAD in watch.accesses)
        for space in self._spaces.values():
            space.forget_windows()

    def _cut_at(self, breakpoints: frozenset[int]) -> frozenset[int]:
        """Drop what was compiled without regard to breakpoints; give them as one object."""
        if breakpoints != self._breakpoints:
            changed = breakpoints ^ self._breakpoints
            self._breakpoints = breakpoints
            for space in self._spaces.values():
                space.cut(changed)
        return self._breakpoints

    def _space(self) -> Space:
        r = self._cpu.r
        key = (r[PTBR], r[STATUS] & _MODE) if r[STATUS] & _VIRTUAL else (0, 0)
        space = self._spaces.get(key)
        if space is None:
            if len(self._spaces) >= MOST_SPACES:
                for old in self._spaces.values():
                    old.forget()
                self._spaces.clear()
            cpu = self._cpu
            translated = bool(r[STATUS] & _VIRTUAL)
            space = Space(self._mirror, cpu, self._heads, translated, self._stride)
            self._spaces[key] = space
        return space

    def _admit(self, address: int) -> None:
        """Make an access plain that made code leave, in the space that it left."""
        self._space().admit(address)
        if self._mirror.outgrown:
            self._mirror.outgrown = False
            for space in self._spaces.values():
                space.forget_flat()
        if self._mirror.full:
            self._mirror.clear()
            for space in self._spaces.values():
                space.forget_windows()

    def _warms(self, space: Space, pc: int) -> bool:
        """Compile the code at pc if it is met often enough; tell whether it can be entered."""
        if space.leaves_alone(pc):
            self._pace = min(2 * self._pace, _MOST_STRIDES * self._stride)
            return False
        self._pace = self._stride
        if self._library.at(pc) and self._bound(space, pc):
            return True
        if not self._is_warm(space, pc):
            return False
        self._compile(space, pc)
        if pc in space.regions:
            return True
        space.leave_alone(pc)
        return False

    def _is_warm(self, space: Space, pc: int) -> bool:
        """Note that execution was met at pc; tell whether that has been so often enough."""
        around = pc // AROUND
        heat = space.heat[around] = space.heat.get(around, 0) + 1
        if heat < self._warm:
            return False
        space.heat[around] = 0
        return True

    def _bound(self, space: Space, pc: int) -> bool:
        """Use what was compiled of the same code before; tell whether it can be entered at pc."""
        terms, listing = self._terms(space, pc), self._listing(space)
        for unbound in reversed(self._library.at(pc)):
            if unbound.suits(terms, self._cpu.r) and not unbound.heads <= space.regions.keys():
                region = unbound.bind(listing, self._namespace(space))
                if region is not None:
                    space.add(region)
                    return pc in space.regions
        return False

    def _compile(self, space: Space, pc: int) -> None:
        self._mirror.prepare()
        listing = self._listing(space)
        explorer = Explorer(listing, self._breakpoints)
        unbound = compile_region(explorer, pc, self._cpu.r, self._terms(space, pc))
        region = None if unbound is None else unbound.bind(listing, self._namespace(space))
        if unbound is not None and region is not None:
            self._library.add(unbound)
            space.add(region)

    def _terms(self, space: Space, pc: int) -> Terms:
        """What code at pc may take for granted, by what has turned out not to be so before."""
        broken = space.broken.get(pc, 0)
        reach = Reach(size=self._mirror.limit)
        if space.windowed:
            flat = self._mirror.flat
            same = broken < 1 and flat and space.locate(pc) == pc
            reach = Reach(low=broken < 2, same=same, flat=flat)
        fix = broken < MOST_BROKEN and len(self._library.at(pc)) < MOST_VERSIONS
        return Terms(reach, self._breakpoints, fix=fix, modest=broken < 2)

    def _listing(self, space: Space) -> Listing:
        words = self._cpu.memory.words
        return Listing(self._instructions, words, space.locate, self._coverage)

    def _namespace(self, space: Space) -> Namespace:
        return {
            "r": self._cpu.r,
            "slots": self._mirror.slots,
            "plain": self._mirror.plain,
            "words": self._cpu.memory.words,
            "load_window": space.loads.get,
            "store_window": space.stores.get,
        }

    def _broke(self, code: Code) -> None:
        """Forget a region that took for granted what is not so; it will do so less often."""
        space = code.space
        space.drop(code)
        times = 1 + max(space.broken.get(head, 0) for head in code.region.heads)
        for address in code.region.addresses:
            space.broken[address] = max(times, space.broken.get(address, 0))

    def _give_up(self, code: Code) -> None:
        """Forget a region that has been left too soon too often, for a long time."""
        code.space.drop(code)
        for address in code.region.addresses:
            code.space.leave_alone(address)
