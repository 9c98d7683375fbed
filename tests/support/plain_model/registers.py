"""The register file: names, numbers, and the bits that each register has (ISA manual §1)."""

# In the order of the register numbers.
REGISTER_NAMES = (
    *(f"r{number}" for number in range(16)),
    *("pc", "link", "status", "ptbr", "ivec", "imask", "epc", "estatus", "cause", "detail"),
    *("ks0", "ks1"),
)
PC = 16
LINK = 17
STATUS = 18
PTBR = 19
IVEC = 20
IMASK = 21
EPC = 22
ESTATUS = 23
CAUSE = 24
DETAIL = 25

KERNEL = 1
VIRTUAL = 2
INTERRUPTS = 4


def kept(number: int, value: int) -> int:
    """Return what a register holds after a value was written to it."""
    if number in (STATUS, ESTATUS):
        return value & 0x7
    if number == IVEC:
        return value & 0xFFFFFFFC
    if number == IMASK:
        return value & 0xFFFF0000
    return value & 0xFFFFFFFF
