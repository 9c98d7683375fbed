"""The MMU: from a virtual to a physical address through the one-level table in memory."""

from plain_model.trap import FETCH, LOAD, NOT_PRESENT, NOTHING_THERE, PROTECTION, STORE, Trap

FIRST_MEMORY_ADDRESS = 0x1000

P = 0x01
R = 0x02
W = 0x04
X = 0x08
U = 0x10
A = 0x20
D = 0x40


def word_at(memory: bytearray, address: int) -> int:
    """Return the little-endian word at a physical address that lies in memory."""
    return int.from_bytes(memory[address : address + 4], "little")


def put_word(memory: bytearray, address: int, word: int) -> None:
    """Replace the little-endian word at a physical address that lies in memory."""
    memory[address : address + 4] = word.to_bytes(4, "little")


def in_memory(memory: bytearray, address: int) -> bool:
    """Tell whether a physical address is memory: not the I/O page, not beyond (ISA manual §4)."""
    return FIRST_MEMORY_ADDRESS <= address < len(memory)


def translate(memory: bytearray, ptbr: int, user: bool, address: int, kind: int) -> int:
    """Return the physical address, setting A and D in the table; Trap where it is refused."""
    # §1: bits 31-12 of ptbr are the table's address, bits 11-0 its length in 4 KiB pages of
    # entries, 0 or more than 1024 meaning 1024. A page of entries is 1024 entries.
    table = ptbr & 0xFFFFF000
    table_pages = ptbr & 0xFFF
    if table_pages == 0 or table_pages > 1024:
        table_pages = 1024

    # §4: an entry beyond the table's length, trap 3.
    number = address // 4096
    if number >= table_pages * 1024:
        raise Trap(NOT_PRESENT, address, kind)

    # §4: a table word outside memory, trap 6; base + 4 × number is not reduced modulo 2^32.
    entry_address = table + 4 * number
    if not in_memory(memory, entry_address):
        raise Trap(NOTHING_THERE, address, kind)

    # §4: P clear, trap 3.
    entry = word_at(memory, entry_address)
    if entry & P == 0:
        raise Trap(NOT_PRESENT, address, kind)

    # §4: the access not allowed, trap 4. Kernel mode ignores U, but not R, W, X.
    if kind == LOAD and entry & R == 0:
        raise Trap(PROTECTION, address, kind)
    if kind == STORE and entry & W == 0:
        raise Trap(PROTECTION, address, kind)
    if kind == FETCH and entry & X == 0:
        raise Trap(PROTECTION, address, kind)
    if user and entry & U == 0:
        raise Trap(PROTECTION, address, kind)

    # §4: A is set on every successful translation, D on every successful one for a write.
    # What fails later (alignment, range, a port) does not undo them.
    entry = entry | A
    if kind == STORE:
        entry = entry | D
    put_word(memory, entry_address, entry)

    return (entry & 0xFFFFF000) + address % 4096
