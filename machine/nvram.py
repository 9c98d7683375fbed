"""The NVRAM file: memory's battery. Knows what is kept and when; no CPU, no device.

Byte n of the file is physical address n. Pages reach it through a journal beside it, so that
whatever happens to the process the file holds a state that memory really had: either the journal
is there, and whole, and is carried out when the file is next opened, or the file is as it was.
What the host's memory does not survive, its losing power, is held against too where the file is
`durable`: each step is then forced to the disk before the next. docs/nvram.md says what holds.
"""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Final

from isa_spec.memory_map import MEMORY_START, check_memory_size
from isa_spec.paging import PAGE, PAGE_SHIFT
from machine import journal
from machine.memory import Memory
from machine.nvram_place import UNFINISHED, InUseError, Place, write_at

_JOURNAL: Final = ".journal"
_READ_AT_ONCE: Final = 1 << 20

_REMEDIES: Final = {
    errno.ENOSPC: "free some space, and start again",
    errno.EDQUOT: "free some space, and start again",
    errno.EFBIG: "allow larger files (ulimit -f), and start again",
    errno.EACCES: "make the file and its folder writable",
    errno.EROFS: "name a file where files can be written",
}


class NvramError(Exception):
    """An NVRAM file cannot be used, or not any more: what, where, what would be right."""


class Nvram:
    """An open NVRAM file, held against every other machine until `close` or the process's end.

    recovered: a sentence about what the last process left unfinished, and what was made of it, or
    None.
    """

    def __init__(
        self,
        path: Path,
        size: int | None,
        *,
        default_size: int,
        durable: bool = False,
        place: Place | None = None,
    ) -> None:
        """Open or make the file; `size` in bytes, None to take the file's own.

        A file that is made has `size`, or `default_size`. `durable`: commits hold against the
        host's losing power, too. `place` is where it lies, for who holds that already.
        Raises NvramError where the file is in use, has another size, or cannot be opened.
        """
        self.path: Final = _real(path)
        self._place: Final = place or _place(self.path, durable=durable)
        try:
            with _telling(self.path):
                self._recovered = self._make(size or default_size)
                self._file: Final = self._place.open("", os.O_RDWR)
                self._place.hold(self._file)
                self.size: Final = self._checked_size(size)
                self._recover()
        except BaseException:
            self._place.release()
            raise

    @property
    def recovered(self) -> str | None:
        """What the last process left unfinished, and what was made of it; None if nothing."""
        return "; ".join(self._recovered) or None

    def _beside(self, suffix: str) -> Path:
        return self.path.with_name(self.path.name + suffix)

    def _make(self, size: int) -> list[str]:
        """Make the file where it is missing; say what else went with it."""
        if self._place.stat() is not None:
            return []
        # First, or else it would be carried out on the new file.
        orphaned = self._place.remove(_JOURNAL)
        self._place.put("", (), size=size)
        if not orphaned:
            return []
        return [f"{self._beside(_JOURNAL)}: a write to a file that is gone was discarded"]

    def _checked_size(self, size: int | None) -> int:
        found = os.fstat(self._file.fileno()).st_size
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

    def _recover(self) -> None:
        """Carry out a journal; throw away what has not become one, and so touched nothing."""
        pages = self._pages_to_complete()
        if pages is not None:
            self._write(pages)
            self._place.remove(_JOURNAL)
            completed = f"an interrupted write of {len(pages)} pages was completed"
            self._recovered.append(f"{self._beside(_JOURNAL)}: {completed}")
        for suffix, what in ((_JOURNAL, "write"), ("", "flash")):
            if self._place.remove(suffix + UNFINISHED):
                unfinished = self._beside(suffix + UNFINISHED)
                self._recovered.append(f"{unfinished}: an unfinished {what} was discarded")

    def _pages_to_complete(self) -> journal.Pages | None:
        data = self._place.read(_JOURNAL)
        if data is None:
            return None
        name = self._beside(_JOURNAL)
        try:
            size, pages = journal.parse(data)
        except ValueError as error:
            raise NvramError(
                f"{name}: damaged: {error}; the NVRAM file may be half written: put copies of "
                "both back, or remove the journal to take the file as it is"
            ) from None
        if size != self.size:
            raise NvramError(
                f"{name}: belongs to a file of {size} bytes, and {self.path.name} has {self.size}: "
                "put that file back, or remove the journal"
            )
        return pages

    def load_into(self, memory: Memory) -> None:
        """Make memory hold what the file holds.

        Raises NvramError where their sizes differ or the file cannot be read.
        """
        if memory.size != self.size:
            raise NvramError(f"{self.path}: the file has {self.size} bytes, memory {memory.size}")
        with _telling(self.path):
            for start, length in _written_extents(self._file, self.size):
                for offset in range(max(start, MEMORY_START), start + length, _READ_AT_ONCE):
                    wanted = min(_READ_AT_ONCE, start + length - offset)
                    data = os.pread(self._file.fileno(), wanted, offset)
                    memory.write(offset, data)
                    if len(data) < wanted:
                        self._check_still_there()
                        raise NvramError(f"{self.path}: cannot be read beyond {offset:#x}")
        self._check_still_there()
        memory.take_uncommitted()

    def commit(self, memory: Memory) -> None:
        """Bring the file up to what memory holds now, all of it or nothing.

        Raises NvramError where it cannot be written, or is not what it was when it was opened; the
        pages are then still to be committed.
        """
        numbers = sorted(memory.uncommitted)
        if not numbers and self._file.closed:
            return
        self._check_still_there()
        if not numbers:
            return
        pages = [(number, memory.read(number << PAGE_SHIFT, PAGE)) for number in numbers]
        changes = journal.build(self.size, pages)
        with _telling(self.path):
            # It may take the place of one that could not be carried out: its pages are among these.
            self._place.put(_JOURNAL, [(0, changes)], size=len(changes))
            self._write(pages)
        try:
            self._check_still_there()
        finally:
            # Also where it is not: the journal would be carried out on what is there now.
            with _telling(self.path):
                self._place.remove(_JOURNAL)
        memory.take_uncommitted()

    def _write(self, pages: journal.Pages) -> None:
        for number, data in pages:
            write_at(self._file, number << PAGE_SHIFT, data)
        self._place.force(self._file)

    def _check_still_there(self) -> None:
        """Raise NvramError where the file of this name is another than was opened, or was cut."""
        if self._file.closed:
            raise NvramError(f"{self.path}: the file is closed, or another process's")
        with _telling(self.path):
            there, mine = self._place.stat(), os.fstat(self._file.fileno())
        if there is None:
            raise NvramError(
                f"{self.path}: the file was removed under the machine, and memory with it: "
                "start again with an image"
            )
        if not os.path.samestat(there, mine):
            raise NvramError(
                f"{self.path}: another file was put in its place under the machine: "
                "start again to run what is in that one"
            )
        if mine.st_size != self.size:
            raise NvramError(
                f"{self.path}: the file had {self.size} bytes and was changed to {mine.st_size} "
                "under the machine: put a copy back, or remove it and start again with an image"
            )

    def close(self) -> None:
        """Give the file free."""
        self._place.release()


def flash(
    path: Path,
    size: int | None,
    segments: Iterable[tuple[int, bytes]],
    *,
    default_size: int,
    durable: bool = False,
) -> str | None:
    """Put segments into an NVRAM file, keeping the rest of it, all or nothing.

    The file is made where it is missing. `durable`: before this returns, the disk has it. Gives
    what `Nvram.recovered` says. Raises NvramError where a machine has the file, its size is not
    `size`, or it cannot be written.
    """
    real = _real(path)
    place = _place(real, durable=durable)
    try:
        with _telling(path):
            there = place.stat()
        recovered, mode = None, None
        if there is None:
            memory = Memory(size or default_size)
        else:
            nvram = Nvram(real, size, default_size=default_size, place=place)
            memory, recovered, mode = (
                Memory(nvram.size),
                nvram.recovered,
                stat.S_IMODE(there.st_mode),
            )
            nvram.load_into(memory)
        for address, data in segments:
            if not memory.holds(address, len(data)):
                raise NvramError(
                    f"{path}: {len(data)} bytes at {address:#x} do not lie in memory, "
                    f"which is 0x1000 to {memory.size:#x}"
                )
            memory.write(address, data)
        parts = ((page << PAGE_SHIFT, data) for page, data in memory.pages())
        with _telling(path):
            # One that is left belongs to a file that is gone.
            place.remove(_JOURNAL)
            place.put("", parts, size=memory.size, mode=mode)
    finally:
        place.release()
    return recovered


def _real(path: Path) -> Path:
    # Under a link's own name neither lock nor new file would be where others look.
    return path.resolve() if path.is_symlink() else path


def _place(path: Path, *, durable: bool) -> Place:
    with _telling(path):
        return Place(path, durable=durable)


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    """Say what is wrong with a file where the host refuses something."""
    try:
        yield
    except InUseError:
        raise NvramError(f"{path}: in use by another machine: stop that one first") from None
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0)
        advice = f": {remedy}" if remedy else ""
        raise NvramError(f"{path}: {error.strerror}{advice}") from error


def _written_extents(file: FileIO, size: int) -> Iterator[tuple[int, int]]:
    """Give (offset, length) of the parts of a file that were ever written."""
    offset = 0
    while offset < size:
        try:
            start = os.lseek(file.fileno(), offset, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return
            raise
        offset = min(os.lseek(file.fileno(), start, os.SEEK_HOLE), size)
        yield start, offset - start
