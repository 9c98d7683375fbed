"""The plain way to execute instructions, which every engine has to agree with.

Neighbouring instructions whose bodies are quiet (registers alone: no trap, no jump, no view of the
machine) are executed as one straight run, followed by one instruction that may do anything, before
and after which the CPU's state is exact. Must not know where the runs come from: engines do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from isa_spec.formats import LENGTH
from isa_spec.instruction import InstructionSet
from isa_spec.registers import MASKS, PC, REGISTERS, STATUS, Status
from isa_spec.traps import ILLEGAL, PRIVILEGED
from isa_spec.words import WORD
from machine.cpu import Cpu
from machine.engine import Decisions
from machine.reason import Reason
from machine.trapped import Trapped
from machine.watch import Watched

if TYPE_CHECKING:
    from machine.coverage import Coverage
    from machine.observation import Observation

_KERNEL: Final = int(Status.KERNEL)
_VIRTUAL: Final = int(Status.VIRTUAL)


@dataclass(frozen=True, slots=True)
class Step:
    """A decoded instruction, ready to be executed.

    `privileged` is the low word to report where user mode may not execute it, else None.
    `cut` lists the registers it writes that do not keep all bits.
    """

    execute: Callable[[], None]
    quiet: bool = False
    privileged: int | None = None
    jumps: bool = False
    cut: tuple[int, ...] = ()
    attend: bool = False


Run = tuple[tuple[Callable[[], None], ...], Step | None, int]
"""The bodies of quiet instructions, the instruction that ends the run, the number of the quiet
ones. The end is None where the page ends first, or a breakpoint may stop the run."""


class Interpreter:
    """Executes runs; what is made of it finds them."""

    def __init__(self, cpu: Cpu, instructions: InstructionSet) -> None:
        self._cpu: Final = cpu
        self._instructions: Final = instructions
        self._runs: Final[dict[int, Run]] = {}
        self._probed: tuple[Observation | None, Coverage | None] = None, None

    def run(self, until: int, breakpoints: frozenset[int], decisions: Decisions) -> Reason:
        """Execute (see Engine)."""
        probed = self._cpu.observation, self._cpu.coverage
        if probed != self._probed:
            self._probed = probed
            self.forget()
        cpu, r, runs = self._cpu, self._cpu.r, self._runs
        cpu.horizon = 0
        while True:
            try:
                while True:
                    if cpu.time >= cpu.horizon:
                        reason = cpu.attend(until)
                        if reason is not None:
                            return reason
                    pc = r[PC]
                    if pc in breakpoints and (pc not in decisions or decisions[pc]()):
                        return Reason.BREAKPOINT
                    run = None if r[STATUS] & _VIRTUAL else runs.get(pc)
                    if run is None:
                        run = self._fetch()
                    quiet, last, length = run
                    if length:
                        room = cpu.horizon - cpu.time
                        if length > room:
                            quiet, last, length = quiet[:room], None, room
                        for execute in quiet:
                            execute()
                        cpu.time += length
                        r[PC] = pc = (pc + LENGTH * length) & WORD
                        if last is None or length == room:
                            continue
                    elif last is None:
                        continue
                    cpu.next = (pc + LENGTH) & WORD
                    if last.privileged is not None and not r[STATUS] & _KERNEL:
                        raise Trapped(PRIVILEGED, last.privileged)
                    last.execute()
                    if last.jumps:
                        cpu.next = r[PC]
                    for number in last.cut:
                        r[number] &= MASKS[number]
                    if last.attend:
                        cpu.horizon = 0
                    r[PC] = cpu.next
                    cpu.time += 1
            except Watched as watched:
                cpu.watched = watched
                return Reason.WATCHPOINT
            except Trapped as trapped:
                cpu.enter(trapped.vector, trapped.detail, trapped.access)
                cpu.time += 1

    def forget(self) -> None:
        """Drop everything that was decoded."""
        raise NotImplementedError

    def _fetch(self) -> Run:
        """Find the run at pc; raises Trapped."""
        raise NotImplementedError

    def _decode_anew(self, address: int) -> None:
        """Forget what was decoded of the instruction at a physical address."""
        raise NotImplementedError

    def _step(self, word: int, address: int) -> Step:
        """Make the 64 bits of the instruction at a physical address ready to be executed."""
        low = word & WORD
        decoded = self._instructions.decode(word)
        if decoded is None:
            return Step(partial(self._cpu.trap, ILLEGAL, low))
        quiet = decoded.row.meaning.quiet
        written = decoded.written
        privileged = decoded.row.privileged or any(
            REGISTERS[number].privileged for number in decoded.registers
        )
        execute: Callable[[], None] = partial(
            decoded.row.body, self._cpu.r if quiet else self._cpu, *decoded.operands
        )
        observation, coverage = self._probed
        if observation is not None:
            from machine.probes import probed

            execute = probed(execute, decoded, self._cpu, observation, system=privileged)
        if coverage is not None:
            from machine.probes import covered

            unseen = coverage.missing(address, decides=decoded.row.meaning.decides)
            if unseen:
                execute = covered(execute, unseen, self._cpu, coverage, self._decode_anew)
                quiet = False
        return Step(
            execute=execute,
            quiet=quiet and not privileged and PC not in decoded.registers,
            privileged=low if privileged else None,
            jumps=PC in written,
            cut=tuple(number for number in written if MASKS[number] != WORD),
            attend=privileged,
        )
