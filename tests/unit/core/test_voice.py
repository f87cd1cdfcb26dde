"""Voice guidance in the core: one key from the very first screen, an intent, and a page that owns the key."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from stb_agent.contract.actions import Action
from stb_agent.contract.messages import ViewMessage
from stb_agent.contract.sounds import Sounds
from stb_agent.contract.speech import Engine, Speech
from stb_agent.contract.views import Home, PadStage, Pin, View
from stb_agent.core.core import Core
from stb_agent.core.effects import Chose, Key
from stb_agent.core.page import Frame, Move, Page, PageEvent, Pressed


@dataclass(frozen=True)
class _Page(Page):
    owned: frozenset[Action] = frozenset()
    pressed: tuple[Action, ...] = ()

    def own_keys(self) -> frozenset[Action]:
        return self.owned

    def view(self, frame: Frame) -> View:
        return Home(title="、".join(self.pressed))

    def on(self, event: PageEvent, frame: Frame) -> Move:
        return Move(stay=_Page(self.owned, (*self.pressed, event.action))) if isinstance(event, Pressed) else Move()


@dataclass(frozen=True)
class _Pin(Page):
    def view(self, frame: Frame) -> View:
        return Pin(title="pin", length=4, dots=0, pad=PadStage.GROUP, tries=3)

    def on(self, event: PageEvent, frame: Frame) -> Move:
        return Move()


def _core(
    speech: Speech = Speech(),
    *owned: Action,
    shown: bool = True,
    sounds: Sounds = Sounds(),
    page: Page | None = None,
) -> Core:
    page = page or _Page(frozenset(owned))
    core = Core(
        lambda: page,
        lambda *_: page,
        lambda _: page,
        lambda: page,
        lambda: page,
        lambda _: page,
        idle=lambda _: page,
        locked=lambda: page,
        speech=speech,
        sounds=sounds,
    )
    if shown:
        core.key(Action.HOME)
    return core


def test_one_key_switches_it_on_the_very_first_screen_and_it_is_remembered() -> None:
    core = _core()
    for on in (True, False):
        message, voice = core.key(Action.BLUE)
        assert voice == Chose(core.frame.kept, core.frame.kept)
        assert core.frame.kept.voice is on
        assert isinstance(message, ViewMessage)
        assert message.status.speech.on is on
        assert core.view == message


@pytest.mark.parametrize("shown", [True, False])
def test_the_bar_s_button_does_the_same(shown: bool) -> None:
    core = _core(shown=shown)
    effects = core.intent(core.view.rev, "voice", "")
    assert any(isinstance(it, Chose) and it.kept and it.kept.voice for it in effects) is shown
    assert core.view.status.speech.on is shown


def test_a_page_that_owns_the_key_gets_it() -> None:
    core = _core(Speech(), Action.BLUE)
    core.key(Action.BLUE)
    assert core.view.view.title == Action.BLUE
    assert not core.view.status.speech.on


def test_over_the_programme_and_without_an_engine_the_key_does_nothing() -> None:
    for core in (_core(shown=False), _core(Speech(engine=Engine.NONE))):
        assert list(core.key(Action.BLUE)) == ([Key(None)] if core.view.shown else [])
        assert not core.view.status.speech.on


def test_beside_a_pin_not_even_a_key_that_does_nothing_is_told() -> None:
    core = _core(page=_Pin())
    assert not core.key(Action.GREEN)
    assert not core.key(Action.DIGIT_5)


def test_what_else_is_configured_stays() -> None:
    configured = Speech(on=True, aloud=True, engine=Engine.OPEN_JTALK, voice="/v.htsvoice", rate=80)
    core = _core(configured)
    assert core.view.status.speech == configured
    core.key(Action.BLUE)
    core.key(Action.BLUE)
    assert core.view.status.speech == configured


def test_the_way_back_is_told_the_ui_only_where_it_is_to_be_heard() -> None:
    for on in (True, False):
        core = _core(sounds=Sounds(on=on))
        assert core.view.status.sounds.on is on
        core.key(Action.HELP)
        assert (Key(Action.BACK) in core.key(Action.BACK)) is on
