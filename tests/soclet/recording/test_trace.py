"""Traces: the slices and moments that a viewer shows, held against single steps."""

import json
from itertools import pairwise

import pytest
from handlers import FUNCTIONS, HANDLERS, NESTED, PROCESS, timer
from recorded import OFF, Loaded
from running import DEMOS
from traced import Traced

from isa_spec.registers import PC
from machine.events import SerialInput
from machine.observers import Observers
from machine.reason import Reason
from soclet.recording.profile import Profiler
from soclet.recording.trace import Tracer

FUNCTION, MODE, SLEEP, SERIAL = 1, 2, 3, 4
RX, TX = 0x10, 0x14


def traced(loaded, limit=200_000, budget=None):
    """Run; give the events by track."""
    pieces = []
    tracer = Tracer(loaded.machine, loaded.places, pieces.append)
    observers = tracer.observe(Observers())
    while loaded.machine.run(limit, budget, observers=observers) is Reason.BUDGET:
        pass
    tracer.finish()
    file = json.loads("".join(pieces))
    assert "1 us" in file["otherData"]["time"]
    tracks = {track: [] for track in (FUNCTION, MODE, SLEEP, SERIAL)}
    for event in file["traceEvents"]:
        assert {"ph", "pid", "tid", "ts"} <= event.keys()
        if event["ph"] != "M":
            tracks[event["tid"]].append(event)
    return tracks


def slices(events):
    """Give (name, begin, end, depth) for each; all are ended, and time only goes on."""
    done, begun, last = [], [], 0
    for event in events:
        assert event["ts"] >= last
        last = event["ts"]
        if event["ph"] == "B":
            begun.append(event)
        elif event["ph"] == "E":
            start = begun.pop()
            done.append((start["name"], start["ts"], event["ts"], len(begun)))
    assert begun == []
    return sorted(done, key=lambda each: (each[1], each[3]))


def test_functions_are_slices_from_their_first_instruction_to_the_one_after_them():
    loaded = Loaded(
        f".func start\nmov sp, 0x8000\ncall leaf\n{OFF}.endfunc\n.func leaf\nret\n.endfunc"
    )
    assert slices(traced(loaded)[FUNCTION]) == [("start", 0, 6, 0), ("leaf", 3, 4, 1)]


@pytest.mark.parametrize("name", ["calls", "nested", *HANDLERS])
def test_at_every_tick_the_open_slices_are_the_true_stack(name):
    text = {"calls": FUNCTIONS, "nested": timer(NESTED, call="call")}.get(name)
    text = text or timer(HANDLERS[name])
    events = traced(Loaded(text))[FUNCTION]
    truth = Traced(text)
    open_slices, going, deepest = [], True, 0
    while going:
        now = truth.machine.cpu.time
        while events and events[0]["ts"] <= now and truth.machine.cpu.interrupt_due() is None:
            event = events.pop(0)
            if event["ph"] == "B":
                open_slices.append(event["name"])
            else:
                open_slices.pop()
        if truth.machine.cpu.interrupt_due() is None:
            assert len(open_slices) == len(truth.entries) + 1, now
            deepest = max(deepest, len(open_slices))
            if open_slices[-1].startswith("interrupt timer: "):
                assert truth.entries[-1].is_trap
        going = truth.step()
    assert deepest > 1


def test_traps_and_interrupts_are_slices_with_the_reason():
    tracks = traced(Loaded.file(DEMOS / "processes" / "processes.s"))
    handlers = [e for e in tracks[FUNCTION] if e["ph"] == "B" and ": " in e["name"]]
    assert {e["name"] for e in handlers} == {
        "interrupt timer: enter_kernel",
        "trap system-call: enter_kernel",
    }
    assert {e["args"]["why"].split(" 0x")[0] for e in handlers} == {
        "timer",
        "the instruction `trap",
    }
    slices(tracks[FUNCTION])


def test_modes_are_slices_without_gaps_and_page_tables_are_moments():
    tracks = traced(Loaded.file(DEMOS / "processes" / "processes.s"))
    modes = slices(tracks[MODE])
    assert {name for name, *_ in modes} == {"kernel mode", "user mode, translated"}
    assert all(one[2] == other[1] for one, other in pairwise(modes))
    switches = [e for e in tracks[MODE] if e["ph"] == "i"]
    assert {e["name"] for e in switches} == {"ptbr 0x6001", "ptbr 0x7001"}


def test_sleep_is_a_slice():
    tracks = traced(Loaded.file(DEMOS / "timer" / "timer.s"), 250_000)
    assert [(name, end) for name, _, end, _ in slices(tracks[SLEEP])] == [
        ("asleep", 100_000),
        ("asleep", 200_000),
        ("asleep", 250_000),
    ]


def test_bytes_are_moments_at_the_tick_that_they_come_and_go():
    loaded = Loaded(f"start: mov r8, {RX}\nmov r9, {TX}\nnop\nmov r1, [r8]\nmov [r9], r1\n{OFF}")
    loaded.machine.schedule(2, SerialInput(b"a\0"))
    events = traced(loaded)[SERIAL]
    assert [(e["name"], e["args"]) for e in events] == [
        ("in 'a\\x00'", {"hex": "61 00", "tick": 2}),
        ("out 'a'", {"hex": "61", "tick": 4}),
    ]


def test_a_byte_that_tx_had_no_space_for_is_not_shown():
    sends = "mov [r9], r1\n" * 20
    loaded = Loaded(f"start: mov r9, {TX}\nmov r1, 'x'\n{sends}{OFF}", byte_ticks=1000)
    events = traced(loaded)[SERIAL]
    assert len(events) == 16


def test_what_happens_is_written_at_once_and_not_kept():
    loaded = Loaded.file(DEMOS / "timer" / "timer.s")
    pieces = []
    tracer = Tracer(loaded.machine, loaded.places, pieces.append)
    observers = tracer.observe(Observers())
    begun = len(pieces)
    loaded.machine.run(150_000, observers=observers)
    written = len(pieces)
    assert written > begun + 20
    tracer.finish()
    assert len(pieces) < written + 8
    json.loads("".join(pieces))


def test_time_goes_on_after_a_reset():
    loaded = Loaded(
        ".func start\nmov sp, 0x8000\ncall leaf\n.endfunc\n.func leaf\njmp leaf\n.endfunc"
    )
    pieces = []
    tracer = Tracer(loaded.machine, loaded.places, pieces.append)
    observers = tracer.observe(Observers())
    loaded.machine.run(50, observers=observers)
    loaded.machine.reset()
    loaded.machine.run(50, observers=observers)
    tracer.finish()
    events = [e for e in json.loads("".join(pieces))["traceEvents"] if e["tid"] == FUNCTION]
    slices([e for e in events if e["ph"] != "M"])


def test_slices_of_a_run_make_no_difference_and_others_observe_too():
    path = DEMOS / "processes" / "processes.s"
    whole = traced(Loaded.file(path))
    assert traced(Loaded.file(path), budget=41) == whole
    loaded = Loaded.file(path)
    pieces = []
    tracer = Tracer(loaded.machine, loaded.places, pieces.append)
    profiler = Profiler(loaded.machine, loaded.places)
    loaded.machine.run(200_000, observers=profiler.observe(tracer.observe(Observers())))
    tracer.finish()
    assert profiler.profile().total == loaded.machine.cpu.executed
    assert len(json.loads("".join(pieces))["traceEvents"]) > sum(map(len, whole.values()))


def test_a_process_has_its_names_by_its_own_page_table():
    loaded = Loaded(PROCESS.replace("KERNEL_STACK", "0x90000"))
    names = {name for name, *_ in slices(traced(loaded, 2_000)[FUNCTION])}
    assert {"user", "outer", "inner", "trap system-call: call", "serve"} <= names
    assert loaded.machine.cpu.r[PC]
