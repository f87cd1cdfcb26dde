"""The remote control's infrared beam: key events written to the box's ``remote.sock``."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path


class Remote:
    """A writer of ``{"key":"KEY_OK","value":1}`` lines (the kernel's key name; 1 down, 0 up) that finds the box again after it was away."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: asyncio.StreamWriter | None = None
        self._lock = asyncio.Lock()

    async def send(self, key: str, value: int) -> bool:
        """Send one event; False if no box listens (it is then lost, as light is)."""
        line = json.dumps({"key": key, "value": value}).encode() + b"\n"
        async with self._lock:
            for _ in range(2):  # the second time on a new connection
                if self._writer is None and not await self._connect():
                    return False
                assert self._writer is not None
                try:
                    self._writer.write(line)
                    await self._writer.drain()
                except ConnectionError:
                    self._writer = None
                else:
                    return True
            return False

    async def _connect(self) -> bool:
        try:
            reader, self._writer = await asyncio.open_unix_connection(self._path)
        except OSError:
            return False
        self._watch = asyncio.create_task(self._until_gone(reader, self._writer))
        return True

    async def _until_gone(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Notice the box's end of the line closing, so that the next key is not written into a dead one."""
        try:
            while await reader.read(4096):
                pass
        except ConnectionError:
            pass
        if self._writer is writer:
            self._writer = None
        writer.close()

    async def close(self) -> None:
        """Hang up."""
        if self._writer is not None:
            self._writer.close()
            await self._watch
