"""Ports for tests: on the loopback, free a moment ago."""

import socket
from contextlib import ExitStack

_LIMIT = 200


def free_port() -> int:
    """Find a TCP port free on the loopback; it is not reserved, so bind it soon."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def free_ports_in_a_row(count: int) -> int:
    """Find the first of `count` neighbouring ports free on every interface, or raise OSError."""
    for _ in range(_LIMIT):
        first = free_port()
        try:
            with ExitStack() as stack:
                for port in range(first, first + count):
                    stack.enter_context(socket.socket()).bind(("", port))
        except (OSError, OverflowError):
            continue
        return first
    raise OSError(f"no {count} neighbouring free ports in {_LIMIT} attempts")
