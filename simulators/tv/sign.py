"""What a television paints over everything for a moment when its own keys are pressed: volume bar, mute, channel."""

from __future__ import annotations

from PIL import Image, ImageDraw

from simulators.tv.scene import font
from simulators.tv.tuner import Tuner

WIDTH, HEIGHT = 760, 112
_INK, _DIM, _BAR = (255, 255, 255), (88, 96, 128), (255, 220, 150)


def draw(tuner: Tuner) -> Image.Image:
    """Paint what the last key was about."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), (12, 16, 40))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, WIDTH - 1, HEIGHT - 1), outline=_INK, width=3)
    middle = HEIGHT / 2

    def write(x: float, text: str, size: int, anchor: str = "lm") -> None:
        draw.text((x, middle), text, font=font(size), fill=_INK, anchor=anchor)

    if tuner.last == "channel":
        write(36, tuner.channel, 60)
        write(200, "練習のため番組は同じです", 36)
    elif tuner.muted:
        write(36, "消音", 52)
    else:
        write(36, "音量", 44)
        draw.rectangle((160, middle - 14, 620, middle + 14), fill=_DIM)
        draw.rectangle((160, middle - 14, 160 + round(460 * tuner.loudness), middle + 14), fill=_BAR)
        write(WIDTH - 36, str(tuner.volume), 52, "rm")
    return picture
