"""Home: what to do now in large words, and what can be done here as tiles."""

from __future__ import annotations

from stb_agent.contract.messages import Status
from stb_agent.contract.views import Home
from ui import theme
from ui.focus import Box
from ui.scene import Align
from ui.screens.frame import bar, frame, voice
from ui.sketch import Sketch

_TALLEST = 340
_MOST = 9
_NARROWEST = 500
"""px of a tile with its note."""


def draw(d: Sketch, view: Home, status: Status | None) -> None:
    """Lay the view out."""
    room = frame(d, view.title, view.lead, status, lead_size=theme.BIG)
    # Three beside each other where they find room, else two by two.
    by_two = len(view.items) > 3 and room.w / 3 < _NARROWEST
    most = 4 if by_two else _MOST
    d.paginate(len(view.items), most)
    items = view.items[d.page * most : (d.page + 1) * most]
    bar(d, voice(status))
    if not items:
        return
    across = 2 if by_two or len(items) in (1, 2, 4) else 3
    rows = -(-len(items) // across)
    width = (room.w - (across - 1) * theme.GAP_L) / across
    height = min(_TALLEST, (room.h - (rows - 1) * theme.GAP_L) / rows)
    top = room.y + (room.h - rows * height - (rows - 1) * theme.GAP_L) / 2
    for at, item in enumerate(items):
        row, column = divmod(at, across)
        box = Box(
            round(room.x + column * (width + theme.GAP_L)),
            round(top + row * (height + theme.GAP_L)),
            round(width),
            round(height),
        )
        d.button(
            item.id, box, item.label, item.detail, size=theme.HEAD if height > 200 else theme.LABEL, align=Align.LEFT
        )
