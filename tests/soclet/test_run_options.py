"""The options of `soclet run` as they are read: from the command line and from a file."""

import click
import pytest

from machine.device import NEVER
from soclet.commands.run import command
from soclet.errors import UserError
from soclet.runner import Clock
from soclet.session import RunOptions


@pytest.fixture
def chosen(monkeypatch):
    """Read a command line; give the run that it asks for, without running it."""
    runs = []
    monkeypatch.setattr(
        "soclet.commands.run.run_session", lambda options: runs.append(options) or 0
    )

    def read(*words):
        runs.clear()
        command.main([str(word) for word in words], standalone_mode=False)
        return runs[0]

    return read


@pytest.fixture
def config(tmp_path):
    def write(text):
        path = tmp_path / "soclet.toml"
        path.write_text(text)
        return path

    return write


def test_what_is_not_asked_for_is_as_the_design_says(chosen):
    assert chosen("x.elf") == RunOptions("x.elf")
    assert RunOptions("x.elf") == RunOptions(
        "x.elf",
        gdb=None,
        halt=False,
        serial="stdio",
        nvram=None,
        nvram_sync=False,
        memory=None,
        load_address=0x1000,
        clock=None,
        engine="auto",
        limit=NEVER,
        byte_ticks=None,
        serial_log=None,
        state=None,
        profile=None,
        trace=None,
        vcd=None,
        capsule=None,
        record=None,
        restore=None,
        state_dir=None,
        allow_remote=False,
    )


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (["--gdb", "2000"], "gdb", "2000"),
        (["-s"], "gdb", "1234"),
        (["-s", "--gdb", "1234"], "gdb", "1234"),
        (["--serial", "pty"], "serial", "pty"),
        (["--serial", "telnet:0"], "serial", "telnet:0"),
        (["--memory", "64k"], "memory", 64 << 10),
        (["--memory", "2M"], "memory", 2 << 20),
        (["--memory", "2G"], "memory", 2 << 30),
        (["--memory", "0x10000"], "memory", 64 << 10),
        (["--load-address", "0x2000"], "load_address", 0x2000),
        (["--load-address", "8192"], "load_address", 0x2000),
        (["--clock", "virtual"], "clock", Clock.VIRTUAL),
        (["--clock", "paced"], "clock", Clock.PACED),
        (["--engine", "reference"], "engine", "reference"),
        (["--limit", "0"], "limit", 0),
        (["--limit", "10k"], "limit", 10_000),
        (["--limit", "3M"], "limit", 3_000_000),
        (["--limit", "1G"], "limit", 1_000_000_000),
        (["--byte-ticks", "1k"], "byte_ticks", 1000),
        (["--nvram", "memory.bin", "--nvram-sync"], "nvram_sync", True),
        (["--allow-remote"], "allow_remote", True),
        (["-S"], "halt", True),
        (["--halt"], "halt", True),
    ],
)
def test_an_option_says(chosen, words, name, value):
    assert getattr(chosen("x.elf", *words), name) == value


def test_a_file_gives_every_option_by_its_long_name(chosen, config):
    path = config(
        """
        [run]
        gdb = 2000
        halt = true
        history = "64M"
        serial = "none"
        nvram = "memory.bin"
        nvram-sync = true
        memory = "64k"
        load-address = 0x2000
        clock = "paced"
        engine = "reference"
        limit = "10k"
        byte-ticks = 5
        serial-log = "sent.log"
        state = "state.json"
        profile = "p.txt"
        trace = "t.json"
        vcd = "w.vcd"
        capsule = "run.capsule"
        record = "run.recording"
        restore = "saved"
        state-dir = "states"
        allow-remote = true
        """
    )
    run = chosen("x.elf", "--config", path)
    assert (run.gdb, run.halt, run.serial) == ("2000", True, "none")
    assert run.history == 64 << 20
    assert (str(run.nvram), run.memory, run.load_address) == ("memory.bin", 64 << 10, 0x2000)
    assert run.nvram_sync
    assert (run.clock, run.engine, run.limit) == (Clock.PACED, "reference", 10_000)
    assert (run.byte_ticks, str(run.serial_log), str(run.state)) == (5, "sent.log", "state.json")
    assert (str(run.profile), str(run.trace), str(run.vcd)) == ("p.txt", "t.json", "w.vcd")
    assert (str(run.capsule), run.allow_remote) == ("run.capsule", True)
    assert (str(run.record), str(run.restore)) == ("run.recording", "saved")
    assert str(run.state_dir) == "states"
    names = {name for param in command.params for name in param.opts if name.startswith("--")}
    missing = {name for name in names if f"\n        {name[2:]} = " not in path.read_text()}
    assert missing == {"--config"}


def test_the_command_line_wins_wherever_the_file_is_named(chosen, config):
    path = config('[run]\nlimit = 5\nclock = "paced"\nserial = "none"\n')
    for words in (["--config", path, "--limit", "7"], ["--limit", "7", "--config", path]):
        run = chosen("x.elf", *words)
        assert (run.limit, run.clock, run.serial) == (7, Clock.PACED, "none")


def test_the_short_gdb_option_wins_over_the_file_too(chosen, config):
    assert chosen("x.elf", "-s", "--config", config("[run]\ngdb = 2000\n")).gdb == "1234"


def test_other_tables_of_the_file_and_an_empty_one_are_nobodys_business(chosen, config):
    path = config('title = "mine"\n[run]\n[tool]\nlimit = 5\n')
    assert chosen("x.elf", "--config", path) == RunOptions("x.elf")
    assert chosen("x.elf", "--config", config("")) == RunOptions("x.elf")


def test_a_flag_that_the_file_says_is_false_is_not_given(chosen, config):
    path = config("[run]\nhalt = false\nallow-remote = false\n")
    assert chosen("x.elf", "--config", path) == RunOptions("x.elf")


@pytest.mark.parametrize(
    ("text", "mentions"),
    [
        ("[run]\nlimits = 5\n", ["soclet.toml", "no option 'limits'", "limit, load-address"]),
        ("[run]\nimage = 'x'\n", ["no option 'image'"]),
        ("[run]\nconfig = 'x'\n", ["no option 'config'"]),
        ("[run]\nload_address = 5\n", ["no option 'load_address'"]),
        ("[run\n", ["soclet.toml"]),
        ("run = 5\n", ["soclet.toml", "[run]"]),
        ("[[run]]\nlimit = 5\n", ["soclet.toml", "[run]"]),
    ],
)
def test_a_file_that_is_wrong_is_said_to_be(chosen, config, text, mentions):
    with pytest.raises(UserError) as caught:
        chosen("x.elf", "--config", config(text))
    for mention in mentions:
        assert mention in str(caught.value)


def test_a_file_that_is_not_text_is_said_to_be(chosen, tmp_path):
    (tmp_path / "soclet.toml").write_bytes(b"\xff\xfe[run]")
    with pytest.raises(UserError, match=r"soclet\.toml"):
        chosen("x.elf", "--config", tmp_path / "soclet.toml")


@pytest.mark.parametrize(
    ("line", "mentions"),
    [
        ("limit = 'soon'", ["limit", "'soon'"]),
        ("limit = 1.5", ["limit", "'1.5'"]),
        ("limit = -1", ["limit", "'-1'"]),
        ("limit = [1, 2]", ["limit", "[1, 2]"]),
        ("clock = 'fast'", ["clock", "fast"]),
        ("halt = 'maybe'", ["halt", "maybe"]),
    ],
)
def test_a_value_that_the_file_gives_wrongly_is_refused(chosen, config, line, mentions):
    with pytest.raises(click.UsageError) as caught:
        chosen("x.elf", "--config", config(f"[run]\n{line}\n"))
    for mention in mentions:
        assert mention in caught.value.format_message()
