"""The cable between a box and the world: real connections that are counted by request, and cut at one of them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from enum import Enum
from typing import Any, Self
from urllib.parse import urlsplit


class Cut(Enum):
    """Where the cable is cut. After a silent cut nothing is closed: both ends believe that the other is there (half-open)."""

    BEFORE = "before the request arrives"
    AFTER = "after it took effect, before the answer"
    MIDDLE = "in the middle of the answer"
    SILENT_BEFORE = "silently, before the request arrives"
    SILENT_AFTER = "silently, after it took effect"

    @property
    def silent(self) -> bool:
        """Tell whether nobody hears of it."""
        return self in (Cut.SILENT_BEFORE, Cut.SILENT_AFTER)


class Cable:
    """Carry a box's connections to servers; from a cut on nothing passes, on any of them, until it is mended.

    ``socket`` is the box's end: a factory for aiohttp's connector whose sockets arrive here instead of at the servers.
    """

    def __init__(self, addresses: Sequence[str]) -> None:
        self._targets = [(parts.hostname or "", parts.port or 0) for parts in map(urlsplit, addresses)]
        self._ports: dict[tuple[str, int], int] = {}
        self._stack = AsyncExitStack()
        self._mended = asyncio.Event()
        self._at = 0
        self._cut = Cut.BEFORE
        self.requests: list[str] = []
        """Those since it was armed: method and path."""
        self.struck = ""
        """The request at which it was cut."""
        self.down = False

    async def __aenter__(self) -> Self:
        """Open."""
        for target in self._targets:
            server = await asyncio.start_server(self._carrier(*target), "127.0.0.1", 0)
            self._stack.push_async_callback(self._close, server)
            self._ports[target] = server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close, and let go whoever waits."""
        self.mend()
        await self._stack.aclose()

    @staticmethod
    async def _close(server: asyncio.Server) -> None:
        server.close()
        with suppress(AttributeError):
            server.close_clients()  # Python 3.13
        await asyncio.sleep(0)

    def socket(self, info: tuple[Any, ...]) -> socket.socket:
        """Make a socket that is connected to this cable when it is connected to one of the servers."""
        ports = self._ports

        class Diverted(socket.socket):
            def connect(self, address: Any) -> None:
                super().connect(("127.0.0.1", ports[address[0], address[1]]))

        made = Diverted(*info[:3])
        made.setblocking(False)
        return made

    @property
    def silence_next(self) -> bool:
        """Tell whether the next request will meet a silence."""
        return self._cut.silent and (self.down or len(self.requests) + 1 == self._at)

    def arm(self, at: int = 0, cut: Cut = Cut.BEFORE) -> None:
        """Count from here; cut at request number ``at`` (from 1; 0: never)."""
        self._at, self._cut, self.requests, self.struck = at, cut, [], ""

    def mend(self) -> None:
        """Let everything pass again; what waited in silence is closed."""
        self.down = False
        self._at = 0
        self._mended.set()
        self._mended = asyncio.Event()

    def _carrier(self, host: str, port: int) -> Any:
        async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                if self.down:
                    await self._nothing()
                    return
                there, thither = await asyncio.open_connection(host, port)
                try:
                    while (request := await _message(reader)) and await self._pass(request, there, thither, writer):
                        pass
                finally:
                    thither.transport.abort()
            except (ConnectionError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.transport.abort()

        return carry

    async def _pass(
        self, request: bytes, there: asyncio.StreamReader, thither: asyncio.StreamWriter, back: asyncio.StreamWriter
    ) -> bool:
        """Bring one request there and its answer back; tell whether the connection goes on."""
        if self.down:
            await self._nothing()
            return False
        method, target, _ = request.split(b" ", 2)
        self.requests.append(f"{method.decode()} {target.decode().partition('?')[0]}")
        strikes = len(self.requests) == self._at
        if strikes:
            self.down, self.struck = True, self.requests[-1]
        if strikes and self._cut in (Cut.BEFORE, Cut.SILENT_BEFORE):
            await self._nothing()
            return False
        thither.write(request)
        answer = await _message(there)
        if strikes:
            if self._cut is Cut.MIDDLE:
                back.write(answer[: len(answer) // 2])
                await back.drain()
                back.close()  # in order, so that what was sent arrives
                await back.wait_closed()
            await self._nothing()
            return False
        back.write(answer)
        return True

    async def _nothing(self) -> None:
        if self._cut.silent:
            await self._mended.wait()


async def _message(reader: asyncio.StreamReader) -> bytes:
    """Read a whole request or answer (RFC 9112) with its length given; b"" at the end of the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as end:
        if end.partial:
            raise
        return b""
    fields = dict(line.split(b":", 1) for line in head.lower().split(b"\r\n")[1:] if line)
    assert b"transfer-encoding" not in fields
    return head + await reader.readexactly(int(fields.get(b"content-length", b"0")))
