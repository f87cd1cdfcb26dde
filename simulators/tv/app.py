"""stb-sim tv: put the television's parts together."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import secrets
import signal
import sys
import tempfile
from pathlib import Path

from simulators.tv.desktop_keys import desktop_keys
from simulators.tv.display import xvnc
from simulators.tv.errors import TvError
from simulators.tv.living_room import LivingRoom, Notes
from simulators.tv.middleware import middleware
from simulators.tv.programme import programme
from simulators.tv.remote import Remote
from simulators.tv.server import serve
from simulators.tv.tray import Tray

PORT = 8642
"""Where the page is looked for first; a busy port moves on to the next."""


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="stb-sim tv", description="A television with its remote and card tray, as a web page."
    )
    parser.add_argument(
        "--remote", type=Path, required=True, metavar="SOCKET", help="the box's remote.sock, written to"
    )
    parser.add_argument("--tv", type=Path, required=True, metavar="SOCKET", help="where the box finds the middleware")
    parser.add_argument(
        "--card", type=Path, metavar="SOCKET", help="control socket of stb-sim card; without it no tray"
    )
    parser.add_argument("--port", type=int, default=PORT, help=f"port of the page, or the next free one ({PORT})")
    parser.add_argument("--display", help="the X display to make, e.g. :7 (the first free one)")
    parser.add_argument(
        "--desktop", action="store_true", help="use your own $DISPLAY and keyboard instead of a screen in the page"
    )
    parser.add_argument("--pin", default="", help="the practice cards' PIN, shown as a note beside the tray")
    parser.add_argument("--contract-number", default="", help="the practice contract number, shown beside the tray")
    return parser.parse_args(argv)


async def _run(options: argparse.Namespace) -> None:
    """Put up the television, print one JSON line ``{"url", "display", "pid", "xvnc"}``, stay until a signal."""
    stop = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    room = LivingRoom(Notes(options.pin, options.contract_number))
    async with contextlib.AsyncExitStack() as parts:
        folder = Path(parts.enter_context(tempfile.TemporaryDirectory(prefix="stb-tv-")))
        remote = Remote(options.remote)
        parts.push_async_callback(remote.close)
        if options.desktop:
            display, door, server_pid = os.environ.get("DISPLAY", ""), None, None
            if not display:
                raise TvError("--desktop needs a desktop: DISPLAY is not set")
        else:
            screen = await parts.enter_async_context(xvnc(folder, options.display))
            display, door, server_pid = screen.display, screen.door, screen.pid
        shown = await parts.enter_async_context(programme(display, as_window=options.desktop))
        if options.desktop:
            await parts.enter_async_context(desktop_keys(display, remote))
        tv = await parts.enter_async_context(middleware(options.tv, room.changed, room.pressed))
        tray = Tray(options.card, room.changed)
        room.furnish(remote, tv, tray, shown)
        watch = asyncio.create_task(tray.watch())
        parts.callback(watch.cancel)
        url = await parts.enter_async_context(serve(room, door, options.port, secrets.token_urlsafe(24)))
        print(json.dumps({"url": url, "display": display, "pid": os.getpid(), "xvnc": server_pid}), flush=True)
        await stop.wait()


def main(argv: list[str]) -> int:
    """Run the television until SIGINT or SIGTERM; exit status 1 if it cannot be put up."""
    try:
        asyncio.run(_run(_arguments(argv)))
    except TvError as error:
        print(f"stb-sim tv: {error}", file=sys.stderr)
        return 1
    return 0
