"""Which screen draws which kind."""

from __future__ import annotations

from collections.abc import Callable

from stb_agent.contract.messages import Status
from stb_agent.contract.views import Home, View
from ui.lines import Measure
from ui.screens import home
from ui.sketch import Sketch


def drawer(measure: Measure, lang: str) -> Callable[[View, Status, int, bool], Sketch]:
    """Give what lays out a page of any view."""

    def draw(view: View, status: Status, page: int, bar: bool) -> Sketch:
        d = Sketch(measure, lang, page)
        match view:
            case Home():
                home.draw(d, view, status)
        d.first = next((item.id for item in view.items if item.first), None)
        return d

    return draw
