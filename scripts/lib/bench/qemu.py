"""QEMU's RISC-V board running a kernel to its end, with the times at which it begins and ends.

Knows the words that QEMU is called with; must not know kernels.
"""

import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

QEMU: Final = "qemu-system-riscv32"
QEMUS: Final[dict[str, tuple[str, ...]]] = {"qemu": (), "qemu-icount": ("-icount", "shift=0")}
"""Its two ways of running, by name: as fast as it can, and counting instructions, as we do."""
_BOARD: Final = (
    *("-M", "virt", "-m", "16M", "-bios", "none"),
    *("-display", "none", "-monitor", "none"),
)


def command(image: Path, start: int, serial: str, options: Sequence[str]) -> list[str]:
    """Give the words that run a flat image."""
    load = ("-device", f"loader,file={image},addr={start:#x}")
    return [QEMU, *_BOARD, "-serial", serial, *options, *load]


def run_kernel(
    image: Path, start: int, typed: bytes, options: Sequence[str]
) -> tuple[float, bytes]:
    """Run a flat image; give seconds and what it sent.

    They count from the byte that it sends first, which is not given, to its last. `typed` is put on
    its line when it has begun.
    """
    words = command(image, start, "stdio", options)
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            output = process.stdout.read(1)
            started = ended = time.perf_counter()
            typist = threading.Thread(target=_type, args=(process.stdin, typed))
            typist.start()
            while data := process.stdout.read(65536):
                ended = time.perf_counter()
                output += data
            typist.join()
        finally:
            process.kill()
    return ended - started, output[1:]


def _type(line: IO[bytes], typed: bytes) -> None:
    """Write all of it, and close; whoever ends before has not read it."""
    try:
        with line:
            while typed:
                typed = typed[line.write(typed) :]
    except BrokenPipeError:
        return
