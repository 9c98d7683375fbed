"""Profiles: every instruction counted once, in the stack that it really ran in."""

from collections import Counter

import pytest
from engine_fuzz.loops import make_loops
from handlers import FUNCTIONS, HANDLERS, NESTED, PROCESS, timer
from plain_model.programs import make_program
from recorded import OFF, Loaded
from running import DEMOS
from traced import Traced

from isa_spec.registers import PC
from machine.engines import ENGINES
from machine.events import SerialInput, WriteRegister
from machine.machine import Machine
from machine.observers import Observers
from machine.reason import Reason
from soclet.recording.profile import DEEPEST, UNSEEN, Profiler
from soclet.source_map import SourceMap

CALLS = f"""
        .func start
        mov     sp, 0x8000
        call    outer
        call    leaf
        {OFF}
        .endfunc
        .func outer
        push    link
        call    leaf
        call    leaf
        pop     link
        ret
        .endfunc
        .func leaf
        nop
        ret
        .endfunc
"""
DEMO_NAMES = ["hello", "timer", "processes"]


def profiled(loaded, limit=100_000, **options):
    profiler = Profiler(loaded.machine, loaded.places)
    loaded.machine.run(limit, observers=profiler.observers, **options)
    profile = profiler.profile()
    assert profile.total == loaded.machine.cpu.executed
    return profile


def test_instructions_are_counted_by_the_stack_that_they_ran_in():
    profile = profiled(Loaded(CALLS))
    assert profile.stacks == {
        ("start",): 1 + 2 + 2 + 2,
        ("start", "outer"): 3 + 2 + 2 + 3 + 1,
        ("start", "outer", "leaf"): 4,
        ("start", "leaf"): 2,
    }
    assert profile.of_functions() == {"outer": 11, "start": 7, "leaf": 6}
    assert (profile.switches, profile.resynchronisations) == (0, 0)


@pytest.mark.parametrize("limit", range(26))
def test_a_run_that_ends_anywhere_is_counted_up_to_there(limit):
    profile = profiled(Loaded(CALLS), limit)
    assert profile.total == min(limit, 24)
    assert (UNSEEN,) not in profile.stacks


def test_a_profile_may_be_looked_at_at_any_time_and_goes_on():
    loaded = Loaded(CALLS)
    profiler = Profiler(loaded.machine, loaded.places)
    observers = profiler.observers
    while loaded.machine.run(budget=1, observers=observers) is Reason.BUDGET:
        assert profiler.profile().total == loaded.machine.cpu.executed
    assert profiler.profile().stacks == profiled(Loaded(CALLS)).stacks


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", DEMO_NAMES)
def test_slices_and_the_engine_make_no_difference(name, engine):
    path = DEMOS / name / f"{name}.s"
    whole = profiled(Loaded.file(path), 200_000)
    loaded = Loaded.file(path, engine=ENGINES[engine])
    profiler = Profiler(loaded.machine, loaded.places)
    observers = profiler.observers
    while loaded.machine.run(200_000, 37, observers=observers) is Reason.BUDGET:
        pass
    assert profiler.profile() == whole


TRUE = {
    "calls": FUNCTIONS,
    "a trap in a handler": timer(NESTED, call="call"),
    **{name: timer(text) for name, text in HANDLERS.items()},
}


@pytest.mark.parametrize("name", TRUE)
def test_stacks_are_those_that_single_steps_show(name):
    traced = Traced(TRUE[name])
    places = SourceMap(traced.machine, traced.program.image())
    truth = Counter()
    going = True
    while going:
        stack, executed = true_stack(traced, places), traced.machine.cpu.executed
        going = traced.step()
        truth[stack] += traced.machine.cpu.executed - executed
    profile = profiled(Loaded(TRUE[name]))
    unmarked = Counter()
    for stack, count in profile.stacks.items():
        unmarked[tuple(part for part in stack if not part.startswith("["))] += count
    assert unmarked == +truth
    assert profile.resynchronisations == 0


def true_stack(traced, places):
    """The functions on the stack above the last trap."""
    stack = []
    for entry in traced.entries:
        stack = [] if entry.is_trap else [*stack, places.function_in(entry.registers[PC] - 8, 1, 0)]
    return *stack, places.function_in(traced.r[PC], 1, 0)


def test_a_handler_has_a_stack_of_its_own_that_tells_why():
    profile = profiled(Loaded(timer(HANDLERS["calls a function that knows nothing of it"])))
    assert {stack for stack in profile.stacks if stack[0].startswith("[")} == {
        ("[interrupt timer]", "timer"),
        ("[interrupt timer]", "timer", "disarm"),
        ("[interrupt timer]", "timer", "disarm", "leaf"),
    }
    profile = profiled(Loaded(PROCESS.replace("KERNEL_STACK", "0x90000")), 2_000)
    assert ("[trap system-call]", "call", "serve") in profile.stacks
    assert ("user", "outer", "inner") in profile.stacks


def test_a_jump_to_another_function_counts_for_that_one():
    profile = profiled(
        Loaded(
            f"start: mov sp, 0x8000\ncall one\n{OFF}.func one\nnop\njmp two\n.endfunc\n"
            ".func two\nnop\nret\n.endfunc\n"
        )
    )
    assert profile.stacks == {("start",): 5, ("start", "one"): 2, ("start", "two"): 2}


LONG_JUMP = f"""
        .func start
        mov     sp, 0x8000
        mov     r5, 3
.Lagain: mov    r4, .Lback              ; where deep goes back to, past its callers
        call    outer
.Lback: mov     sp, 0x8000
        mov     r0, 1
        sub     r5, r0
        condbr  r5 > 0, .Lagain
        {OFF}
        .endfunc
        .func outer
        push    link
        call    deep
        .endfunc
        .func deep
        push    link
        mov     sp, 0x8000
        mov     pc, r4
        .endfunc
"""


def test_a_jump_back_over_callers_leaves_them():
    profile = profiled(Loaded(LONG_JUMP))
    assert set(profile.stacks) == {("start",), ("start", "outer"), ("start", "outer", "deep")}
    assert profile.resynchronisations == 3


SWITCHING = f"""
        .func start
        mov     sp, 0x8000
        mov     r0, other               ; the other stack: as if switch had been called there
        mov     r1, 0x9000
        mov     r2, their_sp
        mov     [r2], r1
        mov     r2, their_pc
        mov     [r2], r0
        mov     r5, 3
.Lagain: call   pause
        mov     r0, 1
        sub     r5, r0
        condbr  r5 > 0, .Lagain
        {OFF}
        .endfunc
        .func other
        call    pause
        jmp     other
        .endfunc
        .func pause                     ; called on both stacks, so that switch goes back to the
        push    link                    ; same address on both
        call    switch
        pop     link
        ret
        .endfunc
        .func switch                    ; go over to the other stack, where it was left
        mov     r0, their_sp
        mov     r1, [r0]
        mov     [r0], sp
        mov     sp, r1
        mov     r0, their_pc
        mov     r1, [r0]
        mov     [r0], link
        mov     link, r1
        ret
        .endfunc
        .data
their_sp: .word 0
their_pc: .word 0
"""


def test_stacks_that_are_switched_keep_their_callers():
    profile = profiled(Loaded(SWITCHING))
    assert set(profile.stacks) == {
        ("start",),
        ("start", "pause"),
        ("start", "pause", "switch"),
        ("other",),
        ("other", "pause"),
        ("other", "pause", "switch"),
    }
    whole, before = 3 + 2 + 3 + 1, 3 + 2  # pause executes so much, and that before it switches.
    assert profile.stacks["start", "pause"] == 3 * whole
    assert profile.stacks["other", "pause"] == 2 * whole + before
    assert profile.resynchronisations == 1  # The other stack begins out of nothing.
    assert profile.switches == 5


def test_processes_that_a_kernel_switches_keep_their_callers():
    loaded = Loaded.file(DEMOS / "processes" / "processes.s")
    profile = profiled(loaded, 200_000)
    assert {stack for stack in profile.stacks if stack[0] == "process"} == {
        ("process",),
        ("process", "worker"),
        ("process", "worker", "work"),
    }
    assert profile.switches > 3
    assert profile.resynchronisations == 1  # The second process begins out of a handler.


def test_a_handler_may_have_what_it_interrupted_go_on_elsewhere():
    profile = profiled(
        Loaded(
            f"""
        .func start
        mov sp, 0x8000
        mov ivec, vectors
        call breaks
        {OFF}
        .endfunc
        .func breaks
        mov r1, 0
        div r1, r1
        ret
        .endfunc
        .func skip
        mov r1, 8
        add epc, r1
        iret
        .endfunc
        .data
vectors: .word 0, 0, 0, 0, 0, 0, 0, skip
"""
        )
    )
    assert profile.stacks == {
        ("start",): 6,
        ("start", "breaks"): 3,
        ("[trap division]", "skip"): 3,
    }
    assert profile.resynchronisations == 0


def test_jumps_by_a_table_are_no_returns():
    profile = profiled(
        Loaded(
            f"start: mov sp, 0x8000\ncall choose\n{OFF}"
            ".func choose\nmov r1, .Lone\nmov pc, r1\n.Lone: nop\nret\n.endfunc\n"
        )
    )
    assert profile.stacks == {("start",): 5, ("start", "choose"): 4}
    assert profile.resynchronisations == 0


def test_a_branch_that_never_returns_does_not_pile_up():
    loaded = Loaded(".func start\nmov r1, start\nbranch [r1]\n.endfunc\n")
    profile = profiled(loaded, 30_000)
    assert max(map(len, profile.stacks)) <= 2
    assert profile.resynchronisations > 1_000


def test_a_recursion_that_is_too_deep_is_told_as_such_and_comes_back():
    depth = DEEPEST + 100
    profile = profiled(
        Loaded(
            f"""
        .func start
        mov sp, 0x80000
        mov r4, {depth}
        call down
        {OFF}
        .endfunc
        .func down
        push link
        mov r0, 1
        sub r4, r0
        condbr r4 == 0, .Lout
        call down
.Lout:  pop link
        ret
        .endfunc
"""
        )
    )
    assert max(map(len, profile.stacks)) <= DEEPEST + 2
    assert any("[deeper]" in stack for stack in profile.stacks)
    assert profile.stacks["start",] == 6
    assert profile.resynchronisations == 0


def test_code_without_names_is_told_by_where_it_was_entered():
    loaded = Loaded(CALLS)
    profiler = Profiler(loaded.machine, SourceMap(loaded.machine))
    loaded.machine.run(observers=profiler.observers)
    outer, leaf = (f"{loaded.address(name):#x}" for name in ("outer", "leaf"))
    assert profiler.profile().stacks == {
        ("0x1000",): 7,
        ("0x1000", outer): 11,
        ("0x1000", outer, leaf): 4,
        ("0x1000", leaf): 2,
    }


def test_what_was_not_observed_is_counted_as_such():
    loaded = Loaded("start: nop\n nop\n jmp start\n")
    profiler = Profiler(loaded.machine, loaded.places)
    observers = profiler.observers
    loaded.machine.run(budget=30, observers=observers)
    loaded.machine.run(budget=10)
    loaded.machine.run(budget=29, observers=observers)
    profile = profiler.profile()
    assert profile.total == 69
    assert 10 <= profile.stacks[UNSEEN,] <= 12


def test_a_debugger_that_moves_pc_loses_no_instruction():
    loaded = Loaded("start: nop\n nop\n nop\n jmp start\n")
    profiler = Profiler(loaded.machine, loaded.places)
    observers = profiler.observers
    for _ in range(20):
        loaded.machine.run(budget=7, observers=observers)
        loaded.machine.post(WriteRegister(PC, 0x1000))
    loaded.machine.reset()
    loaded.machine.run(budget=7, observers=observers)
    assert profiler.profile().total == 147


def test_several_profilers_and_others_observe_at_once():
    loaded = Loaded(CALLS)
    one = Profiler(loaded.machine, loaded.places)
    other = Profiler(loaded.machine, loaded.places)
    loaded.machine.run(observers=other.observe(one.observe(Observers())))
    assert one.profile() == other.profile() == profiled(Loaded(CALLS))


@pytest.mark.parametrize("seed", range(200_000, 200_040))
def test_whatever_runs_all_instructions_are_counted(seed):
    program = make_program(seed) if seed % 2 else make_loops(seed)
    machine = Machine(program.memory_size, byte_ticks=program.byte_ticks)
    machine.flash(program.segments)
    for tick, data in program.feeds:
        machine.schedule(tick, SerialInput(data))
    profiler = Profiler(machine, SourceMap(machine))
    observers = profiler.observers
    for _ in range(10):
        machine.run(budget=301, observers=observers)
        assert profiler.profile().total == machine.cpu.executed
    assert (UNSEEN,) not in profiler.profile().stacks
