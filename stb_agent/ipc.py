"""The socket that UIs connect to: views and keys out, intents in."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from stb_agent.contract.messages import VERSION, FromAgent, Hello, Intent, ViewMessage, decode_from_ui, encode

log = logging.getLogger(__name__)

_LINE_LIMIT = 65536
_BEHIND = 1 << 20
"""Bytes that a UI may be behind before it is dropped: it is back on the current view when it connects again."""


class UiServer:
    """Serve the UI's socket. Only our own user (or root) may connect; the newest view is the first thing that a UI gets."""

    def __init__(self, path: Path, current: Callable[[], ViewMessage], on_intent: Callable[[Intent], None]) -> None:
        self._path = path
        self._current = current
        self._on_intent = on_intent
        self._clients: set[asyncio.StreamWriter] = set()

    async def run(self, ready: asyncio.Event) -> None:
        """Serve until cancelled; ``ready`` is set once the socket is there."""
        self._path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(self._serve, self._path, limit=_LINE_LIMIT)
        self._path.chmod(0o600)
        ready.set()
        try:
            await server.serve_forever()
        finally:
            server.close()
            for writer in list(self._clients):
                writer.close()
            with suppress(OSError):
                self._path.unlink()

    def send(self, message: FromAgent) -> None:
        """Send to every UI."""
        line = encode(message)
        for writer in list(self._clients):
            if writer.transport.get_write_buffer_size() > _BEHIND:
                log.warning("a UI that does not read was dropped")
                self._clients.discard(writer)
                writer.transport.abort()
            else:
                writer.write(line)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if not _permitted(writer):
                log.warning("a connection of another user was refused")
                return
            first = await reader.readline()
            if not first:
                return  # somebody looked whether we are there
            hello = decode_from_ui(first)
            if not isinstance(hello, Hello) or hello.version != VERSION:
                log.warning("a UI of another version was refused")
                return
            writer.write(encode(self._current()))
            self._clients.add(writer)
            async for line in reader:
                message = decode_from_ui(line)
                if isinstance(message, Intent):
                    self._on_intent(message)
        except (msgspec.DecodeError, ValueError):
            log.warning("a UI was dropped for a line that is not of the contract")
        except OSError:
            log.info("a UI went away")
        finally:
            self._clients.discard(writer)
            writer.close()


def _permitted(writer: asyncio.StreamWriter) -> bool:
    """Check the peer's user id (SO_PEERCRED, unix(7))."""
    raw = writer.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    uid = struct.unpack("3i", raw)[1]
    return uid in (0, os.getuid())
