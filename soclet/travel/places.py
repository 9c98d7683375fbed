"""Moments as a person names them: ticks, names, the beginning and the present.

Knows history; must not know who asks.
"""

from collections.abc import Generator
from typing import Final

from machine.events import Moment, Position, Reset
from machine.history import History
from machine.machine import Machine
from machine.reason import Reason
from soclet import quantities
from soclet.errors import UserError
from soclet.travel.goal import Travel

BEGIN: Final = "begin"
PRESENT: Final = "present"
NOW: Final = "now"
WORDS: Final = (BEGIN, NOW, PRESENT)


def go_to_place(travel: Travel, text: str) -> Generator[None]:
    """Go to a moment that a person has named. Raises UserError where there is none."""
    moment = _named(travel.machine, travel.history, text)
    if moment is not None:
        yield from travel.go(moment)
    else:
        yield from _go_to_tick(travel, quantities.ticks(text))


def _named(machine: Machine, history: History, text: str) -> Moment | None:
    """Give a moment by its name; None where the text is none, but a tick. Raises UserError."""
    words = {BEGIN: history.begin, NOW: machine.moment, PRESENT: history.present, **history.names}
    if text[:1].isdecimal():
        return None
    if text not in words:
        raise UserError(f"no moment {text!r}; there are ticks, {', '.join(sorted(words))}")
    if words[text].order < history.begin.order:
        raise UserError(f"the moment {text} is forgotten: {_range(history)}")
    return words[text]


def _range(history: History) -> str:
    return f"history begins at tick {history.begin.position.tick}"


def _go_to_tick(travel: Travel, tick: int) -> Generator[None]:
    """Go to the first state at a tick, since the last reset before where the machine is."""
    machine, history = travel.machine, travel.history
    first, last = _since_reset(machine, history)
    if not first.position.tick <= tick <= last.position.tick:
        raise UserError(
            f"tick {tick} is not in the history from the last reset to the next: that is from "
            f"tick {first.position.tick} to tick {last.position.tick}"
        )
    start = first
    for frame in history.frames:
        if first.order < frame.order <= last.order and frame.position.tick <= tick:
            start = frame
    yield from travel.go(start)
    if tick > start.position.tick:
        history.pause_at(last)
        while (yield from travel.run(tick)) is Reason.BRK:
            pass


def _since_reset(machine: Machine, history: History) -> tuple[Moment, Moment]:
    """Give the moments between which ticks count on, around where the machine is."""
    first, last = history.begin, history.present
    log = machine.log
    for index in range(len(log) - 1, first.events - 1, -1):
        position, event = log[index]
        if isinstance(event, Reset):
            first = Moment(Position(position.happened, 0), index + 1)
            break
    for index, (position, event) in enumerate(machine.agenda.coming()):
        if isinstance(event, Reset):
            last = Moment(position, len(log) + index)
            break
    return first, last
