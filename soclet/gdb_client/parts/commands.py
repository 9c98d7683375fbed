"""The command `soclet` and what is under it.

A command is a function with a usage and a help, declared once. Knows what the machine's monitor
can be asked, and what only gdb knows: expressions, and the frame that is selected.
"""

from collections.abc import Callable
from dataclasses import dataclass

from soclet.gdb_client import api as gdb
from soclet.gdb_client.parts.showing import registers
from soclet.gdb_client.parts.target import attached

_PREFIX = "soclet"
_NOT_ATTACHED = "gdb is not attached to a soclet machine: try target remote HOST:PORT"


@dataclass(frozen=True)
class _Told:
    """A command: its name and arguments, what it does, and what completes its argument."""

    usage: str
    act: Callable[[str], str]
    completes: int

    @property
    def name(self) -> str:
        """Its name after the prefix."""
        return self.usage.partition(" ")[0]

    @property
    def help(self) -> str:
        """What it does, in a sentence and perhaps more."""
        return (self.act.__doc__ or "").strip()


_COMMANDS: dict[str, _Told] = {}


def _command(
    usage: str, completes: int = gdb.COMPLETE_NONE
) -> Callable[[Callable[[str], str]], Callable[[str], str]]:
    def declare(act: Callable[[str], str]) -> Callable[[str], str]:
        told = _Told(usage, act, completes)
        _COMMANDS[told.name] = told
        return act

    return declare


def _monitor(command: str) -> str:
    return gdb.execute(f"monitor {command}", to_string=True)


def _without(argument: str, usage: str) -> None:
    if argument:
        raise gdb.GdbError(f"{_PREFIX} {usage} takes no argument")


@_command("regs")
def _regs(argument: str) -> str:
    """Show the registers of the selected frame, four a line, flags and causes in words."""
    _without(argument, "regs")
    return registers(gdb.selected_frame())


@_command("page-table [ADDR]", gdb.COMPLETE_EXPRESSION)
def _page_table(argument: str) -> str:
    """Show what the page table maps; or how it translates an address, step by step."""
    if not argument:
        return _monitor("page-table")
    address = int(gdb.parse_and_eval(f"(unsigned int)({argument})"))
    return _monitor(f"page-table {address:#x}")


@_command("trap")
def _trap(argument: str) -> str:
    """Tell the last traps and interrupts: why, and where from."""
    _without(argument, "trap")
    return _monitor("trap")


@_command("serial TEXT")
def _serial(argument: str) -> str:
    r"""Type on the serial line. \n, \r, \t, \\ and \xNN stand for what they do in C."""
    if not argument:
        raise gdb.GdbError(rf"{_PREFIX} serial takes the text to type, such as hello\n")
    return _monitor(f"serial {argument}")


@_command("devices")
def _devices(argument: str) -> str:
    """List the devices and their ports, with what a load would see."""
    _without(argument, "devices")
    return _monitor("devices")


@_command("time")
def _time(argument: str) -> str:
    """Show ticks, instructions, and when something happens next by itself."""
    _without(argument, "time")
    return _monitor("time")


@_command("goto PLACE")
def _goto(argument: str) -> str:
    """Go to a tick, a checkpoint, begin or present, and show what is there."""
    if not argument:
        raise gdb.GdbError(f"{_PREFIX} goto takes a tick, a checkpoint, begin or present")
    told = _monitor(f"goto {argument}")
    return told + gdb.execute("frame", to_string=True)


@_command("checkpoint [NAME]")
def _checkpoint(argument: str) -> str:
    """Name this moment, to go back to; or list the moments that are named."""
    return _monitor(f"checkpoint {argument}")


@_command("diff A B")
def _diff(argument: str) -> str:
    """Show what changed in registers and memory between two moments: names, ticks, or now."""
    return _monitor(f"diff {argument}")


@_command("why WHAT", gdb.COMPLETE_EXPRESSION)
def _why(argument: str) -> str:
    """Tell who wrote last: to an address, a $register, or the page-table entry of an address."""
    if not argument:
        raise gdb.GdbError(
            f"{_PREFIX} why takes an address, a register such as $r3, or page-table ADDR"
        )
    if argument.startswith("$") and argument[1:].isidentifier():
        return _monitor(f"why {argument[1:]}")
    prefix = "page-table " if argument.startswith("page-table ") else ""
    address = int(gdb.parse_and_eval(f"(unsigned int)({argument.removeprefix(prefix)})"))
    return _monitor(f"why {prefix}{address:#x}")


@_command("help")
def _help(argument: str) -> str:
    """List these commands."""
    _without(argument, "help")
    width = max(len(told.usage) for told in _COMMANDS.values())
    return "".join(f"{_PREFIX} {told.usage:<{width}}  {told.help}\n" for told in _COMMANDS.values())


class _Prefix(gdb.Command):
    """Look at a soclet machine and type on its serial line. "soclet help" lists the commands."""

    def __init__(self) -> None:
        super().__init__(_PREFIX, gdb.COMMAND_DATA, gdb.COMPLETE_NONE, prefix=True)

    def invoke(self, argument: str, _from_tty: bool) -> None:
        """Tell what there is."""
        if argument:
            raise gdb.GdbError(f"no such command: {_PREFIX} {argument}; try {_PREFIX} help")
        gdb.write(_help(""))


class _Sub(gdb.Command):
    """One of the commands."""

    def __init__(self, told: _Told) -> None:
        self.__doc__ = f"{told.help}\nUsage: {_PREFIX} {told.usage}"
        self._told = told
        super().__init__(f"{_PREFIX} {told.name}", gdb.COMMAND_DATA, told.completes)

    def invoke(self, argument: str, _from_tty: bool) -> None:
        """Do it."""
        self.dont_repeat()
        if self._told.name != "help" and not attached():
            raise gdb.GdbError(_NOT_ATTACHED)
        try:
            gdb.write(self._told.act(argument.strip()))
        except gdb.error as error:
            # gdb shows other exceptions as faults of the script.
            raise gdb.GdbError(str(error)) from None


def install_commands() -> None:
    """Give gdb the commands."""
    _Prefix()
    for told in _COMMANDS.values():
        _Sub(told)
