"""gdb and netcat on the same machine at the same time, both real."""

import guests
import pexpect
from running import DEADLINE, DEMOS, Running
from tools import tool

GREETING = "echo-irq: type, it comes back; quit ends."


def netcat(port):
    return pexpect.spawn(
        tool("nc"), ["127.0.0.1", str(port)], encoding="utf-8", echo=False, timeout=DEADLINE
    )


def test_typing_in_nc_stops_in_gdb_and_is_echoed_when_gdb_lets_it(gdb, tmp_path):
    from toolchain.assembler import assemble
    from toolchain.writers import write_image

    image = tmp_path / "echo-irq.elf"
    write_image(assemble(DEMOS / "echo-irq" / "echo-irq.s"), image)
    with Running("run", image, "--gdb", "0", "-S", "--serial", "tcp:0") as run:
        debugger = gdb(image)
        debugger.attach(run.port("gdb"))
        console = netcat(run.port("serial"))
        try:
            debugger.start("continue")
            console.expect_exact(GREETING)

            debugger.ctrl_c()
            assert "SIGINT" in debugger.answer()
            assert "Breakpoint 1" in debugger.ask("break rx_interrupt")
            debugger.start("continue")
            debugger.terminal.expect_exact("Continuing.")
            console.send("hello\n")
            said = debugger.answer()
            assert "Breakpoint 1, rx_interrupt () at" in said
            frames = debugger.ask("backtrace")
            assert "rx_interrupt ()" in frames
            assert debugger.number("$cause") == 17
            assert "SERIAL_RX" in debugger.ask("info registers cause")

            debugger.ask("delete")
            debugger.start("continue")
            debugger.terminal.expect_exact("Continuing.")
            console.expect_exact("hello")

            console.send("quit\n")
            said = debugger.answer()
            assert "power-off: the firmware switched the machine off, exit status 0" in said
            console.expect_exact("quit")
            assert "exited normally" in debugger.ask("continue")
            assert run.wait().status == 0
            # Some netcats end with the connection, others when their own input has ended too.
            console.sendeof()
            console.expect(pexpect.EOF)
        finally:
            console.close(force=True)


def test_the_console_waits_while_gdb_has_the_machine_halted(debug):
    run, debugger = debug(guests.ECHOES, serial="tcp:0")
    console = netcat(run.port("serial"))
    try:
        console.send("abc\n")
        debugger.ask("stepi 5")
        debugger.start("continue")
        console.expect_exact("abc")
        debugger.ctrl_c()
        assert "SIGINT" in debugger.answer()
        console.send("def\n")
        debugger.ask("monitor devices")
        debugger.start("continue")
        console.expect_exact("def")
        console.send("q\n")
        assert "power-off" in debugger.answer()
    finally:
        console.close(force=True)


def test_netcat_can_go_and_come_while_gdb_stays(debug):
    run, debugger = debug(guests.ECHOES, serial="tcp:0")
    debugger.start("continue")
    debugger.terminal.expect_exact("Continuing.")
    for _ in range(2):
        console = netcat(run.port("serial"))
        console.send("again\n")
        console.expect_exact("again")
        console.close(force=True)
    debugger.ctrl_c()
    assert "SIGINT" in debugger.answer()
    assert "detached" in debugger.ask("detach")
