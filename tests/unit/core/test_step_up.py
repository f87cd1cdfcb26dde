"""Falling short: the core steps up and goes on with what was asked for; giving up, leaving and another person are each told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from stb_agent.contract.ending import Cause
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.level import Level
from stb_agent.contract.levels import Demand, FallsShort, Lack, Levels, Policy, Proof
from stb_agent.contract.messages import CardState
from stb_agent.contract.views import List, Progress, View
from stb_agent.core.access import Access
from stb_agent.core.core import Core
from stb_agent.core.effects import Effect, Left, Run, SessionEnded
from stb_agent.core.page import (
    CardNotice,
    Chosen,
    Done,
    Failed,
    FirstProve,
    Frame,
    Job,
    Move,
    Page,
    PageEvent,
    Requirement,
    Shortfall,
    Shown,
    SignIn,
)
from stb_agent.services.home.idle import IdleWarning, Locked

LEVELS = Levels(
    booking=Policy(max_age=1800), health=Policy(max_age=900, at_box=True, lifespan=600), people=Policy(max_age=1800)
)


class Again(ChanomaError, FallsShort):
    code = "again"


class Plain(ChanomaError):
    code = "plain"


@dataclass(frozen=True)
class Order(Job):
    service: ClassVar[str] = "test"


@dataclass(frozen=True)
class Resume(Job):
    service: ClassVar[str] = "test"
    key: str


@dataclass(frozen=True)
class Home(Page):
    def view(self, frame: Frame) -> View:
        return List(title="home")

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Chosen(id="booking"):
                return Move(push=Booking())
            case Chosen(id="health"):
                return Move(push=Health())
            case Chosen(id="plain"):
                return Move(push=Public())
            case Chosen(id="loading"):
                return Move(push=Loading())
        return Move()


@dataclass(frozen=True)
class Booking(Page):
    needs: ClassVar[Requirement] = Requirement(service="booking", linked=True)
    personal: ClassVar[bool] = True
    typed: str = ""
    heard: tuple[object, ...] = ()

    def blank(self) -> Page:
        return type(self)()

    def view(self, frame: Frame) -> View:
        return List(title=f"{type(self).__name__} {self.typed}")

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Chosen(id="type", value=value):
                return Move(stay=replace(self, typed=value))
            case Chosen(id="order"):
                return Move(jobs=(Order(),))
            case Done() | Failed():
                return Move(stay=replace(self, heard=(*self.heard, event)))
            case Shown():
                return Move(stay=replace(self, heard=(*self.heard, "shown")))
        return Move()


@dataclass(frozen=True)
class Health(Booking):
    needs: ClassVar[Requirement] = Requirement(service="health", linked=True)


@dataclass(frozen=True)
class Public(Booking):
    needs: ClassVar[Requirement] = Requirement()
    personal: ClassVar[bool] = False


@dataclass(frozen=True)
class Loading(Booking):
    def view(self, frame: Frame) -> View:
        return List(title="loaded") if self.heard else Progress(title="loading")

    def on(self, event: PageEvent, frame: Frame) -> Move:
        return Move(jobs=(Order(),)) if isinstance(event, Shown) else super().on(event, frame)


@dataclass(frozen=True)
class StepUp(Page):
    short: Shortfall

    def view(self, frame: Frame) -> View:
        return List(title=f"step up: {self.short.lack}{' here' if self.short.at_box else ''}")

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Chosen(id="sign_in", value=how):
                at_box, same = "phone" not in how, "other" not in how
                proof = Proof(Level.AUTHENTICATED, clock.at, at_box=at_box, checked_at=clock.at)
                return Move(sign_in=SignIn(proof, linked=True, same=same), leave=True)
        return Move()


@dataclass(frozen=True)
class Notice(CardNotice):
    def view(self, frame: Frame) -> View:
        return List(title="card gone")

    def on(self, event: PageEvent, frame: Frame) -> Move:
        return Move()


@dataclass
class Clock:
    at: float = 1000.0

    def __call__(self) -> float:
        return self.at


clock = Clock()


@dataclass
class Driver:
    core: Core
    effects: list[Effect] = field(default_factory=list)

    def take(self, effects: Sequence[Effect]) -> None:
        self.effects = list(effects)

    def choose(self, id_: str, value: str = "") -> None:
        self.take(self.core.intent(self.core.view.rev, id_, value))

    def end(self, event: Done | Failed) -> None:
        run = self.runs()[-1]
        self.take(self.core.done(run.slot, event))

    def runs(self) -> list[Run]:
        return [it for it in self.effects if isinstance(it, Run)]

    @property
    def title(self) -> str:
        return str(self.core.view.view.title)

    @property
    def page(self) -> Booking:
        page = self.core._stack.top.page
        assert isinstance(page, Booking)
        return page


def driver(card: CardState = CardState.PRESENT) -> Driver:
    clock.at = 1000.0
    core = Core(
        Home,
        lambda short, frame: StepUp(short),
        lambda error: Notice(),
        Notice,
        Home,
        lambda opened: Home(),
        idle=IdleWarning,
        locked=Locked,
        access=Access(LEVELS, clock),
    )
    core.open_screen()
    core.card(card)
    return Driver(core)


def at_booking() -> Driver:
    it = driver()
    it.choose("booking")
    assert it.title == "step up: level"
    it.choose("sign_in")
    assert it.page.heard == ("shown",)
    it.choose("type", "for the club")
    it.choose("order")
    return it


def test_a_job_that_falls_short_goes_on_after_a_new_proof_and_nothing_typed_is_lost() -> None:
    it = at_booking()
    it.end(Failed(Order(), Again()))
    assert it.title == "step up: asked"
    it.choose("sign_in")
    assert it.title == "Booking for the club"
    assert [run.job for run in it.runs()] == [Order()], "the same again"
    assert it.page.heard == ("shown",), "the page was never told"
    it.end(Done(Order(), "done"))
    assert it.page.heard[-1] == Done(Order(), "done")


def test_a_job_says_how_it_goes_on_so_that_nothing_is_done_twice() -> None:
    it = at_booking()
    it.end(Done(Order(), FirstProve(Demand(Lack.AGE), Resume("k"), "waits")))
    assert it.title == "step up: age"
    it.choose("sign_in")
    assert [run.job for run in it.runs()] == [Resume("k")]


def test_who_gives_up_is_told_what_became_of_it_where_they_were() -> None:
    it = at_booking()
    it.end(Done(Order(), FirstProve(Demand(), Resume("k"), "waits")))
    it.choose("back")
    assert it.title == "Booking for the club"
    assert it.page.heard[-1] == Done(Order(), "waits")
    assert it.runs() == []
    it.choose("order")
    it.end(Failed(Order(), Again()))
    it.choose("back")
    assert isinstance(it.page.heard[-1], Failed)


def test_who_gives_up_before_a_page_had_anything_to_show_is_where_they_came_from() -> None:
    it = driver()
    it.choose("booking")
    it.choose("sign_in")
    it.choose("back")
    it.choose("loading")
    it.end(Failed(Order(), Again()))
    assert it.title == "step up: asked"
    it.choose("back")
    assert it.title == "home"
    assert it.runs() == []


def test_nobody_proves_who_they_are_twice_for_the_same() -> None:
    it = at_booking()
    it.end(Failed(Order(), Again()))
    it.choose("sign_in")
    it.end(Failed(Order(), Again()))
    assert it.title == "Booking for the club"
    assert isinstance(it.page.heard[-1], Failed)
    it.choose("order")
    it.end(Failed(Order(), Again()))
    assert it.title == "step up: asked", "asked for anew, it may be asked again"


def test_other_failures_and_pages_that_need_nobody_hear_at_once() -> None:
    it = at_booking()
    it.end(Failed(Order(), Plain()))
    assert isinstance(it.page.heard[-1], Failed)
    it = driver()
    it.choose("plain")
    it.choose("order")
    it.end(Failed(Order(), Again()))
    assert isinstance(it.page.heard[-1], Failed)


def test_somebody_else_finds_nothing_and_nothing_goes_on_in_their_name() -> None:
    it = at_booking()
    it.end(Done(Order(), FirstProve(Demand(), Resume("k"), "waits")))
    it.choose("sign_in", "other")
    assert it.title == "Booking "
    assert it.runs() == []
    assert it.page.heard == ("shown",)


def test_taking_the_card_out_while_asked_ends_it_all() -> None:
    it = at_booking()
    it.end(Failed(Order(), Again()))
    it.take(it.core.card(CardState.ABSENT))
    assert SessionEnded(Cause.CARD_REMOVED) in it.effects
    assert it.title == "card gone"
    assert it.core.frame.proof is None


def test_an_old_proof_is_asked_for_again_when_a_service_is_opened_not_while_one_is_in_it() -> None:
    it = at_booking()
    clock.at += 1801
    it.choose("type", "still here")
    assert it.title == "Booking still here"
    it.choose("back")
    assert Left("booking") in it.effects
    it.choose("booking")
    assert it.title == "step up: age"
    it.choose("sign_in")
    assert it.title == "Booking "


def test_what_is_open_for_so_many_seconds_is_put_away_then() -> None:
    it = driver()
    it.choose("health")
    assert it.title == "step up: level here"
    it.choose("sign_in")
    it.choose("type", "131/84")
    assert it.core.lapses_at == 1600.0
    clock.at = 1600.0
    it.take(it.core.lapse())
    assert it.title == "step up: lapsed here"
    assert Left("health") in it.effects
    assert it.core.lapses_at is None
    it.choose("sign_in")
    assert it.title == "Health ", "what was there is loaded anew"
    assert it.core.lapses_at == 2200.0


def test_a_phones_session_opens_what_it_may_and_hangs_on_no_card() -> None:
    it = driver(CardState.ABSENT)
    it.choose("booking")
    it.choose("sign_in", "phone")
    assert it.title == "Booking "
    it.choose("back")
    it.choose("health")
    assert it.title == "step up: at_box here"
    for state in (CardState.READING, CardState.PRESENT):
        it.take(it.core.card(state))
        assert it.core.frame.level is Level.AUTHENTICATED
        assert not [e for e in it.effects if isinstance(e, SessionEnded)]
    it.choose("sign_in")
    assert it.title == "Health "
    it.take(it.core.card(CardState.ABSENT))
    assert SessionEnded(Cause.CARD_REMOVED) in it.effects
    assert it.core.frame.level is Level.NONE


def test_a_phones_session_that_ends_leaves_no_level_where_there_is_no_card() -> None:
    it = driver(CardState.NO_READER)
    it.choose("booking")
    it.choose("sign_in", "phone")
    it.take(it.core.expired())
    assert it.core.frame.level is Level.NONE
    assert it.title == "step up: level"


def test_leaving_the_screen_while_a_proof_is_under_way_gives_it_to_nobody() -> None:
    it = at_booking()
    it.end(Failed(Order(), Again()))
    it.take(it.core.yield_screen(True))
    assert SessionEnded(Cause.WARNING) in it.effects
    it.take(it.core.yield_screen(False))
    assert it.title.startswith("step up")
    it.choose("sign_in", "other")
    assert it.title == "Booking "
    assert it.runs() == []
