"""Where sound goes: a player's process for each utterance, so that nothing holds the loudspeaker while nobody speaks; ending it is silence."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Protocol

from stb_agent.contract.speech import Output


class SinkError(Exception):
    """There is no player, or no loudspeaker that it can use."""


class Sink(Protocol):
    """Takes the sound of one utterance."""

    async def begin(self, rate: int) -> None:
        """Get ready for samples of that rate. Raises SinkError."""

    async def write(self, samples: bytes) -> None:
        """Play; returns when there is room for more. Raises SinkError."""

    async def finish(self) -> None:
        """Wait until all of it was heard. Raises SinkError."""

    def cut(self) -> None:
        """Be silent at once."""


class Player:
    """A program that plays what it reads."""

    def __init__(self, output: Output) -> None:
        """Name the program; nothing is started yet."""
        self._output = output
        self._process: asyncio.subprocess.Process | None = None
        self._going: set[asyncio.Task[None]] = set()

    async def begin(self, rate: int) -> None:
        """Start the player."""
        pipe, null = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        player = command(self._output, rate)
        try:
            self._process = await asyncio.create_subprocess_exec(*player, stdin=pipe, stdout=null, stderr=null)
        except OSError as error:
            raise SinkError(player[0]) from error

    async def write(self, samples: bytes) -> None:
        """Hand samples to the player."""
        assert self._process
        assert self._process.stdin
        try:
            self._process.stdin.write(samples)
            await self._process.stdin.drain()
        except OSError as error:
            raise SinkError(self._output.value) from error

    async def finish(self) -> None:
        """Let the player end by itself."""
        assert self._process
        assert self._process.stdin
        self._process.stdin.close()
        if await self._process.wait():
            raise SinkError(self._output.value)

    def cut(self) -> None:
        """Kill the player: kernel and sound server drop what it had not played yet."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            gone = asyncio.get_running_loop().create_task(_gone(process))
            self._going.add(gone)
            gone.add_done_callback(self._going.discard)


async def _gone(process: asyncio.subprocess.Process) -> None:
    """See to what is left of a player that was killed."""
    assert process.stdin
    process.stdin.close()
    with contextlib.suppress(OSError):
        await process.stdin.wait_closed()
    await process.wait()


def command(output: Output, rate: int) -> Sequence[str]:
    """Give the command line of what plays 16-bit mono samples of that rate from its standard input."""
    if output is Output.PULSE:
        return ("paplay", "--raw", "--format=s16le", "--channels=1", f"--rate={rate}")
    return ("aplay", "-q", "-t", "raw", "-f", "S16_LE", "-c", "1", "-r", str(rate), "-")
