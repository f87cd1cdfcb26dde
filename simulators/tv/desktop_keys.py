"""The keyboard of a person's own desktop as a remote: keys pressed in Chanoma's window go to ``remote.sock``.

For practice only: this lives in the simulators, which no box has.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from Xlib import XK, X
from Xlib import error as xerror
from Xlib.display import Display

from simulators.tv.remote import Remote

WINDOWS = ("chanoma", "chanoma-tv")
"""WM_CLASS names (either part, without regard to case) of the windows that are listened to."""

KEYS = {
    **{f"{pad}{n}": f"KEY_{n}" for pad in ("", "KP_") for n in range(10)},
    **{name: f"KEY_{name.upper()}" for name in ("Up", "Down", "Left", "Right")},
    **dict.fromkeys(("Return", "KP_Enter", "space"), "KEY_OK"),
    **dict.fromkeys(("BackSpace", "Escape"), "KEY_BACK"),
    **dict.fromkeys(("Home", "h"), "KEY_HOMEPAGE"),
    "F1": "KEY_BLUE",
    "F2": "KEY_RED",
    "F3": "KEY_GREEN",
    "F4": "KEY_YELLOW",
}
"""X keysym names to the kernel's key names."""


class DesktopKeys:
    """An X client that reads, beside their owner, the keys of Chanoma's windows."""

    def __init__(self, display: str) -> None:
        self._display = Display(display)
        self._keys = {XK.string_to_keysym(name): key for name, key in KEYS.items()}
        self._root = self._display.screen().root
        self._root.change_attributes(event_mask=X.SubstructureNotifyMask)
        self._watch(self._root)
        self._display.flush()

    def fileno(self) -> int:
        """Give the descriptor that becomes readable when something happened."""
        return int(self._display.fileno())

    def events(self) -> list[tuple[str, int]]:
        """Give the key events since the last call, as the kernel's key name and 1 or 0; automatic repeats are left out."""
        found: list[tuple[str, int, int]] = []
        while self._display.pending_events():
            event = self._display.next_event()
            if event.type in (X.MapNotify, X.CreateNotify, X.ReparentNotify):
                self._watch(event.window)
            elif event.type in (X.KeyPress, X.KeyRelease):
                key = self._keys.get(self._display.keycode_to_keysym(event.detail, 0))
                if key is None:
                    continue
                value = int(event.type == X.KeyPress)
                if value and found and found[-1] == (key, 0, event.time):
                    found.pop()  # the server's automatic repeat: a release and a press of the same moment
                else:
                    found.append((key, value, event.time))
        self._display.flush()
        return [(key, value) for key, value, _ in found]

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(xerror.ConnectionClosedError):
            self._display.close()

    def _watch(self, window: Any) -> None:
        """Listen to a window that is Chanoma's, and to those inside it (a window manager wraps them)."""
        try:
            names = window.get_wm_class() or ()
            if any(name.lower() in WINDOWS for name in names):
                window.change_attributes(event_mask=X.KeyPressMask | X.KeyReleaseMask)
            for child in window.query_tree().children:
                self._watch(child)
        except (xerror.BadWindow, xerror.BadDrawable):
            pass  # gone meanwhile


@contextlib.asynccontextmanager
async def desktop_keys(display: str, remote: Remote) -> AsyncIterator[None]:
    """Forward keys until the block ends."""
    keys, loop = DesktopKeys(display), asyncio.get_running_loop()
    readable = asyncio.Event()

    async def forward() -> None:
        while True:
            await readable.wait()
            readable.clear()
            try:
                events = keys.events()
            except xerror.ConnectionClosedError:
                loop.remove_reader(keys.fileno())
                return
            for key, value in events:
                await remote.send(key, value)

    loop.add_reader(keys.fileno(), readable.set)
    forwarding = asyncio.create_task(forward())
    try:
        yield
    finally:
        loop.remove_reader(keys.fileno())
        forwarding.cancel()
        keys.close()
