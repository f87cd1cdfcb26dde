"""Chart: lines over time, told apart by the shape of their points and their names; the latest values in words."""

from __future__ import annotations

import math
from datetime import datetime

from stb_agent.contract.messages import Status
from stb_agent.contract.text import Word
from stb_agent.contract.views import Chart, Series
from ui import theme
from ui.focus import Box
from ui.scene import Align, Shape
from ui.screens.frame import bar, frame
from ui.sketch import Sketch, text_height

_SIDE = 560
_LOOKS = ((theme.LAMP, Shape.DISC), (theme.SECOND, Shape.DIAMOND))
_POINT = 22
_STEPS = (1, 2, 5)


def draw(d: Sketch, view: Chart, status: Status | None) -> None:
    """Lay the view out; its items stand in the bar."""
    room = frame(d, view.title, view.lead, status)
    left = room._replace(w=room.w - (_SIDE + theme.GAP_L if view.rows else 0))
    d.panel(left)
    _legend(d, view, left)
    points = [point for series in view.series for point in series.points]
    if points:
        _plot(d, view, left, [point.value for point in points])
    _latest(d, view, room._replace(x=left.right + theme.GAP_L, w=_SIDE))
    bar(d, view.items)


def scale(low: float, high: float) -> tuple[float, float, float]:
    """Give a round bottom, top and step that hold all values in three to six steps."""
    span = max(high - low, 1e-6)
    size = 10.0 ** math.floor(math.log10(span / 3))
    step = next(s * size for s in (*_STEPS, 10) if span / (s * size) <= 5)
    bottom, top = math.floor(low / step) * step, math.ceil(high / step) * step
    return bottom, (top if top > bottom else bottom + step), step


def _legend(d: Sketch, view: Chart, box: Box) -> None:
    x, y = box.x + theme.GAP_L, box.y + theme.GAP
    line = text_height(1, theme.NOTE)
    for series, (colour, shape) in zip(view.series, _LOOKS, strict=False):
        d.dot(x + _POINT / 2, y + line / 2, _POINT + 6, colour, shape)
        name = d.words(series.label)
        d.write(name, Box(x + 44, y, 400, line), theme.NOTE, bold=True, colour=colour)
        x += 44 + d.measure(name, theme.NOTE, True) + theme.GAP_XL
    unit = Box(box.right - 300 - theme.GAP_L, y, 300, line)
    d.write(view.unit, unit, theme.SMALL, colour=theme.QUIET, align=Align.RIGHT)


def _plot(d: Sketch, view: Chart, box: Box, values: list[float]) -> None:
    bottom, top, step = scale(min(values), max(values))
    line = text_height(1, theme.SMALL)
    area = Box(box.x + 130, box.y + 110, box.w - 130 - 60, box.h - 110 - line - theme.GAP_XL)

    def y(value: float) -> float:
        return area.bottom - (value - bottom) / (top - bottom) * area.h

    for at in range(round((top - bottom) / step) + 1):
        value = bottom + at * step
        d.panel(Box(area.x, round(y(value)), area.w, 2), theme.LINE, 0)
        text = Box(box.x + theme.GAP, round(y(value) - line / 2), 130 - 2 * theme.GAP, line)
        d.write(f"{value:g}", text, theme.SMALL, colour=theme.QUIET, align=Align.RIGHT)

    moments = [datetime.fromisoformat(point.at).timestamp() for series in view.series for point in series.points]
    start, end = min(moments), max(moments)

    def x(at: str) -> float:
        part = (datetime.fromisoformat(at).timestamp() - start) / (end - start) if end > start else 0.5
        return area.x + 24 + part * (area.w - 48)

    for series, (colour, shape) in zip(view.series, _LOOKS, strict=False):
        places = tuple((x(point.at), y(point.value)) for point in series.points)
        if len(places) > 1:
            d.stroke(places, colour, 5)
        for place in places:
            d.dot(*place, _POINT if shape is Shape.DISC else _POINT + 4, colour, shape)
    _dates(
        d, max(view.series, key=lambda series: len(series.points)), Box(box.x, area.bottom + theme.GAP_L, box.w, line)
    )


def _dates(d: Sketch, series: Series, box: Box) -> None:
    ends = {series.points[0].at: Align.LEFT, series.points[-1].at: Align.RIGHT}
    for at, align in ends.items():
        room = Box(box.x + theme.GAP_L, box.y, box.w - 2 * theme.GAP_L, box.h)
        d.write(Word("frame.chart.at", {"at": at}), room, theme.SMALL, colour=theme.QUIET, align=align)


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
        d.write(row.value, inner._replace(y=y + label, h=value), theme.LEAD, bold=True)
