"""The real gdb on a replay: it looks at everything, and the end is the recorded one."""

import guests
import pytest
from running import DEMOS, Running, build, soclet, state_of

BRK = f"""{guests.PORTS}
.global start
.func start
        mov     r0, 1
again:  add     r0, r0
        condbr  r0 < 1000, again
done:   mov     r1, POWER_OFF
        mov     [r1], r0
.endfunc
"""


@pytest.fixture
def echo(tmp_path):
    """A recording of echo-irq with two lines of input, kept where its source is not."""
    capsule = tmp_path / "echo.capsule"
    words = ("--byte-ticks", "40", "--state", tmp_path / "was.json", "--capsule", capsule)
    run = soclet("run", DEMOS / "echo-irq" / "echo-irq.s", *words, typed=b"hello\nquit\n")
    assert run.status == 0
    return capsule


@pytest.fixture
def replay(gdb):
    """Replay a capsule, and attach a gdb that has been given no file."""
    started = []

    def replay(capsule, *words):
        run = Running("replay", capsule, "--gdb", "0", *words)
        started.append(run)
        debugger = gdb()
        debugger.said = debugger.attach(run.port("gdb"))
        return run, debugger

    yield replay
    for run in started:
        run.__exit__()


def test_gdb_has_the_program_from_the_capsule_and_looks_without_changing_anything(
    echo, replay, tmp_path
):
    run, gdb = replay(echo, "--state", tmp_path / "is.json", "-S")
    assert "start () at" in gdb.said
    assert "Breakpoint 1 at" in gdb.ask("break rx_interrupt")
    gdb.ask("continue")
    assert "rx_interrupt" in gdb.ask("backtrace")
    gdb.ask("watch *(int *) $sp")
    for command in ("continue", "stepi", "stepi", "nexti", "continue", "delete", "stepi 50"):
        gdb.ask(command)
    assert "1 of 1 have come" in gdb.ask("monitor recording")
    said = gdb.ask("continue")
    assert "end of the recording: power-off: the firmware switched the machine off" in said
    assert "the replay" not in said
    assert "the machine is live" in gdb.ask("monitor recording")
    gdb.ask("kill")
    ended = run.wait()
    assert ended.status == 0
    assert ended.output.endswith(b"hello\nquit\n")
    is_, was = state_of(tmp_path / "is.json"), state_of(tmp_path / "was.json")
    assert is_["registers"] == was["registers"]
    assert is_["memory_sha256"] == was["memory_sha256"]


def test_past_the_end_the_machine_is_live(echo, replay):
    run, gdb = replay(echo)
    assert "end of the recording" in gdb.ask("continue")
    assert "power-off: the firmware switched the machine off" in gdb.ask("continue")
    assert "exited normally" in gdb.ask("continue")
    assert run.wait().status == 0


def test_a_write_is_told_once_and_the_replay_is_not_called_the_same(echo, replay):
    run, gdb = replay(echo)
    gdb.ask("print $r9 = 7")
    assert "the machine was changed" in gdb.ask("stepi")
    assert "the machine was changed" not in gdb.ask("stepi")
    said = gdb.ask("continue")
    assert "the replay is not the recorded run: a debugger has changed the machine" in said
    gdb.ask("kill")
    assert run.wait().status == 3


def test_run_begins_the_recording_again(echo, gdb):
    with Running("replay", echo, "--gdb", "0") as run:
        debugger = gdb()
        debugger.ask(f"target extended-remote 127.0.0.1:{run.port('gdb')}")
        debugger.ask("break rx_interrupt")
        debugger.ask("continue")
        first = debugger.number("$r0"), debugger.ask("monitor recording")
        debugger.ask("continue")
        debugger.ask("run")
        assert (debugger.number("$r0"), debugger.ask("monitor recording")) == first


def test_a_detached_replay_goes_on_to_its_end(echo, replay):
    run, gdb = replay(echo)
    gdb.ask("stepi 20")
    gdb.ask("detach")
    ended = run.wait()
    assert (ended.status, ended.output.endswith(b"quit\n")) == (0, True)


def test_a_session_of_gdb_is_recorded_and_replayed(tmp_path, gdb):
    capsule = tmp_path / "session.capsule"
    image = build(tmp_path / "main.elf", BRK)
    with Running("run", image, "-S", "--gdb", "0", "--serial", "none", "--capsule", capsule) as run:
        debugger = gdb(image)
        debugger.attach(run.port("gdb"))
        debugger.ask("break again if $r0 > 100")
        debugger.ask("continue")
        debugger.ask("print $r0 = 500")
        debugger.ask("delete")
        debugger.ask("continue")
        debugger.ask("continue")
        assert run.wait().status == 1000 & 0xFF
    assert soclet("replay", capsule).status == 0
