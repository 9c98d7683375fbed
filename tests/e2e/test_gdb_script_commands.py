"""The script's commands in the real gdb."""

import guests
import pytest
from scripted import write_script

CODE = f"""{guests.PORTS}
start:  mov r1, STATUS
        mov r2, RX
again:  mov r0, [r1]
        condbr r0 == 2, again
        mov r3, [r2]
        condbr r3 != 10, again
got:    jmp got
"""


@pytest.fixture
def gdb_and_run(boot, gdb, tmp_path):
    run = boot(CODE)
    debugger = gdb("-x", write_script(tmp_path), run.image)
    debugger.attach(run.port("gdb"))
    return debugger, run


@pytest.fixture
def attached(gdb_and_run):
    return gdb_and_run[0]


def test_text_is_typed_on_the_serial_line(attached):
    assert "3 bytes" in attached.ask(r"soclet serial ab\n")
    attached.ask("break got")
    attached.ask("continue")
    assert attached.number("$r3") == 10


def test_the_machine_answers(attached):
    assert "tick 0\n" in attached.ask("soclet time")
    assert "0x0015  STATUS     load  0x2" in attached.ask("soclet devices")
    assert "no trap and no interrupt was entered yet" in attached.ask("soclet trap")
    assert "no page table was set up" in attached.ask("soclet page-table")
    assert "0x1000 is in page 0x1" in attached.ask("soclet page-table $pc")


def test_registers_are_shown(attached):
    said = attached.ask("soclet regs")
    assert "pc 00001000    link 00000000  status 00000001" in said
    assert "pc is 0x1000 <start>" in said
    assert "status: kernel" in said


def test_help_and_completion(attached):
    said = attached.ask("help soclet")
    for name in ("devices", "help", "page-table", "regs", "serial", "time", "trap"):
        assert f"soclet {name} -- " in said
    assert r"\n" in attached.ask("help soclet serial")
    assert "Usage: soclet page-table [ADDR]" in attached.ask("help soclet page-table")
    assert attached.ask("soclet").splitlines() == attached.ask("soclet help").splitlines()
    assert attached.ask("complete soclet p") == "soclet page-table\n"
    assert "soclet page-table start" in attached.ask("complete soclet page-table sta")


def test_mistakes_are_told_in_a_line(attached):
    for command, told in {
        "soclet bogus": "no such command: soclet bogus",
        "soclet serial": "takes the text to type",
        "soclet time 5": "takes no argument",
        "soclet page-table nonsense": 'No symbol "nonsense"',
    }.items():
        said = attached.ask(command)
        assert told in said
        assert "Traceback" not in said
        assert len(said.splitlines()) == 1, said


def test_without_a_machine_they_say_so(gdb, tmp_path):
    alone = gdb("-x", write_script(tmp_path))
    assert "not attached to a soclet machine" in alone.ask("soclet regs")
    assert "soclet serial TEXT" in alone.ask("soclet help")


def test_asking_changes_nothing(attached):
    attached.ask("stepi")
    assert attached.ask("soclet time") == attached.ask("monitor time")
