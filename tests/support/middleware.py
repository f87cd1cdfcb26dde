"""A box beside a television's middleware."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.box import Box, Ui, running_box


@dataclass
class Middleware:
    """The television's side of ``tv.sock``."""

    heard: list[dict[str, Any]] = field(default_factory=list)
    writer: asyncio.StreamWriter | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        async for line in reader:
            self.heard.append(json.loads(line))
        writer.close()

    def say(self, **message: object) -> None:
        assert self.writer is not None
        self.writer.write(json.dumps(message).encode() + b"\n")

    @property
    def keys(self) -> list[tuple[str, int]]:
        """The keys that were handed on."""
        return [(it["key"], it["value"]) for it in self.heard if it["type"] == "key"]


async def until(true: Callable[[], object], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def box_and_tv(folder: Path, *launcher: str, **remote: bool) -> AsyncIterator[tuple[Box, Ui, Middleware]]:
    """Put up a box with a television's middleware beside it."""
    tv = Middleware()
    more = folder / "more.toml"
    settings = "".join(f"{name} = {str(value).lower()}\n" for name, value in {"evdev": False, **remote}.items())
    more.write_text(f'[tv]\nsocket = "{folder}/tv.sock"\n[remote]\n{settings}')
    server = await asyncio.start_unix_server(tv.serve, folder / "tv.sock")
    try:
        command = (*launcher, sys.executable, "-m", "stb_agent")
        async with running_box(launcher=command, options=("--config", str(more))) as box, box.ui() as ui:
            await until(lambda: tv.heard)
            yield box, ui, tv
    finally:
        server.close()
