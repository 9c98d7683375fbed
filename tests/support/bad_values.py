"""Values that a user may give a command's parameter by mistake, derived from its declaration."""

import importlib
import os
from dataclasses import dataclass
from pathlib import Path

import click
import guests
from running import build

from soclet.__main__ import COMMANDS
from soclet.commands.parameters import ImageName, NvramName

_NO_NUMBERS = (
    "", " ", "x", "-1", "1.5", "1e3", "1<<3", "10T", "1kk", "k", "0x", "0xzz", "1_0", "nan", "007",
    "٣", "½", "1\0", "\udcff", "9" * 5000,
)  # fmt: skip
_NO_WORDS = ("", " ", "x", "0", "Ü", "\udcff", "a\nb", "a\0b", "x" * 5000)
_NO_ADDRESSES = (
    "", "x", ":", "::", "[", "[]:1", "1:2:3", "-1", "65536", str(10**30), str(1 << 64), "0x10", "٣",
    "\udcff", "\udcff:0", "a\0b", "a\nb", "x" * 5000, "ü" * 80 + ":0",
)  # fmt: skip
_NO_LINES = (
    *_NO_ADDRESSES, "tcp", "tcp:", "tcp:x", "tcp:70000", "tcp:\udcff:0", "pty:x", "none:x",
    "stdio:x", "unix:", "unix:/nowhere/x", "unix:" + "x" * 300, "unix:a\0b", "file:",
    "file:/nowhere/x", "file:.", "file:a\0b",
)  # fmt: skip
_SENDS_A_BYTE = "mov r0, 'x'\nmov r1, 0x14\nmov [r1], r0\n"
_READ = ("config", "restore")
"""The options that name files to be read, as arguments do; the others' are written."""
_NO_NAMES = ("", "a\0b", "x" * 300, "y/" * 3000)
"""No file can be called these."""


def command_of(name):
    return importlib.import_module(f"soclet.commands.{name.replace('-', '_')}").command


def every_parameter():
    """Every parameter of every command, by the command's name."""
    return [(name, param) for name in COMMANDS for param in command_of(name).params]


@dataclass(frozen=True)
class Scene:
    """Files to go wrong with, and a command line of each command that would go well."""

    folder: Path

    @classmethod
    def prepare(cls, folder):
        (folder / "folder").mkdir()
        (folder / "notes.txt").write_text("buy milk\n")
        (folder / "empty").touch()
        (folder / "loop").symlink_to(folder / "loop")
        os.mkfifo(folder / "pipe")
        build(
            folder / "guest.elf", f"mov r0, 'x'\nmov r1, 0x14\nmov [r1], r0\n{guests.powers_off(0)}"
        )
        (folder / "tests.toml").write_text(
            "[[test]]\nimage = 'guest.elf'\nlimit = 1000\nsteps = [{ exit_status = 0 }]\n"
        )
        return cls(folder)

    def good(self, name):
        """Arguments, then options, that the command succeeds with."""
        image = str(self.folder / "guest.elf")
        return {
            "run": ([image], ["--serial", "none", "--limit", "1000"]),
            "gdb": ([image], ["--serial", "none"]),
            "replay": ([str(self.folder / "capsule")], ["--serial", "none"]),
            "asm": ([str(self.folder / "guest.s")], ["-o", "out.elf"]),
            "dis": ([image], []),
            "flash": ([image], ["--nvram", "memory", "--memory", "8k"]),
            "test": ([str(self.folder / "tests.toml")], []),
            "new": (["fresh"], []),
        }.get(name, ([], []))

    def words(self, name, param, value):
        """The command line that is good but for one parameter."""
        arguments, options = self.good(name)
        if isinstance(param, click.Argument):
            # What follows `--` is gdb's own.
            return [name, *options, *([] if name == "gdb" else ["--"]), value]
        if param.is_flag:
            return [name, *arguments, *options, f"{param.opts[-1]}={value}"]
        return [name, *arguments, *options, param.opts[-1], value]

    def bad(self, param):
        """Values that the parameter cannot have."""
        kind = param.type
        if isinstance(kind, click.Path):
            return self._bad_files(param)
        if isinstance(param, click.Option) and param.is_flag:
            return ("yes", "", "\udcff") if param.opts[-1].startswith("--") else ()
        if isinstance(kind, click.Choice):
            return _NO_WORDS
        if isinstance(kind, click.types.FuncParamType):
            return _NO_NUMBERS
        return {"gdb": _NO_ADDRESSES, "serial": _NO_LINES}[param.name]

    def extremes(self, param):
        """Numbers that are numbers, but too much for most."""
        number = isinstance(param.type, click.types.FuncParamType)
        return ("0", str(1 << 64), str(10**30)) if number else ()

    def _bad_files(self, param):
        there = [str(self.folder / name) for name in ("loop", "folder")]
        beyond = ["/nowhere/x", str(self.folder / "notes.txt" / "x")]
        if param.name == "directory":  # of `soclet new`
            full, file = str(self.folder), str(self.folder / "empty")
            return (*_NO_NAMES[:2], there[0], full, file, "a b", "9", "Ü", "\udcff", beyond[1])
        if param.name in ("state_dir", "capsules"):
            return (*_NO_NAMES, there[0], str(self.folder / "notes.txt"), beyond[1])
        if isinstance(param.type, NvramName):
            wrong = [str(self.folder / name) for name in ("notes.txt", "empty", "pipe")]
            return (*_NO_NAMES, *there, *beyond, *wrong, "/dev/null", "/dev/full", ".", "/")
        if isinstance(param, click.Argument) or param.name in _READ:
            missing = [str(self.folder / "nowhere"), "Ü", "\udcff", "a\nb", "/dev/full"]
            wrong = [str(self.folder / name) for name in ("notes.txt", "empty")]
            if param.name == "config":
                wrong = wrong[:1]  # an empty one says nothing, which is fine
            demos = ["demo:", "demo:x", "demo:\udcff"] if isinstance(param.type, ImageName) else []
            return (*_NO_NAMES, *there, *beyond, *missing, *wrong, *demos)
        return (*_NO_NAMES, *there, *beyond, str(self.folder / "pipe"), "/dev/full")
