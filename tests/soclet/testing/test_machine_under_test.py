"""A machine under test: its time, what it is run until, its inside, its states."""

import pytest
from tested_guests import ECHO, SLEEPY

from isa_spec.traps import SERIAL_RX
from machine.happenings import ModeChange, Store, TrapReturn
from machine.trapped import Interrupt
from soclet.errors import UserError
from soclet.testing import Configuration, Failure, MachineUnderTest, Reason

COUNTING = """
start:  mov r1, counter
        mov r2, 1
loop:   mov r0, [r1]
        add r0, r2
        mov [r1], r0
        call nothing
        condbr r0 != 50, loop
        mov r3, 0x20
        mov [r3], r0
        .func nothing
        ret
        .endfunc
counter: .word 0
text:   .asciz "hello"
"""

TRAPPING = """
start:  mov r1, vectors
        mov ivec, r1
        mov r2, 0
        mov r3, 0
        mov [r3], r2        ; no port is at 0
        mov r3, word
        mov [r3], r3
stay:   mov pc, stay
handler: mov ks0, r1
        mov r1, 8
        add epc, r1
        mov r1, ks0
        iret
word:   .word 0
        .align 8
vectors: .word 0, 0, 0, 0, 0, 0, handler
"""


# Time


def test_a_machine_begins_at_its_first_instruction_and_runs_by_ticks(build):
    machine = build()
    assert (machine.time, machine.pc) == (0, 0x1000)
    assert machine.run(10) is Reason.LIMIT
    assert machine.run("1k") is Reason.LIMIT
    assert (machine.time, machine.ended) == (1010, None)


def test_ticks_pass_in_sleep_when_something_is_to_come(build):
    machine = build(SLEEPY)
    machine.serial.send("x", at=700)
    assert machine.run(500) is Reason.LIMIT
    assert machine.time == 500


def test_the_end_of_a_machine_is_told(build):
    machine = build()
    machine.serial.send("!")
    assert machine.run_to_power_off() == 7
    assert (machine.exit_status, machine.ended) == (7, Reason.POWER_OFF)
    assert build(SLEEPY).run(100) is Reason.ASLEEP


def test_a_machine_that_is_not_switched_off_in_time_fails_with_where_it_is(build):
    with pytest.raises(Failure, match=r"not switched off within 50 ticks: .* <poll.*at tick 50"):
        build().run_to_power_off(ticks=50)


# Until


def test_a_machine_runs_until_a_symbol_or_an_address(build):
    machine = build(COUNTING)
    assert machine.run_until(symbol="nothing") == "symbol"
    assert machine.pc == machine.symbols.address("nothing")
    first = machine.time
    assert machine.run_until(pc="nothing") == "pc"
    assert machine.time > first
    assert machine.memory["counter"] == 2


def test_a_machine_runs_until_a_store_was_done(build):
    machine = build(COUNTING)
    for count in (1, 2, 3):
        assert machine.run_until(write_to="counter") == "write_to"
        assert machine.memory["counter"] == count


def test_a_store_that_traps_is_not_what_was_waited_for(build):
    machine = build(TRAPPING)
    with pytest.raises(Failure, match="a store to 0x0 did not come within 40 ticks"):
        machine.run_until(write_to=0, ticks=40)


def test_a_machine_runs_until_a_trap_was_entered(build):
    machine = build(TRAPPING)
    assert machine.run_until(trap="nothing") == "trap"
    assert machine.pc == machine.symbols.address("handler")
    assert machine.traps[-1].detail == 0
    machine = build(SLEEPY)
    machine.serial.send("x", at=90)
    assert machine.run_until(trap=SERIAL_RX.number) == "trap"
    assert machine.time == 90


def test_a_machine_runs_until_something_is_true_of_it(build):
    machine = build(COUNTING)
    machine.run_until(predicate=lambda m: m.registers["r0"] == 7)
    assert machine.memory["counter"] == 6


def test_the_first_of_several_is_told(build):
    machine = build(COUNTING)
    assert machine.run_until(symbol="nothing", write_to="counter") == "write_to"
    assert machine.run_until(symbol="nothing", write_to="counter") == "symbol"


def test_what_does_not_come_fails_with_how_the_machine_stands(build):
    machine = build(COUNTING)
    with pytest.raises(Failure, match=r"symbol text or trap timer did not come .* exit status 50"):
        machine.run_until(symbol="text", trap="timer")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"symbol": "nothin"}, "no symbol 'nothin' in source.s; is nothing meant?"),
        ({"trap": "tiemr"}, "no trap 'tiemr'; there are illegal"),
    ],
)
def test_a_name_that_is_none_is_refused_with_those_that_are_near(build, wrong, says: str):
    with pytest.raises(LookupError, match=says.replace("?", r"\?")):
        build(COUNTING).run_until(**wrong)


def test_until_nothing_is_refused(build):
    with pytest.raises(TypeError, match="needs one of pc, symbol, write_to, trap, predicate"):
        build().run_until()


# Inside


def test_registers_are_read_and_written_by_any_of_their_names(build):
    machine = build()
    machine.registers["sp"] = 0x8000
    assert machine.registers["r15"] == 0x8000
    machine.registers["status"] = 0xFFFF_FFFF
    assert machine.registers["status"] == 7
    assert dict(machine.registers)["pc"] == 0x1000
    with pytest.raises(LookupError, match="no register 'r99'; there are"):
        machine.registers["r99"]


def test_memory_is_read_and_written_by_symbol_and_by_address(build):
    machine = build(COUNTING)
    machine.memory["counter"] = 49
    assert machine.memory[machine.symbols.address("counter")] == 49
    assert machine.memory.text("text") == "hello"
    assert machine.memory.read("text", 3) == b"hel"
    assert machine.memory.words("counter", 1) == [49]
    assert machine.run_to_power_off() == 50
    assert machine.time < 20


def test_memory_that_is_not_there_is_refused(build):
    machine = build(memory="64k")
    with pytest.raises(LookupError, match="nothing is at 0x10000, as the CPU sees memory now"):
        machine.memory[0x10000]
    with pytest.raises(LookupError, match=r"4 bytes at 0xfffe are not all in memory$"):
        machine.memory.physical[0xFFFE] = 1


def test_memory_is_what_the_cpu_sees_unless_it_is_asked_for_by_physical_address(build):
    machine = build(memory="64k")
    machine.memory[0x3000 + 4 * 9] = 0x5000 | 1
    machine.memory[0x5010] = 77
    machine.registers["ptbr"] = 0x3001
    machine.registers["status"] = 3
    assert machine.memory[0x9010] == 77
    assert machine.memory.physical[0x5010] == 77
    assert [(m.start, m.physical) for m in machine.page_table] == [(0x9000, 0x5000)]


# What happens


def test_happenings_are_recorded(build):
    machine = build(SLEEPY)
    interrupts, returns = machine.record(Interrupt), machine.record(TrapReturn)
    machine.serial.send("ab", at=100)
    machine.run(1000)
    assert [each.time for each in interrupts] == [100, 105]
    assert len(returns) == 2


def test_an_invariant_that_does_not_hold_fails_at_once_with_what_happened(build):
    machine = build(COUNTING)
    machine.always(Store, lambda store: store.after < 5 or "the counter is too large")
    with pytest.raises(Failure, match=r"the counter is too large: Store\(.*after=5\), at tick"):
        machine.run_to_power_off()
    assert machine.memory["counter"] == 5


def test_an_invariant_may_be_an_assertion(build):
    machine = build(SLEEPY)

    def interrupts_stay_on(change):
        assert change.after & 4, "interrupts went off"

    machine.run(10)
    machine.always(ModeChange, interrupts_stay_on)
    machine.serial.send("x")
    with pytest.raises(Failure, match="interrupts went off"):
        machine.run(100)


def test_invariants_that_hold_change_nothing(build):
    plain, watched = build(COUNTING), build(COUNTING)
    watched.always(Store, lambda _store: None)
    plain.run(200)
    watched.run(200)
    assert plain.machine.hash() == watched.machine.hash()


# States


def test_memory_survives_a_power_cycle(build):
    machine = build(COUNTING)
    machine.run_until(write_to="counter")
    machine.power_cycle()
    assert (machine.time, machine.pc, machine.memory["counter"]) == (0, 0x1000, 1)
    machine.run_to_power_off()


def test_a_state_is_gone_back_to_with_what_had_come_by_then(build):
    machine = build()
    machine.serial.send("ab")
    machine.serial.expect_exact("a")
    saved = machine.snapshot()
    machine.serial.send("c!")
    machine.run_to_power_off()
    machine.restore(saved)
    assert (machine.serial.output, machine.exit_status) == ("a", None)
    machine.serial.send("d")
    machine.serial.expect_exact("bd")


def test_another_image_is_flashed_and_the_rest_of_memory_stays(build, tmp_path):
    machine = build(COUNTING)
    machine.memory[0x8000] = 5
    (tmp_path / "other.s").write_text("start: mov r0, 0x20\nmov r1, 3\nmov [r0], r1\n")
    machine.flash(tmp_path / "other.s")
    machine.power_cycle()
    assert machine.run_to_power_off() == 3
    assert machine.memory[0x8000] == 5


def test_nvram_keeps_memory_from_one_machine_to_the_next(build, tmp_path):
    file = tmp_path / "nvram"
    first = build(COUNTING, nvram=file, memory="64k")
    first.run_to_power_off()
    first.close()
    second = MachineUnderTest(Configuration(nvram=file))
    assert second.memory[first.symbols.address("counter")] == 50
    second.close()


@pytest.mark.parametrize("engine", ["reference", "compiled", "auto"])
def test_engines_make_no_difference(build, engine: str):
    machine, plain = build(COUNTING, engine=engine), build(COUNTING, engine="reference")
    for each in (machine, plain):
        each.run_until(write_to="counter")
        each.run(100)
    assert machine.machine.hash() == plain.machine.hash()


# What cannot be made


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"source": "mvo r0, 1"}, "source.s:1:1: .*mvo"),
        ({"image": "nothing.s"}, "nothing.s: cannot be read"),
        ({"image": "a.s", "source": "b"}, "a.s:1:1: .*b"),
        ({"source": ECHO, "memory": "12 potatoes"}, "'12 potatoes' is not a number of bytes"),
        ({"source": ECHO, "memory": 5}, "memory"),
        ({"source": ECHO, "engine": "warp"}, "no engine 'warp'"),
    ],
)
def test_a_machine_that_cannot_be_is_refused_in_one_line(options, says: str):
    with pytest.raises(UserError, match=says):
        MachineUnderTest(Configuration(**options))


def test_an_argument_that_means_nothing_is_refused_with_those_that_do():
    with pytest.raises(UserError, match="a machine has no 'imgae'; it has image, source, memory"):
        Configuration.of({"imgae": "a.s"})
