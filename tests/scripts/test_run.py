"""scripts/run: boots firmware, and what it says to type in other terminals works as it stands."""

import shlex
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LEAD = "    in another terminal:  "
# Tests run side by side, and a port that one finds free may be another's a moment later.
ANY_PORTS = ("--gdb", "0", "--serial", "tcp:0")


@pytest.fixture
def run(checkout):
    """Starts scripts/run with the soclet under test; ends what is still running."""
    checkout.command("soclet", f'exec {shlex.quote(sys.executable)} -m soclet "$@"')
    (checkout.root / "firmware").symlink_to(ROOT / "firmware")
    started = []

    def start(*arguments, **options):
        started.append(checkout.start("scripts/run", *arguments, cwd=ROOT, **options))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def typed_elsewhere(process):
    """The words of the next command that a person is to type in another terminal."""
    for line in process.stderr:
        if line.startswith(LEAD):
            return shlex.split(line.removeprefix(LEAD))
    pytest.fail("scripts/run ended without saying what to type")


def test_both_commands_that_it_prints_work_as_they_stand(run):
    process = run(*ANY_PORTS)
    gdb, nc = typed_elsewhere(process), typed_elsewhere(process)
    assert (gdb[0], nc[0]) == ("gdb-multiarch", "nc")

    session = subprocess.run(
        [*gdb, "--batch", "-ex", "info files", "-ex", "detach"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "echo-irq.elf" in session.stdout, session.stdout + session.stderr
    assert "Remote" in session.stdout, session.stdout + session.stderr

    talk = subprocess.run(nc, input="hello\nquit\n", capture_output=True, text=True, check=False)
    assert "hello" in talk.stdout
    assert process.wait() == 0


def test_a_tool_that_only_the_scripts_know_is_printed_with_its_place(run, checkout, tmp_path):
    checkout.command("nc", "true")
    # A path with what the script needs itself, and neither gdb nor nc.
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "python3").symlink_to(sys.executable)
    for name in ("bash", "env", "sh", "dirname", "basename", "readlink"):
        (tools / name).symlink_to(shutil.which(name))
    process = run(*ANY_PORTS, env=checkout.environment(PATH=str(tools)))
    gdb, nc = typed_elsewhere(process), typed_elsewhere(process)
    assert gdb[0] == "gdb-multiarch"
    assert nc[0] == str(checkout.root / ".venv/bin/nc")


def test_ports_that_are_taken_are_replaced_by_free_ones(run):
    with socket.socket() as gdb, socket.socket() as serial:
        for taken, port in ((gdb, 1234), (serial, 4321)):
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                taken.bind(("127.0.0.1", port))
                taken.listen()
            except OSError:
                # Another program has it, which serves as well.
                continue
        process = run()
        gdb_words, nc_words = typed_elsewhere(process), typed_elsewhere(process)
    assert not any("1234" in word.split(":")[1:] for word in gdb_words)
    assert "4321" not in nc_words
    with socket.create_connection((nc_words[1], int(nc_words[2]))) as line:
        line.sendall(b"quit\n")
        assert process.wait() == 0


def test_an_image_and_options_of_ones_own_are_passed_on(run):
    process = run("firmware/hello/hello.s", "--serial", "stdio", "--gdb", "0")
    out, err = process.communicate()
    assert "Hello" in out
    assert process.returncode == 0
    assert "hello.elf" in err
    assert "nc " not in err


def test_the_status_is_that_of_soclet(run):
    process = run("demo:hello", "--gdb", "0", "--serial", "none", "--limit", "10")
    process.communicate()
    assert process.returncode == 124


def test_an_interrupt_ends_it_with_soclets_status(run):
    process = run(*ANY_PORTS)
    typed_elsewhere(process)
    typed_elsewhere(process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in err


def test_source_with_an_error_is_said_in_a_line_and_cannot_start(run, tmp_path):
    source = tmp_path / "bad source.s"
    source.write_text("bogus r1\n")
    process = run(str(source))
    _, err = process.communicate()
    assert process.returncode == 125
    assert err.count("\n") == 1
    assert "bad source.s:1:1" in err


def test_an_option_that_soclet_does_not_know_cannot_start(run):
    process = run("--nosuch")
    _, err = process.communicate()
    assert process.returncode == 125
    assert "--nosuch" in err


def ports(*asked):
    return subprocess.run(
        [sys.executable, ROOT / "scripts/lib/free_port.py", *map(str, asked)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()


def test_a_port_is_told_taken_from_free_without_connecting_to_it():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        taken.setblocking(False)
        port = taken.getsockname()[1]
        assert ports(port) == ["0"]
        with pytest.raises(BlockingIOError):
            taken.accept()
    assert ports(port) == [str(port)]
