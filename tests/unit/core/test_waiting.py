"""What is slow: its steps after a while, then an honest word; gone with the answer, and never on another page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stb_agent.contract.actions import Action
from stb_agent.contract.views import Home, Progress, Skeleton, Step, StepState, View
from stb_agent.core.core import Core
from stb_agent.core.effects import Run
from stb_agent.core.page import Chosen, Done, Frame, Job, Move, Page, PageEvent, Reached
from stb_agent.core.waiting import Wait, waited
from stb_agent.services.home.idle import IdleWarning, Locked


@dataclass(frozen=True)
class _Ask(Job):
    service: ClassVar[str] = "test"


@dataclass(frozen=True)
class _Page(Page):
    at: int | None = None

    def view(self, frame: Frame) -> View:
        if self.at is None:
            return Home(title="home")
        return Progress(title=f"asked {self.at}", like=Skeleton.LIST)

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Chosen(id="ask"):
                return Move(stay=_Page(0), jobs=(_Ask(),))
            case Reached(step=step):
                return Move(stay=_Page(step))
            case Done():
                return Move(stay=_Page())
        return Move()


def _asked() -> tuple[Core, Run]:
    core = Core(
        _Page,
        lambda *_: _Page(),
        lambda _: _Page(),
        _Page,
        _Page,
        lambda _: _Page(),
        idle=IdleWarning,
        locked=Locked,
    )
    core.key(Action.HOME)
    (run,) = [it for it in core.intent(core.view.rev, "ask", "") if isinstance(it, Run)]
    return core, run


def _seen(core: Core) -> Progress:
    assert isinstance(core.view.view, Progress)
    return core.view.view


def test_the_press_is_answered_before_anything_is_asked_of_anybody() -> None:
    core, _ = _asked()
    assert _seen(core).like is Skeleton.LIST
    assert not _seen(core).steps
    assert not _seen(core).late


def test_steps_then_an_honest_word_then_the_answer() -> None:
    core, run = _asked()
    core.waiting(run.slot, Wait.SLOW)
    assert [it.state for it in _seen(core).steps] == [StepState.NOW, StepState.TODO]
    assert not _seen(core).late
    core.waiting(run.slot, Wait.LATE)
    assert _seen(core).steps
    assert _seen(core).late
    core.done(run.slot, Reached(run.job, 1))
    assert _seen(core).title == "asked 1"
    assert _seen(core).late, "it is no sooner for being further"
    core.done(run.slot, Done(run.job, None))
    assert isinstance(core.view.view, Home)
    core.intent(core.view.rev, "ask", "")
    assert not _seen(core).late, "the next one begins anew"


def test_nothing_is_said_of_what_nobody_waits_for() -> None:
    core, run = _asked()
    core.done(run.slot, Done(run.job, None))
    before = core.view
    assert not core.waiting(run.slot, Wait.LATE)
    assert not core.waiting(4711, Wait.LATE)
    assert core.view == before


def test_steps_of_a_page_s_own_stay() -> None:
    own = Progress(title="t", steps=(Step("one", StepState.DONE), Step("two", StepState.NOW)))
    late = waited(own, Wait.LATE)
    assert isinstance(late, Progress)
    assert late.steps == own.steps
    assert late.late
