"""The monitor commands that keep the machine in a file, or compare its run with one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gdbstub.target import TargetError
from soclet.errands import Aside
from soclet.errors import UserError
from soclet.monitor.registry import command

if TYPE_CHECKING:
    from soclet.live_run import LiveRun
    from soclet.thread_target import ThreadTarget


def _run(target: ThreadTarget, name: str) -> LiveRun:
    if target.live_run is None:
        raise TargetError(
            f"monitor {name} needs a folder for files: run the machine with --state-dir DIR"
        )
    return target.live_run


@command("save NAME")
def _save(target: ThreadTarget, argument: str) -> str:
    """Save the machine, for run --restore, in a file in --state-dir."""
    try:
        path = _run(target, "save").save(argument)
    except UserError as error:
        raise TargetError(str(error)) from error
    return f"saved at tick {target.machine.cpu.time}: soclet run --restore {path}\n"


@command("first-divergence NAME")
def _first_divergence(target: ThreadTarget, argument: str) -> str | None:
    """Tell where this run departs from the one recorded in a file in --state-dir."""
    return target.carry_out(Aside(_run(target, "first-divergence").compare(argument)))
