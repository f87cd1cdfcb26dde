"""Help: whom to call in digits that can be read while dialling, what to say, and what the call centre learns by it."""

from __future__ import annotations

from collections.abc import Sequence

from stb_agent.contract.messages import Status
from stb_agent.contract.text import Text, Word
from stb_agent.contract.views import Contact, Help
from ui import theme
from ui.focus import Box
from ui.lines import wrap
from ui.scene import Align
from ui.screens.frame import bar, buttons, buttons_height, frame, voice
from ui.sketch import Sketch, text_height

_LEFT = 960
_DIGITS = (112, 84)
"""Of the telephone number and the code; the smaller where long words above leave less room."""
_ROOMY = 612
_LINE = text_height(1, theme.NOTE)
_SEES, _HIDDEN = Word("frame.call.sees"), Word("frame.call.hidden")
_SUPPORT = Word("frame.call.support")


def draw(d: Sketch, view: Help, status: Status | None) -> None:
    """Lay the view out; without a status, when the agent is lost, nobody would answer the bar and nothing but the telephone helps."""
    room = frame(d, view.title, view.lead, status, ways_out=status is not None, help_too=False)
    right = Box(room.x + _LEFT + theme.GAP_XL, room.y, room.w - _LEFT - theme.GAP_XL, room.h)
    below = buttons_height(view.items, across=1)
    left = room._replace(w=min(_LEFT, room.w))
    digits = _DIGITS[room.h < _ROOMY]
    if _left(Sketch(d.measure, d.appearance), view, left, digits) > room.bottom:
        digits = _DIGITS[1]
    high = _left(Sketch(d.measure, d.appearance), view, left, digits) > room.bottom
    known = _tall(d, _SEES, view.sees, right.w) + theme.GAP + _tall(d, _HIDDEN, view.hidden, right.w)
    if status is not None and (d.tight or high or known > right.h - below):
        _parted(d, view, room)
    else:
        if status is None:
            _call(d, view.contact, left, digits)
            return
        _left(d, view, left, digits)
        bottom = _known(d, _SEES, "frame.sign.ok", view.sees, right)
        _known(d, _HIDDEN, "frame.sign.error", view.hidden, right._replace(y=bottom + theme.GAP))
        buttons(d, view.items, right._replace(y=room.bottom - below + theme.GAP_M), across=1)
    bar(d, voice(status))


def _parted(d: Sketch, view: Help, room: Box) -> None:
    """Lay out on two pages: the telephone and the code; and what the call centre learns."""
    d.paginate(2 if view.sees or view.hidden else 1, 1)
    half = room._replace(w=(room.w - theme.GAP_L) / 2)
    other = half._replace(x=half.right + theme.GAP_L)
    if d.page:
        _known(d, _SEES, "frame.sign.ok", view.sees, half)
        _known(d, _HIDDEN, "frame.sign.error", view.hidden, other)
        return
    under = _call(d, view.contact, half, _DIGITS[1]), _support(d, view, other, _DIGITS[1])
    below = buttons_height(view.items)
    place = room._replace(y=max(under) + theme.GAP)
    if place.y + _LINE > room.bottom - below:
        place = other._replace(y=under[1] + theme.GAP)
    _code(d, view, place)
    buttons(d, view.items, room._replace(y=room.bottom - below + theme.GAP_M))


def _left(d: Sketch, view: Help, box: Box, digits: int) -> float:
    """Write whom to call and what to say, one under the other; give the bottom."""
    bottom = _call(d, view.contact, box, digits)
    bottom = _support(d, view, box._replace(y=bottom + theme.GAP_M), digits)
    return _code(d, view, box._replace(y=bottom + theme.GAP))


def _code(d: Sketch, view: Help, box: Box) -> float:
    if view.code is None:
        return box.y
    line = box._replace(h=text_height(1, theme.BODY))
    return d.write(Word("frame.message.code", {"code": view.code}), line, theme.BODY, bold=True)


def _call(d: Sketch, contact: Contact, box: Box, size: int) -> float:
    """Write the operator's name, its number and its hours on a panel; give its bottom."""
    inner = Box(box.x + theme.GAP_L, box.y + theme.GAP, box.w - 2 * theme.GAP_L, _LINE)
    if not d.holds(contact.name, inner, bold=True):
        inner = inner._replace(h=2 * _LINE)
    open_ = Word("frame.call.hours", {"hours": contact.hours}) if contact.hours else ""
    hours = inner._replace(h=_LINE)
    if not d.holds(open_, hours):
        hours = hours._replace(h=2 * _LINE)
    panel = box._replace(h=2 * theme.GAP + inner.h + text_height(1, size) + hours.h)
    d.panel(panel)
    d.write(contact.name, inner, theme.NOTE, bold=True)
    number = inner._replace(y=inner.bottom, h=text_height(1, size))
    if contact.phone:
        d.write(contact.phone, number, size, bold=True, colour=theme.LAMP)
    else:
        d.write(Word("frame.call.no_phone"), number, theme.LABEL, bold=True, middle=True)
    d.write(open_, hours._replace(y=number.bottom), theme.NOTE)
    return panel.bottom


def _support(d: Sketch, view: Help, box: Box, size: int) -> float:
    """Write the code that the call centre asks for, or why there is none; give the panel's bottom."""
    inner = Box(box.x + theme.GAP_L, box.y + theme.GAP, box.w - 2 * theme.GAP_L, _LINE)
    minutes = Word("frame.call.minutes", {"minutes": view.support.minutes}) if view.support else ""
    widths = d.measure(d.words(_SUPPORT), theme.NOTE, True), d.measure(d.words(minutes), theme.NOTE, False)
    beside = not d.tight and sum(widths) + theme.GAP_M <= inner.w
    panel = box._replace(h=2 * theme.GAP + (1 if beside else 2) * _LINE + text_height(1, size))
    d.panel(panel)
    d.write(_SUPPORT, inner, theme.NOTE, bold=True)
    below = inner._replace(y=inner.bottom, h=text_height(1, size))
    if view.support is not None:
        if beside:
            d.write(
                minutes, inner._replace(x=inner.right - widths[1] - 1, w=widths[1] + 1), theme.NOTE, align=Align.RIGHT
            )
        else:
            d.write(minutes, inner._replace(y=below.bottom), theme.NOTE)
        digits = view.support.digits[:3] + " " + view.support.digits[3:]
        d.write(digits, below, size, bold=True)
    elif view.unsupported is not None:
        d.write(view.unsupported, below._replace(h=panel.bottom - theme.GAP - below.y), theme.LABEL, middle=True)
    return panel.bottom


def _known(d: Sketch, title: Word, sign: str, lines: Sequence[Text], box: Box) -> float:
    """Write what the call centre learns, or does not, each line with its sign; give the bottom."""
    if not lines:
        return box.y
    bottom = d.write(
        title, box._replace(h=_line_tall(d, title, box.w, bold=True)), theme.NOTE, bold=True, colour=theme.LAMP
    )
    bottom += theme.GAP_S
    for line in lines:
        d.write(Word(sign), Box(box.x, bottom, _LINE, _LINE), theme.NOTE, bold=True)
        words = Box(box.x + _LINE, bottom, box.w - _LINE, _line_tall(d, line, box.w - _LINE))
        bottom = d.write(line, words, theme.NOTE) + theme.GAP_S
    return bottom


def _tall(d: Sketch, title: Word, lines: Sequence[Text], width: float) -> float:
    """Give the height of what `_known` writes."""
    said = sum(_line_tall(d, line, width - _LINE) + theme.GAP_S for line in lines)
    return _line_tall(d, title, width, bold=True) + theme.GAP_S + said


def _line_tall(d: Sketch, text: Text, width: float, *, bold: bool = False) -> float:
    return text_height(len(wrap(d.words(text), width, theme.NOTE, bold, d.measure)), theme.NOTE)
