"""The servers that are measured, each a process of its own behind a TCP port of this host.

Knows how they are started; must not know what is asked of them.
"""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from guests import RISCV, SOCLET, Guest
from launch import command, running
from qemu import QEMU


class Stub(Protocol):
    """A machine with a debugger's server."""

    @property
    def name(self) -> str:
        """What its column is called."""

    @property
    def guest(self) -> Guest:
        """What it runs."""

    def serve(self, image: Path) -> AbstractContextManager[int]:
        """Run an image, halted before its first instruction; give the port, end it afterwards."""


@dataclass(frozen=True, slots=True)
class Soclet:
    """`soclet run` with one of its engines."""

    engine: str
    guest: Guest = SOCLET

    @property
    def name(self) -> str:
        """What its column is called."""
        return f"soclet, {self.engine}"

    @contextmanager
    def serve(self, image: Path) -> Iterator[int]:
        """Run it; it says itself which port it took."""
        options = ("--gdb", "0", "-S", "--memory", "16M")
        with running([*command(image, self.engine), *options]) as process:
            yield process.port("gdb")


@dataclass(frozen=True, slots=True)
class Qemu:
    """QEMU's RISC-V board without firmware; `path` is where the program is."""

    path: str
    guest: Guest = RISCV

    @property
    def name(self) -> str:
        """What its column is called: QEMU and its version."""
        said = subprocess.run([self.path, "--version"], capture_output=True, text=True, check=True)
        return f"QEMU {said.stdout.split()[3]}"

    @contextmanager
    def serve(self, image: Path) -> Iterator[int]:
        """Run it; it would not say which port it took, so it is given one that listens."""
        with closing(socket.create_server(("127.0.0.1", 0))) as listener:
            port = int(listener.getsockname()[1])
            number = listener.fileno()
            options = (
                "-M virt -m 64M -bios none -display none -serial none -monitor none -S "
                f"-chardev socket,id=gdb,fd={number},server=on,wait=off,nodelay=on -gdb chardev:gdb"
            ).split()
            words = [self.path, *options, "-device", f"loader,file={image}"]
            process = subprocess.Popen(words, pass_fds=[number])
        with process:
            try:
                yield port
            finally:
                process.kill()


def find_qemu() -> Qemu | None:
    """Give QEMU where it is installed."""
    path = shutil.which(QEMU)
    return None if path is None else Qemu(path)
