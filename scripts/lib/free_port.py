"""Print each TCP port of the command line that is free on 127.0.0.1, and 0 for one that is taken.

It binds and never connects: to a debugger's port a connection is a debugger, and halts the machine.
"""

import socket
import sys


def free_or_any(port: int) -> int:
    """The port where a listener could have it now, else 0, for which the system picks one."""
    with socket.socket() as probe:
        # What a listener sets too: a connection that has just ended does not hold the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


if __name__ == "__main__":
    print(*(free_or_any(int(port)) for port in sys.argv[1:]))
