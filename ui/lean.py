"""What the UI's process does without, so that it stays small beside a television's own programs.

Only for the process of the UI: what is done here holds for all of it.
"""

from __future__ import annotations

import ctypes
import os
import sys
from types import ModuleType

_M_MMAP_THRESHOLD = -3
_PIECE = 32 * 1024
"""Bytes from which a piece of memory goes back to the system as soon as it is given back (mallopt(3)): the picture of a line of text is larger."""
# glXChooseVisual, GL/glx.h
_RGBA, _DOUBLEBUFFER, _RED, _GREEN, _BLUE, _DEPTH, _STENCIL = 4, 5, 8, 9, 10, 12, 13
_COLOURS = (_RGBA, _DOUBLEBUFFER, _RED, 8, _GREEN, 8, _BLUE, 8)


class _Visual(ctypes.Structure):
    """The beginning of XVisualInfo (X11/Xutil.h)."""

    _fields_ = (("visual", ctypes.c_void_p), ("visualid", ctypes.c_ulong))


def prepare() -> None:
    """Do without; before Kivy is imported."""
    # There is no network here: what Kivy imports of asyncio, and segno of xml.sax, need not load OpenSSL (4 MB) and HTTP for it.
    for name in ("ssl", "_hashlib"):
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
    sys.modules.setdefault("urllib.request", ModuleType("urllib.request"))
    # glibc raises its threshold to the largest piece that was ever given back; pictures of text then leave holes in its heap.
    ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _PIECE)
    if visual := flat_visual():
        os.environ["SDL_VIDEO_X11_WINDOW_VISUALID"] = f"{visual:#x}"


def tidy() -> None:
    """Give free memory back: what pictures of text leave in glibc's heap, 6 MB after a walk through every view (malloc_trim(3))."""
    ctypes.CDLL(None).malloc_trim(0)


def flat_visual() -> int:
    """Give the X server's visual without depth and stencil, 8 MB at 1080p that nothing here draws in; 0 without X or GLX."""
    try:
        x11, gl = ctypes.CDLL("libX11.so.6"), ctypes.CDLL("libGL.so.1")
    except OSError:
        return 0
    x11.XOpenDisplay.restype = ctypes.c_void_p
    display = ctypes.c_void_p(x11.XOpenDisplay(None))
    if not display:
        return 0
    gl.glXChooseVisual.restype = ctypes.POINTER(_Visual)
    wishes = (*_COLOURS, _DEPTH, 0, _STENCIL, 0, 0)
    found = gl.glXChooseVisual(display, x11.XDefaultScreen(display), (ctypes.c_int * len(wishes))(*wishes))
    visual = int(found.contents.visualid) if found else 0
    if found:
        x11.XFree(found)
    x11.XCloseDisplay(display)
    return visual
