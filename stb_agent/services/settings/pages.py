"""The pages of the settings: what there is to set, one of them, and trying a choice before it is kept.

Trying takes effect on the real screen at once and lasts as long as the page that tries is seen; the core sees to that. Nobody has to find a way
back from a screen that they cannot read: after a while without an answer everything is as it was.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

from stb_agent.contract import words
from stb_agent.contract.actions import ARROWS, Action
from stb_agent.contract.appearance import Appearance
from stb_agent.contract.choices import Choices
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.text import Text, word
from stb_agent.contract.views import Choice, ChoiceField, Form, Item, List, Row, View
from stb_agent.core.page import Chosen, Done, Frame, Job, Move, Page, PageEvent, Pressed, Shown, Stopped
from stb_agent.core.service import Tile, trouble
from stb_agent.core.typing import Candidates
from stb_agent.services.settings.aspects import Aspect
from stb_agent.services.settings.household import HouseholdPage

PATIENCE_S = 30
"""Seconds until what is tried goes back by itself: to look, to understand, and to find the button, without haste."""
TICK_S = 10
"""Seconds after which the time that is left is shown anew, and said by the voice: seldom enough not to press anybody."""


@dataclass(frozen=True)
class Wait(Job):
    """Let TICK_S pass while the page is seen."""

    service: ClassVar[str] = "settings"
    while_seen: ClassVar[bool] = True


@dataclass(frozen=True)
class SettingsPage(Page):
    """What there is to set, and how it is now. ``operator``: how it is where the household set nothing; ``screen`` is the operator's.

    ``candidates``: what kana may become where a nickname is written. ``more``: what else is to be found here.
    """

    aspects: tuple[Aspect, ...]
    operator: Choices
    screen: Appearance
    candidates: Candidates = field(repr=False)
    more: tuple[Tile, ...] = field(default=(), repr=False)

    def view(self, frame: Frame) -> View:
        return List(
            title=word("settings.title"),
            lead=word("settings.lead"),
            items=(
                *(
                    Item(
                        f"set:{it.name}",
                        it.title,
                        word("settings.now", value=it.label(it.read(frame.kept))),
                        first=not at,
                    )
                    for at, it in enumerate(self.aspects)
                ),
                Item("people", word("settings.people.title"), word("settings.people.detail")),
                *(Item(f"more:{it.id}", it.label, it.detail) for it in self.more),
                Item("reset", word("settings.reset.title"), word("settings.reset.detail")),
            ),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Chosen(id="people"):
                return Move(push=HouseholdPage(self.candidates))
            case Chosen(id="reset"):
                return Move(push=ResetPage(self.operator))
            case Chosen(id=id_):
                for tile in self.more:
                    if id_ == f"more:{tile.id}":
                        return Move(push=tile.open())
                for aspect in self.aspects:
                    if id_ == f"set:{aspect.name}":
                        return Move(push=AspectPage(aspect, self.screen))
        return Move()


@dataclass(frozen=True)
class AspectPage(Page):
    """One thing to set: its options, and which it is now."""

    aspect: Aspect
    screen: Appearance

    def view(self, frame: Frame) -> View:
        aspect = self.aspect
        return Form(
            title=aspect.title,
            field=ChoiceField(
                word(f"settings.{aspect.name}.lead"),
                tuple(Item(it.id, it.label, it.detail) for it in aspect.options),
                aspect.read(frame.kept),
            ),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Chosen(id="choose", value=id_) if self.aspect.option(id_):
                if id_ == self.aspect.read(frame.kept):
                    return Move(leave=True)
                return Move(push=TryPage(self.aspect, id_, self.screen))
        return Move()


@dataclass(frozen=True)
class TryPage(Page):
    """A choice in force, so that it is seen, heard or felt, and the question whether to keep it."""

    aspect: Aspect
    id: str
    screen: Appearance
    left: int = PATIENCE_S
    felt: tuple[Action, int] | None = None

    def own_keys(self) -> frozenset[Action]:
        return ARROWS if self.aspect.moves else frozenset()

    def view(self, frame: Frame) -> View:
        warning = self.aspect.warning(self.id)
        back = self.aspect.estranges or warning is not None
        return Choice(
            title=self.aspect.title,
            lead=warning or word("settings.try.lead", value=self.aspect.label(self.id)),
            rows=self._rows(frame),
            items=(
                Item("keep", word("settings.try.keep"), first=not back),
                Item("undo", self._old(frame, "settings.try.undo"), first=back),
                *((Item("feel", word("settings.try.feel")),) if self.aspect.moves else ()),
            ),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Shown():
                return Move(trial=self.aspect.write(frame.kept, self.id), jobs=(Wait(),))
            case Chosen(id="keep"):
                return Move(keep=self.aspect.write(frame.kept, self.id), leave=True)
            case Chosen(id="undo") | Stopped():
                return Move(leave=True)
            case Chosen(id="feel"):
                return Move(stay=self._feels(Action.OK))
            case Pressed(action=action):
                return Move(stay=self._feels(action), keys=(action,))
            case Done(job=Wait()) if self.left <= TICK_S:
                return Move(leave=True)
            case Done(job=Wait()):
                return Move(stay=replace(self, left=self.left - TICK_S), jobs=(Wait(),))
        return Move()

    def _rows(self, frame: Frame) -> tuple[Row, ...]:
        felt = (Row(word("settings.try.felt"), self._felt()),) if self.aspect.moves else ()
        # Few: what goes back by itself, and when, has to be seen on the first page in the large profile, too.
        left = Row(self._old(frame, "settings.try.else"), self._old(frame, "settings.try.left"))
        return (*felt, *self.aspect.sample, left)

    def _old(self, frame: Frame, code: str) -> Text:
        """Give a text that leads back: in the language that the person came from, where this one may be strange to them."""
        said = word(code, left=self.left)
        return words.render(said, frame.kept.appearance(self.screen)) if self.aspect.estranges else said

    def _felt(self) -> Text:
        if self.felt is None:
            return word("settings.try.nothing")
        action, times = self.felt
        return word("settings.try.times", key=word(f"remote.action.{action.value}"), times=times)

    def _feels(self, action: Action) -> TryPage:
        """Count how often the box understood a key in a row; who tries is there."""
        times = self.felt[1] + 1 if self.felt is not None and self.felt[0] is action else 1
        return replace(self, felt=(action, times), left=PATIENCE_S)


@dataclass(frozen=True)
class ResetPage(Page):
    """Everything as the operator has it, after a question."""

    operator: Choices

    def view(self, frame: Frame) -> View:
        return Choice(
            title=word("settings.reset.title"),
            lead=word("settings.reset.lead"),
            rows=(Row(word("settings.reset.stays_label"), word("settings.reset.stays")),),
            items=(
                Item("stop", word("settings.reset.stop"), first=True),
                Item("reset", word("settings.reset.go")),
            ),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Chosen(id="reset"):
                return Move(keep=self.operator, leave=True)
            case Chosen(id="stop"):
                return Move(leave=True)
        return Move()


@dataclass(frozen=True)
class NotKeptPage(Page):
    """What was chosen holds, but could not be written down."""

    error: ChanomaError

    def view(self, frame: Frame) -> View:
        return trouble(word("settings.not_kept"), self.error, Item("ok", word("home.ok"), first=True))

    def on(self, event: PageEvent, frame: Frame) -> Move:
        return Move(leave=True) if isinstance(event, Chosen) else Move()
