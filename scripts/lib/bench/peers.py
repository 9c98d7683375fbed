"""The others that do the kernels' work: which of them are here, and how each runs a kernel.

Knows what they are called with; must not know what is made of the times. Each looks that what came
out is right.
"""

import ctypes
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import riscv
from by_hand import BY_HAND
from guest_runs import WrongError, expect
from kernels import FOLDER, SIZES, Kernel
from qemu import QEMU, QEMUS, run_kernel

from isa_spec.words import WORD

ROOT: Final = Path(__file__).resolve().parents[3]
PYTHON: Final = ROOT / ".cache/peers/bin/python"
"""The Python that has the emulators that are Python libraries."""
TITLES: Final = {
    "by-hand": "by hand",
    "gcc": "gcc -O2",
    "qemu": "QEMU",
    "qemu-icount": "QEMU -icount",
    "unicorn": "unicorn",
    "tinyrv": "tinyrv",
    "py65": "py65",
}
"""What those that there may be are called in tables, by name, in the order of the columns."""


class Peer(Protocol):
    """Somebody else who runs kernels."""

    @property
    def name(self) -> str:
        """What it is called where one is chosen."""

    @property
    def only_computes(self) -> bool:
        """Whether it takes no kernel that needs more than a processor and memory."""

    @property
    def patience(self) -> float:
        """How much longer its runs are to be than others', since its times are less sharp."""

    def run(self, kernel: Kernel, repeats: int) -> float:
        """Run a kernel; give the seconds that it took. Raises WrongError where it is not right."""


class ByHand:
    """Python, written by hand."""

    name = "by-hand"
    only_computes = True
    patience = 1

    def run(self, kernel: Kernel, repeats: int) -> float:
        """Run it in this process."""
        turn, total = BY_HAND[kernel.name](SIZES), 0
        started = time.perf_counter()
        for _ in range(repeats):
            total += turn()
        seconds = time.perf_counter() - started
        expect(f"{kernel.name} by hand", total & WORD, kernel.total(repeats))
        return seconds


class Gcc:
    """C, compiled by gcc -O2 into a library that is loaded into this process."""

    name = "gcc"
    only_computes = True
    patience = 1

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turns: dict[str, Callable[[int], int]] = {}

    def run(self, kernel: Kernel, repeats: int) -> float:
        """Call it."""
        turns = self._turns.get(kernel.name) or self._build(kernel.name)
        started = time.perf_counter()
        total = turns(repeats)
        seconds = time.perf_counter() - started
        expect(f"{kernel.name} in C", total, kernel.total(repeats))
        return seconds

    def _build(self, name: str) -> Callable[[int], int]:
        library = self._folder / f"{name}.so"
        options = ["-O2", "-ffreestanding", "-nostdlib", "-shared", "-fPIC"]
        sizes = [f"-D{size}={value}" for size, value in SIZES.items()]
        source = FOLDER / "c" / f"{name}.c"
        command: list[str | Path] = ["gcc", *options, *sizes, "-o", library, source]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"bench: gcc failed: {done.stderr.strip()}")
        turns = ctypes.CDLL(str(library)).turns
        turns.argtypes, turns.restype = [ctypes.c_uint32], ctypes.c_uint32
        self._turns[name] = turns
        return turns


class Qemu:
    """QEMU's RISC-V board without firmware."""

    only_computes = False
    patience = 4

    def __init__(self, images: riscv.Images, name: str, *options: str) -> None:
        self.name = name
        self._images = images
        self._options = options

    def run(self, kernel: Kernel, repeats: int) -> float:
        """Run it; its start is not counted."""
        path, _ = self._images.write(kernel, repeats)
        typed, sent = kernel.input * repeats, kernel.output * repeats
        seconds, output = run_kernel(path, riscv.START, typed, self._options)
        where = f"{kernel.name} on {self.name}"
        if output[:-4] != sent:
            raise WrongError(f"{where} sent something else than it should have")
        expect(where, int.from_bytes(output[-4:], "little"), kernel.total(repeats))
        return seconds


class Emulator:
    """An emulator that is a Python library: a processor and memory, no devices."""

    only_computes = True
    patience = 1

    def __init__(self, images: riscv.Images, name: str) -> None:
        self.name = name
        self._images = images

    def run(self, kernel: Kernel, repeats: int) -> float:
        """Run it in a process of its own, whose start is not counted."""
        path, image = self._images.write(kernel, repeats)
        said = foreign(self.name, str(path), str(riscv.START), str(image.done))
        expect(f"{kernel.name} on {self.name}", int(said[1]), kernel.total(repeats))
        return float(said[0])


def py65_mips(turns: int) -> float:
    """Give the speed of py65, of its own instructions on a loop of its own."""
    seconds, _, instructions = foreign("py65", str(turns))
    return int(instructions) / float(seconds) / 1e6


def foreign(*words: str) -> Sequence[str]:
    """Run foreign.py with words; give those that it says."""
    script = Path(__file__).with_name("foreign.py")
    done = subprocess.run([PYTHON, script, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise WrongError(f"{words[0]} failed: {last[0]}")
    return done.stdout.split()


@dataclass(frozen=True, slots=True)
class Peers:
    """Who is here, and why the others are not, in a few words each."""

    here: tuple[Peer, ...]
    py65: bool
    missing: dict[str, str]

    def only(self, names: Collection[str] | None) -> "Peers":
        """Leave out those whose names are not among these; None leaves out nobody."""
        if names is None:
            return self
        return Peers(
            tuple(peer for peer in self.here if peer.name in names),
            self.py65 and "py65" in names,
            {name: why for name, why in self.missing.items() if name in names},
        )


def not_installed(*commands: str) -> str | None:
    """Name the first of some commands that is not there; None where all are."""
    missing = (command for command in commands if shutil.which(command) is None)
    return next((f"{command} is not installed" for command in missing), None)


def find(folder: Path) -> Peers:
    """Look who is here; each may make files in the folder."""
    images = riscv.Images(folder)
    no_image = not_installed(*riscv.TOOLS)
    here: list[Peer] = [ByHand()]
    missing: dict[str, str] = {}

    def add(peer: Peer, why_not: str | None) -> None:
        if why_not is None:
            here.append(peer)
        else:
            missing[peer.name] = why_not

    add(Gcc(folder), not_installed("gcc"))
    for name, options in QEMUS.items():
        add(Qemu(images, name, *options), not_installed(QEMU) or no_image)
    libraries = _libraries()
    for name in ("unicorn", "tinyrv"):
        no_library = None if name in libraries else f"{name} is not in .cache/peers"
        add(Emulator(images, name), no_library or no_image)
    if "py65" not in libraries:
        missing["py65"] = "py65 is not in .cache/peers"
    return Peers(tuple(here), "py65" in libraries, missing)


def _libraries() -> set[str]:
    """Give the names of the emulators that the other Python has."""
    names = "('unicorn', 'tinyrv', 'py65')"
    show = f"from importlib.util import find_spec; print(*filter(find_spec, {names}))"
    try:
        done = subprocess.run(
            [PYTHON, "-I", "-c", show], capture_output=True, text=True, check=False
        )
    except OSError:
        return set()
    return set(re.findall(r"\w+", done.stdout))
