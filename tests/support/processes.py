"""Guests with processes for tests: a descriptor and what it describes, laid out by hand."""

from isa_spec.registers import LINK, PC, STATUS
from machine.machine import Machine
from soclet.processes.descriptor import LAYOUT, NONE, SAVED

DESCRIPTOR = 0x2000
CURRENT = 0x3000
FIRST = 0x3004
STATES = 0x3100
SIZE = 0x100
NEXT, PID, STATE, PTBR, SAVE, NAME, REGISTERS = 0, 4, 8, 12, 16, 0x20, 0x60

FIELDS = {
    "version": 1,
    "current": CURRENT,
    "first": FIRST,
    "next": NEXT,
    "pid": PID,
    "name": NAME,
    "state": STATE,
    "states": STATES,
    "ptbr": PTBR,
    "save": NONE,
    "registers": [REGISTERS + 4 * at for at in range(len(SAVED))],
}


def put(machine, address, *words):
    """Put words into memory."""
    machine.memory.write(address, b"".join(word.to_bytes(4, "little") for word in words))


def describe(machine, address=DESCRIPTOR, **changes):
    """Put a descriptor into memory, its fields changed."""
    machine.memory.write(address, LAYOUT.build(FIELDS | changes))


def process(machine, at, pid, *, following=0, name="", state=0, ptbr=0, **registers):
    """Put a process into memory, its saved registers by name; give its address."""
    address = 0x4000 + SIZE * at
    put(machine, address, following, pid, state, ptbr)
    put(machine, address + NAME, *map(ord, name), 0)
    for register, value in registers.items():
        number = {"pc": PC, "link": LINK, "status": STATUS}.get(register)
        number = int(register[1:]) if number is None else number
        put(machine, address + REGISTERS + 4 * SAVED.index(number), value)
    return address


def two_processes(**changes):
    """A halted machine with a descriptor, `one` that runs, and `two`, which is ready."""
    machine = Machine(64 << 10)
    describe(machine, **changes)
    machine.memory.write(STATES, b"ready\0waiting for a key\0")
    two = process(
        machine, 1, 2, name="two", ptbr=0x8001, r0=22, r4=44, r15=0x9000, pc=0x1010, status=6
    )
    one = process(machine, 0, 1, following=two, name="one", state=1, ptbr=0x7001, pc=0x1008)
    put(machine, CURRENT, one, one)
    return machine
