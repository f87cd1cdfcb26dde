"""Help: whom to call in digits that can be read while dialling, what to say, and what the call centre learns by it."""

from __future__ import annotations

from collections.abc import Sequence

from stb_agent.contract.messages import Status
from stb_agent.contract.text import Text, Word
from stb_agent.contract.views import Contact, Help
from ui import theme
from ui.focus import Box
from ui.scene import Align
from ui.screens.frame import bar, buttons, buttons_height, frame, voice
from ui.sketch import Sketch, text_height

_LEFT = 960
_DIGITS = (112, 84)
"""Of the telephone number and the code; the smaller where long words above leave less room."""
_ROOMY = 612
_LINE = text_height(1, theme.NOTE)


def draw(d: Sketch, view: Help, status: Status | None) -> None:
    """Lay the view out; without a status, when the agent is lost, nobody would answer the bar and nothing but the telephone helps."""
    room = frame(d, view.title, view.lead, status, ways_out=status is not None, help_too=False)
    if d.tight and status is not None:
        _tight(d, view, room)
    else:
        left = room._replace(w=min(_LEFT, room.w))
        digits = _DIGITS[room.h < _ROOMY]
        bottom = _call(d, view.contact, left, digits)
        if status is None:
            return
        bottom = _support(d, view, left._replace(y=bottom + theme.GAP_M), digits)
        _code(d, view, left._replace(y=bottom + theme.GAP))
        right = Box(left.right + theme.GAP_XL, room.y, room.w - _LEFT - theme.GAP_XL, room.h)
        below = buttons_height(view.items, across=1)
        right = right._replace(h=right.h - below)
        bottom = _known(d, "frame.call.sees", "frame.sign.ok", view.sees, right)
        right = right._replace(y=bottom + theme.GAP, h=right.bottom - bottom - theme.GAP)
        _known(d, "frame.call.hidden", "frame.sign.error", view.hidden, right)
        buttons(d, view.items, right._replace(y=room.bottom - below + theme.GAP_M), across=1)
    bar(d, voice(status))


def _tight(d: Sketch, view: Help, room: Box) -> None:
    """Lay out on two pages: the telephone and the code; and what the call centre learns."""
    d.paginate(2 if view.sees or view.hidden else 1, 1)
    half = room._replace(w=(room.w - theme.GAP_L) / 2)
    other = half._replace(x=half.right + theme.GAP_L)
    if d.page:
        _known(d, "frame.call.sees", "frame.sign.ok", view.sees, half)
        _known(d, "frame.call.hidden", "frame.sign.error", view.hidden, other)
        return
    bottom = max(_call(d, view.contact, half, _DIGITS[1]), _support(d, view, other, _DIGITS[1]))
    _code(d, view, room._replace(y=bottom + theme.GAP))
    below = buttons_height(view.items)
    buttons(d, view.items, room._replace(y=room.bottom - below + theme.GAP_M))


def _code(d: Sketch, view: Help, box: Box) -> None:
    if view.code is not None:
        line = box._replace(h=text_height(1, theme.BODY))
        d.write(Word("frame.message.code", {"code": view.code}), line, theme.BODY, bold=True)


def _call(d: Sketch, contact: Contact, box: Box, size: int) -> float:
    """Write the operator's name, its number and its hours on a panel; give its bottom."""
    inner = Box(box.x + theme.GAP_L, box.y + theme.GAP, box.w - 2 * theme.GAP_L, _LINE)
    panel = box._replace(h=2 * theme.GAP + 2 * _LINE + text_height(1, size))
    d.panel(panel)
    d.write(contact.name, inner, theme.NOTE, bold=True)
    number = inner._replace(y=inner.bottom, h=text_height(1, size))
    if contact.phone:
        d.write(contact.phone, number, size, bold=True, colour=theme.LAMP)
    else:
        d.write(Word("frame.call.no_phone"), number, theme.LABEL, bold=True, middle=True)
    if contact.hours:
        d.write(Word("frame.call.hours", {"hours": contact.hours}), inner._replace(y=number.bottom), theme.NOTE)
    return panel.bottom


def _support(d: Sketch, view: Help, box: Box, size: int) -> float:
    """Write the code that the call centre asks for, or why there is none; give the panel's bottom."""
    panel = box._replace(h=2 * theme.GAP + (2 if d.tight else 1) * _LINE + text_height(1, size))
    d.panel(panel)
    inner = Box(box.x + theme.GAP_L, box.y + theme.GAP, box.w - 2 * theme.GAP_L, _LINE)
    d.write(Word("frame.call.support"), inner, theme.NOTE, bold=True)
    below = inner._replace(y=inner.bottom, h=text_height(1, size))
    if view.support is not None:
        minutes = Word("frame.call.minutes", {"minutes": view.support.minutes})
        if d.tight:
            d.write(minutes, inner._replace(y=below.bottom), theme.NOTE)
        else:
            d.write(minutes, inner._replace(x=inner.x + inner.w / 2, w=inner.w / 2), theme.NOTE, align=Align.RIGHT)
        digits = view.support.digits[:3] + " " + view.support.digits[3:]
        d.write(digits, below, size, bold=True)
    elif view.unsupported is not None:
        d.write(view.unsupported, below, theme.LABEL, middle=True)
    return panel.bottom


def _known(d: Sketch, title: str, sign: str, lines: Sequence[Text], box: Box) -> float:
    """Write what the call centre learns, or does not, each line with its sign; give the bottom."""
    if not lines or box.h < _LINE:
        return box.y
    bottom = d.write(Word(title), box._replace(h=_LINE), theme.NOTE, bold=True, colour=theme.LAMP) + theme.GAP_S
    for line in lines:
        if bottom + _LINE > box.bottom:
            break
        d.write(Word(sign), Box(box.x, bottom, _LINE, _LINE), theme.NOTE, bold=True)
        bottom = (
            d.write(line, Box(box.x + _LINE, bottom, box.w - _LINE, min(2 * _LINE, box.bottom - bottom)), theme.NOTE)
            + theme.GAP_S
        )
    return bottom
