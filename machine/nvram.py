"""The NVRAM file: memory's battery. Knows files, the lock and the journal; no CPU, no device.

Byte n of the file is physical address n. Pages reach it through a journal beside it, so that
whatever happens to the process the file holds a state that memory really had: either the journal
is whole, and is carried out when the file is next opened, or it is not, and the file is as it
was. (Against the host losing power this promises nothing: nothing is forced to the disk.)
"""

import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

from construct import Bytes, Const, Int32ul, Int64ul, PrefixedArray, Struct
from construct.core import ConstructError

from isa_spec.memory_map import MEMORY_START, check_memory_size
from isa_spec.paging import PAGE, PAGE_SHIFT
from machine.memory import Memory

_CHANGES: Final[Any] = Struct(
    "magic" / Const(b"soclet-journal-1"),
    "size" / Int64ul,
    "pages" / PrefixedArray(Int32ul, Struct("number" / Int32ul, "data" / Bytes(PAGE))),
)
_DIGEST_BYTES: Final = 32
"""The journal is the changes followed by their SHA-256, which tells a whole one from a torn one."""


class NvramError(Exception):
    """An NVRAM file cannot be used, or not any more: what, where, what would be right."""


def sparse_extents(file: BinaryIO, size: int) -> Iterator[tuple[int, int]]:
    """Give (offset, length) of the parts of a file that were ever written."""
    offset = 0
    while offset < size:
        try:
            start = os.lseek(file.fileno(), offset, os.SEEK_DATA)
        except OSError:
            return
        offset = min(os.lseek(file.fileno(), start, os.SEEK_HOLE), size)
        yield start, offset - start


class Nvram:
    """An open NVRAM file, held against every other machine until `close` or the process's end.

    recovered: a sentence about a journal that was found and carried out or thrown away, or None.
    """

    def __init__(self, path: Path, size: int | None, *, default_size: int) -> None:
        """Open or make the file; `size` in bytes, None to take the file's own.

        A file that is made has `size`, or `default_size`. Raises NvramError where the file is
        in use, has another size, or cannot be opened.
        """
        # Under a link's own name neither lock nor new file would be where others look.
        path = path.resolve() if path.is_symlink() else path
        self.path: Final = path
        self.recovered: str | None = None
        self._journal = path.with_name(path.name + ".journal")
        self._lock = _lock(path)
        try:
            self.size: Final = self._open(size, default_size)
        except BaseException:
            self._lock.close()
            raise

    def _open(self, size: int | None, default_size: int) -> int:
        try:
            if not self.path.exists():
                create(self.path, size or default_size, ())
            self._file = self.path.open("r+b")
            try:
                found = self._checked_size(size)
                self.recovered = self._recover(found)
            except BaseException:
                self._file.close()
                raise
        except OSError as error:
            raise NvramError(f"{self.path}: {error.strerror}") from error
        return found

    def _checked_size(self, size: int | None) -> int:
        found = self.path.stat().st_size
        try:
            check_memory_size(found)
        except ValueError as error:
            raise NvramError(f"{self.path}: not an NVRAM file: {error}") from None
        if size not in (None, found):
            raise NvramError(
                f"{self.path}: the file has {found} bytes, the machine {size}: "
                f"give --memory {found} or leave it out"
            )
        return found

    def _recover(self, size: int) -> str | None:
        """Carry out a journal that is whole, throw away one that is not; say which."""
        try:
            journal = self._journal.read_bytes()
        except FileNotFoundError:
            return None
        pages = _pages_of_journal(journal, size)
        if pages is None:
            said = "an unfinished write was discarded"
        else:
            self._write(pages)
            said = f"an interrupted write of {len(pages)} pages was completed"
        self._journal.unlink()
        return f"{self._journal}: {said}"

    def load_into(self, memory: Memory) -> None:
        """Make memory hold what the file holds. Raises NvramError where their sizes differ."""
        if memory.size != self.size:
            raise NvramError(f"{self.path}: the file has {self.size} bytes, memory {memory.size}")
        for offset, length in sparse_extents(self._file, self.size):
            start = max(offset, MEMORY_START)
            self._file.seek(start)
            memory.write(start, self._file.read(max(0, offset + length - start)))
        memory.take_uncommitted()

    def commit(self, memory: Memory) -> None:
        """Bring the file up to what memory holds now, all of it or nothing.

        Raises NvramError where it cannot be written; the pages are then still to be committed.
        """
        numbers = sorted(memory.uncommitted)
        if not numbers:
            return
        pages = [(number, memory.read(number << PAGE_SHIFT, PAGE)) for number in numbers]
        changes = _CHANGES.build(
            {
                "size": self.size,
                "pages": [{"number": number, "data": data} for number, data in pages],
            }
        )
        try:
            # A commit that failed may have left the file half written and its journal whole.
            self._recover(self.size)
            self._journal.write_bytes(changes + hashlib.sha256(changes).digest())
            self._write(pages)
            self._journal.unlink()
        except OSError as error:
            raise NvramError(f"{self.path}: {error.strerror}") from error
        memory.take_uncommitted()

    def _write(self, pages: Iterable[tuple[int, bytes]]) -> None:
        for number, data in pages:
            self._file.seek(number << PAGE_SHIFT)
            self._file.write(data)
        self._file.flush()

    def close(self) -> None:
        """Give the file free."""
        self._file.close()
        self._lock.close()


def _pages_of_journal(journal: bytes, size: int) -> list[tuple[int, bytes]] | None:
    """Give the pages to write, by number; None where the journal is not whole, or not for us."""
    changes, digest = journal[:-_DIGEST_BYTES], journal[-_DIGEST_BYTES:]
    if hashlib.sha256(changes).digest() != digest:
        return None
    try:
        parsed = _CHANGES.parse(changes)
    except ConstructError:
        return None
    return [(page.number, page.data) for page in parsed.pages] if parsed.size == size else None


def _lock(path: Path) -> BinaryIO:
    """Take the lock that gives a file to one machine; it dies with the process."""
    name = path.with_name(path.name + ".lock")
    try:
        lock = name.open("ab")
    except OSError as error:
        raise NvramError(f"{name}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise NvramError(f"{path}: in use by another machine: stop that one first") from None
    return lock


def create(path: Path, size: int, segments: Iterable[tuple[int, bytes]]) -> None:
    """Write a whole new file and put it in place of what was there, or leave that as it was.

    Raises OSError where the file cannot be written.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with temporary.open("wb") as file:
            file.truncate(size)
            for address, data in segments:
                file.seek(address)
                file.write(data)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def flash(
    path: Path, size: int | None, segments: Iterable[tuple[int, bytes]], *, default_size: int
) -> None:
    """Put segments into an NVRAM file, keeping the rest of it, all or nothing.

    The file is made where it is missing. Raises NvramError where a machine has the file, its
    size is not `size`, or it cannot be written.
    """
    nvram = Nvram(path, size, default_size=default_size)
    try:
        memory = Memory(nvram.size)
        nvram.load_into(memory)
        for address, data in segments:
            if not memory.holds(address, len(data)):
                raise NvramError(
                    f"{path}: {len(data)} bytes at {address:#x} do not lie in memory, "
                    f"which is 0x1000 to {memory.size:#x}"
                )
            memory.write(address, data)
        pages = ((page << PAGE_SHIFT, data) for page, data in memory.pages())
        create(nvram.path, nvram.size, pages)
    except OSError as error:
        raise NvramError(f"{path}: {error.strerror}") from error
    finally:
        nvram.close()
