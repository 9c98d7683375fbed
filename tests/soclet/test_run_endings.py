"""How a run ends: exit statuses, the sentences that go with them, the state file, the limit."""

import base64
import hashlib
import json
import signal

import guests
import pytest
from running import Running, soclet, state_of

from isa_spec.registers import REGISTERS
from machine.machine import Machine
from machine.reason import Reason
from toolchain.images import load_image

KEYS = ["ended", "exit_status", "time", "registers", "memory_sha256", "serial_output"]
NAMES = [
    *(f"r{number}" for number in range(16)),
    *("pc", "link", "status", "ptbr", "ivec", "imask", "epc", "estatus"),
    *("cause", "detail", "ks0", "ks1"),
]


def machine_with(image, size=1 << 20):
    machine = Machine(size)
    machine.flash([(segment.address, segment.data) for segment in load_image(image).segments])
    return machine


def state_of_machine(machine, ended, status, output=b""):
    """The state file as design has it, made of a machine by other means than soclet's."""
    memory = bytes(machine.memory.words.cast("B"))
    return {
        "ended": ended,
        "exit_status": status,
        "time": machine.cpu.time,
        "registers": dict(zip(NAMES, machine.cpu.r, strict=True)),
        "memory_sha256": hashlib.sha256(memory[0x1000:]).hexdigest(),
        "serial_output": base64.b64encode(output).decode(),
    }


@pytest.mark.parametrize("status", [0, 1, 7, 255])
def test_the_exit_status_is_the_firmwares(here, guest, status):
    ended = here("run", guest(guests.powers_off(status)), "--serial", "none")
    assert (ended.status, ended.output, ended.errors) == (status, b"", "")


def test_only_the_low_8_bits_are_the_exit_status(here, guest):
    assert here("run", guest(guests.powers_off("0x1ff")), "--serial", "none").status == 255


def test_the_limit_is_124_and_said(here, guest):
    ended = here("run", guest(guests.SPINS), "--serial", "none", "--limit", "5k")
    assert ended.status == 124
    assert ended.complaint == "soclet: the limit of 5000 ticks was reached"


def test_a_check_stop_is_126_and_says_why(here, guest):
    ended = here("run", guest(guests.CHECK_STOPS), "--serial", "none")
    assert ended.status == 126
    assert ended.complaint == (
        "soclet: check-stop: division by zero, at pc 0x1010, guest.s:4; "
        "vector 7's word at 0x201c is 0: it has no handler (ivec is 0x2000)"
    )


def test_sleep_that_nothing_can_end_is_127_and_says_where(here, guest):
    ended = here("run", guest(guests.SLEEPS_FOR_EVER), "--serial", "none")
    assert ended.status == 127
    assert ended.complaint == (
        "soclet: asleep: nothing can wake the wait at pc 0x1008, guest.s:3: "
        "imask is 0x0 and lets no interrupt through; pending but masked: serial-tx (18)"
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_interrupts_a_run_and_the_state_is_written_still(guest, tmp_path, number):
    state = tmp_path / "state.json"
    image = guest(guests.SPINS)
    with Running("run", image, "--serial", "tcp:0", "--state", state) as run:
        run.port("serial")
        run.send_signal(number)
        ended = run.wait()
    assert ended.status == 130
    assert "Traceback" not in ended.errors
    found = state_of(state)
    assert (found["ended"], found["exit_status"]) == ("interrupted", None)
    assert found["registers"]["pc"] == 0x1000
    # It turned in place for as many ticks as it had: nothing but the time tells.
    assert {**found, "time": 0} == state_of_machine(machine_with(image), "interrupted", None)


def test_a_signal_interrupts_a_machine_that_waits_for_gdb(guest):
    with Running("run", guest(guests.SPINS), "--serial", "none", "--gdb", "0", "-S") as run:
        run.port("gdb")
        run.send_signal(signal.SIGTERM)
        assert run.wait().status == 130


def test_a_signal_interrupts_sleep(guest):
    with Running("run", guest(guests.SLEEPS_FOR_EVER), "--serial", "tcp:0") as run:
        run.port("serial")
        run.send_signal(signal.SIGINT)
        assert run.wait().status == 130


def test_the_state_names_every_register_once_and_has_these_keys(here, guest, tmp_path):
    state = tmp_path / "state.json"
    here("run", guest(guests.powers_off(7)), "--serial", "none", "--state", state)
    found = state_of(state)
    assert list(found) == KEYS
    assert list(found["registers"]) == NAMES == [register.name for register in REGISTERS]
    assert all(type(value) is int for value in found["registers"].values())


@pytest.mark.parametrize(
    ("text", "reason", "ended", "status", "output"),
    [
        (guests.powers_off(7), Reason.POWER_OFF, "power-off", 7, b""),
        (guests.SENDS, Reason.POWER_OFF, "power-off", 0, b"!"),
        (guests.SPINS, Reason.LIMIT, "limit", None, b""),
        (guests.CHECK_STOPS, Reason.CHECK_STOP, "check-stop", None, b""),
        (guests.SLEEPS_FOR_EVER, Reason.ASLEEP, "asleep", None, b""),
        (guests.SLEEPS_UNTIL_1000, Reason.POWER_OFF, "power-off", 3, b""),
    ],
)
def test_the_state_is_the_machines(here, guest, tmp_path, text, reason, ended, status, output):
    image, state = guest(text), tmp_path / "state.json"
    here("run", image, "--serial", "none", "--limit", "9999", "--state", state)
    machine = machine_with(image)
    assert machine.run(9999) is reason
    assert state_of(state) == state_of_machine(machine, ended, status, output)


def test_the_state_is_of_the_memory_that_the_machine_has(here, guest, tmp_path):
    image, state = guest(guests.powers_off(0)), tmp_path / "state.json"
    here("run", image, "--serial", "none", "--memory", "64k", "--state", state)
    machine = machine_with(image, 64 << 10)
    machine.run()
    assert state_of(state) == state_of_machine(machine, "power-off", 0)


def test_serial_output_is_all_that_was_sent_whoever_took_it(here, hello, tmp_path):
    state = tmp_path / "state.json"
    here("run", hello, "--serial", "none", "--state", state)
    assert base64.b64decode(state_of(state)["serial_output"]) == b"Hello from soclet!\n"


def test_the_state_replaces_what_was_in_the_file_and_leaves_nothing_beside_it(
    here, guest, tmp_path
):
    state = tmp_path / "states" / "state.json"
    state.parent.mkdir()
    state.write_text("old" * 10_000)
    here("run", guest(guests.powers_off(0)), "--serial", "none", "--state", state)
    assert json.loads(state.read_text())["ended"] == "power-off"
    assert list(state.parent.iterdir()) == [state]


def test_the_state_can_go_to_a_pipe_and_to_a_device_which_stay_what_they_are(guest):
    image = guest(guests.powers_off(0))
    ended = soclet("run", image, "--serial", "none", "--state", "/dev/stdout")
    assert ended.status == 0, ended.errors
    assert list(json.loads(ended.output)) == KEYS


# The limit


def limited(here, tmp_path, image, limit):
    state = tmp_path / "state.json"
    ended = here("run", image, "--serial", "none", "--limit", limit, "--state", state)
    return ended.status, state_of(state)


def test_a_limit_of_0_ends_before_the_first_instruction(here, guest, tmp_path):
    status, state = limited(here, tmp_path, guest(guests.powers_off(7)), 0)
    assert status == 124
    assert (state["ended"], state["exit_status"], state["time"]) == ("limit", None, 0)
    assert state["registers"]["pc"] == 0x1000


def test_the_instruction_that_would_begin_at_the_limit_is_not_executed(here, guest, tmp_path):
    status, state = limited(here, tmp_path, guest(guests.powers_off(7)), 2)
    assert (status, state["time"], state["registers"]["pc"]) == (124, 2, 0x1010)


def test_power_off_wins_over_the_limit_that_it_reaches(here, guest, tmp_path):
    status, state = limited(here, tmp_path, guest(guests.powers_off(7)), 3)
    assert (status, state["ended"], state["time"]) == (7, "power-off", 3)


def test_a_check_stop_wins_over_the_limit_that_it_reaches(here, guest, tmp_path):
    status, state = limited(here, tmp_path, guest(guests.CHECK_STOPS), 3)
    assert (status, state["ended"], state["time"]) == (126, "check-stop", 3)


def test_the_limit_wins_over_sleeping_for_ever_where_it_is_reached(here, guest, tmp_path):
    status, state = limited(here, tmp_path, guest(guests.SLEEPS_FOR_EVER), 2)
    assert (status, state["ended"], state["time"]) == (124, "limit", 2)


def test_endless_sleep_under_a_limit_ends_asleep_with_time_unmoved(here, guest, tmp_path):
    status, state = limited(here, tmp_path, guest(guests.SLEEPS_FOR_EVER), 3)
    assert (status, state["ended"], state["time"]) == (127, "asleep", 2)


@pytest.mark.parametrize("clock", ["virtual", "paced"])
def test_a_sleep_is_cut_at_the_limit(here, guest, tmp_path, clock):
    state = tmp_path / "state.json"
    words = ("--serial", "none", "--limit", 500, "--clock", clock, "--state", state)
    assert here("run", guest(guests.SLEEPS_UNTIL_1000), *words).status == 124
    found = state_of(state)
    assert (found["ended"], found["time"]) == ("limit", 500)
    assert found["registers"]["pc"] == 0x1038


def test_no_interrupt_is_entered_at_the_limit(here, guest, tmp_path):
    interrupts_on = guests.SLEEPS_UNTIL_1000.replace("wait", "mov status, 5\nh: mov pc, h")
    image = guest(interrupts_on)
    _, state = limited(here, tmp_path, image, 1000)
    assert (state["time"], state["registers"]["cause"]) == (1000, 0)
    # One tick later it is: without a vector, that check-stops.
    status, state = limited(here, tmp_path, image, 1001)
    assert (status, state["time"], state["registers"]["cause"]) == (126, 1000, 16)
