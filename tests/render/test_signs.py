"""Colour is nowhere the only sign: every state differs in a shape or a word, and in lightness as it is drawn."""

from __future__ import annotations

import itertools
from concurrent.futures import ProcessPoolExecutor

import msgspec
import pytest
from PIL import Image

from stb_agent.contract.appearance import Appearance, Profile
from stb_agent.contract.level import Level
from stb_agent.contract.messages import CardState, Status
from stb_agent.contract.views import CellState, Delivery, PadStage, StepState, Tone, View
from tests.support import views
from tests.support.inspector import layout, picture, studio
from tests.support.typeface import measure
from ui import theme
from ui.scene import Scene
from ui.screens.kinds import drawer
from ui.sketch import Place

_ENOUGH = 60
"""px that differ in lightness: a tick against a cross of the smallest sign."""
_Shown = tuple[View, Status]


def _cells(state: CellState) -> View:
    first, *others = views.CALENDAR.cells
    return msgspec.structs.replace(views.CALENDAR, cells=(msgspec.structs.replace(first, state=state), *others))


def _steps(state: StepState) -> View:
    steps = (msgspec.structs.replace(views.PROGRESS.steps[0], state=state), *views.PROGRESS.steps[1:])
    return msgspec.structs.replace(views.PROGRESS, steps=steps)


_CALM = Status(CardState.PRESENT)
STATES: dict[str, tuple[_Shown, ...]] = {
    "a time": tuple((_cells(it), _CALM) for it in CellState),
    "a message": tuple((msgspec.structs.replace(views.MESSAGE, tone=it), _CALM) for it in Tone),
    "a change": tuple((msgspec.structs.replace(views.DETAIL, delivery=it), _CALM) for it in (None, *Delivery)),
    "a step": tuple((_steps(it), _CALM) for it in StepState),
    "the card": tuple((views.HOME, Status(it)) for it in CardState),
    "the level": tuple((views.HOME, Status(CardState.PRESENT, it)) for it in Level),
    "practice": tuple((views.HOME, Status(CardState.PRESENT, practice=it)) for it in (False, True)),
    "the digits typed": tuple((msgspec.structs.replace(views.PIN, dots=it), _CALM) for it in range(5)),
    "the pad": tuple((msgspec.structs.replace(views.PIN, pad=it), _CALM) for it in PadStage),
    "what is chosen": tuple(
        (
            msgspec.structs.replace(
                views.FORM_CHOICE, field=msgspec.structs.replace(views.FORM_CHOICE.field, value=it)
            ),
            _CALM,
        )
        for it in ("", "f0", "f1")
    ),
    "what is wrong": ((views.FORM, _CALM), (msgspec.structs.replace(views.FORM, error=views.FORM_ERROR.error), _CALM)),
}


@pytest.mark.parametrize("name", STATES)
def test_without_colours_every_state_is_another_picture(name: str) -> None:
    draw = drawer(measure)
    for one, other in itertools.combinations(STATES[name], 2):
        assert layout.signs(draw(*one, Place()).scene()) != layout.signs(draw(*other, Place()).scene())


def test_without_colours_it_shows_what_has_the_focus() -> None:
    for view in views.ALL.values():
        sketch = drawer(measure)(view, _CALM, Place())
        for one, other in itertools.pairwise([None, *(node.id for node in sketch.nodes)]):
            assert layout.signs(sketch.scene(one)) != layout.signs(sketch.scene(other))


@pytest.mark.parametrize("profile", Profile)
def test_drawn_without_colours_every_state_differs(profile: Profile, studios: ProcessPoolExecutor) -> None:
    draw = drawer(measure)

    def seen(shown: _Shown, focus: str | None = None, pressed: bool = False) -> Scene:
        view, status = shown
        status = msgspec.structs.replace(status, appearance=Appearance(profile))
        return draw(view, status, Place()).scene(focus, pressed)

    groups = {name: [seen(it) for it in some] for name, some in STATES.items()}
    home = (views.HOME, _CALM)
    groups["the focus"] = [seen(home), seen(home, "booking"), seen(home, "health"), seen(home, "booking", True)]
    scenes = [(name, scene) for name, some in groups.items() for scene in some]
    drawn = studios.map(studio.snap, [scene for _, scene in scenes])
    pictures: dict[str, list[Image.Image]] = {}
    for (name, _), raw in zip(scenes, drawn, strict=True):
        pictures.setdefault(name, []).append(Image.frombytes("RGB", (theme.WIDTH, theme.HEIGHT), raw))
    alike = [
        name
        for name, some in pictures.items()
        for one, other in itertools.combinations(some, 2)
        if picture.differ(one, other) < _ENOUGH
    ]
    assert alike == []
