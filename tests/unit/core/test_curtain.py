"""The curtain: what is private does not leave the agent before it is asked for, and is covered again by whatever happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import msgspec
import pytest

from stb_agent.contract.actions import Action
from stb_agent.contract.choices import Choices
from stb_agent.contract.level import Level
from stb_agent.contract.levels import Proof
from stb_agent.contract.messages import CardState
from stb_agent.contract.views import Band, Chart, Choice, Curtain, Detail, Home, Item, Point, Row, Series, View
from stb_agent.core.core import Core
from stb_agent.core.curtain import curtained
from stb_agent.core.page import Chosen, Frame, Move, Page, PageEvent, Requirement, SignIn
from stb_agent.services.home.idle import IdleWarning, Locked

_ROWS = (Row("名前", "潮見花子", private=True), Row("日", "11月25日"))
_ITEMS = (Item("more", "もっと", first=True), Item("other", "ほか"))
_CHART = Chart(
    title="chart",
    unit="mmHg",
    series=(Series("上", (Point("2026-11-25T08:00:00+09:00", 131.0),)),),
    band=Band("めやす", high=130.0),
    rows=_ROWS,
    private=True,
)
_SECRETS = ("潮見花子", "131")


@dataclass(frozen=True)
class _Home(Page):
    def view(self, frame: Frame) -> View:
        return Home(title="home")

    def on(self, event: PageEvent, frame: Frame) -> Move:
        return Move(push=_Record()) if isinstance(event, Chosen) else Move()


@dataclass(frozen=True)
class _Record(Page):
    needs: ClassVar[Requirement] = Requirement(Level.AUTHENTICATED)
    personal: ClassVar[bool] = True

    def view(self, frame: Frame) -> View:
        return Detail(title="record", rows=_ROWS, items=_ITEMS)

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Chosen(id="more"):
                return Move(push=_More())
            case Chosen(id="other"):
                return Move(stay=_Record())
        return Move()


@dataclass(frozen=True)
class _More(_Record):
    def view(self, frame: Frame) -> View:
        return _CHART


@dataclass(frozen=True)
class _Enter(Page):
    def view(self, frame: Frame) -> View:
        return Home(title="enter")

    def on(self, event: PageEvent, frame: Frame) -> Move:
        if isinstance(event, Chosen):
            return Move(sign_in=SignIn(Proof(Level.AUTHENTICATED, 0.0), linked=True), leave=True)
        return Move()


def _core(choices: Choices | None = None) -> Core:
    core = Core(
        _Home,
        lambda needs, frame: _Enter(),
        lambda error: _Home(),
        _Home,
        _Home,
        lambda opened: _Home(),
        idle=IdleWarning,
        locked=Locked,
        choices=choices,
    )
    core.key(Action.HOME)
    core.card(CardState.PRESENT)
    _choose(core, "record")
    _choose(core, "enter")
    assert core.view.view.title == "record"
    return core


def _choose(core: Core, id_: str) -> None:
    core.intent(core.view.rev, id_, "")


def _told(core: Core) -> str:
    return msgspec.json.encode(core.view).decode()


def test_what_is_private_is_taken_out_and_what_opens_it_comes_first() -> None:
    detail = curtained(Detail(title="t", rows=_ROWS, items=_ITEMS), open_=False)
    assert isinstance(detail, Detail)
    assert [row.value for row in detail.rows] == ["", "11月25日"]
    assert [(item.id, item.first) for item in detail.items] == [("uncover", True), ("more", False), ("other", False)]
    chart = curtained(_CHART, open_=False)
    assert isinstance(chart, Chart)
    assert (chart.series, chart.spreads, chart.band, chart.unit) == ((), (), None, "mmHg")
    assert chart.curtain is Curtain.DRAWN
    for secret in _SECRETS:
        assert secret not in msgspec.json.encode((detail, chart)).decode()


def test_open_all_is_there_and_what_shuts_it_comes_last() -> None:
    view = Choice(title="t", rows=_ROWS, items=_ITEMS)
    opened = curtained(view, open_=True)
    assert isinstance(opened, Choice)
    assert opened.rows == _ROWS
    assert [(item.id, item.first) for item in opened.items] == [("more", True), ("other", False), ("cover", False)]
    assert opened.curtain is Curtain.OPEN


@pytest.mark.parametrize("open_", [False, True])
def test_a_view_without_anything_private_is_as_it_is(open_: bool) -> None:
    for view in (Detail(title="t", rows=_ROWS[1:], items=_ITEMS), Home(title="t"), Chart(title="t", unit="")):
        assert curtained(view, open_=open_) is view


def test_one_press_opens_it_one_shuts_it_and_what_the_page_does_meanwhile_is_no_matter() -> None:
    core = _core()
    assert _SECRETS[0] not in _told(core)
    _choose(core, "uncover")
    assert _SECRETS[0] in _told(core)
    _choose(core, "other")
    assert _SECRETS[0] in _told(core)
    _choose(core, "cover")
    assert _SECRETS[0] not in _told(core)


def test_more_of_what_was_asked_for_is_open_and_the_way_back_leads_to_it_covered() -> None:
    core = _core()
    _choose(core, "more")
    assert not [it for it in _SECRETS if it in _told(core)]
    core.key(Action.BACK)
    _choose(core, "uncover")
    _choose(core, "more")
    assert all(it in _told(core) for it in _SECRETS)
    core.key(Action.BACK)
    assert core.view.view.curtain is Curtain.DRAWN


def _away_and_back(core: Core) -> None:
    core.key(Action.HOME)
    core.key(Action.HOME)
    _choose(core, "enter")


def _locked(core: Core) -> None:
    core.idle(0)
    _choose(core, "go")
    _choose(core, "enter")


def _helped(core: Core) -> None:
    core.key(Action.HELP)
    assert _SECRETS[0] not in _told(core)
    core.key(Action.HELP)


def _expired(core: Core) -> None:
    core.expired()
    _choose(core, "enter")


def _yielded(core: Core) -> None:
    core.yield_screen(True)
    core.yield_screen(False)
    _choose(core, "enter")


@pytest.mark.parametrize("happens", [_away_and_back, _locked, _helped, _expired, _yielded, Core.connected])
def test_it_is_shut_by_whatever_takes_the_person_or_the_screen_away(happens: Callable[[Core], object]) -> None:
    core = _core()
    _choose(core, "uncover")
    happens(core)
    assert core.view.view.title == "record"
    assert core.view.view.curtain is Curtain.DRAWN
    assert _SECRETS[0] not in _told(core)


def test_the_warning_hides_it_and_gives_it_back_to_whoever_reads_slowly() -> None:
    core = _core()
    _choose(core, "uncover")
    core.idle(20)
    assert _SECRETS[0] not in _told(core)
    core.key(Action.OK)
    assert _SECRETS[0] in _told(core)


def test_who_lives_alone_may_do_without() -> None:
    core = _core(Choices(curtain=False))
    assert _SECRETS[0] in _told(core)
    assert core.view.view.curtain is Curtain.NONE
