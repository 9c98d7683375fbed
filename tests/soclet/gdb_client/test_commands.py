"""The script's commands, and what it has gdb forget, in a gdb that is not there."""

from types import SimpleNamespace

import pytest
from fake_gdb import ARM

from isa_spec.registers import BY_NAME

NAMES = [
    *("regs", "page-table", "trap", "serial", "devices", "time"),
    *("goto", "checkpoint", "diff", "why", "help"),
]


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
        ("checkpoint here", "monitor checkpoint here"),
        ("diff here now", "monitor diff here now"),
        ("why $r3", "monitor why r3"),
    ],
)
def test_the_machine_is_asked(gdb, typed, asked):
    gdb.answers = {asked: "so\n"}
    name, _, argument = typed.partition(" ")
    assert run(gdb, name, argument) == "so\n"
    assert gdb.commands[-1] == asked


def test_an_address_may_be_an_expression(gdb):
    gdb.answers = {
        f"monitor {each} 0x5000": "so\n" for each in ("page-table", "why", "why page-table")
    }
    gdb.parse_and_eval = lambda text: {"(unsigned int)($sp + 8)": 0x5000}[text]
    for command in ("page-table", "why", "why page-table"):
        name, _, rest = command.partition(" ")
        assert run(gdb, name, f"{rest} $sp + 8".strip()) == "so\n"


def test_going_somewhere_shows_what_is_there(gdb):
    gdb.answers = {"monitor goto 5": "tick 5\n", "frame": "#0 there\n"}
    assert run(gdb, "goto", "5") == "tick 5\n#0 there\n"


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


def test_nothing_of_the_script_runs_when_the_machine_goes_on_where_it_would_swallow_ctrl_c(gdb):
    assert gdb.events.cont.handlers == []
