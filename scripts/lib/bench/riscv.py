"""The kernels as flat images for RISC-V, made with GNU's assembler and linker.

Knows the tools and scripts/kernels/riscv; must not know who runs the images.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection
from kernels import FOLDER, Kernel

START: Final = 0x8000_0000
"""Where QEMU's board `virt` has its memory, and begins without firmware."""
AS: Final = "riscv64-unknown-elf-as"
LD: Final = "riscv64-unknown-elf-ld"
TOOLS: Final = (AS, LD)


@dataclass(frozen=True, slots=True)
class Image:
    """A kernel at START; stopped at `done`, a processor without devices has its total in a0."""

    data: bytes
    repeats_at: int
    done: int

    def repeating(self, repeats: int) -> bytes:
        """Give it so that it does its work so often."""
        at = self.repeats_at - START
        return self.data[:at] + repeats.to_bytes(4, "little") + self.data[at + 4 :]


class Images:
    """The kernels' images, made in a folder as they are asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._built: dict[str, Image] = {}

    def write(self, kernel: Kernel, repeats: int) -> tuple[Path, Image]:
        """Write the flat image of a kernel that does its work so often; give where, and what."""
        image = self._built.get(kernel.name)
        if image is None:
            image = self._built[kernel.name] = _build(kernel, self._folder)
        path = self._folder / f"{kernel.name}.bin"
        path.write_bytes(image.repeating(repeats))
        return path, image


def _build(kernel: Kernel, folder: Path) -> Image:
    """Assemble and link a kernel, with a folder for files on the way."""
    source = FOLDER / "riscv"
    parts, linked = folder / f"{kernel.name}.o", folder / f"{kernel.name}.elf"
    _call(
        *(AS, "-march=rv32im_zicsr", "-mabi=ilp32", "-I", FOLDER, "-o", parts),
        *(source / "board.s", source / f"{kernel.name}.s"),
    )
    # Relaxed code would count on gp, which nobody sets.
    _call(
        *(LD, "-m", "elf32lriscv", "--no-relax", "-N", f"-Ttext={START:#x}", "-e", hex(START)),
        *("-o", linked, parts),
    )
    with linked.open("rb") as file:
        elf = ELFFile(file)
        data = bytearray()
        for segment in elf.iter_segments("PT_LOAD"):
            data += bytes(segment["p_paddr"] - START - len(data)) + segment.data()
        table = elf.get_section_by_name(".symtab")
        assert isinstance(table, SymbolTableSection)
        symbols = {symbol.name: int(symbol["st_value"]) for symbol in table.iter_symbols()}
    return Image(bytes(data), symbols["repeats"], symbols["done"])


def _call(tool: str, *words: str | Path) -> None:
    done = subprocess.run([tool, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"bench: {tool} failed: {done.stderr.strip()}")
