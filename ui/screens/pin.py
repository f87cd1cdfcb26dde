"""PIN: dots, the tries left, and what the arrows do. The agent has the keys; this picture is a function of the view's fields alone."""

from __future__ import annotations

from stb_agent.contract.messages import Status
from stb_agent.contract.text import Text, Word
from stb_agent.contract.views import PadStage, Pin
from ui import theme
from ui.focus import Box
from ui.scene import Align
from ui.screens.frame import EDGE, frame, sign
from ui.sketch import Sketch, text_height

_DOT = 64
_DOT_GAP = 44
_PAD_WIDTH = 860
_ARM = (384, 124)


def draw(d: Sketch, view: Pin, status: Status | None) -> None:
    """Lay the view out; nothing here can have the focus."""
    room = frame(d, view.title, view.lead, status, ways_out=False)
    room = room._replace(h=theme.HEIGHT - theme.SAFE_Y - room.y)
    left = room._replace(w=room.w - _PAD_WIDTH - theme.GAP_XL)
    y = _dots(d, view, left) + theme.GAP_L
    y = d.write(Word("frame.pin.tries", {"tries": view.tries}), left._replace(y=y, h=text_height(2, 56)), 56, bold=True)
    y += theme.GAP_M
    if view.error is not None:
        sign(d, "frame.sign.error", left.x, y, 56, theme.BAD)
        error = Box(left.x + 80, y, left.w - 80, text_height(3, theme.LABEL))
        y = d.write(view.error, error, theme.LABEL, bold=True, colour=theme.BAD) + theme.GAP_M
    how = Word("frame.pin.digits", {"length": view.length})
    y = d.write(how, left._replace(y=y, h=text_height(3, theme.BODY)), theme.BODY) + theme.GAP
    d.write(Word("frame.pin.arrows"), left._replace(y=y, h=text_height(2, theme.BODY)), theme.BODY, colour=theme.QUIET)
    out = Box(left.x, room.bottom - text_height(1, theme.BODY), left.w, text_height(1, theme.BODY))
    d.write(Word("frame.pin.out"), out, theme.BODY, colour=theme.QUIET)
    if view.pad is PadStage.GROUP:
        d.write(Word("frame.pin.help"), out._replace(y=out.y - out.h), theme.BODY, bold=True)
    _pad(d, view, Box(room.right - _PAD_WIDTH, room.y, _PAD_WIDTH, room.h))


def _dots(d: Sketch, view: Pin, box: Box) -> float:
    tall = _DOT + 2 * theme.GAP_L
    wide = view.length * (_DOT + _DOT_GAP) - _DOT_GAP + 2 * theme.GAP_XL
    d.panel(Box(box.x, box.y, min(wide, box.w), tall))
    gap = min(_DOT_GAP, (box.w - 2 * theme.GAP_XL - view.length * _DOT) / max(view.length - 1, 1))
    for at in range(view.length):
        place = Box(round(box.x + theme.GAP_XL + at * (_DOT + gap)), box.y + theme.GAP_L, _DOT, _DOT)
        d.panel(place, theme.LAMP if at < view.dots else theme.LINE, _DOT // 2, 0 if at < view.dots else 5)
    return box.y + tall


def _pad(d: Sketch, view: Pin, box: Box) -> None:
    """Draw what each arrow does now, as four boxes in a cross; and 決定 in its middle when that is what is wanted."""
    d.panel(box)
    how = Box(box.x + theme.GAP_L, box.y + theme.GAP_M, box.w - 2 * theme.GAP_L, text_height(2, theme.BODY))
    d.write(Word("frame.pin." + view.pad.value), how, theme.BODY, bold=True)
    wide, tall = _ARM
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
        d.panel(ok.grown(EDGE), theme.LAMP, theme.RADIUS + EDGE, theme.RING)
        d.write(Word("frame.pin.ok"), ok, theme.BIG, bold=True, align=Align.CENTER, middle=True)


_CROSS = (("↑", 0, -1), ("←", -1, 0), ("→", 1, 0), ("↓", 0, 1))
_LAST_GROUP = Word("frame.pin.down", {"erase": Word("frame.pin.erase"), "leave": Word("frame.pin.leave")})
_ARMS: dict[PadStage, tuple[Text, ...]] = {
    PadStage.GROUP: (Word("frame.pin.up"), Word("frame.pin.west"), Word("frame.pin.east"), _LAST_GROUP),
    PadStage.MEMBER: tuple(Word("frame.pin." + place) for place in ("middle", "left", "right", "again")),
    PadStage.CONFIRM: (),
}
