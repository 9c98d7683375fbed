"""Registers as the packets show them: hexadecimal, in the target's byte order.

Knows widths, byte order and how a missing value looks (GDB manual: `g`); must not know what any
register is for.
"""

from binascii import hexlify, unhexlify

from gdbstub.target import Target, TargetError
from gdbstub.views import View


class RegisterFile:
    """The registers of a target, as `view` has them, by number; every error is a TargetError."""

    def __init__(self, target: Target, view: View) -> None:
        self._view = view
        self._order = target.byte_order
        self._registers = tuple(target.registers)
        self._sizes = tuple(register.bits // 8 for register in self._registers)
        self._expedited = tuple(
            (number, b"%02x:" % number)
            for number, register in enumerate(self._registers)
            if register.expedite
        )

    def read(self, number: int) -> bytes:
        """One register's value as hexadecimal digits, `x` for each where it has none (`p`)."""
        self.check(number)
        value = self._view.read_register(number)
        size = self._sizes[number]
        return b"xx" * size if value is None else hexlify(value.to_bytes(size, self._order))

    def read_all(self) -> bytes:
        """All registers, in the order of their numbers (`g`)."""
        return b"".join(map(self.read, range(len(self._registers))))

    def write(self, number: int, digits: bytes) -> None:
        """Change one register; `digits` must be as many as it has (`P`)."""
        self.check(number)
        digits_wanted = 2 * self._sizes[number]
        if len(digits) != digits_wanted:
            name = self._registers[number].name
            raise TargetError(f"register {name} takes {digits_wanted} hexadecimal digits")
        self._view.write_register(number, int.from_bytes(unhex(digits), self._order))

    def write_all(self, digits: bytes) -> None:
        """Change all registers (`G`).

        Only what differs is written: a client sends all to change one, and a constant among them
        is no reason to refuse. A register sent as `x` is left alone.
        """
        all_digits = 2 * sum(self._sizes)
        if len(digits) != all_digits:
            raise TargetError(f"all registers together take {all_digits} hexadecimal digits")
        changes: list[tuple[int, bytes]] = []
        at = 0
        for number, size in enumerate(self._sizes):
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
        """Raises TargetError where there is no such register; `number` is 0 or more."""
        if number >= len(self._registers):
            raise TargetError(f"there is no register {number}")


def unhex(digits: bytes) -> bytes:
    """Bytes from pairs of hexadecimal digits, and nothing but those."""
    try:
        return unhexlify(digits)
    except ValueError:
        raise TargetError("pairs of hexadecimal digits are wanted") from None
