"""The plain way to execute instructions, which every engine has to agree with.

Neighbouring instructions that can neither jump nor change how others are executed make one straight
run, followed by one that may do anything, before and after which the CPU's state is exact. In a run
it is not: what needs it there is given up with nothing done, and executed once the state is exact.
Must not know where the runs come from: engines do.
"""

from dataclasses import dataclass
from functools import partial
from operator import length_hint
from typing import TYPE_CHECKING, Final

from isa_spec.formats import LENGTH
from isa_spec.instruction import Decoded, InstructionSet
from isa_spec.registers import MASKS, PC, REGISTERS, STATUS, Status
from isa_spec.traps import ILLEGAL, PRIVILEGED
from isa_spec.words import WORD
from machine.bound import Execute, bound
from machine.cpu import Cpu
from machine.engine import Decisions
from machine.plain import NotPlain
from machine.reason import Reason
from machine.trapped import Trapped
from machine.watch import Watched

if TYPE_CHECKING:
    from machine.coverage import Coverage
    from machine.observation import Observation

_KERNEL: Final = int(Status.KERNEL)


@dataclass(frozen=True, slots=True)
class Step:
    """A decoded instruction, ready to be executed.

    execute: with the state exact, but for `Cpu.next` and time, which are to be taken over.
    straight: in a straight run, raising NotPlain where it cannot; None where it is not to be tried.
    """

    execute: Execute
    straight: Execute | None = None


Run = tuple[tuple[Execute, ...], int, Execute | None, tuple[Execute, ...]]
"""What executes the instructions of a straight run, and how many they are; what executes the one
that ends it, None where the page ends first, or a breakpoint may stop the run; and what executes
those of the run with the state exact."""


class Interpreter:
    """Executes runs; what is made of it finds them."""

    def __init__(self, cpu: Cpu, instructions: InstructionSet) -> None:
        self._cpu: Final = cpu
        self._instructions: Final = instructions
        self._decoded_for: tuple[Observation | None, Coverage | None, bool] = None, None, False

    def run(self, until: int, breakpoints: frozenset[int], decisions: Decisions) -> Reason:
        """Execute (see Engine)."""
        cpu, r = self._cpu, self._cpu.r
        decoded_for = cpu.observation, cpu.coverage, cpu.heeds
        if decoded_for != self._decoded_for:
            self._decoded_for = decoded_for
            self.forget()
        runs: dict[int, Run] = {}
        cpu.horizon = 0
        while True:
            try:
                while True:
                    if cpu.time >= cpu.horizon:
                        reason = cpu.attend(until)
                        if reason is not None:
                            return reason
                        runs = self._look()
                    pc = r[PC]
                    if pc in breakpoints and (pc not in decisions or decisions[pc]()):
                        return Reason.BREAKPOINT
                    try:
                        straight, done, last, exact = runs[pc]
                    except KeyError:
                        straight, done, last, exact = self._fetch()
                    if done:
                        room = cpu.horizon - cpu.time
                        if done >= room:
                            straight, done, last = straight[:room], room, None
                        going = iter(straight)
                        try:
                            for execute in going:
                                execute()
                        except NotPlain as given_up:
                            done -= length_hint(going) + 1
                            last = exact[done]
                            if given_up.lasting:
                                self._note_given_up((pc + LENGTH * done) & WORD)
                        cpu.time += done
                        r[PC] = pc = (pc + LENGTH * done) & WORD
                        if last is None:
                            continue
                    assert last is not None, "a run without an end has something straight"
                    cpu.next = (pc + LENGTH) & WORD
                    last()
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

    def _look(self) -> dict[int, Run]:
        """Give the runs that are known, by pc, until something has to be attended to again."""
        raise NotImplementedError

    def _fetch(self) -> Run:
        """Find the run at pc; raises Trapped."""
        raise NotImplementedError

    def _decode_anew(self, address: int) -> None:
        """Forget what was decoded of the instruction at a physical address."""
        raise NotImplementedError

    def _note_given_up(self, pc: int) -> None:
        """Note that an instruction was given up in a straight run."""
        raise NotImplementedError

    def _step(self, word: int, address: int, plain: object = None) -> Step:
        """Make the 64 bits of the instruction at a physical address ready to be executed.

        `plain`: the CPU as its body sees it in a straight run; None where it is not to be in one.
        """
        cpu, low = self._cpu, word & WORD
        decoded = self._instructions.decode(word)
        if decoded is None:
            return Step(partial(cpu.trap, ILLEGAL, low))
        row, meaning = decoded.row, decoded.row.meaning
        privileged = row.privileged or any(
            REGISTERS[number].privileged for number in decoded.registers
        )
        body = bound(row.body, cpu.r if meaning.quiet else cpu, decoded.operands)
        execute = self._seen(body, decoded, address, privileged=privileged)
        if plain and meaning.plain and execute is body and not privileged:
            if meaning.quiet and PC not in decoded.registers:
                return Step(execute, execute)
            if not cpu.heeds and PC not in decoded.registers:
                return Step(execute, bound(row.body, plain, decoded.operands))
        if PC in decoded.written:
            execute = _jumping(execute, cpu)
        if privileged:
            execute = _privileged(execute, cpu, low, decoded.written)
        return Step(execute)

    def _seen(
        self, execute: Execute, decoded: Decoded, address: int, *, privileged: bool
    ) -> Execute:
        """Put probes around what executes an instruction, where somebody observes what it does."""
        observation, coverage, _ = self._decoded_for
        if observation is not None:
            from machine.probes import probed

            execute = probed(execute, decoded, self._cpu, observation, system=privileged)
        if coverage is not None:
            from machine.probes import covered

            unseen = coverage.missing(address, decides=decoded.row.meaning.decides)
            if unseen:
                execute = covered(execute, unseen, self._cpu, coverage, self._decode_anew)
        return execute


def _jumping(execute: Execute, cpu: Cpu) -> Execute:
    """Execute what writes pc."""

    def jump() -> None:
        execute()
        cpu.next = cpu.r[PC]

    return jump


def _privileged(execute: Execute, cpu: Cpu, low: int, written: tuple[int, ...]) -> Execute:
    """Execute what user mode may not, `low` being what to report then."""
    cut = tuple(number for number in written if MASKS[number] != WORD)

    def attended() -> None:
        if not cpu.r[STATUS] & _KERNEL:
            raise Trapped(PRIVILEGED, low)
        execute()
        for number in cut:
            cpu.r[number] &= MASKS[number]
        cpu.horizon = 0

    return attended
