"""Form: one number in large groups of digits, and a digit pad for remotes without."""

from __future__ import annotations

from stb_agent.contract.messages import Status
from stb_agent.contract.text import Word
from stb_agent.contract.views import Form
from ui import theme
from ui.focus import Box
from ui.scene import Align
from ui.screens.frame import buttons, frame, sign
from ui.sketch import Sketch, text_height

_KEY = 170
_KEY_TALL = 110
_GROUP_GAP = 36
_CELL_GAP = 10
_WIDEST = 92


def draw(d: Sketch, view: Form, status: Status | None) -> None:
    """Lay the view out."""
    room = frame(d, view.title, view.lead, status)
    pad_width = 3 * _KEY + 2 * theme.GAP_M
    pad_tall = 5 * _KEY_TALL + 4 * theme.GAP_M
    left = room._replace(w=room.w - pad_width - theme.GAP_XL - theme.GAP_L)
    _pad(d, Box(room.right - pad_width, room.bottom - pad_tall, pad_width, pad_tall))
    bottom = d.write(view.label, left._replace(h=text_height(2, theme.LEAD)), theme.LEAD, bold=True)
    bottom = _cells(d, view, left._replace(y=bottom + theme.GAP_M))
    if view.error is not None:
        sign(d, "frame.sign.error", left.x, bottom + theme.GAP_L, 56, theme.BAD)
        box = Box(left.x + 80, bottom + theme.GAP_L, left.w - 80, text_height(2, theme.LABEL))
        bottom = d.write(view.error, box, theme.LABEL, bold=True, colour=theme.BAD)
    buttons(d, view.items, left._replace(y=room.bottom - 112), across=2)


def _cells(d: Sketch, view: Form, box: Box) -> float:
    """Draw the digits typed and the places still empty, the next one marked; give their bottom."""
    count = sum(view.groups)
    gaps = (len(view.groups) - 1) * _GROUP_GAP + (count - len(view.groups)) * _CELL_GAP
    wide = min(_WIDEST, int((box.w - gaps) // count))
    tall = round(wide * 1.35)
    x, at = box.x, 0
    for group in view.groups:
        for _ in range(group):
            cell = Box(round(x), round(box.y), wide, tall)
            d.panel(cell, theme.TILE, 12)
            if at == len(view.value):
                d.panel(cell, theme.LAMP, 12, 5)
            if at < len(view.value):
                d.write(view.value[at], cell, min(theme.BIG, wide - 8), bold=True, align=Align.CENTER, middle=True)
            x += wide + _CELL_GAP
            at += 1
        x += _GROUP_GAP - _CELL_GAP
    return box.y + tall


def _pad(d: Sketch, box: Box) -> None:
    """Draw the keys as a telephone has them."""

    def place(row: int, column: int, span: int = 1) -> Box:
        return Box(
            box.x + column * (_KEY + theme.GAP_M),
            box.y + row * (_KEY_TALL + theme.GAP_M),
            span * _KEY + (span - 1) * theme.GAP_M,
            _KEY_TALL,
        )

    for at in range(9):
        digit = str(at + 1)
        d.button("digit:" + digit, place(*divmod(at, 3)), digit, size=theme.BIG)
    d.button("digit:0", place(3, 0), "0", size=theme.BIG)
    d.button("erase", place(3, 1, 2), Word("frame.form.erase"))
    d.button("submit", place(4, 0, 3), Word("frame.form.submit"), size=theme.LEAD)
