"""The drawing board of the screens: places text, panels and buttons, and turns them into scenes for one focus or another."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from stb_agent.contract import words
from stb_agent.contract.appearance import Appearance
from stb_agent.contract.readings import readings
from stb_agent.contract.text import Text
from ui import theme
from ui.focus import Box, Node
from ui.lines import Measure, ellipsis, joined, parted, wrap
from ui.ruby import found_in
from ui.scene import Align, Dot, Label, Panel, Pattern, Scene, Shape, Stroke
from ui.theme import Colour, Theme

SHRINK = 4
"""px by which words become smaller until they fit: each size is a font of its own in memory (0.4 MB)."""
_CLOSE = 4
"""px above and under words for which there is little room."""
_TALL = 376
"""A button that has room for large marks above and under its words."""
BACK = "back"
HELP = "help"
TV = "tv"
FRAME_IDS = frozenset({BACK, HELP, TV})
"""What every view has, whatever it is about."""


class Look(Enum):
    """Of a button."""

    CALM = "calm"
    FOCUSED = "focused"
    PRESSED = "pressed"


@dataclass(frozen=True)
class Button:
    """Something that can have the focus, and what it does.

    ``turn``: by how many pages it leafs, ``toggle``: it changes between graph and table; then it is no intent. ``spin``: ↑ and ↓ on it turn this
    value on and back. ``sends``: the intent's id and value, if they are others than the node's id and nothing. ``listen``: it has all that
    is on the page spoken. ``words``: what it says, to be spoken: label, detail and mark.
    """

    node: Node
    labels: tuple[Label, ...]
    fill: Colour
    turn: int = 0
    toggle: bool = False
    spin: str | None = None
    sends: tuple[str, str] | None = None
    listen: bool = False
    words: tuple[Text, ...] = ()


class Place(NamedTuple):
    """What of a view is shown: the UI's own choice. ``listen``: something on it is spoken only when asked for."""

    page: int = 0
    table: bool = False
    listen: bool = False


@dataclass
class Sketch:
    """A view laid out once, in px of the design; `scene` gives its picture for any focus, in px of the screen.

    ``leafs``: going past the first or last row of ``content`` turns the page. ``fit`` rows of a list are on a page; ``missing`` is the first of this
    page's that the agent has to be asked for. ``span``: the first of what `paginate` spread that is on this page, and the first that is not.
    """

    measure: Measure
    appearance: Appearance
    page: int = 0
    table: bool = False
    listen: bool = False
    pages: int = 1
    span: tuple[int, int] = (0, 0)
    leafs: bool = False
    fit: int = 0
    missing: int | None = None
    buttons: list[Button] = field(default_factory=list)
    first: str | None = None
    _read: set[str] = field(default_factory=set)
    _panels: list[Panel] = field(default_factory=list)
    _strokes: list[Stroke] = field(default_factory=list)
    _dots: list[Dot] = field(default_factory=list)
    _labels: list[Label] = field(default_factory=list)
    _patterns: list[Pattern] = field(default_factory=list)

    @property
    def style(self) -> Theme:
        """Give what the household's profile makes of the look."""
        return theme.THEMES[self.appearance.profile]

    @property
    def tight(self) -> bool:
        """Tell whether the canvas is smaller than the design's, because all is drawn larger."""
        return self.style.scale > 1

    @functools.cached_property
    def room(self) -> Box:
        """Give where things may stand: the safe area, less what a focus ring needs."""
        look = self.style
        x, y = (math.ceil(safe / look.scale) for safe in (theme.SAFE_X, theme.SAFE_Y))
        return Box(x + theme.EDGE, y, look.width - 2 * (x + theme.EDGE), look.height - 2 * y - theme.EDGE)

    @functools.cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Give what can have the focus; ask only when all is drawn."""
        return tuple(button.node for button in self.buttons)

    def say(self, code: str, **args: str | int) -> str:
        """Give a text of the frame's own."""
        return words.text(code, self.appearance, **args)

    def words(self, text: Text) -> str:
        """Give what the person reads."""
        return words.render(text, self.appearance)

    def paginate(self, count: int, fit: int) -> None:
        """Spread ``count`` rows over pages of ``fit`` and stay on one that exists."""
        self.pages = max(1, -(-count // fit))
        self.page = min(max(self.page, 0), self.pages - 1)
        self.span = (self.page * fit, min((self.page + 1) * fit, count))

    def spread(self, heights: Sequence[float], room: float) -> None:
        """Spread rows of these heights over pages of ``room`` px and stay on one that exists."""
        starts, used = [0], 0.0
        for at, height in enumerate(heights):
            if used + height > room and at > starts[-1]:
                starts.append(at)
                used = 0.0
            used += height
        self.pages = len(starts)
        self.page = min(max(self.page, 0), self.pages - 1)
        self.span = (starts[self.page], [*starts, len(heights)][self.page + 1])

    def panel(self, box: Box, colour: Colour = theme.PANEL, radius: int = theme.RADIUS, thickness: int = 0) -> None:
        """Draw a rounded rectangle, or with a ``thickness`` its outline."""
        self._panels.append(Panel(box, colour, radius, thickness))
        if colour in (theme.PANEL, theme.TILE) and radius and not thickness and self.style.outline:
            self._panels.append(Panel(box, theme.LINE, radius, self.style.outline))

    def ground(self, other: Sketch) -> None:
        """Draw what another view stands on: its panels, and the places of its buttons, which nobody can press."""
        self._panels += other._panels
        for button in other.buttons:
            if button.node.group == "content":
                self.panel(button.node.box)

    def stroke(self, points: tuple[tuple[float, float], ...], colour: Colour, width: float) -> None:
        """Draw a line; its peaks are cut flat, for pointed ones would reach beyond their points."""
        self._strokes.append(Stroke(blunted(points, width), colour, width))

    def dot(self, x: float, y: float, size: float, colour: Colour, shape: Shape = Shape.DISC) -> None:
        """Draw a small shape around a point."""
        self._dots.append(Dot(Box(round(x - size / 2), round(y - size / 2), size, size), colour, shape))

    def pattern(self, x: float, y: float, side: float, rows: tuple[tuple[bool, ...], ...]) -> Box:
        """Draw modules as large as whole px of the screen allow in a square of ``side`` px; give what they take."""
        pitch = int(side * self.style.scale // len(rows)) / self.style.scale
        box = Box(round(x), round(y), pitch * len(rows), pitch * len(rows))
        self._patterns.append(Pattern(box, rows))
        return box

    def holds(self, text: Text, box: Box, *, bold: bool = False) -> bool:
        """Tell whether a text finds room in a box without being cut."""
        label = self.set(text, box, theme.SMALL, bold=bold)
        return label is None or (self._all(text, label) and label.box.w <= box.w + 1)

    def tall(self, text: Text, width: float, *, bold: bool = False) -> int:
        """Give the least height of a text that is so wide."""
        return text_height(len(wrap(self.words(text), width, theme.SMALL, bold, self.measure)), theme.SMALL)

    def longest(self, text: Text, size: int) -> float:
        """Give the width in bold of the longest part of a text that stays whole: a word, and of Japanese a character."""
        parts = re.findall(r"[^\W\u3000-\uffef]+\S?|\S", self.words(text))
        return max((self.measure(part, size, True) for part in parts), default=0.0)

    def _all(self, text: Text, label: Label) -> bool:
        """Tell whether a label says all of its text."""
        return "".join("".join(label.lines).split()) == "".join(self.words(text).split())

    def write(
        self,
        text: Text,
        box: Box,
        size: int = theme.BODY,
        *,
        bold: bool = False,
        colour: Colour = theme.INK,
        align: Align = Align.LEFT,
        middle: bool = False,
    ) -> float:
        """Write a text into a box, smaller if it must be; give the bottom of what was written."""
        label = self.set(text, box, size, bold=bold, colour=colour, align=align, middle=middle)
        if label is None:
            return box.y
        if self.appearance.reads and (read := self._with_furigana(label, box, middle)):
            self._labels += read
            return max(it.box.bottom for it in read)
        self._labels.append(label)
        return label.box.bottom

    def _with_furigana(self, label: Label, box: Box, middle: bool) -> list[Label]:
        """Give a text line by line with readings above, all lines as far apart; nothing if there are none or no room for them."""
        lines = label.lines
        size = max(theme.RUBY, label.size // 2)
        above, tall = text_height(1, size) - theme.GAP_S, text_height(1, label.size)
        height = len(lines) * (above + tall)
        # Over smaller text the kana would be more than half as large, and weigh more than the word.
        if label.size < theme.BODY or height > box.h:
            return []
        if not (found := found_in(lines, readings(), read := set(self._read))):
            return []
        self._read = read
        top = round(box.y + ((box.h - height) / 2 if middle else 0))
        labels: list[Label] = []
        lefts = []
        for at, line in enumerate(lines):
            wide = self.measure(line, label.size, label.bold)
            free = label.box.w - wide
            left = label.box.x + {Align.LEFT: 0.0, Align.CENTER: free / 2, Align.RIGHT: free}[label.align]
            lefts.append(left)
            y = top + at * (above + tall) + above
            labels.append(Label(Box(round(left), y, wide, tall), (line,), label.size, label.bold, label.colour))
        end = [float(box.x)] * len(lines)
        for it in found:
            line, wide = lines[it.line], self.measure(it.kana, size, False)
            start, stop = (self.measure(line[:to], label.size, label.bold) for to in (it.start, it.end))
            x = max(lefts[it.line] + (start + stop - wide) / 2, end[it.line])
            if x + wide > box.right:
                continue
            y = top + it.line * (above + tall)
            labels.append(Label(Box(round(x), y, wide, above), (it.kana,), size, False, label.colour))
            end[it.line] = x + wide + theme.GAP_S
        return labels

    def set(
        self,
        text: Text,
        box: Box,
        size: int,
        *,
        bold: bool = False,
        colour: Colour = theme.INK,
        align: Align = Align.LEFT,
        middle: bool = False,
    ) -> Label | None:
        """Break a text so that it fits the box: smaller down to the smallest size, then cut with …; None for an empty text."""
        shown = self.words(text)
        if not shown:
            return None
        while True:
            lines = wrap(shown, box.w, size, bold, self.measure)
            most = max(1, int(box.h // (size * theme.LEADING)))
            fits = len(lines) <= most and all(self.measure(line, size, bold) <= box.w for line in lines)
            if fits and not parted(shown, lines):
                break
            if size <= theme.SMALL:
                if len(lines) > most:
                    lines = (*lines[: most - 1], ellipsis(joined(lines[most - 1 :]), box.w, size, bold, self.measure))
                break
            size = max(size - SHRINK, theme.SMALL)
        width = max(self.measure(line, size, bold) for line in lines)
        height = text_height(len(lines), size)
        left = {Align.LEFT: 0.0, Align.CENTER: (box.w - width) / 2, Align.RIGHT: box.w - width}[align]
        top = (box.h - height) / 2 if middle else 0
        return Label(Box(round(box.x + left), round(box.y + top), width, height), lines, size, bold, colour, align)

    def button(
        self,
        id_: str,
        box: Box,
        label: Text,
        detail: Text | None = None,
        *,
        size: int = theme.LABEL,
        align: Align = Align.CENTER,
        group: str = "content",
        fill: Colour = theme.TILE,
        turn: int = 0,
        toggle: bool = False,
        spin: str | None = None,
        sends: tuple[str, str] | None = None,
        listen: bool = False,
        mark: Text | None = None,
        marks: tuple[Text, Text] | None = None,
        pad: int | None = None,
    ) -> None:
        """Add something to choose, with its words inside; a ``mark`` at its right end, or ``marks`` at its top and bottom."""
        if pad is None:
            pad = theme.GAP_L if align is Align.LEFT else theme.GAP
        # Two lines of the smallest text find room in the lowest button.
        inner = Box(box.x + pad, box.y, box.w - 2 * pad, box.h).inset(theme.GAP_S if box.h > theme.TARGET else _CLOSE)
        labels: list[Label] = []
        if mark is not None and (sign := self.set(mark, inner, size, bold=True, align=Align.RIGHT, middle=True)):
            labels.append(sign)
            inner = inner._replace(w=inner.w - sign.box.w - theme.GAP)
        if marks is not None:
            end_size = theme.BIG if box.h >= _TALL else theme.SMALL
            tall = text_height(1, end_size)
            for text, y in zip(marks, (inner.y, inner.bottom - tall), strict=True):
                if end := self.set(text, inner._replace(y=y, h=tall), end_size, align=Align.CENTER, middle=True):
                    labels.append(end)
            inner = inner._replace(y=inner.y + tall, h=inner.h - 2 * tall)
        if detail is not None and self.words(detail):
            head = self.set(label, inner._replace(h=inner.h * 0.56), size, bold=True, align=align)
            used = head.box.h + theme.GAP_S if head else 0
            note = self.set(detail, inner._replace(h=inner.h - used), theme.NOTE, colour=theme.QUIET, align=align)
            if head and note and not (self._all(label, head) and self._all(detail, note)):
                inner = Box(inner.x, box.y, inner.w, box.h).inset(_CLOSE)
                head, note = self._packed(label, detail, inner, size, align)
                used = head.box.h if head else 0
            # Tiles side by side: their labels on one line, however long the notes under them are.
            line_up = box.h > 2 * theme.TARGET and marks is None and used + text_height(2, theme.NOTE) <= inner.h
            below = max(note.box.h if note else 0, text_height(2, theme.NOTE) if line_up else 0)
            top = inner.y + (inner.h - used - below) / 2
            if head:
                labels.append(head._replace(box=head.box._replace(y=round(top))))
            if note:
                labels.append(note._replace(box=note.box._replace(y=round(top + used))))
        elif alone := self.set(label, inner, size, bold=True, align=align, middle=True):
            labels.append(alone)
        said = tuple(text for text in (label, detail, mark) if text is not None)
        self.buttons.append(Button(Node(id_, box, group), tuple(labels), fill, turn, toggle, spin, sends, listen, said))

    def _packed(
        self, label: Text, detail: Text, box: Box, size: int, align: Align
    ) -> tuple[Label | None, Label | None]:
        """Write long words and a long note closely, as large as both find room."""
        least = text_height(1, theme.SMALL)
        head = note = None
        for tried in range(size, theme.SMALL - 1, -SHRINK):
            head = self.set(label, box._replace(h=box.h - least), tried, bold=True, align=align)
            rest = box._replace(h=box.h - (head.box.h if head else 0))
            note = self.set(detail, rest, theme.NOTE, colour=theme.QUIET, align=align)
            if head and note and self._all(label, head) and self._all(detail, note):
                break
        return head, note

    def scene(self, focus: str | None = None, pressed: bool = False, stopped: bool = False) -> Scene:
        """Give the picture with the focus there; ``stopped``: a key led no further than that, and the ring is filled to say so."""
        scale, outline = self.style.scale, self.style.outline
        panels, labels, ring = list(self._panels), list(self._labels), list[Panel]()
        for button in self.buttons:
            look = Look.CALM if button.node.id != focus else Look.PRESSED if pressed else Look.FOCUSED
            fill, ink = {
                Look.CALM: (button.fill, None),
                Look.FOCUSED: (theme.FOCUS, theme.INK),
                Look.PRESSED: (theme.LAMP, theme.DARK_INK),
            }[look]
            panels.append(Panel(button.node.box, fill, theme.RADIUS))
            if look is not Look.CALM:
                around = button.node.box.grown(theme.EDGE)
                ring = [Panel(around, theme.LAMP, theme.RADIUS + theme.EDGE, theme.EDGE if stopped else theme.RING)]
            elif outline:
                panels.append(Panel(button.node.box, theme.LINE, theme.RADIUS, outline))
            labels += [label._replace(colour=ink) if ink else label for label in button.labels]
        panels += ring  # over what stands near, never under it
        scene = Scene(tuple(panels), tuple(self._strokes), tuple(self._dots), tuple(labels), self.appearance.profile)
        if self._patterns:
            scene = scene._replace(patterns=tuple(self._patterns))
        return scene if scale == 1 else scene.scaled(scale)


def blunted(points: Sequence[tuple[float, float]], width: float) -> tuple[tuple[float, float], ...]:
    """Give a line from left to right whose peaks are as broad as it is: no corner is sharper than a right angle."""
    found = list(points[:1])
    for (_, before), (x, y), (_, after) in zip(points, points[1:], points[2:], strict=False):
        peak = (before - y) * (after - y) > 0
        found += [(x - width / 2, y), (x + width / 2, y)] if peak else [(x, y)]
    return (*found, *points[1:][-1:])


def text_height(lines: int, size: int) -> int:
    """Give the height in px of so many lines."""
    return math.ceil(lines * size * theme.LEADING)
