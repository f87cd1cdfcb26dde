"""What stands between a signed-in person and their link: a new card, a lost one found, one television too many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import ClassVar

from stb_agent.cable_id.contract_number import GROUPS
from stb_agent.cable_id.life import KnownBox
from stb_agent.contract.actions import Action
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.level import Level
from stb_agent.contract.text import Text, word
from stb_agent.contract.views import Choice, Delivery, Item, Message, Progress, Row, Tone, View
from stb_agent.core.form import Ending, Filling, Number
from stb_agent.core.page import (
    Chosen,
    Delivered,
    Done,
    Failed,
    Frame,
    Move,
    Page,
    PageEvent,
    Pressed,
    Requirement,
    Shown,
    Surroundings,
)
from stb_agent.core.service import retry, trouble
from stb_agent.services.link.boxes import listed, whether
from stb_agent.services.link.jobs import CheckLink, EndBox, LoadBoxes, LoadMine, Mine, Outcome, ReplaceCard, ResumeCard


class Stage(Enum):
    """Where such a page stands."""

    ASK = "ask"
    NUMBER = "number"
    SENDING = "sending"
    WAITING = "waiting"
    DONE = "done"
    TROUBLE = "trouble"


@dataclass(frozen=True)
class ReplacePage(Page):
    """A renewed card: asked once, then everything goes on with it."""

    needs: ClassVar[Requirement] = Requirement(Level.AUTHENTICATED)
    personal: ClassVar[bool] = True

    stage: Stage = Stage.ASK
    error: ChanomaError | None = None
    key: str = ""

    def blank(self) -> Page:
        return ReplacePage()

    def view(self, frame: Frame) -> View:
        title = word("link.replace.title")
        match self.stage:
            case Stage.ASK:
                return Choice(
                    title=title,
                    lead=word("link.replace.lead"),
                    rows=(
                        Row(word("link.replace.stays_label"), word("link.replace.stays")),
                        Row(word("link.replace.old_label"), word("link.replace.old")),
                    ),
                    items=(
                        Item("go", word("link.replace.go"), first=True),
                        Item("stop", word("link.consent.decline")),
                    ),
                )
            case Stage.WAITING:
                return Message(
                    title=title,
                    tone=Tone.WARNING,
                    lead=word("link.replace.waiting"),
                    remedy=word("link.waiting.remedy_by_phone" if frame.by_phone else "link.waiting.remedy"),
                    items=(Item("stop", word("home.ok"), first=True),),
                )
            case Stage.DONE:
                return Message(
                    title=word("link.replace.done"),
                    tone=Tone.OK,
                    lead=word("link.replace.done_lead"),
                    remedy=word("link.done.remedy"),
                    items=(Item("ok", word("link.done.go"), first=True),),
                )
            case Stage.TROUBLE if self.error is not None:
                return trouble(title, self.error, *retry(self.error), Item("stop", word("home.ok")))
            case _:
                return Progress(title=title, lead=word("link.sending_by_phone" if frame.by_phone else "link.sending"))

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Chosen(id="go" | "again"):
                return Move(stay=replace(self, stage=Stage.SENDING, error=None), jobs=(ReplaceCard(),))
            case Chosen(id="stop"):
                return Move(back=True)
            case Chosen(id="ok"):
                return Move(leave=True)
            case Surroundings() if frame.linked and self.stage is Stage.ASK:
                return Move(leave=True)
            case Done(result=Outcome() as outcome):
                match outcome.delivery:
                    case Delivery.SENT:
                        return Move(stay=replace(self, stage=Stage.DONE, key=""), linked=True)
                    case Delivery.WAITING:
                        return Move(stay=replace(self, stage=Stage.WAITING, key=outcome.key))
                    case Delivery.REFUSED:
                        return Move(stay=replace(self, stage=Stage.TROUBLE, error=outcome.error, key=""))
            case Failed(error=error):
                return Move(stay=replace(self, stage=Stage.TROUBLE, error=error))
            case Delivered(key=key) if key and key == self.key:
                return Move(jobs=(CheckLink(key),))
        return Move()


@dataclass(frozen=True)
class SuspendedPage(Page):
    """A card that was reported lost is in the reader: what may be done; at home, with the contract number if it has one, it is in use again."""

    needs: ClassVar[Requirement] = Requirement(Level.AUTHENTICATED)
    personal: ClassVar[bool] = True

    well_formed: Callable[[str], bool] = field(repr=False)
    stage: Stage = Stage.ASK
    typed: Filling | None = field(default=None, repr=False)
    error: ChanomaError | None = None
    contract: bool = True
    """Whether the link is under one, as far as is known."""

    def blank(self) -> Page:
        return SuspendedPage(self.well_formed)

    def own_keys(self) -> frozenset[Action]:
        return self._filling.own_keys() if self.stage is Stage.NUMBER else frozenset()

    def view(self, frame: Frame) -> View:
        title = word("link.suspended.title")
        match self.stage:
            case Stage.ASK:
                return Choice(
                    title=title,
                    lead=word("link.suspended.lead"),
                    rows=(
                        Row(
                            word("link.suspended.found_label"),
                            word("link.suspended.found" if self.contract else "link.suspended.found_here"),
                        ),
                        Row(word("link.suspended.new_label"), word("link.suspended.new")),
                        Row(word("link.suspended.else_label"), word("link.suspended.else")),
                    ),
                    items=(
                        Item("number", word("link.suspended.go"), first=True),
                        Item("stop", word("link.consent.decline")),
                    ),
                )
            case Stage.NUMBER:
                return self._filling.view(word("link.number.title"), word("link.number.lead"))
            case Stage.DONE:
                return Message(
                    title=word("link.suspended.done"),
                    tone=Tone.OK,
                    lead=word("link.suspended.done_lead"),
                    remedy=word("link.suspended.done_remedy"),
                    items=(Item("ok", word("link.done.go"), first=True),),
                )
            case Stage.TROUBLE if self.error is not None:
                number = Item("number", word("link.again")) if self.contract else Item("stop", word("home.ok"))
                return trouble(title, self.error, *retry(self.error), number)
            case _:
                return Progress(title=title, lead=word("link.sending_by_phone" if frame.by_phone else "link.sending"))

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Shown() if self.stage is Stage.ASK:
                return Move(jobs=(LoadMine(),))
            case Done(job=LoadMine(), result=Mine() as mine):
                return Move(stay=replace(self, contract=mine.contract))
            case Failed(job=LoadMine()):
                return Move()  # then the number is asked for
            case Chosen(id="number") if not self.contract:
                return self._send()
            case Chosen(id="number"):
                return Move(stay=replace(self, stage=Stage.NUMBER, error=None))
            case Chosen(id="again"):
                return self._send()
            case Chosen(id="stop"):
                return Move(back=True)
            case Chosen(id="ok"):
                return Move(leave=True)
            case Done(job=ResumeCard()):
                return Move(stay=replace(self, stage=Stage.DONE, typed=None), linked=True)
            case Failed(error=error):
                return Move(stay=replace(self, stage=Stage.TROUBLE, error=error))
            case Chosen() | Pressed() if self.stage is Stage.NUMBER:
                typed, ending = self._filling.on(event)
                here = replace(self, typed=typed)
                return here._send() if ending is Ending.COMPLETE else Move(stay=here)
        return Move()

    @property
    def _filling(self) -> Filling:
        return self.typed or number_field(self.well_formed)

    def _send(self) -> Move:
        number = self._filling.value if self.contract else ""
        return Move(stay=replace(self, stage=Stage.SENDING), jobs=(ResumeCard(number),))


@dataclass(frozen=True)
class TooManyBoxesPage(Page):
    """One television more than the operator allows: one of the others is ended, after a question, and this one is theirs."""

    needs: ClassVar[Requirement] = Requirement(Level.AUTHENTICATED)
    personal: ClassVar[bool] = True

    boxes: tuple[KnownBox, ...] | None = None
    chosen: KnownBox | None = None
    done: bool = False
    error: ChanomaError | None = None

    def blank(self) -> Page:
        return TooManyBoxesPage()

    def view(self, frame: Frame) -> View:
        title = word("link.boxes.full")
        if self.error is not None:
            return trouble(title, self.error, *retry(self.error))
        if self.done:
            return Message(
                title=word("link.boxes.here"),
                tone=Tone.OK,
                lead=word("link.boxes.here_lead"),
                remedy=word("link.done.remedy"),
                items=(Item("ok", word("link.done.go"), first=True),),
            )
        if self.boxes is None:
            return Progress(title=title, lead=word("link.boxes.loading"))
        if self.chosen is not None:
            return whether(self.chosen)
        return listed(title, word("link.boxes.full_lead"), self.boxes)

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Shown() if self.done:
                return Move()
            case Shown() | Chosen(id="again"):
                return Move(stay=TooManyBoxesPage(), jobs=(LoadBoxes(),))
            case Done(job=LoadBoxes(), result=tuple(boxes)):
                return Move(stay=TooManyBoxesPage(boxes))
            case Done(job=EndBox()):
                return Move(stay=TooManyBoxesPage(done=True), linked=True)
            case Failed(error=error):
                return Move(stay=TooManyBoxesPage(error=error))
            case Chosen(id="ok"):
                return Move(leave=True)
            case Chosen(id="stop"):
                return Move(stay=replace(self, chosen=None))
            case Chosen(id="end") if self.chosen is not None:
                return Move(stay=TooManyBoxesPage(), jobs=(EndBox(self.chosen.id),))
            case Chosen(id=id_) if self.boxes is not None and self.chosen is None:
                for at, box in enumerate(self.boxes):
                    if id_ == f"box:{at}":
                        return Move(stay=replace(self, chosen=box))
        return Move()


def number_field(well_formed: Callable[[str], bool]) -> Filling:
    """Give the field of a contract number, which says at once that a digit must be wrong."""

    def wrong(number: str) -> Text | None:
        return None if well_formed(number) else word("link.number.check")

    return Filling((Number("number", word("link.number.label"), GROUPS, wrong=wrong),))
