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
        self._class = self._display.intern_atom("WM_CLASS")
        self._down: dict[int, str] = {}
        self._told: set[str] = set()
        self._root = self._display.screen().root
        self._root.change_attributes(event_mask=X.SubstructureNotifyMask)
        self._watch(self._root)
        self._display.flush()

    def fileno(self) -> int:
        """Give the descriptor that becomes readable when something happened."""
        return int(self._display.fileno())

    def events(self) -> list[tuple[str, int]]:
        """Give the key events since the last call, as the kernel's key name and 1 or 0; automatic repeats are left out.

        A key whose window loses the focus is let go: it will come up in somebody else's.
        """
        found: list[tuple[str, int]] = []
        while self._display.pending_events():
            event = self._display.next_event()
            if event.type == X.KeyPress:
                key = self._keys.get(self._display.keycode_to_keysym(event.detail, 0))
                if key is not None and event.detail not in self._down:
                    self._down[event.detail] = key
                    self._told.add(key)
                    found.append((key, 1))
            elif event.type == X.KeyRelease:
                found += self._risen()
            elif event.type == X.FocusOut:
                found += self._let_go(self._told)
            elif event.type == X.FocusIn:
                found += self._risen()
            elif event.type in (X.CreateNotify, X.MapNotify, X.ReparentNotify) or (
                event.type == X.PropertyNotify and event.atom == self._class
            ):
                self._watch(event.window)
            self._display.flush()  # here, so that the loop still sees what it reads
        return found

    def _risen(self) -> list[tuple[str, int]]:
        """Forget the keys that are up; a release whose key is still down is the server's automatic repeat."""
        pressed = self._display.query_keymap()
        up = {code: key for code, key in self._down.items() if not pressed[code // 8] & 1 << code % 8}
        for code in up:
            del self._down[code]
        return self._let_go(set(up.values()))

    def _let_go(self, keys: set[str]) -> list[tuple[str, int]]:
        told = sorted(keys & self._told)
        self._told.difference_update(told)
        return [(key, 0) for key in told]

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(xerror.ConnectionClosedError):
            self._display.close()

    def _watch(self, window: Any) -> None:
        """Listen to a window if it is Chanoma's, to its naming if it has no name yet, and look inside it."""
        try:
            names = window.get_wm_class()
            if names is None and window != self._root:
                window.change_attributes(event_mask=X.PropertyChangeMask)
            elif any(name.lower() in WINDOWS for name in names or ()):
                window.change_attributes(event_mask=X.KeyPressMask | X.KeyReleaseMask | X.FocusChangeMask)
            for child in window.query_tree().children:  # a window manager wraps windows
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
        with contextlib.suppress(asyncio.CancelledError):
            await forwarding
        keys.close()
