"""`soclet test`: tests of firmware as TOML."""

import os
import pty
import subprocess
from xml.etree import ElementTree

import pytest
from running import SOCLET
from tested_guests import ECHO

PASSES = """
[[test]]
name = "what is typed comes back"
image = "echo.s"
limit = "10k"
steps = [
  { send = "hello" }, { expect = "h.llo" },
  { at = 5000 }, { sendline = "world" }, { expect_exact = "world\\n" },
  { send = "!" }, { exit_status = 7 },
  { power_cycle = true }, { send = "again" }, { expect_exact = "again" },
]
"""
FAILS = """
[[test]]
name = "nobody asks for a name"
image = "echo.s"
limit = "10k"
steps = [{ send = "hello" }, { expect = "login" }]
"""
CANNOT_BE = """
[[test]]
name = "no firmware"
source = "mvo r0, r1"
steps = [{ expect = "x" }]
"""


@pytest.fixture
def suite(here, tmp_path, monkeypatch):
    """Write a file of tests and run it, where the tests are."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "echo.s").write_text(ECHO)

    def suite(text: str, *options: object):
        (tmp_path / "suite.toml").write_text(text)
        return here("test", "suite.toml", *options)

    return suite


def test_tests_that_pass_are_counted(suite):
    ended = suite(PASSES)
    assert ended.status == 0, ended.output.decode()
    assert ended.output.splitlines() == [
        b"passed  suite.toml: what is typed comes back (5,075 ticks)",
        b"1 passed, 0 failed",
    ]


def test_a_test_that_fails_shows_the_step_and_the_machine(suite):
    ended = suite(FAILS + PASSES)
    lines = ended.output.decode().splitlines()
    assert ended.status == 1
    assert lines[0] == "FAILED  suite.toml: nobody asks for a name (10,000 ticks)"
    assert lines[1].startswith("    step 2 (expect): 'login' did not come within 10,000 ticks: ")
    assert lines[1].endswith("unread is 'hello'")
    assert "      hello" in lines
    assert "    registers:" in lines
    assert lines[-1] == "1 passed, 1 failed"


def test_firmware_that_does_not_assemble_fails_its_test_and_no_other(suite):
    ended = suite(CANNOT_BE + PASSES)
    assert ended.status == 1
    assert b"source.s:1:1: " in ended.output
    assert ended.output.endswith(b"1 passed, 1 failed\n")


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_tests_on_several_processes_give_the_same_in_the_same_order(suite, jobs: int):
    many = "".join(PASSES.replace("comes back", f"comes back {n}") for n in range(5)) + FAILS
    assert suite(many, "-j", jobs).output == suite(many).output


def test_results_are_written_as_junit(suite, tmp_path):
    assert suite(PASSES + FAILS, "--junit", "results.xml").status == 1
    root = ElementTree.parse(tmp_path / "results.xml").getroot()
    (tests,) = root
    assert (tests.get("name"), tests.get("tests"), tests.get("failures")) == (
        "suite.toml",
        "2",
        "1",
    )
    passed, failed = tests
    assert passed.get("name") == "what is typed comes back"
    assert passed.find("failure") is None
    assert passed.findtext("system-out") == "helloworld\nagain"
    assert passed.find("properties/property[@name='ticks']").get("value") == "5075"
    assert failed.find("failure").get("message").startswith("step 2 (expect): 'login' did not come")
    assert "registers:" in failed.findtext("failure")


def test_a_run_that_fails_is_kept_to_be_had_again(suite, here, tmp_path):
    ended = suite(FAILS + PASSES, "--capsules", "kept", "--junit", "results.xml", "-j", 2)
    path = "kept/suite-nobody-asks-for-a-name.capsule"
    assert f"    to have this run again in gdb: soclet replay {path} --gdb 1234" in (
        ended.output.decode().splitlines()
    )
    root = ElementTree.parse(tmp_path / "results.xml").getroot()
    assert root.find(".//property[@name='capsule']").get("value") == path
    assert len(list((tmp_path / "kept").iterdir())) == 1
    replayed = here("replay", path)
    assert replayed.status == 0
    assert replayed.output == b"hello"
    assert "'login' did not come within 10,000 ticks" in replayed.errors


def test_coverage_of_all_tests_is_added_up(suite, tmp_path):
    only_sends = PASSES.replace("what is", "once more what is").replace('{ send = "!" }, ', "")
    only_sends = only_sends.split("{ exit_status")[0] + "]\n"
    ended = suite(only_sends, "--coverage", "out.info")
    assert "echo.s   83.3 %    75.0 %  12–13" in ended.output.decode()
    ended = suite(only_sends + PASSES, "--coverage", "out.info", "-j", 2)
    assert "echo.s  100.0 %   100.0 %" in ended.output.decode()
    assert f"SF:{tmp_path / 'echo.s'}" in (tmp_path / "out.info").read_text()


def test_output_that_xml_cannot_hold_is_shown_as_escapes(suite, tmp_path):
    odd = PASSES.replace("hello", "a\\u0001\\u001bb").replace("h.llo", "b")
    assert suite(odd, "--junit", "results.xml").status == 0
    root = ElementTree.parse(tmp_path / "results.xml").getroot()
    assert root.findtext(".//system-out").startswith("a\\x01\\x1bb")


def test_results_are_written_as_tap(suite, tmp_path):
    suite(PASSES.replace("what is", "#1 what is") + FAILS, "--tap", "results.tap")
    lines = (tmp_path / "results.tap").read_text().splitlines()
    assert lines[:5] == [
        "TAP version 14",
        "1..2",
        "ok 1 - suite.toml: \\#1 what is typed comes back",
        "not ok 2 - suite.toml: nobody asks for a name",
        "  ---",
    ]
    assert lines[-1] == "  ..."


def test_files_lie_beside_the_tests(here, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "deep"
    folder.mkdir()
    (folder / "echo.s").write_text(ECHO)
    (folder / "suite.toml").write_text(PASSES)
    assert here("test", "deep/suite.toml").status == 0


def test_memory_is_kept_from_a_test_to_the_next_where_they_share_an_nvram_file(suite):
    first = "start: mov r0, 0x9000\\nmov r1, 5\\nmov [r0], r1\\nmov r0, 0x20\\nmov [r0], r1\\n"
    second = "start: mov r0, 0x9000\\nmov r1, [r0]\\nmov r0, 0x20\\nmov [r0], r1\\n"
    test = '[[test]]\nname = "{}"\nsource = "{}"\nnvram = "nvram"\nmemory = "64k"\n'
    test += "steps = [{{ exit_status = 5 }}]\n"
    ended = suite(test.format("one", first) + test.format("two", second))
    assert ended.output.endswith(b"2 passed, 0 failed\n"), ended.output.decode()


def test_another_image_can_be_flashed_in_a_test(suite, tmp_path):
    (tmp_path / "off.s").write_text("start: mov r0, 0x20\nmov r1, 9\nmov [r0], r1\n")
    steps = '{ flash = "off.s" }, { power_cycle = true }, { exit_status = 9 }'
    assert suite(f'[[test]]\nimage = "echo.s"\nsteps = [{steps}]').status == 0


TEST = '[[test]]\nimage = "echo.s"\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "suite.toml: holds no tests; begin each with [[test]]"),
        ("[[test]", "suite.toml: not TOML: "),
        ("x = 1\n" + PASSES, "suite.toml: 'x' means nothing; write [[test]]"),
        (TEST, "suite.toml: test 'test 1': has no steps; give steps = [{ expect = …"),
        (TEST + "limt = 5", "test 'test 1': 'limt' means nothing; there are name, image"),
        (TEST + "steps = 5", "test 'test 1': steps must be an array of tables"),
        (TEST + "steps = [{ expct = 'x' }]", "step 1: 'expct' means nothing; a step is one of"),
        (TEST + "steps = [{ expect = '(' }]", "expect takes a regular expression, not '('"),
        (TEST + "steps = [{ send = 5 }]", "step 1: send takes a text, not 5"),
        (TEST + "steps = [{ at = '5 potatoes' }]", "at takes a tick such as 5000"),
        (TEST + "steps = [{ exit_status = 300 }]", "exit_status takes a number from 0 to 255"),
        (TEST + "steps = [{ power_cycle = false }]", "power_cycle takes true, not False"),
        (TEST + "steps = [{ send = 'a', expect = 'b' }]", "a step is a table with one of"),
        (TEST + "memory = 'much'\nsteps = [{ send = 'a' }]", "'much' is not a number of bytes"),
        (PASSES + PASSES, "two tests are called 'what is typed comes back'"),
    ],
)
def test_a_file_that_is_wrong_is_refused_in_one_line_before_anything_is_run(suite, text, says):
    ended = suite(text)
    assert (ended.status, ended.output) == (2, b"")
    assert says in ended.errors
    assert len(ended.errors.splitlines()) == 1


def test_a_file_that_is_not_there_is_refused(here):
    ended = here("test", "nothing.toml")
    assert ended.status == 2
    assert "nothing.toml: cannot be read: No such file or directory" in ended.errors


def test_a_terminal_is_shown_a_bar_and_the_failures(tmp_path):
    (tmp_path / "echo.s").write_text(ECHO)
    (tmp_path / "suite.toml").write_text(PASSES + FAILS)
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*SOCLET, "test", "suite.toml"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                shown += os.read(ours, 65536)
            except OSError:
                break
        assert process.stdout.read() == b"1 passed, 1 failed\n"
    os.close(ours)
    assert b"100%" in shown
    assert b"FAILED  suite.toml: nobody asks for a name" in shown
