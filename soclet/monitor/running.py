"""The monitor commands that change what the machine does, or how."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from gdbstub.target import TargetError
from soclet.goals import StepInterrupts
from soclet.monitor.registry import choice, command

if TYPE_CHECKING:
    from soclet.thread_target import ThreadTarget


@command("reset")
def _reset(target: ThreadTarget, _argument: str) -> str:
    """Reset the machine; memory keeps its bytes."""
    target.reset()
    return "the machine is reset and halted\n"


@command("halt")
def _halt(target: ThreadTarget, _argument: str) -> str:
    """Halt the machine; it is halted whenever gdb can ask."""
    target.runner.halt()
    return "the machine is halted\n"


@command("step-interrupts [over|into|hold]")
def _step_interrupts(target: ThreadTarget, argument: str) -> str:
    """What a step does with an interrupt: run it to its end, stop in it, hold it back."""
    chosen = choice("step-interrupts", argument, *(mode.value for mode in StepInterrupts))
    if chosen is not None:
        target.step_interrupts = StepInterrupts(chosen)
    return f"step-interrupts is {target.step_interrupts.value}\n"


_ESCAPE: Final = re.compile(r"\\(x[0-9A-Fa-f]{2}|[nrt0\\]|.|$)", re.DOTALL)
_ESCAPED: Final = {"n": b"\n", "r": b"\r", "t": b"\t", "0": b"\0", "\\": b"\\"}


@command("serial TEXT")
def _serial(target: ThreadTarget, argument: str) -> str:
    r"""Type on the serial line; \n, \r, \t, \\ and \xNN are understood."""
    if not argument:
        raise TargetError(r"monitor serial takes the text to type, such as hello\n")
    data = _typed(argument)
    target.runner.received(data)
    return f"{len(data)} byte{'s' if len(data) != 1 else ''} typed\n"


def _typed(text: str) -> bytes:
    """Give the bytes of a text with escapes. Raises TargetError for an unknown one."""
    data, at = bytearray(), 0
    for match in _ESCAPE.finditer(text):
        data += text[at : match.start()].encode(errors="surrogateescape")
        word, at = match[1], match.end()
        if word in _ESCAPED:
            data += _ESCAPED[word]
        elif len(word) == len("xNN"):
            data.append(int(word[1:], 16))
        else:
            raise TargetError(
                rf"'\{word}' is no escape; there are \n, \r, \t, \0, \\ and \xNN (two digits)"
            )
    return bytes(data + text[at:].encode(errors="surrogateescape"))
