"""Where raw key events come from: kernel input devices, and a socket. Each calls ``on_key(kernel key name, value)``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

OnKey = Callable[[str, int], None]
"""Told each key event: the kernel's name of the key, and 1 down, 0 up, 2 kernel repeat."""


class Source(Protocol):
    """A source of key events."""

    async def run(self, on_key: OnKey) -> None:
        """Serve until cancelled."""

    def grab(self, wanted: bool) -> None:
        """Take the keys for ourselves while Chanoma has the screen, or leave them to the television."""
