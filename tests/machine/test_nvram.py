"""The NVRAM file: one machine at a time, and always a state that memory really had."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from board import DATA, START
from nvram_files import SIZE, contents, create, journal_of, opened, whole_journal, writer

from machine.machine import Machine
from machine.memory import Memory
from machine.nvram import Nvram, NvramError, flash
from machine.nvram_place import Place
from machine.reason import Reason

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "memory.nvram"


# Opening


def test_a_missing_file_is_made_with_the_machines_size(path: Path):
    opened(path).close()
    assert path.read_bytes() == bytes(SIZE)


@pytest.mark.parametrize(("size", "made"), [(None, SIZE), (0x2000, 0x2000)])
def test_the_size_is_what_was_asked_for_or_else_the_default(
    path: Path, size: int | None, made: int
):
    nvram = opened(path, size)
    assert nvram.size == path.stat().st_size == made
    nvram.close()


def test_the_file_gives_the_size_where_none_is_asked_for(path: Path):
    create(path, 0x3000, ())
    nvram = opened(path, None)
    assert nvram.size == 0x3000
    nvram.close()


def test_a_file_of_another_size_is_refused(path: Path):
    create(path, 0x3000, ())
    with pytest.raises(NvramError, match="has 12288 bytes, the machine 32768: give --memory 12288"):
        opened(path)
    opened(path, None).close()


@pytest.mark.parametrize("size", [0, 1, 4096, 0x2001])
def test_a_file_of_a_size_that_no_machine_has_is_refused(path: Path, size: int):
    path.write_bytes(bytes(size))
    with pytest.raises(NvramError, match=r"not an NVRAM file: .* from 8 KiB to 2 GiB"):
        opened(path, None)
    assert path.stat().st_size == size


def test_a_directory_is_refused(tmp_path: Path):
    with pytest.raises(NvramError, match="Is a directory"):
        opened(tmp_path, None)


def test_a_file_in_a_missing_directory_is_refused(tmp_path: Path):
    with pytest.raises(NvramError, match="No such file or directory"):
        opened(tmp_path / "missing" / "file")


def test_a_huge_file_is_sparse_and_read_only_where_it_was_written(path: Path):
    create(path, 1 << 30, [(0x1000, b"first"), ((1 << 30) - 4, b"last")])
    assert path.stat().st_blocks * 512 < 1 << 20
    nvram = opened(path, None)
    memory = Memory(1 << 30)
    nvram.load_into(memory)
    assert (memory.read(0x1000, 5), memory.read((1 << 30) - 4, 4)) == (b"first", b"last")
    assert len(memory.touched) < 256
    nvram.close()


# The lock


def test_a_file_belongs_to_one_machine_at_a_time(path: Path):
    nvram = opened(path)
    with pytest.raises(NvramError, match="in use by another machine: stop that one first"):
        opened(path)
    nvram.close()
    opened(path).close()


def test_a_refused_file_is_not_locked(path: Path):
    create(path, 0x3000, ())
    for _ in range(2):
        with pytest.raises(NvramError, match="--memory"):
            opened(path)


def test_the_lock_dies_with_its_process(path: Path):
    code = (
        "import sys, time; from pathlib import Path; from machine.nvram import Nvram\n"
        f"nvram = Nvram(Path({str(path)!r}), {SIZE}, default_size={SIZE})\n"
        "print('mine', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"mine\n"
        with pytest.raises(NvramError, match="in use"):
            opened(path)
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
    opened(path).close()


# Loading and committing


def test_byte_n_of_the_file_is_physical_address_n(path: Path):
    create(path, SIZE, [(0xFFC, b"lost"), (START, b"kept"), (SIZE - 4, b"last")])
    machine = Machine(SIZE, nvram=opened(path))
    assert machine.memory.read(START, 4) + machine.memory.read(SIZE - 4, 4) == b"keptlast"
    assert machine.memory.read(0xFFC, 4) == bytes(4)
    machine.nvram.close()


def test_a_machine_of_another_size_is_refused(path: Path):
    nvram = opened(path)
    with pytest.raises(NvramError, match="the file has 32768 bytes, memory 8192"):
        Machine(0x2000, nvram=nvram)
    nvram.close()


@pytest.mark.isa("1.7")
def test_what_was_committed_is_there_for_the_next_machine(path: Path):
    machine = writer(path)
    machine.run(3 + 4 * 5)
    machine.commit()
    machine.nvram.close()
    again = Machine(SIZE, nvram=opened(path))
    assert again.memory.read(DATA, 4) == b"\x05\0\0\0"
    assert dict(again.memory.pages()) == dict(machine.memory.pages())
    again.nvram.close()


def test_only_a_commit_brings_the_file_up_to_date(path: Path):
    machine = writer(path)
    machine.run(100)
    assert contents(path) == bytes(4)
    machine.commit()
    assert contents(path) == machine.memory.read(DATA, 4) != bytes(4)
    machine.nvram.close()


def test_a_commit_leaves_no_journal(path: Path):
    machine = writer(path)
    machine.commit()
    assert not journal_of(path).exists()
    machine.nvram.close()


def test_only_written_pages_are_committed_and_each_once(path: Path, monkeypatch):
    machine = writer(path)
    machine.commit()
    committed: list[int] = []
    write = Nvram._write

    def note(nvram, pages):
        committed.extend(number for number, _ in pages)
        write(nvram, pages)

    monkeypatch.setattr(Nvram, "_write", note)
    machine.commit()
    assert committed == []
    machine.run(50)
    machine.commit()
    machine.commit()
    assert committed == [DATA >> 12]
    machine.run(100)
    machine.commit()
    assert committed == [DATA >> 12] * 2
    machine.nvram.close()


def test_a_machine_without_a_file_commits_nowhere():
    machine = Machine(SIZE)
    machine.flash([(START, b"x")])
    machine.commit()
    assert machine.memory.uncommitted == {1}


def test_what_the_guest_wrote_is_committed_before_its_output_is_handed_out(path: Path):
    machine = writer(path)
    for ticks in range(10, 200, 13):
        machine.run(ticks)
        for output in machine.take_output():
            assert int.from_bytes(contents(path), "little") >= output.byte
    machine.nvram.close()


def test_without_output_nothing_is_committed_for_it(path: Path):
    machine = writer(path)
    machine.run(2)
    assert machine.take_output() == []
    assert contents(path, START) == bytes(4)
    machine.nvram.close()


def test_a_restored_snapshot_is_committed_too(path: Path):
    machine = writer(path)
    snapshot = machine.snapshot()
    machine.run(50)
    machine.commit()
    machine.restore(snapshot)
    machine.commit()
    assert contents(path) == bytes(4)
    machine.nvram.close()


def full_disk(*_, **__):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("what", ["journal", "file"])
def test_where_a_commit_fails_the_output_waits_and_nothing_is_lost(
    path: Path, monkeypatch, what: str
):
    machine = writer(path)
    machine.run(20)
    with monkeypatch.context() as patched:
        if what == "journal":
            patched.setattr(Place, "put", full_disk)
        else:
            patched.setattr(Nvram, "_write", full_disk)
        for _ in range(2):
            with pytest.raises(NvramError, match="No space left on device"):
                machine.take_output()
        assert contents(path) == bytes(4)
    assert [output.byte for output in machine.take_output()] == [1, 2, 3, 4]
    assert contents(path) == b"\x04\0\0\0"
    machine.nvram.close()


# The process's death


def test_a_kill_never_loses_what_the_guest_has_announced(path: Path):
    code = (
        "import sys; sys.path.insert(0, 'tests/support'); \n"
        "from pathlib import Path; from nvram_files import writer\n"
        f"machine = writer(Path({str(path)!r}))\n"
        "while True:\n"
        "    machine.run(budget=40)\n"
        "    sys.stdout.buffer.write(bytes(o.byte for o in machine.take_output()))\n"
        "    sys.stdout.flush()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=PROJECT, stdout=subprocess.PIPE
    ) as machine:
        assert machine.stdout is not None
        announced = machine.stdout.read(200)
        os.kill(machine.pid, signal.SIGKILL)
        announced += machine.stdout.read()
        machine.wait()
    nvram = opened(path)
    assert announced == bytes(n & 0xFF for n in range(1, len(announced) + 1))
    assert int.from_bytes(contents(path), "little") >= len(announced)
    nvram.close()


# Flashing a file


def test_flashing_a_file_keeps_the_rest_of_it(path: Path):
    create(path, SIZE, [(0x2000, b"rest"), (0x4000, b"old old")])
    flash(path, None, [(0x4000, b"new")], default_size=SIZE)
    assert contents(path, 0x2000) == b"rest"
    assert contents(path, 0x4000, 8) == b"new old\0"
    assert path.stat().st_size == SIZE


def test_flashing_makes_a_missing_file(path: Path):
    flash(path, 0x2000, [(START, b"code")], default_size=SIZE)
    assert contents(path, START) == b"code"
    assert path.stat().st_size == 0x2000


def test_flashing_is_refused_while_a_machine_has_the_file(path: Path):
    nvram = opened(path)
    with pytest.raises(NvramError, match="in use by another machine"):
        flash(path, None, [(START, b"code")], default_size=SIZE)
    nvram.close()
    assert contents(path, START) == bytes(4)


@pytest.mark.parametrize("segment", [(0xFFF, b"ab"), (SIZE - 1, b"ab"), (SIZE, b"a")])
def test_flashing_outside_memory_changes_nothing(path: Path, segment: tuple[int, bytes]):
    create(path, SIZE, [(START, b"old")])
    with pytest.raises(NvramError, match="do not lie in memory, which is 0x1000 to 0x8000"):
        flash(path, None, [(START, b"new"), segment], default_size=SIZE)
    assert contents(path, START, 3) == b"old"


def test_a_flash_that_is_cut_leaves_the_old_file_and_nothing_beside_it(path: Path, monkeypatch):
    create(path, SIZE, [(START, b"old")])
    with monkeypatch.context() as patched:
        patched.setattr(os, "rename", full_disk)
        with pytest.raises(NvramError, match="No space left on device"):
            flash(path, None, [(START, b"new")], default_size=SIZE)
    assert contents(path, START, 3) == b"old"
    assert {entry.name for entry in path.parent.iterdir()} == {path.name, f"{path.name}.lock"}


def test_flashing_completes_a_journal_first(path: Path):
    whole_journal(path)
    flash(path, None, [(0x7000, b"new")], default_size=SIZE)
    assert contents(path) == b"\x0b\0\0\0"
    assert contents(path, 0x7000, 3) == b"new"


@pytest.mark.isa("1.8")
def test_a_machine_flashed_in_place_commits_the_flash(path: Path):
    machine = writer(path)
    assert machine.run(10) is Reason.LIMIT
    machine.flash([(0x7000, b"flashed")])
    machine.commit()
    assert contents(path, 0x7000, 7) == b"flashed"
    machine.nvram.close()


def test_a_file_behind_a_link_is_the_same_file(path: Path):
    link = path.with_name("link.nvram")
    link.symlink_to(path)
    first = opened(path)
    with pytest.raises(NvramError, match="in use by another machine"):
        opened(link)
    first.close()
    flash(link, None, [(START, b"new")], default_size=SIZE)
    assert link.is_symlink()
    assert contents(path, START, 3) == b"new"
