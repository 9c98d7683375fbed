"""Registers as the packets show them: hexadecimal, in the target's byte order.

Knows widths, byte order and how a missing value looks (GDB manual: `g`); must not know what any
register is for.
"""

from gdbstub.target import Register, Target, TargetError
from gdbstub.views import View


class RegisterFile:
    """The registers of a target, as `view` has them, by number; every error is a TargetError."""

    def __init__(self, target: Target, view: View) -> None:
        self._view = view
        self._order = target.byte_order
        self._registers = tuple(target.registers)
        self._expedited = tuple(
            (number, b"%02x:" % number)
            for number, register in enumerate(self._registers)
            if register.expedite
        )

    def read(self, number: int) -> bytes:
        """One register's value as hexadecimal digits, `x` for each where it has none (`p`)."""
        size = _size(self._register(number))
        value = self._view.read_register(number)
        if value is None:
            return b"xx" * size
        return value.to_bytes(size, self._order).hex().encode()

    def read_all(self) -> bytes:
        """All registers, in the order of their numbers (`g`)."""
        return b"".join(map(self.read, range(len(self._registers))))

    def write(self, number: int, digits: bytes) -> None:
        """Change one register; `digits` must be as many as it has (`P`)."""
        register = self._register(number)
        size = _size(register)
        if len(digits) != 2 * size:
            raise TargetError(f"register {register.name} takes {2 * size} hexadecimal digits")
        self._view.write_register(number, int.from_bytes(unhex(digits), self._order))

    def write_all(self, digits: bytes) -> None:
        """Change all registers (`G`).

        Only what differs is written: a client sends all to change one, and a constant among them
        is no reason to refuse. A register sent as `x` is left alone.
        """
        sizes = [_size(register) for register in self._registers]
        if len(digits) != 2 * sum(sizes):
            raise TargetError(f"all registers together take {2 * sum(sizes)} hexadecimal digits")
        changes: list[tuple[int, bytes]] = []
        at = 0
        for number, size in enumerate(sizes):
            value = digits[at : at + 2 * size].lower()
            at += 2 * size
            if value != b"xx" * size and value != self.read(number):
                unhex(value)
                changes.append((number, value))
        for number, value in changes:
            self.write(number, value)

    def expedited(self) -> bytes:
        """`NN:value;` for each register that goes into every stop reply."""
        return b"".join([prefix + self.read(number) + b";" for number, prefix in self._expedited])

    def check(self, number: int) -> None:
        """Raises TargetError where there is no such register."""
        self._register(number)

    def _register(self, number: int) -> Register:
        if number >= len(self._registers):
            raise TargetError(f"there is no register {number}")
        return self._registers[number]


def _size(register: Register) -> int:
    return register.bits // 8


def unhex(digits: bytes) -> bytes:
    """Bytes from pairs of hexadecimal digits, and nothing but those."""
    try:
        data = bytes.fromhex(digits.decode("ascii"))
    except ValueError:
        raise TargetError("pairs of hexadecimal digits are wanted") from None
    if 2 * len(data) != len(digits):  # fromhex passes over spaces
        raise TargetError("pairs of hexadecimal digits are wanted")
    return data
