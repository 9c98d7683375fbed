"""A trace: what happened when, for Perfetto and other viewers of the trace event format.

Written as it happens, so that a long run needs no memory. Knows the format, which is that of
https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU. A tick of machine
time is a microsecond in the file, which is what its times are in.
"""

import json
from collections.abc import Callable
from enum import IntEnum
from typing import Any, Final

from isa_spec.memory_map import TX
from isa_spec.registers import STATUS, Status
from isa_spec.traps import SERIAL_TX
from machine.events import SerialInput
from machine.happenings import (
    Call,
    CallReturn,
    ModeChange,
    PortStore,
    Sleep,
    TableSwitch,
    TrapReturn,
    Wake,
)
from machine.machine import Machine
from machine.observers import Observers
from machine.trapped import Entered
from soclet import sentences
from soclet.recording.functions import Functions
from soclet.recording.stacks import Frame, Stacks
from soclet.recording.timeline import Timeline
from soclet.source_map import SourceMap

_PROCESS: Final = 1


class _Track(IntEnum):
    """The rows that a viewer shows, as threads of one process."""

    FUNCTIONS = 1
    MODE = 2
    SLEEP = 3
    SERIAL = 4


class Tracer:
    """Traces a machine from where it is now on, while it runs with these observers.

    `write` takes the file's text in pieces; `finish` gives it the last one.
    """

    def __init__(self, machine: Machine, places: SourceMap, write: Callable[[str], object]) -> None:
        self._machine: Final = machine
        self._write: Final = write
        self._functions: Final = Functions(machine, places)
        self._stacks: Final = Stacks(machine, self._functions.at)
        self._timeline: Final = Timeline(machine)
        self._shown: Frame | None = None
        self._mode: str | None = None
        self._asleep = False
        self._tx_full_until = 0
        self._events_seen = len(machine.log)
        write('{"otherData": {"time": "a tick of machine time is 1 us"}, "traceEvents": [')
        self._separator = "\n"
        self._emit(_Track.FUNCTIONS, "M", name="process_name", args={"name": "soclet"})
        for track in _Track:
            self._emit(track, "M", name="thread_name", args={"name": track.name.lower()})
        self._show_stack()
        self._show_mode(machine.cpu.r[STATUS])

    def observe(self, observers: Observers) -> Observers:
        """Have observers keep it up to date, beside what they do already."""
        return (
            observers.on(Call, self._called)
            .on(CallReturn, self._returned)
            .on(TrapReturn, self._trap_returned)
            .on(Entered, self._entered)
            .on(ModeChange, self._mode_changed)
            .on(TableSwitch, self._table_switched)
            .on(Sleep, self._fell_asleep)
            .on(Wake, self._woke)
            .on(PortStore, self._stored_to_port)
        )

    def finish(self) -> None:
        """End what is still going on, and the file."""
        self._show_input()
        frame = self._shown
        while frame is not None:
            self._emit(_Track.FUNCTIONS, "E")
            frame = frame.parent
        self._emit(_Track.MODE, "E")
        if self._asleep:
            self._emit(_Track.SLEEP, "E")
        self._write("\n]}\n")

    # Functions and handlers

    def _called(self, call: Call) -> bool:
        self._stacks.called(call)
        return self._show_stack()

    def _returned(self, gone: CallReturn) -> bool:
        self._stacks.returned(gone)
        return self._show_stack()

    def _trap_returned(self, gone: TrapReturn) -> bool:
        self._stacks.trap_returned(gone)
        return self._show_stack()

    def _entered(self, entered: Entered) -> bool:
        self._show_input()
        self._stacks.entered(entered)
        return self._show_stack()

    def _show_stack(self) -> bool:
        """End the slices of the frames that are gone, and begin those of the new ones."""
        old, new = self._shown, self._stacks.top
        self._shown = new
        begun: list[Frame] = []
        at: Frame | None = new
        while old is not at:
            if at is not None and (old is None or at.depth > old.depth):
                begun.append(at)
                at = at.parent
            elif old is not None:
                self._emit(_Track.FUNCTIONS, "E")
                old = old.parent
        for frame in reversed(begun):
            self._begin_frame(frame)
        return False

    def _begin_frame(self, frame: Frame) -> None:
        if frame.label is None:
            name = self._functions.at(frame.entry) or f"{frame.entry:#x}"
            args = {"caller": f"{frame.caller:#x}"}
            if frame.entered is not None:
                name = f"{sentences.entry_name(frame.entered)}: {name}"
                args = {
                    "why": sentences.trap(self._machine, frame.entered),
                    "pc": f"{frame.caller:#x}",
                }
            frame.label = {"name": name, "args": args}
        self._emit(_Track.FUNCTIONS, "B", **frame.label)

    # Modes and sleep

    def _mode_changed(self, change: ModeChange) -> bool:
        return self._show_mode(change.after)

    def _show_mode(self, status: int) -> bool:
        mode = sentences.mode(status)
        if status & Status.VIRTUAL:
            mode += ", translated"
        if mode != self._mode:
            if self._mode is not None:
                self._emit(_Track.MODE, "E")
            self._emit(_Track.MODE, "B", name=mode)
            self._mode = mode
        return False

    def _table_switched(self, switch: TableSwitch) -> bool:
        args = {"before": f"{switch.before:#x}", "after": f"{switch.after:#x}"}
        self._emit(_Track.MODE, "i", name=f"ptbr {switch.after:#x}", s="t", args=args)
        return False

    def _fell_asleep(self, _: Sleep) -> bool:
        self._asleep = True
        self._emit(_Track.SLEEP, "B", name="asleep")
        return False

    def _woke(self, _: Wake) -> bool:
        self._show_input()
        if self._asleep:
            self._emit(_Track.SLEEP, "E")
            self._asleep = False
        return False

    # The serial line

    def _stored_to_port(self, used: PortStore) -> bool:
        self._show_input()
        if used.address == TX.address:
            self._show_output(used)
        return False

    def _show_output(self, used: PortStore) -> None:
        """Show a byte that went into TX, unless there was no space."""
        bus, now = self._machine.bus, self._machine.cpu.time
        if used.time >= self._tx_full_until:
            self._show_bytes("out", bytes([used.word & 0xFF]), used.time)
        full = not bus.pending(now) & SERIAL_TX.bit
        self._tx_full_until = bus.deadline(now, SERIAL_TX.bit) if full else 0

    def _show_input(self) -> None:
        """Show what has come on the line since."""
        log = self._machine.log
        if len(log) > self._events_seen:
            for position, event in log.after(self._events_seen):
                if isinstance(event, SerialInput):
                    self._show_bytes("in", event.data, position.tick)
        self._events_seen = len(log)

    def _show_bytes(self, way: str, data: bytes, tick: int) -> None:
        args = {"hex": data.hex(" "), "tick": tick}
        self._emit(_Track.SERIAL, "i", name=f"{way} {repr(data)[1:]}", s="t", args=args)

    def _emit(self, track: _Track, phase: str, **more: Any) -> None:
        event = {
            "ph": phase,
            "pid": _PROCESS,
            "tid": int(track),
            "ts": self._timeline.at(self._machine.cpu.time),
            **more,
        }
        self._write(f"{self._separator}{json.dumps(event)}")
        self._separator = ",\n"
