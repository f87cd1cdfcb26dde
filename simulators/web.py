"""What every simulator that speaks HTTP shares: serving on loopback, problems, scripted faults, a list of requests, state."""

import argparse
import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import struct
import sys
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler
from cryptography import x509

from simulators.database import Database, open_file
from simulators.faults import Fault, FaultKind, Faults
from simulators.ports import listen
from simulators.problem import Problem as Problem

Clock = Callable[[], datetime]
Build = Callable[[str, Path], web.Application]
"""Make the application for its own base address and the folder of its state."""
T = TypeVar("T")

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_SEEN_MOST = 10_000
"""Requests that are remembered, so that a long run does not grow."""
_BACKLOG = 1024
"""Connections that wait to be taken: so many at once are answered, if only with *not now*."""
AGENT = "stb-sim"
"""What simulators call themselves when they ask one another."""
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


Render = Callable[[Problem], web.Response]


def json_problem(problem: Problem) -> web.Response:
    """Write a problem as `{"error", "detail"}`."""
    body = {"error": problem.error, "detail": problem.detail, **problem.more}
    return web.json_response(body, status=problem.status, headers=problem.headers)


class Seen(msgspec.Struct):
    """One request that came in, with `size` bytes of content, `inside` the world (of a simulator); `status` is null
    when the connection was closed without an answer.
    """

    method: str
    path: str
    status: int | None
    size: int
    inside: bool


class _Control:
    """The control paths of a simulator (`/_sim/…`) and what they control."""

    def __init__(self, render: Render, faults: Faults) -> None:
        self.render, self.faults = render, faults
        self.seen: deque[Seen] = deque(maxlen=_SEEN_MOST)

    async def add_fault(self, request: web.Request) -> web.Response:
        return web.json_response({"faults": self.faults.add(await json_body(request, Fault))}, status=201)

    async def clear_faults(self, _: web.Request) -> web.Response:
        self.faults.clear()
        return web.Response(status=204)

    async def requests(self, _: web.Request) -> web.Response:
        return web.json_response({"requests": msgspec.to_builtins(list(self.seen))})

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        # A page of a foreign site must reach a simulator neither by a name that it rebinds nor by a form that it posts.
        if urlsplit(f"//{request.headers.get('Host', '')}").hostname not in _LOOPBACK:
            return self.render(Problem(421, "misdirected_request", "this simulator answers on loopback only"))
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).hostname not in _LOOPBACK:
            return self.render(Problem(403, "foreign_origin"))
        if request.path.startswith("/_sim/"):
            return await self._answer(request, handler)
        fault = self.faults.take(request.method, request.path)
        entry = Seen(
            request.method, request.path, None, request.content_length or 0, request.headers.get("User-Agent") == AGENT
        )
        self.seen.append(entry)
        match fault.kind if fault else None:
            case FaultKind.DROP_BEFORE | FaultKind.DOWN:
                return _drop(request)
            case FaultKind.RESET:
                return _reset(request)
            case FaultKind.SILENT:
                return await _hold(request)
            case FaultKind.STATUS if fault:
                entry.status = fault.status
                return self.render(fault.problem())
            case FaultKind.DELAY_BEFORE if fault:
                await asyncio.sleep(fault.delay)
        response = await self._answer(request, handler)
        match fault.kind if fault else None:
            case FaultKind.DELAY_AFTER if fault:
                await asyncio.sleep(fault.delay)
            case FaultKind.DROP_AFTER:
                return _drop(request)
            case FaultKind.HALF:
                return await _half(request, response)
            case FaultKind.STALL:
                await _half(request, response, stays=True)
                return await _hold(request)
        entry.status = response.status
        return response

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Problem as problem:
            return self.render(problem)
        except web.HTTPException as standard:
            name = standard.reason.lower().replace(" ", "_")
            allow = {k: v for k, v in standard.headers.items() if k == "Allow"}
            return self.render(Problem(standard.status, name, headers=allow))


def _drop(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=499)


def _reset(request: web.Request) -> web.Response:
    """Close with RST: what is left to send is thrown away (socket(7), SO_LINGER)."""
    if request.transport is not None:
        connection = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return _drop(request)


async def _hold(request: web.Request) -> web.Response:
    """Say nothing until the client has left."""
    while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110 # no event of aiohttp's tells of it
        await asyncio.sleep(0.2)
    return web.Response(status=499)


async def _half(request: web.Request, whole: web.StreamResponse, *, stays: bool = False) -> web.StreamResponse:
    """Send the first half of an answer; then the connection is closed, unless it `stays`."""
    body = whole.body if isinstance(whole, web.Response) and isinstance(whole.body, bytes) else b"{}"
    half = web.StreamResponse(status=whole.status, headers={"Content-Type": "application/json"})
    half.content_length = len(body)
    await half.prepare(request)
    await half.write(body[: len(body) // 2])
    if not stays:
        _drop(request)
    return half


class Adjustable:
    """A clock that can be set wrong: `skew` seconds ahead of the given one."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self.skew = clock, 0.0

    def __call__(self) -> datetime:
        """Tell the time, UTC."""
        return self._clock() + timedelta(seconds=self.skew)


class _Skew(msgspec.Struct, forbid_unknown_fields=True):
    skew: float


def application(render: Render, clock: Adjustable, faults: Faults | None = None) -> web.Application:
    """Make an application with the control paths, the guard against foreign hosts and origins, and problems rendered.

    Its answers are dated by its clock (RFC 9110, clause 6.6.1), which `POST /_sim/clock {"skew": seconds}` sets wrong.
    """
    control = _Control(render, faults or Faults())
    app = web.Application(middlewares=[control.guard])

    async def date(_: web.Request, response: web.StreamResponse) -> None:
        response.headers["Date"] = format_datetime(clock().astimezone(UTC), usegmt=True)

    async def set_clock(request: web.Request) -> web.Response:
        clock.skew = (await json_body(request, _Skew)).skew
        return web.Response(status=204)

    app.on_response_prepare.append(date)
    app.router.add_post("/_sim/clock", set_clock)
    app.router.add_post("/_sim/faults", control.add_fault)
    app.router.add_delete("/_sim/faults", control.clear_faults)
    app.router.add_get("/_sim/requests", control.requests)
    return app


async def json_body(request: web.Request, kind: type[T]) -> T:
    """Read a JSON body as `kind`; anything else is 400 invalid_request."""
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(400, "invalid_request", str(error)) from None


def utc_text(time: datetime) -> str:
    """Write a time in RFC 3339, UTC, whole seconds, with Z."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def system_clock() -> datetime:
    """Tell the time, UTC."""
    return datetime.now(UTC)


def database(folder: Path, name: str, schema: str) -> Database:
    """Open the simulator's state, `NAME.sqlite` in its folder."""
    return open_file(folder / f"{name}.sqlite", schema)


def close_with(app: web.Application, db: Database) -> None:
    """Close the state when the application ends."""

    async def close(_: web.Application) -> None:
        db.close()

    app.on_cleanup.append(close)


def options(name: str, description: str) -> argparse.ArgumentParser:
    """Make a parser with the options that all simulators have."""
    parser = argparse.ArgumentParser(prog=f"stb-sim {name}", description=description)
    parser.add_argument("--port", type=int, default=0, help="loopback port; 0, the default, takes a free one")
    parser.add_argument("--listen-fd", type=int, help="a listening socket inherited from the parent, instead of --port")
    parser.add_argument("--state", type=Path, metavar="DIR", help="keep state in this folder; without it, for this run")
    parser.add_argument("--now", type=datetime.fromisoformat, metavar="ISO", help="let the clock stand still here")
    parser.add_argument("--parent", type=int, metavar="PID", help="end when this parent process ends")
    return parser


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Add the option for further authorities."""
    parser.add_argument(
        "--trust-ca", type=_certificates, action="extend", default=[], metavar="FILE.pem",
        help="accept cards of this authority too; may be repeated",
    )  # fmt: skip


def _certificates(path: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{path}: {error}") from None


def clock_of(arguments: argparse.Namespace) -> Clock:
    """Return the clock that `--now` asks for, else the system's."""
    now: datetime | None = arguments.now
    if now is None:
        return system_clock
    if now.tzinfo is None:
        raise SystemExit("--now needs a time zone, as in 2026-11-22T09:00:00Z")
    return lambda: now


@contextlib.asynccontextmanager
async def serving(build: Build, state: Path, listener: socket.socket | None = None) -> AsyncIterator[str]:
    """Serve an application on loopback, by default at a free port; gives its base address, without a final slash."""
    listener = listener or listen(0)
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    runner = web.AppRunner(build(base, state), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.SockSite(runner, listener, backlog=_BACKLOG).start()
        yield base
    finally:
        await runner.cleanup()
        listener.close()


def end_with_parent(parent: int) -> None:
    """Ask the kernel for SIGTERM when the parent process ends (prctl(2), PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it ended before the line above
        raise SystemExit(1)


async def until_told() -> None:
    """Wait for SIGINT or SIGTERM."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    await told.wait()


@contextlib.contextmanager
def state_folder(given: Path | None, name: str) -> Iterator[Path]:
    """Give the folder asked for, or one that is removed afterwards."""
    if given is not None:
        given.mkdir(parents=True, exist_ok=True)
        yield given
    else:
        with tempfile.TemporaryDirectory(prefix=f"stb-sim-{name}-", ignore_cleanup_errors=True) as folder:
            yield Path(folder)


def run(name: str, arguments: argparse.Namespace, build: Build) -> int:
    """Run one simulator until it is told to end; prints `NAME: ADDRESS` once it listens. Returns the exit status."""
    if arguments.parent is not None:
        end_with_parent(arguments.parent)
    try:
        given = arguments.listen_fd
        listener = listen(arguments.port) if given is None else socket.socket(fileno=given)
    except OSError as error:
        print(f"stb-sim {name}: cannot listen on port {arguments.port}: {error.strerror}", file=sys.stderr)
        return 1

    async def serve(state: Path) -> None:
        async with serving(build, state, listener) as base:
            print(f"{name}: {base}", flush=True)
            await until_told()

    with state_folder(arguments.state, name) as state:
        asyncio.run(serve(state))
    return 0


def loopback_url(text: str) -> str:
    """Check the address of another simulator (for argparse): http on loopback; the final slash is dropped."""
    parts = urlsplit(text)
    if parts.scheme != "http" or parts.hostname not in _LOOPBACK:
        raise argparse.ArgumentTypeError(f"not an http address on loopback: {text}")
    return text.rstrip("/")


def members(value: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the members that are None: on the wire, absent rather than null."""
    return {k: v for k, v in value.items() if v is not None}
