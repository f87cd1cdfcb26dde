"""The look: colours, sizes and spaces, all for 1920×1080 seen from three metres by people over seventy.

The sizes follow what is published for ten-foot screens: a safe area of 5 % (Android TV), text far above its 24 px minimum,
contrast of WCAG 2.2's enhanced level (1.4.6: 7:1), and a focus ring above its 1.4.11 (3:1).
"""

from __future__ import annotations

from typing import Final, NamedTuple

WIDTH: Final = 1920
HEIGHT: Final = 1080
SAFE_X: Final = 96
SAFE_Y: Final = 54


class Colour(NamedTuple):
    """Red, green and blue of 0 to 1, as sRGB."""

    red: float
    green: float
    blue: float


def _hex(value: int) -> Colour:
    return Colour((value >> 16) / 255, (value >> 8 & 255) / 255, (value & 255) / 255)


# A tea room in the evening: walls of tea brown, paper-white text, indigo cloth under the focus, one lamp.
GROUND: Final = _hex(0x211913)
GROUND_TOP: Final = _hex(0x2A2019)
PANEL: Final = _hex(0x33281F)
TILE: Final = _hex(0x44372B)
LINE: Final = _hex(0x7A6653)
INK: Final = _hex(0xF7EEDD)
QUIET: Final = _hex(0xE2D4BE)
LAMP: Final = _hex(0xFFC56B)
FOCUS: Final = _hex(0x24366B)
DARK_INK: Final = _hex(0x211913)
GOOD: Final = _hex(0xA9DDAE)
BAD: Final = _hex(0xFFB9A6)
SECOND: Final = _hex(0x9CC9F2)

# Text, in px.
SMALL: Final = 32
NOTE: Final = 36
BODY: Final = 40
LABEL: Final = 44
LEAD: Final = 48
TITLE: Final = 60
BIG: Final = 64
DISPLAY: Final = 80

# Spaces, in px: one scale.
GAP_S: Final = 8
GAP: Final = 16
GAP_M: Final = 24
GAP_L: Final = 32
GAP_XL: Final = 48

TARGET: Final = 96
"""The least height of what can be chosen."""
RADIUS: Final = 20
RING: Final = 7
"""The focus ring's width."""
RING_GAP: Final = 5
"""Between what is focused and its ring."""
LINE_CHARS: Final = 22
"""Full-width characters on a line of running text."""
LEADING: Final = 1.36


def contrast(one: Colour, other: Colour) -> float:
    """Give the contrast ratio of WCAG 2.2."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
