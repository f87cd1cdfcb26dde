"""List: one thing a line, leafed through in pages."""

from __future__ import annotations

from stb_agent.contract.messages import Status
from stb_agent.contract.views import List
from ui import theme
from ui.focus import Box
from ui.scene import Align
from ui.screens.frame import bar, frame
from ui.sketch import Sketch

_ROW = 124
_TALLEST = 150
_GAP = 20


def draw(d: Sketch, view: List, status: Status | None) -> None:
    """Lay the view out."""
    room = frame(d, view.title, view.lead, status)
    fit = max(1, int((room.h + _GAP) // (_ROW + _GAP)))
    d.paginate(len(view.items), fit)
    bar(d)
    tall = min(_TALLEST, int((room.h - (fit - 1) * _GAP) // fit))
    for at, item in enumerate(view.items[d.page * fit : (d.page + 1) * fit]):
        box = Box(room.x, round(room.y + at * (tall + _GAP)), room.w, tall)
        d.button(item.id, box, item.label, item.detail, align=Align.LEFT, size=theme.LEAD)
