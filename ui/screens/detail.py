"""Detail: one thing in full, and whether the person's change has arrived."""

from __future__ import annotations

from stb_agent.contract.messages import Status
from stb_agent.contract.text import Word
from stb_agent.contract.views import Delivery, Detail
from ui import theme
from ui.focus import Box
from ui.qr import modules
from ui.screens.frame import bar, buttons, buttons_height, frame, rows_table, sign
from ui.sketch import Sketch, text_height

_COLOURS = {Delivery.SENT: theme.GOOD, Delivery.WAITING: theme.LAMP, Delivery.REFUSED: theme.BAD}
_SIGN = (72, 56)
"""Of the delivery; the smaller where there is little room."""
_LABEL = (340, 260)
"""Width of the labels beside a code; the smaller where there is little room."""


def draw(d: Sketch, view: Detail, status: Status | None) -> None:
    """Lay the view out."""
    room = frame(d, view.title, view.lead, status)
    if view.delivery:
        size = _SIGN[d.tight]
        colour = _COLOURS[view.delivery]
        sign(d, Word("frame.sign." + view.delivery.value), room.x, room.y, size, colour)
        box = Box(room.x + size + theme.GAP_M, room.y, room.w - size - theme.GAP_M, text_height(1, theme.LEAD))
        d.write(Word("frame.delivery." + view.delivery.value), box, theme.LEAD, bold=True, colour=colour, middle=True)
        taken = max(size, box.h) + (theme.GAP if d.tight else theme.GAP_M)
        room = room._replace(y=room.y + taken, h=room.h - taken)
    if view.code is not None:
        taken = d.pattern(room.x, room.y, min(room.h, room.w / 2), modules(view.code)).w + theme.GAP_L
        room = room._replace(x=room.x + taken, w=room.w - taken)
    below = buttons_height(view.items)
    label = {"label_width": _LABEL[d.tight]} if view.code is not None else {}
    rows_table(d, view.rows, room._replace(h=room.h - below), **label)
    buttons(d, view.items, room._replace(y=room.bottom - below + theme.GAP_M))
    bar(d)
