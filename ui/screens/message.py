"""Message: what happened, what to do now, and the number for the call centre."""

from __future__ import annotations

from stb_agent.contract.messages import Status
from stb_agent.contract.text import Text, Word
from stb_agent.contract.views import Message, Tone
from ui import theme
from ui.focus import Box
from ui.scene import Align
from ui.screens.frame import buttons, buttons_height, frame, sign
from ui.sketch import Sketch, text_height

_SIGN = (150, 110)
"""The smaller where there is little room."""
_TALL = 112
"""Height of an answer."""
_COLOURS = {Tone.INFO: theme.SECOND, Tone.OK: theme.GOOD, Tone.WARNING: theme.LAMP, Tone.ERROR: theme.BAD}


def draw(d: Sketch, view: Message, status: Status | None) -> None:
    """Lay the view out; without a status, when the agent is lost, nobody would answer the bar."""
    room = frame(d, view.title, None, status, ways_out=status is not None)
    tall = theme.TARGET if d.tight else _TALL
    below = buttons_height(view.items, height=tall)
    colour = _COLOURS[view.tone]
    mark: Text = Word("frame.sign." + view.tone.value) if view.left is None else str(view.left)
    size = _SIGN[d.tight]
    sign(d, mark, room.x, room.y + theme.GAP, size, colour)
    x = room.x + size + theme.GAP_XL
    text = Box(x, room.y, min(theme.LINE_CHARS * theme.HEAD, room.right - x), text_height(1, theme.LABEL))
    tone = Word("frame.tone." + view.tone.value)
    if view.left is not None:
        tone = Word("frame.message.left", {"left": view.left})
    y = d.write(tone, text, theme.LABEL, bold=True, colour=colour)
    code_tall = text_height(1, theme.SMALL)
    code = Box(x, room.bottom - below - code_tall, room.right - x, code_tall)
    align = Align.LEFT
    room_left = code.y
    if d.tight:  # the code stands beside the tone, in two lines if it must: it is told on the telephone, all of it
        beside = d.measure(d.words(tone), theme.LABEL, True) + theme.GAP_L
        code = Box(x + beside, room.y, room.right - x - beside, 2 * code_tall)
        align, room_left = Align.RIGHT, room.bottom - below
    if view.code is not None:
        told = Word("frame.message.code", {"code": view.code})
        bottom = d.write(told, code, theme.SMALL, colour=theme.QUIET, align=align)
        y = max(y, bottom) if d.tight else y
    y += theme.GAP
    gap = theme.GAP if d.tight else theme.GAP_L
    if view.lead is not None:
        size = theme.LEAD if d.tight else theme.HEAD
        lines = text._replace(y=y, h=text_height(2 if d.tight else 3, size))
        if view.remedy is not None and not _both(d, view.lead, view.remedy, lines, room_left - gap, size):
            size, gap = theme.BODY, theme.GAP_S  # what to do now is never cut short
            text = text._replace(w=room.right - x)
        y = d.write(view.lead, text._replace(y=y, h=lines.h), size, bold=True) + gap
    if view.remedy is not None:
        d.write(view.remedy, text._replace(y=y, h=room_left - y), theme.LEAD)
    buttons(d, view.items, room._replace(y=room.bottom - below + theme.GAP_M), height=tall)


def _both(d: Sketch, lead: Text, remedy: Text, lines: Box, bottom: float, size: int) -> bool:
    """Tell whether there is room for what to do now under what happened."""
    label = d.set(lead, lines, size, bold=True)
    top = label.box.bottom if label else lines.y
    return d.holds(remedy, lines._replace(y=top, h=bottom - top))
