"""A text: the keys, which look like the table of the fifty sounds, beside them what changes and ends it, what is written and what it may become."""

from __future__ import annotations

from stb_agent.contract.keyboards import SPACE, Keyboard, keyboard
from stb_agent.contract.messages import Status
from stb_agent.contract.text import Word
from stb_agent.contract.views import Form, Item, TextField
from ui import theme
from ui.focus import Box
from ui.lines import wrap
from ui.scene import Align
from ui.screens.frame import bar, frame
from ui.sketch import Sketch, text_height

_GAP = 8
_ROWS = 5
_DIGITS = "1234567890"
"""The remote's keys over the columns of kana, from the right."""
_CHANGE = "11"
_SIDE = (470, 380)
"""Width of what is written and what it may become; the smaller where there is little room."""
_KEYS = (230, 240)
_VALUE_LINES = 2


def draw(d: Sketch, view: Form, text: TextField, status: Status | None) -> None:
    """Lay the view out. There is no room for a lead: the label says what is asked."""
    room = frame(d, view.title, None, status)
    side = Box(room.right - _SIDE[d.tight], room.y, _SIDE[d.tight], room.h)
    keys = Box(side.x - theme.GAP - _KEYS[d.tight], room.y, _KEYS[d.tight], room.h)
    table = Box(room.x, room.y, keys.x - _GAP - room.x, room.h)
    head = text_height(1, theme.SMALL) + theme.RING
    tall = (room.h - head - (_ROWS - 1) * _GAP) // _ROWS
    _table(d, keyboard(text.letters), table, head, tall)
    _keys(d, text, keys, head, tall)
    _side(d, view, text, side)
    earlier = (Item("earlier", Word("frame.form.earlier")),) if view.at else ()
    bar(d, (*earlier, *view.items), turns=False)


def _table(d: Sketch, keys: Keyboard, box: Box, head: float, tall: float) -> None:
    """Draw a key for each character, and over each column the remote's key that gives it too."""
    columns = max(map(len, keys.rows))
    pitch = (box.w + _GAP) / columns
    for at in range(columns):
        x = box.right - (at + 1) * pitch + _GAP if keys.from_right else box.x + at * pitch
        if keys.from_right:
            digit = Box(round(x), box.y, round(pitch - _GAP), head)
            d.write(_DIGITS[at], digit, theme.SMALL, colour=theme.QUIET, align=Align.CENTER)
        for row, chars in enumerate(keys.rows):
            key = Box(round(x), round(box.y + head + row * (tall + _GAP)), round(pitch - _GAP), round(tall))
            d.button(f"key:{chars[at]}", key, chars[at], size=theme.HEAD, sends=("key", chars[at]), pad=0)


def _keys(d: Sketch, text: TextField, box: Box, head: float, tall: float) -> None:
    d.write(_CHANGE, box._replace(h=head), theme.SMALL, colour=theme.QUIET, align=Align.CENTER)
    following = text.letters.following
    kana = keyboard(text.letters).from_right
    here = [
        ("change", Word(f"frame.keys.change.{'kana' if kana else 'latin'}"), None),
        ("key:" + SPACE, Word("frame.keys.space"), ("key", SPACE)),
        ("letters", Word(f"frame.keys.to.{following}"), ("letters", following.value)),
        ("erase", Word("frame.form.erase"), None),
        ("submit", Word("frame.form.submit"), None),
    ]
    for row, (id_, name, sends) in enumerate(here):
        key = Box(box.x, round(box.y + head + row * (tall + _GAP)), box.w, round(tall))
        d.button(id_, key, name, size=theme.BODY, sends=sends, pad=4)
    d.first = d.first or "key:" + keyboard(text.letters).rows[0][0]


def _side(d: Sketch, view: Form, text: TextField, box: Box) -> None:
    """Write the label, the text so far, and what is wrong with it or what it may become."""
    label = Word("frame.form.at", {"at": view.at + 1, "count": view.count}) if view.count > 1 else None
    x = box.x
    if label is not None:
        x += d.measure(d.words(label), theme.NOTE, True) + theme.GAP
        d.write(label, box._replace(h=text_height(1, theme.NOTE)), theme.NOTE, bold=True, colour=theme.LAMP)
    one = text_height(1, theme.NOTE)
    name = Box(x, box.y, box.right - x, text_height(2, theme.SMALL))
    y = max(d.write(text.label, name, theme.NOTE, bold=True), box.y + one) + _GAP
    value = Box(box.x, round(y), box.w, text_height(_VALUE_LINES, theme.BODY) + 2 * _GAP)
    d.panel(value, theme.TILE)
    d.panel(value, theme.LAMP, theme.RADIUS, 4)
    inner = Box(value.x + theme.GAP, value.y + _GAP, value.w - 2 * theme.GAP, value.h - 2 * _GAP)
    d.write(_end(d, text.value, inner), inner, theme.BODY, bold=True, middle=True)
    y = value.bottom + _GAP
    head = text_height(1, theme.SMALL)
    if view.error is not None:
        said = Box(box.x, y, box.w, text_height(2, theme.SMALL))
        y = d.write(view.error, said, theme.SMALL, bold=True, colour=theme.BAD) + _GAP
    elif text.candidates:
        d.write(Word("frame.keys.candidates"), Box(box.x, y, box.w, head), theme.SMALL, colour=theme.QUIET)
        y += head + _GAP
    else:
        how = box._replace(y=y, h=box.bottom - y)
        d.write(Word(f"frame.keys.how.{text.letters}"), how, theme.SMALL, colour=theme.QUIET)
    _candidates(d, text, box._replace(y=y, h=box.bottom - y))


def _candidates(d: Sketch, text: TextField, box: Box) -> None:
    """Draw what the reading may become, a page of it, and what leafs: here, beside them, and not in the bar far away."""
    least = theme.TARGET / d.style.scale
    rows = max(1, int((box.h + _GAP) // (least + _GAP)))
    half = (box.w - _GAP) / 2
    words = [d.words(item.label) for item in text.candidates]
    across = 2 if all(d.measure(word, theme.LABEL, True) <= half - 2 * _GAP for word in words) else 1
    fit = rows * across
    d.paginate(len(words), fit if len(words) <= fit else max(1, fit - 1))
    tall, wide = (box.h + _GAP) / rows - _GAP, (box.w + _GAP) / across - _GAP

    def place(at: int) -> Box:
        row, column = divmod(at, across)
        return Box(round(box.x + column * (wide + _GAP)), round(box.y + row * (tall + _GAP)), round(wide), round(tall))

    start, stop = d.span
    for at, item in enumerate(text.candidates[start:stop]):
        d.button(f"take:{item.id}", place(at), item.label, group="candidates", sends=("take", item.id), pad=_GAP)
    if d.pages > 1 and fit > 1:
        turn = 1 if d.page + 1 < d.pages else -d.page
        d.button(
            "more", place(fit - 1), Word("frame.keys.more"), size=theme.BODY, group="candidates", turn=turn, pad=_GAP
        )


def _end(d: Sketch, value: str, box: Box) -> str:
    """Give as much of the text's end as the box shows."""
    shown = value
    while shown and len(wrap(shown, box.w, theme.SMALL, True, d.measure)) > _VALUE_LINES:
        shown = "…" + shown[2:] if shown.startswith("…") else "…" + shown[1:]
    return shown
