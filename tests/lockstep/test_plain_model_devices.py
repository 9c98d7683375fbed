"""Interrupts, ports, time and sleep of the plain model, against cases worked out by hand."""

import pytest
from plain_model.bench import (
    HANDLER,
    LOAD_R1_R2,
    RX_WAITING,
    SIZE,
    START,
    STORE_R2_R1,
    TX_SPACE,
    VECTORS,
    after,
    machine_with,
    one,
    set_registers,
    trapped,
)
from plain_model.encoding import WAIT, Code, encode
from plain_model.model import Model


@pytest.mark.parametrize("handler", [0x2104, SIZE, 0x0, 0x800])
def test_a_handler_that_cannot_be_stops_the_cpu_after_its_tick(handler: int):
    model = one(encode(0), r1=3)
    model.load(VECTORS + 4, handler.to_bytes(4, "little"))
    assert trapped(model) == (1, 0, START)
    registers = model.registers
    assert (registers["pc"], registers["status"], model.time) == (START, 1, 1)
    assert model.run(1) == "check-stop"
    assert model.time == 1


@pytest.mark.parametrize("ivec", [0, 0x0FFC - 4, SIZE, 0xFFFFFFFC])
def test_a_vector_outside_memory_stops_the_cpu(ivec: int):
    model = one(encode(0), ivec=ivec)
    assert trapped(model) == (1, 0, START)
    assert model.run(100) == "check-stop"


def test_an_interrupt_that_stops_the_cpu_takes_no_tick():
    model = one(encode(0), ivec=0, status=7, imask=TX_SPACE)
    assert model.run(100) == "check-stop"
    registers = model.registers
    assert (model.time, registers["pc"], registers["status"]) == (0, START, 7)
    assert (registers["cause"], registers["epc"], registers["estatus"]) == (18, START, 7)


def test_the_lowest_interrupt_let_through_is_entered_without_a_tick():
    model = one(encode(0), status=5, imask=RX_WAITING | TX_SPACE)
    model.feed(0, b"x")
    assert model.step() == "interrupt"
    registers = model.registers
    assert (registers["cause"], registers["epc"], model.time) == (17, START, 0)
    assert (registers["status"], registers["estatus"], registers["pc"]) == (1, 5, HANDLER)


def test_a_masked_interrupt_is_pending_but_not_entered():
    model = one(encode(0x01, 1), status=5)
    assert model.step() == "instruction"
    assert model.pending == TX_SPACE


def arm(code: Code, low: int, high: int) -> None:
    code.mov("r3", 5)
    code.mov("r4", low)
    code.store("r3", "r4")
    code.mov("r4", high)
    code.store("r3", "r4")


def test_the_timer_is_armed_by_the_second_store_and_pending_from_its_tick_on():
    model = machine_with(lambda code: arm(code, 7, 0))
    after(model, 3)
    assert (model.devices.stored_low, model.devices.deadline) == (7, 2**64 - 1)
    after(model, 2)
    assert (model.devices.stored_low, model.devices.deadline) == (None, 7)
    model.time = 6
    assert model.pending == TX_SPACE
    model.time = 7
    assert model.pending == TX_SPACE | 1 << 16


def test_a_deadline_of_all_ones_is_never():
    model = machine_with(lambda code: arm(code, 0xFFFFFFFF, 0xFFFFFFFF))
    after(model, 5)
    model.time = 2**64 - 1
    assert model.pending == TX_SPACE


def test_time_is_loaded_low_first_with_the_high_word_of_the_same_moment():
    def twice(code: Code) -> None:
        code.load("r1", "r2")
        code.load("r3", "r2")

    model = machine_with(twice)
    set_registers(model, r2=4)
    model.time = 0x5_FFFF_FFFF
    registers = after(model, 2)
    assert (registers["r1"], registers["r3"]) == (0xFFFFFFFF, 5)
    assert model.devices.latched_high is None


def test_time_wraps_to_0():
    model = one(encode(0x01, 1))
    model.time = 2**64 - 1
    after(model)
    assert model.time == 0


def test_a_store_to_the_time_port_forgets_both_halves():
    model = one(STORE_R2_R1, r2=4)
    model.devices.latched_high = 1
    model.devices.stored_low = 2
    after(model)
    assert (model.devices.latched_high, model.devices.stored_low) == (None, None)


def test_rx_gives_bytes_in_order_and_0_where_none_waits():
    model = machine_with(lambda code: [code.load(name, "r9") for name in ("r1", "r2", "r3")])
    set_registers(model, r9=0x10)
    model.feed(0, b"ab")
    registers = after(model, 3)
    assert (registers["r1"], registers["r2"], registers["r3"]) == (0x61, 0x62, 0)


def test_a_byte_is_seen_by_the_instruction_that_begins_at_its_tick():
    model = machine_with(lambda code: [code.load(name, "r9") for name in ("r1", "r2")])
    set_registers(model, r9=0x15)
    model.feed(1, b"a")
    registers = after(model, 2)
    assert (registers["r1"], registers["r2"]) == (2, 3)


def test_further_input_waits_on_the_line_and_enters_as_room_is_made():
    model = one(LOAD_R1_R2, r2=0x10)
    model.feed(0, bytes(range(17)))
    assert len(model.devices.line.rx) == 16
    after(model)
    assert model.devices.line.rx == list(range(1, 17))


def test_a_line_with_a_rate_spaces_what_comes_in():
    model = Model(SIZE, byte_ticks=5)
    line = model.devices.line
    model.feed(10, b"ab")
    model.feed(30, b"c")
    entered = {}
    for tick in range(50):
        line.advance(tick)
        entered.setdefault(bytes(line.rx), tick)
    assert entered == {b"": 0, b"a": 15, b"ab": 20, b"abc": 35}


def test_a_byte_that_found_rx_full_holds_up_the_next_by_its_own_time():
    model = Model(SIZE, byte_ticks=5)
    line = model.devices.line
    model.feed(0, bytes(19))
    line.advance(200)
    assert (len(line.rx), len(line.coming)) == (16, 3)
    line.receive(203)
    line.advance(203)
    assert (len(line.rx), len(line.coming)) == (16, 2)
    line.receive(204)
    line.advance(207)
    assert len(line.rx) == 15
    line.advance(208)
    assert len(line.rx) == 16


def send(code: Code, count: int) -> None:
    code.mov("r2", 0x14)
    for number in range(count):
        code.mov("r1", 0x161 + number)
        code.store("r2", "r1")


def test_without_a_rate_a_byte_leaves_at_once():
    model = machine_with(lambda code: send(code, 2))
    after(model, 5)
    assert (model.output, model.devices.line.tx) == (b"ab", [])


def test_with_a_rate_bytes_leave_one_after_the_other():
    model = machine_with(lambda code: send(code, 2), byte_ticks=10)
    left = {}
    for _ in range(30):
        left.setdefault(model.output, model.time)
        model.step()
    assert left == {b"": 0, b"a": 12, b"ab": 22}


def test_what_does_not_fit_into_tx_is_dropped():
    model = machine_with(lambda code: send(code, 18), byte_ticks=1000)
    after(model, 37)
    assert len(model.devices.line.tx) == 16
    assert model.pending == 0
    model.run(100_000)
    assert model.output == bytes(range(0x61, 0x71))


def test_pending_interrupts_are_loaded_masked_or_not():
    assert after(one(LOAD_R1_R2, r2=0x24))["r1"] == TX_SPACE


@pytest.mark.parametrize("port", [0x05, 0x14, 0x20])
def test_loading_what_can_only_be_stored_is_trap_6(port: int):
    assert trapped(one(LOAD_R1_R2, r2=port)) == (6, port, START)


@pytest.mark.parametrize("port", [0x10, 0x15, 0x24, 0x28])
def test_storing_what_can_only_be_loaded_is_trap_6(port: int):
    assert trapped(one(STORE_R2_R1, r2=port)) == (0x106, port, START)


def test_power_off_completes_its_instruction_and_wins_over_the_limit():
    model = one(STORE_R2_R1, r1=0x1234, r2=0x20)
    assert model.run(1) == "power-off"
    assert (model.exit_status, model.time, model.registers["pc"]) == (0x34, 1, START + 8)


def test_the_limit_comes_before_an_instruction_and_before_an_interrupt():
    model = one(encode(0x01, 1), status=5, imask=TX_SPACE)
    assert model.run(0) == "limit"
    assert (model.time, model.registers["pc"]) == (0, START)


def test_a_sleep_skips_to_the_deadline_whatever_status_bit_2_is():
    model = one(encode(WAIT), imask=1 << 16)
    model.devices.deadline = 1000
    after(model, 2)
    assert (model.time, model.asleep, model.registers["pc"]) == (1000, False, START + 8)


def test_a_sleep_is_cut_at_the_limit_and_goes_on_afterwards():
    model = one(encode(WAIT), imask=1 << 16)
    model.devices.deadline = 1000
    assert model.run(500) == "limit"
    assert (model.time, model.asleep) == (500, True)
    assert model.run(1000) == "limit"
    assert (model.time, model.asleep) == (1000, False)


def test_a_masked_timer_moves_nothing_and_the_machine_sleeps_for_ever():
    model = one(encode(WAIT), imask=RX_WAITING)
    model.devices.deadline = 1000
    assert model.run(500) == "asleep"
    assert (model.time, model.asleep) == (1, True)
    assert model.run(1) == "limit"


def test_the_next_byte_of_input_and_space_on_tx_end_a_sleep():
    model = one(encode(WAIT), imask=RX_WAITING)
    model.feed(40, b"x")
    after(model, 2)
    assert model.time == 40
    model = machine_with(lambda code: send(code, 16), byte_ticks=100)
    after(model, 33)
    model.load(model.registers["pc"], encode(WAIT))
    set_registers(model, imask=TX_SPACE)
    after(model, 2)
    assert model.time == 102


def test_a_sleep_that_has_its_reason_already_takes_no_time():
    model = one(encode(WAIT), imask=TX_SPACE)
    after(model, 2)
    assert (model.time, model.asleep) == (1, False)
