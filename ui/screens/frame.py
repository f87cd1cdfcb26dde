"""What stands around every view: title, lead, the card's corner with the notice under it, and the bar with 戻る and テレビに戻る."""

from __future__ import annotations

from collections.abc import Sequence

from stb_agent.contract.level import Level
from stb_agent.contract.messages import CardState, Status
from stb_agent.contract.speech import Engine
from stb_agent.contract.text import Text, Word
from stb_agent.contract.views import Item, Row
from ui import theme
from ui.focus import Box
from ui.scene import Align, Shape
from ui.sketch import BACK, HELP, SHRINK, TV, Sketch, text_height
from ui.theme import Colour

_LINE = text_height(1, theme.SMALL)
_PITCH = _LINE - 3
"""px from one line of the corner to the next: closer than running text, so that three of them stand beside title and lead."""
_CORNER = 560
_NOTICE_WIDE = 540
_NOTICE_SIGN = 44
_BACK = 190
_HELP = 250
_TV = 290
_BAR_BUTTON = 300
_LEAST = 112
"""Width of a button in the bar."""
_BAR_GAP = theme.GAP
_PLACE = (176, 96)
"""Width of where in the pages one is; the smaller where there is little room, with shorter words then."""
_COVER = 320
_ROWS = (96, 76)
"""Height of a row: the smaller where all rows find room on one page by it."""
_LISTEN = Word("speech.listen")
_CARD_LOOKS = {
    CardState.NO_READER: (theme.BAD, False),
    CardState.ABSENT: (theme.QUIET, False),
    CardState.READING: (theme.LAMP, True),
    CardState.PRESENT: (theme.GOOD, True),
}
_LEVEL_LOOKS = {
    Level.PRESENT: (theme.QUIET, False),
    Level.AUTHENTICATED: (theme.GOOD, True),
    Level.SIGNATURE: (theme.LAMP, True),
}
"""The colour of the sign before the words, and whether it is a disc (something is there) or a diamond."""


def frame(
    d: Sketch,
    title: Text,
    lead: Text | None,
    status: Status | None,
    *,
    lead_size: int = theme.LEAD,
    ways_out: bool = True,
    help_too: bool = True,
) -> Box:
    """Draw the frame; give the box that is left for the view. ``ways_out``: 戻る, 困ったとき (but not over help itself) and テレビに戻る.

    The notice's place is always left free, so that nothing moves when one comes or goes.
    """
    left = _corner(d, status) if status else d.room.right
    notice = _notice(d)
    beside = notice.x - theme.GAP - _NOTICE_SIGN - d.room.x - theme.GAP_L
    width = min(left - d.room.x - theme.GAP_L, beside)
    # A long name takes two lines before it becomes small, and in the end three small ones.
    fits = d.measure(d.words(title), theme.LEAD, True) <= width
    place = Box(d.room.x, d.room.y, width, text_height(1, theme.TITLE))
    if not fits:
        place = place._replace(h=text_height(2, theme.BODY if d.tight else theme.LEAD))
        place = _three(d, title, place, bold=True)
    top = d.write(title, place, theme.TITLE, bold=True)
    top = max(top, d.room.y + text_height(1, theme.TITLE)) + theme.GAP_S
    if lead is not None:
        # What nearly fits a line is a little smaller rather than two lines.
        near = (size for size in range(lead_size, lead_size * 5 // 6 - 1, -SHRINK) if _fits(d, lead, size, beside))
        size = next(near, min(lead_size, theme.BODY) if d.tight and not fits else lead_size)
        lines = Box(d.room.x, top, beside, text_height(2, size))
        top = d.write(lead, _three(d, lead, lines), size)
    top = max(top + (theme.GAP if d.tight else theme.GAP_M), notice.bottom + theme.GAP_S)
    bar_top = _bar_top(d)
    bottom = bar_top - theme.GAP_L
    if ways_out:
        # What belongs to every view is set off from what belongs to this one.
        d.panel(Box(d.room.x, bar_top - theme.GAP - 2, d.room.w, 2), theme.TILE, 0)
        to_back, to_help, to_tv = _ways_out(d)
        back, tv = (
            Box(d.room.x, bar_top, to_back, theme.TARGET),
            Box(d.room.right - to_tv, bar_top, to_tv, theme.TARGET),
        )
        d.button(BACK, back, Word("frame.back"), group="bar", fill=theme.PANEL, size=theme.BODY)
        if help_too:
            help_ = Box(back.right + _BAR_GAP, bar_top, to_help, theme.TARGET)
            d.button(HELP, help_, Word("frame.help"), group="bar", fill=theme.PANEL, size=theme.BODY)
        d.button(TV, tv, Word("frame.tv"), group="bar", fill=theme.PANEL, size=theme.BODY)
    return Box(d.room.x, top, d.room.w, bottom - top)


def _three(d: Sketch, text: Text, box: Box, *, bold: bool = False) -> Box:
    """Give the box of a text: one for three small lines, if those are what it needs."""
    higher = box._replace(h=max(box.h, text_height(3, theme.SMALL)))
    return higher if not d.holds(text, box, bold=bold) and d.holds(text, higher, bold=bold) else box


def _bar_top(d: Sketch) -> float:
    return d.room.bottom - theme.TARGET


def _notice(d: Sketch) -> Box:
    """Give the notice's place, under two lines of the corner."""
    return Box(d.room.right - _NOTICE_WIDE, d.room.y + _PITCH + _LINE, _NOTICE_WIDE, 2 * _LINE)


def _fits(d: Sketch, text: Text, size: int, width: float) -> bool:
    return d.measure(d.words(text), size, False) <= width


def bar(d: Sketch, items: Sequence[Item] = (), *, toggle: Text | None = None, turns: bool = True) -> None:
    """Draw, between 困ったとき and テレビに戻る, the view's items that belong there and what leafs through its pages.

    ``toggle``: the words on the button that changes between graph and table; ``turns``: unless something else leafs.
    """
    steps = [
        (step, name)
        for step, name in ((-1, "previous"), (1, "next"))
        if turns and d.pages > 1 and 0 <= d.page + step < d.pages
    ]
    short = "_short" if d.tight else ""
    leaf = [Word(f"frame.page.{name}{short}") for _, name in steps]
    said = [
        *(item.label for item in items),
        *([toggle] if toggle is not None else ()),
        *([_LISTEN] if d.listen else ()),
        *leaf,
    ]
    at_page = Word("frame.page.at" + short, {"page": d.page + 1, "pages": d.pages})
    wide = max(_PLACE[d.tight], round(d.measure(d.words(at_page), theme.SMALL, False)) + theme.GAP)
    to_back, to_help, to_tv = _ways_out(d)
    left = d.room.x + to_back + _BAR_GAP + to_help + theme.GAP_M
    room = d.room.right - to_tv - theme.GAP_M - left - (wide + _BAR_GAP if steps else 0)
    widths = _shared(d, said, room)
    boxes = (
        Box(round(left + sum(widths[:at]) + at * _BAR_GAP), _bar_top(d), round(width), theme.TARGET)
        for at, width in enumerate(widths)
    )
    for item in items:
        d.button(item.id, next(boxes), item.label, group="bar", size=theme.BODY)
    if toggle is not None:
        d.button("chart.table", next(boxes), toggle, group="bar", size=theme.BODY, toggle=True)
    if d.listen:
        d.button("listen", next(boxes), _LISTEN, group="bar", size=theme.BODY, listen=True)
    for (step, name), words in zip(steps, leaf, strict=True):
        d.button("page." + name, next(boxes), words, group="bar", size=theme.NOTE, turn=step)
    if steps:
        where = Box(round(left + sum(widths) + len(widths) * _BAR_GAP), _bar_top(d), wide, theme.TARGET)
        d.write(at_page, where, theme.SMALL, align=Align.CENTER, middle=True)


def _ways_out(d: Sketch) -> tuple[float, float, float]:
    """Give the widths of 戻る, 困ったとき and テレビに戻る, the same on every view; where there is little room, no wider than their words."""
    if not d.tight:
        return _BACK, _HELP, _TV
    words = (d.measure(d.say(f"frame.{name}"), theme.BODY, True) + 2 * theme.GAP for name in ("back", "help", "tv"))
    back, help_, tv = (max(round(width), _LEAST) for width in words)
    return min(back, _BACK), min(help_, _HELP), min(tv, _TV)


def _shared(d: Sketch, said: Sequence[Text], room: float) -> list[float]:
    """Give the widths of buttons in the bar: all alike where their words find room in that, else as long as those are."""
    room -= (len(said) - 1) * _BAR_GAP
    alike = min(_BAR_BUTTON, room / max(len(said), 1))
    wanted = [max(d.measure(d.words(text), theme.NOTE, True) + 2 * theme.GAP, _LEAST) for text in said]
    if all(width <= alike for width in wanted):
        return [alike] * len(said)
    if sum(wanted) <= room:
        return wanted
    # In two lines: each as wide as its longest word, and what is left over to those that want more.
    least = [
        min(max(d.longest(text, theme.SMALL) + 2 * theme.GAP + 1, _LEAST), width)
        for text, width in zip(said, wanted, strict=True)
    ]
    over = max(room - sum(least), 0) / max(sum(wanted) - sum(least), 1)
    found = [low + (width - low) * over for low, width in zip(least, wanted, strict=True)]
    return [max(width * min(1.0, room / sum(found)), theme.TARGET) for width in found]


def voice(status: Status | None) -> tuple[Item, ...]:
    """Give what begins voice guidance, or ends it, where the box has a voice."""
    if status is None or status.speech.engine is Engine.NONE:
        return ()
    return (Item("voice", Word("speech.voice_off" if status.speech.on else "speech.voice_on")),)


def buttons(d: Sketch, items: Sequence[Item], room: Box, *, across: int = 3, height: int = 112) -> None:
    """Draw the view's items as large buttons at the top of a box, in rows of up to ``across``."""
    for row, start in enumerate(range(0, len(items), across)):
        some = items[start : start + across]
        width = (
            (room.w - (across - 1) * theme.GAP_L) / across
            if len(items) > across
            else (room.w - (len(some) - 1) * theme.GAP_L) / len(some)
        )
        width = min(width, (d.room.w - theme.GAP_L) / 2)
        for at, item in enumerate(some):
            box = Box(
                round(room.x + at * (width + theme.GAP_L)),
                round(room.y + row * (height + theme.GAP_M)),
                round(width),
                height,
            )
            d.button(item.id, box, item.label, item.detail)


def answers(d: Sketch, items: Sequence[Item], room: Box, *, across: int = 3, height: int = 112) -> None:
    """Draw the view's items as `buttons`; before its last page only the way to the next one, for nobody agrees to what they have not seen."""
    if not items or d.page + 1 == d.pages:
        buttons(d, items, room, across=across, height=height)
        return
    # At the right: from there the focus comes to the answer that sends nothing, should a hand press twice.
    half = round((room.w - theme.GAP_L) / 2)
    d.button("page.on", Box(room.x + room.w - half, room.y, half, height), Word("frame.consent.on"), turn=1)
    d.first = "page.on"


def buttons_height(items: Sequence[Item], *, across: int = 3, height: int = 112) -> int:
    """Give how much room `buttons` takes, with the gap above."""
    rows = -(-len(items) // across)
    return rows * (height + theme.GAP_M) if rows else 0


def sign(d: Sketch, mark: Text, x: float, y: float, size: int, colour: Colour) -> None:
    """Draw the sign of a tone, a delivery or a step, or a number, in a ring."""
    box = Box(round(x), round(y), size, size)
    d.panel(box, colour, size // 2, max(4, size // 18))
    d.write(mark, box, max(round(size * 0.55), theme.SMALL), bold=True, colour=colour, align=Align.CENTER, middle=True)


def rows_table(d: Sketch, rows: Sequence[Row], room: Box, *, label_width: float = 420) -> float:
    """Draw label and value, a line each, on one panel, as many as fit a page; give its bottom."""
    if not rows:
        return room.y
    height = _ROWS[0]
    if len(rows) > (room.h - theme.GAP) // height and len(rows) <= (room.h - theme.GAP) // _ROWS[1]:
        height = _ROWS[1]
    widths = label_width - theme.GAP_L, room.w - label_width - 2 * theme.GAP_L
    heights = [max(height, d.tall(it.label, widths[0]) + 8, d.tall(it.value, widths[1], bold=True) + 8) for it in rows]
    d.spread(heights, room.h - theme.GAP)
    heights, rows = heights[slice(*d.span)], rows[slice(*d.span)]
    box = Box(room.x, room.y, room.w, round(sum(heights) + theme.GAP))
    d.panel(box)
    top = box.y + theme.GAP_S
    for at, (row, tall) in enumerate(zip(rows, heights, strict=True)):
        if at:
            d.panel(Box(box.x + theme.GAP_L, round(top), box.w - 2 * theme.GAP_L, 2), theme.LINE, 0)
        label = Box(box.x + theme.GAP_L, top + 4, widths[0], tall - 8)
        d.write(row.label, label, theme.NOTE, colour=theme.QUIET, middle=True)
        value = Box(box.x + label_width + theme.GAP_L, top + 4, widths[1], tall - 8)
        if row.private and not row.value:
            cover(d, value._replace(y=value.y + theme.GAP_S, h=value.h - 2 * theme.GAP_S))
        else:
            d.write(row.value, value, theme.LABEL, bold=True, middle=True)
        top += tall
    return box.bottom


def cover(d: Sketch, box: Box) -> None:
    """Draw the curtain in a value's place: as wide for every value, so that it tells nothing."""
    box = box._replace(w=min(_COVER, box.w))
    d.panel(box, theme.TILE, theme.GAP_S)
    d.write(Word("frame.curtain.covered"), box, theme.NOTE, align=Align.CENTER, middle=True)


def _corner(d: Sketch, status: Status) -> float:
    """Draw the card's state, the level and 練習用 at the right; give the left edge of what was drawn."""
    right = d.room.right
    lines = [("frame.card." + status.card.value, *_CARD_LOOKS[status.card])]
    if status.level is not Level.NONE:
        lines.append(("frame.level." + status.level.name.lower(), *_LEVEL_LOOKS[status.level]))
    left: float = right
    for at, (code, colour, filled) in enumerate(lines):
        box = Box(right - _CORNER, d.room.y + at * _PITCH, _CORNER, _LINE)
        label = d.set(Word(code), box, theme.SMALL, colour=theme.INK, align=Align.RIGHT)
        if label:
            d.write(Word(code), box, theme.SMALL, colour=theme.INK, align=Align.RIGHT)
            x = label.box.x - theme.GAP_M
            d.dot(x, label.box.y + _LINE / 2, 20, colour, Shape.DISC if filled else Shape.DIAMOND)
            left = min(left, x - theme.GAP)
    if status.notice:
        notice = _notice(d)
        top = notice.y + (notice.h - _NOTICE_SIGN) / 2
        sign(d, Word("frame.sign.warning"), notice.x - theme.GAP - _NOTICE_SIGN, top, _NOTICE_SIGN, theme.LAMP)
        d.write(status.notice, notice, theme.SMALL, bold=True, middle=True)
    if status.practice:
        wide = max(168, round(d.measure(d.say("frame.practice"), theme.NOTE, True)) + theme.GAP_XL)
        badge = Box(round(left - theme.GAP_L - wide), d.room.y, wide, 60)
        d.panel(badge, theme.LAMP, 30, 3)
        d.write(
            Word("frame.practice"), badge, theme.NOTE, bold=True, colour=theme.LAMP, align=Align.CENTER, middle=True
        )
        left = badge.x
    return left
