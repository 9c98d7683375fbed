"""Every parameter of every command, given wrongly: one line that helps, and nothing else."""

import re
from dataclasses import replace

import pytest
from bad_values import Scene, every_parameter

from soclet.errors import one_line
from soclet.session import run

ACCEPTED = {
    "limit": ("0", str(1 << 64), str(10**30)),
    "history": ("0", str(1 << 64), str(10**30)),
    "byte_ticks": ("0", str(1 << 64), str(10**30)),
    "load_address": ("0", str(1 << 64), str(10**30)),
    "jobs": (str(1 << 64), str(10**30)),
}
"""Extremes that mean something: no limit, no history; an ELF image says itself where it goes."""

WELL = (0, 124)
OF_A_CLASS = re.compile(r"<class|<function|\w(Error|Path)\(|object at 0x|\bNone\b")
"""What shows that a Python object was printed."""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return Scene.prepare(tmp_path_factory.mktemp("scene"))


@pytest.fixture
def scene(prepared, here, tmp_path, monkeypatch):
    """The scene, and an empty folder to be in; gdb's machine is run here, with no gdb."""
    if not (prepared.folder / "capsule").exists():
        arguments, options = prepared.good("run")
        recorded = here("run", *arguments, *options, "--capsule", prepared.folder / "capsule")
        assert recorded.status == 0
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("soclet.commands.gdb._debug", run_without_gdb)
    return prepared


def run_without_gdb(options, _words):
    return run(replace(options, halt=False, gdb=None if options.gdb == "0" else options.gdb))


def identity(value):
    return value if isinstance(value, str) else "/".join(value.opts)


@pytest.mark.parametrize(("name", "param"), every_parameter(), ids=identity)
def test_a_value_that_cannot_be_is_refused_in_a_line_that_helps(here, scene, tmp_path, name, param):
    accepted = ACCEPTED.get(param.name, ())
    for value in (*scene.bad(param), *scene.extremes(param)):
        ended = here(*scene.words(name, param, value))
        if value in accepted:
            assert (ended.status in WELL, "Traceback" in ended.errors) == (True, False), value
        else:
            check_refusal(ended, name, param, value)
            assert not list(tmp_path.iterdir()), value
        for path in tmp_path.iterdir():
            path.unlink()


def check_refusal(ended, name, param, value):
    assert ended.status in ((125,) if name == "run" else (1, 2)), (value, ended)
    complaint = ended.complaint
    begins = "" if param.name == "source" else f"soclet {name}: "
    assert complaint.startswith((begins, "soclet: ")), complaint
    assert not OF_A_CLASS.search(complaint), complaint
    assert len(complaint) < 1100
    shown = one_line(repr(value)[1:-1].replace("\\n", " ")[:40]) or "''"
    assert shown in complaint or param.opts[-1] in complaint, complaint
    late = name == "test" and value.endswith(("/dev/full", "/pipe"))
    if not late:  # Such a thing is opened when the tests were run.
        assert ended.output == b"", (value, ended)


@pytest.mark.parametrize("name", sorted({name for name, _ in every_parameter()}))
def test_what_is_missing_or_too_much_is_said(here, scene, tmp_path, name):
    arguments, options = scene.good(name)
    lines = [[*arguments, *options, "--no-such"], [*arguments, *options, "-%"]]
    if name != "test":
        lines.append([*arguments, "surplus", "more", *options])
    if arguments:
        lines.append(options)
    lines += [
        [*arguments, *options, param.opts[-1]]
        for other, param in every_parameter()
        if other == name and not getattr(param, "is_flag", True)
    ]
    for words in lines:
        ended = here(name, *words)
        assert (ended.status, ended.output) == (125 if name == "run" else 2, b""), words
        assert ended.complaint.startswith(f"soclet {name}: "), words
        assert ended.complaint.endswith(f"Try 'soclet {name} --help'."), words
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("words", [["nope"], ["--nope"], ["\udcff"], ["a\0b"], [""], ["x" * 9999]])
def test_what_is_no_command_is_said(here, words):
    ended = here(*words)
    assert (ended.status, ended.output) == (2, b"")
    assert ended.complaint.startswith("soclet: No such ")
    assert len(ended.complaint) < 1100


SAME = "is for both {} and {}: give each its own file"


@pytest.mark.parametrize(
    ("words", "status", "mention"),
    [
        ("run GUEST --halt", 125, "give --gdb PORT too"),
        ("run GUEST -s --gdb 4321", 125, "-s is --gdb 1234: give one of them"),
        ("run -", 125, "give --nvram FILE too"),
        ("run - --restore CAPSULE", 125, "give one of them"),
        ("run GUEST --restore CAPSULE", 125, "holds a run and no saved machine"),
        ("run GUEST --state x --serial-log x", 125, SAME.format("--serial-log", "--state")),
        ("run GUEST --state x --serial file:./x", 125, SAME.format("--serial", "--state")),
        ("run GUEST --nvram x --capsule x", 125, SAME.format("--nvram", "--capsule")),
        ("run GUEST --capsule x --record x", 125, SAME.format("--capsule", "--record")),
        ("run GUEST --vcd x --trace x", 125, SAME.format("--trace", "--vcd")),
        ("run GUEST --state GUEST", 125, SAME.format("IMAGE", "--state")),
        ("run GUEST --nvram GUEST", 125, SAME.format("IMAGE", "--nvram")),
        ("gdb GUEST --state x --vcd x", 1, SAME.format("--state", "--vcd")),
        ("gdb GUEST --serial stdio", 1, "the terminal is gdb's; give tcp:0, pty or another"),
        ("gdb GUEST -s --gdb 4321", 2, "-s is --gdb 1234: give one of them"),
        ("replay CAPSULE --halt", 1, "give --gdb PORT too"),
        ("replay CAPSULE -s --gdb 4321", 2, "-s is --gdb 1234: give one of them"),
        ("replay CAPSULE --state CAPSULE", 1, SAME.format("FILE", "--state")),
        ("replay GUEST", 1, "no capsule; `soclet run IMAGE --capsule FILE` makes one"),
        ("test TESTS --junit x --tap x", 2, SAME.format("--junit", "--tap")),
        ("test TESTS --tap TESTS", 2, "and --tap: give each its own file"),
        ("asm SOURCE -o x --listing x", 1, SAME.format("-o", "--listing")),
        ("asm SOURCE -o SOURCE", 1, SAME.format("SOURCE", "-o")),
        ("asm SOURCE --listing SOURCE", 1, SAME.format("SOURCE", "--listing")),
        ("flash GUEST --nvram GUEST", 1, SAME.format("IMAGE", "--nvram")),
    ],
)
def test_what_contradicts_itself_is_refused_and_nothing_is_touched(
    here, scene, tmp_path, words, status, mention
):
    files = {
        "GUEST": scene.folder / "guest.elf",
        "CAPSULE": scene.folder / "capsule",
        "TESTS": scene.folder / "tests.toml",
        "SOURCE": scene.folder / "guest.s",
    }
    before = {path: path.read_bytes() for path in files.values()}
    name, *others = words.split()
    quiet = ["--serial", "none"] if name != "gdb" and "--serial" not in words else []
    ended = here(
        name, *(files.get(word, word) for word in others), *(quiet if name == "run" else [])
    )
    assert (ended.status, ended.output) == (status, b"")
    assert mention in ended.complaint
    assert not list(tmp_path.iterdir())
    assert before == {path: path.read_bytes() for path in files.values()}


@pytest.mark.parametrize(
    ("text", "mention"),
    [
        ("run = 5", "'run' must be a table: [run]"),
        ("[run]\nlimits = 5", "no option 'limits'; there are"),
        ('[run]\n"\\u001b[2J" = 5', "no option '\\x1b[2J'"),
        ("[run]\nlimit = true", "limit must be a text or a number, not true"),
        ("[run]\nmemory = true", "memory must be a text or a number, not true"),
        ("[run]\nstate = true", "state must be a text or a number, not true"),
        ("[run]\nstate = ['x']", "state must be a text or a number, not ['x']"),
        ("[run]\nstate = {x = 1}", "state must be a text or a number, not {'x': 1}"),
        ("[run]\nstate = 1979-05-27", "state must be a text or a number, not 1979-05-27"),
        ("[run]\nhalt = [true]", "halt must be true or false, not [True]"),
        ("[run]\nhalt = 'maybe'", "'maybe' is not a valid boolean"),
        ('[run]\nstate = "a\\u0000b"', "'a\\x00b' can be no file's name"),
        ("[run]\nstate = ''", "'' names no file"),
        ("[run]\nlimit = -1", "'-1' is not a number of ticks"),
        ("[run]\nlimit = inf", "'inf' is not a number of ticks"),
        (f"[run]\nlimit = {'9' * 5000}", "not TOML: "),
        (f"x = {'[' * 5000}", "not TOML: nested too deeply"),
        ("[run]\nx = 'un\nfinished", "not TOML: "),
        ("\0", "not TOML: "),
    ],
)
def test_a_file_of_options_that_is_wrong_is_refused_in_a_line(here, scene, tmp_path, text, mention):
    path = scene.folder / "wrong.toml"
    path.write_text(text)
    arguments, options = scene.good("run")
    ended = here("run", *arguments, *options[:2], "--config", path)
    assert (ended.status, ended.output) == (125, b"")
    assert mention in ended.complaint
    assert not list(tmp_path.iterdir())
