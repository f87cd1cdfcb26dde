"""What is drawn in the place of a view that is still on its way: its panels by its own screen, without a word in them."""

from __future__ import annotations

from stb_agent.contract.messages import Status
from stb_agent.contract.text import Text
from stb_agent.contract.views import Calendar, Cell, CellState, Chart, Detail, Item, List, Progress, Row, Skeleton
from ui.screens import calendar, chart, detail, listing
from ui.sketch import Sketch

_BLANK = "　"
_DAYS, _TIMES = 7, 3


def draw(d: Sketch, view: Progress, like: Skeleton, status: Status | None) -> None:
    """Draw what such a view stands on. Nothing of it can have the focus: nothing is there yet."""
    scratch = Sketch(d.measure, d.appearance)
    title, lead = view.title, view.lead
    match like:
        case Skeleton.LIST:
            listing.draw(scratch, List(title=title, lead=lead, items=_items(4)), status)
        case Skeleton.DETAIL:
            detail.draw(scratch, Detail(title=title, lead=lead, rows=_rows(3), items=_items(1)), status)
        case Skeleton.CALENDAR:
            calendar.draw(scratch, _calendar(title, lead), status)
        case Skeleton.CHART:
            chart.draw(scratch, Chart(title=title, lead=lead, unit=_BLANK, rows=_rows(2)), status)
    d.ground(scratch)


def _items(count: int) -> tuple[Item, ...]:
    return tuple(Item(str(at), _BLANK, _BLANK) for at in range(count))


def _rows(count: int) -> tuple[Row, ...]:
    return (Row(_BLANK, _BLANK),) * count


def _calendar(title: Text, lead: Text | None) -> Calendar:
    cells = tuple(Cell(f"{day} {time}", day, time, CellState.TAKEN) for day in range(_DAYS) for time in range(_TIMES))
    return Calendar(title=title, lead=lead, days=(_BLANK,) * _DAYS, times=(_BLANK * 5,) * _TIMES, cells=cells)
