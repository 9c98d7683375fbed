"""Real runs and flashes, killed at system calls and at random moments, and what they leave.

The guest counts: it stores the count to eight pages in turn, then announces it. So whatever state
its memory ever had, the pages hold a count down to some page, and the one before it in the rest.
"""

import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from guests import PORTS
from traced_calls import forked, killed_at_call

from machine.nvram import Nvram
from soclet.__main__ import main
from toolchain.assembler import assemble
from toolchain.images import load_image
from toolchain.writers import write_image

SIZE = 64 << 10
PAGES = (0xB000, 0x8000, 0xE000, 0x9000, 0xF000, 0xC000, 0xA000, 0xD000)
"""In the guest's order, which is neither that of addresses nor its reverse: a file that is written
page by page, in any order that a program might choose, shows."""
ROUNDS = 6
LONGEST_WAIT = 0.004

STORES = "\n".join(f"        mov r4, {page:#x}\n        mov [r4], r2" for page in PAGES)

COUNTS = f"""{PORTS}
        mov r1, 1
        mov r2, 0
        mov r3, TX
again:  add r2, r1
{STORES}
        mov [r3], r2
        mov r5, 900
pause:  sub r5, r1
        condbr r5 > 0, pause
        condbr r2 != ROUNDS, again
        mov r1, POWER_OFF
        mov r0, 0
        mov [r1], r0
"""


@dataclass
class Tally:
    """What came of the kills of one kind."""

    kills: int = 0
    wrong: list[str] = field(default_factory=list)
    journals: int = 0
    """How many left a journal to be completed."""
    announced: int = 0
    """Bytes that had been announced."""


class Kills:
    """Kills in a folder of their own; `durable` says whether with --nvram-sync."""

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self.folder = folder / "nvram"
        self.file = self.folder / "file"
        self.options = ("--nvram", str(self.file), *(["--nvram-sync"] * durable))
        self.image = self._built(folder / "counts.elf", ROUNDS)
        self.endless = self._built(folder / "endless.elf", 1 << 14)
        self.folder.mkdir()
        # Once without a kill: a child then imports nothing any more.
        self._soclet("flash", self.image, *self.options, "--memory", "64k")
        self._soclet("run", "-", *self.options, "--serial", "none")

    @staticmethod
    def _built(path: Path, rounds: int) -> str:
        source = path.with_suffix(".s")
        source.write_text(f".equ ROUNDS, {rounds}\n{COUNTS}")
        write_image(assemble(source), path)
        return str(path)

    @staticmethod
    def _soclet(*words: str) -> None:
        with suppress(SystemExit):
            main(list(words))

    def _run(self, image: str) -> Callable[[], None]:
        words = ("--memory", "64k", "--engine", "reference", "--serial", "stdio")
        return partial(self._soclet, "run", image, *self.options, *words)

    def _contents(self) -> bytes:
        nvram = Nvram(self.file, None, default_size=SIZE)
        nvram.close()
        return self.file.read_bytes()

    def _afresh(self) -> None:
        shutil.rmtree(self.folder)
        self.folder.mkdir()

    def _at_call(self, act: Callable[[], None], number: int) -> tuple[bool, bytes]:
        """Do something up to a system call; give whether it got there, and what was announced."""
        reading, writing = os.pipe()
        try:
            killed = killed_at_call(act, writing, number)
        finally:
            os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            return killed, pipe.read()

    def runs_at_calls(self, numbers: Iterator[int], seed: int) -> Tally:
        """Kill a run at system calls by their numbers, until it ends before one."""
        tally, dice = Tally(), random.Random(seed)
        for number in numbers:
            self._afresh()
            killed, announced = self._at_call(self._run(self.image), number)
            if not killed:
                break
            self._look(tally, f"run, call {number}", announced, dice)
        return tally

    def runs_at_moments(self, count: int, seed: int) -> Tally:
        """Kill runs some time after they have announced so many counts; each by its own seed."""
        tally = Tally()
        for trial in range(count):
            dice = random.Random(f"{seed} {trial}")
            self._afresh()
            reading, writing = os.pipe()
            child = forked(self._run(self.endless), writing)
            os.close(writing)
            with os.fdopen(reading, "rb", buffering=0) as pipe:
                announced = pipe.read(1) if dice.randrange(4) else b""
                end = time.monotonic() + dice.random() * LONGEST_WAIT
                while time.monotonic() < end:
                    pass
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                announced += pipe.readall()
            self._look(tally, f"run, moment {trial}", announced, dice)
        return tally

    def flashes_at_calls(self, numbers: Iterator[int]) -> Tally:
        """Kill a flash at system calls by their numbers, until it ends before one."""
        tally = Tally()
        flash = partial(self._soclet, "flash", self.image, *self.options)
        old = bytes(0x1000) + b"old " * ((SIZE - 0x1000) // 4)
        new = bytearray(old)
        for segment in load_image(self.image, memory_size=SIZE, load_address=0x1000).segments:
            new[segment.address : segment.address + len(segment.data)] = segment.data
        for number in numbers:
            self._afresh()
            self.file.write_bytes(old)
            killed, _ = self._at_call(flash, number)
            if not killed:
                break
            tally.kills += 1
            if self.file.read_bytes() not in (old, new) or self._contents() not in (old, new):
                tally.wrong.append(f"flash, call {number}: neither the old nor the new file")
        return tally

    def _look(self, tally: Tally, what: str, announced: bytes, dice: random.Random) -> None:
        """Look at what a killed run left, after a start that is killed where it has work to do."""
        tally.kills += 1
        tally.announced += len(announced)
        if (self.folder / "file.journal").exists():
            tally.journals += 1
            start = partial(self._soclet, "run", "-", *self.options, "--limit", "0")
            self._at_call(start, dice.randrange(60, 240))
        if wrong := _wrong(self._contents(), announced):
            tally.wrong.append(f"{what}: {wrong}")


def _wrong(contents: bytes, announced: bytes) -> str:
    """Tell what is wrong with a file, after its guest has announced these counts."""
    counts = [int.from_bytes(contents[page : page + 4], "little") for page in PAGES]
    if announced != bytes(count & 0xFF for count in range(1, len(announced) + 1)):
        return f"announced {announced!r}"
    if counts[-1] < len(announced):
        return f"{len(announced)} counts were announced, and the file has {counts}"
    if counts != sorted(counts, reverse=True) or counts[0] - counts[-1] > 1:
        return f"no memory ever held {counts}"
    if counts[0] and not any(contents[0x1000:0x2000]):
        return "counts without the program that counts"
    return ""
