"""Memory in a file: kept over runs, one machine's at a time, up to date before output is seen."""

import hashlib
import os
import resource

import guests
import pytest
from host_calls import host_calls
from running import DEADLINE, Running, receive, soclet, state_of

from machine.nvram import Nvram

SIZE = 64 << 10
STORE = 0x8000


@pytest.fixture
def nvram(tmp_path):
    return tmp_path / "nvram.bin"


def word(path, address=STORE):
    return int.from_bytes(path.read_bytes()[address : address + 4], "little")


def test_a_missing_file_is_made_with_the_machines_size(here, guest, nvram):
    image = guest(guests.COUNTS_RUNS)
    assert here("run", image, "--serial", "none", "--nvram", nvram, "--memory", "64k").status == 0
    assert nvram.stat().st_size == SIZE
    assert word(nvram) == 1


def test_a_missing_file_has_1_mib_unless_said_otherwise(here, guest, nvram):
    here("run", guest(guests.COUNTS_RUNS), "--serial", "none", "--nvram", nvram)
    assert nvram.stat().st_size == 1 << 20


def test_the_file_gives_the_size_where_nothing_else_does(here, guest, nvram, tmp_path):
    state = tmp_path / "state.json"
    words = ("--serial", "none", "--nvram", nvram, "--state", state)
    here("run", guest(guests.COUNTS_RUNS), *words, "--memory", "64k")
    here("run", guest(guests.COUNTS_RUNS), *words)
    data = nvram.read_bytes()
    assert len(data) == SIZE
    assert state_of(state)["memory_sha256"] == hashlib.sha256(data[0x1000:]).hexdigest()


def test_memory_keeps_its_bytes_from_run_to_run(guest, nvram):
    image = guest(guests.COUNTS_RUNS)
    sent = [soclet("run", image, "--nvram", nvram).output for _ in range(3)]
    assert sent == [b"a", b"b", b"c"]


def test_a_dash_runs_what_is_in_the_file_and_writes_nothing_of_its_own(guest, nvram, here):
    assert here("flash", guest(guests.COUNTS_RUNS), "--nvram", nvram).status == 0
    before = nvram.read_bytes()
    assert soclet("run", "-", "--nvram", nvram, "--limit", "0").status == 124
    assert nvram.read_bytes() == before
    assert [soclet("run", "-", "--nvram", nvram).output for _ in range(2)] == [b"a", b"b"]


def test_an_image_is_written_at_each_start_and_all_else_is_kept(guest, nvram, here):
    here("run", guest(guests.COUNTS_RUNS), "--serial", "none", "--nvram", nvram)
    other = guest(guests.powers_off(9), "other.elf")
    assert here("run", other, "--serial", "none", "--nvram", nvram).status == 9
    assert word(nvram) == 1
    assert soclet("run", guest(guests.COUNTS_RUNS), "--nvram", nvram).output == b"b"


def test_without_a_file_memory_starts_as_zeros(guest):
    assert [soclet("run", guest(guests.COUNTS_RUNS)).output for _ in range(2)] == [b"a", b"a"]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (guests.powers_off(0), 0),
        (guests.SPINS, 124),
        (guests.CHECK_STOPS, 126),
        (guests.SLEEPS_FOR_EVER, 127),
    ],
)
def test_every_end_brings_the_file_up_to_date(here, guest, nvram, text, status):
    image = guest(f"mov r0, 77\nmov r1, {STORE:#x}\nmov [r1], r0\n{text}")
    words = ("--serial", "none", "--nvram", nvram, "--limit", "9999")
    assert here("run", image, *words).status == status
    assert word(nvram) == 77


def test_an_interrupted_run_brings_the_file_up_to_date(guest, nvram):
    image = guest(f"mov r0, 77\nmov r1, {STORE:#x}\nmov [r1], r0\n{guests.SLEEPS_FOR_EVER}")
    with Running("run", image, "--serial", "tcp:0", "--nvram", nvram) as run:
        run.port("serial")
        run.send_signal()
        assert run.wait().status == 130
    # It may have been interrupted before its first instruction, but the image is there.
    assert word(nvram) in (0, 77)
    assert nvram.read_bytes()[0x1000] != 0


def test_what_was_announced_survives_sigkill_and_is_never_torn(guest, nvram):
    """The firmware counts in two pages, then sends the count's low byte."""
    image = guest(guests.ANNOUNCES)
    for turn in range(20):
        nvram.unlink(missing_ok=True)
        with Running("run", image, "--nvram", nvram, "--memory", "64k") as run:
            seen = b""
            while len(seen) < 3 * turn + 1:
                seen += receive(run.process.stdout.fileno())
            run.process.kill()
            seen += run.process.stdout.read()
        with_journal = Nvram(nvram, None, default_size=SIZE)  # as the next start would
        with_journal.close()
        one, two = word(nvram), word(nvram, 0x9000)
        assert one >= len(seen), "a count was announced that the file does not hold"
        # The two stores are two instructions: memory really has both states in between.
        assert one - two in (0, 1)


def test_the_next_start_says_that_it_completed_a_write(guest, nvram, here, monkeypatch):
    image = guest(guests.COUNTS_RUNS)

    def dies(_nvram, _pages):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("machine.nvram.Nvram._write", dies)
        assert here("run", image, "--serial", "none", "--nvram", nvram).status == 130
    journal = nvram.with_name("nvram.bin.journal")
    assert journal.exists()
    ended = soclet("run", image, "--nvram", nvram)
    assert (ended.status, ended.output) == (0, b"a")
    assert ended.complaint == f"soclet: {journal}: an interrupted write of 1 pages was completed"
    assert not journal.exists()


def test_the_next_start_says_that_it_discarded_an_unfinished_write(guest, nvram, here):
    image = guest(guests.COUNTS_RUNS)
    here("run", image, "--serial", "none", "--nvram", nvram)
    unfinished = nvram.with_name("nvram.bin.journal.unfinished")
    unfinished.write_bytes(b"soclet-journal-1" + bytes(100))
    ended = soclet("run", image, "--nvram", nvram)
    assert (ended.status, ended.output) == (0, b"b")
    assert ended.complaint == f"soclet: {unfinished}: an unfinished write was discarded"
    assert not unfinished.exists()


def test_a_damaged_journal_is_told_in_one_line_and_nothing_runs(guest, nvram, here):
    image = guest(guests.COUNTS_RUNS)
    here("run", image, "--serial", "none", "--nvram", nvram)
    before = nvram.read_bytes()
    journal = nvram.with_name("nvram.bin.journal")
    journal.write_bytes(b"soclet-journal-1" + bytes(100))
    for words in (("run", image), ("run", "-"), ("flash", image)):
        refused = soclet(*words, "--nvram", nvram)
        assert refused.status == (1 if words[0] == "flash" else 125)
        assert refused.output == b""
        assert refused.complaint == (
            f"soclet: {journal}: damaged: its digest is another; the NVRAM file may be half "
            "written: put copies of both back, or remove the journal to take the file as it is"
        )
    assert nvram.read_bytes() == before


def test_flash_says_what_it_completed(guest, nvram):
    image = guest(guests.COUNTS_RUNS)
    unfinished = nvram.with_name("nvram.bin.unfinished")
    unfinished.write_bytes(b"half")
    nvram.write_bytes(bytes(SIZE))
    done = soclet("flash", image, "--nvram", nvram)
    assert (done.status, done.complaint) == (
        0,
        f"soclet: {unfinished}: an unfinished flash was discarded",
    )
    assert not unfinished.exists()


@pytest.mark.parametrize(
    ("disturb", "said"),
    [
        (lambda path: path.unlink(), "the file was removed under the machine, and memory with it"),
        (lambda path: os.truncate(path, 5), "the file had 65536 bytes and was changed to 5"),
        (
            lambda path: path.with_suffix(".elf").replace(path),
            "another file was put in its place under the machine",
        ),
    ],
)
def test_a_file_that_is_not_what_it_was_ends_the_run_with_a_sentence(guest, nvram, disturb, said):
    nvram.with_suffix(".elf").write_bytes(bytes(SIZE))
    with Running("run", guest(guests.ANNOUNCES), "--nvram", nvram, "--memory", "64k") as run:
        receive(run.process.stdout.fileno())
        disturb(nvram)
        ended = run.wait()
    assert ended.status == 125
    assert ended.complaint.startswith(f"soclet: {nvram}: {said}")
    assert not nvram.with_name("nvram.bin.journal").exists()


def test_a_full_disk_ends_the_run_with_a_sentence_and_keeps_what_was_announced(guest, nvram):
    nvram.write_bytes(bytes(SIZE))
    limit = (0x9000, 0x9000)  # the journal and the first of the guest's two pages, not the second
    done = soclet(
        *("run", guest(guests.ANNOUNCES), "--nvram", nvram, "--engine", "reference"),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
    )
    assert (done.status, done.output) == (125, b"")
    assert done.complaint == (
        f"soclet: {nvram}: File too large: allow larger files (ulimit -f), and start again"
    )
    whole = Nvram(nvram, None, default_size=SIZE)
    assert "was completed" in (whole.recovered or "")
    whole.close()
    assert word(nvram) == word(nvram, 0x9000) == 1


def test_nvram_sync_without_a_file_is_refused(guest):
    refused = soclet("run", guest(guests.SPINS), "--nvram-sync")
    assert refused.status == 125
    assert refused.complaint == (
        "soclet: --nvram-sync forces the NVRAM file to the disk: give --nvram FILE too"
    )


@pytest.mark.parametrize("command", ["run", "flash"])
def test_nvram_sync_forces_every_step_to_the_disk(guest, nvram, here, command):
    words = ("--serial", "none") if command == "run" else ()
    image = guest(guests.COUNTS_RUNS)
    with host_calls(only={"fsync"}) as calls:
        assert here(command, image, "--nvram", nvram, *words).status == 0
        assert calls.made == []
        assert here(command, image, "--nvram", nvram, "--nvram-sync", *words).status == 0
    assert ("fsync", "") in calls.made
    assert {name for _, name in calls.made} >= (
        {"nvram.bin", "nvram.bin.journal.unfinished"}
        if command == "run"
        else {"nvram.bin.unfinished"}
    )


def test_flash_is_refused_while_a_machine_has_the_file(guest, nvram):
    image = guest(guests.SPINS)
    with Running("run", image, "--nvram", nvram, "--serial", "tcp:0") as run:
        run.port("serial")
        before = nvram.read_bytes()
        refused = soclet("flash", guest(guests.powers_off(0), "other.elf"), "--nvram", nvram)
        assert refused.status == 1
        assert refused.complaint == (
            f"soclet: {nvram}: in use by another machine: stop that one first"
        )
        assert nvram.read_bytes() == before


def test_the_lock_dies_with_its_process(guest, nvram, here):
    image = guest(guests.SPINS)
    with Running("run", image, "--nvram", nvram, "--serial", "tcp:0") as run:
        run.port("serial")
        run.process.kill()
        run.process.wait(DEADLINE)
        assert here("run", image, "--nvram", nvram, "--serial", "none", "--limit", 9).status == 124


def test_a_run_that_only_computes_is_in_the_file_soon(guest, nvram):
    """At least ten times a second: nobody has to end the run to see it there."""
    image = guest(f"mov r0, 77\nmov r1, {STORE:#x}\nmov [r1], r0\nx: mov pc, x\n")
    with Running("run", image, "--nvram", nvram, "--serial", "tcp:0") as run:
        run.port("serial")
        while word(nvram) != 77:
            assert run.process.poll() is None
            os.sched_yield()


def test_output_is_seen_only_when_its_memory_is_in_the_file(guest, nvram):
    with Running("run", guest(guests.ANNOUNCES), "--nvram", nvram) as run:
        for _ in range(5):
            last = receive(run.process.stdout.fileno())[-1]
            # The count goes on meanwhile: what the file holds is never behind what was seen.
            assert (word(nvram) - last) % 256 < 128
