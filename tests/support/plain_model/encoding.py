"""An encoder of instructions and a small assembler with labels, from ISA manual §2."""

from plain_model.registers import REGISTER_NAMES

INSTRUCTION_SIZE = 8

MOV_VALUE = 0x01
MOV = 0x02
LOAD = 0x03
STORE = 0x04
ADD = 0x05
SUB = 0x06
MUL = 0x07
DIV = 0x08
BRANCH = 0x09
LESS = 0x0A
EQUAL = 0x0B
GREATER = 0x0C
DIFFERENT = 0x0D
TRAP = 0x10
IRET = 0x11
WAIT = 0x12
BRK = 0x13

CONDITIONS = (LESS, EQUAL, GREATER, DIFFERENT)
OPCODES = (MOV_VALUE, MOV, LOAD, STORE, ADD, SUB, MUL, DIV, BRANCH, *CONDITIONS)
OPCODES_WITHOUT_REGISTERS = (TRAP, IRET, WAIT, BRK)


def number_of(name: str) -> int:
    """Return the number of a register."""
    return REGISTER_NAMES.index(name)


def encode(opcode: int, a: int = 0, b: int = 0, byte3: int = 0, value: int = 0) -> bytes:
    """Return the eight bytes of an instruction, whether it is a legal one or not."""
    return bytes((opcode, a, b, byte3)) + (value % 2**32).to_bytes(4, "little")


def encode_condbr(opcode: int, a: int, displacement: int, value: int) -> bytes:
    """Return a condbr; the displacement counts instructions, -0x8000 to 0x7FFF."""
    low, high = (displacement % 2**16).to_bytes(2, "little")
    return encode(opcode, a, low, high, value)


class Code:
    """Instructions one after the other, beginning at the address where they will run.

    Labels may be used before they are placed; a label is an absolute address as a value, and
    a displacement in a condbr.
    """

    def __init__(self, start: int) -> None:
        self.start = start
        self.words: list[bytes] = []
        self.labels: dict[str, int] = {}
        self.values_to_fill: list[tuple[int, str, int]] = []
        self.displacements_to_fill: list[tuple[int, str]] = []
        self.names_given = 0

    @property
    def here(self) -> int:
        """The address of the next instruction."""
        return (self.start + INSTRUCTION_SIZE * len(self.words)) % 2**32

    def fresh(self) -> str:
        """Return a name of a label that nobody else has."""
        self.names_given += 1
        return f"label {self.names_given}"

    def place(self, label: str) -> str:
        """Put a label here."""
        self.labels[label] = self.here
        return label

    def raw(self, instruction: bytes) -> None:
        """Add eight bytes, whatever they mean."""
        self.words.append(instruction)

    def mov(self, a: str, value: int) -> None:
        """Add `mov a, value`."""
        self.raw(encode(MOV_VALUE, number_of(a), value=value))

    def mov_label(self, a: str, label: str, offset: int = 0) -> None:
        """Add `mov a, value` with the address of a label, plus an offset."""
        self.values_to_fill.append((len(self.words), label, offset))
        self.mov(a, 0)

    def op(self, opcode: int, a: str, b: str) -> None:
        """Add an instruction with two registers."""
        self.raw(encode(opcode, number_of(a), number_of(b)))

    def load(self, a: str, b: str) -> None:
        """Add `mov a, [b]`."""
        self.op(LOAD, a, b)

    def store(self, a: str, b: str) -> None:
        """Add `mov [a], b`."""
        self.op(STORE, a, b)

    def branch(self, a: str) -> None:
        """Add `branch [a]`."""
        self.raw(encode(BRANCH, number_of(a)))

    def condbr(self, opcode: int, a: str, value: int, label: str) -> None:
        """Add a condbr to a label."""
        self.displacements_to_fill.append((len(self.words), label))
        self.raw(encode_condbr(opcode, number_of(a), 0, value))

    def trap(self, value: int) -> None:
        """Add `trap value`."""
        self.raw(encode(TRAP, value=value))

    def plain(self, opcode: int) -> None:
        """Add iret, wait or brk."""
        self.raw(encode(opcode))

    def image(self) -> bytes:
        """Return the bytes with all labels filled in."""
        for index, label, offset in self.values_to_fill:
            value = (self.labels[label] + offset) % 2**32
            self.words[index] = self.words[index][:4] + value.to_bytes(4, "little")
        for index, label in self.displacements_to_fill:
            here = self.start + INSTRUCTION_SIZE * index
            distance = (self.labels[label] - here) // INSTRUCTION_SIZE
            word = self.words[index]
            low_high = (distance % 2**16).to_bytes(2, "little")
            self.words[index] = word[:2] + low_high + word[4:]
        return b"".join(self.words)
