"""``remote.sock``: a write-only Unix socket for a simulated or a phone's remote; one RemoteEvent a line."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from pathlib import Path

import msgspec

from stb_agent.contract.messages import decode_remote
from stb_agent.remote.sources import OnKey

log = logging.getLogger(__name__)


class SocketSource:
    """Listen on ``path``; nothing is ever written back."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def run(self, on_key: OnKey) -> None:
        """Serve until cancelled. A line that is not of the contract is dropped, and its sender with it."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                async for line in reader:
                    event = decode_remote(line)
                    on_key(event.key, event.value)
            except (msgspec.DecodeError, OSError, ValueError):
                log.warning("remote.sock: a sender was dropped for a line that is not of the contract")
            finally:
                writer.close()

        self._path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(serve, self._path, limit=4096)
        self._path.chmod(0o600)
        try:
            await server.serve_forever()
        finally:
            server.close()
            with suppress(OSError):
                self._path.unlink()

    def grab(self, wanted: bool) -> None:
        """Do nothing: these keys go nowhere else."""
