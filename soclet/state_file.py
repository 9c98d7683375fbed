"""The `--state` file: how a run ended, as JSON for programs to read."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from isa_spec.memory_map import MEMORY_START
from isa_spec.registers import REGISTERS
from machine.machine import Machine
from soclet.files import write_whole

_CHUNK = 1 << 20


def state(machine: Machine, ended: str, exit_status: int | None, output: bytes) -> dict[str, Any]:
    """Give the state as plain values; `output` is all that was sent on the serial line."""
    return {
        "ended": ended,
        "exit_status": exit_status,
        "time": machine.cpu.time,
        "registers": {register.name: machine.cpu.r[register.number] for register in REGISTERS},
        "memory_sha256": _memory_hash(machine),
        "serial_output": base64.b64encode(output).decode(),
    }


def write(path: Path, values: dict[str, Any]) -> None:
    """Write the file, whole or not at all; raise UserError where that fails."""
    write_whole(path, (json.dumps(values, indent=2) + "\n").encode())


def _memory_hash(machine: Machine) -> str:
    digest = hashlib.sha256()
    for start in range(MEMORY_START, machine.memory.size, _CHUNK):
        digest.update(machine.memory.read(start, min(_CHUNK, machine.memory.size - start)))
    return digest.hexdigest()
