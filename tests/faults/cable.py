"""The cable between a box and the world: real connections that are counted by request, and cut at one of them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any, Self
from urllib.parse import urlsplit

from tests.support.diverted import diverted


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


class Held(Enum):
    """How the cable is cut while the far end holds an answer back. What is lost silently stays so when the cable is mended (a router forgot it)."""

    CLOSED = "both ends hear of it"
    NEAR = "the box hears of it, the far end goes on holding"
    SILENT = "neither end hears of it"
    MIDDLE = "half of the answer arrives, and then the end of the connection"
    STALLED = "half of the answer arrives, and then nothing"

    @property
    def silent(self) -> bool:
        """Tell whether the box has to notice by itself."""
        return self in (Held.SILENT, Held.STALLED)

    @property
    def halved(self) -> bool:
        """Tell whether half of the answer arrives."""
        return self in (Held.MIDDLE, Held.STALLED)


@dataclass(eq=False)
class _Carried:
    """A request on its way, with both ends of its connection, and how it was lost."""

    near: asyncio.StreamWriter
    far: asyncio.StreamWriter
    lost: Held | None = None


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
        self._carried: set[_Carried] = set()

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
        for it in self._carried:
            it.near.transport.abort()
            it.far.transport.abort()
        await self._stack.aclose()

    @staticmethod
    async def _close(server: asyncio.Server) -> None:
        server.close()
        with suppress(AttributeError):
            server.close_clients()  # Python 3.13
        await asyncio.sleep(0)

    def socket(self, info: tuple[Any, ...]) -> socket.socket:
        """Make a socket that is connected to this cable when it is connected to one of the servers."""
        return diverted(info, self._ports)

    @property
    def silence_next(self) -> bool:
        """Tell whether the next request will meet a silence."""
        return self._cut.silent and (self.down or len(self.requests) + 1 == self._at)

    def arm(self, at: int = 0, cut: Cut = Cut.BEFORE) -> None:
        """Count from here; cut at request number ``at`` (from 1; 0: never)."""
        self._at, self._cut, self.requests, self.struck = at, cut, [], ""

    @property
    def carrying(self) -> bool:
        """Tell whether a request waits for its answer, and will get it."""
        return any(it.lost is None for it in self._carried)

    def cut_held(self, how: Held) -> None:
        """Cut now whatever is waiting for its answer; nothing else passes until it is mended."""
        self.down, self._cut = True, Cut.BEFORE
        for it in self._carried:
            it.lost = how
            if how in (Held.CLOSED, Held.NEAR):
                it.near.transport.abort()
            if how is Held.CLOSED:
                it.far.transport.abort()

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
                    while request := await _message(reader):
                        if not await self._pass(request, reader, there, _Carried(writer, thither)):
                            break
                finally:
                    thither.transport.abort()
            except (ConnectionError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.transport.abort()

        return carry

    async def _pass(
        self, request: bytes, near: asyncio.StreamReader, far: asyncio.StreamReader, carried: _Carried
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
        carried.far.write(request)
        self._carried.add(carried)
        try:
            answer = await _message(far)
        finally:
            self._carried.discard(carried)
        if not answer:
            return False
        if strikes:
            if self._cut is Cut.MIDDLE:
                await _half(answer, carried.near, closes=True)
            await self._nothing()
            return False
        if carried.lost is not None:
            if carried.lost.halved:
                await _half(answer, carried.near, closes=not carried.lost.silent)
            if carried.lost.silent:
                await near.read()  # until the box gives up
            return False
        carried.near.write(answer)
        return True

    async def _nothing(self) -> None:
        if self._cut.silent:
            await self._mended.wait()


async def _half(answer: bytes, back: asyncio.StreamWriter, *, closes: bool) -> None:
    back.write(answer[: len(answer) // 2])
    await back.drain()
    if closes:
        back.close()  # in order, so that what was sent arrives
        await back.wait_closed()


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
