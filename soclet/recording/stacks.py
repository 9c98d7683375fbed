"""The call stacks of a run, followed by its calls, returns, traps and interrupts.

A return is matched by where it goes, the stack pointer and the address space, so that jumps over
several callers, and kernels that switch stacks, lead to the frames that they mean. Knows the
machine's registers and the convention (isa §7) as far as a stack grows downwards. Must not know
what the stacks are followed for.
"""

from collections.abc import Callable
from typing import Any, Final

from isa_spec.formats import LENGTH
from isa_spec.instructions import BASE
from isa_spec.registers import EPC, LINK, PC, SP, Status
from isa_spec.words import WORD
from machine.happenings import Call, CallReturn, TrapReturn
from machine.machine import Machine
from machine.trapped import Entered

_VIRTUAL: Final = int(Status.VIRTUAL)
_MOST_WAITING: Final = 1 << 16
"""Returns that are waited for; the oldest are forgotten, since some never come."""

Home = tuple[int, int, int | None, bool]
"""What a frame goes back to: address, sp, page table (None: physical), and whether by `iret`."""

_NOWHERE: Final[Home] = (0, WORD + 1, None, False)


class Frame:
    """A function that was called, or a handler; the parts never change.

    parent: what it goes back to; None at the bottom. caller: the instruction that called it, or
    that it came before or was to blame. entry: where it began. entered: the trap or interrupt of a
    handler. base: the bottom of its own stack: a handler begins one. depth: frames below it.
    label: for whoever follows the stacks.
    """

    __slots__ = ("base", "caller", "depth", "entered", "entry", "home", "label", "parent")

    def __init__(
        self,
        parent: "Frame | None",
        caller: int,
        entry: int,
        home: Home,
        entered: Entered | None = None,
    ) -> None:
        self.parent: Final = parent
        self.caller: Final = caller
        self.entry: Final = entry
        self.home: Final = home
        self.entered: Final = entered
        self.depth: Final[int] = 0 if parent is None else parent.depth + 1
        self.base: Final[Frame] = self if parent is None or entered else parent.base
        self.label: Any = None


class Stacks:
    """Follows a machine from where it is now on.

    top: the innermost frame. switches: how often the guest went over to another of its stacks.
    resynchronisations: how often a return was none that was waited for, so that where it led was
    concluded from the stack pointer and the program's functions. `function` tells functions apart
    by an address, as memory is seen now; it gives None where it knows none.
    """

    def __init__(self, machine: Machine, function: Callable[[int], str | None]) -> None:
        self._machine: Final = machine
        self._function: Final = function
        self._waiting: Final[dict[Home, Frame]] = {}
        self.top = Frame(None, machine.cpu.r[PC], machine.cpu.r[PC], _NOWHERE)
        self.switches = 0
        self.resynchronisations = 0

    def called(self, call: Call) -> None:
        """A function was called."""
        home = (call.pc + LENGTH & WORD, self._machine.cpu.r[SP], self._machine.cpu.space, False)
        parent = self.top
        earlier = self._waiting.get(home)
        if earlier is not None and self._holds(earlier):
            # The same call again, at the same depth: the earlier one has been left without a return
            self.resynchronisations += 1
            parent = earlier.parent or parent
        self._push(Frame(parent, call.pc, call.to, home))

    def returned(self, gone: CallReturn) -> None:
        """Control went to an address out of a register or memory: it may be a return."""
        top, sp = self.top, self._machine.cpu.r[SP]
        home = (gone.to, sp, self._machine.cpu.space, False)
        if top.home == home:
            self._pop(top)
        elif (found := self._waiting.get(home)) is not None:
            if found.base is top.base:
                self.resynchronisations += 1
            else:
                self.switches += 1
            self._pop(found)
        else:
            self._conclude(gone, sp)

    def entered(self, entered: Entered) -> None:
        """A handler was entered; after a check-stop nothing is."""
        cpu = self._machine.cpu
        if not cpu.check_stopped:
            space = entered.ptbr if entered.status & _VIRTUAL else None
            home = (cpu.r[EPC], cpu.r[SP], space, True)
            self._push(Frame(self.top, entered.pc, cpu.r[PC], home, entered))

    def trap_returned(self, gone: TrapReturn) -> None:
        """`iret` went back, or to what it has never come from."""
        cpu, base = self._machine.cpu, self.top.base
        home = (gone.to, cpu.r[SP], cpu.space, True)
        if base.home == home:
            self._pop(base)
        elif (found := self._waiting.get(home)) is not None:
            self.switches += 1
            self._pop(found)
        elif base.home[1:] == home[1:]:  # A handler may have what it came from go on elsewhere.
            self._pop(base)
        else:
            self.resynchronisations += base.entered is not None
            self._begin(gone.to)

    def _push(self, frame: Frame) -> None:
        if len(self._waiting) >= _MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]
        self._waiting[frame.home] = self.top = frame

    def _pop(self, frame: Frame) -> None:
        if self._waiting.get(frame.home) is frame:
            del self._waiting[frame.home]
        if frame.parent is not None:
            self.top = frame.parent

    def _begin(self, entry: int) -> None:
        self.top = Frame(None, entry, entry, _NOWHERE)

    def _holds(self, frame: Frame) -> bool:
        """Tell whether a frame is in the present stack."""
        at: Frame | None = self.top
        while at is not None and at.depth > frame.depth:
            at = at.parent
        return at is frame

    def _conclude(self, gone: CallReturn, sp: int) -> None:
        """Find out what it was that nobody has waited for: a jump, or a return to whom."""
        top, function = self.top, self._function(gone.to)
        deeper = top is top.base or sp <= top.home[1]
        if deeper and function == self._function(gone.pc):
            return
        frame = top
        while frame is not frame.base and frame.parent is not None:
            if frame.home[1] <= sp and function == self._function(frame.caller):
                self.resynchronisations += 1
                self._pop(frame)
                return
            frame = frame.parent
        if not deeper or self._names_link(gone.pc):
            self.resynchronisations += 1
            self._begin(gone.to)

    def _names_link(self, pc: int) -> bool:
        """Tell whether an instruction that jumped took the address from link: it was a return."""
        cpu = self._machine.cpu
        at = pc if cpu.space is None else cpu.mmu.look(pc)
        if at is None or not cpu.memory.holds(at, LENGTH):
            return False
        decoded = BASE.decode(int.from_bytes(cpu.memory.read(at, LENGTH), "little"))
        return decoded is not None and LINK in decoded.registers
