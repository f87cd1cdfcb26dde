"""Which screen draws which kind."""

from __future__ import annotations

from collections.abc import Callable

from stb_agent.contract.appearance import Appearance
from stb_agent.contract.messages import Status
from stb_agent.contract.views import (
    Calendar,
    Chart,
    Choice,
    Consent,
    Detail,
    Form,
    Help,
    Home,
    List,
    Message,
    Pin,
    Progress,
    View,
)
from ui import theme
from ui.lines import Measure, enlarged
from ui.screens import calendar, chart, choice, consent, detail, form, help_, home, listing, message, pin, progress
from ui.sketch import Place, Sketch


def drawer(measure: Measure) -> Callable[[View, Status | None, Place], Sketch]:
    """Give what lays out a page of any view; without a status, when there is no agent to know it, as the last one said."""
    measures = {profile: enlarged(measure, look.scale) for profile, look in theme.THEMES.items()}
    appearance = Appearance()

    def draw(view: View, status: Status | None, place: Place) -> Sketch:
        nonlocal appearance
        appearance = status.appearance if status else appearance
        d = Sketch(measures[appearance.profile], appearance, *place)
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
            case Help():
                help_.draw(d, view, status)
        d.first = d.first or next((item.id for item in view.items if item.first), None)
        return d

    return draw
