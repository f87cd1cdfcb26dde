"""A page as it is laid out: what is wrong with it by its numbers."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from stb_agent.contract import words
from stb_agent.contract.messages import Status
from stb_agent.contract.views import Chart, Pin, View
from tests.support.inspector.reach import unreachable
from tests.support.inspector.said import unsaid
from tests.support.screens import SAFE
from tests.support.typeface import lacks
from ui import theme
from ui.focus import Box, Node
from ui.scene import Dot, Label, Panel, Scene, Stroke
from ui.screens.chart import timeline
from ui.sketch import Button, Place, Sketch
from ui.theme import Colour

Draw = Callable[[View, Status | None, Place], Sketch]
_WALL = frozenset({theme.GROUND, theme.GROUND_TOP})
_THIN = 8
"""px of a panel that is a line."""
_BLUNT = 4
"""px from the middle of a shape to the point of a line on which it is: peaks are cut flat."""
_HALF = 0.5
"""px."""
_MOST_PAGES = 12
"""Of a longer view the first, the middle and the last page are looked at."""


class Page(NamedTuple):
    """One page of a view, laid out."""

    name: str
    view: View
    place: Place
    sketch: Sketch


def pages(name: str, view: View, status: Status | None, draw: Draw) -> list[Page]:
    """Lay out a view's pages, those of its table too."""
    found = []
    for table in (False, True):
        first = draw(view, status, Place(table=table))
        if table and not (isinstance(view, Chart) and timeline(view)):
            continue
        numbers: set[int] | range = range(first.pages)
        if first.pages > _MOST_PAGES:
            numbers = {0, first.pages // 2, first.pages - 1}
        for page in sorted(numbers):
            place = Place(page, table)
            sketch = draw(view, status, place) if page else first
            found.append(Page(f"{name}/{'table ' * table}{page + 1}", view, place, sketch))
    return found


def inspect(laid: list[Page], status: Status | None, *, cut: bool = False) -> list[str]:
    """Give all that is wrong with the pages of one view. ``cut``: its words are longer than any that exist, and may end with …."""
    wrong = [f"{page.name}: {it}" for page in laid for it in of_page(page, status, cut=cut)]
    sketches = [page.sketch for page in laid]
    if sketches[0].pages <= _MOST_PAGES:
        wrong += [f"{laid[0].name}: {it}" for it in unsaid(laid[0].view, sketches, sketches[0].appearance, cut=cut)]
    return wrong


def of_page(page: Page, status: Status | None, *, cut: bool = False) -> Iterator[str]:
    """Give what is wrong with one page."""
    sketch = page.sketch
    scene = sketch.scene()
    yield from of_scene(scene, sketch, cut=cut)
    yield from of_buttons(sketch.buttons, sketch.nodes, sketch.style.scale)
    yield from unreachable(sketch.nodes)
    if status is not None and not isinstance(page.view, Pin):
        yield from (f"no way out: {id_}" for id_ in ("back", "tv") if id_ not in {node.id for node in sketch.nodes})
    for node in sketch.nodes:
        if not within(node.box.grown(theme.EDGE), _safe(sketch)):
            yield f"its ring leaves the safe area: {node.id}"


def _safe(sketch: Sketch) -> Box:
    """Give the safe area in px of the design."""
    by = sketch.style.scale
    return Box(SAFE.x / by, SAFE.y / by, SAFE.w / by, SAFE.h / by)


def within(box: Box, other: Box) -> bool:
    """Tell whether a box is inside another, but for half a px."""
    return (
        box.x >= other.x - _HALF
        and box.y >= other.y - _HALF
        and box.right <= other.right + _HALF
        and box.bottom <= other.bottom + _HALF
    )


def of_scene(scene: Scene, sketch: Sketch, *, cut: bool = False) -> Iterator[str]:
    """Give what is wrong with a picture, as far as its numbers tell."""
    reads = sketch.appearance.reads
    for label in scene.labels:
        said = " / ".join(label.lines)
        if not cut and label.lines[-1][1:].endswith("…"):
            yield f"cut: {said}"
        if any(_parts(one, other) for one, other in itertools.pairwise(label.lines)):
            yield f"a word in two: {said}"
        if label.size < _least(label, reads):
            yield f"of {label.size} px: {said}"
        if missing := {char for line in label.lines for char in line if _lacks(char, label.bold)}:
            yield f"no glyph for {sorted(missing)}: {said}"
        yield from (f"{said}, {it}" for it in crossed(label, scene))
    for mark in (*scene.panels, *scene.strokes, *scene.dots, *scene.labels):
        if not within(mark.box, SAFE):
            yield f"outside the safe area: {mark}"
    slack = -3 if reads else -2
    for one, other in itertools.combinations(scene.labels, 2):
        if one.box.grown(slack).overlaps(other.box.grown(slack)):
            yield f"{one.lines} on {other.lines}"
    yield from alike(scene)


def crossed(label: Label, scene: Scene) -> Iterator[str]:
    """Complain of what an edge or a line goes through a text."""
    margin = label.size * (theme.LEADING - 1) / 2  # above and under what is written
    box = Box(label.box.x, label.box.y + margin, label.box.w, label.box.h - 2 * margin)
    for panel in scene.panels:
        if not panel.box.overlaps(box) or (not panel.thickness and min(panel.box.w, panel.box.h) <= _THIN):
            continue
        if not within(box, panel.box.grown(1 - panel.thickness)):
            yield f"over the edge of {panel.box}"
    for mark in scene.dots:
        if mark.box.overlaps(box):
            yield f"on a {mark.shape.value}"


def of_buttons(buttons: list[Button], nodes: tuple[Node, ...], scale: float = 1) -> Iterator[str]:
    """Complain of what is too small to be chosen, of two in one place, and of words that leave their button."""
    for node in nodes:
        if (tall := node.box.h * scale) < theme.TARGET:
            yield f"{tall} px high: {node.id}"
    for one, other in itertools.combinations(nodes, 2):
        if one.box.overlaps(other.box):
            yield f"{one.id} on {other.id}"
    for button in buttons:
        if not button.labels:
            yield f"without words: {button.node.id}"
        for label in button.labels:
            if not within(label.box, button.node.box):
                yield f"out of its button: {label.lines}"


def poor(scene: Scene, focused: Button | None = None) -> Iterator[str]:
    """Complain of text below 7:1, signs below 3:1 and a focus ring below 4.5:1 on either side, by the profile's colours."""
    palette = theme.THEMES[scene.profile].palette
    scale = theme.THEMES[scene.profile].scale

    def below(least: float, one: Colour, others: frozenset[Colour], what: object) -> Iterator[str]:
        for other in others - {one} if least < 4 else others:
            ratio = theme.contrast(palette[one], palette[other])
            if ratio < least:
                yield f"{ratio:.1f}:1, {one.value} on {other.value}: {what}"

    for label in scene.labels:
        yield from below(7, label.colour, under(scene.panels, label.box), label.lines)
    for mark in (*scene.dots, *scene.strokes):
        yield from below(3, mark.colour, under(scene.panels, mark.box), mark)
    for at, panel in enumerate(scene.panels):
        if panel.thickness and panel.colour not in (theme.LINE,):
            yield from below(3, panel.colour, under(scene.panels[:at], panel.box), panel)
        if focused and at == len(scene.panels) - 1:  # the ring is painted last
            fills = {
                it.colour
                for it in scene.panels
                if within(_scaled(focused.node.box, scale), it.box) and not it.thickness
            }
            sides = under(scene.panels[:at], panel.box) | (fills & {theme.FOCUS})
            yield from below(4.5, panel.colour, sides, f"ring of {focused.node.id}")


def _scaled(box: Box, by: float) -> Box:
    return Box(*(part * by for part in box))


def under(panels: tuple[Panel, ...], box: Box) -> frozenset[Colour]:
    """Give the colour of what is under a box: the topmost panel that holds it all, or the wall."""
    for panel in reversed(panels):
        if not panel.thickness and within(box, panel.box.grown(1)):
            return frozenset({panel.colour})
    return _WALL


def alike(scene: Scene) -> Iterator[str]:
    """Complain of lines and of shapes that only their colours tell apart."""
    shapes: dict[tuple[object, ...], set[Colour]] = {}
    for stroke in scene.strokes:
        on_it = frozenset(dot.shape for dot in scene.dots if dot.colour is stroke.colour and _on(dot, stroke))
        shapes.setdefault(("line with", on_it), set()).add(stroke.colour)
    for (_, on_it), colours in shapes.items():
        if len(colours) > 1:
            yield f"only their colours tell {len(colours)} lines apart, each with {on_it or 'no shape'} on it"
    for dot in scene.dots:
        if not any(_on(dot, stroke) for stroke in scene.strokes) and not _named(dot, scene.labels):
            twins = [it for it in scene.dots if it.shape is dot.shape and it.colour is not dot.colour]
            if twins and not any(_on(it, stroke) for it in twins for stroke in scene.strokes):
                yield f"only its colour says what it is: {dot}"


def signs(scene: Scene) -> object:
    """Give a picture without its colours: what is left must still say everything."""
    return (
        [(panel.box, panel.radius, panel.thickness) for panel in scene.panels],
        [(stroke.points, stroke.width) for stroke in scene.strokes],
        [(dot.box, dot.shape) for dot in scene.dots],
        [(label.box, label.lines, label.size, label.bold) for label in scene.labels],
    )


def _on(dot: Dot, stroke: Stroke) -> bool:
    x, y = dot.box.x + dot.box.w / 2, dot.box.y + dot.box.h / 2
    return any(abs(x - px) <= _BLUNT and abs(y - py) <= _BLUNT for px, py in stroke.points)


def _named(dot: Dot, labels: tuple[Label, ...]) -> bool:
    beside = Box(dot.box.x, dot.box.y, dot.box.w + 60, dot.box.h)
    return any(label.box.overlaps(beside) for label in labels)


@functools.cache
def _lacks(char: str, bold: bool) -> bool:
    return lacks(char, bold)


def _least(label: Label, reads: bool) -> int:
    """Give the smallest size of a text; a reading is smaller than the word that it stands over."""
    kana = reads and all("\u3041" <= char <= "\u3096" for char in "".join(label.lines))
    return theme.RUBY if kana else theme.SMALL


@functools.cache
def _words() -> frozenset[str]:
    return frozenset(it for code in words.codes() for it in re.findall("[A-Za-z]+", words.pattern(code, "en")))


def _parts(one: str, other: str) -> bool:
    """Tell whether a word of English stands half in one line and half in the other."""
    end, start = re.findall(r"[^\W\d_]+$", one), re.findall(r"^[^\W\d_]+", other)
    return bool(end and start) and end[0] + start[0] in _words() and not {end[0], start[0]} <= _words()
