"""Read remotes, as the agent does or barely, and print for each press the milliseconds from the kernel's time of it.

usage: reader.py ours | bare /dev/input/eventN
"""

import asyncio
import fcntl
import select
import struct
import sys
import time
from pathlib import Path

import evdev
from evdev import ecodes

from stb_agent.contract.actions import Action
from stb_agent.remote.keymaps import load
from stb_agent.remote.remote import Remote
from stb_agent.remote.sources import DOWN, KeyEvent
from stb_agent.remote.sources.evdev import EvdevSource

_EVIOCSCLOCKID = 0x400445A0  # _IOW('E', 0xa0, int), linux/input.h


def told(seconds: float) -> None:
    """Print a time."""
    sys.stdout.write(f"{seconds * 1000:.4f}\n")
    sys.stdout.flush()


class Timed(Remote):
    """The agent's remote, which remembers when the key that it is told of went down."""

    at = 0.0

    def key(self, event: KeyEvent) -> None:
        """Take a key."""
        if event.value == DOWN:
            self.at = event.at
        super().key(event)


async def ours() -> None:
    """Serve until killed: sources, keymaps and gestures as the agent puts them together."""

    def act(_action: Action) -> None:
        told(time.monotonic() - remote.at)

    # Any path stands for udevd's: the test bed's devices are told of by umockdev.
    remote = Timed([EvdevSource(udevd=Path("/"))], load(), on_action=act)
    remote.screen(True)
    await remote.run()


def bare(path: str) -> None:
    """Serve until killed: no more than a wait, a read, and a look for a key."""
    device = evdev.InputDevice(path, readonly=True)
    fcntl.ioctl(device.fd, _EVIOCSCLOCKID, struct.pack("i", time.CLOCK_MONOTONIC))
    while True:
        select.select([device.fd], [], [])
        for event in device.read():
            if event.type == ecodes.EV_KEY and event.value == DOWN:
                told(time.monotonic() - event.timestamp())


if __name__ == "__main__":
    if sys.argv[1] == "ours":
        asyncio.run(ours())
    else:
        bare(sys.argv[2])
