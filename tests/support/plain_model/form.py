"""The checks of an instruction that need no more than its bytes and the mode (ISA manual §2)."""

from plain_model.registers import STATUS
from plain_model.trap import ILLEGAL, PRIVILEGED, Trap


def check_form(instruction: bytes, kernel: bool) -> None:
    """Raise trap 1, then trap 2, where the instruction calls for it (ISA manual §2)."""
    opcode, a, b, byte3 = instruction[:4]
    value = int.from_bytes(instruction[4:], "little")
    low_word = int.from_bytes(instruction[:4], "little")
    if opcode == 0x01:  # with value
        named = [a]
        unused = [b, byte3]
    elif 0x02 <= opcode <= 0x08:  # general, both operands
        named = [a, b]
        unused = [byte3, value]
    elif opcode == 0x09:  # branch has one operand
        named = [a]
        unused = [b, byte3, value]
    elif 0x0A <= opcode <= 0x0D:  # condbr uses every byte
        named = [a]
        unused = []
    elif opcode == 0x10:  # trap has only its value
        named = []
        unused = [a, b, byte3]
    elif 0x11 <= opcode <= 0x13:  # iret, wait and brk have nothing
        named = []
        unused = [a, b, byte3, value]
    else:
        raise Trap(ILLEGAL, low_word)
    for number in named:
        if number > 27:  # §1: 28-31 do not exist, nor does anything above
            raise Trap(ILLEGAL, low_word)
    for field in unused:
        if field != 0:
            raise Trap(ILLEGAL, low_word)
    if not kernel:
        for number in named:
            if number >= STATUS:
                raise Trap(PRIVILEGED, low_word)
        if opcode in (0x11, 0x12):
            raise Trap(PRIVILEGED, low_word)
