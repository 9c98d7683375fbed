"""The command `soclet`: finds the sub-command, and turns errors into one line and a status."""

import gc
import importlib
import sys
from collections.abc import Sequence
from typing import Final

import click

from soclet.errors import ToldError, UserError, one_line, tell

COMMANDS: Final = {
    "run": "Run firmware, with a serial line and a debugger's port.",
    "replay": "Run again, exactly, what was recorded.",
    "asm": "Assemble a source file.",
    "dis": "Disassemble an image.",
    "flash": "Put an image into an NVRAM file.",
    "isa": "Show the manual of the instruction set.",
    "gdb": "Run firmware with gdb on it.",
    "gdb-script": "Write the script that has gdb show our code and frames.",
    "test": "Run tests of firmware that are written as TOML.",
    "new": "Make a firmware project to start from.",
}
"""The sub-commands. Each is `command` in the module of its name, with `_` for `-`, imported only
when used."""

COULD_NOT_START: Final = 125
FAILED: Final = 1
USED_WRONGLY: Final = 2
INTERRUPTED: Final = 130
_RUNNING: Final = ("run",)
_HELP: Final = {"help_option_names": ["-h", "--help"]}


class Commands(click.Group):
    """The sub-commands, imported one by one: start-up time counts."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Give their names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"soclet.commands.{cmd_name.replace('-', '_')}")
        if not gc.isenabled():
            # Nothing of it will ever be garbage, and is not to be gone through at the end either.
            gc.freeze()
            gc.enable()
        command: click.Command = module.command
        # click remembers a command's help option from its first use, whoever that was.
        command.context_settings = {**_HELP, **command.context_settings}
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List them with their sentences, importing none."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=Commands,
    no_args_is_help=False,
    context_settings=_HELP,
)
@click.version_option(package_name="soclet", message="%(prog)s %(version)s")
def soclet() -> None:
    """A small computer in software: run firmware, debug it with gdb, talk to it with netcat.

    Start with `soclet run demo:hello`.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its status."""
    if arguments is None:
        # The process is ours: looking for garbage in what is imported took a tenth of a start.
        gc.disable()
    words = list(sys.argv[1:] if arguments is None else arguments)
    name = next((word for word in words if not word.startswith("-")), "")
    here = f"soclet {name}" if name in COMMANDS else "soclet"
    failed = COULD_NOT_START if name in _RUNNING else FAILED
    try:
        status = soclet.main(words, prog_name="soclet", standalone_mode=False)
    except click.UsageError as error:
        # click does not say where where it is an option's syntax that is wrong.
        where = error.ctx.command_path if error.ctx is not None else here
        _fail(f"{where}: {error.format_message()} Try '{where} --help'.")
        status = COULD_NOT_START if name in _RUNNING else USED_WRONGLY
    except UserError as error:
        if not isinstance(error, ToldError):
            _fail(f"soclet: {error}")
        status = failed
    except (KeyboardInterrupt, click.Abort):
        status = INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has had enough; there is nobody left to tell.
        sys.stderr.close()
        status = FAILED
    except MemoryError:
        _fail(f"{here}: this host has not enough memory for it")
        status = failed
    except OSError as error:
        _fail(f"{here}: {error.filename or 'the host'}: {error.strerror}")
        status = failed
    sys.exit(status if isinstance(status, int) else 0)


def _fail(message: str) -> None:
    tell(one_line(message))


if __name__ == "__main__":
    main()
