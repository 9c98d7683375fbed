"""Section 6 of the ISA manual: the timer, the serial line and the system's ports."""

import pytest
from board import DATA, SIZE, START, Board, output
from hypothesis import given
from hypothesis import strategies as st

from isa_spec.memory_map import PORTS
from machine.device import NEVER
from machine.events import SerialInput
from machine.reason import Reason

TIME, DEADLINE, RX, TX, STATUS, POWER_OFF, PENDING, MEMORY_SIZE = (
    0x04, 0x05, 0x10, 0x14, 0x15, 0x20, 0x24, 0x28,
)  # fmt: skip
DIRECTIONS = {
    TIME: "load store", DEADLINE: "store", RX: "load", TX: "store", STATUS: "load",
    POWER_OFF: "store", PENDING: "load", MEMORY_SIZE: "load",
}  # fmt: skip
TIMER_BIT, RX_BIT, TX_BIT = 1 << 16, 1 << 17, 1 << 18


def load(board: Board, port: int) -> int:
    """Execute a load from a port."""
    board.load_program(START, "mov r1, [r2]")
    return board.set(pc=START, r2=port).step()["r1"]


def store(board: Board, port: int, word: int) -> None:
    """Execute a store to a port."""
    board.load_program(START, "mov [r2], r1")
    board.set(pc=START, r1=word, r2=port).step()


def timer(board: Board) -> tuple[int, int | None, int | None]:
    """The deadline, the latched high word, and the low word of a half-done deadline."""
    return board.machine.bus.devices["timer"].save(board.time)


# All ports


@pytest.mark.isa("6.1", "6.2", "6.TIME", "6.DEADLINE", "6.RX", "6.TX", "6.STATUS", "6.POWER_OFF",
                 "6.PENDING", "6.SIZE", "5.nothing")  # fmt: skip
def test_ports_are_exactly_these_in_these_directions():
    assert {port.address for port in PORTS} == DIRECTIONS.keys()
    for address in (*range(0x40), 0x100, 0x104, 0x114, 0xFFC, 0xFFF):
        for line, cause in (("mov r1, [r2]", 6), ("mov [r2], r1", 0x106)):
            board = Board(line).set(r2=address).step()
            allowed = ("load" if cause == 6 else "store") in DIRECTIONS.get(address, "")
            assert board["cause"] == (0 if allowed else cause), (hex(address), line)
            assert board["detail"] == (0 if allowed else address)


@pytest.mark.isa("6.2")
@pytest.mark.parametrize("port", [RX, STATUS, PENDING, MEMORY_SIZE])
def test_a_store_to_a_port_for_loads_changes_nothing(port: int):
    board = Board()
    board.type(b"x")
    devices = board.machine.snapshot().devices
    store(board, port, 1)
    assert board.machine.snapshot().devices == devices


# The timer


@pytest.mark.isa("6.TIME", "3.6")
def test_the_first_load_of_time_latches_the_high_word():
    board = Board("mov r3, [r4]", "mov r5, [r4]", "mov r6, [r4]").set(r4=TIME)
    board.advance_time(0x1_FFFF_FFFF)
    board.step(3)
    assert (board["r3"], board["r5"], board["r6"]) == (0xFFFF_FFFF, 1, 1)


@pytest.mark.isa("6.TIME")
@pytest.mark.parametrize("word", [0, 0xFFFF_FFFF])
def test_a_store_to_time_forgets_half_done_pairs(word: int):
    board = Board()
    load(board, TIME)
    store(board, DEADLINE, 7)
    assert timer(board) == (NEVER - 1, 0, 7)
    store(board, TIME, word)
    assert timer(board) == (NEVER - 1, None, None)


@pytest.mark.isa("6.DEADLINE", "6.3")
def test_the_deadline_is_set_by_two_stores_low_word_first():
    board = Board()
    store(board, DEADLINE, 0x1234)
    assert timer(board) == (NEVER - 1, None, 0x1234)
    store(board, DEADLINE, 0x5678)
    assert timer(board) == (0x5678_0000_1234, None, None)


@pytest.mark.isa("6.3", "6.4")
def test_until_the_second_store_the_old_deadline_holds():
    board = Board()
    for word in (0, 0):
        store(board, DEADLINE, word)
    store(board, DEADLINE, 0xFFFF_FFFF)
    assert load(board, PENDING) & TIMER_BIT
    store(board, DEADLINE, 0)
    assert not load(board, PENDING) & TIMER_BIT


@pytest.mark.isa("6.4", "5.timer")
def test_the_timer_is_pending_from_its_deadline_on_and_stays_so():
    board = Board()
    store(board, DEADLINE, 5)
    store(board, DEADLINE, 0)
    seen = [bool(load(board, PENDING) & TIMER_BIT) for _ in range(6)]
    assert seen == [False, False, False, True, True, True]
    board.advance_time(1 << 50)
    assert load(board, PENDING) & TIMER_BIT


@pytest.mark.isa("6.4")
def test_a_store_that_arms_sees_the_deadline_that_it_sets_at_once():
    board = Board("mov [r2], r3", "mov [r2], r3", "mov r0, 1").set(r2=DEADLINE, imask=TIMER_BIT)
    board.set(status=5).step(3)
    assert (board["epc"], board["r0"], board["cause"]) == (START + 16, 0, 16)


@pytest.mark.isa("6.5", "1.11")
def test_a_deadline_of_all_ones_is_never_reached():
    board = Board()
    for _ in range(2):
        store(board, DEADLINE, 0xFFFF_FFFF)
    board.advance_time(NEVER - 1)
    assert not board.machine.bus.pending(board.time) & TIMER_BIT


@pytest.mark.isa("6.12")
def test_the_two_pairs_of_the_timer_are_independent():
    board = Board()
    board.advance_time(0x3_0000_0000)
    load(board, TIME)
    store(board, DEADLINE, 1)
    assert load(board, TIME) == 3
    load(board, TIME)
    store(board, DEADLINE, 2)
    assert timer(board) == (0x2_0000_0001, 3, None)


@pytest.mark.isa("6.13")
@pytest.mark.parametrize("event", ["trap", "interrupt", "iret"])
def test_no_trap_interrupt_or_iret_changes_the_pairs(event: str):
    board = Board()
    load(board, TIME)
    store(board, DEADLINE, 1)
    pairs = timer(board)
    board.load_program(START, {"trap": "trap 1", "interrupt": "mov r0, r0", "iret": "iret"}[event])
    board.set(pc=START, epc=START, imask=TX_BIT, status=5 if event == "interrupt" else 1).step()
    assert board["cause"] == {"trap": 8, "interrupt": 18, "iret": 0}[event]
    assert timer(board) == pairs


# The serial line


@pytest.mark.isa("6.RX", "6.STATUS", "5.serial-rx")
def test_rx_gives_the_bytes_in_order_and_0_when_there_is_none():
    board = Board()
    assert (load(board, STATUS), load(board, RX)) == (2, 0)
    board.type(b"\xffb")
    assert load(board, PENDING) & RX_BIT
    assert load(board, STATUS) == 3
    assert [load(board, RX) for _ in range(3)] == [0xFF, ord("b"), 0]
    assert load(board, STATUS) == 2
    assert not load(board, PENDING) & RX_BIT


@pytest.mark.isa("6.TX")
def test_tx_sends_the_low_8_bits():
    board = Board()
    for word in (0xFFFF_FF41, 0x142, 0):
        store(board, TX, word)
    assert output(board.machine) == b"AB\0"


@pytest.mark.isa("6.TX", "6.7", "6.STATUS", "5.serial-tx")
def test_tx_holds_16_bytes_and_drops_what_finds_no_space():
    board = Board(byte_ticks=1_000_000)
    for byte in range(16):
        assert load(board, STATUS) == 2
        assert load(board, PENDING) & TX_BIT
        store(board, TX, byte)
    assert load(board, STATUS) == 0
    assert not load(board, PENDING) & TX_BIT
    store(board, TX, 99)
    board.advance_time(100_000_000)
    assert output(board.machine) == bytes(range(16))


@pytest.mark.isa("6.7", "6.9")
def test_rx_holds_16_bytes_and_the_rest_waits_on_the_line():
    board = Board()
    data = bytes(range(1, 41))
    board.type(data)
    assert board.machine.serial.waiting == 24
    assert bytes(load(board, RX) for _ in range(41)) == data + b"\0"


@pytest.mark.isa("6.8")
def test_without_a_rate_a_byte_leaves_and_arrives_at_once():
    board = Board()
    board.advance_time(500)
    store(board, TX, 65)
    (sent,) = board.machine.take_output()
    assert (sent.tick, sent.byte) == (500, 65)
    board.type(b"x")
    assert load(board, RX) == ord("x")


@pytest.mark.isa("6.8")
def test_with_a_rate_bytes_leave_every_n_ticks():
    board = Board(*["mov [r2], r3"] * 4, "loop:", "mov pc, loop", byte_ticks=10).set(r2=TX, r3=65)
    board.run(39)
    assert [sent.tick for sent in board.machine.take_output()] == [10, 20, 30]
    board.run(40)
    assert [sent.tick for sent in board.machine.take_output()] == [40]


@pytest.mark.isa("6.8", "6.10")
def test_with_a_rate_bytes_arrive_every_n_ticks():
    board = Board("loop:", "mov r1, [r2]", "mov pc, loop", byte_ticks=10).set(r2=RX)
    board.type(b"abc")
    arrivals = []
    for tick in range(36):
        rx, *_ = board.machine.bus.devices["serial"].save(tick)
        if rx:
            arrivals.append((tick, board.machine.bus.load(RX, tick)))
    assert arrivals == [(10, ord("a")), (20, ord("b")), (30, ord("c"))]


@pytest.mark.isa("6.8", "6.9")
def test_with_a_rate_a_byte_that_finds_rx_full_enters_when_there_is_room():
    board = Board(byte_ticks=10)
    board.type(bytes(range(1, 19)))
    board.advance_time(1000)
    assert board.machine.serial.save(1000)[0] == bytes(range(1, 17))
    assert load(board, RX) == 1
    assert board.machine.serial.save(1000)[0] == bytes(range(2, 18))
    board.advance_time(1010)
    assert load(board, RX) == 2
    assert board.machine.serial.save(1010)[0] == bytes(range(3, 19))


@pytest.mark.isa("6.9")
@given(st.lists(st.tuples(st.integers(0, 60), st.binary(max_size=30)), max_size=8),
       st.sampled_from([0, 1, 3, 10]))  # fmt: skip
def test_no_input_is_ever_lost(inputs: list[tuple[int, bytes]], byte_ticks: int):
    board = Board("loop:", "mov r1, [r2]", "condbr r1 == 0, loop", "mov [r3], r1", "mov pc, loop",
                  byte_ticks=byte_ticks).set(r2=RX, r3=TX)  # fmt: skip
    expected = b""
    for tick, data in sorted(inputs):
        data = data.replace(b"\0", b"\1")
        expected += data
        board.machine.schedule(tick, SerialInput(data))
    board.run(4000)
    assert output(board.machine) == expected


@pytest.mark.isa("6.10", "3.16")
@pytest.mark.parametrize("tick", range(1, 6))
def test_a_byte_that_arrives_at_a_tick_is_seen_by_the_instruction_that_begins_there(tick: int):
    board = Board(*[f"mov r{n}, [r10]" for n in range(8)]).set(r10=STATUS)
    board.machine.schedule(tick, SerialInput(b"x"))
    board.run(8)
    assert [board[f"r{n}"] for n in range(8)] == [2 + (n >= tick) for n in range(8)]


@pytest.mark.isa("6.11")
def test_a_machine_that_is_not_run_stands_still_and_keeps_what_it_sent():
    board = Board("loop:", "mov [r2], r3", "add r3, r4", "mov pc, loop", byte_ticks=5)
    board.set(r2=TX, r4=1).step(30)
    state, now = board.machine.hash(), board.time
    sent = output(board.machine)
    assert sent == bytes(range(6))
    assert (board.machine.hash(), board.time) == (state, now)


@pytest.mark.isa("6.11")
@pytest.mark.parametrize("slice_ticks", [1, 7, 50, 300])
def test_when_the_host_takes_output_changes_nothing(slice_ticks: int):
    board = Board("loop:", "mov [r2], r3", "add r3, r4", "mov pc, loop", byte_ticks=5)
    board.set(r2=TX, r4=1)
    sent = []
    for tick in range(slice_ticks, 301, slice_ticks):
        board.run(tick)
        sent += board.machine.take_output()
    board.run(300)
    sent += board.machine.take_output()
    assert [(s.tick, s.byte) for s in sent[:3]] == [(5, 0), (10, 1), (15, 2)]
    assert len(sent) == 60


@pytest.mark.isa("6.11")
@pytest.mark.parametrize("looked", [False, True])
def test_what_has_left_before_a_reset_is_out_whether_or_not_anybody_looked(looked: bool):
    board = Board("loop:", "mov [r2], r3", "add r3, r4", "mov pc, loop", byte_ticks=5)
    board.set(r2=TX, r4=1).step(12)
    if looked:
        board.machine.bus.pending(board.time)
    board.machine.reset()
    assert [(sent.tick, sent.byte) for sent in board.machine.take_output()] == [(5, 0), (10, 1)]


# The system's ports


@pytest.mark.isa("6.POWER_OFF", "6.6")
@pytest.mark.parametrize(("word", "status"), [(0, 0), (42, 42), (0x1FF, 255), (0xFFFF_FF00, 0)])
def test_power_off_completes_its_store(word: int, status: int):
    board = Board("mov [r2], r1", "mov r0, 1").set(r1=word, r2=POWER_OFF)
    assert board.run() is Reason.POWER_OFF
    assert board.machine.cpu.exit_status == status
    assert (board.time, board["pc"], board["r0"]) == (1, START + 8, 0)
    assert board.run() is Reason.POWER_OFF
    assert board.time == 1


@pytest.mark.isa("6.PENDING")
@pytest.mark.parametrize("mask", [0, 0xFFFF_0000])
def test_pending_shows_interrupts_masked_or_not(mask: int):
    board = Board().set(imask=mask)
    assert load(board, PENDING) == TX_BIT
    board.type(b"x")
    board.machine.bus.devices["timer"].restore((0, None, None))
    assert load(board, PENDING) == TIMER_BIT | RX_BIT | TX_BIT


@pytest.mark.isa("6.SIZE")
@pytest.mark.parametrize("size", [SIZE, 0x2_0000, 0x8000_0000])
def test_size_is_the_first_address_beyond_memory(size: int):
    assert load(Board(size=size), MEMORY_SIZE) == size


@pytest.mark.isa("6.15")
def test_looking_at_ports_changes_nothing():
    board = Board(byte_ticks=3)
    board.type(b"xyz")
    board.advance_time(20)
    store(board, TX, 65)
    store(board, DEADLINE, 9)
    before = board.machine.hash()
    bus = board.machine.bus
    seen = {address: bus.peek(address, board.time) for address in range(0x1000)}
    assert {address: word for address, word in seen.items() if word is not None} == {
        TIME: board.time, RX: ord("x"), STATUS: 3, PENDING: RX_BIT | TX_BIT, MEMORY_SIZE: SIZE,
    }  # fmt: skip
    assert board.machine.hash() == before


@pytest.mark.isa("6.15")
def test_a_peek_shows_what_the_next_load_of_a_half_done_pair_gives():
    board = Board()
    board.advance_time(0x7_0000_0000)
    load(board, TIME)
    assert [board.machine.bus.peek(TIME, board.time) for _ in range(3)] == [7, 7, 7]
    assert load(board, TIME) == 7


def test_a_store_beside_the_ports_is_a_store_to_memory():
    board = Board()
    store(board, DATA, 3)
    assert board.word(DATA) == 3
