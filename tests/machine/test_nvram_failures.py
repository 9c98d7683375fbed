"""The NVRAM file where something fails: whole, or a clear sentence, and never half of anything."""

import errno
import fcntl
import hashlib
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from board import START
from host_calls import CHANGING, HostCalls, calls_of, host_calls
from hypothesis import given, settings
from hypothesis import strategies as st
from nvram_files import SIZE, contents, create, journal_of, opened, whole_journal

from machine.journal import build
from machine.machine import Machine
from machine.memory import Memory
from machine.nvram import Nvram, NvramError, flash
from machine.nvram_place import UNFINISHED

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "memory.nvram"


@pytest.fixture(autouse=True)
def engine():
    """Files know no engine: any one will do."""


# The journal


def two_states(path: Path) -> tuple[Machine, bytes, bytes]:
    """A machine that has the file in one state, and memory in the next; the states."""
    machine = Machine(SIZE, nvram=opened(path))
    for page in (2, 4, 6):
        machine.flash([(page << 12, b"old " * 1024)])
    machine.commit()
    before = machine.memory.read(0, SIZE)
    machine.flash([(0x2000, b"new "), (0x4FFC, b"new new "), (0x6800, b"new ")])
    return machine, before, machine.memory.read(0, SIZE)


def cuts(path: Path, prepare: Callable[[], Callable[[], object]]) -> Iterator[HostCalls]:
    """Do something with the process killed before, in the midst of and after each of its calls."""
    for when in ("before", "midst", "after"):
        for killed in count(1):
            for left in path.parent.iterdir():
                left.unlink()
            calls = calls_of(prepare(), killed=killed, when=when)
            if not calls.dead:
                assert len(calls.made) == killed - 1 > 3
                break
            yield calls


def renamed(calls: HostCalls, name: str) -> bool:
    """Tell whether the file that makes the difference got its name."""
    done = calls.made if calls.when == "after" else calls.made[:-1]
    return any(call == ("rename", name + UNFINISHED) for call in done)


def test_wherever_a_commit_is_cut_the_file_is_the_old_state_or_the_new_one(path: Path):
    def prepare():
        nonlocal machine, old, new
        machine.nvram.close()
        machine, old, new = two_states(path)
        return machine.commit

    machine, old, new = two_states(path)
    seen = set()
    for calls in cuts(path, prepare):
        machine.nvram.close()
        left = [each.name for each in path.parent.iterdir() if ".journal" in each.name]
        nvram = opened(path)
        state = new if renamed(calls, journal_of(path).name) else old
        assert path.read_bytes() == state
        seen.add(state)
        assert (nvram.recovered is not None) == bool(left)
        assert {each.name for each in path.parent.iterdir()} == {path.name, f"{path.name}.lock"}
        nvram.close()
    assert seen == {old, new}
    machine.nvram.close()


def test_wherever_a_recovery_is_cut_the_next_one_completes_it(path: Path):
    def prepare():
        whole_journal(path)
        return lambda: opened(path).close()

    for _ in cuts(path, prepare):
        opened(path).close()
        assert contents(path) == b"\x0b\0\0\0"
        assert not journal_of(path).exists()


def test_a_whole_journal_is_carried_out(path: Path):
    whole_journal(path)
    nvram = opened(path)
    assert contents(path) == b"\x0b\0\0\0"
    assert nvram.recovered is not None
    assert "an interrupted write of 2 pages was completed" in nvram.recovered
    nvram.close()
    again = opened(path)
    assert again.recovered is None
    again.close()


@settings(max_examples=30)
@given(data=st.data())
def test_a_damaged_journal_is_refused_and_nothing_is_touched(tmp_path_factory, data: st.DataObject):
    path = tmp_path_factory.mktemp("nvram") / "memory"
    journal = whole_journal(path)
    at = data.draw(st.integers(0, len(journal) - 1))
    if data.draw(st.booleans()):
        damaged = journal[:at]
    else:
        damaged = journal[:at] + bytes([journal[at] ^ 1 << at % 8]) + journal[at + 1 :]
    journal_of(path).write_bytes(damaged)
    for _ in range(2):
        with pytest.raises(NvramError, match=r"journal: damaged: .* or remove the journal to take"):
            opened(path)
        assert path.read_bytes() == bytes(SIZE)
        assert journal_of(path).read_bytes() == damaged
    journal_of(path).unlink()
    opened(path).close()


@pytest.mark.parametrize("pages", [[(SIZE >> 12, bytes(4096))], None])
def test_a_journal_that_says_what_no_commit_says_is_refused(path: Path, pages):
    create(path, SIZE, ())
    changes = b"soclet-journal-2" + bytes(12)
    journal_of(path).write_bytes(
        changes + hashlib.sha256(changes).digest() if pages is None else build(SIZE, pages)
    )
    with pytest.raises(NvramError, match="journal: damaged"):
        opened(path)
    assert path.read_bytes() == bytes(SIZE)


def test_what_did_not_become_a_journal_or_a_flashed_file_is_discarded(path: Path):
    journal = whole_journal(path)
    journal_of(path).unlink()
    unfinished = [Path(f"{name}{UNFINISHED}") for name in (journal_of(path), path)]
    for each in unfinished:
        each.write_bytes(journal[:-1])
    nvram = opened(path)
    assert nvram.recovered == (
        f"{unfinished[0]}: an unfinished write was discarded; "
        f"{unfinished[1]}: an unfinished flash was discarded"
    )
    assert not any(each.exists() for each in unfinished)
    assert path.read_bytes() == bytes(SIZE)
    nvram.close()


def test_a_journal_of_a_file_of_another_size_is_refused(path: Path):
    journal = whole_journal(path)
    create(path, 0x10000, ())
    with pytest.raises(
        NvramError, match=r"belongs to a file of 32768 bytes, and memory\.nvram has"
    ):
        opened(path, None)
    assert path.read_bytes() == bytes(0x10000)
    assert journal_of(path).read_bytes() == journal


@pytest.mark.parametrize("flashed", [False, True])
def test_a_journal_whose_file_is_gone_is_not_carried_out_on_a_new_one(path: Path, flashed: bool):
    whole_journal(path)
    path.unlink()
    if flashed:
        flash(path, SIZE, [(0x7000, b"new")], default_size=SIZE)
    nvram = opened(path)
    assert contents(path) == bytes(4)
    if not flashed:
        assert "journal: a write to a file that is gone was discarded" in (nvram.recovered or "")
    assert not journal_of(path).exists()
    nvram.close()


# What the host refuses


def refusal_of(act: Callable[[], object]) -> str | None:
    """Tell what NvramError something ends with, if any."""
    try:
        act()
    except NvramError as told:
        return str(told)
    return None


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
def test_whatever_call_of_a_commit_the_host_refuses_nothing_is_half_written(path: Path, error: int):
    for again in (False, True):
        for refused in count(1):
            path.unlink(missing_ok=True)
            machine, old, new = two_states(path)
            with host_calls(refused=refused, error=error) as calls:
                refusal = refusal_of(machine.commit)
            if refusal is None:
                break
            assert refusal.startswith(f"{path}: {os.strerror(error)}")
            if again:
                machine.commit()
                assert path.read_bytes() == new
                assert not journal_of(path).exists()
            machine.nvram.close()
            opened(path).close()
            assert path.read_bytes() in ((new,) if again else (old, new))
        assert len(calls.made) == refused - 1 > 10
        machine.nvram.close()


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
def test_whatever_call_of_an_opening_the_host_refuses_the_next_one_completes_the_write(
    path: Path, error: int
):
    def start() -> None:
        with closing(opened(path)) as nvram:
            nvram.load_into(Memory(SIZE))

    for refused in count(1):
        whole_journal(path)
        with host_calls(refused=refused, error=error) as calls:
            refusal = refusal_of(start)
        if refusal is None:
            break
        assert os.strerror(error) in refusal
        opened(path).close()
        assert contents(path) == b"\x0b\0\0\0"
    assert len(calls.made) == refused - 1 > 10


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (errno.ENOSPC, "No space left on device: free some space"),
        (errno.EFBIG, "File too large: allow larger files"),
        (errno.EROFS, "Read-only file system: name a file where files can be written"),
        (errno.EACCES, "Permission denied: make the file and its folder writable"),
    ],
)
def test_an_error_says_what_would_be_right(path: Path, error: int, advice: str):
    with host_calls(refused=1, error=error), pytest.raises(NvramError, match=advice):
        opened(path)


def test_a_file_that_may_not_grow_is_an_error_and_what_is_there_stays_whole(path: Path):
    machine, old, new = two_states(path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0x3800, limits[1]))
    try:
        for _ in range(2):
            with pytest.raises(NvramError, match=r"File too large: allow larger files"):
                machine.commit()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() in (old, new)
    machine.commit()
    assert path.read_bytes() == new
    machine.nvram.close()


# What others do to the file


def removed(path: Path) -> None:
    path.unlink()


def replaced(path: Path) -> None:
    other = path.with_name("other")
    create(other, SIZE, [(START, b"theirs")])
    other.replace(path)


def cut(path: Path) -> None:
    os.truncate(path, 100)


def grown(path: Path) -> None:
    os.truncate(path, 2 * SIZE)


OTHERS = [
    (removed, "the file was removed under the machine, and memory with it: start again with"),
    (replaced, "another file was put in its place under the machine: start again to run what"),
    (cut, "had 32768 bytes and was changed to 100 under the machine: put a copy back"),
    (grown, "had 32768 bytes and was changed to 65536 under the machine"),
]


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize(("disturb", "said"), OTHERS)
def test_a_file_that_is_not_what_it_was_is_an_error_and_is_not_written(
    path: Path, disturb: Callable[[Path], None], said: str, written: bool
):
    machine, _, _ = two_states(path)
    if not written:
        machine.commit()
    disturb(path)
    left = path.read_bytes() if path.exists() else None
    for _ in range(2):
        with pytest.raises(NvramError, match=said):
            machine.commit()
    assert (path.read_bytes() if path.exists() else None) == left
    assert not journal_of(path).exists()
    machine.nvram.close()


@pytest.mark.parametrize(("disturb", "said"), OTHERS)
def test_a_file_that_is_changed_in_the_midst_of_a_commit_leaves_no_journal_for_what_is_there_now(
    path: Path, disturb: Callable[[Path], None], said: str, monkeypatch
):
    machine, _, _ = two_states(path)
    write = Nvram._write

    def disturbed(nvram, pages):
        write(nvram, pages)
        disturb(path)

    monkeypatch.setattr(Nvram, "_write", disturbed)
    with pytest.raises(NvramError, match=said):
        machine.commit()
    assert not journal_of(path).exists()
    machine.nvram.close()


def test_a_file_that_is_cut_while_it_is_read_is_an_error(path: Path):
    create(path, SIZE, [(0x2000, b"old" * 100)])
    nvram = opened(path)
    cut(path)
    with pytest.raises(NvramError, match="was changed to 100 under the machine"):
        Machine(SIZE, nvram=nvram)
    nvram.close()


def test_a_folder_that_is_moved_takes_its_machine_along(path: Path):
    here = path.parent / "here"
    here.mkdir()
    machine, _, new = two_states(here / "memory")
    there = here.rename(path.parent / "there")
    machine.commit()
    assert (there / "memory").read_bytes() == new
    machine.nvram.close()


# Two machines and one file


def test_a_hard_link_is_the_same_file(path: Path):
    first = opened(path)
    other = path.with_name("other.nvram")
    other.hardlink_to(path)
    for _ in range(2):
        with pytest.raises(NvramError, match="in use by another machine"):
            opened(other)
    first.close()
    opened(other).close()


def test_a_lock_that_was_removed_gives_the_file_to_nobody_else(path: Path):
    first = opened(path)
    path.with_name(f"{path.name}.lock").unlink()
    with pytest.raises(NvramError, match="in use by another machine"):
        opened(path)
    with pytest.raises(NvramError, match="in use by another machine"):
        flash(path, None, [(START, b"new")], default_size=SIZE)
    first.close()


def test_a_lock_that_is_removed_while_it_is_taken_is_taken_anew(path: Path, monkeypatch):
    flock, name = fcntl.flock, path.with_name(f"{path.name}.lock")

    def slow(*arguments):
        monkeypatch.undo()
        name.unlink()
        flock(*arguments)

    monkeypatch.setattr(fcntl, "flock", slow)
    first = opened(path)
    assert name.exists()
    with pytest.raises(NvramError, match="in use by another machine"):
        opened(path)
    first.close()


def test_a_file_system_that_cannot_lock_is_not_called_in_use(path: Path):
    with host_calls(only={"flock"}, refused=1, error=errno.ENOLCK):
        assert refusal_of(lambda: opened(path)) == f"{path}: No locks available"


def test_a_forked_process_neither_keeps_the_lock_nor_writes_the_file(path: Path):
    code = (
        "import os, sys; sys.path.insert(0, 'tests/support')\n"
        "from pathlib import Path; from nvram_files import writer\n"
        "from machine.nvram import NvramError\n"
        f"machine = writer(Path({str(path)!r}))\n"
        "machine.commit()\n"
        "if os.fork():\n"
        "    os.kill(os.getpid(), 9)\n"
        "machine.run(40)\n"
        "try: machine.commit()\n"
        "except NvramError as error: print(error, flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        said = parent.stdout.readline().decode()
        assert said == f"{path}: the file is closed, or another process's\n"
        assert parent.wait() == -signal.SIGKILL
        # The child is there yet.
        opened(path).close()
        assert contents(path) == bytes(4)
        parent.communicate()


def test_a_closed_file_takes_nothing(path: Path):
    machine, old, _ = two_states(path)
    machine.nvram.close()
    for _ in range(2):
        with pytest.raises(NvramError, match="the file is closed"):
            machine.commit()
    assert path.read_bytes() == old


# Against the host's losing power


FILE, JOURNAL = "memory.nvram", "memory.nvram.journal"


def changes_of(act: Callable[[], object]) -> list[tuple[str, str]]:
    """Do something, and give the calls that change what the disk holds, in their order."""
    return calls_of(act, only=CHANGING - {"open"}).made


def durable(path: Path) -> Nvram:
    return Nvram(path, SIZE, default_size=SIZE, durable=True)


COMMITTED = [
    ("truncate", JOURNAL + UNFINISHED),
    ("pwrite", JOURNAL + UNFINISHED),
    ("fsync", JOURNAL + UNFINISHED),
    ("rename", JOURNAL + UNFINISHED),
    ("fsync", ""),
    ("pwrite", FILE),
    ("fsync", FILE),
    ("unlink", JOURNAL),
    ("fsync", ""),
]


def test_a_durable_commit_forces_each_step_to_the_disk_before_the_next(path: Path):
    machine = Machine(SIZE, nvram=durable(path))
    machine.flash([(START, b"new")])
    assert changes_of(machine.commit) == COMMITTED
    machine.nvram.close()


def test_any_other_commit_forces_nothing(path: Path):
    machine = Machine(SIZE, nvram=opened(path))
    machine.flash([(START, b"new")])
    assert changes_of(machine.commit) == [call for call in COMMITTED if call[0] != "fsync"]
    machine.nvram.close()


def test_a_durable_recovery_forces_the_file_before_its_journal_is_removed(path: Path):
    whole_journal(path)
    assert [call for call in changes_of(lambda: durable(path).close()) if call[1] != ""] == [
        ("pwrite", FILE),
        ("pwrite", FILE),
        ("fsync", FILE),
        ("unlink", JOURNAL),
        ("unlink", JOURNAL + UNFINISHED),
        ("unlink", FILE + UNFINISHED),
    ]


def test_a_durable_file_that_is_made_is_on_the_disk_before_it_is_used(path: Path):
    assert changes_of(lambda: durable(path).close())[:5] == [
        ("unlink", JOURNAL),
        ("truncate", FILE + UNFINISHED),
        ("fsync", FILE + UNFINISHED),
        ("rename", FILE + UNFINISHED),
        ("fsync", ""),
    ]


@pytest.mark.parametrize("there", [False, True])
def test_a_durable_flash_forces_the_new_file_then_its_name(path: Path, there: bool):
    if there:
        create(path, SIZE, ())
    act = partial(flash, path, SIZE, [(START, b"new")], default_size=SIZE, durable=True)
    assert changes_of(act)[-4:] == [
        ("pwrite", FILE + UNFINISHED),
        ("fsync", FILE + UNFINISHED),
        ("rename", FILE + UNFINISHED),
        ("fsync", ""),
    ]
    assert contents(path, START, 3) == b"new"


# A flash that is cut or refused


@pytest.mark.parametrize("there", [False, True])
def test_wherever_a_flash_is_cut_the_file_is_wholly_old_or_wholly_new(path: Path, there: bool):
    def prepare():
        if there:
            create(path, SIZE, [(0x2000, b"old" * 2000)])
        segments = [(START, b"new" * 2000), (0x6000, b"new")]
        return partial(flash, path, SIZE, segments, default_size=SIZE)

    prepare()
    old = path.read_bytes() if there else None
    prepare()()
    new = path.read_bytes()
    for calls in cuts(path, prepare):
        left = path.read_bytes() if path.exists() else None
        assert left == (new if renamed(calls, path.name) else old)
        opened(path).close()
        assert path.read_bytes() == (bytes(SIZE) if left is None else left)
        assert {each.name for each in path.parent.iterdir()} == {path.name, f"{path.name}.lock"}


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
def test_whatever_call_of_a_flash_the_host_refuses_the_file_is_wholly_old(path: Path, error: int):
    create(path, SIZE, [(0x2000, b"old" * 2000)])
    old = path.read_bytes()
    act = partial(flash, path, SIZE, [(START, b"new" * 2000)], default_size=SIZE)
    for refused in count(1):
        with host_calls(refused=refused, error=error) as calls:
            refusal = refusal_of(act)
        if refusal is None:
            break
        assert os.strerror(error) in refusal
        assert path.read_bytes() == old
        assert {each.name for each in path.parent.iterdir()} <= {path.name, f"{path.name}.lock"}
    assert len(calls.made) == refused - 1 > 10
    assert path.read_bytes() != old


def test_a_flash_keeps_who_may_read_and_write_the_file(path: Path):
    create(path, SIZE, ())
    path.chmod(0o600)
    flash(path, None, [(START, b"new")], default_size=SIZE)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_flash_that_is_refused_makes_no_file(path: Path):
    with pytest.raises(NvramError, match="do not lie in memory"):
        flash(path, SIZE, [(SIZE, b"new")], default_size=SIZE)
    assert not path.exists()


def test_a_closed_file_with_nothing_to_take_is_no_error(path: Path):
    machine, _, new = two_states(path)
    machine.commit()
    machine.nvram.close()
    machine.commit()
    machine.nvram.close()
    assert path.read_bytes() == new
