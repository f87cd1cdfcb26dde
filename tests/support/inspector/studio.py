"""Draws with the UI's own Kivy code, in a window that is never mapped; runs in a process of its own (Kivy is imported once, its way)."""

from __future__ import annotations

import functools
import os
import tempfile
from collections.abc import Callable
from typing import Any, NamedTuple

from PIL import Image

from stb_agent.contract.messages import Status
from stb_agent.contract.views import View
from tests.support.inspector import layout, picture
from ui import boot, theme
from ui.focus import Box
from ui.scene import Scene
from ui.sketch import Place, Sketch
from ui.theme import Colour, Rgb, Theme

_SMALLER = 3
THUMB = (theme.WIDTH // _SMALLER, theme.HEIGHT // _SMALLER)


class Order(NamedTuple):
    """A picture to be drawn: ``focus`` is the number of what has the focus, counted as Python does; ``cut`` is `layout.inspect`'s."""

    name: str
    view: View
    status: Status | None
    place: Place = Place()
    focus: int = 0
    pressed: bool = False
    cut: bool = False


class Drawn(NamedTuple):
    """What is wrong with a picture, and the picture small (RGB, ``THUMB``)."""

    name: str
    wrong: list[str]
    small: bytes


class _Studio:
    def __init__(self) -> None:
        from kivy.graphics import opengl

        from ui.screens.kinds import drawer
        from ui.widgets.painter import Painter
        from ui.widgets.text import measure
        from ui.widgets.window import Surface

        self._opengl: Any = opengl
        self._surface = Surface()
        self._painter = Painter(self._surface.canvas)
        self.lay_out: Callable[[View, Status | None, Place], Sketch] = drawer(measure)
        ink = dict.fromkeys(Colour, Rgb(0, 0, 0))
        for at, colour in enumerate(picture.CHANNELS):
            ink[colour] = Rgb(*(float(at == part) for part in range(3)))
        theme.THEMES = {**theme.THEMES, picture.Ink.PROFILE: Theme(ink)}  # type: ignore[misc, dict-item]

        self.wall = functools.cache(lambda profile: self.draw(Scene(profile=profile)))

    def draw(self, scene: Scene) -> Image.Image:
        """Give the picture of a scene."""
        self._painter.paint(scene)
        self._surface._render(None)
        gl = self._opengl
        read = gl.glReadPixels(0, 0, theme.WIDTH, theme.HEIGHT, gl.GL_RGB, gl.GL_UNSIGNED_BYTE)
        return Image.frombuffer("RGB", (theme.WIDTH, theme.HEIGHT), read, "raw", "RGB", 0, -1)


_studio: _Studio | None = None


def enter(display: str) -> None:
    """Make this process the studio, once, on an X server."""
    global _studio
    os.environ["DISPLAY"] = display
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_RUNTIME_DIR"] = folder
        boot.prepare()
        _studio = _Studio()


def whole(order: Order) -> bytes:
    """Draw a picture, and give all its pixels (RGB)."""
    assert _studio
    return _studio.draw(_studio.lay_out(order.view, order.status, order.place).scene()).tobytes()


def work(order: Order) -> Drawn:
    """Draw a picture and inspect it."""
    assert _studio
    sketch = _studio.lay_out(order.view, order.status, order.place)
    wrong = list(layout.of_page(layout.Page(order.name, order.view, order.place, sketch), order.status, cut=order.cut))
    node = sketch.nodes[order.focus % len(sketch.nodes)] if sketch.nodes else None
    scene = sketch.scene(node.id if node else None, order.pressed)
    full = _studio.draw(scene)
    wrong += picture.of_text(scene, full, _studio.draw)
    wrong += picture.of_edges(full, _studio.wall(scene.profile))
    if node and not order.pressed:
        wrong += picture.of_ring(full, Box(*(part * sketch.style.scale for part in node.box)))
    return Drawn(order.name, [f"{order.name}: {it}" for it in wrong], full.reduce(_SMALLER).tobytes())


def snap(scene: Scene) -> bytes:
    """Give the picture of a scene as RGB."""
    assert _studio
    return _studio.draw(scene).tobytes()
