"""Choice: a question, what is being decided, and few large answers."""

from __future__ import annotations

from stb_agent.contract.messages import Status
from stb_agent.contract.views import Choice
from ui.screens.frame import answers, bar, buttons_height, frame, rows_table
from ui.sketch import Sketch
from ui.theme import GAP_L, GAP_M, TARGET

_TALL = 150


def draw(d: Sketch, view: Choice, status: Status | None) -> None:
    """Lay the view out."""
    room = frame(d, view.title, view.lead, status)
    across = 2 if len(view.items) in (2, 4) else 3
    # Lower answers where there is little room, so that what is decided stands whole above them.
    tall, gap = (TARGET, GAP_M) if d.tight else (_TALL, GAP_L)
    below = buttons_height(view.items, across=across, height=tall)
    bottom = rows_table(d, view.rows, room._replace(h=room.h - below - gap))
    top = bottom + gap if view.rows else room.y
    answers(d, view.items, room._replace(y=top), across=across, height=tall)
    bar(d)
