"""What a breakpoint does when it is reached: conditions that decide, commands that are carried out.

Knows how gdb means several of them together; must not know how they were sent, nor how a target
comes to a breakpoint.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from gdbstub.agent.expression import AgentFault, Context, Expression, Unsound


@dataclass(frozen=True, slots=True)
class BreakpointProgram:
    """The agent expressions of one breakpoint; an empty program always stops.

    It applies where any of `conditions` is not 0, or where there are none: gdb sends one for each
    of the user's breakpoints at the place. Where it applies, `commands` are carried out and the
    target goes on; without commands it stops. `persist` says that the user would have the commands
    carried out even when the debugger has gone, for targets where breakpoints outlive it.
    """

    conditions: tuple[Expression | Unsound, ...] = ()
    commands: tuple[Expression | Unsound, ...] = ()
    persist: bool = False

    def compile(self) -> Callable[[Context], bool]:
        """A function that carries it out and says whether to stop.

        It raises AgentFault where that is not possible: then the target stops too, and says why in
        the `fault` of its Stop, of which `fault_sentence` makes a sentence.
        """
        return _compile(self)


ALWAYS: Final = BreakpointProgram()
"""The program of a breakpoint that has none."""


@lru_cache(maxsize=1024)
def _compile(program: BreakpointProgram) -> Callable[[Context], bool]:
    conditions = tuple(each.compile() for each in program.conditions)
    commands = tuple(each.compile() for each in program.commands)

    def decide(context: Context) -> bool:
        if conditions and not any(condition(context) for condition in conditions):
            return False
        for command in commands:
            command(context)
        return not commands

    if len(conditions) == 1 and not commands:
        condition = conditions[0]
        return lambda context: condition(context) != 0
    return decide


def fault_sentence(address: int, fault: AgentFault) -> str:
    """What a user is told of a breakpoint at `address` that could not decide."""
    return (
        f"the breakpoint at {address:#x} stops because its condition or command "
        f"cannot be carried out: {fault.message}"
    )
