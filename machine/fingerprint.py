"""A digest of what memory holds, kept up to date at the price of the pages that are written.

Knows memory, its pages and their guard; must not know what the digest is for. It depends on what
memory holds and on nothing else: not on which pages were ever written, nor in which order.
"""

from hashlib import sha256
from typing import Final

from isa_spec.paging import PAGE, PAGE_SHIFT
from machine.memory import Guard, Memory

DIGEST_BYTES: Final = 32

_MODULUS: Final = 1 << 8 * DIGEST_BYTES
_ZEROS: Final = bytes(PAGE)


class Fingerprint:
    """The sum of the digests of all pages that hold anything but zeros.

    One at a time per memory: a later one takes the guard over.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory: Final = memory
        self._digests: Final[dict[int, int]] = {}
        self._written: Final[set[int]] = set()
        self._sum = 0
        memory.watch(Guard.DIGESTED, self._note)

    def digest(self) -> bytes:
        """Give the digest of what memory holds now."""
        memory, digests = self._memory, self._digests
        if len(memory.touched) > len(digests):
            # Memory itself notes the first write to a page; what was never touched costs nothing.
            self._written.update(memory.touched - digests.keys())
        for page in self._written:
            digest = _digest(page, memory.read(page << PAGE_SHIFT, PAGE))
            self._sum += digest - digests.get(page, 0)
            digests[page] = digest
        memory.guard_pages(self._written, Guard.DIGESTED)
        self._written.clear()
        self._sum %= _MODULUS
        return self._sum.to_bytes(DIGEST_BYTES, "little")

    def _note(self, address: int, _length: int) -> bool:
        self._written.add(address >> PAGE_SHIFT)
        return False


def _digest(page: int, data: bytes) -> int:
    if data == _ZEROS:
        return 0
    return int.from_bytes(sha256(page.to_bytes(4, "little") + data).digest(), "little")
