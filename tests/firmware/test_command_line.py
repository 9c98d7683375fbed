"""The firmware by the command line, as the READMEs say."""

import json
import subprocess
import sys

import pytest


def soclet(*words, typed=b"", folder=None):
    """Run the command in some folder; give how it ended."""
    command = [sys.executable, "-m", "soclet", *map(str, words)]
    return subprocess.run(command, input=typed, capture_output=True, cwd=folder, check=False)


@pytest.mark.parametrize("byte_ticks", [0, 50])
def test_a_source_runs_as_it_is(demo, byte_ticks):
    ran = soclet("run", "--byte-ticks", byte_ticks, demo.source, typed=demo.input)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, demo.expected, b"")


def test_a_demo_runs_by_its_name(demo, tmp_path):
    state = tmp_path / "state.json"
    ran = soclet("run", f"demo:{demo.name}", "--state", state, typed=demo.input)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, demo.expected, b"")
    ended = json.loads(state.read_text())
    assert (ended["ended"], ended["exit_status"]) == ("power-off", 0)


def test_it_prints_without_anybody_to_type(tmp_path):
    out = tmp_path / "out"
    ran = soclet("run", "demo:hello", "--serial", f"file:{out}")
    assert (ran.returncode, ran.stdout) == (0, b"")
    assert out.read_bytes() == b"Hello from soclet!\n"


@pytest.mark.parametrize("suffix", ["elf", "hex", "srec", "bin"])
def test_it_runs_from_every_kind_of_image(demo, tmp_path, suffix):
    image = tmp_path / f"{demo.name}.{suffix}"
    assert soclet("asm", demo.source, "-o", image).returncode == 0
    ran = soclet("run", image, typed=demo.input)
    assert (ran.returncode, ran.stdout) == (0, demo.expected)


def test_echo_irq_ends_asleep_where_its_input_ends_without_quit(firmware):
    ran = soclet("run", firmware / "echo-irq" / "echo-irq.s", typed=b"a\n")
    assert (ran.returncode, ran.stdout[-2:]) == (127, b"a\n")


def test_echo_poll_spins_on_where_its_input_ends_without_quit(firmware):
    ran = soclet("run", firmware / "echo-poll" / "echo-poll.s", "--limit", "100k", typed=b"a\n")
    assert (ran.returncode, ran.stdout[-2:]) == (124, b"a\n")
