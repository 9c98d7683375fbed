"""Debuggers that come, go, vanish, and others who were never any."""

import socket

import guests
import pytest
from rsp import frame
from running import Running, build, read_until
from wire import Wire

SPINS = "start: add r0, r1\n mov pc, start\n"
PC = 15


def ticks(wire):
    return int(wire.command("time").split()[1].rstrip(","))


def test_attaching_halts_a_machine_that_runs(boot):
    run = boot(SPINS, halted=False)
    with Wire(run.port("gdb")) as wire:
        assert wire.ask(b"?").startswith(b"T05")
        assert ticks(wire) == ticks(wire)


def test_detaching_lets_it_go_on_and_closes_the_connection(boot):
    run = boot(SPINS)
    port = run.port("gdb")
    with Wire(port) as wire:
        wire.ask(b"?")
        before = ticks(wire)
        assert wire.ask(b"D") == b"OK"
        assert wire.rest() == b""
    with Wire(port) as wire:
        wire.ask(b"?")
        assert ticks(wire) > before == 0


def test_a_client_that_vanishes_leaves_a_halted_machine_halted(boot):
    run = boot(SPINS)
    port = run.port("gdb")
    for _ in range(3):
        with Wire(port) as wire:
            wire.ask(b"s")
            before = ticks(wire)
        with Wire(port) as wire:
            wire.ask(b"?")
            assert ticks(wire) == before


def test_a_client_that_vanishes_leaves_a_running_machine_running(boot):
    run = boot(guests.ECHOES, serial="tcp:0")
    port = run.port("gdb")
    with Wire(port) as wire:
        assert wire.ask(b"Z0,1018,4") == b"OK"
        assert wire.ask(b"c").startswith(b"T05")
        assert wire.ask(b"z0,1018,4") == b"OK"
        assert wire.ask(b"Z0,1040,4") == b"OK"
        wire.send(b"c")
    # Its breakpoint, which lies on the way of each byte, is gone with it.
    with socket.create_connection(("127.0.0.1", run.port("serial"))) as console:
        console.sendall(b"still here\n")
        read_until(lambda: console.recv(100), b"still here\n")
    with Wire(port) as wire:
        assert wire.ask(b"?").startswith(b"T05")


def test_a_client_that_is_cut_off_leaves_room_for_the_next(boot):
    run = boot(SPINS)
    port = run.port("gdb")
    for _ in range(3):
        wire = Wire(port)
        wire.send(b"c")
        cut(wire.socket)
    with Wire(port) as wire:
        assert wire.ask(b"?").startswith(b"T05")


def test_a_second_debugger_is_refused_in_a_line_and_the_first_goes_on(boot):
    run = boot(SPINS)
    port = run.port("gdb")
    with Wire(port) as first:
        first.ask(b"?")
        for _ in range(3):
            with Wire(port) as second:
                second.send(b"?")
                assert second.rest() == b"soclet: another debugger is attached\n"
        assert first.ask(b"s").startswith(b"T05")
        first.send(b"c")
        with Wire(port) as second:
            assert second.rest() == b"soclet: another debugger is attached\n"
        first.interrupt()
        assert first.reply().startswith(b"T02")


STRANGERS = {
    "a browser": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "SSH": b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
    "a remote desktop": b"\x03\x00\x00\x13\x0e\xe0"
    + bytes(5)
    + b"\x01\x00\x08\x00\x03\x00\x00\x00",
    "marks": b"+-+\x03-",
    "a telnet": b"\xff\xfd\x03\xff\xfb\x18hello?\r\n",
    "a packet cut short": b"+$qSupported:swbre",
    "a packet with a wrong checksum": b"$c#00",
    "an oversize packet": b"$" + b"c" * 0x8000 + b"#63",
    "nothing": b"",
}


@pytest.fixture(scope="module")
def echoing(tmp_path_factory):
    """A machine that runs, and its console."""
    image = build(tmp_path_factory.mktemp("echoes") / "main.elf", guests.ECHOES)
    with (
        Running("run", image, "--gdb", "0", "--serial", "tcp:0") as run,
        socket.create_connection(("127.0.0.1", run.port("serial"))) as console,
    ):
        yield run.port("gdb"), console


@pytest.mark.parametrize("greeting", STRANGERS.values(), ids=STRANGERS.keys())
def test_a_stranger_neither_halts_the_machine_nor_keeps_the_next_debugger_out(echoing, greeting):
    port, console = echoing
    with socket.create_connection(("127.0.0.1", port)) as stranger:
        stranger.sendall(greeting)
        for _ in range(3):  # by then the greeting has been read
            console.sendall(b"runs\n")
            assert read_until(lambda: console.recv(100), b"\n") == b"runs\n"
    with Wire(port) as wire:
        assert wire.ask(b"?").startswith(b"T05")
        assert wire.ask(b"D") == b"OK"


def test_garbage_does_no_harm(boot):
    run = boot(SPINS)
    port = run.port("gdb")
    for garbage in (b"\xff" * 1000, b"$" * 1000, b"$#", b"$m1000,4#00", b"#" * 100, b"\x00"):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(garbage)
        with Wire(port) as wire:
            assert wire.ask(b"m1000,1") == b"05"


def cut(connection):
    """A reset instead of a farewell."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


HASTY = {
    "say nothing": b"",
    "run": frame(b"vCont;c"),
    "do not end their packet": b"+$m10",
    "do not read": frame(b"m1000,2000") * 300,
    "flash": frame(b"vFlashErase:1000,1000") + frame(b"vFlashWrite:1000:ab"),
    "say the wrong sum": b"$?#00",
}


@pytest.mark.parametrize("leave", [socket.socket.close, cut])
@pytest.mark.parametrize("said", HASTY.values(), ids=HASTY.keys())
def test_after_a_hundred_who_vanish_in_the_middle_the_next_is_served(boot, said, leave):
    port = boot(SPINS).port("gdb")
    for _ in range(100):
        hasty = socket.create_connection(("127.0.0.1", port))
        hasty.sendall(said)
        leave(hasty)
    with Wire(port) as wire:
        assert wire.ask(b"m1000,1") == b"05"


def test_after_a_thousand_connections_the_next_is_served(boot):
    port = boot(SPINS).port("gdb")
    for _ in range(1000):
        socket.create_connection(("127.0.0.1", port)).close()
    with Wire(port) as wire:
        assert wire.ask(b"m1000,1") == b"05"


def test_many_who_come_at_once_are_told_that_one_is_there(boot):
    port = boot(SPINS).port("gdb")
    with Wire(port) as first:
        first.ask(b"?")
        others = [Wire(port) for _ in range(50)]
        for other in others:
            assert other.rest() == b"soclet: another debugger is attached\n"
            other.socket.close()
        assert first.ask(b"s").startswith(b"T05")


def test_what_one_client_set_the_next_does_not_have(boot):
    run = boot(SPINS)
    port = run.port("gdb")
    with Wire(port) as wire:
        wire.ask(b"Z0,1008,4")
        wire.command("phys on")
        wire.no_acknowledgements()
    with Wire(port) as wire:
        assert wire.command("phys") == "addresses are as the CPU sees them\n"
        wire.send(b"c")
        wire.interrupt()
        assert wire.reply().startswith(b"T02")


def test_brk_is_a_trap_when_the_debugger_has_gone(boot):
    run = boot("mov ivec, 0x2000\nbrk\n")
    with Wire(run.port("gdb")) as wire:
        wire.send(b"c")
        said, _ = wire.said_and_reply()
        assert said.startswith("brk: ")
        wire.command("reset")
        assert wire.ask(b"D") == b"OK"
    ended = run.wait()
    assert ended.status == 126
    assert "`brk` with no debugger" in ended.errors


@pytest.mark.parametrize("attached", [False, True])
def test_a_signal_ends_the_run_with_a_debugger_or_without(boot, attached):
    run = boot(SPINS, halted=not attached)
    with Wire(run.port("gdb")) as wire:
        if attached:
            wire.send(b"c")
            wire.interrupt()
            wire.reply()
            wire.send(b"c")
        run.send_signal()
        wire.rest()
    assert run.wait().status == 130


def test_the_paced_clock_stands_still_while_the_machine_is_halted(boot):
    sleeps = guests.SLEEPS_UNTIL_1000.replace("1000", "50000000")
    run = boot(sleeps, "--clock", "paced")
    with Wire(run.port("gdb")) as wire:
        wire.send(b"c")
        wire.interrupt()
        assert wire.reply().startswith(b"T02")
        stood = ticks(wire)
        assert stood < 50_000_000
        for _ in range(100):
            assert ticks(wire) == stood


def test_a_debugger_may_halt_and_leave_a_machine_that_is_asleep(boot):
    run = boot(guests.SLEEPS_FOR_EVER, serial="tcp:0", halted=False)
    for _ in range(2):
        with Wire(run.port("gdb")) as wire:
            while wire.register(PC) != 0x1010:
                assert wire.ask(b"s") is not None
            assert wire.register(3) == 7
            assert wire.ask(b"D") == b"OK"
    run.send_signal()
    assert run.wait().status == 130
