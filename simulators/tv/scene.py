"""The test programme's picture, painted by ourselves: a lake at dusk, clouds and a boat that drift, a channel caption, a clock."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator
from datetime import datetime
from functools import cache

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

WIDTH, HEIGHT = 1920, 1080
_SHORE = 690
"""Where the lake begins, in pixels from the top."""
_FONTS = "/usr/share/fonts/truetype/bizud-gothic/BIZUDPGothic-"

Box = tuple[int, int, int, int]
Colour = tuple[int, int, int]

_CLOUDS: Box = (0, 120, WIDTH, 300)
_LANE: Box = (0, 752, WIDTH, 872)
"""The strip of water on which the boat sails."""
_CLOCK: Box = (96, 64, 496, 120)
_WARNING: Box = (0, 0, WIDTH, 330)


@cache
def font(size: int, bold: bool = True) -> ImageFont.FreeTypeFont:
    """Give BIZ UDPGothic at ``size`` pixels."""
    return ImageFont.truetype(f"{_FONTS}{'Bold' if bold else 'Regular'}.ttf", size)


def _gradient(size: tuple[int, int], stops: list[tuple[float, Colour]]) -> Image.Image:
    """Paint a vertical gradient through ``stops`` (place 0 to 1, colour)."""
    column = Image.new("RGB", (1, size[1]))
    for y in range(size[1]):
        place = y / (size[1] - 1)
        (a, low), (b, high) = next((p, q) for p, q in itertools.pairwise(stops) if place <= q[0])
        share = (place - a) / (b - a)
        column.putpixel((0, y), tuple(round(u + (v - u) * share) for u, v in zip(low, high, strict=True)))
    return column.resize(size)


def _ridge(rng: random.Random, base: float, rough: float) -> list[tuple[float, float]]:
    """Draw the line of a hill at twice the scale, by midpoint displacement."""
    heights = [base + rng.uniform(-rough, rough), base + rng.uniform(-rough, rough)]
    while len(heights) < 200:
        rough *= 0.56
        between = [(a + b) / 2 + rng.uniform(-rough, rough) for a, b in itertools.pairwise(heights)]
        heights = [h for pair in zip(heights, [*between, heights[-1]], strict=True) for h in pair][
            : 2 * len(heights) - 1
        ]
    step = 2 * WIDTH / (len(heights) - 1)
    return [(i * step, 2 * h) for i, h in enumerate(heights)]


def _land() -> Image.Image:
    """Paint sky, mountain and hills down to the shore, at twice the size, then smooth it."""
    rng = random.Random(5)
    size = (2 * WIDTH, 2 * _SHORE)
    land = _gradient(
        size,
        [
            (0, (38, 58, 112)),
            (0.42, (106, 116, 172)),
            (0.68, (222, 158, 150)),
            (0.86, (250, 194, 136)),
            (1, (255, 222, 166)),
        ],
    )
    glow = Image.new("L", size)
    ImageDraw.Draw(glow).ellipse((2420, 780, 3380, 1740), fill=150)
    land.paste((255, 236, 190), mask=glow.resize((240, 87)).filter(ImageFilter.GaussianBlur(18)).resize(size))
    draw = ImageDraw.Draw(land)
    draw.ellipse((2810, 1080, 2990, 1260), fill=(255, 246, 220))
    peak, top, foot = 1500.0, 420.0, 1330.0

    def slope(x: float) -> float:
        """Give the height of the mountain's outline: steep near the summit, long and calm at its feet."""
        reach = max(abs(x - peak) - 92, 0) / 1350
        return (
            top + (foot - top) * (1 - math.pow(1 - min(reach, 1), 2.15)) + (6 * math.sin(x / 23) if reach == 0 else 0)
        )

    outline = [(x, slope(x)) for x in range(0, 2 * WIDTH + 8, 8)]
    draw.polygon([*outline, (2 * WIDTH, 1400), (0, 1400)], fill=(92, 88, 138))
    snow = [(x, y) for x, y in outline if y < top + 250]
    left, right = snow[0][0], snow[-1][0]

    def hem(x: float) -> float:
        """Give where the snow ends: in tongues, longest in the middle, nowhere outside the mountain."""
        return max(top + 262 + 62 * math.sin(x / 31) + 40 * math.sin(x / 13 + 1) - abs(x - peak) * 0.3, slope(x))

    teeth = [(x, hem(x)) for x in range(int(right), int(left), -6)]
    draw.polygon([*snow, *teeth], fill=(242, 226, 228))
    shade = [(x, y) for x, y in snow if x >= peak + 20]
    draw.polygon([*shade, *((x, y) for x, y in teeth if x > peak + 60)], fill=(214, 196, 212))
    for base, rough, colour in ((612, 46, (104, 92, 134)), (640, 36, (74, 72, 112)), (668, 22, (46, 52, 84))):
        draw.polygon([*_ridge(rng, base, rough), (2 * WIDTH, 1400), (0, 1400)], fill=colour)
    for x in range(40, 2 * WIDTH, 66):  # lamps of the far shore
        if rng.random() < 0.42:
            draw.ellipse((x, 1352 + rng.randrange(-6, 8), x + 6, 1360), fill=(255, 220, 150))
    return land.resize((WIDTH, _SHORE), Image.Resampling.LANCZOS)


def _water(land: Image.Image) -> Image.Image:
    """Mirror the land in the lake, row by row, with ripples that widen towards us."""
    depth = HEIGHT - _SHORE
    mirror = land.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize((WIDTH, int(_SHORE * 0.82)))
    water = Image.new("RGB", (WIDTH, depth))
    for y in range(depth):
        near = y / depth
        shift = round((2 + 16 * near) * math.sin(y / (2.2 + 5 * near)) + 5 * math.sin(y / 1.7))
        row = mirror.crop((0, min(y + round(5 * near * math.sin(y / 3)), mirror.height - 1), WIDTH, y + 1 + 8))
        water.paste(ImageChops.offset(row.crop((0, 0, WIDTH, 1)), shift, 0), (0, y))
    water = water.filter(ImageFilter.GaussianBlur(1.2))
    water = ImageChops.multiply(
        water, _gradient(water.size, [(0, (214, 208, 226)), (0.5, (170, 172, 212)), (1, (92, 104, 158))])
    )
    rng, glint = random.Random(9), Image.new("L", water.size)
    draw = ImageDraw.Draw(glint)
    for _ in range(760):
        y = int(depth * rng.random() ** 0.8)
        x = rng.gauss(1450, 50 + y * 0.5)
        half = 4 + 26 * y / depth * rng.random()
        draw.line((x - half, y, x + half, y), fill=rng.randrange(60, 200), width=1 + (y > 140))
    water.paste((255, 226, 176), mask=glint.filter(ImageFilter.GaussianBlur(0.8)))
    return water


def _reeds(picture: Image.Image) -> None:
    """Draw the reeds on our own shore, at the lower left."""
    rng, size = random.Random(21), (1400, 1000)
    reeds = Image.new("L", size)
    draw = ImageDraw.Draw(reeds)
    for _ in range(90):
        x, tall, lean = rng.gauss(420, 300), rng.uniform(240, 720), rng.uniform(-120, 220)
        line = [(x + lean * t * t, size[1] - tall * t) for t in (i / 12 for i in range(13))]
        draw.line(line, fill=255, width=rng.choice((4, 5, 6, 7)), joint="curve")
        if rng.random() < 0.4:
            end = line[-1]
            draw.ellipse((end[0] - 9, end[1] - 50, end[0] + 9, end[1] + 40), fill=255)
    mask = reeds.resize((size[0] // 2, size[1] // 2), Image.Resampling.LANCZOS)
    picture.paste((20, 26, 46), (0, HEIGHT - mask.height), mask)


def _text(draw: ImageDraw.ImageDraw, place: tuple[float, float], text: str, size: int, anchor: str = "lm") -> None:
    draw.text((place[0] + 2, place[1] + 3), text, font=font(size), fill=(16, 20, 40), anchor=anchor)
    draw.text(place, text, font=font(size), fill=(255, 255, 255), anchor=anchor)


def _captions(picture: Image.Image) -> None:
    """Write the channel and the title of the programme, in the manner of broadcasts."""
    plate = Image.new("L", (WIDTH * 2, HEIGHT * 2))
    ImageDraw.Draw(plate).rounded_rectangle((2988, 132, 3648, 268), 20, fill=150)
    picture.paste((18, 24, 52), mask=plate.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS))
    draw = ImageDraw.Draw(picture)
    _text(draw, (1520, 100), "011", 40)
    draw.line((1612, 80, 1612, 120), fill=(255, 255, 255), width=2)
    _text(draw, (1632, 100), "テスト放送", 36)
    _text(draw, (WIDTH - 96, 956), "ふるさとの四季", 40, "rm")
    _text(draw, (WIDTH - 96, 1010), "湖の夕暮れ", 56, "rm")


def _cloud_belt() -> Image.Image:
    """Paint a belt of thin clouds that joins its own end, as a mask."""
    rng, wide, tall = random.Random(3), WIDTH, _CLOUDS[3] - _CLOUDS[1]
    belt = Image.new("L", (wide, tall))
    for _ in range(16):
        x, y, length = rng.randrange(wide), rng.uniform(0.3, 0.7) * tall, rng.uniform(90, 260)
        puff = Image.new("L", (wide, tall))
        draw = ImageDraw.Draw(puff)
        for _ in range(14):
            dx, dy, r = rng.gauss(0, length / 2), rng.gauss(0, 8), rng.uniform(6, 17)
            draw.ellipse(
                (wide / 2 + dx - 3 * r, y + dy - r, wide / 2 + dx + 3 * r, y + dy + r), fill=rng.randrange(60, 150)
            )
        belt = ImageChops.lighter(belt, ImageChops.offset(puff, x - wide // 2, 0))
    doubled = Image.new("L", (2 * wide, tall))
    doubled.paste(belt, (0, 0))
    doubled.paste(belt, (wide, 0))
    smooth = doubled.filter(ImageFilter.GaussianBlur(9)).crop((wide // 2, 0, wide // 2 + wide, tall))
    fade = _gradient((wide, tall), [(0, (0, 0, 0)), (0.25, (255, 255, 255)), (0.75, (255, 255, 255)), (1, (0, 0, 0))])
    return ImageChops.multiply(smooth, fade.convert("L"))


def _boat() -> Image.Image:
    """Draw a small sailing boat and its reflection, as a mask with two tones."""
    boat = Image.new("RGBA", (400, 480))
    draw = ImageDraw.Draw(boat)
    draw.polygon([(196, 16), (196, 236), (62, 236)], fill=(250, 232, 214, 255))
    draw.polygon([(208, 50), (208, 236), (312, 236)], fill=(232, 200, 188, 255))
    draw.line((202, 8, 202, 250), fill=(40, 34, 50, 255), width=7)
    draw.polygon([(40, 250), (356, 250), (300, 292), (92, 292)], fill=(44, 36, 54, 255))
    ripple = boat.crop((0, 0, 400, 292)).transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize((400, 190))
    ripple.putalpha(ripple.getchannel("A").point(lambda a: a // 4))
    boat.alpha_composite(ripple, (0, 290))
    return boat.resize((100, 120), Image.Resampling.LANCZOS)


class Scene:
    """The painted programme; ``still`` never changes, `moving` gives what does."""

    def __init__(self) -> None:
        land = _land()
        self.still = Image.new("RGB", (WIDTH, HEIGHT))
        self.still.paste(land)
        self.still.paste(_water(land), (0, _SHORE))
        _captions(self.still)
        self._lane = self.still.crop(_LANE)
        _reeds(self.still)
        self._reeds_over_lane = (
            ImageChops.difference(self._lane, self.still.crop(_LANE)).convert("L").point(lambda d: 255 if d > 6 else 0)
        )
        self._front = self.still.crop(_LANE)
        self._sky = self.still.crop(_CLOUDS)
        self._belt, self._sail = _cloud_belt(), _boat()

    def moving(self, now: datetime, tick: int, warning: bool) -> Iterator[tuple[Box, Image.Image]]:
        """Give the parts of frame ``tick`` that are not in ``still``: where they are, and their pictures."""
        if warning:
            yield _WARNING, self._warning(tick)  # it covers sky and clock
        else:
            sky = self._sky.copy()
            sky.paste((255, 226, 210), mask=ImageChops.offset(self._belt, tick, 0))
            self._keep_captions(sky, _CLOUDS)
            yield _CLOUDS, sky
            clock = self.still.crop(_CLOCK)
            _text(ImageDraw.Draw(clock), (0, 28), f"{now:%-H:%M:%S}", 64)
            yield _CLOCK, clock
        lane = self._lane.copy()
        lane.paste(self._sail, ((480 + tick) % (WIDTH + 100) - 100, round(2 * math.sin(tick / 4))), self._sail)
        lane.paste(self._front, mask=self._reeds_over_lane)
        yield _LANE, lane

    def restored(self) -> tuple[Box, Image.Image]:
        """Give back what the warning covered."""
        return _WARNING, self.still.crop(_WARNING)

    def _keep_captions(self, part: Image.Image, box: Box) -> None:
        plate = (1494, 66, 1824, 134)
        if plate[3] > box[1]:
            part.paste(self.still.crop((plate[0], box[1], plate[2], plate[3])), (plate[0], 0))

    def _warning(self, tick: int) -> Image.Image:
        """Draw the emergency caption; it says loudly that it is a drill."""
        picture = self.still.crop(_WARNING)
        draw = ImageDraw.Draw(picture)
        draw.rounded_rectangle((96, 48, WIDTH - 96, 306), 10, fill=(12, 28, 92), outline=(255, 255, 255), width=3)
        draw.rectangle((96, 48, WIDTH - 96, 138), fill=(214, 28, 40) if tick % 2 == 0 else (168, 16, 30))
        draw.text((140, 94), "緊急地震速報", font=font(58), fill=(255, 255, 255), anchor="lm")
        draw.text((WIDTH - 140, 94), "これは訓練です", font=font(50), fill=(255, 240, 120), anchor="rm")
        draw.text(
            (140, 190),
            "訓練 ― みやび県北部で地震 強い揺れに備える練習です",
            font=font(48),
            fill=(255, 255, 255),
            anchor="lm",
        )
        draw.text(
            (140, 258), "あわてず、まず身の安全を確保してください", font=font(48), fill=(255, 240, 120), anchor="lm"
        )
        return picture
