"""Progress: the steps of something slow, each with a sign and a word."""

from __future__ import annotations

from stb_agent.contract.messages import Status
from stb_agent.contract.text import Word
from stb_agent.contract.views import Progress, StepState
from ui import theme
from ui.focus import Box
from ui.scene import Align
from ui.screens import skeleton
from ui.screens.frame import buttons, buttons_height, frame, sign
from ui.sketch import Sketch

_ROW = 112
_SIGN = 68
_COLOURS = {StepState.DONE: theme.GOOD, StepState.NOW: theme.LAMP, StepState.TODO: theme.QUIET}


def draw(d: Sketch, view: Progress, status: Status | None) -> None:
    """Lay the view out."""
    room = frame(d, view.title, view.lead, status)
    if view.like is not None and not view.steps:
        skeleton.draw(d, view, view.like, status)
    below = buttons_height(view.items)
    tall = min(_ROW, (room.h - below) / max(len(view.steps), 1))
    for at, step in enumerate(view.steps):
        row = Box(room.x, round(room.y + at * tall), room.w, round(tall - theme.GAP))
        now = step.state is StepState.NOW
        if now:
            d.panel(row)
        colour = _COLOURS[step.state]
        sign(d, Word("frame.sign." + step.state.value), row.x + theme.GAP_M, row.y + (row.h - _SIGN) / 2, _SIGN, colour)
        text = Box(row.x + _SIGN + 2 * theme.GAP_M, row.y, row.w - _SIGN - 300 - 3 * theme.GAP_M, row.h)
        d.write(step.label, text, theme.LEAD, bold=now, colour=theme.INK if now else theme.QUIET, middle=True)
        word = Box(row.right - 300 - theme.GAP_L, row.y, 300, row.h)
        d.write(
            Word("frame.step." + step.state.value),
            word,
            theme.BODY,
            bold=now,
            colour=colour,
            align=Align.RIGHT,
            middle=True,
        )
    if view.late:
        y = room.y + len(view.steps) * tall + theme.GAP_M
        d.write(Word("frame.wait.late"), Box(room.x, y, room.w, room.bottom - below - y), theme.LEAD, bold=True)
    buttons(d, view.items, room._replace(y=room.bottom - below + theme.GAP_M))
