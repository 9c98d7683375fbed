"""The monitor commands: what gdb's `monitor` passes on to the machine.

A command is a function with a name and a sentence of help, declared once. Knows the target;
must not know packets.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gdbstub.target import TargetError
from isa_spec.paging import Entry, table_base, table_length
from isa_spec.registers import PTBR, STATUS, Status
from isa_spec.words import WORD
from machine.device import NEVER
from soclet import sentences, views, walk
from soclet.goals import StepInterrupts

if TYPE_CHECKING:
    from soclet.debug_target import DebugTarget

Act = Callable[["DebugTarget", list[str]], str]


@dataclass(frozen=True, slots=True)
class Command:
    """A monitor command; `usage` is its name and arguments, `help` its sentence."""

    usage: str
    help: str
    act: Act


COMMANDS: Final[dict[str, Command]] = {}


def _command(usage: str) -> Callable[[Act], Act]:
    def declare(act: Act) -> Act:
        COMMANDS[usage.split()[0]] = Command(usage, (act.__doc__ or "").strip(), act)
        return act

    return declare


def execute(target: DebugTarget, text: str) -> str:
    """Carry out a command line; raise TargetError where it is not one, saying what is."""
    name, *arguments = text.split() or ["help"]
    command = COMMANDS.get(name)
    if command is None:
        raise TargetError(f"no monitor command {name!r}; there are {', '.join(sorted(COMMANDS))}")
    return command.act(target, arguments)


_ESCAPE: Final = re.compile(rb"\\(x[0-9A-Fa-f]{2}|.)", re.DOTALL)
_ESCAPED: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"0": b"\0"}


def _unescaped(match: re.Match[bytes]) -> bytes:
    word = match[1]
    return bytes([int(word[1:], 16)]) if len(word) == 3 else _ESCAPED.get(word, word)


def _address(arguments: list[str]) -> int:
    """Give the one argument, an address; raise TargetError where it is none."""
    try:
        (word,) = arguments
        address = int(word, 0)
    except ValueError:
        address = -1
    if not 0 <= address <= WORD:
        raise TargetError("an address is wanted, such as 0x5000")
    return address


def _choice(arguments: list[str], usage: str, *choices: str) -> str | None:
    """Give the one argument, None where there is none; raise TargetError for any other."""
    if not arguments:
        return None
    if len(arguments) > 1 or arguments[0] not in choices:
        raise TargetError(f"monitor {usage.split()[0]} takes {' or '.join(choices)}, or nothing")
    return arguments[0]


@_command("help")
def _help(_target: DebugTarget, _arguments: list[str]) -> str:
    """List the commands."""
    width = max(len(command.usage) for command in COMMANDS.values())
    return "".join(
        f"{command.usage:<{width}}  {command.help}\n" for _, command in sorted(COMMANDS.items())
    )


@_command("reset")
def _reset(target: DebugTarget, _arguments: list[str]) -> str:
    """Reset the machine; memory keeps its bytes."""
    target.reset()
    return "the machine is reset and halted\n"


@_command("halt")
def _halt(target: DebugTarget, _arguments: list[str]) -> str:
    """Halt the machine; it is halted whenever gdb can ask."""
    target.runner.halt()
    return "the machine is halted\n"


@_command("phys [on|off]")
def _phys(target: DebugTarget, arguments: list[str]) -> str:
    """Look at physical memory, or at memory as the CPU sees it."""
    choice = _choice(arguments, "phys", "on", "off")
    if choice is not None:
        target.virtual = choice == "off"
    return f"addresses are {'as the CPU sees them' if target.virtual else 'physical'}\n"


_MOST_MAPPINGS: Final = 200
_LETTERS: Final = {
    Entry.READABLE: "r",
    Entry.WRITABLE: "w",
    Entry.EXECUTABLE: "x",
    Entry.USER: "u",
    Entry.ACCESSED: "a",
    Entry.DIRTY: "d",
}


@_command("page-table [ADDR]")
def _page_table(target: DebugTarget, arguments: list[str]) -> str:
    """Show what the page table maps, and with which rights; or walk it for one address."""
    if arguments:
        return "\n".join(walk.steps(target.machine, _address(arguments))) + "\n"
    r = target.machine.cpu.r
    lines = [
        f"translation is {'on' if r[STATUS] & Status.VIRTUAL else 'off'}; the table is at "
        f"{table_base(r[PTBR]):#x} and has {table_length(r[PTBR])} entries"
    ]
    for mapping in views.mappings(target.machine):
        if len(lines) > _MOST_MAPPINGS:
            lines.append("and more")
            break
        rights = "".join(
            letter if flag in mapping.flags else "-" for flag, letter in _LETTERS.items()
        )
        end, to = mapping.start + mapping.length - 1, mapping.physical
        lines.append(f"  {mapping.start:#010x} to {end:#010x}  at {to:#010x}  {rights}")
    return "\n".join(lines) + "\n"


@_command("step-interrupts [over|into|hold]")
def _step_interrupts(target: DebugTarget, arguments: list[str]) -> str:
    """What a step does with an interrupt: run it to its end, stop in it, hold it back."""
    choice = _choice(arguments, "step-interrupts", *(mode.value for mode in StepInterrupts))
    if choice is not None:
        target.step_interrupts = StepInterrupts(choice)
    return f"step-interrupts is {target.step_interrupts.value}\n"


@_command("serial TEXT")
def _serial(target: DebugTarget, arguments: list[str]) -> str:
    r"""Type on the serial line; \n, \r, \t, \\ and \xNN are understood."""
    if not arguments:
        raise TargetError(r"monitor serial takes the text to type, such as hello\n")
    text = " ".join(arguments)
    data = _ESCAPE.sub(_unescaped, text.encode())
    target.runner.received(data)
    return f"{len(data)} bytes typed\n"


@_command("trap")
def _trap(target: DebugTarget, _arguments: list[str]) -> str:
    """Tell the last traps and interrupts, the newest last."""
    entered = [
        sentences.trap_entered(target.machine, target.places, each)
        for each in target.machine.cpu.entered
    ]
    return "\n".join(entered or ["no trap and no interrupt was entered yet"]) + "\n"


@_command("time")
def _time(target: DebugTarget, _arguments: list[str]) -> str:
    """Show ticks, instructions and the next tick at which something happens by itself."""
    cpu = target.machine.cpu
    due = target.machine.wake_tick()
    wake = "none" if due == NEVER else f"tick {due}"
    return (
        f"tick {cpu.time}, {cpu.executed} instructions executed, "
        f"{cpu.interrupts} interrupts entered; next interrupt due by itself: {wake}\n"
    )


@_command("devices")
def _devices(target: DebugTarget, _arguments: list[str]) -> str:
    """List the devices and their ports, with what a load would see."""
    machine = target.machine
    lines = []
    for device in machine.bus.devices.values():
        pending = device.pending(machine.cpu.time)
        lines.append(f"{device.name}: interrupts pending {pending:#x}")
        for port in device.ports:
            word = machine.bus.peek(port.address, machine.cpu.time)
            shown = "store only" if word is None else f"{word:#x}"
            lines.append(f"  {port.address:#06x} {port.name:<10} {shown}")
    return "\n".join(lines) + "\n"


@_command("engine")
def _engine(target: DebugTarget, _arguments: list[str]) -> str:
    """Say which engine executes instructions."""
    return f"{target.machine.engine.name}\n"


@_command("nvram")
def _nvram(target: DebugTarget, _arguments: list[str]) -> str:
    """Say which file memory is kept in."""
    nvram = target.machine.nvram
    if nvram is None:
        return "memory is in no file; --nvram FILE keeps it\n"
    target.machine.commit()
    return f"{nvram.path}: {nvram.size} bytes, up to date\n"
