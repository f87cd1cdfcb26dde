"""The programme: an X client that keeps the test picture at the bottom of the screen, about two frames a second."""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import threading
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from PIL import Image
from Xlib import X, Xatom
from Xlib import error as xerror
from Xlib.display import Display

from simulators.tv import sign
from simulators.tv.errors import TvError
from simulators.tv.scene import HEIGHT, WIDTH, Scene

PERIOD = 0.5
"""Seconds between two frames."""
SIGN_FRAMES = 5
"""Frames for which a sign of the television's own keys stays."""
_STRIP = 200_000
"""Bytes of picture in one request; a request without BIG-REQUESTS holds 262,140."""


class Programme:
    """The window of the programme, drawn from a thread of its own; nothing is drawn while it is covered."""

    def __init__(self, display: str, clock: Callable[[], datetime], as_window: bool) -> None:
        """Open the window. ``as_window``: on a person's desktop, where a window manager gives it a frame."""
        try:
            self._display = Display(display)
        except (xerror.DisplayError, OSError) as cause:
            raise TvError(f"no X server answers at DISPLAY={display}: {cause}") from cause
        self._clock, self._scene = clock, Scene()
        self._tick, self._visible = 0, True
        self._warning = self._warned = False
        self._sign: Image.Image | None = None
        self._sign_left = 0
        self._stopped = False
        self._wake, self._waker = socket.socketpair()
        screen = self._display.screen()
        self._canvas: Any = screen.root.create_pixmap(WIDTH, HEIGHT, screen.root_depth)
        self._gc: Any = self._canvas.create_gc()
        self._put((0, 0), self._scene.still)
        self._window: Any = screen.root.create_window(
            *(0, 0, WIDTH, HEIGHT, 0, screen.root_depth),
            background_pixmap=self._canvas,
            event_mask=X.VisibilityChangeMask,
            override_redirect=not as_window,
            cursor=X.NONE if as_window else _no_cursor(screen.root),
        )
        self._window.set_wm_name("Chanoma television")
        self._window.set_wm_class("chanoma-tv", "Chanoma-tv")
        if as_window:
            state = self._display.intern_atom("_NET_WM_STATE"), self._display.intern_atom("_NET_WM_STATE_FULLSCREEN")
            self._window.change_property(state[0], Xatom.ATOM, 32, [state[1]])
        else:
            self._window.configure(stack_mode=X.Below)
        # A television paints its signs over everything, so they have a window of their own, on top.
        self._over: Any = screen.root.create_window(
            *((screen.width_in_pixels - sign.WIDTH) // 2, screen.height_in_pixels - sign.HEIGHT - 16),
            *(sign.WIDTH, sign.HEIGHT, 0, screen.root_depth),
            override_redirect=True,
        )
        self._frame()
        self._window.map()
        self._display.sync()

    def warn(self, active: bool) -> None:
        """Show the emergency caption, or take it away."""
        self._warning = active
        self._waker.send(b"w")

    def sign(self, picture: Image.Image) -> None:
        """Show a sign over everything for a moment."""
        self._sign = picture
        self._waker.send(b"k")

    def stop(self) -> None:
        """Make `run` return."""
        self._stopped = True
        self._waker.send(b"s")

    def close(self) -> None:
        """Close what `run` used; it has returned."""
        self._wake.close()
        self._waker.close()

    def run(self) -> None:
        """Draw until `stop`, or until the X server is gone."""
        with contextlib.suppress(xerror.ConnectionClosedError, OSError):
            while not self._stopped:
                ready, _, _ = select.select([self._display, self._wake], [], [], PERIOD)
                if self._wake in ready:
                    self._wake.recv(64)
                self._look()
                self._put_sign()
                # A warning is on the canvas before the window is uncovered, which shows the canvas at once.
                if self._visible or self._warning != self._warned:
                    self._frame()
            self._display.close()

    def _look(self) -> None:
        """Read whether anything of the window can be seen."""
        while self._display.pending_events():
            event = self._display.next_event()
            if event.type == X.VisibilityNotify:
                self._visible = event.state != X.VisibilityFullyObscured

    def _put_sign(self) -> None:
        if (picture := self._sign) is not None:
            self._sign, self._sign_left = None, SIGN_FRAMES
            self._over.map()
            self._over.configure(stack_mode=X.Above)
            self._paint(self._over, (0, 0), picture)
            self._display.sync()  # a flush may leave the end of a picture for the next frame, and here none follows
        elif self._sign_left:
            self._sign_left -= 1
            if not self._sign_left:
                self._over.unmap()
            self._display.flush()

    def _frame(self) -> None:
        self._tick += 1
        if self._warned and not self._warning:
            self._show(*self._scene.restored())
        self._warned = self._warning
        for box, picture in self._scene.moving(self._clock(), self._tick, self._warning):
            self._show(box, picture)
        self._display.flush()

    def _show(self, box: tuple[int, int, int, int], picture: Image.Image) -> None:
        """Paint a part on the canvas, which is the window's background too, and copy it to the window."""
        self._put(box[:2], picture)
        self._window.copy_area(self._gc, self._canvas, *box[:2], picture.width, picture.height, *box[:2])

    def _put(self, place: tuple[int, int], picture: Image.Image) -> None:
        self._paint(self._canvas, place, picture)

    def _paint(self, where: Any, place: tuple[int, int], picture: Image.Image) -> None:
        rows = max(1, _STRIP // (4 * picture.width))
        for top in range(0, picture.height, rows):
            strip = picture.crop((0, top, picture.width, min(top + rows, picture.height)))
            data = strip.tobytes("raw", "BGRX")
            where.put_image(self._gc, place[0], place[1] + top, strip.width, strip.height, X.ZPixmap, 24, 0, data)
            self._display.flush()


def _no_cursor(root: Any) -> Any:
    """Make a cursor without a picture: a television shows none, and the VNC door paints the server's own."""
    empty = root.create_pixmap(1, 1, 1)
    gc = empty.create_gc(foreground=0)
    empty.fill_rectangle(gc, 0, 0, 1, 1)
    return empty.create_cursor(empty, (0, 0, 0), (0, 0, 0), 0, 0)


def _japan() -> datetime:
    return datetime.now(ZoneInfo("Asia/Tokyo"))


@contextlib.asynccontextmanager
async def programme(
    display: str, clock: Callable[[], datetime] = _japan, as_window: bool = False
) -> AsyncIterator[Programme]:
    """Show the programme until the block ends."""
    shown = await asyncio.to_thread(Programme, display, clock, as_window)
    thread = threading.Thread(target=shown.run, name="programme")
    thread.start()
    try:
        yield shown
    finally:
        shown.stop()
        await asyncio.to_thread(thread.join)
        shown.close()
