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


class Keyboard:
    """A display's keyboard."""

    def __init__(self, display: str) -> None:
        self._display = Display(display)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._display.close()
        self._display.display.socket.close()

    def focus(self, name: str) -> None:
        """Give a window, by its WM_CLASS, the keyboard, and hear what it hears. Raises LookupError if there is none."""
        window = next((one for one in self._windows() if name in (one.get_wm_class() or ())), None)
        if window is None:
            raise LookupError(f"no window of {name}")
        window.change_attributes(event_mask=X.KeyPressMask)
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
