"""Sockets that arrive somewhere else than they were connected to."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any


def diverted(info: tuple[Any, ...], ports: Mapping[tuple[str, int], int]) -> socket.socket:
    """Make a socket (aiohttp's ``socket_factory``) that arrives at this machine's port for the address that it is connected to."""

    class Diverted(socket.socket):
        def connect(self, address: Any) -> None:
            super().connect(("127.0.0.1", ports[address[0], address[1]]))

    made = Diverted(*info[:3])
    made.setblocking(False)
    return made
