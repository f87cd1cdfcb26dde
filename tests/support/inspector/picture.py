"""A page as it is drawn: what is wrong with it by its pixels."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from typing import Final

from PIL import Image, ImageChops

from tests.support.inspector.layout import within
from tests.support.screens import SAFE
from ui import theme
from ui.focus import Box
from ui.scene import Label, Scene
from ui.theme import Rgb

Pixel = tuple[int, int, int]
Draw = Callable[[Scene], Image.Image]

_INK, _SOLID = 60, 250
"""Of 255: what of a letter is seen, and what of it is in its full colour."""
_AWAY = 30
"""px around a text in which its ink is looked for."""
_STRAY = 3
"""px that ink may reach out of its place: a letter's smooth edge, or a reading, whose place is closer than other lines are."""
_OUTSIDE = 8
"""Of 255: a difference from the wall that is seen."""
_GREY = 24
"""Of 255: a difference in lightness that is seen without colour."""


class Ink(Enum):
    """Stands for a profile and for colours when texts are drawn to be told apart: each in one of the three of a screen."""

    PROFILE = "inspector"


CHANNELS: Final = (theme.GOOD, theme.BAD, theme.SECOND)
"""Drawn as pure red, green and blue."""


def of_text(scene: Scene, full: Image.Image, draw: Draw) -> Iterator[str]:
    """Complain of text that is not there, that leaves its place, or that does not stand out from what is under it by 7:1."""
    bare = draw(scene._replace(labels=()))
    for label, ink in _inks(scene, draw):
        said = " / ".join(label.lines)
        seen = ink.point([255 * (value > _INK) for value in range(256)]).getbbox()
        if seen is None:
            yield f"not drawn: {said}"
            continue
        left, top = _corner(label)
        place = Box(left + seen[0], top + seen[1], seen[2] - seen[0], seen[3] - seen[1])
        if not within(place, label.box.grown(_STRAY)):
            yield f"its ink is at {tuple(place)}, its place at {tuple(label.box)}: {said}"
        if not within(place, SAFE):
            yield f"its ink leaves the safe area: {said}"
        area = (left + seen[0], top + seen[1], left + seen[2], top + seen[3])
        solid = ink.crop(seen).point([255 * (value >= _SOLID) for value in range(256)])
        ratio = lowest(_colours(full.crop(area), solid), _colours(bare.crop(area), None))
        if ratio < 7:
            yield f"{ratio:.1f}:1 measured: {said}"


def of_edges(full: Image.Image, wall: Image.Image) -> Iterator[str]:
    """Complain of anything that is drawn outside the safe area: of what is not the wall there."""
    found = ImageChops.difference(full, wall).convert("L").point([255 * (v > _OUTSIDE) for v in range(256)])
    if (seen := found.getbbox()) and not within(_box(seen), SAFE):
        yield f"drawn outside the safe area: {seen}"


def of_ring(picture: Image.Image, node: Box) -> Iterator[str]:
    """Complain of a focus without a ring that stands out by 4.5:1 from what is inside it and from what is outside, on all four sides."""
    pixel = picture.load()
    assert pixel is not None
    x, y = round(node.x + node.w / 2), round(node.y + node.h / 2)
    inside, outside = 6, round(2.2 * theme.EDGE)
    ways = {
        "left": [(round(node.x) + at, y) for at in range(inside, -outside, -1)],
        "right": [(round(node.right) + at, y) for at in range(-inside, outside)],
        "top": [(x, round(node.y) + at) for at in range(inside, -outside, -1)],
        "bottom": [(x, round(node.bottom) + at) for at in range(-inside, outside)],
    }
    for side, way in ways.items():
        if not _ringed([tuple(pixel[at]) for at in way]):  # type: ignore[arg-type]
            yield f"no ring of 4.5:1 at the {side} of {tuple(node)}"


def differ(one: Image.Image, other: Image.Image) -> int:
    """Give how many px of two pictures differ for who sees no colours."""
    grey = ImageChops.difference(one.convert("L"), other.convert("L"))
    return sum(grey.histogram()[_GREY:])


def lowest(some: Sequence[Pixel], others: Sequence[Pixel]) -> float:
    """Give the lowest contrast that a colour of one has to a colour of the other; 1 if there are none."""
    if not some or not others:
        return 1.0
    ranked = [sorted({_contrast_with_black(it) for it in these}) for these in (some, others)]
    (low, *_), (under, *_) = ranked
    high, over = ranked[0][-1], ranked[1][-1]
    if low > over or under > high:
        return max(low / over, under / high)
    return min(max(a, b) / min(a, b) for a in ranked[0] for b in ranked[1])


def _inks(scene: Scene, draw: Draw) -> Iterator[tuple[Label, Image.Image]]:
    """Give each text with how much of each px around it is its ink: neighbours are drawn in other colours, or one after the other."""
    rounds: list[list[list[Label]]] = []
    for label in scene.labels:
        near = label.box.grown(_AWAY)
        slots = (slot for slots in rounds for slot in slots)
        free = next((slot for slot in slots if not any(it.box.grown(_AWAY).overlaps(near) for it in slot)), None)
        if free is None:
            rounds.append([[] for _ in CHANNELS])
            free = rounds[-1][0]
        free.append(label)
    for slots in rounds:
        labels = tuple(it._replace(colour=colour) for slot, colour in zip(slots, CHANNELS, strict=True) for it in slot)
        picture = draw(Scene(labels=labels, profile=Ink.PROFILE))  # type: ignore[arg-type]
        for slot, band in zip(slots, picture.split(), strict=True):
            for label in slot:
                left, top = _corner(label)
                right, bottom = round(label.box.right) + _AWAY, round(label.box.bottom) + _AWAY
                yield label, band.crop((left, top, right, bottom))


def _corner(label: Label) -> tuple[int, int]:
    return round(label.box.x) - _AWAY, round(label.box.y) - _AWAY


def _colours(picture: Image.Image, mask: Image.Image | None) -> list[Pixel]:
    """Give the colours of a picture, or of its part that a mask lets through."""
    none = (1, 254, 3)
    if mask is not None:
        picture = Image.composite(picture, Image.new("RGB", picture.size, none), mask)
    found = picture.getcolors(picture.width * picture.height) or []
    return [colour for _, colour in found if colour != none]  # type: ignore[misc]


def _ringed(way: list[Pixel]) -> bool:
    """Tell whether, on a way outwards, there is a line of at least 5 px that stands out from what is on either side."""
    runs: list[list[Pixel]] = []
    for colour in way:
        if runs and _ratio(runs[-1][-1], colour) < 1.2:
            runs[-1].append(colour)
        else:
            runs.append([colour])
    broad = [run for run in runs if len(run) >= 2]  # what is between is the smooth edge
    return any(
        len(run) >= 5 and _ratio(run[len(run) // 2], before[-1]) >= 4.5 and _ratio(run[len(run) // 2], after[0]) >= 4.5
        for before, run, after in zip(broad, broad[1:], broad[2:], strict=False)
    )


def _ratio(one: Pixel, other: Pixel) -> float:
    a, b = _contrast_with_black(one), _contrast_with_black(other)
    return max(a, b) / min(a, b)


@functools.cache
def _contrast_with_black(colour: Pixel) -> float:
    return theme.contrast(Rgb(*(part / 255 for part in colour)), Rgb(0, 0, 0))


def _box(found: tuple[int, int, int, int]) -> Box:
    left, top, right, bottom = found
    return Box(left, top, right - left, bottom - top)
