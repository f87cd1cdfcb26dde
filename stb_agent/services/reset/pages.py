"""The pages of beginning anew: the one question, and what is seen while it is done."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

from stb_agent.contract.actions import Action
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.level import Level
from stb_agent.contract.text import Text, Word, word
from stb_agent.contract.views import Choice, Item, Message, Progress, Row, Skeleton, Step, StepState, Tone, View
from stb_agent.core.page import Chosen, Done, Failed, Frame, Job, Move, Page, PageEvent, Reached, Shown
from stb_agent.core.service import trouble

_STEPS = ("keys", "data", "anew")
_NOT_BEGUN = "reset.not_begun"
_KNOWN = ("booking", "link")
"""Services whose entries have words of their own (``reset.unsent.…``)."""


@dataclass(frozen=True)
class Look(Job):
    """Look what the box holds; answers Contents."""

    service: ClassVar[str] = "reset"


@dataclass(frozen=True)
class BeginAnew(Job):
    """Do it; there is no answer, for nobody is there any more."""

    service: ClassVar[str] = "reset"


@dataclass(frozen=True)
class Contents:
    """What the box holds: how many links, the nicknames of some (none unless somebody is signed in), and how many changes wait, by service."""

    links: int
    names: tuple[Text, ...] = field(repr=False)
    unsent: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class ResetPage(Page):
    """What goes, what stays, and the question."""

    personal: ClassVar[bool] = True

    contents: Contents | None = None
    error: ChanomaError | None = None

    def blank(self) -> ResetPage:
        return ResetPage()

    def view(self, frame: Frame) -> View:
        title = word("reset.title")
        if self.contents is None and self.error is None:
            return Progress(title=title, lead=word("reset.looking"), like=Skeleton.DETAIL)
        return Choice(
            title=title,
            lead=word("reset.lead"),
            rows=self._rows(frame),
            items=(Item("stop", word("reset.stop"), first=True), Item("go", word("reset.go"))),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Shown():
                return Move(jobs=(Look(),))
            case Done(result=Contents() as contents):
                return Move(stay=ResetPage(contents))
            case Failed(error=error):
                return Move(stay=ResetPage(error=error))  # what cannot be read can be erased all the same
            case Chosen(id="go") if self.contents is not None or self.error is not None:
                return Move(replace=ResettingPage())
            case Chosen(id="stop"):
                return Move(leave=True)
        return Move()

    def _rows(self, frame: Frame) -> tuple[Row, ...]:
        if self.contents is None:
            links: Text = word("reset.links_unknown")
            unsent: Text = word("reset.unsent_unknown")
        else:
            names = self.contents.names if frame.level >= Level.AUTHENTICATED else ()
            links = _people(names, self.contents.links)
            unsent = _unsent(self.contents.unsent)
        return (
            Row(word("reset.label.links"), links),
            Row(word("reset.label.unsent"), unsent),
            Row(word("reset.label.goes"), word("reset.goes")),
            Row(word("reset.label.stays"), word("reset.stays")),
        )


@dataclass(frozen=True)
class ResettingPage(Page):
    """It is being done. There is no way back; what fails is said, and tried again."""

    step: int = 0
    error: ChanomaError | None = None

    def own_keys(self) -> frozenset[Action]:
        return frozenset() if self._untouched else frozenset({Action.BACK})

    @property
    def _untouched(self) -> bool:
        return self.error is not None and self.error.code == _NOT_BEGUN

    def view(self, frame: Frame) -> View:
        title = word("reset.doing")
        if self.error is not None:
            return trouble(title, self.error, Item("again", word("trouble.again"), first=True))
        states = [StepState.DONE] * self.step + [StepState.NOW] + [StepState.TODO] * (len(_STEPS) - 1 - self.step)
        steps = tuple(Step(word(f"reset.step.{name}"), state) for name, state in zip(_STEPS, states, strict=True))
        return Progress(title=title, lead=word("reset.doing_lead"), steps=steps)

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Shown() if not self.step:
                return Move(jobs=(BeginAnew(),))
            case Reached(step=step):
                return Move(stay=replace(self, step=step))
            case Failed(error=error):
                return Move(stay=ResettingPage(error=error))
            case Chosen(id="again"):
                return Move(stay=ResettingPage(), jobs=(BeginAnew(),))
        return Move()


@dataclass(frozen=True)
class AnewPage(Page):
    """The box is as it was on its first day."""

    def view(self, frame: Frame) -> View:
        return Message(
            title=word("reset.anew.title"),
            tone=Tone.OK,
            lead=word("reset.anew.lead"),
            remedy=word("reset.anew.remedy"),
            items=(Item("ok", word("home.ok"), first=True),),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        return Move(leave=True) if isinstance(event, Chosen) else Move()


def _people(names: tuple[Text, ...], links: int) -> Word:
    if not names:
        return word("reset.links", count=links)
    others = (word("reset.others", count=links - len(names)),) if links > len(names) else ()
    told: Text = names[0]
    for name in (*names[1:], *others):
        told = word("reset.and", one=told, other=name)
    return word("reset.names", names=told)


def _unsent(unsent: tuple[tuple[str, int], ...]) -> Word:
    if not unsent:
        return word("reset.unsent.none")
    lines = [word(f"reset.unsent.{name if name in _KNOWN else 'other'}", count=count) for name, count in unsent]
    told = lines[0]
    for line in lines[1:]:
        told = word("reset.and", one=told, other=line)
    return word("reset.unsent.lost", what=told)
