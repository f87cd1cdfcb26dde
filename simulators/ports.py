"""Loopback ports that a simulator can have again after it was stopped."""

import random
import socket
from pathlib import Path

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_APART = 12000
_LIMIT = 200


def listen(port: int) -> socket.socket:
    """Listen at a loopback port, 0 for any free one; OSError when it is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def listen_apart() -> socket.socket:
    """Listen at a free port below those that the kernel gives to outgoing connections.

    None of those can take the port while the simulator is stopped for a moment. OSError when none is found.
    """
    first = int(_RANGE.read_text().split()[0])
    for _ in range(_LIMIT):
        try:
            return listen(random.randrange(max(1024, first - _APART), first))
        except OSError:
            continue
    raise OSError(f"no free port below {first} in {_LIMIT} attempts")
