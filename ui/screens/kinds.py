"""Which screen draws which kind."""

from __future__ import annotations

from collections.abc import Callable

from stb_agent.contract.messages import Status
from stb_agent.contract.views import (
    Calendar,
    Chart,
    Choice,
    Consent,
    Detail,
    Form,
    Home,
    List,
    Message,
    Pin,
    Progress,
    View,
)
from ui.lines import Measure
from ui.screens import calendar, chart, choice, consent, detail, form, home, listing, message, pin, progress
from ui.sketch import Sketch


def drawer(measure: Measure, lang: str) -> Callable[[View, Status | None, int], Sketch]:
    """Give what lays out a page of any view; without a status when there is no agent to know it."""

    def draw(view: View, status: Status | None, page: int) -> Sketch:
        d = Sketch(measure, lang, page)
        match view:
            case Home():
                home.draw(d, view, status)
            case List():
                listing.draw(d, view, status)
            case Choice():
                choice.draw(d, view, status)
            case Detail():
                detail.draw(d, view, status)
            case Calendar():
                calendar.draw(d, view, status)
            case Chart():
                chart.draw(d, view, status)
            case Form():
                form.draw(d, view, status)
            case Pin():
                pin.draw(d, view, status)
            case Consent():
                consent.draw(d, view, status)
            case Progress():
                progress.draw(d, view, status)
            case Message():
                message.draw(d, view, status)
        d.first = next((item.id for item in view.items if item.first), None)
        return d

    return draw
