"""The television's middleware: who has the screen, *yield now*, and the television's own keys, over a Unix socket that the box connects to.

Newline-delimited JSON. Box to television: ``{"type":"screen","shown":true}``, and while that is so ``{"type":"key","key":"KEY_VOLUMEUP","value":1}``
for the keys that are not Chanoma's. Television to box: ``{"type":"yield","active":true}``, sent at every change and, when it is on, to a box
that connects meanwhile; ``{"type":"open"}`` when Chanoma was chosen in the television's menu.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

KEY = re.compile(r"KEY_[A-Z0-9_]{1,24}|SCAN_[0-9a-f]{1,16}")
"""A key as the kernel names it, or a scancode that it has no name for."""


class Middleware:
    """The state of the screen; ``changed`` is called after every change of it, ``pressed`` with each of the television's keys."""

    def __init__(self, changed: Callable[[], None], pressed: Callable[[str, int], None]) -> None:
        self._changed = changed
        self._pressed = pressed
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

    def open(self) -> None:
        """Say that Chanoma was chosen in the television's menu."""
        for box in self._boxes:
            box.write(b'{"type": "open"}\n')

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
                self._hear(line)
        except (ValueError, ConnectionError):
            pass
        finally:
            self._boxes.discard(writer)
            self.shown = self.shown and bool(self._boxes)
            self._changed()
            writer.close()

    def _hear(self, line: bytes) -> None:
        """Take a message; raises ValueError for what is none."""
        match json.loads(line):
            case {"type": "screen", "shown": bool(shown)}:
                self.shown = shown
                self._changed()
            case {"type": "key", "key": str(key), "value": 0 | 1 | 2 as value} if KEY.fullmatch(key):
                self._pressed(key, int(value))
            case _:
                raise ValueError("not a message to a television")


@contextlib.asynccontextmanager
async def middleware(
    path: Path, changed: Callable[[], None], pressed: Callable[[str, int], None]
) -> AsyncIterator[Middleware]:
    """Listen at ``path`` (mode 0600) until the block ends."""
    tv = Middleware(changed, pressed)
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
