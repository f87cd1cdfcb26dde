"""The box's television middleware: who has the screen, and *yield now*."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import msgspec

from stb_agent.contract.messages import TvCommand, decode_tv_event, encode

log = logging.getLogger(__name__)


class Television(Protocol):
    """What the agent asks of the middleware. Each vendor's own fits here."""

    def screen(self, shown: bool) -> None:
        """Say that Chanoma has the screen, or gives it back to the programme."""

    async def run(self, on_yield: Callable[[bool], None]) -> None:
        """Serve until cancelled; ``on_yield`` is told True for *yield now* and False when the screen may be used again."""


class NoTelevision:
    """A box without television middleware: the screen is always ours to take."""

    def screen(self, shown: bool) -> None:
        """Do nothing."""

    async def run(self, on_yield: Callable[[bool], None]) -> None:
        """Wait until cancelled."""
        await asyncio.Event().wait()


class SocketTelevision:
    """Middleware behind a Unix socket: one JSON object a line, TvCommand out and TvEvent in; connected again when it is lost."""

    def __init__(self, path: Path, *, retry_s: float = 1.0) -> None:
        self._path = path
        self._retry_s = retry_s
        self._shown = False
        self._yielding = False
        self._writer: asyncio.StreamWriter | None = None

    def screen(self, shown: bool) -> None:
        """Say who has the screen, now or as soon as the middleware is there."""
        self._shown = shown
        if self._writer is not None:
            self._writer.write(encode(TvCommand(shown)))

    async def run(self, on_yield: Callable[[bool], None]) -> None:
        """Serve until cancelled."""
        while True:
            try:
                reader, self._writer = await asyncio.open_unix_connection(self._path)
            except OSError:
                await asyncio.sleep(self._retry_s)
                continue
            try:
                self.screen(self._shown)
                await self._listen(reader, on_yield)
                if self._yielding:
                    # What it asked for ends with it; one that still needs the screen says so again when it is back.
                    self._yielding = False
                    on_yield(False)
            finally:
                self._writer.close()
                with suppress(OSError):
                    await self._writer.wait_closed()
                self._writer = None
            log.warning("television middleware lost")
            await asyncio.sleep(self._retry_s)

    async def _listen(self, reader: asyncio.StreamReader, on_yield: Callable[[bool], None]) -> None:
        with suppress(OSError, ValueError):  # ValueError: a line longer than any of the contract
            async for line in reader:
                try:
                    self._yielding = decode_tv_event(line).active
                    on_yield(self._yielding)
                except msgspec.DecodeError:
                    log.warning("television middleware sent a line that is not of its contract")
