"""A television with a box made of two sockets in front of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

STB_SIM = Path(sys.executable).parent / "stb-sim"


@dataclass
class Box:
    """The box's side: what came on ``remote.sock``, and a connection to ``tv.sock``."""

    keys: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    tv: asyncio.StreamReader | None = None
    to_tv: asyncio.StreamWriter | None = None

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take down a remote's lines."""
        while line := await reader.readline():
            self.keys.put_nowait(json.loads(line))
        writer.close()

    async def key(self) -> tuple[str, int]:
        """Give the next key event."""
        event = await asyncio.wait_for(self.keys.get(), 10)
        assert set(event) == {"key", "value"}
        return event["key"], event["value"]

    async def connect(self, path: Path) -> None:
        """Connect to the middleware."""
        self.tv, self.to_tv = await asyncio.open_unix_connection(path)

    def say(self, message: dict[str, Any]) -> None:
        """Tell the middleware something."""
        assert self.to_tv is not None
        self.to_tv.write(json.dumps(message).encode() + b"\n")

    async def told(self) -> dict[str, Any]:
        """Give the next message of the middleware."""
        assert self.tv is not None
        told: dict[str, Any] = json.loads(await asyncio.wait_for(self.tv.readline(), 10))
        return told


@dataclass(frozen=True)
class Television:
    """A running stb-sim tv."""

    url: str
    display: str
    process: asyncio.subprocess.Process
    xvnc: int
    box: Box
    folder: Path


@contextlib.asynccontextmanager
async def television(folder: Path, *arguments: str, **environment: str) -> AsyncIterator[Television]:
    """Run a television in ``folder`` until the block ends; it must end by itself at SIGTERM."""
    box = Box()
    remote = await asyncio.start_unix_server(box.hear, folder / "remote.sock")
    process = await asyncio.create_subprocess_exec(
        *(STB_SIM, "tv", "--remote", folder / "remote.sock", "--tv", folder / "tv.sock", *arguments),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )
    try:
        assert process.stdout is not None
        facts = json.loads(await asyncio.wait_for(process.stdout.readline(), 30))
        yield Television(facts["url"], facts["display"], process, facts["xvnc"], box, folder)
    finally:
        if box.to_tv is not None:
            box.to_tv.close()
        if process.returncode is None:
            process.terminate()
        assert await asyncio.wait_for(process.wait(), 15) in (0, -9)
        remote.close()


@pytest.fixture
async def tv(tmp_path: Path) -> AsyncIterator[Television]:
    """A television with a note and a tray that nobody answers at."""
    async with television(tmp_path, "--pin", "1234", "--contract-number", "1234567890") as running:
        yield running
