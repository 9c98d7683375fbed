"""The preemption explorer finds what goes wrong only where an interrupt comes at one place."""

import pytest
from racing_guests import RACY, SAFE
from tested_guests import SLEEPY

from soclet.errors import UserError
from soclet.explore import Explored, preemptions
from soclet.testing import Configuration, Failure, MachineUnderTest


def nothing_is_lost(machine: MachineUnderTest) -> None:
    machine.run_until(symbol="done", ticks="10k")
    count = machine.memory["counter"]
    assert count == 4, f"the counter is {count}, not 4"


def made(source: str) -> MachineUnderTest:
    return MachineUnderTest(Configuration(source=source, engine="reference"))


def test_a_lost_update_is_found_at_the_earliest_instruction_that_loses_it():
    machine = made(RACY)
    with pytest.raises(Failure) as failure:
        preemptions(machine, start="work", end="end", then=nothing_is_lost)
    assert str(failure.value) == (
        "with the timer interrupt after 2 of the 6 instructions from work to end (tick 10, "
        "before pc 0x1050 <begin+8>, source.s:14): the counter is 3, not 4"
    )
    assert machine.memory["counter"] == 3


def test_code_that_holds_interrupts_off_passes_every_trial():
    machine = made(SAFE)
    assert preemptions(machine, start="work", end="end", then=nothing_is_lost) == Explored(9)
    assert machine.pc == machine.symbols.address("work")


@pytest.mark.parametrize("jobs", [2, 3])
def test_several_processes_find_the_same(jobs: int):
    alone, shared = made(RACY), made(RACY)
    said = []
    for machine, options in ((alone, {}), (shared, {"jobs": jobs})):
        with pytest.raises(Failure) as failure:
            preemptions(machine, start="work", end="end", then=nothing_is_lost, **options)
        said.append(str(failure.value))
    assert said[0] == said[1]


def test_parts_of_a_campaign_are_together_the_whole():
    trials, failures = 0, []
    for part in range(3):
        machine = made(RACY)
        try:
            share = (part, 3)
            trials += preemptions(
                machine, start="work", end="end", then=nothing_is_lost, share=share
            ).trials
        except Failure as failure:
            failures.append(str(failure))
    assert any("after 2 of the 6" in failure for failure in failures)
    with pytest.raises(UserError, match="part 3 of 3: parts are counted from 0 to 2"):
        preemptions(made(SAFE), start="work", end="end", then=nothing_is_lost, share=(3, 3))


def test_a_function_of_the_test_itself_can_be_sent_to_another_process():
    wanted = 4

    def close_over(machine: MachineUnderTest) -> str | None:
        machine.run_until(symbol="done", ticks="10k")
        return None if machine.memory["counter"] == wanted else "lost"

    with pytest.raises(Failure, match="lost"):
        preemptions(made(RACY), start="work", end="end", then=close_over, jobs=2)


def test_what_cannot_be_sent_to_another_process_is_refused_with_what_can():
    machine = made(RACY)
    with pytest.raises(UserError, match=r"cannot be sent to another process .* use jobs=1"):
        preemptions(machine, start="work", end="end", then=lambda _: machine.time, jobs=2)


def test_a_handler_that_never_comes_back_is_a_failure_of_its_trial():
    source = RACY.replace("        iret", "stuck:  mov pc, stuck")
    with pytest.raises(Failure, match=r"after 0 of the 6 .*symbol done did not come within 10,000"):
        preemptions(made(source), start="work", end="end", then=nothing_is_lost)


def test_the_serial_line_can_be_what_interrupts():
    machine = made(SLEEPY)

    def comes_back(machine: MachineUnderTest) -> None:
        machine.serial.expect_exact("?!", ticks=1000)

    machine.serial.send("?", at=20)
    machine.run_until(symbol="handler")
    explored = preemptions(
        machine, start="handler", end="again", then=comes_back, interrupt="serial"
    )
    assert explored.trials == 7


def test_an_interrupt_that_is_none_is_refused_with_those_there_are():
    with pytest.raises(UserError, match="no interrupt 'alarm'; there are timer, serial"):
        preemptions(made(RACY), start="work", end="end", then=bool, interrupt="alarm")
