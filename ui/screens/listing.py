"""List: one thing a line, leafed through in pages by going past its edge or by the column beside it."""

from __future__ import annotations

from collections.abc import Sequence

from stb_agent.contract.messages import Status
from stb_agent.contract.text import Word
from stb_agent.contract.views import Item, List
from ui import theme
from ui.focus import Box
from ui.scene import Align
from ui.screens.frame import bar, frame
from ui.sketch import Sketch, text_height

_ROW = 124
_LONG_ROW = 152
_SHORT = 40
"""Items of a list whose rows become higher where what is said of one is long: not of one that comes in windows, all of which are alike."""
_TALLEST = 150
_GAP = 20
_SIDE = 280
_TURN = (120, theme.TARGET)
"""Height of what leafs; the smaller where there is little room."""


def draw(d: Sketch, view: List, status: Status | None) -> None:
    """Lay the view out."""
    room = frame(d, view.title, view.lead, status)
    bar(d, turns=False)
    if not view.items and not view.total:
        d.write(Word("frame.list.none"), room._replace(h=text_height(2, theme.LEAD)), theme.LEAD)
    lines(d, view.items, room, start=view.start, total=view.total)


def lines(
    d: Sketch,
    items: Sequence[Item],
    room: Box,
    *,
    start: int = 0,
    total: int = 0,
    chosen: str | None = None,
    sends: str | None = None,
) -> None:
    """Draw a page of items, one a line; ``items`` are those from number ``start`` on of ``total``, or all.

    ``chosen``: the id of the one that bears a sign; ``sends``: the intent whose value is the item's id, if it is not the id itself.
    """
    total = total or len(items)
    row = _LONG_ROW if len(items) == total <= _SHORT and _long(d, items, room.w - _SIDE - theme.GAP_XL) else _ROW
    d.fit = max(1, int((room.h + _GAP) // (row + _GAP)))
    d.paginate(total, d.fit)
    first = d.page * d.fit
    last = min(first + d.fit, total)
    if first < start or last > start + len(items):
        d.missing = first
    if d.pages > 1:
        d.leafs = True
        _leaf(d, Box(room.right - _SIDE, room.y, _SIDE, room.h))
        room = room._replace(w=room.w - _SIDE - theme.GAP_XL)
    tall = min(max(_TALLEST, row), int((room.h - (d.fit - 1) * _GAP) // d.fit))
    for at, item in enumerate(items[max(first - start, 0) : max(last - start, 0)]):
        box = Box(room.x, round(room.y + at * (tall + _GAP)), room.w, tall)
        id_, value = (item.id, None) if sends is None else (f"{sends}:{item.id}", (sends, item.id))
        mark = Word("frame.form.chosen") if item.id == chosen else None
        d.button(id_, box, item.label, item.detail, align=Align.LEFT, size=theme.LEAD, sends=value, mark=mark)


def _long(d: Sketch, items: Sequence[Item], width: float) -> bool:
    """Tell whether what is said of an item needs two lines."""
    room = width - 2 * theme.GAP_L
    return any(d.measure(d.words(it.detail), theme.SMALL, False) > room for it in items if it.detail is not None)


def _leaf(d: Sketch, box: Box) -> None:
    """Draw where in the list this page is, and the ways to the pages before and after it."""
    word, gap = text_height(2, theme.BODY), theme.GAP_M
    turn = _TURN[2 * _TURN[0] + word + 2 * gap > box.h]
    if 2 * turn + word + 2 * gap > box.h:
        word, gap = text_height(1, theme.BODY), theme.GAP
    at = Word("frame.page.at", {"page": d.page + 1, "pages": d.pages})
    d.write(at, Box(box.x, box.y + turn + gap, box.w, word), theme.BODY, bold=True, align=Align.CENTER, middle=True)
    below = box.y + turn + 2 * gap + word
    for step, name, y in ((-1, "previous", box.y), (1, "next", below)):
        if 0 <= d.page + step < d.pages:
            where = Box(box.x, round(y), box.w, turn)
            d.button("page." + name, where, Word("frame.page." + name), group="pages", turn=step)
