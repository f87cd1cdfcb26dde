"""Message: what happened, what to do now, and the number for the call centre."""

from __future__ import annotations

from stb_agent.contract.messages import Status
from stb_agent.contract.text import Word
from stb_agent.contract.views import Message, Tone
from ui import theme
from ui.focus import Box
from ui.screens.frame import buttons, buttons_height, frame, sign
from ui.sketch import Sketch, text_height

_SIGN = 150
_COLOURS = {Tone.INFO: theme.SECOND, Tone.OK: theme.GOOD, Tone.WARNING: theme.LAMP, Tone.ERROR: theme.BAD}


def draw(d: Sketch, view: Message, status: Status | None) -> None:
    """Lay the view out; without a status, when the agent is lost, nobody would answer the bar."""
    room = frame(d, view.title, None, status, ways_out=status is not None)
    below = buttons_height(view.items)
    colour = _COLOURS[view.tone]
    sign(d, "frame.sign." + view.tone.value, room.x, room.y + theme.GAP, _SIGN, colour)
    x = room.x + _SIGN + theme.GAP_XL
    text = Box(x, room.y, theme.LINE_CHARS * 56, text_height(3, 56))
    y = d.write(
        Word("frame.tone." + view.tone.value),
        text._replace(h=text_height(1, theme.LABEL)),
        theme.LABEL,
        bold=True,
        colour=colour,
    )
    y += theme.GAP
    if view.lead is not None:
        y = d.write(view.lead, text._replace(y=y), 56, bold=True) + theme.GAP_L
    if view.remedy is not None:
        room_left = room.bottom - below - y - text_height(1, theme.SMALL)
        y = d.write(view.remedy, Box(x, y, theme.LINE_CHARS * 56, room_left), theme.LEAD) + theme.GAP_M
    if view.code is not None:
        code = Box(x, room.bottom - below - text_height(1, theme.SMALL), room.right - x, text_height(1, theme.SMALL))
        d.write(Word("frame.message.code", {"code": view.code}), code, theme.SMALL, colour=theme.QUIET)
    buttons(d, view.items, room._replace(y=room.bottom - below + theme.GAP_M))
