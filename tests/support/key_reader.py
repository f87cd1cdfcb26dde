"""Run EvdevSource alone: a JSON line for each device that comes or goes and each key event; commands on standard input."""

import asyncio
import json
import logging
import sys
import time
from functools import partial
from pathlib import Path

from stb_agent.remote.sources import Device, KeyEvent
from stb_agent.remote.sources.evdev import EvdevSource


def tell(**heard: object) -> None:
    """Print a line."""
    sys.stdout.write(json.dumps(heard) + "\n")
    sys.stdout.flush()


class Printer:
    """A listener that tells what it hears."""

    def came(self, device: Device) -> None:
        """Print a line."""
        told = {"name": device.name, "bus": device.bus, "keys": len(device.keys), "battery": device.battery}
        tell(what="came", device=device.id, **told)

    def went(self, device: Device) -> None:
        """Print a line."""
        tell(what="went", device=device.id)

    def key(self, event: KeyEvent) -> None:
        """Print a line."""
        heard = {"device": event.device, "key": event.key, "value": event.value, "at": event.at}
        tell(what="key", heard=time.monotonic(), **heard)


def called(name: str, device: Device) -> bool:
    """Tell whether a device has this name."""
    return device.name == name


async def main() -> None:
    """Read until standard input ends."""
    logging.basicConfig()
    source = EvdevSource(look_s=float(sys.argv[1]), udevd=Path(sys.argv[2]))
    reading = asyncio.create_task(source.run(Printer()))
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    async for line in commands:
        match line.decode().split(maxsplit=1):
            case ["grab" | "yield" as word]:
                source.grab(word == "grab")
            case ["wide" | "narrow" as word]:
                source.listen_wide(word == "wide")
            case ["taught", name]:
                source.adopt(partial(called, name.strip()))
    reading.cancel()
    await asyncio.wait([reading])
    if not reading.cancelled():
        reading.result()


if __name__ == "__main__":
    asyncio.run(main())
