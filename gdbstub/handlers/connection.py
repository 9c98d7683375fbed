"""How client and stub agree on what they both can do.

Knows the negotiation; must not know any feature by name: packets declare those themselves.
"""

from gdbstub.client import Client
from gdbstub.registry import features_for, packet
from gdbstub.replies import OK
from gdbstub.target import Target, TargetError


@packet(
    b"qSupported",
    b"qSupported:",
    features=("error-message",),
    without_program=True,
)
def supported(client: Client, target: Target, arguments: bytes) -> bytes:
    """Which features have we in common?  GDB manual: `qSupported [:gdbfeature [;…]]`.

    What the client offers holds for this connection, or until it asks again. The answer is the
    same to every client.
    """
    offered = arguments.decode("ascii", "replace").split(";")
    client.supports = frozenset(each.removesuffix("+") for each in offered if each.endswith("+"))
    features = [f"{name}+" for name in features_for(target)]
    return ";".join([f"PacketSize={client.packet_size:x}", *features]).encode()


@packet(b"QStartNoAckMode", features=("QStartNoAckMode",), without_program=True)
def start_no_ack_mode(client: Client) -> bytes:
    """May we stop acknowledging each packet?  GDB manual: `QStartNoAckMode`."""
    client.acknowledges = False
    return OK


@packet(b"qSymbol:")
def symbol(arguments: bytes) -> bytes:
    """Do you want to look up symbols?  GDB manual: `qSymbol::`. Never."""
    if arguments != b":":
        raise TargetError("no symbol was asked for")
    return OK
