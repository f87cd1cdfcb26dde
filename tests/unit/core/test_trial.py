"""Choices in the core: what is tried lasts as long as the page that tries it is seen; what is kept stays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from stb_agent.contract.actions import Action
from stb_agent.contract.appearance import Appearance, Calendar, Profile
from stb_agent.contract.choices import Choices
from stb_agent.contract.config import PaceChoice
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.messages import CardState, ViewMessage
from stb_agent.contract.speech import Speech
from stb_agent.contract.views import Home, View
from stb_agent.core.core import Core
from stb_agent.core.effects import Chose, Effect
from stb_agent.core.page import Chosen, Frame, Move, Page, PageEvent, Shown

LARGE = Choices(profile=Profile.LARGE)
SLOW = Choices(pace=PaceChoice.SLOW)


@dataclass(frozen=True)
class Bottom(Page):
    def view(self, frame: Frame) -> View:
        return Home(title="bottom")

    def on(self, event: PageEvent, frame: Frame) -> Move:
        return Move(push=Trying()) if isinstance(event, Chosen) else Move()


@dataclass(frozen=True)
class Trying(Page):
    def view(self, frame: Frame) -> View:
        if frame.choices == SLOW:
            raise LookupError("a page that cannot bear it")
        return Home(title="trying")

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Shown():
                return Move(trial=LARGE)
            case Chosen(id="keep"):
                return Move(keep=LARGE, leave=True)
            case Chosen(id="leave"):
                return Move(leave=True)
            case Chosen(id="home"):
                return Move(home=True)
            case Chosen(id="worse"):
                return Move(trial=SLOW)
        return Move()


@dataclass(frozen=True)
class Said(Page):
    title: str

    def view(self, frame: Frame) -> View:
        return Home(title=self.title)

    def on(self, event: PageEvent, frame: Frame) -> Move:
        return Move()


def trying() -> Core:
    """Give a core whose person tries something, and has just seen it."""
    core = Core(
        Bottom,
        lambda *_: Said("step up"),
        lambda _: Said("trouble"),
        lambda: Said("gone"),
        lambda: Said("broken"),
        lambda _: Said("help"),
        idle=lambda _: Said("idle"),
        locked=lambda: Said("locked"),
        appearance=Appearance(calendar=Calendar.JAPANESE),
        choices=Choices(),
    )
    core.key(Action.HOME)
    effects = choose(core, "try")
    assert core.view.status.appearance.profile is Profile.LARGE
    assert Chose(LARGE) in effects
    return core


def choose(core: Core, id_: str) -> Sequence[Effect]:
    return core.intent(core.view.rev, id_, "")


ENDS: dict[str, Callable[[Core], Sequence[Effect]]] = {
    "the key back": lambda core: core.key(Action.BACK),
    "back on the screen": lambda core: choose(core, "back"),
    "the page leaves": lambda core: choose(core, "leave"),
    "the page leads home": lambda core: choose(core, "home"),
    "the programme": lambda core: core.key(Action.HOME),
    "a warning of the television's": lambda core: core.yield_screen(True),
    "help": lambda core: core.key(Action.HELP),
    "a card that cannot be used": lambda core: core.card(CardState.PRESENT, trouble=ChanomaError()),
    "what lies on it": lambda core: core.tell(Said("something else")),
    "the page breaks": lambda core: choose(core, "worse"),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_a_trial_ends_when_its_page_is_not_seen(end: Callable[[Core], Sequence[Effect]]) -> None:
    core = trying()
    effects = end(core)
    assert core.view.status.appearance.profile is Profile.STANDARD
    assert core.frame.choices == core.frame.kept == Choices()
    assert [it for it in effects if isinstance(it, Chose)][-1] == Chose(Choices())
    views = [it for it in effects if isinstance(it, ViewMessage)]
    assert all(it.status.appearance.profile is Profile.STANDARD for it in views), (
        "no picture of the old page in the new look"
    )


def test_what_is_kept_stays_and_is_remembered_once() -> None:
    core = trying()
    effects = choose(core, "keep")
    assert [it for it in effects if isinstance(it, Chose)] == [Chose(LARGE, LARGE)]
    core.key(Action.HOME)
    core.key(Action.HOME)
    assert core.frame.choices == core.frame.kept == LARGE
    assert core.view.status.appearance.profile is Profile.LARGE


def test_the_voice_s_key_keeps_the_voice_and_nothing_that_is_tried() -> None:
    core = trying()
    effects = core.key(Action.BLUE)
    kept = Choices(voice=True)
    assert Chose(Choices(profile=Profile.LARGE, voice=True), kept) in effects
    assert core.view.status.appearance.profile is Profile.LARGE
    core.key(Action.BACK)
    assert core.frame.choices == core.frame.kept == kept


def test_what_is_not_chosen_stays_as_configured() -> None:
    core = trying()
    assert core.view.status.appearance.languages == Appearance().languages
    assert core.view.status.appearance.calendar is Calendar.GREGORIAN, "the household's choice"
    assert core.view.status.speech == Speech()


def test_a_nickname_comes_and_goes_with_the_card() -> None:
    core = trying()
    core.card(CardState.PRESENT, known=True, nickname="はなちゃん")
    assert core.frame.nickname == "はなちゃん"
    core.called("ばあば")
    assert core.frame.nickname == "ばあば"
    core.card(CardState.ABSENT)
    assert core.frame.nickname is None
