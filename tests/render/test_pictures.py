"""The real drawing, read back: every kind in every language and profile with the worst data, by its pixels; and contact sheets of it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from stb_agent.contract.appearance import Profile
from stb_agent.contract.views import View
from tests.render.conftest import Household
from tests.support import views
from tests.support.inspector import sheet, studio
from tests.support.pages import REAL
from tests.support.screens import CASES, NAMED
from ui.sketch import Place

_FEW = (
    "facilities",
    "handoff",
    "waited-late",
    "calendar",
    "confirm",
    "orders",
    "slip-refused",
    "chart",
    "help",
    "help-no-time",
    "help-pin",
    "remotes",
    "lesson",
    "summary",
    "link-consent",
    "sign_in-last_try",
    "home-known",
    "pin-group",
    "pin-member",
    "form-wrong",
    "form-date",
    "error-card.pin.unusable",
)
"""Of the services' pages: one of each kind or more, those with the most to say."""
WORST: dict[str, View] = {
    **NAMED,
    **{
        name: CASES[name]
        for name in (
            "chart_range",
            "form_text",
            "form_choice",
            "list-empty",
            "calendar-many",
            "chart-two-many",
            "form-long",
        )
    },
    **{f"{name}-longest": CASES[f"{name}-longest"] for name in ("home", "chart", "pin_member", "progress", "message")},
}
_AS_STANDARD = (Profile.CONTRAST, Profile.COLOUR_BLIND)
"""Other colours and lines, everything else in its place (``test_layout``): besides Japanese one picture of each kind is enough."""


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize("language", ["ja", "ja-simple", "en", "further"])
def test_every_kind_is_drawn_whole(
    language: str,
    profile: Profile,
    household: Household,
    studios: ProcessPoolExecutor,
    sheets: Path,
    pytestconfig: pytest.Config,
    record_property: Callable[[str, object], None],
) -> None:
    status = household(language, profile)
    every = {**WORST, **(REAL if pytestconfig.getoption("--every", False) else {name: REAL[name] for name in _FEW})}
    if profile in _AS_STANDARD and language != "ja" and not pytestconfig.getoption("--every", False):
        every = {type(view).__name__: view for view in reversed(every.values())}
    if language == "further":  # its words are the worst data
        every = {name: view for name, view in every.items() if not name.endswith("longest")}
    orders = [
        studio.Order(name, view, status, focus=at, pressed=at % 7 == 6, cut=name.endswith("longest"))
        for at, (name, view) in enumerate(every.items())
    ]
    orders += [studio.Order(f"{name} {page + 1}", REAL[name], status, Place(page)) for name, page in (("help", 1),)]
    drawn = list(studios.map(studio.work, orders))
    path = sheets / f"{language}-{profile}.png"
    sheet.write(path, [(it.name, it.small, bool(it.wrong)) for it in drawn], studio.THUMB)
    record_property("sheet", str(path))
    assert [line for it in drawn for line in it.wrong] == []
    assert {type(order.view) for order in orders} == {type(view) for view in views.ALL.values()}
