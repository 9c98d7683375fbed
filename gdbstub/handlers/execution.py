"""Running, stepping, and why the target is halted.

Knows the forms in which a client says how to go on; must not know how a target does it.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from gdbstub import parsing
from gdbstub.client import Client, Program
from gdbstub.registry import packet
from gdbstub.replies import report, stop_reply
from gdbstub.target import (
    Continue,
    RangeStep,
    Resume,
    Signal,
    Step,
    Stop,
    StopEvent,
    Target,
    TargetError,
    ThreadAction,
)


@packet(b"?", without_program=True)
def why_halted(client: Client, target: Target) -> bytes:
    """Why is the target halted?  GDB manual: `?`.

    A client that has let go of the program is told what it would be told of one that ended.
    """
    return stop_reply(client, target.stop) if client.attached else b"W00"


@packet(b"c")
def go_on(client: Client, target: Target, arguments: bytes) -> bytes | None:
    """Will you run?  GDB manual: `c [addr]`."""
    return resume(client, target, Continue(_address(arguments)))


@packet(b"C")
def go_on_with_signal(client: Client, target: Target, arguments: bytes) -> bytes | None:
    """Will you run after this signal?  GDB manual: `C sig[;addr]`."""
    signal, address = _signal_and_address(arguments)
    return resume(client, target, Continue(address, signal))


@packet(b"s")
def step(client: Client, target: Target, arguments: bytes) -> bytes | None:
    """Will you run one instruction?  GDB manual: `s [addr]`."""
    return resume(client, target, Step(_address(arguments)))


@packet(b"S")
def step_with_signal(client: Client, target: Target, arguments: bytes) -> bytes | None:
    """Will you run one instruction after this signal?  GDB manual: `S sig[;addr]`."""
    signal, address = _signal_and_address(arguments)
    return resume(client, target, Step(address, signal))


def _range_step(text: bytes) -> RangeStep:
    return RangeStep(*parsing.place(text))


def _plain(action: Resume | None) -> Callable[[bytes], Resume | None]:
    """An action that takes no argument."""

    def parse(text: bytes) -> Resume | None:
        if text:
            raise TargetError("this action of vCont takes no argument")
        return action

    return parse


ACTIONS: Final[dict[bytes, Callable[[bytes], Resume | None]]] = {
    b"c": _plain(Continue()),
    b"C": lambda text: Continue(signal=_signal(text)),
    b"s": _plain(Step()),
    b"S": lambda text: Step(signal=_signal(text)),
    b"t": _plain(None),
    b"r": _range_step,
}
"""What vCont can ask for, by letter; None for a thread that is to stay halted."""


@packet(b"vCont?", features=("vContSupported",))
def which_actions() -> bytes:
    """Which actions of vCont are there?  GDB manual: `vCont?`."""
    return b"vCont" + b"".join(b";" + letter for letter in ACTIONS)


@packet(b"vCont;")
def go_on_by_thread(client: Client, target: Target, arguments: bytes) -> bytes | None:
    """Will each thread go on as said for it?  GDB manual: `vCont[;action[:thread-id]]…`."""
    actions = parse_actions(arguments)
    for _, thread in actions:
        client.check_thread(thread)
    if client.threads is not None:
        given = [ThreadAction(action, _meant(client, thread)) for action, thread in actions]
        if any(each.action is not None for each in given):
            return begun(client, client.threads.resume_threads(given))
    elif (action := actions[0][0]) is not None:  # which every action would apply to
        return begun(client, target.resume(action))
    return report(client, Stop(Signal.NONE))


def _meant(client: Client, thread: int) -> int | None:
    """The thread of a `ThreadAction`: None for all, and the one that stopped for any."""
    if thread == parsing.ALL_THREADS:
        return None
    return thread or client.current_thread


@lru_cache(maxsize=256)
def parse_actions(text: bytes) -> tuple[tuple[Resume | None, int], ...]:
    """The actions in their order, each with the thread it is for. Raises TargetError."""
    return tuple(map(_parse_action, text.split(b";")))


def _parse_action(text: bytes) -> tuple[Resume | None, int]:
    action, colon, thread = text.partition(b":")
    parse = ACTIONS.get(action[:1])
    if parse is None:
        raise TargetError("there is no such action of vCont")
    return parse(action[1:]), parsing.thread(thread) if colon else parsing.ALL_THREADS


def resume(client: Client, target: Target, action: Resume) -> bytes | None:
    """Let the target go on, or the thread that was chosen for it (`Hc`).

    Where any will do, a step is of the thread that stopped, and all run.
    """
    if client.threads is None:
        return begun(client, target.resume(action))
    thread = client.resumed_thread
    client.check_thread(thread)
    if thread <= parsing.ANY_THREAD:
        thread = parsing.ALL_THREADS if isinstance(action, Continue) else parsing.ANY_THREAD
    given = [ThreadAction(action, _meant(client, thread))]
    return begun(client, client.threads.resume_threads(given))


def begun(client: Client, event: StopEvent | None) -> bytes | None:
    """The stop of a resume that is over at once, else no reply yet."""
    if event is None:
        client.program = Program.RUNNING
        return None
    if client.interrupt_due:
        client.interrupt_due = False
        if event == Stop():  # of many steps, none of which may ever run long enough
            event = client.target.interrupt() or event
            client.just_interrupted = True
    return report(client, event)


_SIGNAL: Final = re.compile(rb"[0-9a-fA-F]{2}")


def _signal(text: bytes) -> int:
    if not _SIGNAL.fullmatch(text):
        raise TargetError("a signal is two hexadecimal digits")
    return int(text, 16)


def _address(text: bytes) -> int | None:
    return parsing.number(text) if text else None


def _signal_and_address(text: bytes) -> tuple[int, int | None]:
    signal, semicolon, address = text.partition(b";")
    return _signal(signal), parsing.number(address) if semicolon else None
