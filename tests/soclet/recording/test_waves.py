"""Waves: the file read back, and at every tick what single steps show."""

import io

import pytest
from engine_fuzz.loops import make_loops
from handlers import HANDLERS, PROCESS, timer
from plain_model.programs import make_program
from recorded import OFF, Loaded
from running import DEMOS
from vcd.reader import TokenKind, tokenize

from isa_spec.registers import PC, STATUS
from isa_spec.traps import SERIAL_RX, SERIAL_TX, TIMER
from machine.events import SerialInput
from machine.machine import Machine
from machine.observers import Observers
from machine.reason import Reason
from soclet.recording.waves import Waves

RX, TX = 0x10, 0x14


class Read:
    """A file's waves: the changes of each by name, as pairs of tick and value."""

    def __init__(self, text):
        self.changes, names, scopes, now = {}, {}, [], 0
        for token in tokenize(io.BytesIO(text.encode())):
            match token.kind:
                case TokenKind.TIMESCALE:
                    self.timescale = (int(token.data.magnitude), token.data.unit.value)
                case TokenKind.SCOPE:
                    scopes.append(token.data.ident)
                case TokenKind.UPSCOPE:
                    scopes.pop()
                case TokenKind.VAR:
                    names[token.data.id_code] = ".".join((*scopes, token.data.reference))
                case TokenKind.CHANGE_TIME:
                    assert token.data >= now
                    now = token.data
                case TokenKind.CHANGE_SCALAR | TokenKind.CHANGE_VECTOR:
                    value = token.data.value
                    value = int(value) if value in ("0", "1") else value
                    self.changes.setdefault(names[token.data.id_code], []).append((now, value))
        self.end = now

    def at(self, name, tick):
        return next(value for at, value in reversed(self.changes[name]) if at <= tick)

    def events(self, name):
        """The ticks of an event, and the word of it."""
        return [(tick, self.at(name, tick)) for tick, _ in self.changes.get(f"{name}_now", ())]


def drawn(machine, limit=3_000, budget=None):
    file = io.StringIO()
    waves = Waves(machine, file)
    observers = waves.observe(Observers())
    while machine.run(limit, budget, observers=observers) is Reason.BUDGET:
        pass
    waves.finish()
    return Read(file.getvalue())


def check(read, machine, limit):
    """Step the same machine, and compare before every instruction."""
    wires = {"timer": TIMER.bit, "serial_rx": SERIAL_RX.bit, "serial_tx": SERIAL_TX.bit}
    cpu = machine.cpu
    while cpu.time < limit:
        reason = machine.run(limit, 0)
        if reason not in (Reason.BUDGET,):
            break
        if cpu.interrupt_due() is not None:
            cpu.enter_interrupt()
        now = cpu.time
        if cpu.check_stopped:
            break
        assert read.at("cpu.pc", now) == cpu.r[PC], now
        modes = [read.at(f"cpu.{n}", now) for n in ("kernel", "virtual", "interrupts_enabled")]
        assert modes == [cpu.r[STATUS] >> bit & 1 for bit in range(3)], now
        pending = machine.bus.pending(now)
        for name, bit in wires.items():
            assert read.at(f"pending.{name}", now) == bool(pending & bit), (name, now)
        machine.run(limit, 1, skip_sleep=False)


@pytest.mark.parametrize("budget", [None, 17])
@pytest.mark.parametrize("name", ["timer", "processes", "hello"])
def test_the_demos_are_drawn_as_they_are_at_every_tick(name, budget):
    path = DEMOS / name / f"{name}.s"
    read = drawn(Loaded.file(path).machine, 1_500, budget)
    assert read.timescale == (1, "us")
    check(read, Loaded.file(path).machine, 1_500)


@pytest.mark.parametrize("name", HANDLERS)
def test_handlers_are_drawn_as_they_are_at_every_tick(name):
    text = timer(HANDLERS[name])
    check(drawn(Loaded(text).machine), Loaded(text).machine, 3_000)


def test_a_process_is_drawn_as_it_is_at_every_tick():
    text = PROCESS.replace("KERNEL_STACK", "0x90000")
    check(drawn(Loaded(text).machine, 500), Loaded(text).machine, 500)


@pytest.mark.parametrize("seed", range(210_000, 210_016))
def test_whatever_runs_is_drawn_as_it_is_at_every_tick(seed):
    program = make_program(seed) if seed % 2 else make_loops(seed)

    def machine():
        machine = Machine(program.memory_size, byte_ticks=program.byte_ticks)
        machine.flash(program.segments)
        for tick, data in program.feeds:
            machine.schedule(tick, SerialInput(data))
        return machine

    check(drawn(machine(), 600), machine(), 600)


def test_port_accesses_are_events_with_the_word():
    loaded = Loaded(
        f"start: mov r8, {RX}\nmov r9, {TX}\nmov r1, [r8]\nmov [r9], r1\nmov [r9], r1\n{OFF}"
    )
    loaded.machine.schedule(1, SerialInput(b"!"))
    read = drawn(loaded.machine)
    assert read.events("ports.serial.RX_load") == [(3, ord("!"))]
    assert read.events("ports.serial.TX_store") == [(4, ord("!")), (5, ord("!"))]
    assert read.events("ports.system.POWER_OFF_store") == [(7, 0x20)]


def test_sleep_is_drawn_with_the_line_that_ends_it():
    read = drawn(Loaded.file(DEMOS / "timer" / "timer.s").machine, 100_050)
    ((_, asleep), (slept, _), (woke, _)) = read.changes["cpu.asleep"]
    assert (asleep, slept < 100, woke) == (0, True, 100_000)
    assert (100_000, 1) in read.changes["pending.timer"]


def test_time_goes_on_after_a_reset():
    loaded = Loaded("start: nop\n nop\n jmp start\n")
    file = io.StringIO()
    waves = Waves(loaded.machine, file)
    observers = waves.observe(Observers())
    loaded.machine.run(50, observers=observers)
    loaded.machine.reset()
    loaded.machine.run(50, observers=observers)
    waves.finish()
    assert 95 <= Read(file.getvalue()).end <= 100


def test_the_same_run_gives_the_same_file():
    texts = []
    for _ in range(2):
        file = io.StringIO()
        loaded = Loaded.file(DEMOS / "hello" / "hello.s")
        waves = Waves(loaded.machine, file)
        loaded.machine.run(500, observers=waves.observe(Observers()))
        waves.finish()
        texts.append(file.getvalue())
    assert texts[0] == texts[1]
