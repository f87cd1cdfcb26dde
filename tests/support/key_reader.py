"""Run EvdevSource alone: print `KEY_NAME value` for each key event; `grab` and `yield` on standard input."""

import asyncio
import sys

from stb_agent.remote.sources import Device, KeyEvent
from stb_agent.remote.sources.evdev import EvdevSource


class Printer:
    """A listener that tells what it hears."""

    def came(self, device: Device) -> None:
        """Say nothing: the reader's open descriptors tell."""

    def went(self, device: Device) -> None:
        """Say nothing."""

    def key(self, event: KeyEvent) -> None:
        """Print a line."""
        print(event.key, event.value, flush=True)


async def main() -> None:
    """Read until standard input ends."""
    source = EvdevSource(look_s=float(sys.argv[1]))
    reading = asyncio.create_task(source.run(Printer()))
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    async for line in commands:
        source.grab(line == b"grab\n")
    reading.cancel()
    await asyncio.wait([reading])


if __name__ == "__main__":
    asyncio.run(main())
