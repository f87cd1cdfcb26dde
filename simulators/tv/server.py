"""The page's web server: on the loopback, behind a random token, for its own page only."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from aiohttp import WSMsgType, web

from simulators.tv.errors import TvError
from simulators.tv.living_room import LivingRoom

_PAGE = Path(__file__).parent / "page"
_NOVNC = Path(sys.prefix) / "share" / "novnc"
_TRIES = 100
"""Ports tried after the wished one."""
_HEADERS = {
    # data: and blob: are how noVNC hands JPEG rectangles to the browser
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _Door:
    """Lets in who names this server (Host), comes from its page (Origin, where there is one) and has the token."""

    def __init__(self, port: int, token: str) -> None:
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        self._origins = {f"http://{host}" for host in self._hosts}
        self._token = token.encode()

    def admits(self, request: web.Request) -> bool:
        """Say whether a request may pass."""
        origin = request.headers.get("Origin")
        token = request.path.split("/")[1].encode()
        return (
            request.headers.get("Host") in self._hosts
            and (origin is None or origin in self._origins)
            and request.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin")
            and hmac.compare_digest(token, self._token)
        )


@web.middleware
async def _keep_out(request: web.Request, handler: Handler) -> web.StreamResponse:
    if not request.app[_DOOR].admits(request):
        raise web.HTTPForbidden(text="403\n")
    return await handler(request)


async def _harden(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)


_DOOR = web.AppKey("door", _Door)
_ROOM = web.AppKey("room", LivingRoom)
_VNC = web.AppKey("vnc", Path)


async def _index(_: web.Request) -> web.StreamResponse:
    return web.FileResponse(_PAGE / "index.html")


async def _screen(request: web.Request) -> web.StreamResponse:
    """Carry the picture: bytes between the page's WebSocket and the VNC door."""
    page = web.WebSocketResponse(max_msg_size=1 << 20)
    await page.prepare(request)
    try:
        reader, writer = await asyncio.open_unix_connection(request.app[_VNC])
    except OSError:
        await page.close(code=1011, message=b"no screen")
        return page

    async def picture() -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(1 << 17):
                await page.send_bytes(data)
        await page.close()

    down = asyncio.create_task(picture())
    try:
        async for message in page:
            if message.type is WSMsgType.BINARY:
                writer.write(message.data)
    finally:
        down.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await down
        writer.close()
    return page


async def _control(request: web.Request) -> web.StreamResponse:
    """Hear the page's wishes, tell it the state; keys still held when it goes are let go."""
    room, held = request.app[_ROOM], set[str]()
    page = web.WebSocketResponse(heartbeat=20, max_msg_size=4096)
    await page.prepare(request)
    change = room.join()

    async def tell() -> None:
        while True:
            await change.wait()
            change.clear()
            await page.send_json(room.state())

    telling = asyncio.create_task(tell())
    try:
        async for message in page:
            if message.type is not WSMsgType.TEXT:
                break
            try:
                wish = json.loads(message.data)
                await room.do(wish)
            except (ValueError, TypeError):
                await page.close(code=1007)
                break
            if wish["type"] == "key":
                (held.add if wish["value"] else held.discard)(wish["key"])
    finally:
        telling.cancel()
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await telling
        room.leave(change)
        for key in held:
            await room.do({"type": "key", "key": key, "value": 0})
    return page


def listen(wished: int) -> socket.socket:
    """Listen on the wished port of 127.0.0.1, or on the next that is free."""
    for port in range(wished, min(wished + _TRIES, 65536)):
        place = socket.socket()
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            place.bind(("127.0.0.1", port))
            place.listen()  # else two that begin at once both bind it
        except OSError:
            place.close()
            continue
        return place
    raise TvError(f"no free port from {wished} on")


@contextlib.asynccontextmanager
async def serve(room: LivingRoom, vnc: Path | None, port: int, token: str) -> AsyncIterator[str]:
    """Serve the page until the block ends; gives its address. Without ``vnc`` the page has no picture (``--desktop``)."""
    place = listen(port)
    port = place.getsockname()[1]
    app = web.Application(middlewares=[_keep_out])
    app.on_response_prepare.append(_harden)
    app[_DOOR], app[_ROOM] = _Door(port, token), room
    app.router.add_get(f"/{token}/", _index)
    app.router.add_get(f"/{token}/control", _control)
    if vnc is not None:
        app[_VNC] = vnc
        app.router.add_get(f"/{token}/screen", _screen)
    for part in ("core", "vendor"):
        app.router.add_static(f"/{token}/novnc/{part}", _NOVNC / part)
    app.router.add_static(f"/{token}/page", _PAGE)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.SockSite(runner, place).start()
    try:
        yield f"http://127.0.0.1:{port}/{token}/"
    finally:
        await runner.cleanup()
