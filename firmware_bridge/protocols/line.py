"""A line of bytes to a board."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol, Self

import serial

from firmware_bridge.errors import LineLost, PortUnavailable

# pyserial applies a changed timeout by setting up the port anew (on RFC 2217: over the network), so it is set once, short,
# and waiting longer is done here.
_SLICE_SECONDS = 0.05
# A line whose other side takes nothing for so long is dead. The largest single write is 1.1 kB: 1.2 s at 9600 baud.
_WRITE_SECONDS = 10.0


class Line(Protocol):
    """Bytes both ways."""

    def read(self, size: int, timeout: float) -> bytes:
        """Give 1 to ``size`` bytes as soon as there are any, or none after ``timeout`` seconds. Raises LineLost."""

    def write(self, data: bytes) -> None:
        """Send all of ``data``. Raises LineLost."""


class SerialLine:
    """A Line over pyserial: a device, a pty's path, or a URL (``socket://``, ``rfc2217://`` …)."""

    def __init__(self, port: str, baud: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Open ``port`` at ``baud`` 8N1. Raises PortUnavailable."""
        self.port = port
        self.sent = 0
        self._clock = clock
        # pyserial's RFC 2217 client takes none; its socket gives up writing after 5 s by itself.
        write_timeout = None if port.startswith("rfc2217:") else _WRITE_SECONDS
        try:
            self._serial: Any = serial.serial_for_url(
                port, baudrate=baud, timeout=_SLICE_SECONDS, write_timeout=write_timeout, exclusive=True
            )
        except (serial.SerialException, OSError, ValueError) as error:
            raise PortUnavailable(port=port, why=str(error)) from error

    def read(self, size: int, timeout: float) -> bytes:
        """See Line."""
        deadline = self._clock() + timeout
        while True:
            try:
                here = self._serial.in_waiting
                data = bytes(self._serial.read(max(1, min(size, here)))) if here or timeout > 0 else b""
            except (serial.SerialException, OSError) as error:
                raise LineLost(port=self.port, why=str(error)) from error
            if data or self._clock() >= deadline:
                return data

    def write(self, data: bytes) -> None:
        """See Line."""
        try:
            self._serial.write(data)
        except (serial.SerialException, OSError) as error:
            raise LineLost(port=self.port, why=str(error)) from error
        self.sent += len(data)

    def close(self) -> None:
        """Let the port go."""
        self._serial.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
