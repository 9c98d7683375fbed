"""The program's file, read through the debugger's connection, and nothing else."""

import pytest
from fake_target import ELF, SOURCE, FakeTarget, PlainTarget
from rsp import binary

NAME = "/firmware/hello.elf"
ENOENT, EBADF, EINVAL, EMFILE, EROFS = b"F-1,2", b"F-1,9", b"F-1,16", b"F-1,18", b"F-1,1e"


def digits(name):
    return name.encode().hex().encode()


def opening(name=NAME, flags=0):
    return b"vFile:open:%b,%x,0" % (digits(name), flags)


def unescaped(reply):
    """The number and the attached bytes of an `F` reply."""
    head, _, data = reply.partition(b";")
    clear, at = bytearray(), 0
    while at < len(data):
        escaped = data[at] == ord("}")
        clear.append(data[at + 1] ^ 0x20 if escaped else data[at])
        at += 1 + escaped
    return int(head[1:], 16), bytes(clear)


@pytest.mark.parametrize("annex", [b"", b"1", b"a410"])
def test_a_client_learns_which_file_the_program_is_from(talk, annex):
    assert talk.ask(b"qXfer:exec-file:read:" + annex + b":0,fff") == b"l" + NAME.encode()
    assert talk.ask(b"qXfer:exec-file:read:" + annex + b":1,3") == b"mfir"


@pytest.mark.parametrize("annex", [b"x", b"p1.1", b"1:2", b"-1"])
def test_only_a_process_has_such_a_file(talk, annex):
    assert talk.ask(b"qXfer:exec-file:read:" + annex + b":0,fff") in (b"E16", b"E00")


def test_the_file_is_read_whole_as_gdb_reads_it(talk):
    assert talk.ask_all(b"vFile:setfs:0", opening()) == [b"F0", b"F0"]
    contents = b""
    while True:
        count, data = unescaped(talk.ask(b"vFile:pread:0,3fff,%x" % len(contents)))
        assert count == len(data)
        if not count:
            break
        contents += data
    assert contents == ELF
    assert talk.ask(b"vFile:close:0") == b"F0"


def test_a_piece_of_a_file_fits_a_packet_however_much_of_it_is_escaped(connect, target):
    talk = connect(target, packet_size=64)
    talk.ask(opening())
    reply = talk.ask(b"vFile:pread:0,fff,0")
    assert 62 <= len(reply) <= 64
    count, data = unescaped(reply)
    assert data == ELF[:count]
    assert reply == b"F%x;%b" % (count, binary(data))


def test_the_end_of_a_file_is_no_error(talk):
    talk.ask(opening("/firmware/hello.s"))
    assert talk.ask(b"vFile:pread:0,ff,0") == b"Fc;" + SOURCE
    assert talk.ask(b"vFile:pread:0,5,7") == b"F5;halt\n"
    assert talk.ask_all(b"vFile:pread:0,ff,c", b"vFile:pread:0,ff,ffffffffffff") == [b"F0;"] * 2
    assert talk.ask(b"vFile:pread:0,0,0") == b"F0;"


def test_what_kind_of_file_it_is(talk):
    talk.ask(opening())
    size, status = unescaped(talk.ask(b"vFile:fstat:0"))
    assert size == len(status) == 64
    assert int.from_bytes(status[8:12], "big") == 0o100444
    assert int.from_bytes(status[28:36], "big") == len(ELF)
    assert int.from_bytes(status[44:52], "big") == -(-len(ELF) // 512)
    named = digits(NAME)
    assert unescaped(talk.ask(b"vFile:stat:" + named)) == (size, status)
    assert unescaped(talk.ask(b"vFile:lstat:" + named)) == (size, status)


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "",
        "/firmware",
        "hello.elf",
        NAME + "\0",
        NAME + "/",
        "/firmware/../firmware/hello.elf",
    ],
)
def test_no_other_file_is_there(talk, name):
    for packet in (opening(name), b"vFile:stat:" + digits(name), b"vFile:readlink:" + digits(name)):
        assert talk.ask(packet) == ENOENT


@pytest.mark.parametrize("flags", [1, 2, 8, 0x200, 0x400, 0x601, 0xA00])
def test_a_file_is_opened_for_reading_only(talk, flags):
    assert talk.ask(opening(flags=flags)) == EROFS
    assert talk.ask(b"vFile:pread:0,1,0") == EBADF


def test_no_file_can_be_changed(talk, target):
    talk.ask(opening())
    assert talk.ask_all(b"vFile:pwrite:0,0,abc", b"vFile:unlink:" + digits(NAME)) == [EROFS] * 2
    assert target.asked == ["attach"]


def test_no_file_is_a_link(talk):
    assert talk.ask(b"vFile:readlink:" + digits(NAME)) == EINVAL


def test_descriptors_are_given_out_anew_and_there_is_an_end_to_them(talk):
    assert talk.ask_all(*[opening()] * 17) == [*(b"F%x" % n for n in range(16)), EMFILE]
    assert talk.ask_all(b"vFile:close:5", b"vFile:close:5", opening()) == [b"F0", EBADF, b"F5"]


@pytest.mark.parametrize("packet", [b"vFile:close:1", b"vFile:pread:1,1,0", b"vFile:fstat:1"])
def test_what_is_not_open_cannot_be_used(talk, packet):
    talk.ask(opening())
    assert talk.ask(packet) == EBADF


def test_what_one_client_opened_is_closed_for_the_next(connect, target):
    connect(target).ask(opening())
    assert connect(target).ask(b"vFile:fstat:0") == EBADF


@pytest.mark.parametrize(
    "packet",
    [
        *(b"vFile:open:", b"vFile:open:2f", b"vFile:open:2f,0", b"vFile:open:2,0,0"),
        *(b"vFile:open:2f,0,0,0", b"vFile:open:zz,0,0", b"vFile:open:2f,x,0", b"vFile:setfs:"),
        *(b"vFile:close:", b"vFile:close:-1", b"vFile:pread:0,1", b"vFile:pread:0,1,-1"),
        *(b"vFile:fstat:x", b"vFile:stat:2", b"vFile:readlink:zz"),
    ],
)
def test_a_malformed_request_is_an_error(talk, packet):
    assert talk.ask(packet) == b"E16"


def test_a_file_can_be_read_when_the_program_has_ended(connect):
    target = FakeTarget()
    talk = connect(target)
    talk.ask_all(b"!", b"vKill;1")
    assert talk.ask(opening()) == b"F0"


def test_a_target_without_a_file_does_not_know_the_packets(connect):
    talk = connect(PlainTarget())
    assert b"exec-file" not in talk.ask(b"qSupported")
    assert talk.ask_all(opening(), b"vFile:setfs:0", b"qXfer:exec-file:read::0,fff") == [b""] * 3
