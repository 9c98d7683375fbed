"""Proves templates of the native engine equal to their rows' bodies, case by case.

One instruction, or a constant put into a register and then one instruction, is executed by machine
code and by the body; afterwards all of both machines' state must be the same.
"""

from collections.abc import Iterator
from itertools import product
from random import Random

from isa_spec import instructions as rows
from isa_spec.formats import LENGTH, Kind
from isa_spec.instruction import Instruction
from isa_spec.instructions import BASE
from isa_spec.paging import Entry
from isa_spec.registers import MASKS, PC, PTBR, REGISTERS, STATUS
from machine.engine import UNDECIDED
from machine.machine import Machine
from machine.memory import Guard
from machine.native.backend import Backend
from machine.native.engine import Native
from machine.native.x86_64_templates import TEMPLATES

SIZE = 0x8000
CODE = 0x1000
LAST_OF_PAGE = 0x1FF8
VECTORS = 0x2000
TABLE = 0x3000
DATA = 0x4000
FRESH = 0x5000
SPARE = 0x6000

KERNEL, VIRTUAL = 1, 2
STATUSES = (KERNEL, 0, KERNEL | VIRTUAL, VIRTUAL)
ALL = int(Entry.PRESENT | Entry.READABLE | Entry.WRITABLE | Entry.EXECUTABLE | Entry.USER)
USED = ALL | int(Entry.ACCESSED | Entry.DIRTY)

CORNERS = (0, 1, 0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, 2, 0xFFFFFFFE, 0x80000001, 0x12345678)
JUMPS = (
    SPARE,
    SPARE - CODE,
    CODE - SPARE & 0xFFFFFFFF,
    SPARE - LAST_OF_PAGE,
    6,
    22,
    SPARE + 0x10000,
    SPARE + 4,
)
"""Values that lead to SPARE by some arithmetic with pc, or to what may be taken for it."""

ADDRESSES = (
    DATA, DATA + 0xFFC, DATA + 2, DATA + 1, FRESH + 8, CODE, CODE + 4, CODE + 0x800, 0, 4, 0xFFC,
    SIZE - 4, SIZE, SIZE + 4, 0x80004000, 0xFFFFFFFC, 0xFFFFFFFF, TABLE, TABLE + 16, TABLE + 0x800,
    0x9000, 0xA004, 0xB008, 0xFFFFF000,
)  # fmt: skip
"""In memory, beside it, misaligned, in code, in the page table, and in pages with few rights."""

HOMES = (0, 3, 7, 8, 14, 15, PC, 17, 20, 23, 26)
"""Registers of every sort: in a host register or not, with bits that they do not keep, pc."""

PLAIN = (DATA, DATA + 0xFFC, CODE + 0x800)
"""Addresses, of ADDRESSES, whose words are memory that anybody may load and store."""

_NONE = frozenset()
_NOTHING = rows.BASE.rows[1].encode(0, 0)


class Proof:
    """Two machines with the same state, one native; `processor` is the back end to prove."""

    def __init__(self, processor: Backend | None = None) -> None:
        self.native = Machine(SIZE, engine=lambda cpu, rows: Native(cpu, rows, processor))
        self.plain = Machine(SIZE)
        table = {page: page << 12 | USED for page in range(1, 8)}
        table[DATA >> 12] = DATA | ALL  # neither accessed nor dirty yet
        table[9] = DATA | USED & ~Entry.WRITABLE
        table[10] = DATA | USED & ~Entry.READABLE
        table[11] = FRESH | USED & ~Entry.USER
        words = b"".join(table.get(n, 0).to_bytes(4, "little") for n in range(12))
        for machine in (self.native, self.plain):
            machine.flash([(TABLE, words), (VECTORS, bytes([0, 0x10, 0, 0]) * 32)])
            machine.flash([(DATA, bytes(range(256)) * 16), (SPARE, _NOTHING)])
            machine.flash([(DATA, SPARE.to_bytes(4, "little"))])
            machine.run(0)

    def difference(
        self, code: bytes, registers: dict[int, int], status: int, at: int = CODE, ticks: int = 1
    ) -> str:
        """Execute `ticks` instructions on both machines; '' if all is the same afterwards."""
        states = []
        for machine in (self.native, self.plain):
            if machine.memory.read(at, len(code)) != code:
                machine.memory.write(at, code)
            r = machine.cpu.r
            r[:] = [(0x01010101 * n) & MASKS[n] for n in range(len(REGISTERS))]
            for number, value in registers.items():
                r[number] = value & MASKS[number]
            r[20], r[STATUS], r[PTBR], r[PC] = (
                registers.get(20, VECTORS) & ~3,
                status,
                TABLE | 1,
                at,
            )
            cpu = machine.cpu
            before = cpu.time
            machine.engine.run(cpu.time + ticks, _NONE, UNDECIDED)
            states.append(
                (list(r), cpu.time - before, cpu.check_stopped, cpu.asleep, cpu.exit_status)
            )
            self.after = list(r)
            cpu.check_stopped = cpu.asleep = False
            cpu.exit_status = None
        touched = (self.native.memory.read(0, SIZE), self.plain.memory.read(0, SIZE))
        guards = self.native.memory.guard, self.plain.memory.guard
        if states[0] != states[1] or touched[0] != touched[1]:
            return f"{code.hex()} at {at:#x}, status {status}, {registers}: {states}"
        if any((a ^ b) & Guard.COMMITTED for a, b in zip(*guards, strict=True)):
            return f"{code.hex()}: a store to a guarded page was not announced"
        return ""

    def guard_again(self) -> None:
        """Make the data pages as if never written, and their table entries as if never used."""
        for machine in (self.native, self.plain):
            for page in (DATA >> 12, FRESH >> 12):
                machine.memory.guard[page] |= Guard.COMMITTED
            entries = machine.memory.read(TABLE, 4 * 12)
            words = [int.from_bytes(entries[n : n + 4], "little") for n in range(0, 48, 4)]
            words[DATA >> 12] = DATA | ALL
            words[FRESH >> 12] = FRESH | ALL
            machine.memory.write(TABLE, b"".join(word.to_bytes(4, "little") for word in words))

    @property
    def stepped(self) -> int:
        """How many instructions the native engine left to the reference's way."""
        return self.native.engine.stepped


def values_of(row: Instruction, registers: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """Give the values that matter in each of a row's registers: addresses where it accesses."""
    count = len(registers)
    jumps = PC in registers or row.body is rows.branch
    values = [CORNERS + JUMPS if jumps else CORNERS] * count
    if row.body in (rows.load, rows.store):
        address = 1 if row.body is rows.load else 0
        values = [(CORNERS[-1], SPARE)] * count
        values[address] = ADDRESSES
    return tuple(values)


def constants_of(row: Instruction, rng: Random) -> Iterator[tuple[int, ...]]:
    """Give what can stand in a row's fields that are no registers."""
    fields = [field for field in row.fields if field.kind is not Kind.REGISTER]
    choices = {
        Kind.VALUE: (*CORNERS, 0x7F, 0x80, 0xFFFFFF80, 0xFFFFFF7F, rng.getrandbits(32)),
        Kind.TARGET: (8, 0, -8, 0x18, 0x7FFF * 8, -0x8000 * 8),
    }
    return product(*(choices[field.kind] for field in fields))


def instructions_of(
    row: Instruction, registers: tuple[int, ...], rng: Random
) -> Iterator[tuple[int, ...]]:
    """Give the operands of a row, in its order, for chosen registers."""
    for constants in constants_of(row, rng):
        named, others = iter(registers), iter(constants)
        yield tuple(
            next(named) if field.kind is Kind.REGISTER else next(others) for field in row.fields
        )


def prove(proof: Proof, row: Instruction, registers: tuple[int, ...], rng: Random) -> str:
    """Give the first difference of a row on some registers; '' if there is none.

    Every corner value in each of them, in every mode, and with the last one known to be constant.
    What the template is there for must not be left to Python, either.
    """
    values = dict(zip(registers, values_of(row, registers), strict=True))
    accesses = ADDRESSES in values.values()
    combinations = list(product(*values.values()))
    if row.body is rows.div and registers[0] == PC:
        # From the memory's end, the quotient by 4 is in the midst of the page's last instruction.
        code, held = row.encode(*registers), dict.fromkeys(registers[1:], 1)
        proof.difference(code, held, KERNEL, LAST_OF_PAGE)
        if found := proof.difference(code, dict.fromkeys(held, 4), KERNEL, SIZE - LENGTH):
            return found
    for count, operands in enumerate(instructions_of(row, registers, rng)):
        code = row.encode(*operands)
        at = LAST_OF_PAGE if count % 3 == 2 else CODE
        chosen = rng.sample(combinations, min(len(combinations), 30)) if count else combinations
        for number, combination in enumerate(chosen):
            held = dict(zip(values, combination, strict=True))
            for status in STATUSES if accesses else (STATUSES[number % 4 if number % 3 else 0],):
                if accesses and number % 2:
                    proof.guard_again()
                found = proof.difference(code, held, status, at)
                if not found and registers and number % 4 == 0:
                    found = _with_a_known_register(proof, code, held, status, rng)
                found = found or _left_to_python(proof, row, operands, held, status, at)
                if found:
                    return f"{row.syntax} {operands}: {found}"
    return ""


def _left_to_python(
    proof: Proof,
    row: Instruction,
    operands: tuple[int, ...],
    held: dict[int, int],
    status: int,
    at: int,
) -> str:
    """Do what machine code must do by itself; tell where it did not.

    Once all is warm: pages written, table entries used, the place that is jumped to compiled.
    """
    read = {number: value & MASKS[number] for number, value in held.items()} | {PC: at}
    address = {rows.load: -1, rows.store: 0}.get(row.body)
    if address is not None and read[operands[address]] not in PLAIN + (at,) * (address == -1):
        return ""
    if row.body is rows.div and not read[operands[1]]:
        return ""
    if row.body is rows.store and read[operands[0]] == CODE + 0x800 and at != CODE:
        return ""  # no code in that page, perhaps
    privileged = row.privileged or any(REGISTERS[number].privileged for number in held)
    if (privileged and not status & KERNEL) or row.body not in TEMPLATES:
        return ""
    if row.body is rows.store:
        proof.native.engine.forget()  # that the code was overwritten so often that it is stepped
    code = row.encode(*operands)
    for _ in range(2):
        proof.difference(code, held, status, at)
        before = proof.stepped
        found = proof.difference(code, held, status, at)
    if found or proof.stepped != before:
        return found or f"left to Python: {code.hex()}, {held}, status {status}"
    if address is not None and operands[address] != PC:
        known = _MOV_VALUE.encode(operands[address], held[operands[address]])
        proof.difference(known + code, held, status, CODE, ticks=2)
        before = proof.stepped
        found = proof.difference(known + code, held, status, CODE, ticks=2)
        if found or (proof.stepped != before and at == CODE):
            return found or f"left to Python: {(known + code).hex()}, {held}, status {status}"
    proof.difference(code, held, status, at)
    target = proof.after[PC]
    if target in (SPARE, at):
        for _ in range(2):
            proof.difference(code, held, status, at, ticks=2)
            before = proof.native.engine.entered
            found = proof.difference(code, held, status, at, ticks=2)
        if found or proof.native.engine.entered != before + 1:
            return found or f"came back to Python at a jump: {code.hex()}, {held}, {status}"
    return ""


def _with_a_known_register(
    proof: Proof, code: bytes, held: dict[int, int], status: int, rng: Random
) -> str:
    number = rng.choice(list(held))
    prefix = _MOV_VALUE.encode(number, held[number])
    if number == PC:
        return ""
    return proof.difference(prefix + code, held, status, CODE, ticks=2)


_MOV_VALUE = next(row for row in BASE if row.syntax == "mov a, value")
assert len(_MOV_VALUE.encode(0, 0)) == LENGTH
