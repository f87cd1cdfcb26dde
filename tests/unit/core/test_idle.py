"""The idle lock: a countdown that a key begins anew, a warning whose key does nothing else, and the lock behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stb_agent.contract.actions import Action
from stb_agent.contract.ending import Cause
from stb_agent.contract.level import Level
from stb_agent.contract.levels import Proof
from stb_agent.contract.messages import CardState
from stb_agent.contract.privacy import Privacy
from stb_agent.contract.text import Word
from stb_agent.contract.views import Item, List, Message, View
from stb_agent.core.core import Core
from stb_agent.core.effects import Effect, Key, Run, Screen, SessionEnded
from stb_agent.core.idle import Idle
from stb_agent.core.page import Chosen, Covered, Done, Frame, Move, Page, PageEvent, Pressed, SignIn
from stb_agent.services.booking.pages import ConfirmPage, Facility, Slot
from stb_agent.services.home.idle import IdleWarning, Locked

_SLOT = Slot("s", "2026-11-25T00:00:00Z", "2026-11-25T03:00:00Z", True, 1200)


@dataclass(frozen=True)
class _Home(Page):
    def view(self, frame: Frame) -> View:
        return List(title="home", items=(Item("book", "book"), Item("in", "in")))

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Chosen(id="book"):
                return Move(push=ConfirmPage(Facility("f", "公民館", ""), _SLOT))
            case Chosen(id="in"):
                return Move(push=_Enter())
        return Move()


@dataclass(frozen=True)
class _Enter(Page):
    """Types digits; the fourth signs in."""

    typed: list[str] = field(default_factory=list)

    def own_keys(self) -> frozenset[Action]:
        return frozenset({Action.DIGIT_1})

    def half_typed(self) -> bool:
        return bool(self.typed)

    def view(self, frame: Frame) -> View:
        return List(title=f"enter {len(self.typed)}")

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Covered():
                return Move(stay=_Enter())
            case Pressed() if len(self.typed) == 3:
                return Move(sign_in=SignIn(Proof(Level.AUTHENTICATED, 0.0), linked=True), leave=True)
            case Pressed(action=action):
                return Move(stay=_Enter([*self.typed, str(action)]))
        return Move()


@dataclass(frozen=True)
class _Helping(Page):
    def view(self, frame: Frame) -> View:
        return List(title="help")

    def on(self, event: PageEvent, frame: Frame) -> Move:
        return Move()


def _core(*, signed_in: bool = True) -> Core:
    core = Core(
        _Home,
        lambda needs, frame: _Enter(),
        lambda error: _Home(),
        _Home,
        _Home,
        lambda opened: _Helping(),
        idle=IdleWarning,
        locked=Locked,
    )
    core.key(Action.HOME)
    core.card(CardState.PRESENT)
    if signed_in:
        _choose(core, "in")
        _type(core, 4)
        assert core.frame.level is Level.AUTHENTICATED
    return core


def _choose(core: Core, id_: str) -> Sequence[Effect]:
    return core.intent(core.view.rev, id_, "")


def _type(core: Core, digits: int) -> None:
    for _ in range(digits):
        core.key(Action.DIGIT_1)


def _title(core: Core) -> str:
    title = core.view.view.title
    return title.code if isinstance(title, Word) else title


@given(st.integers(1, 3600), st.integers(1, 600), st.floats(0, 1e6), st.floats(0, 4000))
def test_the_countdown_is_none_then_falls_to_nothing_and_says_when_it_changes(
    lock_after: int, warning: int, begun: float, waited: float
) -> None:
    idle = Idle(Privacy(lock_after=lock_after, warning=warning), begun)
    now = begun + waited
    left = idle.left(now)
    if left is None:
        assert waited <= lock_after - warning + 1e-6
        assert idle.left(idle.changes(now) + 1e-6) is not None
    elif left:
        assert left <= warning
        assert lock_after - waited <= left + 1e-6
        assert idle.left(idle.changes(now) + 1e-6) == left - 1
    else:
        assert waited >= lock_after - 1e-6
    idle.stir(now)
    assert idle.left(now) is None or lock_after <= warning


def test_nothing_at_stake_is_never_warned_of_nor_locked() -> None:
    core = _core(signed_in=False)
    assert not core.at_stake
    before = core.view
    for left in (60, 1, 0):
        assert not core.idle(left)
    assert core.view == before


@pytest.mark.parametrize("action", [it for it in Action if it is not Action.HOME])
def test_any_key_takes_the_warning_away_and_does_nothing_else(action: Action) -> None:
    core = _core()
    _choose(core, "book")
    before = core.view
    core.idle(60)
    warning = core.view.view
    assert isinstance(warning, Message)
    assert (warning.left, core.view.overlay) == (60, True)
    core.idle(59)
    assert isinstance(core.view.view, Message)
    assert core.view.view.left == 59
    effects = core.key(action)
    assert not [it for it in effects if isinstance(it, Key | Run | Screen)]
    assert (core.view.view, core.view.overlay) == (before.view, before.overlay)
    assert core.frame.level is Level.AUTHENTICATED


@pytest.mark.parametrize("id_", ["stay", "back", "help", "voice", "book", "rows"])
def test_so_does_whatever_is_chosen_on_it(id_: str) -> None:
    core = _core()
    _choose(core, "book")
    under = core.view.view
    core.idle(10)
    effects = _choose(core, id_)
    assert core.view.view == under
    assert effects == [core.view]


def test_the_way_to_the_programme_stays_open() -> None:
    for leave in (lambda core: core.key(Action.HOME), lambda core: _choose(core, "tv")):
        core = _core()
        core.idle(10)
        assert Screen(False) in leave(core)
        assert not core.view.shown
        core.key(Action.HOME)
        assert _title(core) == "home"


def test_no_key_ends_the_session_and_the_booking_half_made_is_there_behind_the_lock() -> None:
    core = _core()
    _choose(core, "book")
    core.idle(1)
    effects = core.idle(0)
    assert SessionEnded(Cause.IDLE) in effects
    assert effects[0] == core.view
    assert core.frame.level is Level.PRESENT
    assert _title(core) == "home.locked.title"
    assert not core.view.overlay
    assert not core.at_stake
    assert not core.idle(0), "once"
    _choose(core, "go")
    assert _title(core) == "enter 0"
    _type(core, 4)
    assert _title(core) == "booking.usage_title", "the same place; what was filled in is gone with the session"


def test_leaving_what_is_said_of_the_lock_leaves_what_is_behind_it_too() -> None:
    core = _core()
    _choose(core, "book")
    core.idle(0)
    core.key(Action.BACK)
    assert _title(core) == "home"


def test_digits_typed_in_part_are_kept_through_the_warning_and_gone_with_the_lock() -> None:
    core = _core(signed_in=False)
    _choose(core, "in")
    assert not core.at_stake
    _type(core, 2)
    assert core.at_stake
    core.idle(10)
    core.key(Action.DIGIT_1)
    assert _title(core) == "enter 2", "the key that takes the warning away types nothing"
    core.idle(10)
    core.idle(0)
    assert _title(core) == "home.locked.title"
    _choose(core, "go")
    assert _title(core) == "enter 0"


def test_it_lies_over_help_and_gives_help_back() -> None:
    core = _core()
    core.key(Action.HELP)
    core.idle(10)
    assert _title(core) == "home.idle.title"
    core.key(Action.OK)
    assert _title(core) == "help"
    core.idle(10)
    core.idle(0)
    assert _title(core) == "help"
    core.key(Action.BACK)
    assert _title(core) == "home.locked.title"


def test_behind_the_programme_the_session_ends_without_a_word() -> None:
    core = _core()
    core.key(Action.HOME)
    assert core.at_stake, "who leaves from home stays signed in for a while"
    assert not core.idle(10)
    assert SessionEnded(Cause.IDLE) in core.idle(0)
    assert not core.at_stake
    core.key(Action.HOME)
    assert _title(core) == "home"
    assert core.frame.level is Level.PRESENT


def test_what_it_warns_of_may_come_about_by_itself() -> None:
    core = _core()
    core.idle(10)
    core.card(CardState.ABSENT)
    assert _title(core) == "home"
    assert not core.view.overlay
    core = _core()
    core.idle(10)
    core.expired()
    assert not core.view.overlay
    core = _core()
    core.idle(10)
    core.yield_screen(True)
    core.yield_screen(False)
    assert not core.view.overlay


def test_what_is_under_the_warning_goes_on_unseen() -> None:
    core = _core()
    _choose(core, "book")
    (run,) = [it for it in _choose(core, "book") if isinstance(it, Run)]
    core.idle(10)
    core.done(run.slot, Done(run.job, None))
    assert _title(core) == "home.idle.title"
    core.key(Action.OK)
    assert _title(core) == "booking.confirm"
