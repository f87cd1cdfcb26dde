"""An X client for tests: what the screen shows, and when it changed."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from PIL import Image, ImageChops
from Xlib import X
from Xlib import error as xerror
from Xlib.display import Display
from Xlib.ext import damage

_STRIP = 120
"""Rows fetched at once: python-xlib copies what it has at every read, so a whole screen at once would be slow."""


@dataclass(frozen=True)
class Damage:
    """A report of the X server that a rectangle was painted: time.monotonic() when it reached us, and its area in pixels."""

    at: float
    area: int


def same(one: Image.Image, other: Image.Image) -> bool:
    """Tell whether two pictures are the same in every pixel."""
    return ImageChops.difference(one, other).getbbox() is None


class Screen:
    """A display's root window, watched from another thread (DAMAGE, reports of raw rectangles)."""

    def __init__(self, display: str) -> None:
        self.name = display
        self._display, self._watcher = Display(display), Display(display)
        self._root: Any = self._display.screen().root
        self.size: tuple[int, int] = (self._root.get_geometry().width, self._root.get_geometry().height)
        self._reports: list[Damage] = []
        self._news = threading.Condition()
        self._watcher.damage_query_version()  # the server answers nothing else of DAMAGE before
        self._watcher.screen().root.damage_create(damage.DamageReportRawRectangles)
        self._watcher.sync()
        self._closing = False
        self._thread = threading.Thread(target=self._watch, name="damage", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def _watch(self) -> None:
        try:
            while not self._closing:
                event = self._watcher.next_event()
                now = time.monotonic()
                if isinstance(event, self._watcher.display.event_classes[self._watcher.extension_event.DamageNotify]):
                    with self._news:
                        self._reports.append(Damage(now, event.area.width * event.area.height))
                        self._news.notify_all()
        except (xerror.ConnectionClosedError, OSError):
            pass
        with self._news:
            self._closing = True
            self._news.notify_all()

    def forget(self) -> None:
        """Drop the reports so far."""
        with self._news:
            self._reports.clear()

    def reports(self, since: float) -> list[Damage]:
        """Give the reports that came at ``since`` (time.monotonic()) or later."""
        with self._news:
            return [report for report in self._reports if report.at >= since]

    def first_change(self, since: float, seconds: float, area: int = 1) -> Damage | None:
        """Wait for the first report of at least ``area`` pixels that came at ``since`` or later; None if there is none in time."""
        end = time.monotonic() + seconds
        with self._news:
            while True:
                found = next((r for r in self._reports if r.at >= since and r.area >= area), None)
                if found or self._closing or not self._news.wait(max(end - time.monotonic(), 0)):
                    return found or next((r for r in self._reports if r.at >= since and r.area >= area), None)

    def settle(self, quiet: float = 0.2, seconds: float = 10.0) -> bool:
        """Wait until nothing was painted for ``quiet`` seconds; False if that did not come in time."""
        start = time.monotonic()
        with self._news:
            while (now := time.monotonic()) < start + seconds:
                last = max(self._reports[-1].at if self._reports else start, start)
                if now - last >= quiet:
                    return True
                self._news.wait(last + quiet - now)
        return False

    def picture(self) -> Image.Image:
        """Fetch what the screen shows now, as RGB."""
        width, height = self.size
        whole = Image.new("RGB", self.size)
        for top in range(0, height, _STRIP):
            rows = min(_STRIP, height - top)
            whole.paste(self.moment(0, top, width, rows), (0, top))
        return whole

    def moment(self, x: int, y: int, width: int, height: int) -> Image.Image:
        """Fetch a part of the screen by one request: all of it at one moment."""
        data = self._root.get_image(x, y, width, height, X.ZPixmap, 0xFFFFFFFF).data
        raw = data.encode("latin-1") if isinstance(data, str) else bytes(data)
        return Image.frombytes("RGB", (width, height), raw, "raw", "BGRX")

    def close(self) -> None:
        """Hang up."""
        self._closing = True
        watched = self._watcher.display.socket
        with contextlib.suppress(OSError):  # the server may be gone
            watched.shutdown(socket.SHUT_RDWR)  # wakes the thread
        self._thread.join()
        watched.close()
        with contextlib.suppress(xerror.ConnectionClosedError, OSError):
            self._display.close()
        self._display.display.socket.close()
