"""The monitor commands that show the machine: traps, time, devices, what memory is kept in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gdbstub.target import TargetError
from isa_spec.memory_map import MEMORY_START, Port
from isa_spec.registers import IMASK, STATUS, Status
from isa_spec.traps import FIRST_INTERRUPT, VECTOR_COUNT, VECTORS
from machine.device import NEVER, Telling
from machine.engines import native_refusal
from machine.machine import Machine
from machine.nvram import NvramError
from soclet import sentences
from soclet.monitor.registry import command
from soclet.runner import Clock

if TYPE_CHECKING:
    from soclet.thread_target import ThreadTarget

_INTERRUPTS = range(FIRST_INTERRUPT, VECTOR_COUNT)
_KNOWN = {vector.number: vector.name for vector in VECTORS if vector.interrupt}


@command("trap")
def _trap(target: ThreadTarget, _argument: str) -> str:
    """Tell the last traps and interrupts: why, and where; the newest last."""
    machine = target.machine
    lines = [sentences.trap_entered(machine, target.places, each) for each in machine.cpu.entered]
    if lines and machine.cpu.check_stopped:
        lines.append(f"check-stop: {sentences.no_handler(machine)}")
    return "\n".join(lines or ["no trap and no interrupt was entered yet"]) + "\n"


@command("time")
def _time(target: ThreadTarget, _argument: str) -> str:
    """Show ticks, instructions and the next tick at which something happens by itself."""
    machine, cpu = target.machine, target.machine.cpu
    clocks = {
        Clock.VIRTUAL: "virtual: sleep passes at once",
        Clock.PACED: "paced: a tick of sleep takes a microsecond",
    }
    rows = {
        "instructions": f"{cpu.executed} executed since the machine was made",
        "interrupts": f"{cpu.interrupts} entered since then",
        "next": _next(machine),
        "state": _state(machine),
        "clock": clocks[target.runner.clock],
        "history": _history(machine),
    }
    lines = (f"  {name:<12}  {value}\n" for name, value in rows.items())
    return f"tick {cpu.time}\n{''.join(lines)}"


def _history(machine: Machine) -> str:
    """Tell how far back history reaches, and where in it the machine is."""
    history = machine.history
    if history is None:
        return "none is kept"
    begin, present = history.begin.position, history.present.position
    reach = f"from tick {begin.tick}, {present.happened - begin.happened} steps before the present"
    moments = len(history.frames)
    kept = f"{moments} moment{'s' * (moments != 1)} kept in {history.size >> 10} KiB"
    if not machine.repeats:
        return f"{reach}; {kept}; now is the present"
    back = present.happened - machine.position.happened
    steps = f"{back} step{'s' * (back != 1)}"
    return f"{reach}; {kept}; now is {steps} before the present, tick {present.tick}"


def _next(machine: Machine) -> str:
    """Tell the next interrupt that comes by itself and is let through."""
    now, due = machine.cpu.time, machine.wake_tick()
    if due == NEVER:
        return "nothing that imask lets through is due by itself"
    mask = machine.cpu.r[IMASK]
    names = [
        sentences.interrupt(number)
        for number in _INTERRUPTS
        if mask >> number & 1 and machine.bus.deadline(now, 1 << number) == due
    ]
    # What is due by no device's deadline is input that was scheduled, or of a recording.
    other = "serial input" if machine.to_come is None else "what was recorded"
    return f"{', '.join(names) or other} at tick {due}, {due - now} from now"


def _state(machine: Machine) -> str:
    cpu = machine.cpu
    if cpu.exit_status is not None:
        return f"switched off, exit status {cpu.exit_status}"
    if cpu.check_stopped:
        return "check-stopped: only a reset helps"
    return "asleep in a wait" if cpu.asleep else "awake"


@command("devices")
def _devices(target: ThreadTarget, _argument: str) -> str:
    """List the devices, their ports with what a load would see, and the interrupts."""
    return "\n".join(_device_lines(target.machine)) + "\n"


def _device_lines(machine: Machine) -> Iterator[str]:
    now = machine.cpu.time
    for device in machine.bus.devices.values():
        yield device.name
        for port in device.ports:
            yield f"  {port.address:#06x}  {port.name:<10} {_use(port):<5} {_seen(machine, port)}"
        if isinstance(device, Telling):
            yield from (f"  {line}" for line in device.tell(now))
    yield "memory"
    size = machine.memory.size
    yield f"  {MEMORY_START:#06x}  to {size - 1:#x}, {size - MEMORY_START} bytes"
    yield from _interrupt_lines(machine)


def _use(port: Port) -> str:
    if port.load is not None and port.store is not None:
        return "both"
    return "store" if port.load is None else "load"


def _seen(machine: Machine, port: Port) -> str:
    word = machine.bus.peek(port.address, machine.cpu.time)
    return "-" if word is None else f"{word:#x}"


def _interrupt_lines(machine: Machine) -> Iterator[str]:
    """Tell of each interrupt whether it is pending and let through: it comes where both are."""
    r, pending = machine.cpu.r, machine.bus.pending(machine.cpu.time)
    on = bool(r[STATUS] & Status.INTERRUPTS)
    yield f"interrupts: {'on' if on else 'off'} by status, imask is {r[IMASK]:#x}"
    for number in _INTERRUPTS:
        if number in _KNOWN or (pending | r[IMASK]) >> number & 1:
            up = "pending" if pending >> number & 1 else "quiet"
            through = "let through" if r[IMASK] >> number & 1 else "masked"
            yield f"  {number}  {_KNOWN.get(number, '-'):<10} {up:<8} {through}"


@command("threads")
def _threads(target: ThreadTarget, _argument: str) -> str:
    """List the threads: the guest's processes where it says which there are, else the CPU."""
    current = target.current_thread()
    rows = [
        f"{'*' if each.id == current else ' '} {each.id:<4} {each.name:<12} {each.extra}"
        for each in target.threads()
    ]
    source = target.source
    found = "the guest has no process descriptor, so the CPU is the one thread"
    if source is not None:
        found = f"the process descriptor is at {source.descriptor.address:#x}"
    return "\n".join([target.source_problem or found, *rows]) + "\n"


@command("engine")
def _engine(target: ThreadTarget, _argument: str) -> str:
    """Say which engine executes instructions."""
    refused = native_refusal()
    without = f"native {refused}\n" if refused is not None else ""
    return f"{target.machine.engine.report}\n{without}"


@command("recording")
def _recording(target: ThreadTarget, _argument: str) -> str:
    """Tell how far a replay is, and where and why the recorded run ended."""
    if target.recording is None:
        return "this run is no replay; `soclet replay FILE --gdb PORT` replays a capsule\n"
    return f"{target.recording.progress()}\n"


@command("nvram")
def _nvram(target: ThreadTarget, _argument: str) -> str:
    """Say which file memory is kept in."""
    nvram = target.machine.nvram
    if nvram is None:
        return "memory is in no file; --nvram FILE keeps it\n"
    try:
        target.machine.commit()
    except NvramError as error:
        raise TargetError(str(error)) from error
    return f"{nvram.path}: {nvram.size} bytes, up to date\n"
