"""The client's side of the remote protocol, for tests.

Frames packets, reads replies apart, writes agent expressions.
"""

import re

from gdbstub.agent.opcodes import BY_NAME

REPLY = re.compile(rb"([+-])|\$([^#]*)#([0-9a-f]{2})", re.DOTALL)


def frame(payload):
    return b"$%b#%02x" % (payload, sum(payload) % 256)


def binary(data):
    """Escape data as gdb does."""
    return re.sub(rb"[#$}*]", lambda found: bytes([0x7D, found[0][0] ^ 0x20]), data)


def expand(payload):
    """Undo run-length encoding as gdb does."""
    return re.sub(rb"(.)\*(.)", lambda run: run[1] * (run[2][0] - 28), payload, flags=re.DOTALL)


def apart(output):
    """Bytes of a stub as a list of marks (`+`, `-`) and payloads, every checksum being right."""
    found, at = [], 0
    while at < len(output):
        reply = REPLY.match(output, at)
        assert reply, output[at:]
        at = reply.end()
        if reply[1]:
            found.append(reply[1])
        else:
            assert int(reply[3], 16) == sum(reply[2]) % 256
            found.append(reply[2])
    return found


def agent(*instructions):
    """Bytecode of instructions such as "const8 5"; a printf's format follows it as it is."""
    code = bytearray()
    for instruction in instructions:
        name, _, rest = instruction.partition(" ")
        opcode = BY_NAME[name]
        operand, _, text = rest.partition(" ")
        code.append(opcode.number)
        code += int(operand or "0", 0).to_bytes(opcode.operand, "big")
        if name == "printf":
            code += (len(text) + 1).to_bytes(2, "big") + text.encode() + b"\0"
    return bytes(code)


def expression(*instructions):
    """The same as it stands in a `Z` packet."""
    code = agent(*instructions)
    return b"X%x,%b" % (len(code), code.hex().encode())
