"""Every profile by numbers: contrast wherever colours meet, states that differ without colour, and the change from one to another."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from stb_agent.contract.actions import Action
from stb_agent.contract.appearance import Appearance, Calendar, Profile
from stb_agent.contract.level import Level
from stb_agent.contract.messages import ActionMessage, CardState, Status, ViewMessage
from stb_agent.contract.text import word
from stb_agent.contract.views import View
from tests.support import views
from tests.support.colours import difference, seen
from tests.support.screens import CASES
from tests.support.typeface import measure
from ui import theme
from ui.screens.kinds import drawer
from ui.sketch import Place
from ui.stage import Stage

each_profile = pytest.mark.parametrize("profile", Profile)


def _status(profile: Profile, card: CardState = CardState.PRESENT) -> Status:
    return Status(card, Level.AUTHENTICATED, True, word("remote.notice.lost"), appearance=Appearance(profile))


def test_with_high_contrast_every_button_and_panel_has_an_outline() -> None:
    look = theme.THEMES[Profile.CONTRAST]
    sketch = drawer(measure)(views.HOME, _status(Profile.CONTRAST), Place())
    outlined = {panel.box for panel in sketch.scene().panels if panel.thickness and panel.colour is theme.LINE}
    assert outlined >= {button.node.box for button in sketch.buttons}
    assert all(
        theme.contrast(look.palette[theme.LINE], look.palette[side]) >= 4.5 for side in (theme.GROUND, theme.TILE)
    )


def test_the_large_profile_is_larger_and_nothing_else() -> None:
    standard, large = theme.THEMES[Profile.STANDARD], theme.THEMES[Profile.LARGE]
    assert large.palette == standard.palette
    for view in CASES.values():
        draw = drawer(measure)
        small = min(label.size for label in draw(view, _status(Profile.STANDARD), Place()).scene().labels)
        least = min(label.size for label in draw(view, _status(Profile.LARGE), Place()).scene().labels)
        assert small >= theme.SMALL
        assert least >= round(theme.SMALL * large.scale)
    assert theme.BODY >= 40 <= theme.BODY * large.scale


_STATES = (theme.GOOD, theme.BAD, theme.LAMP)
"""What a sign can say: well, wrong, wait."""
_LINES = (theme.LAMP, theme.SECOND)
"""What a chart's lines are told apart by, besides their shapes."""


@pytest.mark.parametrize("kind", ["protan", "deutan"])
def test_colours_that_say_something_differ_for_the_colour_blind(kind: str) -> None:
    palette = theme.THEMES[Profile.COLOUR_BLIND].palette
    for group in (_STATES, _LINES):
        for one, other in itertools.combinations(group, 2):
            assert difference(seen(palette[one], kind), seen(palette[other], kind)) >= 20, (one, other)


@pytest.mark.parametrize("kind", ["protan", "deutan"])
@each_profile
def test_a_charts_lines_and_the_focus_differ_for_the_colour_blind_in_every_profile(kind: str, profile: Profile) -> None:
    palette = theme.THEMES[profile].palette
    for one, other in ((theme.LAMP, theme.SECOND), (theme.FOCUS, theme.TILE), (theme.FOCUS, theme.PANEL)):
        assert difference(seen(palette[one], kind), seen(palette[other], kind)) >= 20, (one, other)


def test_the_check_notices_what_the_colour_blind_confuse() -> None:
    palette = theme.THEMES[Profile.STANDARD].palette
    assert difference(palette[theme.GOOD], palette[theme.BAD]) > 40
    assert difference(seen(palette[theme.GOOD], "deutan"), seen(palette[theme.BAD], "deutan")) < 20


def _message(view: View, profile: Profile, rev: int) -> ViewMessage:
    return ViewMessage(rev=rev, shown=True, personal=False, status=_status(profile), view=view)


def test_another_profile_is_taken_at_once_and_moves_no_focus() -> None:
    stage = Stage(drawer(measure))
    stage.receive(_message(views.HOME, Profile.STANDARD, 1))
    before, focus = stage.scene(), stage.focused
    stage.receive(_message(views.HOME, Profile.CONTRAST, 2))
    assert stage.focused == focus
    assert (before.profile, stage.scene().profile) == (Profile.STANDARD, Profile.CONTRAST)
    assert stage.scene().labels == before.labels


def test_without_an_agent_the_household_keeps_its_profile() -> None:
    stage = Stage(drawer(measure))
    stage.receive(_message(views.HOME, Profile.LARGE, 1))
    stage.lose()
    assert stage.scene().profile is Profile.LARGE


def test_the_appearance_costs_nothing_on_the_wire_unless_it_is_another() -> None:
    assert b"appearance" not in msgspec.json.encode(Status())
    assert b'"appearance":{"profile":"large"}' in msgspec.json.encode(_status(Profile.LARGE))


def test_another_language_and_calendar_are_taken_at_once_and_move_no_focus() -> None:
    def shown(appearance: Appearance, rev: int) -> ViewMessage:
        message = _message(views.FORM_DATE, Profile.STANDARD, rev)
        return msgspec.structs.replace(message, status=msgspec.structs.replace(message.status, appearance=appearance))

    def read() -> set[str]:
        return {line for label in stage.scene().labels for line in label.lines}

    stage = Stage(drawer(measure))
    stage.receive(shown(Appearance(), 1))
    assert {"戻る", "1951年", "昭和26年"} <= read()
    stage.receive(ActionMessage(Action.RIGHT))
    focus = stage.focused
    stage.receive(shown(Appearance(language="en"), 2))
    assert {"Back", "1951", "Showa\u00a026", "Sunday"} <= read()
    stage.receive(shown(Appearance(calendar=Calendar.JAPANESE), 3))
    assert {"戻る", "昭和26年", "1951年"} <= read()
    assert stage.focused == focus == "month"
