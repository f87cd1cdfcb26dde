"""The television's middleware: who has the screen, and *yield now*, over a Unix socket that the box connects to.

Newline-delimited JSON. Box to television: ``{"type":"screen","shown":true}``. Television to box: ``{"type":"yield","active":true}``,
sent at every change and, when it is on, to a box that connects meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path


class Middleware:
    """The state of the screen; ``changed`` is called after every change of it."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._boxes: set[asyncio.StreamWriter] = set()
        self.shown = False
        self.yielding = False

    @property
    def connected(self) -> bool:
        """Say whether a box is connected."""
        return bool(self._boxes)

    def set_yield(self, active: bool) -> None:
        """Take the screen for an emergency warning, or give it free again."""
        if active == self.yielding:
            return
        self.yielding = active
        for box in self._boxes:
            self._tell(box)
        self._changed()

    def hang_up(self) -> None:
        """End the connections of all boxes."""
        for box in self._boxes:
            box.close()

    def _tell(self, box: asyncio.StreamWriter) -> None:
        box.write(json.dumps({"type": "yield", "active": self.yielding}).encode() + b"\n")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk with one box until it goes; what is not this protocol ends the connection."""
        self._boxes.add(writer)
        if self.yielding:
            self._tell(writer)
        self._changed()
        try:
            while line := await reader.readline():
                self.shown = _shown(line)
                self._changed()
        except (ValueError, ConnectionError):
            pass
        finally:
            self._boxes.discard(writer)
            self.shown = self.shown and bool(self._boxes)
            self._changed()
            writer.close()


def _shown(line: bytes) -> bool:
    """Read a ``screen`` message; raises ValueError for anything else."""
    message = json.loads(line)
    if not isinstance(message, dict) or message.get("type") != "screen" or not isinstance(message.get("shown"), bool):
        raise ValueError("not a screen message")
    return bool(message["shown"])


@contextlib.asynccontextmanager
async def middleware(path: Path, changed: Callable[[], None]) -> AsyncIterator[Middleware]:
    """Listen at ``path`` (mode 0600) until the block ends."""
    tv = Middleware(changed)
    server = await asyncio.start_unix_server(tv.serve, sock=_listener(path))
    try:
        yield tv
    finally:
        server.close()
        tv.hang_up()
        _remove(path)


def _listener(path: Path) -> socket.socket:
    _remove(path)
    listener = socket.socket(socket.AF_UNIX)
    mask = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(mask)
    return listener


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
