"""What is on the screen, as data: a scene is a list of marks in px, ``y`` from the top; equal scenes are equal pictures."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from stb_agent.contract.appearance import Profile
from ui.focus import Box
from ui.theme import Colour


class Align(Enum):
    """Where the lines of a text stand in its box."""

    LEFT = "left"
    CENTER = "center"
    RIGHT = "right"


class Panel(NamedTuple):
    """A filled rounded rectangle, or with a ``thickness`` its outline."""

    box: Box
    colour: Colour
    radius: int = 0
    thickness: int = 0


class Stroke(NamedTuple):
    """A line through points."""

    points: tuple[tuple[float, float], ...]
    colour: Colour
    width: float

    @property
    def box(self) -> Box:
        """Give what the line covers."""
        xs, ys = [x for x, _ in self.points], [y for _, y in self.points]
        return Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)).grown(self.width * 2 + 2)


class Shape(Enum):
    """Of a point in a chart."""

    DISC = "disc"
    DIAMOND = "diamond"


class Dot(NamedTuple):
    """A small shape."""

    box: Box
    colour: Colour
    shape: Shape


class Label(NamedTuple):
    """Lines of text, already broken; ``box`` is what they cover."""

    box: Box
    lines: tuple[str, ...]
    size: int
    bold: bool
    colour: Colour
    align: Align = Align.LEFT


class Pattern(NamedTuple):
    """A square of dark and light modules, one row after another, dark ones True; black on white in every profile, for a machine reads it."""

    box: Box
    rows: tuple[tuple[bool, ...], ...]


class Scene(NamedTuple):
    """A whole picture, painted in this order, in the colours of a profile."""

    panels: tuple[Panel, ...] = ()
    strokes: tuple[Stroke, ...] = ()
    dots: tuple[Dot, ...] = ()
    labels: tuple[Label, ...] = ()
    profile: Profile = Profile.STANDARD
    patterns: tuple[Pattern, ...] = ()

    def scaled(self, by: float) -> Scene:
        """Give the same picture so many times as large."""
        return self._replace(
            panels=tuple(
                Panel(
                    _scaled(it.box, by),
                    it.colour,
                    round(it.radius * by),
                    it.thickness and max(1, round(it.thickness * by)),
                )
                for it in self.panels
            ),
            strokes=tuple(
                Stroke(tuple((x * by, y * by) for x, y in it.points), it.colour, it.width * by) for it in self.strokes
            ),
            dots=tuple(it._replace(box=_scaled(it.box, by)) for it in self.dots),
            # A text is as wide as it is: its width was measured at the size that it is drawn in.
            labels=tuple(
                it._replace(
                    box=Box(round(it.box.x * by), round(it.box.y * by), it.box.w * by, it.box.h * by),
                    size=round(it.size * by),
                )
                for it in self.labels
            ),
            patterns=tuple(it._replace(box=_scaled(it.box, by)) for it in self.patterns),
        )


def _scaled(box: Box, by: float) -> Box:
    x, y = round(box.x * by), round(box.y * by)
    return Box(x, y, round(box.right * by) - x, round(box.bottom * by) - y)
