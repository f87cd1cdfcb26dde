"""The look: colours, sizes and spaces as tokens, and what each profile makes of them (docs/look.md).

All sizes are px of the design, which is 1920×1080 seen from three metres by people over seventy. They follow what is published for ten-foot
screens: a safe area of 5 % (Android TV), text far above its 24 px minimum, contrast of WCAG 2.2's enhanced level (1.4.6: 7:1) and a focus
ring above its 1.4.11 (3:1). A profile that is larger lays the same design out on a smaller canvas and draws that on the whole screen.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final, NamedTuple

from stb_agent.contract.appearance import Profile

WIDTH: Final = 1920
HEIGHT: Final = 1080
SAFE_X: Final = 96
SAFE_Y: Final = 54


class Colour(Enum):
    """What a colour is for; a profile's palette says which it is."""

    GROUND = "ground"
    GROUND_TOP = "ground_top"
    PANEL = "panel"
    TILE = "tile"
    LINE = "line"
    INK = "ink"
    QUIET = "quiet"
    LAMP = "lamp"
    FOCUS = "focus"
    DARK_INK = "dark_ink"
    GOOD = "good"
    BAD = "bad"
    SECOND = "second"


# The wall, and where the light falls on it from above; what lies on it; what can be chosen; lines.
GROUND: Final = Colour.GROUND
GROUND_TOP: Final = Colour.GROUND_TOP
PANEL: Final = Colour.PANEL
TILE: Final = Colour.TILE
LINE: Final = Colour.LINE
# Text, and text that matters less.
INK: Final = Colour.INK
QUIET: Final = Colour.QUIET
# The one accent: where one is and what is next; under the focus; text on the accent.
LAMP: Final = Colour.LAMP
FOCUS: Final = Colour.FOCUS
DARK_INK: Final = Colour.DARK_INK
# Signs, never without a shape or a word.
GOOD: Final = Colour.GOOD
BAD: Final = Colour.BAD
SECOND: Final = Colour.SECOND

# Text, in px: one scale.
SMALL: Final = 32
NOTE: Final = 36
BODY: Final = 40
LABEL: Final = 44
LEAD: Final = 48
HEAD: Final = 56
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
EDGE: Final = RING + RING_GAP
"""What a focus ring needs around a button inside the safe area."""
LINE_CHARS: Final = 22
"""Full-width characters on a line of running text."""
LEADING: Final = 1.36
RUBY: Final = 24
"""Furigana: half the text's size, and no less than this, which is the least that Android's guide has for a television."""


class Rgb(NamedTuple):
    """Red, green and blue of 0 to 1, as sRGB."""

    red: float
    green: float
    blue: float


@dataclass(frozen=True)
class Theme:
    """A profile's colours; how many px of the screen one of the design's is; and how wide a line is around panels and tiles, if there is one."""

    palette: Mapping[Colour, Rgb]
    scale: float = 1.0
    outline: int = 0

    @functools.cached_property
    def width(self) -> int:
        """Give the canvas's width in px of the design."""
        return int(WIDTH / self.scale)

    @functools.cached_property
    def height(self) -> int:
        """Give the canvas's height in px of the design."""
        return int(HEIGHT / self.scale)


def _palette(**values: int) -> Mapping[Colour, Rgb]:
    return MappingProxyType(
        {
            colour: Rgb((value >> 16) / 255, (value >> 8 & 255) / 255, (value & 255) / 255)
            for colour in Colour
            for value in [values[colour.value]]
        }
    )


# A tea room in the evening: walls of tea brown, paper-white text, indigo cloth under the focus, one lamp.
_TEA_ROOM: Final = _palette(
    ground=0x1E1611,
    ground_top=0x3A2A1C,
    panel=0x33281F,
    tile=0x44372B,
    line=0x7A6653,
    ink=0xF7EEDD,
    quiet=0xE2D4BE,
    lamp=0xFFC56B,
    focus=0x24366B,
    dark_ink=0x211913,
    good=0xA9DDAE,
    bad=0xFFB9A6,
    second=0x9CC9F2,
)
# Black and white, and yellow as the accent: the pair with the most contrast that still tells the focus from the rest.
_NIGHT: Final = _palette(
    ground=0x000000,
    ground_top=0x000000,
    panel=0x000000,
    tile=0x141414,
    line=0xB8B8B8,
    ink=0xFFFFFF,
    quiet=0xF0F0F0,
    lamp=0xFFE600,
    focus=0x00245E,
    dark_ink=0x000000,
    good=0x9CF7B0,
    bad=0xFFC2B0,
    second=0x9BE1FF,
)
# The tea room with blue against yellow and orange where the standard has green against red (after Okabe and Ito, 2008), and told apart by
# lightness besides.
_BLUE_AND_YELLOW: Final = _palette(
    ground=0x17181C,
    ground_top=0x2C3038,
    panel=0x2B2B30,
    tile=0x3A3A41,
    line=0x74747E,
    ink=0xF6F3EC,
    quiet=0xDAD7D0,
    lamp=0xFFD84D,
    focus=0x0F3D73,
    dark_ink=0x1B1B1E,
    good=0x8CCBFF,
    bad=0xFFB285,
    second=0x7DC4FA,
)

THEMES: Final[Mapping[Profile, Theme]] = MappingProxyType(
    {
        Profile.STANDARD: Theme(_TEA_ROOM),
        Profile.LARGE: Theme(_TEA_ROOM, scale=1.2),
        Profile.CONTRAST: Theme(_NIGHT, outline=3),
        Profile.COLOUR_BLIND: Theme(_BLUE_AND_YELLOW),
    }
)


def contrast(one: Rgb, other: Rgb) -> float:
    """Give the contrast ratio of WCAG 2.2."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Rgb) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
