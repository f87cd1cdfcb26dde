"""Small smooth textures to stretch: corners drawn once cost less than multisampling every frame."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

from kivy.graphics.texture import Texture

from ui.theme import Rgb


@functools.cache
def rounded(radius: int, thickness: int) -> Texture:
    """Give a square with rounded corners of ``radius`` px, filled or an outline of ``thickness``; its middle is to be stretched."""
    size = 2 * radius + 2

    def inside(x: float, y: float) -> float:
        dx, dy = max(abs(x - size / 2) - 1, 0), max(abs(y - size / 2) - 1, 0)
        depth = radius - math.hypot(dx, dy)
        return min(depth, thickness - depth) if thickness else depth

    return _texture(size, inside)


@functools.cache
def disc(size: int) -> Texture:
    """Give a filled circle."""
    return _texture(size, lambda x, y: size / 2 - math.hypot(x - size / 2, y - size / 2))


@functools.cache
def diamond(size: int) -> Texture:
    """Give a square standing on its corner."""
    return _texture(size, lambda x, y: (size / 2 - abs(x - size / 2) - abs(y - size / 2)) / math.sqrt(2))


def modules(rows: tuple[tuple[bool, ...], ...]) -> Texture:
    """Give a square of black and white modules with hard edges."""
    pixels = b"".join(b"\0\0\0" if dark else b"\xff\xff\xff" for row in reversed(rows) for dark in row)
    texture = Texture.create(size=(len(rows), len(rows)), colorfmt="rgb")
    texture.mag_filter = texture.min_filter = "nearest"
    texture.blit_buffer(pixels, colorfmt="rgb", bufferfmt="ubyte")
    return texture


def _texture(size: int, inside: Callable[[float, float], float]) -> Texture:
    """Make a white texture whose opacity follows the depth in px inside the shape."""
    pixels = bytearray(b"\xff" * (4 * size * size))
    for y in range(size):
        for x in range(size):
            pixels[4 * (y * size + x) + 3] = round(255 * min(max(inside(x + 0.5, y + 0.5) + 0.5, 0), 1))
    texture = Texture.create(size=(size, size), colorfmt="rgba")
    texture.blit_buffer(bytes(pixels), colorfmt="rgba", bufferfmt="ubyte")
    return texture


@functools.cache
def light(wall: Rgb, lit: Rgb) -> Texture:
    """Give the ground: a wall on which light falls from above, left of the middle; shades are mixed dot by dot, so that none has an edge."""
    wide, tall = 240, 135
    pixels = bytearray()
    for y in range(tall):
        for x in range(wide):
            away = math.hypot((x / wide - 0.3) * 1.1, 1 - y / tall)  # rows from the bottom
            part = max(0.0, 1 - away) ** 1.5
            dot = _DOTS[y % 4][x % 4] / 16
            pixels += bytes(int(255 * (low + (high - low) * part) + dot) for low, high in zip(wall, lit, strict=True))
    texture = Texture.create(size=(wide, tall), colorfmt="rgb")
    texture.blit_buffer(bytes(pixels), colorfmt="rgb", bufferfmt="ubyte")
    return texture


# Ordered dithering (Bayer, 1973).
_DOTS = ((0, 8, 2, 10), (12, 4, 14, 6), (3, 11, 1, 9), (15, 7, 13, 5))
