"""The client's side of the remote protocol, for tests: frames packets, reads replies apart."""

import re

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
