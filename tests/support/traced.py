"""Machines whose calls and traps are followed: the truth that a debugger's view is compared with.

What the registers held at every call and trap is noted. The script's parts look at the machine
through what stands for gdb here.
"""

from dataclasses import dataclass
from types import SimpleNamespace

from isa_spec.instructions import BASE
from isa_spec.registers import EPC, ESTATUS, PC, SP, STATUS
from machine.machine import Machine
from machine.reason import Reason
from soclet import views
from soclet.gdb_client import api
from toolchain.assembler import assemble
from toolchain.images import SymbolKind


class GdbError(RuntimeError):
    """What gdb raises."""


@dataclass(frozen=True)
class Entry:
    """A call or a trap: the registers that the caller, or what was interrupted, goes on with."""

    is_trap: bool
    registers: tuple[int, ...]


class Traced:
    """A machine with a program; `entries` are those that have not been returned from."""

    def __init__(self, text):
        self.program = assemble("traced.s", text)
        self.machine = Machine(1 << 20)
        self.machine.flash((part.address, part.data) for part in self.program.segments)
        self.entries = []
        self.symbols = {symbol.name: symbol.address for symbol in self.program.symbols}

    @property
    def r(self):
        return self.machine.cpu.r

    def step(self):
        """Execute an instruction, or enter an interrupt; tell whether the machine goes on."""
        before, cpu = tuple(self.r), self.machine.cpu
        newest = cpu.entered[-1] if cpu.entered else None
        code = views.read(self.machine, before[PC], 8)
        text = BASE.disassemble(code, before[PC]) or ""
        handlers = frozenset(self.symbols.values()) - {before[PC]}
        reason = self.machine.run(budget=1, breakpoints=handlers)
        if reason not in (Reason.BUDGET, Reason.BREAKPOINT):
            return False
        if cpu.entered and cpu.entered[-1] is not newest:
            interrupted = list(before)
            interrupted[PC], interrupted[STATUS] = self.r[EPC], self.r[ESTATUS]
            self.entries.append(Entry(True, tuple(interrupted)))
        elif text == "iret" or self._has_returned(before):
            self.entries.pop()
        elif text.startswith("branch "):
            calling = list(before)
            calling[PC] = before[PC] + 8
            self.entries.append(Entry(False, tuple(calling)))
        return True

    def _has_returned(self, before):
        if not self.entries or self.entries[-1].is_trap:
            return False
        caller = self.entries[-1].registers
        return (
            self.r[PC] == caller[PC] and self.r[SP] == caller[SP] and before[PC] + 8 != caller[PC]
        )

    # gdb's module

    def stand_for_gdb(self, monkeypatch, *, described=()):
        """Have the parts see this machine; `described`: functions with debugging information."""

        def read_memory(address, length):
            data = views.read(self.machine, address, length)
            if len(data) < length:
                raise GdbError("Cannot access memory")
            return memoryview(data)

        def block_for_pc(pc):
            for symbol in self.program.symbols:
                if symbol.name in described and 0 <= pc - symbol.address < symbol.size:
                    assert symbol.kind is SymbolKind.FUNCTION
                    return SimpleNamespace(start=symbol.address, function=symbol, superblock=None)
            return None

        def format_address(address):
            below = {at: name for name, at in self.symbols.items() if at <= address}
            if not below:
                return hex(address)
            at = max(below)
            offset = f"+{address - at}" if address > at else ""
            return f"{address:#x} <{below[at]}{offset}>"

        for name, value in {
            "error": GdbError,
            "selected_inferior": lambda: SimpleNamespace(read_memory=read_memory),
            "block_for_pc": block_for_pc,
            "format_address": format_address,
        }.items():
            monkeypatch.setattr(api, name, value, raising=False)

    @property
    def frame(self):
        return SimpleNamespace(register=lambda number: self.r[number])
