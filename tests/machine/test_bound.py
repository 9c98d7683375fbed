"""Bound bodies do what the bodies do."""

from isa_spec.cpu import Cpu
from isa_spec.instructions import BASE, branch, condbr_less
from isa_spec.registers import LINK, PC
from machine.bound import bound


class Handle:
    """A CPU that remembers what it was asked for."""

    def __init__(self) -> None:
        self.r = [100 + number for number in range(28)]
        self.next = 8
        self.asked: list[tuple[object, ...]] = []

    def __getattr__(self, name: str):
        def ask(*arguments: object) -> int:
            self.asked.append((name, *arguments))
            return 7

        return ask

    @property
    def state(self):
        return self.r, self.next, self.asked


def changes_its_operand(cpu: Cpu, a: int, b: int) -> None:
    """a ← the words at b and behind it"""
    total = 0
    for _ in range(2):
        total += cpu.load(b)
        b += 4
    cpu.r[a] = total
    cpu.next += b


def test_each_row_bound_does_what_its_body_does():
    for row in BASE:
        plain, other = Handle(), Handle()
        operands = tuple(range(1, 1 + len(row.operands)))
        quiet = row.meaning.quiet
        execute = bound(row.body, other.r if quiet else other, operands)
        for _ in range(2):
            row.body(plain.r if quiet else plain, *operands)
            execute()
        assert other.state == plain.state


def test_a_bound_body_takes_where_it_goes_on_from_its_handle_each_time():
    handle = Handle()
    call, less = bound(branch, handle, (2,)), bound(condbr_less, handle, (3, 1000, 16))
    for following in (0x2000, 0x3000):
        handle.next = following
        call()
        assert (handle.r[LINK], handle.next) == (following, 102)
    less()
    assert handle.next == handle.r[PC] + 16


def test_a_body_that_changes_its_operands_has_them_anew_each_time():
    handle = Handle()
    execute = bound(changes_its_operand, handle, (1, 40))
    execute()
    execute()
    assert handle.asked == [("load", 40), ("load", 44)] * 2
    assert (handle.r[1], handle.next) == (14, 8 + 2 * 48)
