"""A machine under test: run by ticks, or until something happens, and looked into.

Time is the machine's alone. Must not know pytest.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from os import PathLike
from random import Random
from typing import TYPE_CHECKING, Any, Final, TypeVar

from isa_spec.memory_map import DEFAULT_MEMORY
from machine.coverage import Coverage
from machine.device import NEVER
from machine.engines import maker
from machine.events import Event, FlipBits
from machine.happenings import PortStore
from machine.machine import Machine
from machine.nvram import Nvram, NvramError
from machine.observers import Observers
from machine.reason import Reason
from machine.snapshot import Snapshot
from machine.trapped import Entered, Happening
from soclet import quantities, sentences, views
from soclet.errors import UserError
from soclet.source_map import SourceMap
from soclet.testing.configuration import Configuration
from soclet.testing.console import Came, Console, Ticks
from soclet.testing.failure import Failure
from soclet.testing.faults import Noise
from soclet.testing.images import Images
from soclet.testing.inside import MemoryView, Registers, Symbols
from soclet.testing.stops import NOWHERE, Predicate, Stops, run_to_wish, wish
from toolchain.images import Image

if TYPE_CHECKING:
    from soclet.testing.joined import Joined

H = TypeVar("H", bound=Happening)

_ENDS: Final = (Reason.POWER_OFF, Reason.CHECK_STOP, Reason.ASLEEP)


@dataclass(frozen=True, slots=True)
class Saved:
    """A state to go back to, and what had come from the machine by then."""

    snapshot: Snapshot
    console: Came


class MachineUnderTest:
    """A machine before the first instruction of its image, and what a test may do with it.

    machine: the machine itself. serial: its console. registers, memory, symbols: its inside.
    random: chance by its seed. image: what it was made with, None where that is nothing. places:
    shows addresses by its names. ended: how the machine ended, None while it has not. base: the
    state that the log of its events goes on from. covered: what was executed of each image, where
    `covers` says that it is to be seen. Raises UserError where it cannot be made.
    """

    def __init__(
        self,
        configuration: Configuration,
        images: Images | None = None,
        *,
        covers: bool = False,
    ) -> None:
        self.configuration: Final = configuration
        self._images: Final = images or Images()
        self._closing: Final = ExitStack()
        self.image: Final = self._images.load(configuration)
        self.machine: Final = _make(configuration, self._closing)
        self._put(self.image)
        self.places: Final = SourceMap(self.machine, self.image)
        self.symbols: Final = Symbols(self.image)
        self.registers: Final = Registers(self.machine)
        self.memory: Final = MemoryView(self.machine, self.symbols)
        self.random: Final = Random(configuration.seed)
        self.serial: Final = Console(self, _noise(configuration))
        self.ended: Reason | None = None
        self.joined: Joined | None = None
        self.base = self.machine.snapshot()
        self._covers: Final = covers
        self.covered: Final[list[tuple[Image, Coverage]]] = []
        self._cover(self.image)
        self._told: list[tuple[type[Happening], Callable[[Any], object]]] = []
        self._violations: list[str] = []
        self._vector: int | None = None
        self._observe_anew()

    def close(self) -> None:
        """Bring its NVRAM file up to date, and let go of it."""
        with self._closing:
            self.machine.commit()

    # Time

    @property
    def time(self) -> int:
        """The tick that the machine is at."""
        return self.machine.cpu.time

    @property
    def pc(self) -> int:
        """The address of the instruction to come."""
        return self.registers["pc"]

    def run(self, ticks: Ticks | None = None) -> Reason:
        """Let so many ticks pass; LIMIT when they have, else how the machine ended before."""
        __tracebackhide__ = True
        end = self.deadline(ticks)
        while (reason := self.advance(end)) is Reason.OBSERVED:
            pass
        return reason

    def run_instructions(self, count: int) -> Reason:
        """Execute so many instructions; BUDGET when it has, else how the machine ended before."""
        __tracebackhide__ = True
        end = self.machine.cpu.executed + count
        while (left := end - self.machine.cpu.executed) > 0:
            reason = self.run_to(NEVER, Stops(budget=left))
            if reason is not Reason.OBSERVED:
                return reason
        return Reason.BUDGET

    def run_until(
        self,
        *,
        pc: int | str | None = None,
        symbol: str | None = None,
        write_to: int | str | None = None,
        trap: int | str | None = None,
        predicate: Predicate | None = None,
        ticks: Ticks | None = None,
    ) -> str:
        """Run until one of these comes; give the name of the argument that did.

        pc, symbol: before the instruction there, not counting one that the machine is at.
        write_to: after a store to that word. trap: a vector, by number or name, was entered.
        predicate: it is true of the machine after an instruction; slow, since each time is asked.
        Raises Failure where none came within `ticks`, or the machine ended before.
        """
        __tracebackhide__ = True
        wanted = wish(self, pc, symbol, write_to, trap, predicate)
        end = self.deadline(ticks)
        began = self.time
        reached = run_to_wish(self, wanted, end)
        if reached is None:
            raise Failure(
                f"{wanted.words} did not come within {end - began:,} ticks: {self.how_it_stands()}"
            )
        return reached

    def run_to_power_off(self, *, ticks: Ticks | None = None) -> int:
        """Run until the firmware switches the machine off; give its exit status.

        Raises Failure where it has not within `ticks`, or ended otherwise.
        """
        __tracebackhide__ = True
        end = self.deadline(ticks)
        began = self.time
        reason = self.run(end - began)
        if reason is not Reason.POWER_OFF or self.machine.cpu.exit_status is None:
            raise Failure(
                f"the machine was not switched off within {end - began:,} ticks: "
                f"{self.how_it_stands()}"
            )
        return self.machine.cpu.exit_status

    @property
    def exit_status(self) -> int | None:
        """What the firmware gave when it switched the machine off; None while it is on."""
        return self.machine.cpu.exit_status

    # What happens to it from outside

    def post(self, event: Event) -> None:
        """Have an event happen now (machine.events)."""
        self.machine.post(event)

    def schedule(self, tick: int, event: Event) -> None:
        """Have an event happen at a tick that is to come."""
        if tick < self.time:
            raise ValueError(f"tick {tick} is over: the machine is at {self.time}")
        self.machine.schedule(tick, event)

    def flip_bit(self, place: int | str, bit: int, *, at: int | None = None) -> None:
        """Flip a bit of the word at a place of physical memory, now or at a tick."""
        address = self.symbols.address(place) + bit // 8
        if not 0 <= bit < 32 or not self.machine.memory.holds(address):
            raise LookupError(f"no bit {bit} of a word is at {address - bit // 8:#x}")
        event = FlipBits(address, 1 << bit % 8)
        if at is None:
            self.post(event)
        else:
            self.schedule(at, event)

    def power_cycle(self) -> None:
        """Switch the machine off and on again: all but memory is as after reset (isa §1)."""
        if self.joined is not None:
            self.joined.resetting(self)
        self.machine.power_cycle()

    def flash(self, image: str | PathLike[str]) -> None:
        """Write an image to memory, keeping all else; raise UserError where it cannot be."""
        asked = replace(self.configuration, image=image, source=None)
        loaded = self._images.load(asked)
        assert loaded is not None
        self._put(loaded)
        self._cover(loaded)
        self._observe_anew()

    def snapshot(self) -> Saved:
        """Give the whole state, to go back to."""
        return Saved(self.machine.snapshot(), self.serial.keep())

    def restore(self, saved: Saved) -> None:
        """Become what the machine was when that was saved; what was to come is forgotten."""
        self.machine.restore(saved.snapshot)
        self.serial.go_back(saved.console)
        self.base = saved.snapshot

    # What is seen of it

    @property
    def traps(self) -> list[Entered]:
        """The last traps and interrupts that were entered, the newest last."""
        return list(self.machine.cpu.entered)

    @property
    def page_table(self) -> list[views.Mapping]:
        """What the page table that ptbr names maps, whether translation is on or not."""
        return list(views.mappings(self.machine))

    def record(self, kind: type[H]) -> list[H]:
        """Give a list to which all happenings of a kind are added from now on."""
        record: list[H] = []
        self._observe(kind, record.append)
        return record

    @contextmanager
    def observing(self, kind: type[H], tell: Callable[[H], object]) -> Iterator[None]:
        """Have `tell` called with all happenings of a kind within a `with` block."""
        self._observe(kind, tell)
        try:
            yield
        finally:
            self._told.pop()
            self._observe_anew()

    def always(self, kind: type[H], check: Callable[[H], object]) -> None:
        """Have `check` asked whenever something of a kind has happened, with all state exact.

        It fails the test where it returns False or a sentence, or raises AssertionError.
        """

        def judge(happening: H) -> None:
            try:
                said = check(happening)
            except AssertionError as error:
                said = str(error) or False
            if said is False or isinstance(said, str):
                name = getattr(check, "__name__", repr(check))
                self._violations.append(f"{said or name + ' does not hold'}: {happening}")

        self._observe(kind, judge)

    def how_it_stands(self) -> str:
        """Say at which tick the machine is, and whether it has ended."""
        match self.ended:
            case Reason.POWER_OFF:
                stands = sentences.power_off(self.machine, self.places)
            case Reason.CHECK_STOP:
                stands = sentences.check_stop(self.machine, self.places)
            case Reason.ASLEEP:
                stands = sentences.asleep(self.machine, self.places)
            case _:
                stands = f"the machine is at pc {self.places.show(self.pc)}"
        return f"{stands}, at tick {self.time:,}"

    # For the console, and for machines that are joined

    def deadline(self, ticks: Ticks | None) -> int:
        """Give the tick at which waiting for so many ticks from now is over."""
        return self.time + (
            self.configuration.patience if ticks is None else quantities.ticks_of(ticks)
        )

    def advance(self, limit: int, stops: Stops = NOWHERE) -> Reason:
        """Run up to a tick, or until something stops the machine; so do machines joined to it."""
        __tracebackhide__ = True
        return self.joined.advance(self, limit, stops) if self.joined else self.run_to(limit, stops)

    def run_to(self, limit: int, stops: Stops = NOWHERE) -> Reason:
        """As `advance`, of this machine alone. Raises Failure where an invariant does not hold."""
        __tracebackhide__ = True
        self._vector = stops.vector
        reason = self.machine.run(
            limit,
            stops.budget,
            breakpoints=stops.breakpoints,
            watches=stops.watches,
            observers=self._observers if stops.vector is None else self._observers_of_traps,
        )
        self.serial.collect()
        self.ended = reason if reason in _ENDS else None
        if self._violations:
            raise Failure(f"{self._violations.pop(0)}, at tick {self.time:,}")
        return reason

    @property
    def entered_what_was_wanted(self) -> bool:
        """Whether the run has just entered the vector that it was to stop at."""
        stopped = self.machine.cpu.observation and self.machine.cpu.observation.stopped
        return isinstance(stopped, Entered) and stopped.cause & 0xFF == self._vector

    def finish_store(self) -> bool:
        """Execute the store that the machine has stopped before; tell whether it was done."""
        before = self.traps[-1:]
        self.run_to(self.time + 1)
        return self.traps[-1:] == before

    def _observe(self, kind: type[H], tell: Callable[[H], object]) -> None:
        self._told.append((kind, tell))
        self._observe_anew()

    def _observe_anew(self) -> None:
        """Make the observers that runs are given; they stay the same as long as can be."""
        self._observers = self._observing()
        self._observers_of_traps = self._observing().on(Entered, self._is_wanted)

    def _observing(self) -> Observers:
        coverage = self.covered[-1][1] if self.covered else None
        observers = Observers(coverage).on(PortStore, self.serial.stored)
        for kind, tell in self._told:
            observers.on(kind, partial(self._tell, tell))
        return observers

    def _tell(self, tell: Callable[[Any], object], happening: Happening) -> bool:
        """Tell somebody; tell whether an invariant does not hold, which stops the run."""
        tell(happening)
        return bool(self._violations)

    def _is_wanted(self, entered: Entered) -> bool:
        return entered.cause & 0xFF == self._vector

    def _cover(self, image: Image | None) -> None:
        """See from now on what is executed of an image, where anything is to be."""
        if self._covers and image is not None:
            self.covered.append((image, Coverage()))

    def _put(self, image: Image | None) -> None:
        if image is not None:
            self.machine.flash((segment.address, segment.data) for segment in image.segments)


def _make(asked: Configuration, closing: ExitStack) -> Machine:
    try:
        nvram = None
        if asked.nvram_file is not None:
            nvram = Nvram(
                asked.nvram_file,
                asked.memory_size,
                default_size=DEFAULT_MEMORY,
                durable=asked.nvram_sync,
            )
            closing.callback(nvram.close)
        return Machine(
            nvram.size if nvram is not None else asked.memory_size or DEFAULT_MEMORY,
            byte_ticks=asked.byte_ticks,
            engine=maker(asked.engine),
            nvram=nvram,
        )
    except (ValueError, OSError, NvramError) as error:
        closing.close()
        raise UserError(str(error)) from error


def _noise(asked: Configuration) -> Noise | None:
    try:
        return None if asked.noise is None else Noise(asked.seed, **asked.noise)
    except (TypeError, ValueError) as error:
        raise UserError(f"noise {asked.noise!r}: {error}") from error
