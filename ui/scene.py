"""What is on the screen, as data: a scene is a list of marks in px, ``y`` from the top; equal scenes are equal pictures."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

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


class Scene(NamedTuple):
    """A whole picture, painted in this order."""

    panels: tuple[Panel, ...] = ()
    strokes: tuple[Stroke, ...] = ()
    dots: tuple[Dot, ...] = ()
    labels: tuple[Label, ...] = ()
