"""One event node, open: what we need of the kernel's evdev interface and no more (include/uapi/linux/input.h).

Not evdev.InputDevice, which asks forty things we do not need, and whose C part raises SystemError, or nothing that says
why, where a device goes while it is asked.
"""

from __future__ import annotations

import fcntl
import os
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from evdev import ecodes

_EVENT = struct.Struct("@LLHHi")
"""struct input_event: seconds, microseconds, type, code, value."""
_AT_ONCE = 64 * _EVENT.size

_KEY_BYTES = ecodes.KEY_CNT // 8
# _IOR, _IOW of asm-generic/ioctl.h; MIPS and PowerPC, which count otherwise, are not supported by this driver.
_EVIOCGKEY = 0x80000000 | _KEY_BYTES << 16 | ord("E") << 8 | 0x18
_EVIOCGRAB = 0x40044590
_EVIOCSCLOCKID = 0x400445A0


class Node:
    """An event node, read without waiting. Everything raises OSError (ENODEV) once the device is gone."""

    def __init__(self, path: Path) -> None:
        self.fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        self.stamped = self._stamp()
        """Its events bear the kernel's time of CLOCK_MONOTONIC, as the event loop's time is."""

    def read(self) -> Iterator[tuple[int, int, int, float]]:
        """Give up to 64 events: type, code, value, seconds. None at all: the device has ended. Raises BlockingIOError."""
        for seconds, rest, kind, code, value in _EVENT.iter_unpack(os.read(self.fd, _AT_ONCE)):
            yield kind, code, value, seconds + rest / 1e6

    def down(self) -> set[int]:
        """Give the codes that are down now."""
        state = fcntl.ioctl(self.fd, _EVIOCGKEY, bytes(_KEY_BYTES))
        return {place * 8 + bit for place, byte in enumerate(state) if byte for bit in range(8) if byte >> bit & 1}

    def grab(self, wanted: bool) -> None:
        """Have its events alone, or no longer. Raises OSError (EBUSY) if another program has them."""
        fcntl.ioctl(self.fd, _EVIOCGRAB, int(wanted))

    def close(self) -> None:
        """Close it; a grab ends with it. One that is no descriptor any more (EBADF) is closed."""
        with suppress(OSError):
            os.close(self.fd)

    def _stamp(self) -> bool:
        try:
            fcntl.ioctl(self.fd, _EVIOCSCLOCKID, struct.pack("i", time.CLOCK_MONOTONIC))
        except OSError:
            return False
        return True
