"""The checksum of `qCRC`.

The GDB manual (Packets: `qCRC`) wants a CRC-32 that takes each byte's most significant bit first,
begins with all ones and ends as it is. zlib's takes the least significant first and complements
the end. So with the bits of every byte and of the result turned round, zlib does the work.
"""

from collections.abc import Iterable
from typing import Final
from zlib import crc32

_TURNED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def gdb_crc(chunks: Iterable[bytes]) -> int:
    """The checksum of all the chunks together."""
    value = 0
    for chunk in chunks:
        value = crc32(chunk.translate(_TURNED), value)
    return int.from_bytes((value ^ 0xFFFF_FFFF).to_bytes(4, "little").translate(_TURNED), "big")
