"""Consent: what will be sent, to whom and what for, as a table; and what never is."""

from __future__ import annotations

from stb_agent.contract.messages import Status
from stb_agent.contract.text import Word
from stb_agent.contract.views import Consent
from ui import theme
from ui.focus import Box
from ui.screens.frame import answers, bar, buttons_height, frame
from ui.sketch import Sketch, text_height

_ROW = (128, 104)
"""Height of a statement; the smaller where there is little room."""
_TALL = 112
"""Height of an answer, where there is not little room."""
_SHARES = (0.35, 0.26, 0.39)
"""Of the width: what, to whom, what for."""


def draw(d: Sketch, view: Consent, status: Status | None) -> None:
    """Lay the view out."""
    room = frame(d, view.title, view.lead, status)
    tall = theme.TARGET if d.tight else _TALL
    below = buttons_height(view.items, height=tall)
    size = theme.NOTE if d.tight else theme.BODY
    withheld = text_height(2, size) + theme.GAP if view.withheld is not None else 0
    head = text_height(1, theme.NOTE) + theme.GAP
    columns, x = [], room.x + theme.GAP_L
    for share in _SHARES:
        columns.append((x, share * (room.w - 4 * theme.GAP_L)))
        x += columns[-1][1] + theme.GAP_L
    heights = [
        max(
            _ROW[d.tight],
            *(
                d.tall(text, wide, bold=text is it.what) + 2 * theme.GAP_S
                for (_, wide), text in zip(columns, (it.what, it.to, it.why), strict=True)
            ),
        )
        for it in view.statements
    ]
    d.spread(heights, room.h - below - withheld - head - theme.GAP_S)
    some, heights = view.statements[slice(*d.span)], heights[slice(*d.span)]
    table = Box(room.x, room.y, room.w, head + sum(heights) + theme.GAP_S)
    d.panel(table)
    for (x, wide), name in zip(columns, ("what", "to", "why"), strict=True):
        box = Box(x, room.y + theme.GAP, wide, text_height(1, theme.NOTE))
        d.write(Word("frame.consent." + name), box, theme.NOTE, colour=theme.QUIET)
    top = room.y + head
    for statement, row in zip(some, heights, strict=True):
        d.panel(Box(room.x + theme.GAP_L, round(top), room.w - 2 * theme.GAP_L, 2), theme.LINE, 0)
        for (x, wide), text in zip(columns, (statement.what, statement.to, statement.why), strict=True):
            box = Box(x, top + theme.GAP_S, wide, row - 2 * theme.GAP_S)
            d.write(text, box, size, bold=text is statement.what, middle=True)
        top += row
    if view.withheld is not None:
        box = Box(room.x, table.bottom + (theme.GAP_S if d.tight else theme.GAP), room.w, withheld)
        d.write(view.withheld, box, size)
    answers(d, view.items, room._replace(y=room.bottom - below + theme.GAP_M, h=below - theme.GAP_M), height=tall)
    bar(d)
