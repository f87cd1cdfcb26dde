"""Chart: lines and ranges over time, told apart by shape and name; the latest values in words; all of it as a table, too."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from stb_agent.contract.messages import Status
from stb_agent.contract.text import Text, Word
from stb_agent.contract.views import Band, Chart, Curtain, Point
from ui import theme
from ui.focus import Box
from ui.scene import Align, Shape
from ui.screens.frame import bar, buttons, cover, frame
from ui.sketch import Sketch, text_height

_SIDE = (560, 400)
"""Width of the latest values; the smaller where there is little room."""
_LOOKS = ((theme.LAMP, Shape.DISC), (theme.SECOND, Shape.DIAMOND))
_SPREAD = (theme.GOOD, 14)
"""Colour and width of a range's bar."""
_ASK = (560, 136)
"""Width of what opens the curtain, and height of each button with its gap."""
_POINT = 22
_STEPS = (1, 2, 5)
_MOST = 60
"""Points of a line that have a shape each; more of them are drawn as a line with the extremes of each part of it."""
_SIGNS = 12
"""Shapes on such a line, so that not its colour alone tells it from another."""
_ROW = 80
_WHEN = 520


def draw(d: Sketch, view: Chart, status: Status | None) -> None:
    """Lay the view out; its items stand in the bar, the table's bar is for its pages."""
    room = frame(d, view.title, view.lead, status)
    if view.curtain is Curtain.DRAWN:
        d.table = False
    if d.table:
        _table(d, view, room)
    else:
        side = _SIDE[d.tight]
        left = room._replace(w=room.w - (side + theme.GAP_L if view.rows else 0))
        d.panel(left)
        _legend(d, view, left)
        if timeline(view):
            _plot(d, view, left)
        if view.curtain is Curtain.DRAWN:
            _curtain(d, view, left)
        _latest(d, view, room._replace(x=left.right + theme.GAP_L, w=side))
    elsewhere = d.table or view.curtain is Curtain.DRAWN
    other = Word("frame.chart." + ("graph" if d.table else "table") + ("_short" if d.tight else ""))
    if view.curtain is Curtain.OPEN and not d.table:
        d.first = "chart.table"  # a second press by a trembling hand does not cover it again
    bar(d, () if elsewhere else view.items, toggle=other if timeline(view) else None)


def _curtain(d: Sketch, view: Chart, box: Box) -> None:
    """Draw what opens the curtain where the lines would be."""
    wide, tall = min(_ASK[0], box.w), _ASK[1] * len(view.items)
    line = Box(box.x, round(box.y + (box.h - tall) / 2) - _ROW, box.w, _ROW)
    d.write(Word("frame.curtain.covered"), line, theme.LABEL, align=Align.CENTER, middle=True)
    buttons(d, view.items, Box(round(box.x + (box.w - wide) / 2), line.bottom, wide, tall), across=1)


def scale(low: float, high: float) -> tuple[float, float, float]:
    """Give a round bottom, top and step that hold all values in three to six steps."""
    span = max(high - low, 1e-6)
    size = 10.0 ** math.floor(math.log10(span / 3))
    step = next(s * size for s in (*_STEPS, 10) if span / (s * size) <= 5)
    bottom, top = math.floor(low / step) * step, math.ceil(high / step) * step
    return bottom, (top if top > bottom else bottom + step), step


def thinned(points: Sequence[Point], most: int) -> Sequence[Point]:
    """Give at most about ``most`` points: of each part of the line the lowest and the highest, so that no peak is lost."""
    if len(points) <= most:
        return points
    parts = max(most // 2, 1)
    kept: list[Point] = []
    for part in range(parts):
        some = points[part * len(points) // parts : (part + 1) * len(points) // parts]
        ends = {min(some, key=lambda point: point.value), max(some, key=lambda point: point.value)}
        kept += [point for point in some if point in ends]
    return kept[: 2 * most]


def timeline(view: Chart) -> dict[str, float]:
    """Give every time that has a value, as it was written, with its seconds since 1970."""
    written = {point.at for series in view.series for point in series.points}
    written |= {it.at for spread in view.spreads for it in spread.ranges}
    return {at: datetime.fromisoformat(at).timestamp() for at in written}


def _legend(d: Sketch, view: Chart, box: Box) -> None:
    x, y = box.x + theme.GAP_L, box.y + theme.GAP
    line = text_height(1, theme.NOTE)
    wide = min(d.measure(d.words(view.unit), theme.SMALL, False), 200) + 1
    unit = Box(box.right - wide - theme.GAP_L, y, wide, line)
    d.write(view.unit, unit, theme.SMALL, colour=theme.QUIET, align=Align.RIGHT)
    for series, (colour, shape) in zip(view.series, _LOOKS, strict=False):
        d.dot(x + _POINT / 2, y + line / 2, _POINT + 6, colour, shape)
        x = _name(d, series.label, Box(x, y, unit.x - x, line))
    colour, thick = _SPREAD
    for spread in view.spreads:
        d.panel(Box(round(x + 8), y + 4, thick, line - 8), colour, thick // 2)
        x = _name(d, spread.label, Box(x, y, unit.x - x, line))
    if view.band is not None:
        d.panel(Box(round(x), y + 6, 28, line - 12), theme.TILE, 4)
        d.panel(Box(round(x), y + 6, 28, line - 12), theme.LINE, 4, 2)
        label = Word("frame.chart.band", {"label": d.words(view.band.label), "range": d.words(limits(view.band))})
        _name(d, label, Box(x, y, unit.x - x, line))


def _name(d: Sketch, label: Text, box: Box) -> float:
    """Write a name of the legend after its sign; give where the next sign stands."""
    size = theme.SMALL if d.tight else theme.NOTE
    wide = min(d.measure(d.words(label), size, True), box.w - 44 - theme.GAP)
    if wide <= 0:
        return box.x
    d.write(label, Box(box.x + 44, box.y, wide + 1, box.h), size, bold=True)
    return box.x + 44 + wide + (theme.GAP_M if d.tight else theme.GAP_XL)


def limits(band: Band) -> Word:
    low, high = (None if value is None else f"{value:g}" for value in (band.low, band.high))
    if low is not None and high is not None:
        return Word("frame.chart.range", {"low": low, "high": high})
    if high is not None:
        return Word("frame.chart.below", {"high": high})
    return Word("frame.chart.above", {"low": low or ""})


def _plot(d: Sketch, view: Chart, box: Box) -> None:
    values = [point.value for series in view.series for point in series.points]
    values += [value for spread in view.spreads for it in spread.ranges for value in (it.low, it.high)]
    if view.band is not None:
        values += [value for value in (view.band.low, view.band.high) if value is not None]
    bottom, top, step = scale(min(values), max(values))
    line = text_height(1, theme.SMALL)
    area = Box(box.x + 130, box.y + 110, box.w - 130 - 60, box.h - 110 - line - theme.GAP_XL)

    def y(value: float) -> float:
        return area.bottom - (value - bottom) / (top - bottom) * area.h

    if view.band is not None:
        upper = y(top if view.band.high is None else view.band.high)
        lower = y(bottom if view.band.low is None else view.band.low)
        d.panel(Box(area.x, round(upper), area.w, max(round(lower - upper), 4)), theme.TILE, 0)
    # Where there is little room only every second or third line is named.
    skip = math.ceil(line * (top - bottom) / step / area.h)
    for at in range(round((top - bottom) / step) + 1):
        value = bottom + at * step
        d.panel(Box(area.x, round(y(value)), area.w, 2), theme.LINE, 0)
        text = Box(box.x + theme.GAP, round(y(value) - line / 2), 130 - 2 * theme.GAP, line)
        if at % skip == 0:
            d.write(f"{value:g}", text, theme.SMALL, colour=theme.QUIET, align=Align.RIGHT)

    moments = timeline(view)
    start, end = min(moments.values()), max(moments.values())

    def x(at: str) -> float:
        part = (moments[at] - start) / (end - start) if end > start else 0.5
        return area.x + 24 + part * (area.w - 48)

    colour, wide = _SPREAD
    for spread in view.spreads:
        for it in spread.ranges[-_MOST:] if len(spread.ranges) > _MOST else spread.ranges:
            tall = max(round(y(it.low) - y(it.high)), wide)
            d.panel(Box(round(x(it.at) - wide / 2), round(y(it.high)), wide, tall), colour, wide // 2)
    for series, (colour, shape) in zip(view.series, _LOOKS, strict=False):
        points = thinned(series.points, 2 * _MOST)
        places = tuple((x(point.at), y(point.value)) for point in points)
        if len(places) > 1:
            d.stroke(places, colour, 5)
        for place in places if len(places) <= _MOST else places[:: math.ceil(len(places) / _SIGNS)]:
            d.dot(*place, _POINT if shape is Shape.DISC else _POINT + 4, colour, shape)
    below = Box(box.x + theme.GAP_L, area.bottom + theme.GAP_L, box.w - 2 * theme.GAP_L, line)
    ends = {min(moments, key=lambda at: moments[at]): Align.LEFT, max(moments, key=lambda at: moments[at]): Align.RIGHT}
    for at_, align in ends.items():
        d.write(Word("frame.chart.at", {"at": at_}), below, theme.SMALL, colour=theme.QUIET, align=align)


def _latest(d: Sketch, view: Chart, box: Box) -> None:
    """Write the latest values, each under its name."""
    label, value = text_height(1, theme.NOTE), text_height(1, theme.LEAD)
    tall = label + value + theme.GAP_M
    fit = max(1, int(box.h // tall))
    d.paginate(len(view.rows), fit)
    rows = view.rows[d.page * fit : (d.page + 1) * fit]
    if not rows:
        return
    d.panel(box._replace(h=len(rows) * tall + theme.GAP))
    for at, row in enumerate(rows):
        y = box.y + theme.GAP + at * tall
        inner = Box(box.x + theme.GAP_L, y, box.w - 2 * theme.GAP_L, label)
        d.write(row.label, inner, theme.NOTE, colour=theme.QUIET)
        if row.private and not row.value:
            cover(d, inner._replace(y=y + label, h=value))
        else:
            d.write(row.value, inner._replace(y=y + label, h=value), theme.LEAD, bold=True)


def _table(d: Sketch, view: Chart, room: Box) -> None:
    """Write every time in a row, the newest first, and what was measured in columns."""
    columns: list[tuple[Text, dict[str, Text]]] = []
    for series in view.series:
        columns.append((series.label, {point.at: f"{point.value:g}" for point in series.points}))
    for spread in view.spreads:
        ranges: dict[str, Text] = {
            it.at: Word("frame.chart.range", {"low": f"{it.low:g}", "high": f"{it.high:g}"}) for it in spread.ranges
        }
        columns.append((spread.label, ranges))
    moments = timeline(view)
    times = sorted(moments, key=lambda at: moments[at], reverse=True)
    head = text_height(1, theme.NOTE) + theme.GAP_M
    fit = max(1, int((room.h - head - theme.GAP_S) // _ROW))
    d.paginate(len(times), fit)
    shown = times[d.page * fit : (d.page + 1) * fit]
    d.panel(room._replace(h=head + len(shown) * _ROW + theme.GAP_S))
    inner = Box(room.x + theme.GAP_L, room.y + theme.GAP_S, room.w - 2 * theme.GAP_L, head - theme.GAP)
    moments_said = {at: Word("frame.chart.moment", {"at": at}) for at in shown}
    longest = max((d.measure(d.words(said), theme.LABEL, True) for said in moments_said.values()), default=0)
    first = min(max(longest + theme.GAP_L, _WHEN), inner.w / 2)
    wide = (inner.w - first) / max(len(columns), 1)

    def cell(text: Text, column: int, y: float, tall: float, *, name: bool) -> None:
        box = Box(inner.x, y, first - theme.GAP, tall)
        if column:
            box = Box(inner.x + first + (column - 1) * wide, y, wide - theme.GAP, tall)
        size, colour = (theme.NOTE, theme.QUIET) if name else (theme.LABEL, theme.INK)
        align = Align.RIGHT if column else Align.LEFT
        d.write(text, box, size, bold=not name, colour=colour, align=align, middle=True)

    cell(Word("frame.chart.when"), 0, inner.y, inner.h, name=True)
    for at, (label, _) in enumerate(columns):
        unit = Word("frame.chart.unit", {"label": d.words(label), "unit": d.words(view.unit)})
        cell(unit, at + 1, inner.y, inner.h, name=True)
    for row, when in enumerate(shown):
        y = room.y + head + row * _ROW
        d.panel(Box(inner.x, round(y), inner.w, 2), theme.LINE, 0)
        cell(moments_said[when], 0, y + 4, _ROW - 8, name=False)
        for at, (_, values) in enumerate(columns):
            cell(values.get(when, Word("frame.chart.none")), at + 1, y + 4, _ROW - 8, name=False)
