"""gdb's unwinder for our machine: through trap handlers, and where the file says nothing.

A handler's frame leads to the code that it has interrupted, with that code's registers: those
that the handler has put elsewhere so far are found by following its code up to pc. Where the
file's own call frame information is right, gdb is left to it.
"""

from isa_spec.registers import PC, SP
from isa_spec.words import WORD
from soclet.gdb_client import api as gdb
from soclet.gdb_client.parts.callers import Callers, Found
from soclet.gdb_client.parts.frames import CALLER, INNERMOST, Context, Frame
from soclet.gdb_client.parts.functions import beginning, described, within
from soclet.gdb_client.parts.spaces import NOW
from soclet.gdb_client.parts.target import is_machine


class Unwinder(gdb.unwinder.Unwinder):
    """Finds the callers of frames."""

    def __init__(self) -> None:
        super().__init__("soclet")
        self._contexts: dict[tuple[int, int], Context] = {}

    def is_interrupted(self, pc: int, sp: int) -> bool:
        """Tell whether a frame that others are inside of was interrupted at its pc."""
        return self._contexts.get((pc, sp), CALLER).exact

    def __call__(self, pending: gdb.PendingFrame) -> gdb.UnwindInfo | None:
        """Tell gdb of a frame's caller; None leaves it to gdb."""
        if not is_machine(pending.architecture()):
            return None
        frame = Frame(pending)
        pc, sp = frame.register(PC), frame.register(SP)
        if pc is None or sp is None:
            return None
        if frame.is_innermost:
            # gdb begins anew: the machine has gone on. Nothing of the script's may run at the
            # moment when it does, since a Ctrl-C that came then would be Python's and be lost.
            self._contexts.clear()
        context = INNERMOST if frame.is_innermost else self._contexts.get((pc, sp), CALLER)
        if context.end is not None:
            return frame.itself(*context.end)
        callers = Callers(frame, pc, context, beginning(within(pc, context)))
        interrupted = callers.interrupted()
        found = interrupted
        if found is None:
            known = described(within(pc, context)) is not None
            if known and not context.ours:
                return None
            found = callers.caller()
            if known and found.registers.get(PC) is None and context.space == NOW:
                return None
        number = context.number(sp if found.stack is None else found.stack)
        start = pc if found.start is None else found.start
        if found.registers.get(PC) is None or found.registers.get(SP) is None:
            self._contexts[pc, sp] = Context(end=(number, start))
            return frame.itself(number, start)
        self._keep(found, exact=interrupted is not None, inside=number)
        return frame.caller(number, start, found.registers)

    def _keep(self, found: Found, *, exact: bool, inside: int) -> None:
        """Keep what gdb will not know when it asks for the caller's own caller."""
        pc, sp = found.registers.get(PC), found.registers.get(SP)
        shift = inside & ~WORD
        if pc is not None and sp is not None and (exact or shift or found.space != NOW):
            self._contexts[pc, sp] = Context(
                exact=exact, ours=True, space=found.space, inside=inside, shift=shift
            )


def install_unwinder() -> Unwinder:
    """Have gdb use it, in place of one that an earlier load of the script has put there."""
    unwinder = Unwinder()
    gdb.unwinder.register_unwinder(None, unwinder, replace=True)
    return unwinder
