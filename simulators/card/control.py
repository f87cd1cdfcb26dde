"""The tray's control socket: one JSON request a line, one JSON reply a line."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec

from simulators.card.applet import Quirks
from simulators.card.deck import Tries
from simulators.card.errors import CardError
from simulators.card.faults import Fault
from simulators.card.tray import Tray


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Exactly one verb; `pin` goes with insert only."""

    insert: str | None = None
    pin: str | None = None
    pull: bool = False
    state: bool = False
    fault: Fault | None = None
    quirks: Quirks | None = None
    tries: Tries | None = None
    record: bool = False

    def __post_init__(self) -> None:
        """Refuse none and several."""
        verbs = (self.insert, self.pull, self.state, self.fault, self.quirks, self.tries, self.record)
        if sum(verb not in (None, False) for verb in verbs) != 1 or (self.pin is not None and self.insert is None):
            raise ValueError("a request has one of insert, pull, state, fault, quirks, tries, record")


async def answer(tray: Tray, line: bytes) -> dict[str, Any]:
    """Do what a line asks; the reply is the state after it, or for `record` the exchanges so far."""
    try:
        request = msgspec.json.decode(line, type=Request)
        if request.insert is not None:
            await tray.insert(request.insert, request.pin)
        if request.pull:
            await tray.pull()
        if request.fault is not None:
            tray.fault(request.fault)
        if request.quirks is not None:
            tray.quirks(request.quirks)
        if request.tries is not None:
            tray.tries(request.tries)
    except msgspec.MsgspecError as error:
        return {"ok": False, "code": "card.request", "data": {"reason": str(error)}}
    except CardError as error:
        return {"ok": False, "code": error.code, "data": error.data}
    if request.record:
        return {"ok": True, "record": tray.recorder.exchanges, "forbidden": len(tray.recorder.forbidden)}
    return {"ok": True, **msgspec.structs.asdict(tray.state())}


@contextlib.asynccontextmanager
async def serve(tray: Tray, path: Path) -> AsyncIterator[None]:
    """Listen at a Unix socket of mode 0600, in place of a dead one, while the block runs."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                writer.write(msgspec.json.encode(await answer(tray, line)) + b"\n")
                await writer.drain()

    before = os.umask(0o177)
    try:
        server = await asyncio.start_unix_server(converse, path)
    finally:
        os.umask(before)
    try:
        yield
    finally:
        server.close()
        path.unlink(missing_ok=True)  # noqa: ASYNC240 - one entry, at the end
