"""Where raw key events come from: kernel input devices, and a socket. A source knows devices and keys, not what they mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

UP, DOWN, REPEAT = 0, 1, 2
"""Values of an EV_KEY event (linux/input.h); the kernel's own repeats come at a pace that differs by transport."""
STILL = 3
"""Ours: the remote itself said anew that the key is down, where it does. The kernel's repeats go on until it gives the key up."""


class Bus(StrEnum):
    """How a remote's keys reach the box (linux/input.h, BUS_*; infrared is the kernel's rc-core)."""

    INFRARED = "infrared"
    CEC = "cec"
    USB = "usb"
    BLUETOOTH = "bluetooth"
    SOCKET = "socket"
    OTHER = "other"


@dataclass(frozen=True)
class Device:
    """Something that sends keys. ``id`` is its own while it is there, and may be another's later.

    ``keys``: the kernel names of those it can send; empty where that is not known. ``battery``: per cent left, where it is told.
    """

    id: str
    name: str
    bus: Bus
    vendor: int = 0
    product: int = 0
    keys: frozenset[str] = frozenset()
    battery: int | None = None


@dataclass(frozen=True)
class KeyEvent:
    """A key of a device went down or up. ``key``: the kernel's name of it. ``at``: seconds of CLOCK_MONOTONIC, by the kernel where it says."""

    device: str
    key: str
    value: int
    at: float


class Listener(Protocol):
    """Who is told of devices and keys. A device comes before its first key; the keys that it held go up before it goes."""

    def came(self, device: Device) -> None:
        """Take the news that a device is there, or that its keys or its battery are others than said before."""

    def went(self, device: Device) -> None:
        """Take the news that a device is gone."""

    def key(self, event: KeyEvent) -> None:
        """Take a key."""


class Source(Protocol):
    """A source of key events."""

    async def run(self, listener: Listener) -> None:
        """Serve until cancelled."""

    def grab(self, wanted: bool) -> None:
        """Take the keys for ourselves while Chanoma has the screen, or leave them to the television."""

    def listen_wide(self, on: bool) -> None:
        """Read also devices that nobody knows as remotes yet, while somebody teaches one; or no longer."""

    def adopt(self, taught: Callable[[Device], bool]) -> None:
        """Take for a remote also what ``taught`` says that it was taught, though its keys do not look like one's."""
