"""`soclet run` with --profile, --trace and --vcd: files that are whole, or not there."""

import json
import signal

import pytest
from guests import CHECK_STOPS, SLEEPS_FOR_EVER, SPINS
from running import Running, soclet

from machine.engines import ENGINES

OPTIONS = ("--profile", "--trace", "--vcd")


@pytest.fixture
def files(tmp_path):
    """Where the recordings go, by option."""
    names = zip(OPTIONS, ("p.collapsed", "t.json", "w.vcd"), strict=True)
    return {option: tmp_path / name for option, name in names}


def words(files):
    return [word for option, path in files.items() for word in (option, path)]


def executed(path):
    return sum(int(line.rsplit(" ", 1)[1]) for line in path.read_text().splitlines())


def check_whole(files):
    assert json.loads(files["--trace"].read_text())["traceEvents"]
    assert files["--vcd"].read_text().startswith("$comment")
    assert {path.name for path in files["--vcd"].parent.glob("*.new")} == set()


@pytest.mark.parametrize("engine", ["auto", *ENGINES])
def test_every_engine_records_the_same(here, hello, files, tmp_path, engine):
    state = tmp_path / "state.json"
    ended = here(
        "run", hello, "--serial", "none", "--engine", engine, "--state", state, *words(files)
    )
    assert ended.status == 0
    check_whole(files)
    assert executed(files["--profile"]) == json.loads(state.read_text())["time"]
    assert "start;send_string;send " in files["--profile"].read_text()


@pytest.mark.parametrize(
    ("text", "status"), [(CHECK_STOPS, 126), (SLEEPS_FOR_EVER, 127), (SPINS, 124)]
)
def test_however_a_run_ends_the_files_are_whole(here, guest, files, text, status):
    ended = here("run", guest(text), "--serial", "none", "--limit", "1000", *words(files))
    assert ended.status == status
    check_whole(files)
    assert executed(files["--profile"]) > 0


def test_a_run_that_is_interrupted_has_whole_files_too(guest, files):
    with Running("run", guest(SPINS), "--serial", "none", "--gdb", "0", *words(files)) as run:
        run.port("gdb")
        run.send_signal(signal.SIGINT)
        assert run.wait().status == 130
    check_whole(files)


def test_a_profile_may_be_for_speedscope(here, hello, tmp_path):
    path = tmp_path / "hello.speedscope.json"
    here("run", hello, "--serial", "none", "--profile", path)
    file = json.loads(path.read_text())
    assert file["name"] == "hello"
    assert file["profiles"][0]["endValue"] == sum(file["profiles"][0]["weights"]) > 1_000


def test_what_was_there_stays_where_the_run_cannot_start(here, files, tmp_path):
    files["--trace"].write_text("before")
    ended = here("run", tmp_path / "missing.elf", "--serial", "none", *words(files))
    assert ended.status == 125
    assert files["--trace"].read_text() == "before"
    assert not files["--vcd"].exists()


@pytest.mark.parametrize("option", OPTIONS)
def test_a_file_that_cannot_be_written_is_told_in_a_line_before_the_run(here, hello, option):
    path = f"/nowhere/x{'.txt' if option == '--profile' else ''}"
    ended = here("run", hello, "--serial", "none", option, path)
    assert ended.status == 125
    assert ended.complaint.startswith(f"soclet: {path}: cannot be written")


def test_a_disk_that_is_full_is_told_in_a_line(here, guest):
    ended = here("run", guest(SPINS), "--serial", "none", "--limit", "90k", "--vcd", "/dev/full")
    assert ended.status == 125
    assert ended.complaint == "soclet: /dev/full: cannot be written: No space left on device"


def test_a_profile_of_an_unknown_kind_says_what_there_is(here, hello, tmp_path):
    ended = here("run", hello, "--serial", "none", "--profile", tmp_path / "p.svg")
    assert ended.status == 125
    assert ended.complaint == (
        f"soclet: {tmp_path}/p.svg: a profile's name ends with .collapsed or .txt for collapsed "
        "stacks, or with .speedscope.json for speedscope"
    )


def test_one_file_is_not_taken_for_two(here, hello, tmp_path):
    path = tmp_path / "x.txt"
    ended = here("run", hello, "--serial", "none", "--profile", path, "--vcd", path)
    assert ended.complaint == (
        f"soclet: {path}: is for both --profile and --vcd: give each its own file"
    )


def test_a_trace_may_go_to_a_pipe(hello):
    ended = soclet("run", hello, "--serial", "none", "--trace", "/dev/stdout")
    assert json.loads(ended.output)["traceEvents"]
