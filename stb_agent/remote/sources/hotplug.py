"""Hear from udev that input devices, their receivers' tables or their batteries have changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import pyudev

log = logging.getLogger(__name__)

UDEVD = Path("/run/udev/control")
"""Is there while udevd runs; without it libudev's monitor stays silent and says nothing of it (sd-device, device-monitor.c)."""

NO_UDEVD = "no udevd"
"""Why udev is not heard, most often."""

_SETTLE_S = 0.03
"""A device comes as several events, the node's last."""

_POWER = "power_supply"
_SUBSYSTEMS = ("input", "rc", _POWER)
"""rc: when its event comes, udev's rule has loaded the receiver's table (ir-keytable)."""


def _listening() -> pyudev.Monitor:
    """Raise OSError (netlink is refused: a container, a sandbox), ImportError (no libudev)."""
    monitor = pyudev.Monitor.from_netlink(pyudev.Context())
    for subsystem in _SUBSYSTEMS:
        monitor.filter_by(subsystem)
    monitor.start()
    return monitor


def deaf(udevd: Path = UDEVD) -> str:
    """Tell why udev is not heard; nothing if it is."""
    if not udevd.exists():
        return NO_UDEVD
    try:
        _listening()
    except (OSError, ImportError) as error:
        return str(error)
    return ""


class Hotplug:
    """Call ``looked_for`` soon after input devices changed, and ``charged`` after batteries did."""

    def __init__(self, looked_for: Callable[[], None], charged: Callable[[], None], *, udevd: Path = UDEVD) -> None:
        self._looked_for = looked_for
        self._charged = charged
        self._udevd = udevd
        self._monitor: pyudev.Monitor | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._told = False

    def listen(self) -> bool:
        """Tell whether changes are heard of; begin to, if that is possible by now."""
        if self._monitor is None and self._udevd.exists():
            try:
                monitor = _listening()
            except (OSError, ImportError) as error:
                self._say(str(error))
            else:
                asyncio.get_running_loop().add_reader(monitor.fileno(), self._hear)
                self._monitor = monitor
        elif self._monitor is None:
            self._say(NO_UDEVD)
        return self._monitor is not None

    def close(self) -> None:
        """Hear no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._monitor is not None:
            asyncio.get_running_loop().remove_reader(self._monitor.fileno())
            self._monitor = None  # its last reference: libudev closes the socket

    def _hear(self) -> None:
        assert self._monitor is not None
        subsystems = set()
        try:
            while (device := self._monitor.poll(0)) is not None:
                subsystems.add(device.subsystem)
        except OSError as error:  # some were lost (ENOBUFS), or all will be: the next look begins anew
            self.close()
            self._say(str(error))
            subsystems = set(_SUBSYSTEMS)
        if _POWER in subsystems:
            self._charged()
        if subsystems - {_POWER} and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_SETTLE_S, self._settled)

    def _settled(self) -> None:
        self._timer = None
        self._looked_for()

    def _say(self, why: str) -> None:
        if not self._told:
            self._told = True
            log.warning("remote: udev is not heard (%s); devices are looked for now and then", why)
