"""From the television's *yield now* to the remote's release, through the whole agent."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from evdev import ecodes as e

from tests.support.input_devices import BLUETOOTH_REMOTE, Devices
from tests.support.middleware import box_and_tv, until

_TIMES = 30


def measure(devices: Devices) -> list[float]:
    """Give the milliseconds of each of thirty releases."""
    return asyncio.run(_measure(devices))


async def _measure(devices: Devices) -> list[float]:
    environment = devices.environment()
    launcher = (
        "env",
        *(f"{name}={environment[name]}" for name in ("LD_PRELOAD", "UMOCKDEV_DIR") if name in environment),
    )
    took: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        async with box_and_tv(Path(folder), *launcher, evdev=True) as (_, ui, tv):
            sofa = devices.plug(BLUETOOTH_REMOTE)
            await asyncio.sleep(2)  # longer than a device may take to be classified
            for value in (1, 0):
                devices.emit(sofa, [(e.EV_KEY, e.KEY_HOMEPAGE, value)])
            await ui.until(lambda message: message["shown"])
            for _ in range(_TIMES):
                await until(lambda: devices.grabbed(sofa))
                start = time.monotonic()
                tv.say(type="yield", active=True)
                await until(lambda: not devices.grabbed(sofa))
                took.append((time.monotonic() - start) * 1000)
                tv.say(type="yield", active=False)
    return took
