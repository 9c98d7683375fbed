"""--nvram-sync where the host loses its power: nothing announced is lost, nothing is torn."""

from pathlib import Path

import pytest
from nvram_files import SIZE
from power_loss import Files, losing_power

from machine.machine import Machine
from machine.nvram import Nvram, NvramError, flash

PAGES = (0x2000, 0x4000, 0x6000)
COMMITS = 4


@pytest.fixture(autouse=True)
def engine():
    """Files know no engine: any one will do."""


def after_loss(folder: Path, files: Files) -> bytes | None:
    """Start again from what was on the disk; give the file, or None where it cannot be."""
    for left in folder.iterdir():
        left.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    try:
        nvram = Nvram(folder / "memory", None, default_size=SIZE)
    except NvramError:
        return None
    nvram.close()
    return (folder / "memory").read_bytes()


def state(number: int) -> bytes:
    """What the file holds after so many commits."""
    file = bytearray(SIZE)
    for page in PAGES:
        file[page : page + 0x1000] = bytes([number]) * 0x1000
    return bytes(file)


def wrong_after_commits(tmp_path: Path, *, durable: bool, seed: int) -> list[int]:
    """Lose the power all along a few commits; tell after which announcements a state was wrong."""
    (tmp_path / "run").mkdir()
    (tmp_path / "again").mkdir()
    path = tmp_path / "run" / "memory"
    with losing_power(seed) as disk:
        machine = Machine(SIZE, nvram=Nvram(path, SIZE, default_size=SIZE, durable=durable))
        for number in range(1, COMMITS + 1):
            machine.flash([(page, bytes([number]) * 0x1000) for page in PAGES])
            machine.commit()
            disk.progress = number
        machine.nvram.close()
    assert {announced for announced, _ in disk.losses} == set(range(COMMITS))
    return [
        announced
        for announced, files in disk.losses
        if after_loss(tmp_path / "again", files) not in (state(announced), state(announced + 1))
    ]


@pytest.mark.parametrize("seed", range(3))
def test_whenever_the_power_is_lost_the_file_has_what_was_announced_or_the_next_state(
    tmp_path: Path, seed: int
):
    assert wrong_after_commits(tmp_path, durable=True, seed=seed) == []


def test_without_it_the_same_losses_lose_something(tmp_path: Path):
    assert wrong_after_commits(tmp_path, durable=False, seed=0) != []


def wrong_after_flash(tmp_path: Path, *, durable: bool, seed: int) -> int:
    """Lose the power all along a flash of a file that is on the disk; count the wrong states."""
    (tmp_path / "run").mkdir()
    (tmp_path / "again").mkdir()
    path = tmp_path / "run" / "memory"
    segments = [(page, bytes([2]) * 0x1000) for page in PAGES]
    with losing_power(seed) as disk:
        first = [(page, bytes([1]) * 0x1000) for page in PAGES]
        flash(path, SIZE, first, default_size=SIZE, durable=True)
        disk.progress = 1
        flash(path, SIZE, segments, default_size=SIZE, durable=durable)
        disk.progress = 2
    losses = [files for progress, files in disk.losses if progress == 1]
    assert len(losses) > 15
    allowed = (state(1), state(2))
    return sum(after_loss(tmp_path / "again", files) not in allowed for files in losses)


@pytest.mark.parametrize("seed", range(3))
def test_whenever_the_power_is_lost_a_flash_is_wholly_old_or_wholly_new(tmp_path: Path, seed: int):
    assert wrong_after_flash(tmp_path, durable=True, seed=seed) == 0


def test_without_it_a_flash_may_be_neither(tmp_path: Path):
    assert wrong_after_flash(tmp_path, durable=False, seed=0) > 0
