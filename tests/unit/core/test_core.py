"""The headless core: stack, locks, step-up, and what follows in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stb_agent.contract.actions import Action
from stb_agent.contract.ending import Cause
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.level import Level
from stb_agent.contract.levels import Proof
from stb_agent.contract.messages import CardState, ViewMessage
from stb_agent.contract.text import word
from stb_agent.contract.views import Contact, Item, List, Message, Tone, View
from stb_agent.core.core import Core
from stb_agent.core.effects import Defect, Effect, Key, Run, Screen, SessionEnded
from stb_agent.core.page import (
    CardNotice,
    Chosen,
    Covered,
    Done,
    Frame,
    Job,
    Move,
    Opened,
    Page,
    PageEvent,
    Pressed,
    Requirement,
    Shortfall,
    Shown,
    SignIn,
    Topic,
)
from stb_agent.core.window import WINDOW
from stb_agent.services.home.idle import IdleWarning, Locked


@dataclass(frozen=True)
class Load(Job):
    service: ClassVar[str] = "test"


@dataclass(frozen=True)
class Prove(Job):
    service: ClassVar[str] = "test"


@dataclass(frozen=True)
class Plain(Page):
    name: str = "home"

    def view(self, frame: Frame) -> View:
        return List(title=self.name, items=tuple(Item(it, it) for it in ("plain", "secret", "linked", "out")))

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Chosen(id="plain"):
                return Move(push=Plain("plain"))
            case Chosen(id="secret"):
                return Move(push=Secret())
            case Chosen(id="linked"):
                return Move(push=Linked())
            case Chosen(id="out"):
                return Move(sign_out=True)
        return Move()


@dataclass(frozen=True)
class Secret(Plain):
    needs: ClassVar[Requirement] = Requirement(Level.AUTHENTICATED)
    personal: ClassVar[bool] = True
    name: str = "secret"
    data: str = ""

    def blank(self) -> Page:
        return type(self)()

    def view(self, frame: Frame) -> View:
        return List(title=f"{self.name} {self.data}", items=(Item("plain", "plain"),))

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Shown():
                return Move(jobs=(Load(),))
            case Done(result=str() as data):
                return Move(stay=type(self)(data=data))
        return super().on(event, frame)


@dataclass(frozen=True)
class Linked(Secret):
    needs: ClassVar[Requirement] = Requirement(Level.AUTHENTICATED, linked=True)
    name: str = "linked"


@dataclass(frozen=True)
class StepUp(Page):
    wanted: Shortfall

    def own_keys(self) -> frozenset[Action]:
        return frozenset({Action.DIGIT_1, Action.DIGIT_2, Action.DIGIT_3})

    def view(self, frame: Frame) -> View:
        return List(title="step up")

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Pressed(action=Action.DIGIT_1):
                return Move(sign_in=SignIn(Proof(Level.AUTHENTICATED, 0.0), linked=False), leave=True)
            case Pressed(action=Action.DIGIT_3):
                return Move(jobs=(Prove(),))
            case Done(job=Prove()):
                return Move(sign_in=SignIn(Proof(Level.AUTHENTICATED, 0.0), linked=False), leave=True)
            case Pressed(action=Action.DIGIT_2) if frame.level >= Level.AUTHENTICATED:
                return Move(linked=True, leave=True)
        return Move()


@dataclass(frozen=True)
class Notice(CardNotice):
    what: str

    def view(self, frame: Frame) -> View:
        return List(title=self.what)

    def on(self, event: PageEvent, frame: Frame) -> Move:
        return Move()


@dataclass(frozen=True)
class Helping(Page):
    opened: Opened
    said: str = ""

    def view(self, frame: Frame) -> View:
        return List(title=f"help {self.opened.topic} {self.opened.code} {self.said}", items=(Item("more", "more"),))

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Shown():
                return Move(jobs=(Load(),))
            case Done(result=str() as said) if said.isdigit():
                return Move(stay=Helping(self.opened, said))
            case Chosen(id="more"):
                return Move(push=Helping(Opened(Topic.PIN)))
        return Move()


def make(*, shown: bool = True, card: bool = True) -> Core:
    core = Core(
        Plain,
        lambda needs, frame: StepUp(needs),
        lambda error: Notice("trouble"),
        lambda: Notice("gone"),
        lambda: Plain("broken"),
        Helping,
        idle=IdleWarning,
        locked=Locked,
        contact=Contact("みどりケーブル", "0120-000-000"),
    )
    if shown:
        core.key(Action.HOME)
    if card:
        core.card(CardState.PRESENT)
    return core


def choose(core: Core, id_: str) -> Sequence[Effect]:
    return core.intent(core.view.rev, id_, "")


def title(core: Core) -> object:
    return core.view.view.title


def answer(core: Core, effects: Sequence[Effect], data: str = "data") -> None:
    for effect in effects:
        if isinstance(effect, Run):
            core.done(effect.slot, Done(effect.job, data))


def signed_in_secret() -> Core:
    core = make()
    choose(core, "secret")
    answer(core, core.key(Action.DIGIT_1))
    assert title(core) == "secret data"
    return core


def test_nothing_is_ours_until_the_one_key() -> None:
    core = make(shown=False)
    assert not core.view.shown
    assert core.key(Action.OK) == ()
    effects = core.key(Action.HOME)
    assert core.view.shown
    assert effects[-1] == Screen(True)
    effects = core.key(Action.HOME)
    assert effects[0] == Screen(False)
    assert not core.view.shown


def test_arrows_and_ok_go_to_the_ui_and_of_other_keys_that_they_do_nothing() -> None:
    core = make()
    assert core.key(Action.LEFT) == [Key(Action.LEFT)]
    assert core.key(Action.OK) == [Key(Action.OK)]
    assert list(core.key(Action.GREEN)) == list(core.key(Action.DIGIT_5)) == [Key(None)]


def test_a_stale_intent_does_nothing_and_is_answered_with_the_current_view() -> None:
    core = make()
    old = core.view.rev
    choose(core, "plain")
    assert core.intent(old, "secret", "") == (core.view,)
    assert title(core) == "plain"


def test_an_intent_is_always_answered_with_a_new_view() -> None:
    core = make()
    before = core.view.rev
    effects = choose(core, "nothing of the kind")
    assert core.view.rev == before + 1
    assert effects[0] == core.view


def test_falling_short_is_a_step_up_and_the_page_loads_only_after_it() -> None:
    core = make()
    effects = choose(core, "linked")
    assert title(core) == "step up"
    assert not [it for it in effects if isinstance(it, Run)]
    core.key(Action.DIGIT_1)
    assert title(core) == "step up"
    effects = core.key(Action.DIGIT_2)
    assert [it.job for it in effects if isinstance(it, Run)] == [Load()]
    assert title(core) == "linked "


def test_giving_up_a_step_up_leaves_what_needed_it_too() -> None:
    core = make()
    choose(core, "plain")
    choose(core, "linked")
    core.key(Action.DIGIT_1)
    core.key(Action.BACK)
    assert title(core) == "plain"


def test_taking_the_card_out_blanks_first_of_all() -> None:
    core = signed_in_secret()
    effects = core.card(CardState.ABSENT)
    assert isinstance(effects[0], ViewMessage)
    assert not effects[0].personal
    assert effects[0].status.level is Level.NONE
    assert SessionEnded(Cause.CARD_REMOVED) in effects
    assert title(core) == "gone"
    core.card(CardState.PRESENT)
    assert title(core) == "home"


def test_taking_the_card_out_behind_the_programme_leaves_nothing_for_the_next_person() -> None:
    core = signed_in_secret()
    core.key(Action.HOME)
    core.card(CardState.ABSENT)
    core.card(CardState.PRESENT)
    core.key(Action.HOME)
    assert title(core) == "home"


def test_coming_back_from_the_programme_is_the_same_place_behind_the_lock() -> None:
    core = signed_in_secret()
    effects = core.key(Action.HOME)
    assert SessionEnded(Cause.PROGRAMME) in effects
    assert "data" not in str(core.view)
    core.key(Action.HOME)
    assert title(core) == "step up"
    effects = core.key(Action.DIGIT_1)
    assert title(core) == "secret "
    answer(core, effects)
    assert title(core) == "secret data"


def test_yield_gives_the_screen_first_and_takes_no_key_until_it_is_over() -> None:
    core = signed_in_secret()
    effects = core.yield_screen(True)
    assert effects[0] == Screen(False)
    assert not core.view.shown
    assert core.key(Action.HOME) == ()
    core.yield_screen(False)
    assert core.view.shown
    assert title(core) == "step up"


def test_a_yield_while_hidden_shows_nothing_afterwards() -> None:
    core = make(shown=False)
    core.yield_screen(True)
    core.yield_screen(False)
    assert not core.view.shown


def test_an_answer_to_a_page_that_was_locked_meanwhile_is_dropped() -> None:
    core = make()
    choose(core, "secret")
    effects = core.key(Action.DIGIT_1)
    core.key(Action.HOME)
    answer(core, effects, "late")
    core.key(Action.HOME)
    assert "late" not in str(core.view)


def test_a_card_that_a_page_asked_for_leaves_the_person_there() -> None:
    core = make(card=False)
    choose(core, "secret")
    core.card(CardState.READING)
    core.card(CardState.PRESENT)
    assert title(core) == "step up"
    answer(core, core.key(Action.DIGIT_1))
    assert title(core) == "secret data"


def test_another_card_in_place_of_one_leaves_nothing_of_it() -> None:
    core = signed_in_secret()
    core.card(CardState.READING)
    core.card(CardState.PRESENT)
    core.key(Action.BACK)
    assert title(core) == "home"


def test_a_sign_in_that_is_answered_behind_the_programme_gives_nothing() -> None:
    core = make()
    choose(core, "secret")
    effects = core.key(Action.DIGIT_3)
    core.key(Action.HOME)
    (run,) = [it for it in effects if isinstance(it, Run)]
    effects = core.done(run.slot, Done(run.job, None))
    assert SessionEnded(Cause.PROGRAMME) in effects
    assert not [it for it in effects if isinstance(it, Run)], "nothing is loaded for nobody"
    core.key(Action.HOME)
    assert title(core) == "step up"


def test_a_page_behind_the_lock_is_not_sent_while_the_programme_is_up() -> None:
    core = signed_in_secret()
    core.key(Action.HOME)
    assert not core.view.personal
    assert title(core) == "home"


def test_the_top_page_is_told_that_the_programme_covers_it() -> None:
    @dataclass(frozen=True)
    class Half(Plain):
        def on(self, event: PageEvent, frame: Frame) -> Move:
            return Move(stay=Half("forgotten")) if isinstance(event, Covered) else Move(stay=Half("half done"))

    for leave in (Core.key, Core.yield_screen):
        core = Core(
            Half,
            lambda needs, frame: StepUp(needs),
            lambda error: Notice(""),
            lambda: Notice(""),
            lambda: Plain(""),
            Helping,
            idle=IdleWarning,
            locked=Locked,
        )
        core.key(Action.HOME)
        choose(core, "anything")
        assert title(core) == "half done"
        leave(core, Action.HOME if leave is Core.key else True)  # type: ignore[operator]
        assert title(core) == "forgotten"


def test_signing_in_with_a_card_that_is_gone_gives_nothing() -> None:
    core = make(card=False)
    choose(core, "secret")
    effects = core.key(Action.DIGIT_1)
    assert SessionEnded(Cause.CARD_REMOVED) in effects
    assert title(core) == "step up"


def test_signing_out_keeps_what_is_not_personal() -> None:
    core = signed_in_secret()
    core.key(Action.BACK)
    effects = choose(core, "out")
    assert SessionEnded(Cause.USER) in effects
    assert core.view.status.level is Level.PRESENT
    assert title(core) == "home"


def test_the_end_of_the_session_locks_where_one_is() -> None:
    core = signed_in_secret()
    assert SessionEnded(Cause.EXPIRED) in core.expired()
    assert title(core) == "step up"
    assert core.expired() == ()


def test_trouble_with_a_card_is_said_and_goes_with_the_card() -> None:
    core = make(card=False)
    core.card(CardState.PRESENT, trouble=ChanomaError())
    assert title(core) == "trouble"
    assert core.view.status.level is Level.NONE
    core.card(CardState.ABSENT)
    assert title(core) == "home"


def test_back_from_the_bottom_returns_to_the_programme() -> None:
    core = make()
    choose(core, "plain")
    core.key(Action.BACK)
    assert core.view.shown
    effects = core.key(Action.BACK)
    assert Screen(False) in effects
    assert not core.view.shown


@pytest.mark.parametrize("id_", ["back", "tv"])
def test_the_ways_out_are_on_the_screen_too(id_: str) -> None:
    core = make()
    choose(core, id_)
    assert not core.view.shown


@dataclass(frozen=True)
class Faulty(Plain):
    where: str = ""

    def view(self, frame: Frame) -> View:
        if self.where == "view":
            raise ValueError(self.where)
        return super().view(frame)

    def on(self, event: PageEvent, frame: Frame) -> Move:
        if self.where == "on" and isinstance(event, Chosen):
            raise ValueError(self.where)
        return Move()


@pytest.mark.parametrize("where", ["view", "on"])
def test_a_page_that_fails_is_told_and_does_not_hold_the_television(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = make()
    monkeypatch.setattr(Plain, "on", lambda *_: Move(push=Faulty(where=where)))
    effects = list(choose(core, "plain"))
    monkeypatch.undo()
    effects += choose(core, "anything")
    assert title(core) == "broken"
    assert [str(it.error) for it in effects if isinstance(it, Defect)] == [where]
    core.key(Action.HOME)
    assert not core.view.shown


def test_the_televisions_own_menu_opens_what_is_hidden_and_does_nothing_else() -> None:
    core = make(shown=False)
    assert [type(effect) for effect in core.open_screen()] == [ViewMessage, Screen]
    assert core.view.shown
    assert core.open_screen() == ()
    core.yield_screen(True)
    assert core.open_screen() == ()
    core.yield_screen(False)
    assert core.view.shown
    core.key(Action.HOME)
    core.yield_screen(True)
    core.open_screen()
    assert not core.yield_screen(False)[0].shown  # type: ignore[union-attr]
    assert not core.view.shown, "what was asked for during a warning does not jump out after it"


def test_a_notice_comes_and_goes_without_making_a_press_stale() -> None:
    core = make()
    rev = core.view.rev
    (told,) = core.notice(word("remote.notice.lost"))
    assert told == core.view
    assert (core.view.rev, core.view.status.notice) == (rev, word("remote.notice.lost"))
    assert core.notice(word("remote.notice.lost")) == ()
    core.intent(rev, "plain", "")
    assert title(core) == "plain"
    assert core.view.status.notice == word("remote.notice.lost"), "it is in the frame of every view"
    core.notice(None)
    assert core.view.status.notice is None


events = st.one_of(
    st.tuples(st.just("key"), st.sampled_from(list(Action))),
    st.tuples(
        st.just("choose"), st.sampled_from(["plain", "secret", "linked", "out", "back", "help", "more", "tv", "?"])
    ),
    st.tuples(st.just("card"), st.sampled_from(list(CardState))),
    st.tuples(st.just("yield"), st.booleans()),
    st.tuples(st.just("answer"), st.integers(0, 9)),
    st.tuples(st.just("expired"), st.none()),
    st.tuples(st.just("open"), st.none()),
    st.tuples(st.just("notice"), st.booleans()),
    st.tuples(st.just("idle"), st.sampled_from([None, 0, 1, 60])),
)


@given(st.lists(events, max_size=60))
def test_whatever_happens_the_rules_hold(happenings: list[tuple[str, object]]) -> None:
    core = make()
    runs: list[Run] = []
    rev = core.view.rev
    for what, how in happenings:
        match what, how:
            case "key", Action() as action:
                effects = core.key(action)
            case "choose", str() as id_:
                effects = choose(core, id_)
            case "card", CardState() as card:
                effects = core.card(card)
            case "open", None:
                effects = core.open_screen()
            case "notice", bool() as said:
                effects = core.notice(word("remote.notice.lost") if said else None)
            case "yield", bool() as active:
                effects = core.yield_screen(active)
            case "idle", (None | int()) as left:
                effects = core.idle(left)
                assert left != 0 or not core.at_stake
            case "answer", int() as n:
                effects = core.done(runs[n].slot, Done(runs[n].job, "data")) if n < len(runs) else ()
            case _:
                effects = core.expired()
        runs += [it for it in effects if isinstance(it, Run)]
        message = core.view
        assert message.rev >= rev
        rev = message.rev
        if message.status.level < Level.AUTHENTICATED:
            assert "data" not in str(message)
        if not message.shown:
            assert "data" not in str(message)
        if message.status.card is not CardState.PRESENT:
            assert message.status.level is Level.NONE
            assert not message.personal or title(core) == "step up"
    core.yield_screen(False)
    if not core.view.shown:
        core.key(Action.HOME)
    for _ in range(200):
        if not core.view.shown:
            break
        before = core.view
        core.key(Action.BACK)
        assert before.overlay or not core.view.overlay
    assert not core.view.shown, "BACK always leads out"


@dataclass(frozen=True)
class Leaving(Plain):
    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Chosen(id="plain"):
                return Move(keys=(Action.DOWN, Action.OK))
            case Chosen(id="out"):
                return Move(stay=Plain("left"), tv=True)
        return Move()


def test_a_page_presses_keys_of_the_ui_and_gives_the_screen_back(monkeypatch: pytest.MonkeyPatch) -> None:
    core = make()
    assert core.seen == 0
    monkeypatch.setattr(Plain, "on", lambda *_: Move(push=Leaving()))
    choose(core, "plain")
    monkeypatch.undo()
    assert core.seen not in (None, 0)
    effects = choose(core, "plain")
    assert [effect for effect in effects if isinstance(effect, Key)] == [Key(Action.DOWN), Key(Action.OK)]
    effects = choose(core, "out")
    assert Screen(False) in effects
    assert core.seen is None
    core.key(Action.HOME)
    assert title(core) == "left"


def test_help_lies_over_any_view_and_what_was_under_it_is_there_again() -> None:
    core = make()
    choose(core, "plain")
    for opened in (lambda: choose(core, "help"), lambda: core.key(Action.HELP)):
        opened()
        assert (title(core), core.view.overlay) == ("help overview None ", True)
        choose(core, "more")
        assert title(core) == "help pin None "
        core.key(Action.BACK)
        assert title(core) == "help overview None "
        choose(core, "more")
        choose(core, "help")
        assert title(core) == "help overview None ", "its bar leads to its beginning"
        core.key(Action.BACK)
        assert (title(core), core.view.overlay) == ("plain", False)
    core.key(Action.HELP)
    choose(core, "more")
    core.key(Action.HELP)
    assert title(core) == "plain", "the key takes away what it laid over"


def test_help_knows_the_failure_that_it_was_opened_over() -> None:
    @dataclass(frozen=True)
    class Trouble(Plain):
        def view(self, frame: Frame) -> View:
            return Message(title="trouble", tone=Tone.ERROR, code="health.unreachable")

    core = Core(
        Trouble,
        lambda needs, frame: StepUp(needs),
        lambda error: Notice(""),
        lambda: Notice(""),
        lambda: Plain(""),
        Helping,
        idle=IdleWarning,
        locked=Locked,
    )
    core.key(Action.HOME)
    core.key(Action.HELP)
    assert title(core) == "help overview health.unreachable "


def test_under_help_a_half_typed_entry_is_gone_and_a_slow_answer_still_arrives() -> None:
    @dataclass(frozen=True)
    class Half(Plain):
        def on(self, event: PageEvent, frame: Frame) -> Move:
            match event:
                case Covered():
                    return Move(stay=Half("forgotten"))
                case Chosen(id="slow"):
                    return Move(stay=Half("half done"), jobs=(Load(),))
                case Chosen(id="lost"):
                    return Move(help=Topic.PIN)
                case Done():
                    return Move(stay=Half("answered"))
            return Move()

    core = Core(
        Half,
        lambda needs, frame: StepUp(needs),
        lambda error: Notice(""),
        lambda: Notice(""),
        lambda: Plain(""),
        Helping,
        idle=IdleWarning,
        locked=Locked,
    )
    core.key(Action.HOME)
    (run,) = [it for it in choose(core, "slow") if isinstance(it, Run)]
    (helped,) = [it for it in core.key(Action.HELP) if isinstance(it, Run)]
    core.done(run.slot, Done(run.job, "x"))
    assert title(core) == "help overview None "
    core.done(helped.slot, Done(helped.job, "123456"))
    assert title(core) == "help overview None 123456"
    core.key(Action.BACK)
    assert title(core) == "answered"
    choose(core, "slow")
    choose(core, "lost")
    assert title(core) == "help pin None "
    choose(core, "help")
    assert title(core) == "help overview None "
    core.key(Action.BACK)
    assert title(core) == "forgotten"


def test_what_happens_under_help_is_found_when_it_is_taken_away() -> None:
    core = make()
    choose(core, "secret")
    core.key(Action.DIGIT_1)
    core.key(Action.HELP)
    effects = core.card(CardState.ABSENT)
    assert SessionEnded(Cause.CARD_REMOVED) in effects
    assert core.view.overlay
    core.key(Action.BACK)
    assert title(core) == "gone"


def test_help_that_fails_is_taken_away() -> None:
    core = make()
    choose(core, "plain")
    core.key(Action.HELP)
    original = Helping.on
    try:
        Helping.on = lambda *_: 1 / 0  # type: ignore[method-assign, assignment, return-value]
        assert any(isinstance(it, Defect) for it in choose(core, "more"))
    finally:
        Helping.on = original  # type: ignore[method-assign]
    assert title(core) == "plain"


def test_every_view_carries_whom_to_call() -> None:
    core = make()
    assert core.view.status.contact == Contact("みどりケーブル", "0120-000-000")


@given(st.integers(WINDOW + 1, 10_000), st.integers(0, 12_000))
def test_a_long_list_comes_as_a_window_around_what_is_asked_for(count: int, wanted: int) -> None:
    whole = List(title="long", items=tuple(Item(str(at), str(at), first=at == count // 3) for at in range(count)))

    @dataclass(frozen=True)
    class Long(Plain):
        def view(self, frame: Frame) -> View:
            return whole

        def on(self, event: PageEvent, frame: Frame) -> Move:
            return Move(push=Plain(event.id)) if isinstance(event, Chosen) else Move()

    core = Core(
        Long,
        lambda needs, frame: StepUp(needs),
        lambda error: Notice(""),
        lambda: Notice(""),
        lambda: Plain(""),
        Helping,
        idle=IdleWarning,
        locked=Locked,
    )
    core.key(Action.HOME)

    def ids() -> list[str]:
        view = core.view.view
        assert isinstance(view, List)
        assert view.total == count
        assert [item.id for item in view.items] == [str(view.start + at) for at in range(WINDOW)]
        return [item.id for item in view.items]

    assert str(count // 3) in ids(), "the one that has the focus at first"
    core.intent(core.view.rev, "rows", str(wanted))
    assert str(min(wanted, count - 1)) in ids()
    seen = ids()
    choose(core, seen[0])
    assert title(core) == seen[0]
    core.key(Action.BACK)
    assert ids() == seen, "coming back is the same place"
    core.intent(core.view.rev, "rows", "nonsense")
    assert ids() == seen
