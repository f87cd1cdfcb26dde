"""Form: one field at a time, large: a number with its pad, a text from candidates, a date by turning, one of several."""

from __future__ import annotations

from datetime import date

from stb_agent.contract.messages import Status
from stb_agent.contract.text import Word
from stb_agent.contract.views import ChoiceField, DateField, DatePart, Form, Item, NumberField, TextField
from ui import theme
from ui.focus import Box
from ui.scene import Align
from ui.screens import keyboard
from ui.screens.frame import bar, frame, sign
from ui.screens.listing import lines
from ui.sketch import Sketch, text_height

_KEY = 170
_KEY_TALL = 110
_GROUP_GAP = 36
_CELL_GAP = 10
_WIDEST = 92
_NARROWEST = 44
"""px of a digit's place."""
_CARET = 6
_SUBMIT = 330
_WHEEL = 376
_WHEEL_WIDE = 380
_TIGHT_KEYS = (Box(0, 0, 124, theme.TARGET), 180)
"""Where there is little room: a digit's key, and the width of the keys beside them."""
_ENDS = (Word("frame.form.up"), Word("frame.form.down"))


def draw(d: Sketch, view: Form, status: Status | None) -> None:
    """Lay the view out; what is not the field's own stands in the bar."""
    if isinstance(view.field, TextField):
        keyboard.draw(d, view, view.field, status)
        return
    room = frame(d, view.title, view.lead, status)
    if view.count > 1:
        at = Word("frame.form.at", {"at": view.at + 1, "count": view.count})
        wide = d.measure(d.words(at), theme.LEAD, True) + theme.GAP_M
        line = room._replace(h=text_height(1, theme.LEAD), w=wide)
        d.write(at, line, theme.LEAD, bold=True, colour=theme.LAMP)
    else:
        wide = 0
    pad = _pad_size(d).w + theme.GAP_XL + theme.GAP_L if isinstance(view.field, NumberField) else 0
    label = Box(room.x + wide, room.y, room.w - wide - pad, text_height(1, theme.LEAD))
    bottom = d.write(view.field.label, label, theme.LEAD, bold=True) + theme.GAP_M
    below = room._replace(y=bottom, h=room.bottom - bottom)
    match view.field:
        case NumberField() as number:
            _number(d, view, number, below, room)
        case DateField() as day:
            _date(d, view, day, below)
        case ChoiceField() as choice:
            below = _said(d, view, below)
            d.first = f"choose:{choice.value}" if choice.value else None
            lines(d, choice.options, below, chosen=choice.value, sends="choose")
    earlier = (Item("earlier", Word("frame.form.earlier")),) if view.at else ()
    bar(d, (*earlier, *view.items), turns=False)


def _said(d: Sketch, view: Form, box: Box) -> Box:
    """Write what is wrong with what was given, if anything is; give the room below."""
    if view.error is None:
        return box
    sign(d, Word("frame.sign.error"), box.x, box.y, 56, theme.BAD)
    words = Box(box.x + 80, box.y, box.w - 80, min(text_height(3, theme.SMALL), box.h))
    bottom = max(d.write(view.error, words, theme.LABEL, bold=True, colour=theme.BAD), box.y + 56) + theme.GAP_M
    return box._replace(y=bottom, h=box.bottom - bottom)


def _earlier(d: Sketch, view: Form, box: Box) -> None:
    """Write the fields that are filled in already, the newest ones if they do not all find room."""
    line = text_height(1, theme.NOTE)
    fit = int(box.h // line)
    y = box.y
    for row in view.rows[-fit:] if fit else ():
        here = box._replace(y=y, h=line)
        wanted = d.measure(d.words(row.label), theme.SMALL, False) + theme.GAP + 1
        name = min(max(box.w * 0.4, wanted), box.w * 0.6)
        value = here._replace(x=box.x + name, w=box.w - name)
        if not d.holds(row.value, value):
            value = value._replace(h=text_height(2, theme.SMALL))
        if value.bottom > box.bottom:
            break
        d.write(row.label, here._replace(w=name - theme.GAP), theme.NOTE, colour=theme.QUIET)
        d.write(row.value, value, theme.NOTE)
        y = value.bottom


def _number(d: Sketch, view: Form, number: NumberField, box: Box, whole: Box) -> None:
    pad = _pad_size(d)
    left = box._replace(w=box.w - pad.w - theme.GAP_XL - theme.GAP_L)
    _pad(d, pad._replace(x=whole.right - pad.w, y=whole.bottom - pad.h))
    bottom = (_cells if number.least is None else _amount)(d, number, left) + theme.GAP_L
    _earlier(d, view, _said(d, view, left._replace(y=bottom, h=left.bottom - bottom)))


def _cells(d: Sketch, number: NumberField, box: Box) -> float:
    """Draw the digits typed and the places still empty, the next one marked; give their bottom. A long number takes two lines."""
    groups = number.groups
    half = (len(groups) + 1) // 2
    lines = (groups,) if _cell_width(groups, box.w) >= _NARROWEST else (groups[:half], groups[half:])
    wide = min(_WIDEST, *(_cell_width(line, box.w) for line in lines if line))
    tall = round(wide * 1.35)
    y, at = box.y, 0
    for line in lines:
        x = box.x
        for group in line:
            for _ in range(group):
                cell = Box(round(x), round(y), wide, tall)
                d.panel(cell, theme.TILE, 12)
                if at == len(number.value):
                    d.panel(cell, theme.LAMP, 12, 5)
                if at < len(number.value):
                    size = min(theme.BIG, wide - 8)
                    d.write(number.value[at], cell, size, bold=True, align=Align.CENTER, middle=True)
                x += wide + _CELL_GAP
                at += 1
            x += _GROUP_GAP - _CELL_GAP
        y += tall + theme.GAP
    return y - theme.GAP


def _amount(d: Sketch, number: NumberField, box: Box) -> float:
    """Draw a number of any length in one field: a place for each digit would look as if all were wanted. Give its bottom."""
    tall = round(_WIDEST * 1.35)
    field = Box(box.x, box.y, sum(number.groups) * _WIDEST + 2 * theme.GAP_M, tall)
    d.panel(field, theme.TILE, 12)
    d.panel(field, theme.LAMP, 12, 5)
    inner = field._replace(x=field.x + theme.GAP_M, w=field.w - 2 * theme.GAP_M)
    d.write(number.value, inner, theme.BIG, bold=True, middle=True)
    if len(number.value) < sum(number.groups):
        x = inner.x + (d.measure(number.value, theme.BIG, True) + theme.GAP_S if number.value else 0)
        d.panel(Box(round(x), field.y + theme.GAP, _CARET, tall - 2 * theme.GAP), theme.LAMP)
    return field.bottom


def _cell_width(groups: tuple[int, ...], room: float) -> int:
    """Give how wide each digit's place may be for groups of so many on one line."""
    gaps = (len(groups) - 1) * _GROUP_GAP + (sum(groups) - len(groups)) * _CELL_GAP
    return int((room - gaps) // sum(groups))


def _pad_size(d: Sketch) -> Box:
    """Give width and height of the keys: five rows, or four with 1つ消す and これでよい beside them."""
    if d.tight:
        key, beside = _TIGHT_KEYS
        return Box(0, 0, 3 * (key.w + theme.GAP) + beside, 4 * key.h + 3 * theme.GAP)
    return Box(0, 0, 3 * _KEY + 2 * theme.GAP_M, 5 * _KEY_TALL + 4 * theme.GAP_M)


def _pad(d: Sketch, box: Box) -> None:
    """Draw the keys as a telephone has them."""
    key, beside = _TIGHT_KEYS if d.tight else (Box(0, 0, _KEY, _KEY_TALL), 0)
    gap = theme.GAP if d.tight else theme.GAP_M

    def place(row: int, column: int, across: int = 1) -> Box:
        wide = across * key.w + (across - 1) * gap
        return Box(box.x + column * (key.w + gap), box.y + row * (key.h + gap), wide, key.h)

    for at in range(9):
        digit = str(at + 1)
        d.button("digit:" + digit, place(*divmod(at, 3)), digit, size=theme.BIG, sends=("digit", digit))
    d.button("digit:0", place(3, 1 if d.tight else 0), "0", size=theme.BIG, sends=("digit", "0"))
    column = Box(place(0, 3).x, box.y, beside, 2 * key.h + gap)
    erase, submit = (column, column._replace(y=column.bottom + gap)) if d.tight else (place(3, 1, 2), place(4, 0, 3))
    d.button("erase", erase, Word("frame.form.erase"))
    d.button("submit", submit, Word("frame.form.submit"), size=theme.LEAD)


def _date(d: Sketch, view: Form, day: DateField, box: Box) -> None:
    """Draw year, month and day as wheels that ↑ and ↓ turn, the year of the era under the year; the date in words below."""
    at = date.fromisoformat(day.value)
    wheels = (
        (DatePart.YEAR, Word("frame.form.year", {"at": day.value}), Word("frame.form.era", {"at": day.value})),
        (DatePart.MONTH, Word("frame.form.month", {"at": day.value}), None),
        (DatePart.DAY, Word("frame.form.day", {"day": at.day}), Word("frame.form.weekday", {"at": day.value})),
    )
    x = box.x
    note_tall, line_tall = text_height(1, theme.NOTE), text_height(1, theme.LEAD)
    # Where there is little room the wheels alone say the date.
    below = note_tall + (0 if d.tight else line_tall + theme.GAP_S)
    if view.error is not None:
        below = text_height(2, theme.SMALL if d.tight else theme.LABEL)
    tall = min(_WHEEL, box.h - below - theme.GAP_M)
    wide = min(_WHEEL_WIDE, (box.w - _SUBMIT) / len(wheels) - theme.GAP_L)
    for part, value, note in wheels:
        wheel = Box(round(x), box.y, round(wide), round(tall))
        d.button(part.value, wheel, value, note, size=theme.DISPLAY, spin=part.value, marks=_ENDS)
        x = wheel.right + theme.GAP_L
    submit = Box(x, box.y, round(box.right - x), round(tall))
    d.button("submit", submit, Word("frame.form.submit"), size=theme.LEAD)
    y = submit.bottom + theme.GAP_M
    if view.error is not None:
        _said(d, view, box._replace(y=y, h=box.bottom - y))
        return
    if not d.tight:
        line = box._replace(y=y, h=line_tall)
        y = d.write(Word("frame.form.date", {"at": day.value}), line, theme.LEAD, bold=True) + theme.GAP_S
    how = box._replace(y=y, h=note_tall)
    keys = Word("frame.form.date_how")
    limits = Word("frame.form.limits", {"first": day.first, "last": day.last})
    least = d.measure(d.words(keys), theme.SMALL, False) + theme.GAP_M
    wide = max(box.w - d.measure(d.words(limits), theme.SMALL, False) - 1, least)
    wide = min(d.measure(d.words(keys), theme.NOTE, False) + theme.GAP_L, wide)
    d.write(keys, how._replace(w=wide), theme.NOTE, colour=theme.QUIET)
    d.write(limits, how._replace(x=box.x + wide, w=box.w - wide), theme.NOTE, colour=theme.QUIET, align=Align.RIGHT)
