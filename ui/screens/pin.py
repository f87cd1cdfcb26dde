"""PIN: dots, the tries left, and what the arrows do. The agent has the keys; this picture is a function of the view's fields alone."""

from __future__ import annotations

from stb_agent.contract.messages import Status
from stb_agent.contract.text import Text, Word
from stb_agent.contract.views import PadStage, Pin
from ui import theme
from ui.focus import Box
from ui.scene import Align
from ui.screens.frame import frame, sign
from ui.sketch import Sketch, text_height

_DOT = 64
_DOT_GAP = 44
_PADS = (860, (384, 124)), (700, (320, 110))
"""Width of the pad, and width and height of an arrow's box; the smaller where there is little room."""


def draw(d: Sketch, view: Pin, status: Status | None) -> None:
    """Lay the view out; nothing here can have the focus."""
    room = frame(d, view.title, view.lead, status, ways_out=False)
    room = room._replace(h=d.room.bottom - room.y)
    pad, arm = _PADS[d.tight]
    left = room._replace(w=room.w - pad - theme.GAP_XL)
    out = _ways(d, view, left)
    room_left = out - theme.GAP
    large, text = (theme.LABEL, theme.NOTE) if d.tight else (theme.HEAD, theme.BODY)
    y = _dots(d, view, left) + (theme.GAP if d.tight else theme.GAP_L)
    tries = Word("frame.pin.tries", {"tries": view.tries})
    y = d.write(tries, left._replace(y=y, h=text_height(2, large)), large, bold=True) + theme.GAP
    if view.error is not None:
        sign(d, Word("frame.sign.error"), left.x, y, theme.HEAD, theme.BAD)
        error = Box(left.x + 80, y, left.w - 80, min(text_height(3, theme.LABEL), room_left - y))
        y = d.write(view.error, error, theme.LABEL, bold=True, colour=theme.BAD) + theme.GAP_M
    # What to do, as far as there is room: that arrows do it, too, is what the pad says.
    how = (Word("frame.pin.digits", {"length": view.length}), theme.INK), (Word("frame.pin.arrows"), theme.QUIET)
    for word, colour in how:
        lines = left._replace(y=y, h=text_height(2, text))
        if lines.bottom <= room_left:
            y = d.write(word, lines, text, colour=colour) + theme.GAP
    _pad(d, view, Box(room.right - pad, room.y, pad, room.h), arm)


def _ways(d: Sketch, view: Pin, box: Box) -> float:
    """Write at the bottom how to leave, and how to get help; give the top of it."""
    size = theme.SMALL if d.tight else theme.BODY
    line = box._replace(h=text_height(1, size))
    top = box.bottom - line.h
    d.write(Word("frame.pin.out"), line._replace(y=top), size, colour=theme.QUIET)
    if view.pad is PadStage.GROUP:
        top -= line.h
        d.write(Word("frame.pin.help"), line._replace(y=top), size, bold=True)
    return top


def _dots(d: Sketch, view: Pin, box: Box) -> float:
    tall = _DOT + 2 * theme.GAP_L
    wide = view.length * (_DOT + _DOT_GAP) - _DOT_GAP + 2 * theme.GAP_XL
    d.panel(Box(box.x, box.y, min(wide, box.w), tall))
    gap = min(_DOT_GAP, (box.w - 2 * theme.GAP_XL - view.length * _DOT) / max(view.length - 1, 1))
    for at in range(view.length):
        place = Box(round(box.x + theme.GAP_XL + at * (_DOT + gap)), box.y + theme.GAP_L, _DOT, _DOT)
        d.panel(place, theme.LAMP if at < view.dots else theme.LINE, _DOT // 2, 0 if at < view.dots else 5)
    return box.y + tall


def _pad(d: Sketch, view: Pin, box: Box, arm_size: tuple[int, int]) -> None:
    """Draw what each arrow does now, as four boxes in a cross; and 決定 in its middle when that is what is wanted."""
    d.panel(box)
    how = Box(box.x + theme.GAP_L, box.y + theme.GAP_M, box.w - 2 * theme.GAP_L, text_height(2, theme.BODY))
    d.write(Word("frame.pin." + view.pad.value), how, theme.BODY, bold=True)
    wide, tall = arm_size
    centre_x, centre_y = box.x + box.w / 2, (how.bottom + box.bottom) / 2
    reach_x, reach_y = (box.w - wide) / 2 - theme.GAP_L, tall + theme.GAP_L
    for (arrow, dx, dy), text in zip(_CROSS, _ARMS[view.pad], strict=False):
        arm = Box(round(centre_x + dx * reach_x - wide / 2), round(centre_y + dy * reach_y - tall / 2), wide, tall)
        d.panel(arm, theme.TILE)
        d.panel(arm, theme.LINE, theme.RADIUS, 3)
        mark = Box(arm.x + theme.GAP, arm.y, theme.BIG, tall)
        d.write(arrow, mark, theme.LEAD, bold=True, colour=theme.LAMP, align=Align.CENTER, middle=True)
        rest = Box(mark.right, arm.y, arm.right - mark.right - theme.GAP, tall)
        d.write(text, rest, theme.BODY, bold=True, align=Align.CENTER, middle=True)
    if view.pad is PadStage.CONFIRM:
        ok = Box(round(centre_x - wide / 2), round(centre_y - tall / 2), wide, tall)
        d.panel(ok, theme.FOCUS)
        d.panel(ok.grown(theme.EDGE), theme.LAMP, theme.RADIUS + theme.EDGE, theme.RING)
        d.write(Word("frame.pin.ok"), ok, theme.BIG, bold=True, align=Align.CENTER, middle=True)


_CROSS = (("↑", 0, -1), ("←", -1, 0), ("→", 1, 0), ("↓", 0, 1))
_LAST_GROUP = Word("frame.pin.down", {"erase": Word("frame.pin.erase"), "leave": Word("frame.pin.leave")})
_ARMS: dict[PadStage, tuple[Text, ...]] = {
    PadStage.GROUP: (Word("frame.pin.up"), Word("frame.pin.west"), Word("frame.pin.east"), _LAST_GROUP),
    PadStage.MEMBER: tuple(Word("frame.pin." + place) for place in ("middle", "left", "right", "again")),
    PadStage.CONFIRM: (),
}
