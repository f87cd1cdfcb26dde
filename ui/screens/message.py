"""Message: what happened, what to do now, and the number for the call centre."""

from __future__ import annotations

from stb_agent.contract.messages import Status
from stb_agent.contract.text import Word
from stb_agent.contract.views import Message, Tone
from ui import theme
from ui.focus import Box
from ui.scene import Align
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
    text = Box(x, room.y, min(theme.LINE_CHARS * theme.HEAD, room.right - x), text_height(1, theme.LABEL))
    y = d.write(Word("frame.tone." + view.tone.value), text, theme.LABEL, bold=True, colour=colour)
    code_tall = text_height(1, theme.SMALL)
    code = Box(x, room.bottom - below - code_tall, room.right - x, code_tall)
    align = Align.LEFT
    room_left = code.y
    if d.tight:  # the code stands beside the tone
        code, align, room_left = (
            code._replace(x=x + code.w * 0.4, y=room.y, w=code.w * 0.6),
            Align.RIGHT,
            room.bottom - below,
        )
    y += theme.GAP
    if view.lead is not None:
        size = theme.LEAD if d.tight else theme.HEAD
        lines = text._replace(y=y, h=text_height(2 if d.tight else 3, size))
        y = d.write(view.lead, lines, size, bold=True) + (theme.GAP if d.tight else theme.GAP_L)
    if view.remedy is not None:
        d.write(view.remedy, text._replace(y=y, h=room_left - y), theme.LEAD)
    if view.code is not None:
        d.write(Word("frame.message.code", {"code": view.code}), code, theme.SMALL, colour=theme.QUIET, align=align)
    buttons(d, view.items, room._replace(y=room.bottom - below + theme.GAP_M))
