"""Every profile by numbers: contrast wherever colours meet, states that differ without colour, and the change from one to another."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

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
from ui.focus import Box
from ui.scene import Panel, Scene
from ui.screens.kinds import drawer
from ui.sketch import Place, Sketch
from ui.stage import Stage
from ui.theme import Colour

each_profile = pytest.mark.parametrize("profile", Profile)
_WALL = frozenset({theme.GROUND, theme.GROUND_TOP})


def _status(profile: Profile, card: CardState = CardState.PRESENT) -> Status:
    return Status(card, Level.AUTHENTICATED, True, word("remote.notice.lost"), appearance=Appearance(profile))


def _pictures(profile: Profile) -> Iterator[tuple[Sketch, str | None, Scene]]:
    """Give every view with every card, focus and press."""
    draw = drawer(measure)
    for view in CASES.values():
        for card in CardState if view is views.HOME else (CardState.PRESENT,):
            for page in range(draw(view, _status(profile), Place()).pages)[:3]:
                sketch = draw(view, _status(profile, card), Place(page))
                for focus in [None, *(node.id for node in sketch.nodes)]:
                    yield sketch, focus, sketch.scene(focus)
                    yield sketch, focus, sketch.scene(focus, pressed=True)


def _under(panels: tuple[Panel, ...], box: Box) -> frozenset[Colour]:
    """Give the colour of what is under a box: the topmost panel that holds it all, or the wall."""
    for panel in reversed(panels):
        if not panel.thickness and panel.box.grown(1).union(box) == panel.box.grown(1):
            return frozenset({panel.colour})
    return _WALL


@each_profile
def test_text_stands_out_from_all_that_it_is_ever_on(profile: Profile) -> None:
    palette = theme.THEMES[profile].palette
    pairs = {
        (label.colour, under)
        for _, _, scene in _pictures(profile)
        for label in scene.labels
        for under in _under(scene.panels, label.box)
    }
    assert {(theme.INK, theme.FOCUS), (theme.DARK_INK, theme.LAMP), (theme.QUIET, theme.PANEL)} <= pairs, "all states"
    poor = {pair: theme.contrast(palette[pair[0]], palette[pair[1]]) for pair in pairs}
    assert {pair: round(ratio, 1) for pair, ratio in poor.items() if ratio < 7} == {}


@each_profile
def test_the_focus_ring_stands_out_on_both_sides(profile: Profile) -> None:
    palette = theme.THEMES[profile].palette
    rings = set()
    for sketch, focus, scene in _pictures(profile):
        for at, panel in enumerate(scene.panels):
            if focus and panel.colour is theme.LAMP and panel.thickness == round(theme.RING * sketch.style.scale):
                outside = _under(scene.panels[: at - 1], panel.box)  # the one before it is what has the focus
                rings |= {(side, panel.colour) for side in outside}
                if scene.panels[at - 1].colour is not theme.LAMP:
                    rings.add((scene.panels[at - 1].colour, panel.colour))
    assert {side for side, _ in rings} >= _WALL | {theme.FOCUS}
    assert [pair for pair in rings if theme.contrast(palette[pair[0]], palette[pair[1]]) < 4.5] == []


@each_profile
def test_lines_and_signs_stand_out(profile: Profile) -> None:
    """WCAG 2.2, 1.4.11: 3:1 for what has to be seen to understand."""
    palette = theme.THEMES[profile].palette
    pairs = {
        (mark.colour, under)
        for _, _, scene in _pictures(profile)
        for mark in (*scene.dots, *scene.strokes, *(panel for panel in scene.panels if panel.thickness))
        if mark.colour is not theme.LINE
        for under in _under(
            scene.panels[: scene.panels.index(mark)] if isinstance(mark, Panel) else scene.panels, mark.box
        )
    }
    assert [
        pair for pair in pairs if theme.contrast(palette[pair[0]], palette[pair[1]]) < 3 and pair[0] != pair[1]
    ] == []


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
    assert {"Back", "1951", "Showa 26", "Sunday"} <= read()
    stage.receive(shown(Appearance(calendar=Calendar.JAPANESE), 3))
    assert {"戻る", "昭和26年", "1951年"} <= read()
    assert stage.focused == focus == "month"
