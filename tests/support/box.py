"""A whole box for tests, without a screen: the real agent between a real pcscd, a simulated card and the simulated world."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simulators.card import Tray
from simulators.world import World
from tests.support.pcsc import Pcscd, private_pcscd

PIN = "1234"
_PATIENCE = 15.0
_HAND = 0.12
"""Seconds between a hand's presses: more than the agent takes for a bounce, or for meant for the view before."""

View = dict[str, Any]


class Ui:
    """A UI without a screen: reads views and keys, sends intents; keeps every line for comparison."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.lines: list[bytes] = []
        self.message: dict[str, Any] = {}
        self._changed = asyncio.Condition()
        self._writer = writer
        self._task = asyncio.create_task(self._read(reader))

    @classmethod
    async def connect(cls, path: Path) -> Ui:
        """Connect as the UI does."""
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b'{"type":"hello","version":1}\n')
        return cls(reader, writer)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        async for line in reader:
            self.lines.append(line)
            message = json.loads(line)
            if message["type"] == "view":
                async with self._changed:
                    self.message = message
                    self._changed.notify_all()

    async def until(self, wanted: Callable[[dict[str, Any]], object], patience: float = _PATIENCE) -> View:
        """Wait for a view message; give its view. Raises AssertionError with the last view when it does not come."""
        try:
            async with asyncio.timeout(patience), self._changed:
                await self._changed.wait_for(lambda: self.message and wanted(self.message))
        except TimeoutError:
            raise AssertionError(f"waited in vain; last: {self.message}") from None
        view: View = self.message["view"]
        return view

    async def kind(self, kind: str, title: str | None = None) -> View:
        """Wait for a shown view of a kind (and the code of its title)."""
        return await self.until(
            lambda message: (
                message["shown"]
                and message["view"]["kind"] == kind
                and (title is None or code(message["view"]["title"]) == title)
            )
        )

    def choose(self, id_: str, value: str = "", rev: int | None = None) -> None:
        """Send an intent on the current view."""
        intent = {"type": "intent", "rev": self.message["rev"] if rev is None else rev, "id": id_, "value": value}
        self._writer.write(json.dumps(intent).encode() + b"\n")

    async def lost(self) -> None:
        """Wait until the agent has gone."""
        await asyncio.wait_for(asyncio.shield(self._task), _PATIENCE)
        self._writer.close()

    async def close(self) -> None:
        """Go away."""
        self._writer.close()
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError, OSError):
            await self._task


def code(text: Any) -> str:
    """Give the code of a text on the wire, or the text itself."""
    return text["code"] if isinstance(text, dict) else text


@dataclass
class Box:
    """The running parts."""

    folder: Path
    world: World
    tray: Tray
    pcscd: Pcscd
    options: Sequence[str]
    launcher: Sequence[str]
    process: asyncio.subprocess.Process | None = None
    log: list[bytes] = field(default_factory=list)
    _remote: asyncio.StreamWriter | None = None

    @property
    def runtime(self) -> Path:
        """The folder of the sockets."""
        return self.folder / "run"

    async def start(self) -> None:
        """Start the agent and wait until it serves."""
        self.process = await asyncio.create_subprocess_exec(
            *self.launcher,
            "run",
            "--config",
            str(self.folder / "box.toml"),
            *self.options,
            env=self.pcscd.environment,
            stderr=asyncio.subprocess.PIPE,
        )
        ready = asyncio.Event()
        self._reading = asyncio.create_task(self._read_log(self.process, ready))
        async with asyncio.timeout(_PATIENCE):
            await ready.wait()
        assert self.process.returncode is None, b"".join(self.log).decode()

    async def _read_log(self, process: asyncio.subprocess.Process, ready: asyncio.Event) -> None:
        assert process.stderr is not None
        async for line in process.stderr:
            self.log.append(line)
            if line.rstrip().endswith(b"ready"):
                ready.set()
        ready.set()

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """End the agent and give its exit status."""
        assert self.process is not None
        if self._remote is not None:
            self._remote.close()
            self._remote = None
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)
        status = await self.process.wait()
        await self._reading
        self.process = None
        return status

    @asynccontextmanager
    async def ui(self) -> AsyncIterator[Ui]:
        """Connect a UI."""
        ui = await Ui.connect(self.runtime / "ui.sock")
        try:
            yield ui
        finally:
            await ui.close()

    async def press(self, *keys: str) -> None:
        """Press and release keys of the one remote, by the kernel's names without KEY_, as fast as a quick hand."""
        for key in keys:
            await self.hold(key, 0)

    async def hold(self, key: str, seconds: float) -> None:
        """Press a key of the one remote, and let it go after a while."""
        if self._remote is None:
            _, self._remote = await asyncio.open_unix_connection(self.runtime / "remote.sock")
        await asyncio.sleep(_HAND)
        for value, then in ((1, seconds), (0, 0.0)):
            self._remote.write(json.dumps({"key": f"KEY_{key}", "value": value}).encode() + b"\n")
            await self._remote.drain()
            await asyncio.sleep(then)


@asynccontextmanager
async def running_box(
    *,
    launcher: Sequence[str] = (sys.executable, "-m", "stb_agent"),
    options: Sequence[str] = (),
    now: datetime | None = None,
    seed: int | None = None,
    more: str = "",
    state: Path | None = None,
    platform: str = "",
    without: Sequence[str] = (),
) -> AsyncIterator[Box]:
    """Put up a box whose reader is empty; everything in it ends with the block.

    ``more``: further tables of the operator's file, ``platform``: further lines of its [platform]. ``state``: the folder of what it keeps, if it
    is not one of its own.
    ``without``: endpoints that the platform has not got.
    ``now`` stops the clocks of card and world there, ``seed`` makes the world's random numbers equal in equal runs.
    """
    with tempfile.TemporaryDirectory(prefix="chanoma-") as name, private_pcscd() as pcscd:
        folder = Path(name)
        authority = folder / "authority"
        async with (
            World(authority=authority, state=folder / "world", now=now, seed=seed, without=without) as world,
            Tray(authority, clock=lambda: now or datetime.now(UTC), port=pcscd.port, pin=PIN) as tray,
        ):
            (folder / "box.toml").write_text(configuration(folder, world, state, platform) + more, "utf-8")
            box = Box(folder, world, tray, pcscd, options, launcher)
            await box.start()
            try:
                yield box
            finally:
                if box.process is not None:
                    await box.stop()


def configuration(folder: Path, world: World, state: Path | None = None, platform: str = "") -> str:
    """Give the operator's file of a test box."""
    return f"""
[box]
runtime = "{folder}/run"
state = "{state or folder / "state"}"
[card]
authorities = ["{folder}/authority/ca.pem"]
test = true
[platform]
issuer = "{world.platform}"
client_id = "test-box"
{platform}
[services]
booking = "{world.booking}"
health = "{world.health}"
[operator]
name = "しおみケーブルテレビ"
[remote]
evdev = false
socket = true
"""
