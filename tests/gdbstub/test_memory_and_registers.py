import pytest
from fake_target import CPSR, NAMES, PC, RAM, FakeTarget
from rsp import binary

# ------------------------------------------------------------------------------- registers


def test_one_register_is_read_in_the_target_s_byte_order(connect):
    assert connect(FakeTarget()).ask(b"p1") == b"01010000"
    assert connect(FakeTarget(byte_order="big")).ask(b"p1") == b"00000101"


def test_all_registers_are_read_in_the_order_of_their_numbers(talk):
    reply = talk.ask(b"g")
    assert len(reply) == 8 * len(NAMES)
    assert reply[: 3 * 8] == b"000100000101000002010000"
    assert reply[PC * 8 : PC * 8 + 8] == b"00100000"


def test_zeros_may_lead_a_number(talk):
    assert talk.ask(b"p" + b"0" * 30 + b"1") == b"01010000"
    assert talk.ask(b"m" + b"0" * 30 + b"1000," + b"0" * 30 + b"1") == b"00"
    assert talk.ask(b"p1" + b"0" * 16) == b"E16"


def test_a_register_without_a_value_is_read_as_x(talk, target):
    target.values[2] = None
    assert talk.ask(b"p2") == b"xxxxxxxx"
    assert talk.ask(b"g")[16:24] == b"xxxxxxxx"


@pytest.mark.parametrize("payload", [b"pffffffff", b"p11", b"p", b"p-1", b"p 1", b"p0x1", b"p1;"])
def test_a_register_that_is_not_there_is_an_error_and_never_data(talk, payload):
    assert talk.ask(payload) == b"E16"


def test_one_register_is_written(talk, target):
    assert talk.ask(b"P3=78563412") == b"OK"
    assert target.values[3] == 0x12345678


@pytest.mark.parametrize(
    "payload",
    [
        b"P3=785634",
        b"P3=7856341200",
        b"P3=7856341g",
        b"P3",
        b"P3=",
        b"Pffffffff=78563412",
        b"P3= 1 2 3 4",
    ],
)
def test_a_register_written_wrongly_is_an_error_and_stays_as_it_was(talk, target, payload):
    assert talk.ask(payload) == b"E16"
    assert target.asked == ["attach"]


def test_a_register_that_refuses_its_value_is_an_error(talk):
    assert talk.ask(b"P%x=01000000" % CPSR) == b"E16"


def test_writing_all_registers_writes_those_that_differ(talk, target):
    values = bytearray(talk.ask(b"g").upper())
    values[8:16] = b"EFBEADDE"
    assert talk.ask(b"G" + values) == b"OK"
    assert target.asked == ["attach", ("register", 1, 0xDEADBEEF)]


def test_a_register_given_as_x_is_left_alone(talk, target):
    values = talk.ask(b"g")
    assert talk.ask(b"G" + b"xxxxxxxx" + values[8:]) == b"OK"
    assert target.asked == ["attach"]


def test_too_few_or_strange_digits_write_no_register(talk, target):
    values = talk.ask(b"g")
    assert talk.ask(b"G" + values[:-2]) == b"E16"
    assert talk.ask(b"G" + values + b"00") == b"E16"
    assert talk.ask(b"Gffffffff" + values[8:-1] + b"g") == b"E16"
    assert target.asked == ["attach"]


# ------------------------------------------------------------------------------- memory


def test_memory_is_read_in_hexadecimal(talk, target):
    target.memory.update({0x1000: 0x12, 0x1001: 0xAB})
    assert talk.ask(b"m1000,4") == b"12ab0000"


def test_memory_is_read_in_binary_with_its_escapes(talk, target):
    target.memory.update(enumerate(b"$#}*a", 0x1000))
    assert talk.ask(b"x1000,5") == b"b" + binary(b"$#}*a")


def test_the_readable_beginning_of_a_range_is_given(talk):
    assert talk.ask(b"m%x,10" % (RAM.stop - 2)) == b"0000"
    assert talk.ask(b"x%x,10" % (RAM.stop - 2)) == b"b\0\0"


@pytest.mark.parametrize("payload", [b"m0,4", b"x0,4", b"mffffffffffffffff,4"])
def test_reading_nothing_but_nowhere_is_an_error(talk, payload):
    assert talk.ask(payload) == b"E0e"


@pytest.mark.parametrize(
    "payload",
    [
        *(b"m1000", b"m1000,", b"m,4", b"m1000,0", b"m0x1000,4", b"m-1,4", b"m1000,4,", b"m1_0,4"),
        *(b"x1000", b"m10000000000000000,4", b"M1000,4", b"M1000:00", b"X1000,4", b"X1000:aaaa"),
        *(
            b"M1000,2:00",
            b"M1000,1:0",
            b"M1000,2:0 00",
            b"M1000,1:0g",
            b"X1000,2:a",
            b"X1000,2:aaa",
        ),
    ],
)
def test_a_malformed_request_for_memory_is_an_error_and_changes_nothing(talk, target, payload):
    assert talk.ask(payload) == b"E16"
    assert target.asked == ["attach"]


def test_no_reply_with_memory_is_longer_than_a_packet(connect, target):
    talk = connect(target, packet_size=64)
    assert len(talk.ask(b"m1000,ffffffff")) == 64
    assert len(talk.ask(b"x1000,ffffffff")) == 64


def test_no_reply_with_escapes_in_it_is_longer_than_a_packet_either(connect, target):
    target.memory.update(enumerate(b"$#}*" * 100, 0x1000))
    reply = connect(target, packet_size=64).ask(b"x1000,ffff")
    assert reply == b"b" + binary(b"$#}*" * 7 + b"$#}")


def test_a_client_that_probes_for_the_binary_read_learns_that_it_is_there(talk):
    assert talk.ask(b"x0,0") == b"OK"
    assert talk.ask_all(b"x1000,0", b"x1000,2") == [b"b", b"b\0\0"]


def test_an_lldb_that_probes_for_the_binary_read_takes_no_b(connect, talk):
    talk.ask(b"qHostInfo")
    assert talk.ask(b"x1000,0") == b"b"
    assert talk.ask(b"x0,0") == b"OK"
    assert talk.ask(b"x1000,2") == b"\0\0"
    assert talk.ask(b"x1000,0") == b""
    assert talk.ask(b"x0,1").startswith(b"E")
    assert connect(FakeTarget()).ask(b"x1000,2") == b"b\0\0"


def test_memory_is_written_in_hexadecimal(talk, target):
    assert talk.ask(b"M1000,3:00FFab") == b"OK"
    assert target.asked[-1] == ("memory", 0x1000, b"\x00\xff\xab")


def test_memory_is_written_in_binary(talk, target):
    data = bytes(range(256))
    assert talk.ask(b"X1000,100:" + binary(data)) == b"OK"
    assert target.asked[-1] == ("memory", 0x1000, data)
    assert talk.ask(b"m1000,100") == data.hex().encode()


def test_the_probe_for_the_binary_write_writes_nothing(talk, target):
    assert talk.ask(b"X1000,0:") == b"OK"
    assert target.asked == ["attach"]


@pytest.mark.parametrize("payload", [b"M0,1:00", b"X0,1:a", b"M10fff,2:0000", b"X10fff,2:aa"])
def test_a_write_to_nowhere_is_an_error_and_never_ok(talk, target, payload):
    assert talk.ask(payload) == b"E0e"
    assert target.asked == ["attach"]
