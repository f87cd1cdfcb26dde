"""The pages of linking a card to a Cable ID: what will be sent to whom, the contract number, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import ClassVar

from stb_agent.cable_id.contract_number import GROUPS
from stb_agent.contract.actions import Action
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.level import Level
from stb_agent.contract.text import Text, word
from stb_agent.contract.views import Consent, Delivery, Item, Message, Progress, Statement, Tone, View
from stb_agent.core.form import Ending, Filling, Number
from stb_agent.core.page import (
    Chosen,
    Delivered,
    Done,
    Failed,
    Frame,
    Job,
    Move,
    Page,
    PageEvent,
    Pressed,
    Requirement,
    Surroundings,
)
from stb_agent.core.service import retry, trouble


@dataclass(frozen=True)
class MakeLink(Job):
    """Send the contract number; answers Outcome."""

    service: ClassVar[str] = "link"
    contract_number: str = field(repr=False)


@dataclass(frozen=True)
class CheckLink(Job):
    """Ask what became of the outbox's entry ``key``; answers Outcome."""

    service: ClassVar[str] = "link"
    key: str


@dataclass(frozen=True)
class Outcome:
    """What became of the link: sent, waiting or refused (then ``error`` says why)."""

    key: str
    delivery: Delivery
    error: ChanomaError | None = None


class Stage(Enum):
    """Where linking stands."""

    CONSENT = "consent"
    NUMBER = "number"
    SENDING = "sending"
    WAITING = "waiting"
    DONE = "done"
    TROUBLE = "trouble"


@dataclass(frozen=True)
class LinkPage(Page):
    """Lead a signed-in person through linking this card to a Cable ID; leaves when it is linked."""

    needs: ClassVar[Requirement] = Requirement(Level.AUTHENTICATED)
    personal: ClassVar[bool] = True

    operator: Text
    well_formed: Callable[[str], bool] = field(repr=False)
    stage: Stage = Stage.CONSENT
    typed: Filling | None = None
    error: ChanomaError | None = None
    key: str = ""

    def own_keys(self) -> frozenset[Action]:
        return self._filling.own_keys() if self.stage is Stage.NUMBER else frozenset()

    def blank(self) -> LinkPage:
        return LinkPage(self.operator, self.well_formed)

    def view(self, frame: Frame) -> View:
        title = word("link.title")
        match self.stage:
            case Stage.CONSENT:
                return self._consent()
            case Stage.NUMBER:
                return self._filling.view(word("link.number.title"), word("link.number.lead"))
            case Stage.WAITING:
                return Message(
                    title=title,
                    tone=Tone.WARNING,
                    lead=word("link.waiting.cause"),
                    remedy=word("link.waiting.remedy"),
                    items=(Item("stop", word("home.ok"), first=True),),
                )
            case Stage.DONE:
                return Message(
                    title=word("link.done.title"),
                    tone=Tone.OK,
                    lead=word("link.done.lead", operator=self.operator),
                    remedy=word("link.done.remedy"),
                    items=(Item("ok", word("link.done.go"), first=True),),
                )
            case Stage.TROUBLE if self.error is not None:
                return trouble(title, self.error, *retry(self.error), Item("number", word("link.again")))
            case _:
                return Progress(title=title, lead=word("link.sending"))

    def _consent(self) -> View:
        to_platform = word("link.consent.platform")
        return Consent(
            title=word("link.title"),
            lead=word("link.consent.lead"),
            statements=(
                Statement(word("link.consent.card"), to_platform, word("link.consent.card_why")),
                Statement(
                    word("link.consent.contract"),
                    word("link.consent.operator", operator=self.operator),
                    word("link.consent.contract_why"),
                ),
            ),
            withheld=word("link.consent.withheld"),
            items=(Item("agree", word("link.consent.agree"), first=True), Item("stop", word("link.consent.decline"))),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Chosen(id="agree" | "number"):
                return Move(stay=replace(self, stage=Stage.NUMBER, error=None))
            case Surroundings() if frame.linked and self.stage in (Stage.CONSENT, Stage.NUMBER):
                return Move(leave=True)  # what was sent earlier has arrived: nothing is left to ask
            case Chosen(id="stop"):
                return Move(back=True)
            case Chosen(id="again"):
                return self._send()
            case Chosen(id="ok"):
                return Move(leave=True)
            case Done(result=Outcome() as outcome):
                return self._became(outcome)
            case Failed(error=error):
                return Move(stay=replace(self, stage=Stage.TROUBLE, error=error))
            case Delivered(key=key) if key and key == self.key:
                return Move(jobs=(CheckLink(key),))
            case Chosen() | Pressed() if self.stage is Stage.NUMBER:
                typed, ending = self._filling.on(event)
                here = replace(self, typed=typed)
                return here._send() if ending is Ending.COMPLETE else Move(stay=here)
        return Move()

    @property
    def _filling(self) -> Filling:
        return self.typed or Filling((Number("number", word("link.number.label"), GROUPS, wrong=self._wrong),))

    def _wrong(self, number: str) -> Text | None:
        return None if self.well_formed(number) else word("link.number.check")

    def _send(self) -> Move:
        return Move(stay=replace(self, stage=Stage.SENDING), jobs=(MakeLink(self._filling.value),))

    def _became(self, outcome: Outcome) -> Move:
        match outcome.delivery:
            case Delivery.SENT:
                return Move(stay=replace(self, stage=Stage.DONE, key=""), linked=True)
            case Delivery.WAITING:
                return Move(stay=replace(self, stage=Stage.WAITING, key=outcome.key))
            case Delivery.REFUSED:
                return Move(stay=replace(self, stage=Stage.TROUBLE, error=outcome.error, key=""))
