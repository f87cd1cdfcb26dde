"""Brings the canvas from one scene to the next: widgets are made once, kept, and changed only where the scenes differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar

from kivy.graphics import BorderImage, Color, InstructionGroup, Rectangle, SmoothLine

from stb_agent.contract.appearance import Profile
from ui import theme
from ui.focus import Box
from ui.scene import Dot, Label, Panel, Pattern, Scene, Shape, Stroke
from ui.theme import Colour, Rgb
from ui.widgets import shapes, text

M = TypeVar("M", Panel, Stroke, Dot, Label, Pattern)
W = TypeVar("W", Panel, Stroke, Dot, Label, Pattern, contravariant=True)
_Palette = Mapping[Colour, Rgb]


class _Widget(Protocol[W]):
    """A piece of the canvas that can show any mark of its kind."""

    def show(self, mark: W | None, palette: _Palette) -> None: ...


class _Layer(Generic[M]):
    """All marks of one kind."""

    def __init__(self, canvas: Any, make: Callable[[InstructionGroup], _Widget[M]]) -> None:
        self._group = InstructionGroup()
        canvas.add(self._group)
        self._make: Callable[[InstructionGroup], _Widget[M]] = make
        self._widgets: list[_Widget[M]] = []
        self._marks: tuple[M, ...] = ()

    def show(self, marks: tuple[M, ...], palette: _Palette, anew: bool) -> list[Box]:
        """Show these marks, ``anew`` if the palette is another; give the boxes of what changed, before and after."""
        damage = []
        while len(self._widgets) < len(marks):
            self._widgets.append(self._make(self._group))
        for at in range(max(len(marks), len(self._marks))):
            old = self._marks[at] if at < len(self._marks) else None
            new = marks[at] if at < len(marks) else None
            if old != new or anew:
                self._widgets[at].show(new, palette)
                damage += [mark.box for mark in (old, new) if mark]
        self._marks = marks
        return damage


class Painter:
    """The picture on a Kivy canvas, in the colours of the scene's profile."""

    def __init__(self, canvas: Any) -> None:
        """Take the canvas."""
        # The light in the room falls from above: a texture of two pixels, stretched.
        canvas.add(Color(1, 1, 1, 1))
        self._ground = Rectangle(pos=(0, 0), size=(theme.WIDTH, theme.HEIGHT))
        canvas.add(self._ground)
        self._profile: Profile | None = None
        self._panels: _Layer[Panel] = _Layer(canvas, _PanelWidget)
        self._strokes: _Layer[Stroke] = _Layer(canvas, _StrokeWidget)
        self._dots: _Layer[Dot] = _Layer(canvas, _DotWidget)
        self._labels: _Layer[Label] = _Layer(canvas, _LabelWidget)
        self._patterns: _Layer[Pattern] = _Layer(canvas, _PatternWidget)

    def paint(self, scene: Scene) -> list[Box]:
        """Change the canvas to this scene; give the boxes that must be drawn anew."""
        palette = theme.THEMES[scene.profile].palette
        anew = scene.profile is not self._profile
        if anew:
            self._profile = scene.profile
            self._ground.texture = shapes.light(palette[theme.GROUND], palette[theme.GROUND_TOP])
        damage = [
            *self._panels.show(scene.panels, palette, anew),
            *self._strokes.show(scene.strokes, palette, anew),
            *self._dots.show(scene.dots, palette, anew),
            *self._labels.show(scene.labels, palette, anew),
            *self._patterns.show(scene.patterns, palette, anew),
        ]
        return [Box(0, 0, theme.WIDTH, theme.HEIGHT)] if anew else damage


def _flipped(box: Box) -> tuple[tuple[float, float], tuple[float, float]]:
    """Give Kivy's position and size: it counts from the bottom."""
    return (box.x, theme.HEIGHT - box.y - box.h), (box.w, box.h)


class _PanelWidget:
    def __init__(self, layer: InstructionGroup) -> None:
        self._colour = Color(1, 1, 1, 1)
        self._image = BorderImage(size=(0, 0), auto_scale="off")
        layer.add(self._colour)
        layer.add(self._image)

    def show(self, mark: Panel | None, palette: _Palette) -> None:
        if mark is None:
            self._image.border = (0, 0, 0, 0)  # else its corners stay, whatever the size
            self._image.size = (0, 0)
            return
        self._colour.rgb = palette[mark.colour]
        radius = min(mark.radius, int(min(mark.box.w, mark.box.h) // 2))
        self._image.texture = shapes.rounded(radius, mark.thickness)
        self._image.border = (radius, radius, radius, radius)
        self._image.pos, self._image.size = _flipped(mark.box)


class _StrokeWidget:
    def __init__(self, layer: InstructionGroup) -> None:
        self._colour = Color(1, 1, 1, 1)
        self._line = SmoothLine(points=())
        layer.add(self._colour)
        layer.add(self._line)

    def show(self, mark: Stroke | None, palette: _Palette) -> None:
        self._line.points = [c for x, y in mark.points for c in (x, theme.HEIGHT - y)] if mark else []
        if mark:
            self._colour.rgb = palette[mark.colour]
            self._line.width = mark.width / 2


class _DotWidget:
    def __init__(self, layer: InstructionGroup) -> None:
        self._colour = Color(1, 1, 1, 1)
        self._image = Rectangle(size=(0, 0))
        layer.add(self._colour)
        layer.add(self._image)

    def show(self, mark: Dot | None, palette: _Palette) -> None:
        if mark is None:
            self._image.size = (0, 0)
            return
        self._colour.rgb = palette[mark.colour]
        make = shapes.disc if mark.shape is Shape.DISC else shapes.diamond
        self._image.texture = make(round(mark.box.w))
        self._image.pos, self._image.size = _flipped(mark.box)


class _LabelWidget:
    def __init__(self, layer: InstructionGroup) -> None:
        self._colour = Color(1, 1, 1, 1)
        self._group = InstructionGroup()
        self._lines: list[Rectangle] = []
        self._mark: Label | None = None
        layer.add(self._colour)
        layer.add(self._group)

    def show(self, mark: Label | None, palette: _Palette) -> None:
        before, self._mark = self._mark, mark
        lines = mark.lines if mark else ()
        while len(self._lines) < len(lines):
            self._lines.append(Rectangle(size=(0, 0)))
            self._group.add(self._lines[-1])
        for gone in self._lines[len(lines) :]:
            gone.size, gone.texture = (0, 0), None
        if mark is None:
            return
        self._colour.rgb = palette[mark.colour]
        same = before is not None and (before.lines, before.size, before.bold) == (mark.lines, mark.size, mark.bold)
        leading = mark.size * theme.LEADING
        for at, (rectangle, line) in enumerate(zip(self._lines, mark.lines, strict=False)):
            if not same:
                rectangle.texture = text.texture(line, mark.size, mark.bold) if line else None
            width, height = rectangle.texture.size if line else (0, 0)
            left = {"left": 0.0, "center": (mark.box.w - width) / 2, "right": mark.box.w - width}[mark.align.value]
            top = mark.box.y + at * leading + (leading - height) / 2
            rectangle.pos = (round(mark.box.x + left), round(theme.HEIGHT - top - height))
            rectangle.size = (width, height)


class _PatternWidget:
    def __init__(self, layer: InstructionGroup) -> None:
        self._image = Rectangle(size=(0, 0))
        layer.add(Color(1, 1, 1, 1))
        layer.add(self._image)

    def show(self, mark: Pattern | None, palette: _Palette) -> None:
        if mark is None:
            self._image.size, self._image.texture = (0, 0), None  # nobody finds it in memory that is kept
            return
        self._image.texture = shapes.modules(mark.rows)
        self._image.pos, self._image.size = _flipped(mark.box)
