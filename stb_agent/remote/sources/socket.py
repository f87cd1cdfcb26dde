"""``remote.sock``: a write-only Unix socket for a simulated or a phone's remote; one RemoteEvent a line."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from stb_agent.contract.messages import decode_remote
from stb_agent.remote.sources import UP, Bus, Device, KeyEvent, Listener

log = logging.getLogger(__name__)


class SocketSource:
    """Listen on ``path``; nothing is ever written back."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def run(self, listener: Listener) -> None:
        """Serve until cancelled. A line that is not of the contract is dropped, and its sender with it."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if (task := asyncio.current_task()) is not None:
                senders.add(task)
                task.add_done_callback(senders.discard)
            now = asyncio.get_running_loop().time
            device = Device(f"socket{next(numbers)}", "remote.sock", Bus.SOCKET)
            held: set[str] = set()
            listener.came(device)
            try:
                async for line in reader:
                    event = decode_remote(line)
                    (held.discard if event.value == UP else held.add)(event.key)
                    listener.key(KeyEvent(device.id, event.key, event.value, now()))
            except (msgspec.DecodeError, OSError, ValueError):
                log.warning("remote.sock: a sender was dropped for a line that is not of the contract")
            finally:
                for key in sorted(held):
                    listener.key(KeyEvent(device.id, key, UP, now()))
                listener.went(device)
                writer.close()

        numbers, senders = itertools.count(), set[asyncio.Task[None]]()
        self._path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(serve, self._path, limit=4096)
        self._path.chmod(0o600)
        try:
            await server.serve_forever()
        finally:
            server.close()
            for sender in list(senders):
                sender.cancel()
            with suppress(OSError):
                self._path.unlink()

    def grab(self, wanted: bool) -> None:
        """Do nothing: these keys go nowhere else."""

    def listen_wide(self, on: bool) -> None:
        """Do nothing: whoever sends is heard."""

    def adopt(self, taught: Callable[[Device], bool]) -> None:
        """Do nothing: whoever sends is a remote."""
