"""A disk that has forgotten, when the power is lost, whatever it was not told to keep.

What was forced (fsync) is there. Of all else each sector, size and name is there or not, as dice
fall: no order holds. That is more than any disk and file system do, so what survives this survives
those.
"""

import os
import random
from contextlib import contextmanager
from dataclasses import dataclass, field

from host_calls import HostCalls, host_calls

SECTOR = 512

Files = dict[str, bytes]
"""What a folder holds, by name."""


@dataclass
class _Inode:
    kept: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)
    """Sectors written at an offset; None is a cut, or growth, to a size."""

    def after(self, landed) -> bytearray:
        content = bytearray(self.kept)
        for offset, data in filter(landed, self.pending):
            end = offset + len(data or b"")
            content.extend(bytes(max(0, end - len(content))))
            if data is None:
                del content[offset:]
            else:
                content[offset:end] = data
        return content


@dataclass
class Disk(HostCalls):
    """Follows the calls, and loses the power after each of those that change something.

    losses: what was on the disk then, each with `progress` at that time.
    """

    dice: random.Random = field(default_factory=lambda: random.Random(0))
    progress: int = 0
    losses: list[tuple[int, Files]] = field(default_factory=list)
    _names: dict[str, _Inode] = field(default_factory=dict)
    _kept_names: dict[str, _Inode] = field(default_factory=dict)
    _pending: list[tuple[str, _Inode | None]] = field(default_factory=list)

    def call(self, name, act, *arguments, **others):
        before = len(self.made)
        given = super().call(name, act, *arguments, **others)
        if len(self.made) > before and (follow := getattr(self, f"_{name}", None)):
            follow(self.made[-1][1], *arguments)
            self.losses.extend((self.progress, self._loss()) for _ in range(3))
        return given

    def _open(self, name, _, flags, *__):
        if flags & os.O_CREAT and name not in self._names:
            self._name(name, _Inode())
        elif flags & os.O_TRUNC:
            self._names[name].pending.append((0, None))

    def _truncate(self, name, _, size):
        self._names[name].pending.append((size, None))

    def _pwrite(self, name, _, data, offset):
        for at in range(0, len(data), SECTOR):
            self._names[name].pending.append((offset + at, bytes(data[at : at + SECTOR])))

    def _rename(self, name, _, to, *__):
        inode = self._names[name]
        self._name(to, inode)
        self._name(name, None)

    def _unlink(self, name, *_):
        self._name(name, None)

    def _fsync(self, name, _):
        if name:
            inode = self._names[name]
            inode.kept = inode.after(lambda _: True)
            inode.pending.clear()
        else:
            self._kept_names = dict(self._names)
            self._pending.clear()

    def _name(self, name, inode):
        self._names.pop(name, None)
        if inode is not None:
            self._names[name] = inode
        self._pending.append((name, inode))

    def _loss(self) -> Files:
        def landed(_):
            return self.dice.randrange(2)

        names: dict[str, _Inode | None] = dict(self._kept_names)
        names.update(filter(landed, self._pending))
        return {name: bytes(inode.after(landed)) for name, inode in names.items() if inode}


@contextmanager
def losing_power(seed):
    """Have the host's files on such a disk, which this gives."""
    disk = Disk(dice=random.Random(seed))
    with host_calls(disk):
        yield disk
