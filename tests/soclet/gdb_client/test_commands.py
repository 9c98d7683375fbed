"""The script's commands, and what it has gdb forget, in a gdb that is not there."""

from types import SimpleNamespace

import pytest
from fake_gdb import ARM

from isa_spec.paging import Entry
from isa_spec.registers import BY_NAME

HELP = "page-table [ADDR]  Show it.\nserial TEXT  Type.\ntrap  Tell.\n"
OLD_HELP = "page-table  Show it.\n"
NAMES = ["regs", "page-table", "trap", "serial", "devices", "time", "help"]


@pytest.fixture
def gdb(load, script):
    return load(script)


def run(gdb, name, argument=""):
    """Type a command; give what it writes."""
    gdb.written.clear()
    gdb.commands.clear()
    gdb.defined[f"soclet {name}"].invoke(argument, True)
    return "".join(gdb.written)


def select_frame(gdb, **values):
    """Have a frame with such registers selected; all others hold 0."""

    def read_register(name):
        value = values.get(name, 0)
        if value is None:
            raise gdb.error("not saved")
        return value

    gdb.selected_frame = lambda: SimpleNamespace(read_register=read_register)


def test_they_are_all_there_with_help(gdb):
    assert set(gdb.defined) == {"soclet", "soclet-refresh", *(f"soclet {name}" for name in NAMES)}
    listed = run(gdb, "help")
    for name in NAMES:
        assert f"soclet {name}" in listed
        assert gdb.defined[f"soclet {name}"].__doc__.splitlines()[0] in listed
        assert f"Usage: soclet {name}" in gdb.defined[f"soclet {name}"].__doc__
    gdb.written.clear()
    gdb.defined["soclet"].invoke("", True)
    assert "".join(gdb.written) == listed


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("devices", "monitor devices"),
        ("time", "monitor time"),
        ("trap", "monitor trap"),
        ("page-table", "monitor page-table"),
        (r"serial two  words\n", r"monitor serial two  words\n"),
    ],
)
def test_the_machine_is_asked(gdb, typed, asked):
    gdb.answers = {"monitor help": HELP, asked: "so\n"}
    name, _, argument = typed.partition(" ")
    assert run(gdb, name, argument) == "so\n"
    assert gdb.commands[-1] == asked


def test_an_address_may_be_an_expression(gdb):
    gdb.answers = {"monitor help": HELP, "monitor page-table 0x5000": "so\n"}
    gdb.parse_and_eval = lambda text: {"(unsigned int)($sp + 8)": 0x5000}[text]
    assert run(gdb, "page-table", "$sp + 8") == "so\n"


def test_places_of_traps_have_names(gdb):
    gdb.symbols = {0x1000: "start"}
    gdb.answers = {"monitor help": HELP, "monitor trap": "tick 5: timer, at pc 0x1010\n"}
    assert run(gdb, "trap") == "tick 5: timer, at pc 0x1010 <start+16>\n"


@pytest.mark.parametrize("name", [name for name in NAMES if name != "help"])
def test_without_a_machine_they_say_so(gdb, name):
    gdb.architecture = ARM
    with pytest.raises(gdb.GdbError, match="not attached to a soclet machine"):
        run(gdb, name, "x")
    gdb.pid = 0
    with pytest.raises(gdb.GdbError, match="not attached to a soclet machine"):
        run(gdb, name, "x")


@pytest.mark.parametrize("name", ["regs", "trap", "devices", "time", "help"])
def test_an_argument_too_many_is_told(gdb, name):
    with pytest.raises(gdb.GdbError, match=f"soclet {name} takes no argument"):
        run(gdb, name, "x")


def test_what_is_no_command_or_lacks_its_text_is_told(gdb):
    with pytest.raises(gdb.GdbError, match="no such command: soclet bogus"):
        gdb.defined["soclet"].invoke("bogus", True)
    with pytest.raises(gdb.GdbError, match="takes the text to type"):
        run(gdb, "serial")


def test_a_refusal_of_the_machine_is_told_as_it_is(gdb):
    gdb.answers = {"monitor devices": gdb.error("the machine is gone")}
    with pytest.raises(gdb.GdbError, match="the machine is gone"):
        run(gdb, "devices")


# What the machine's monitor has not


@pytest.mark.parametrize(
    ("registers", "told"),
    [
        ({}, "no trap and no interrupt was entered yet"),
        (
            {"cause": 16, "epc": 0x1010},
            "vector 16, timer, from pc 0x1010 <start+16>",
        ),
        (
            {"cause": 0x103, "detail": 0x5000, "epc": 0x1000},
            "vector 3, page not present, store (the address used: 0x5000), from pc 0x1000 <start>",
        ),
        ({"cause": 20, "epc": 0}, "vector 20, from pc 0x0"),
        ({"cause": 16, "epc": None}, "the frame's cause and epc are lost"),
    ],
)
def test_a_trap_is_told_from_the_registers(gdb, registers, told):
    gdb.answers = {"monitor help": OLD_HELP}
    gdb.symbols = {0x1000: "start"}
    select_frame(gdb, **registers)
    assert run(gdb, "trap").startswith(told)


def with_memory(gdb, words):
    def read_memory(address, length):
        if address not in words:
            raise gdb.error("Cannot access memory")
        return memoryview(words[address].to_bytes(length, "little"))

    whole = gdb.selected_inferior
    gdb.selected_inferior = lambda: SimpleNamespace(**vars(whole()), read_memory=read_memory)


@pytest.mark.parametrize(
    ("status", "address", "told"),
    [
        (1, 0x5123, ["page 0x5", "0x10014 is 0x00007003: present, readable", "kernel may load",
                     "is at physical 0x7123"]),
        (1, 0x6000, ["0x10018 is 0x00000037", "kernel and user may load, store"]),
        (1, 0x7000, ["is 0x00000000: no bits", "page not present"]),
        (1, 0x8000, ["would be at 0x10020, where nothing is"]),
        (1, 0x400000, ["the table has 0x400 entries: page not present"]),
        (3, 0x5000, ["translation is on"]),
        (None, 0x5000, ["ptbr and status are lost"]),
    ],
)  # fmt: skip
def test_an_address_is_translated_from_memory(gdb, status, address, told):
    gdb.answers = {"monitor help": OLD_HELP}
    gdb.parse_and_eval = lambda _: address
    user = Entry.PRESENT | Entry.READABLE | Entry.WRITABLE | Entry.USER | Entry.ACCESSED
    with_memory(gdb, {0x10014: 0x7003, 0x10018: int(user), 0x1001C: 0})
    select_frame(gdb, ptbr=0x10001, status=status)
    said = run(gdb, "page-table", "x")
    for text in told:
        assert text in said


def test_registers_are_shown_with_words(gdb):
    gdb.symbols = {0x1000: "start"}
    select_frame(gdb, pc=0x1008, status=5, cause=0x206, sp=0x8000, epc=None, lr=0x1010)
    said = run(gdb, "regs")
    assert "      sp 00008000" in said
    assert "    link 00001010" in said
    assert "     epc --------" in said
    assert "pc is 0x1008 <start+8>\nstatus: kernel, interrupts\n" in said
    assert "cause: vector 6, nothing at that address" in said
    assert said.endswith("fetch\n")
    assert all(f" {name} " in said for name in ("r0", "r14", "ks1", "imask"))
    select_frame(gdb, pc=None, status=0)
    assert run(gdb, "regs").endswith("status: user\n")
    assert BY_NAME["sp"].number == 15


# What is forgotten


def test_a_change_of_a_register_has_all_read_anew(gdb):
    (handler,) = gdb.events.register_changed.handlers
    gdb.commands.clear()
    handler(SimpleNamespace())
    assert gdb.commands == ["maintenance flush register-cache"]


def test_a_monitor_command_has_too(gdb, fake):
    assert "define hookpost-monitor\nsoclet-refresh\nend" in fake.commands
    gdb.commands.clear()
    gdb.defined["soclet-refresh"].invoke("", False)
    assert gdb.commands == ["maintenance flush register-cache"]


def test_other_machines_keep_theirs(gdb):
    gdb.architecture = ARM
    (handler,) = gdb.events.register_changed.handlers
    gdb.commands.clear()
    handler(SimpleNamespace())
    assert gdb.commands == []


def test_a_second_load_takes_the_place_of_the_first(gdb, load, script):
    (before,) = gdb.events.register_changed.handlers
    load(script)
    (after,) = gdb.events.register_changed.handlers
    assert after is not before
    assert len(gdb.events.cont.handlers) == 1
