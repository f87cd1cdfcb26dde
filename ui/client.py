"""The agent's socket, seen from the UI: lines in, lines out, never waiting."""

from __future__ import annotations

import socket
from pathlib import Path

import msgspec

from stb_agent.contract.messages import VERSION, FromAgent, FromUi, Hello, decode_from_agent, encode

_CHUNK = 65536
_LONGEST = 4 * 1024 * 1024
"""Bytes of a line beyond which the other side is not an agent of ours."""


class LostError(Exception):
    """The agent is gone, or what came was not ours: connect anew."""


class Client:
    """A connection that comes and goes."""

    def __init__(self, path: Path) -> None:
        """Name the socket; nothing is opened yet."""
        self._path = path
        self._socket: socket.socket | None = None
        self._rest = b""

    @property
    def connected(self) -> bool:
        """Tell whether there is a connection."""
        return self._socket is not None

    def fileno(self) -> int:
        """Give the descriptor to wait on. Raises LostError without a connection."""
        return self._open().fileno()

    def connect(self) -> bool:
        """Try once to reach the agent and say hello; tell whether it worked."""
        self.close()
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        try:
            link.connect(str(self._path))
            link.send(encode(Hello(VERSION)))
        except OSError:
            link.close()
            return False
        self._socket = link
        return True

    def receive(self) -> list[FromAgent]:
        """Give the messages that have come, in order. Raises LostError at the end of the connection."""
        link = self._open()
        try:
            while chunk := link.recv(_CHUNK):
                self._rest += chunk
                if len(chunk) < _CHUNK:
                    break
            else:
                raise LostError
        except BlockingIOError:
            pass
        except OSError as error:
            raise LostError from error
        *lines, self._rest = self._rest.split(b"\n")
        if len(self._rest) > _LONGEST:
            raise LostError
        try:
            return [decode_from_agent(line) for line in lines]
        except msgspec.MsgspecError as error:
            raise LostError from error

    def send(self, message: FromUi) -> None:
        """Send a message whole. Raises LostError when the agent does not take it."""
        line = encode(message)
        try:
            if self._open().send(line) != len(line):
                raise LostError
        except OSError as error:
            raise LostError from error

    def close(self) -> None:
        """End the connection, if there is one."""
        if self._socket:
            self._socket.close()
        self._socket, self._rest = None, b""

    def _open(self) -> socket.socket:
        if not self._socket:
            raise LostError
        return self._socket
