"""The screen: an X server without a monitor, whose picture leaves by a VNC door of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from simulators.tv.errors import TvError

WIDTH, HEIGHT = 1920, 1080
_START = 15.0
"""Seconds Xvnc may take to be ready."""
_END = 5.0
"""Seconds it may take to end."""


@dataclass(frozen=True)
class Screen:
    """A running X server: the display's name (``:7``), the Unix socket of its VNC door, its process."""

    display: str
    door: Path
    pid: int


@contextlib.asynccontextmanager
async def xvnc(folder: Path, display: str | None = None) -> AsyncIterator[Screen]:
    """Run Xvnc at 1920×1080 until the block ends; without ``display`` the server takes the first free one.

    The door is a Unix socket of mode 0600 in ``folder`` (no TCP port, which any user of the machine could open) and takes
    neither keys nor pointer. Raises TvError with the server's own words.
    """
    door, log = folder / "vnc.sock", folder / "xvnc.log"
    ready, told = os.pipe()
    with log.open("wb") as output:
        try:
            server = await asyncio.create_subprocess_exec(
                *("setpriv", "--pdeathsig", "TERM", "Xvnc", *([display] if display else []), "-displayfd", str(told)),
                *("-geometry", f"{WIDTH}x{HEIGHT}", "-depth", "24", "-nolisten", "tcp", "-localhost", "-noreset"),
                *("-rfbport", "-1", "-rfbunixpath", str(door), "-rfbunixmode", "384", "-SecurityTypes", "None"),
                *("-AcceptKeyEvents=0", "-AcceptPointerEvents=0", "-AcceptSetDesktopSize=0"),
                *("-AcceptCutText=0", "-SendCutText=0", "-AlwaysShared", "-FrameRate", "30", "-s", "0"),
                *("-desktop", "Chanoma"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(told,),
            )
        except BaseException:
            os.close(ready)
            raise
        finally:
            os.close(told)
    try:
        name = await _first_line(ready)
        if not name:
            raise TvError(f"the X server did not start:\n{log.read_text(errors='replace')}")
        yield Screen(f":{name}", door, server.pid)
    finally:
        await _end(server)


async def _first_line(descriptor: int) -> str:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    pipe = os.fdopen(descriptor, "rb", buffering=0)
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    try:
        return (await asyncio.wait_for(reader.readline(), _START)).decode().strip()
    except TimeoutError:
        return ""
    finally:
        transport.close()


async def _end(server: asyncio.subprocess.Process) -> None:
    if server.returncode is not None:
        return
    server.terminate()
    try:
        await asyncio.wait_for(server.wait(), _END)
    except TimeoutError:
        server.kill()
        await server.wait()
