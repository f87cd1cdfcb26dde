"""The one window: mapped only while Chanoma has the screen, drawn only when something changed.

All that Kivy and SDL are asked of a window is asked here.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Sequence
from enum import Enum
from typing import Any

from kivy.clock import Clock
from kivy.core.window import Window
from kivy.graphics import opengl as gl

from ui import theme
from ui.focus import Box
from ui.swaps import DEEPEST, Damage, Due, Swap, judged

_MARGIN = 2
"""px around a damaged box: smooth edges reach half a pixel out."""

_PASSES = 3
"""Boxes drawn one by one; each costs a walk through the canvas."""

_TRIED, _SHADE = 2 * DEEPEST, 8
"""Swaps after which it is told what they leave; and the step of red, of 255, by which the pictures drawn for that are told apart."""


class Happened(Enum):
    """What the window system told."""

    CLOSED = "closed"
    EXPOSED = "exposed"


class Surface:
    """A borderless window of 1920×1080 at the corner of the screen, hidden at first."""

    def __init__(self) -> None:
        """Take Kivy's window. Raises RuntimeError when there is no display."""
        if Window is None:
            raise RuntimeError("no display")
        self._window: Any = Window
        self._sdl: Any = Window._win  # the events as they are: Kivy's own loop would act on keys and pointers
        info = self._window.get_window_info()
        x11 = ctypes.CDLL("libX11.so.6")
        x11.XConnectionNumber.argtypes = [ctypes.c_void_p]
        self._fd = int(x11.XConnectionNumber(info.display))
        self._due: Due | None = None
        self.shown = False

    @property
    def canvas(self) -> Any:
        """Give the canvas to paint on."""
        return self._window.canvas

    @property
    def swap(self) -> Swap | None:
        """Give what a swap leaves; None until the window was shown."""
        return self._due.swap if self._due else None

    def fileno(self) -> int:
        """Give the descriptor that turns readable when the window system has something to tell."""
        return self._fd

    def happened(self) -> set[Happened]:
        """Take what was told. Keys and pointers mean nothing here: the agent alone reads the remote."""
        told = set()
        while (event := self._sdl.poll()) is not False:
            if event and event[0] == "quit":
                told.add(Happened.CLOSED)
            elif event and event[0] in ("windowexposed", "windowshown", "windowrestored"):
                told.add(Happened.EXPOSED)
        return told

    def draw(self, damage: Damage) -> None:
        """Draw what is damaged, or all, and put it on the screen."""
        self._render(self._due.draw(damage) if self._due else None)
        self._sdl.flip()
        Clock.tick()  # Kivy frees textures only there

    def show(self) -> None:
        """Map the window over the programme; what it shows at once is what was last painted on the canvas, never an older picture."""
        self._render(None)
        if not self.shown:
            self._sdl.show_window()
            self._sdl.raise_window()
        self.shown = True
        self._sdl.flip()
        # While the window is hidden the system may treat it otherwise than on the screen: it is tried here, and once.
        self._due = Due(self.swap or self._try_swaps())
        Clock.tick()

    def hide(self) -> None:
        """Unmap the window: the programme has the screen."""
        if self.shown:
            self._sdl.hide_window()
        self.shown = False

    def close(self) -> None:
        """End the window."""
        self.hide()
        self._sdl.teardown_window()

    def _render(self, damage: Damage) -> None:
        if damage is None:
            self._window.clear()
            self._window.render_context.draw()
            return
        gl.glEnable(gl.GL_SCISSOR_TEST)
        for box in _merged([box.grown(_MARGIN) for box in damage]):
            left, top = int(box.x), int(box.y)
            gl.glScissor(left, theme.HEIGHT - int(box.bottom + 1), int(box.right + 1) - left, int(box.bottom + 1) - top)
            self._window.render_context.draw()
        gl.glDisable(gl.GL_SCISSOR_TEST)

    def _try_swaps(self) -> Swap:
        """Tell what a swap leaves, by a dot in the corner of the same picture, drawn in another shade each time."""
        ages = []
        for drawn in range(1, _TRIED + 1):
            self._render(None)
            gl.glEnable(gl.GL_SCISSOR_TEST)
            gl.glScissor(0, 0, 1, 1)
            gl.glClearColor(drawn * _SHADE / 255, 0, 0, 1)
            gl.glClear(gl.GL_COLOR_BUFFER_BIT)
            gl.glDisable(gl.GL_SCISSOR_TEST)
            self._sdl.flip()
            found = gl.glReadPixels(0, 0, 1, 1, gl.GL_RGB, gl.GL_UNSIGNED_BYTE)[0] / _SHADE
            ages.append(drawn + 1 - round(found) if found.is_integer() and found else 0)
        self._render(None)
        self._sdl.flip()
        return judged(ages)


def _merged(boxes: Sequence[Box]) -> list[Box]:
    """Give few boxes without overlap that cover these."""
    merged: list[Box] = []
    for box in boxes:
        while touching := [other for other in merged if other.overlaps(box)]:
            for other in touching:
                merged.remove(other)
                box = box.union(other)
        merged.append(box)
    if len(merged) <= _PASSES:
        return merged
    return [functools.reduce(Box.union, merged)]
