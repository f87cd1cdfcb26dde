"""The board's UART: bytes in and out, whoever is plugged in, with the line's faults.

Like a real one it does not know whether anybody listens: what is sent with nobody there is gone.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

from simulators.board.faults import Faults


class Reset(Exception):
    """The board lost power or was told to reset."""


class Stopped(Exception):
    """The program ends."""


class Uart:
    """Two directions of bytes between a transport's thread and the board's thread."""

    def __init__(self, faults: Faults, seed: int) -> None:
        """Take the line's faults; ``seed`` decides which bytes the noise meets."""
        self._faults = faults
        self._noise_in, self._noise_out = random.Random(seed), random.Random(seed + 1)
        self._arrived = bytearray()
        self._changed = threading.Condition()
        self._peer: Callable[[bytes], None] | None = None
        self.plugs = 0
        self._fed = 0
        self._cut_done = self._brownout_done = False
        self._pending: type[Exception] | None = None

    def attach(self, peer: Callable[[bytes], None]) -> None:
        """Plug somebody in: ``peer`` gets what the board sends."""
        with self._changed:
            self._peer = peer
            self.plugs += 1
            self._changed.notify_all()

    def detach(self) -> None:
        """Unplug."""
        with self._changed:
            self._peer = None

    def wait_attached(self) -> None:
        """Wait until somebody is plugged in. Raises Stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._peer is not None or self._pending is Stopped)
            if self._pending is Stopped:
                raise Stopped

    def stop(self) -> None:
        """Make the board's thread end."""
        with self._changed:
            self._pending = Stopped
            self._changed.notify_all()

    def feed(self, data: bytes) -> bool:
        """Take bytes from the host; False says that the connection is to be cut now."""
        with self._changed:
            keep, cut_now = data, False
            cut = self._faults.cut
            if cut is not None and not self._cut_done and self._fed + len(data) > cut:
                keep, self._cut_done, cut_now = data[: cut - self._fed], True, True
            brownout = self._faults.brownout
            if brownout is not None and not self._brownout_done and self._fed + len(keep) > brownout:
                self._brownout_done = True
                self._pending = Reset
                self._arrived.clear()
                keep = b""
            self._fed += len(data)
            self._arrived += self._noisy(keep, self._noise_in)
            self._changed.notify_all()
            return not cut_now

    def read(self, size: int, timeout: float | None) -> bytes:
        """Give 1 to ``size`` bytes, or none after ``timeout`` seconds. Raises Reset and Stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._arrived or self._pending, timeout)
            if self._pending is Stopped:
                raise Stopped
            if self._pending is Reset:
                self._pending = None
                raise Reset
            data = bytes(self._arrived[:size])
            del self._arrived[:size]
            return data

    def write(self, data: bytes) -> None:
        """Send bytes to whoever is plugged in."""
        with self._changed:
            after = self._faults.silent_after
            silent = self._faults.silent or (after is not None and self._fed > after)
            peer = None if silent else self._peer
            noisy = self._noisy(data, self._noise_out)
        if peer:
            peer(noisy)

    def _noisy(self, data: bytes, noise: random.Random) -> bytes:
        if not self._faults.noise:
            return data
        return bytes(b ^ (1 << noise.randrange(8)) if noise.random() < self._faults.noise else b for b in data)
