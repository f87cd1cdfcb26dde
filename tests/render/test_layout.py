"""Every page there is, in every manner that a household can have it, by its numbers: nothing cut, on another, too small or out of reach."""

from __future__ import annotations

import itertools

import pytest

from stb_agent.contract import words
from stb_agent.contract.appearance import Profile
from stb_agent.contract.views import Base
from tests.render.conftest import ALL, Household
from tests.support.inspector import layout
from tests.support.inspector.manners import LANGUAGES
from tests.support.pages import REAL
from tests.support.screens import CASES
from tests.support.typeface import measure
from ui import theme
from ui.screens.kinds import drawer
from ui.sketch import Place

_MANNERS = tuple(itertools.product(LANGUAGES, (Profile.STANDARD, Profile.LARGE)))
_AS_STANDARD = (Profile.CONTRAST, Profile.COLOUR_BLIND)
"""These profiles have other colours and lines, and everything else in its place."""


@pytest.mark.parametrize(("language", "profile"), _MANNERS)
def test_every_page_is_whole(language: str, profile: Profile, household: Household) -> None:
    status, draw = household(language, profile), drawer(measure)
    wrong = []
    for name, view in ALL.items():
        if language == "further" and name.endswith("longest"):
            continue
        wrong += layout.inspect(layout.pages(name, view, status, draw), status, cut=name.endswith("longest"))
    assert wrong == []


@pytest.mark.parametrize("profile", _AS_STANDARD)
def test_other_colours_leave_everything_in_its_place(profile: Profile, household: Household) -> None:
    draw = drawer(measure)
    for view in ALL.values():
        one, other = (draw(view, household("ja", it), Place()) for it in (Profile.STANDARD, profile))
        assert one.nodes == other.nodes
        assert [label.box for label in one.scene().labels] == [label.box for label in other.scene().labels]


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize("language", ["ja", "en"])
def test_text_signs_and_focus_stand_out_by_the_profiles_colours(
    language: str, profile: Profile, household: Household
) -> None:
    status, draw = household(language, profile), drawer(measure)
    wrong: set[str] = set()
    states: set[object] = set()
    for view in ALL.values():
        sketch = draw(view, status, Place())
        for button, pressed in [(None, False), *itertools.product(_unlike(sketch.buttons), (False, True))]:
            scene = sketch.scene(button and button.node.id, pressed)
            wrong |= set(layout.poor(scene, button))
            states |= {
                (label.colour, under) for label in scene.labels for under in layout.under(scene.panels, label.box)
            }
    assert wrong == set()
    assert {(theme.INK, theme.FOCUS), (theme.DARK_INK, theme.LAMP), (theme.QUIET, theme.PANEL)} <= states


def _unlike(buttons: list[layout.Button]) -> list[layout.Button]:
    """Give the first and the last of the buttons of each group."""
    groups = {button.node.group: [it for it in buttons if it.node.group == button.node.group] for button in buttons}
    return [
        end for group in groups.values() for end in {group[0].node.id: group[0], group[-1].node.id: group[-1]}.values()
    ]


@pytest.mark.parametrize("profile", [Profile.STANDARD, Profile.LARGE])
def test_without_an_agent_it_is_whole_too(profile: Profile, household: Household) -> None:
    draw = drawer(measure)
    draw(REAL["home-new"], household("ja", profile), Place())  # whose profile stays
    wrong = []
    for name in ("help", "message_ok"):
        view = CASES[name]
        wrong += layout.of_page(layout.Page(name, view, Place(), draw(view, None, Place())), None)
    assert wrong == []


def test_every_kind_and_every_error_of_the_household_is_among_the_pages() -> None:
    assert (
        {type(view) for view in REAL.values()} == set(Base.__subclasses__()) == {type(view) for view in CASES.values()}
    )
    shown = {name.removeprefix("error-") for name in REAL if name.startswith("error-")}
    assert {"card.pin.blocked", "cable_id.platform.unreachable", "store.damaged", "booking.taken", "internal"} <= shown
    for code, language in itertools.product(shown, ("ja", "ja-simple", "en")):
        assert all(words.told(code, {"left": 2, "sw": "6A82", "position": 3}, language))
