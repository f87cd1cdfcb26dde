"""The box's television middleware: who has the screen, *yield now*, and the keys that are the television's."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import msgspec

from stb_agent.contract.messages import ToTv, TvKey, TvOpen, TvScreen, TvYield, Why, decode_from_tv, encode

log = logging.getLogger(__name__)


class Listener(Protocol):
    """Who is told what the middleware wants."""

    def yield_screen(self, active: bool, why: Why = Why.WARNING) -> None:
        """Give the screen back at once, or take the news that it may be used again."""

    def open_screen(self) -> None:
        """Take the news that the household chose Chanoma in the television's own menu."""


class Television(Protocol):
    """What the agent asks of the middleware. Each vendor's own fits here."""

    def screen(self, shown: bool) -> None:
        """Say that Chanoma has the screen, or gives it back to the programme."""

    def key(self, key: str, value: int) -> None:
        """Hand on a key that is the television's: the kernel's name of it, and 1 for down, 0 for up, 2 for its repeat."""

    async def run(self, listener: Listener) -> None:
        """Serve until cancelled."""


class NoTelevision:
    """A box without television middleware: the screen is always ours to take."""

    def screen(self, shown: bool) -> None:
        """Do nothing."""

    def key(self, key: str, value: int) -> None:
        """Do nothing: nobody could use it."""

    async def run(self, listener: Listener) -> None:
        """Wait until cancelled."""
        await asyncio.Event().wait()


class SocketTelevision:
    """Middleware behind a Unix socket: one JSON object a line, ToTv out and FromTv in; connected again when it is lost."""

    def __init__(self, path: Path, *, retry_s: float = 1.0) -> None:
        self._path = path
        self._retry_s = retry_s
        self._shown = False
        self._yielding = False
        self._writer: asyncio.StreamWriter | None = None

    def screen(self, shown: bool) -> None:
        """Say who has the screen, now or as soon as the middleware is there."""
        self._shown = shown
        self._send(TvScreen(shown))

    def key(self, key: str, value: int) -> None:
        """Hand a key on, if the middleware is there: later it would surprise."""
        self._send(TvKey(key, value))

    def _send(self, message: ToTv) -> None:
        if self._writer is not None:
            self._writer.write(encode(message))

    async def run(self, listener: Listener) -> None:
        """Serve until cancelled."""
        while True:
            try:
                reader, self._writer = await asyncio.open_unix_connection(self._path)
            except OSError:
                await asyncio.sleep(self._retry_s)
                continue
            try:
                self.screen(self._shown)
                await self._listen(reader, listener)
                if self._yielding:
                    # What it asked for ends with it; one that still needs the screen says so again when it is back.
                    self._yielding = False
                    listener.yield_screen(False)
            finally:
                self._writer.close()
                with suppress(OSError):
                    await self._writer.wait_closed()
                self._writer = None
            log.warning("television middleware lost")
            await asyncio.sleep(self._retry_s)

    async def _listen(self, reader: asyncio.StreamReader, listener: Listener) -> None:
        with suppress(OSError, ValueError):  # ValueError: a line longer than any of the contract
            async for line in reader:
                try:
                    message = decode_from_tv(line)
                except msgspec.DecodeError:
                    log.warning("television middleware sent a line that is not of its contract")
                    continue
                match message:
                    case TvYield(active=active, why=why):
                        self._yielding = active
                        listener.yield_screen(active, why)
                    case TvOpen():
                        listener.open_screen()
