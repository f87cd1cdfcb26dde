"""A keyboard for tests: key presses that the X server itself makes (XTEST)."""

from __future__ import annotations

import contextlib
import select
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

from Xlib import XK, X
from Xlib import error as xerror
from Xlib.display import Display
from Xlib.ext import xtest

_FINGER = 0.04
"""Seconds."""


class Keyboard:
    """A display's keyboard."""

    def __init__(self, display: str) -> None:
        self._display = Display(display)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._display.close()
        self._display.display.socket.close()

    def focus(self, name: str, *, above: bool = False) -> None:
        """Give a window, by its WM_CLASS, the keyboard, and hear what it hears; put it ``above`` others. Raises LookupError if there is none."""
        window = next((one for one in self._windows() if name in (one.get_wm_class() or ())), None)
        if window is None:
            raise LookupError(f"no window of {name}")
        window.change_attributes(event_mask=X.KeyPressMask)
        if above:
            window.configure(stack_mode=X.Above)
        window.set_input_focus(X.RevertToParent, X.CurrentTime)
        self._display.sync()

    def press(self, keysym: str, hold: float = 0.03) -> None:
        """Press a key (an X keysym's name) and let it go; no faster than a quick hand, as the agent takes what is faster for a bounce."""
        time.sleep(0.12)
        code = self._display.keysym_to_keycode(XK.string_to_keysym(keysym))
        for kind, pause in ((X.KeyPress, hold), (X.KeyRelease, hold)):
            xtest.fake_input(self._display, kind, code)
            self._display.sync()
            time.sleep(pause)

    @contextlib.contextmanager
    def down(self, keysym: str) -> Iterator[float]:
        """Hold a key while the block runs, and for as long as a finger stays on it; give time.monotonic() at the press."""
        code = self._display.keysym_to_keycode(XK.string_to_keysym(keysym))
        at = time.monotonic()
        xtest.fake_input(self._display, X.KeyPress, code)
        self._display.flush()
        yield at
        time.sleep(max(at + _FINGER - time.monotonic(), 0))
        xtest.fake_input(self._display, X.KeyRelease, code)
        self._display.sync()

    def heard(self, keysym: str, seconds: float = 1.0) -> bool:
        """Tell whether the next key press that the focused window was given, in time, is this one."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self._display.pending_events() or select.select([self._display], [], [], left)[0]:
                for _ in range(self._display.pending_events()):
                    event = self._display.next_event()
                    if event.type == X.KeyPress:
                        return bool(self._display.keycode_to_keysym(event.detail, 0) == XK.string_to_keysym(keysym))
        return False

    def _windows(self) -> Iterator[Any]:
        waiting = [self._display.screen().root]
        while waiting:
            window = waiting.pop()
            yield window
            with contextlib.suppress(xerror.BadWindow):
                waiting += window.query_tree().children
