"""Finds a gdb that can debug our machine, and runs it on a terminal.

Knows gdb's command line. Must not know machines.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from soclet.errors import UserError

VARIABLE: Final = "SOCLET_GDB"
"""Names the gdb to use, in the environment."""
_USUAL: Final = "gdb-multiarch"
_PLAIN: Final = "gdb"
_TRY: Final = ("-nx", "-batch", "-ex", "set architecture arm")


def find() -> str:
    """Give the path of a gdb; raise UserError where there is none that will do."""
    chosen = os.environ.get(VARIABLE)
    if chosen:
        path = shutil.which(chosen)
        if path is None:
            raise UserError(f"{VARIABLE} is {chosen!r}, which is no program: name a gdb")
        return path
    usual = shutil.which(_USUAL)
    if usual is not None:
        return usual
    plain = shutil.which(_PLAIN)
    if plain is not None and _knows_arm(plain):
        return plain
    found = "the gdb here knows its own machine only" if plain else "there is no gdb here"
    raise UserError(f"{found}: install gdb-multiarch, or name a gdb that knows arm in {VARIABLE}")


def _knows_arm(path: str) -> bool:
    done = subprocess.run([path, *_TRY], capture_output=True, text=True, check=False)
    return done.returncode == 0 and not done.stderr


def command(
    path: str, *, script: Path, address: str, symbols: Path | None, arguments: Sequence[str]
) -> list[str]:
    """Give the command line that loads the script and the symbols and attaches."""
    attach = f"target extended-remote {address}"
    file = [] if symbols is None else [str(symbols)]
    return [path, "-q", "-x", str(script), *file, "-ex", attach, *arguments]


def run(words: Sequence[str]) -> int:
    """Run gdb to its end; give its exit status, as a shell would."""
    with _signals_left_to_gdb() as started:
        process = subprocess.Popen(words)
        started.append(process)
        status = process.wait()
    return status if status >= 0 else 128 - status


@contextmanager
def _signals_left_to_gdb() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Let keys and hang-ups be gdb's affair; a request to end is passed on to it."""
    started: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, _frame: object) -> None:
        for process in started:
            process.send_signal(number)

    # Handlers, not SIG_IGN, which gdb would inherit.
    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, lambda *_: None),
        signal.SIGQUIT: signal.signal(signal.SIGQUIT, lambda *_: None),
        signal.SIGHUP: signal.signal(signal.SIGHUP, pass_on),
        signal.SIGTERM: signal.signal(signal.SIGTERM, pass_on),
    }
    try:
        yield started
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
