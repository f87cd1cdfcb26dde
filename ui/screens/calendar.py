"""Calendar: days across, times down, each ○, × or ー."""

from __future__ import annotations

from stb_agent.contract.messages import Status
from stb_agent.contract.text import Word
from stb_agent.contract.views import Calendar, CellState
from ui import theme
from ui.focus import Box
from ui.scene import Align
from ui.screens.frame import bar, frame
from ui.sketch import Sketch, text_height

_HEAD = 55, 95
"""Height of the days: on one line, or on two where they are long."""
_GAP, _BETWEEN = 16, 14
"""From day to day and from time to time: a focus ring and some wall around it."""


def draw(d: Sketch, view: Calendar, status: Status | None) -> None:
    """Lay the view out; its items stand in the bar, all the height is for the times."""
    room = frame(d, view.title, view.lead, status)
    legend = text_height(1, theme.SMALL)
    times = [d.words(time) for time in view.times]
    side = min(340.0, max((d.measure(time, theme.NOTE, True) for time in times), default=0) + theme.GAP_M)
    wide = (room.w - side + _GAP) / max(len(view.days), 1)
    name = Box(0, 0, wide - theme.GAP_S, _HEAD[0] - theme.GAP_S)
    head = _HEAD[not all(d.holds(day, name, bold=True) for day in view.days)]
    high = room.h - head - legend - theme.EDGE + _BETWEEN
    fit = max(1, int(high // (theme.TARGET + _BETWEEN)))
    d.paginate(len(times), fit)
    first = d.page * fit
    shown = times[first : first + fit]
    tall = min(128, int(high / max(len(shown), 1) - _BETWEEN))
    top = room.y + head
    for at, day in enumerate(view.days):
        box = Box(room.x + side + at * wide - (_GAP - theme.GAP_S) / 2, room.y, name.w, head - theme.GAP_S)
        d.write(day, box, theme.NOTE, bold=True, align=Align.CENTER, middle=True)
    for at, time in enumerate(shown):
        box = Box(room.x, top + at * (tall + _BETWEEN), side - theme.GAP, tall)
        d.write(time, box, theme.NOTE, bold=True, middle=True)
    # In the order in which they are read: the first free time has the focus.
    for cell in sorted(view.cells, key=lambda cell: (cell.time, cell.day)):
        row = cell.time - first
        if not 0 <= row < len(shown):
            continue
        box = Box(
            round(room.x + side + cell.day * wide), round(top + row * (tall + _BETWEEN)), round(wide - _GAP), tall
        )
        code = Word("frame.calendar." + cell.state.value)
        if cell.state is CellState.FREE:
            d.button(cell.id, box, code, size=theme.BIG)
        else:
            d.panel(box, theme.PANEL)
            d.write(code, box, theme.LABEL, colour=theme.QUIET, align=Align.CENTER, middle=True)
    foot = Box(room.x, top + len(shown) * (tall + _BETWEEN) - _BETWEEN + theme.EDGE, room.w, legend)
    d.write(Word("frame.calendar.legend"), foot, theme.SMALL, colour=theme.QUIET)
    bar(d, view.items)
