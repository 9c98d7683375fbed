"""The CPU: its state, its accesses, and how it enters traps and interrupts (isa §1, §4, §5).

Knows memory, MMU and bus. Must not know how instructions are decoded or executed: engines do.
"""

from collections import deque
from typing import TYPE_CHECKING, Any, Final, NoReturn

from isa_spec.cpu import Registers
from isa_spec.formats import LENGTH
from isa_spec.memory_map import MEMORY_START
from isa_spec.registers import (
    CAUSE,
    DETAIL,
    EPC,
    ESTATUS,
    IMASK,
    IVEC,
    MASKS,
    PC,
    PTBR,
    REGISTERS,
    STATUS,
    Status,
)
from isa_spec.traps import BREAK, BY_NUMBER, MISALIGNED, NOTHING, Access, Vector
from isa_spec.words import WORD
from machine.bus import Bus
from machine.device import NEVER
from machine.memory import Memory
from machine.mmu import Mmu
from machine.reason import Reason
from machine.trapped import Entered, Interrupt, Trap, Trapped
from machine.watch import Watch, Watched, check

if TYPE_CHECKING:
    from machine.coverage import Coverage
    from machine.observation import Observation
    from machine.observers import Observers

_KERNEL: Final = int(Status.KERNEL)
_VIRTUAL: Final = int(Status.VIRTUAL)
_INTERRUPTS: Final = int(Status.INTERRUPTS)

REMEMBERED_TRAPS: Final = 16


class Cpu:
    """All of the CPU's state, in plain attributes.

    r: registers by number; r[PC] is the instruction to come, or the one being executed.
    next: while an instruction executes, where the next one is.
    time: ticks completed.
    horizon: the tick at which an engine must call `attend`; 0 when it must do so at once.
    skew: time less the instructions executed: what was slept, wrapped or reset away.
    interrupts: how many were entered. With the instructions, this numbers all that happened.
    exit_status: what the power-off port was given; None while the power is on.
    debugged: a debugger is attached, so `brk` stops there (isa §2).
    held: a debugger holds interrupts back.
    entered: the last traps and interrupts, the newest last, for people to read.
    watches: what the present run stops before accesses to; watched: what it last stopped for.
    observation: what happened that the present run's observers asked for; None where they asked
        for nothing. coverage: what is to see which instructions the present run executes.
        These five are the debugger's, and no part of the state.
    left_sleep: the pc at which a debugger's write to pc ended sleep, None where none did.
    """

    __slots__ = (
        "asleep",
        "bus",
        "check_stopped",
        "coverage",
        "debugged",
        "entered",
        "exit_status",
        "heeds",
        "held",
        "horizon",
        "interrupts",
        "left_sleep",
        "memory",
        "mmu",
        "next",
        "observation",
        "r",
        "reached_brk",
        "skew",
        "time",
        "watched",
        "watches",
    )

    def __init__(self, memory: Memory, bus: Bus) -> None:
        self.r: Registers = [0] * len(REGISTERS)
        self.memory = memory
        self.bus = bus
        self.mmu = Mmu(memory, self.r)
        self.next = 0
        self.time = 0
        self.skew = 0
        self.interrupts = 0
        self.horizon = 0
        self.debugged = False
        self.held = False
        self.entered: deque[Entered] = deque(maxlen=REMEMBERED_TRAPS)
        self.watches: tuple[Watch, ...] = ()
        self.watched: Watched | None = None
        self.observation: Observation | None = None
        self.coverage: Coverage | None = None
        self.heeds = False
        self.reset()

    def reset(self) -> None:
        """Set the registers and the time as after reset; end sleep, check-stop, power-off."""
        self.r[:] = [register.reset for register in REGISTERS]
        self.skew -= self.time
        self.time = 0
        self.horizon = 0
        self.asleep = False
        self.check_stopped = False
        self.reached_brk = False
        self.left_sleep: int | None = None
        self.exit_status: int | None = None
        self._follow()

    def heed(self, watches: tuple[Watch, ...], observers: "Observers | None") -> None:
        """Have the next run stop before these accesses, and tell these observers."""
        self.watches = watches
        self.coverage = None if observers is None else observers.coverage
        seen, told = self.observation, observers if observers and observers.asked else None
        if seen is not None and seen.observers is not told:
            seen.release()
            seen = None
        if seen is None and told is not None:
            from machine.observation import Observation

            seen = Observation(told, self.r, self.memory)
        if seen is not None:
            seen.stopped = None
        self.observation = seen
        self.heeds = bool(watches) or (seen is not None and seen.stores)

    @property
    def flows(self) -> bool:
        """Whether observers are told of what happens every few instructions."""
        return self.observation is not None and self.observation.flows

    def _follow(self) -> None:
        if self.observation is not None:
            self.observation.follow()

    @property
    def executed(self) -> int:
        """How many instructions were executed since the machine was made."""
        return self.time - self.skew

    @property
    def space(self) -> int | None:
        """The page table that translates now; None where translation is off."""
        return self.r[PTBR] if self.r[STATUS] & _VIRTUAL else None

    def write_register(self, number: int, value: int) -> None:
        """Write a register from outside; bits that it does not keep are cut off."""
        if number == PC:
            self._leave_or_resume_sleep(value)
        self.r[number] = value & MASKS[number]
        self.horizon = 0
        if number in (PC, PTBR):
            self._follow()

    def _leave_or_resume_sleep(self, pc: int) -> None:
        # A call from a debugger moves pc and puts it back: the sleep then goes on.
        if self.asleep:
            self.asleep, self.left_sleep = False, self.r[PC]
        elif pc == self.left_sleep:
            self.asleep, self.left_sleep = True, None

    # Accesses, as bodies see them

    def load(self, address: int) -> int:
        """Load a word; raises Trapped (isa §4), or Watched."""
        if self.heeds:
            check(self.watches, address, Access.LOAD, self.space)
        physical = self._physical(address, Access.LOAD)
        if physical < MEMORY_START:
            self.horizon = 0
            word = self.bus.load(physical, self.time)
            if word is None:
                raise Trapped(NOTHING, address, Access.LOAD)
            if self.observation is not None:
                self.observation.used_port(self.time, Access.LOAD, physical, word)
            return word
        self._check_memory(physical, address, Access.LOAD)
        return self.memory.words[physical >> 2]

    def store(self, address: int, word: int) -> None:
        """Store a word; raises Trapped (isa §4), or Watched."""
        if self.heeds:
            self._heed_store(address, word)
        physical = self._physical(address, Access.STORE)
        if physical < MEMORY_START:
            self.horizon = 0
            if not self.bus.store(physical, word, self.time):
                raise Trapped(NOTHING, address, Access.STORE)
            if self.observation is not None:
                self.observation.used_port(self.time, Access.STORE, physical, word)
        else:
            self._check_memory(physical, address, Access.STORE)
            self.memory.store(physical, word)

    def _heed_store(self, address: int, word: int) -> None:
        """See a store that is about to happen, or to trap, which forgets it again."""
        check(self.watches, address, Access.STORE, self.space)
        if self.observation is not None and self.observation.stores:
            space = self.space
            physical = address if space is None else self.mmu.look(address)
            if physical is not None and not physical & 3 and self.memory.holds(physical, 4):
                self.observation.storing(self.time, physical, word)
                self.horizon = 0

    def fetch(self) -> int:
        """Give the physical address of the instruction at pc; raises Trapped (isa §4)."""
        pc = physical = self.r[PC]
        if pc % LENGTH:
            raise Trapped(MISALIGNED, pc, Access.FETCH)
        if self.r[STATUS] & _VIRTUAL:
            physical = self.mmu.translate(pc, Access.FETCH)
        if not MEMORY_START <= physical < self.memory.size:
            raise Trapped(NOTHING, pc, Access.FETCH)
        return physical

    def _physical(self, address: int, access: Access) -> int:
        status = self.r[STATUS]
        if status & _VIRTUAL:
            return self.mmu.translate(address, access)
        if address < MEMORY_START and not status & _KERNEL:
            raise Trapped(NOTHING, address, access)
        return address

    def _check_memory(self, physical: int, address: int, access: Access) -> None:
        if physical & 3:
            raise Trapped(MISALIGNED, address, access)
        if physical >= self.memory.size:
            raise Trapped(NOTHING, address, access)

    # What else bodies ask for

    def trap(self, vector: Vector, detail: int) -> NoReturn:
        """Give the instruction up."""
        raise Trapped(vector, detail)

    def sleep(self) -> None:
        """Sleep once the instruction has completed."""
        self.asleep = True
        self.horizon = 0
        if self.observation is not None:
            self.observation.fell_asleep(self.time)

    def breakpoint(self) -> None:
        """Stop in the debugger once the instruction has completed, or trap."""
        if not self.debugged:
            raise Trapped(BREAK, 0)
        self.reached_brk = True
        self.horizon = 0

    def power_off(self, status: int) -> None:
        """Switch off once the instruction has completed."""
        self.exit_status = status
        self.horizon = 0

    # Traps and interrupts

    def enter(self, vector: Vector, detail: int, access: Access | None = None) -> None:
        """Enter a trap or an interrupt at the instruction at pc, or check-stop (isa §5)."""
        r = self.r
        r[EPC] = (r[PC] + LENGTH) & WORD if vector.after else r[PC]
        r[ESTATUS] = r[STATUS]
        r[CAUSE] = vector.number | (access or 0)
        r[DETAIL] = detail
        kind = Interrupt if vector.interrupt else Trap
        entered = kind(self.time, r[PC], r[CAUSE], detail, r[ESTATUS], r[PTBR])
        self.entered.append(entered)
        self.horizon = 0
        slot = r[IVEC] + 4 * vector.number
        handler = self.memory.words[slot >> 2] if self.memory.holds(slot, 4) else None
        if handler is None or handler % LENGTH or not self.memory.holds(handler, LENGTH):
            self.check_stopped = True
        else:
            r[STATUS] = _KERNEL
            r[PC] = handler
        if self.observation is not None:
            self.observation.entered(entered)

    def interrupt_due(self) -> Vector | None:
        """Give the interrupt that the next fetch would be preceded by."""
        if self.held or not self.r[STATUS] & _INTERRUPTS:
            return None
        lines = self.bus.pending(self.time) & self.r[IMASK]
        return BY_NUMBER.get(lowest_bit(lines)) or _unnamed(lines) if lines else None

    def enter_interrupt(self) -> bool:
        """Enter the interrupt that is due; False where none is."""
        vector = self.interrupt_due()
        if vector is None:
            return False
        self.interrupts += 1
        self.enter(vector, 0)
        return True

    def wake_if_due(self) -> None:
        """End sleep where an interrupt is pending and let through (isa §2, wait)."""
        if self.asleep and self.bus.pending(self.time) & self.r[IMASK]:
            self.asleep = False
            if self.observation is not None:
                self.observation.woke(self.time)

    def tell(self) -> bool:
        """Tell observers what has happened; tell whether one of them stops the run."""
        seen = self.observation
        return seen is not None and bool(seen.notes) and seen.tell()

    def attend(self, until: int) -> Reason | None:
        """Do what has to be done between instructions; tell why not to go on.

        Engines call this before they execute the instruction at tick `horizon`. It enters the
        interrupt that is due, unless the run ends before that, and sets the next horizon.
        """
        if self.tell():
            return Reason.OBSERVED
        if self.exit_status is not None:
            return Reason.POWER_OFF
        if self.check_stopped:
            return Reason.CHECK_STOP
        if self.reached_brk:
            self.reached_brk = False
            return Reason.BRK
        if self.time >= NEVER:
            self.time -= NEVER
            self.skew -= NEVER
            return Reason.BUDGET
        if self.asleep:
            return Reason.ASLEEP
        if self.time >= until:
            return Reason.BUDGET
        if self.enter_interrupt():
            if self.tell():
                return Reason.OBSERVED
            if self.check_stopped:
                return Reason.CHECK_STOP
        self.horizon = min(until, NEVER)
        if self.r[STATUS] & _INTERRUPTS and not self.held:
            self.horizon = min(self.horizon, self.bus.deadline(self.time, self.r[IMASK]))
        return None

    def save(self) -> tuple[Any, ...]:
        """Give all state as plain values."""
        return (tuple(self.r), *(getattr(self, name) for name in SAVED))

    def restore(self, state: tuple[Any, ...]) -> None:
        """Take back what `save` gave."""
        self.r[:] = state[0]
        for name, value in zip(SAVED, state[1:], strict=True):
            setattr(self, name, value)
        self.horizon = 0
        self._follow()


SAVED: Final = (
    "time",
    "skew",
    "interrupts",
    "asleep",
    "left_sleep",
    "check_stopped",
    "reached_brk",
    "exit_status",
    "debugged",
    "held",
)
"""The attributes that `Cpu.save` gives after the registers, in order."""


def lowest_bit(lines: int) -> int:
    """Give the number of the lowest bit set; -1 where none is."""
    return (lines & -lines).bit_length() - 1


def _unnamed(lines: int) -> Vector:
    """The vector of a device that the ISA does not know: 19 to 31 are open (isa §5)."""
    number = lowest_bit(lines)
    return Vector(number, f"interrupt-{number}", f"interrupt {number}", interrupt=True)
