"""Waves: pc, mode, interrupt lines and ports over machine time, as a value change dump (VCD).

Written by pyvcd as it happens, so that a long run needs no memory. Exact to the tick: a value at a
tick is that with which the instruction that begins there begins. A tick is a microsecond in the
file.
"""

from typing import IO, Any, Final

from vcd import VCDWriter

from isa_spec.formats import LENGTH
from isa_spec.memory_map import Port
from isa_spec.registers import PC, STATUS, Status
from isa_spec.traps import BY_NUMBER, FIRST_INTERRUPT, VECTOR_COUNT
from isa_spec.words import WORD
from machine.events import SerialInput
from machine.happenings import Block, ModeChange, PortAccess, PortLoad, PortStore, Sleep, Wake
from machine.machine import Machine
from machine.observers import Observers
from machine.trapped import Entered, Happening
from soclet.recording.timeline import Timeline

TIMESCALE: Final = "1 us"
_LINES: Final = range(FIRST_INTERRUPT, VECTOR_COUNT)
_ALL_LINES: Final = sum(1 << number for number in _LINES)


class Waves:
    """Draws a machine from where it is now on, while it runs with these observers.

    `file` takes text; `finish` gives it the last of it.
    """

    def __init__(self, machine: Machine, file: IO[str]) -> None:
        self._machine: Final = machine
        self._timeline: Final = Timeline(machine)
        r, now = machine.cpu.r, machine.cpu.time
        self._pc = r[PC]
        self._time = now
        self._events_seen = len(machine.log)
        started = self._timeline.at(now)
        self._writer: Final = VCDWriter(
            file,
            timescale=TIMESCALE,
            date="",
            comment="a tick of machine time is 1 us",
            version="soclet",
            init_timestamp=started,
        )
        self._pc_wire: Final = self._wire("cpu", "pc", 32, r[PC])
        self._mode_wires: Final = {
            bit: self._wire("cpu", name, 1, bool(r[STATUS] & bit))
            for bit, name in (
                (int(Status.KERNEL), "kernel"),
                (int(Status.VIRTUAL), "virtual"),
                (int(Status.INTERRUPTS), "interrupts_enabled"),
            )
        }
        self._sleep_wire: Final = self._wire("cpu", "asleep", 1, machine.cpu.asleep)
        self._pending = pending = machine.bus.pending(now)
        self._line_wires: Final = {
            number: self._wire("pending", _line_name(number), 1, bool(pending >> number & 1))
            for number in _LINES
        }
        self._port_wires: Final[dict[tuple[int, type[PortAccess]], tuple[Any, Any]]] = {
            (port.address, kind): self._port_wire(port, way)
            for device in machine.bus.devices.values()
            for port in device.ports
            for kind, way, used in (
                (PortLoad, "load", port.load),
                (PortStore, "store", port.store),
            )
            if used is not None
        }
        self._next_change = machine.bus.deadline(now, _ALL_LINES)

    def observe(self, observers: Observers) -> Observers:
        """Have observers keep it up to date, beside what they do already."""
        return (
            observers.on(Block, self._block)
            .on(Entered, self._entered)
            .on(ModeChange, self._mode_changed)
            .on(PortAccess, self._used_port)
            .on(Sleep, self._fell_asleep)
            .on(Wake, self._woke)
        )

    def finish(self) -> None:
        """Draw up to where the machine is, and end the file."""
        cpu = self._machine.cpu
        self._reach(cpu.r[PC], cpu.time)
        self._change(self._pc_wire, cpu.time, cpu.r[PC])
        self._writer.close(self._timeline.at(cpu.time))

    # What is told

    def _block(self, block: Block) -> bool:
        end, now = block.pc + LENGTH & WORD, self._machine.cpu.time
        count = (end - block.start & WORD) // LENGTH
        ahead = (end - self._pc & WORD) // LENGTH
        if ahead > count or self._time + ahead != now:  # A reset, or a debugger has moved pc.
            self._pc, self._time = block.start, now - count
        self._reach(end, now)
        self._pc = block.next
        return False

    def _entered(self, entered: Entered) -> bool:  # noqa: ARG002
        self._pc, self._time = self._machine.cpu.r[PC], self._machine.cpu.time
        self._lines_until(self._time)
        self._change(self._pc_wire, self._time, self._pc)
        return False

    def _mode_changed(self, change: ModeChange) -> bool:
        self._complete(change)
        for bit, wire in self._mode_wires.items():
            self._change(wire, self._machine.cpu.time, bool(change.after & bit))
        return False

    def _used_port(self, used: PortAccess) -> bool:
        self._complete(used)
        word, times = self._port_wires[used.address, type(used)]
        self._change(word, self._machine.cpu.time, used.word)
        self._change(times, self._machine.cpu.time, True)
        self._show_lines(self._machine.cpu.time)
        return False

    def _fell_asleep(self, sleep: Sleep) -> bool:
        self._complete(sleep)
        self._change(self._sleep_wire, self._machine.cpu.time, True)
        return False

    def _woke(self, wake: Wake) -> bool:
        self._lines_until(wake.time)
        self._time = wake.time
        self._change(self._sleep_wire, wake.time, False)
        return False

    # Drawing

    def _complete(self, done: Happening) -> None:
        """Draw up to an instruction that was executed within a block."""
        ahead = (done.pc - self._pc & WORD) // LENGTH
        if self._time + ahead == done.time:
            self._reach(done.pc + LENGTH & WORD, done.time + 1)

    def _reach(self, pc: int, time: int) -> None:
        """Draw the instructions up to one that is to begin at a tick."""
        self._look_outside(time)
        while self._time < time and self._pc != pc:
            if self._next_change <= self._time:
                self._lines_until(self._time)
            self._change(self._pc_wire, self._time, self._pc)
            self._pc = self._pc + LENGTH & WORD
            self._time += 1
        self._lines_until(time)

    def _look_outside(self, time: int) -> None:
        """Know when what has come from outside since may have changed the interrupt lines."""
        log = self._machine.log
        if len(log) != self._events_seen:
            for position, event in log.after(min(self._events_seen, len(log))):
                came = position.tick if isinstance(event, SerialInput) else time
                self._next_change = min(self._next_change, came)
            self._events_seen = len(log)

    def _lines_until(self, time: int) -> None:
        """Draw how the interrupt lines have changed by themselves and by what came from outside."""
        self._look_outside(time)
        while self._next_change <= time:
            self._show_lines(self._next_change)

    def _show_lines(self, time: int) -> None:
        bus = self._machine.bus
        pending = bus.pending(time)
        if pending != self._pending:
            for number, wire in self._line_wires.items():
                self._change(wire, time, bool(pending >> number & 1))
            self._pending = pending
        self._next_change = bus.deadline(time, _ALL_LINES)

    def _change(self, wire: Any, time: int, value: int) -> None:
        self._writer.change(wire, self._timeline.at(time), value)

    def _wire(self, scope: str, name: str, size: int, value: int) -> Any:
        return self._writer.register_var(scope, name, "wire", size, value)

    def _port_wire(self, port: Port, way: str) -> tuple[Any, Any]:
        name = f"{port.name}_{way}"
        word = self._writer.register_var(f"ports.{port.device}", name, "wire", 32)
        times = self._writer.register_var(f"ports.{port.device}", f"{name}_now", "event")
        return word, times


def _line_name(number: int) -> str:
    vector = BY_NUMBER.get(number)
    return f"line_{number}" if vector is None else vector.name.replace("-", "_")
