"""The pages of linking a card to a Cable ID: what will be sent to whom, the contract number, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import ClassVar

from stb_agent.cable_id.contract_number import GROUPS, LENGTH
from stb_agent.contract.actions import Action
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.level import Level
from stb_agent.contract.text import Text, word
from stb_agent.contract.views import Consent, Delivery, Form, Item, Message, Progress, Statement, Tone, View
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

_DIGIT_KEYS = frozenset(action for action in Action if action.digit) | {Action.BACK}


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

    operator: str
    well_formed: Callable[[str], bool] = field(repr=False)
    stage: Stage = Stage.CONSENT
    number: str = field(default="", repr=False)
    wrong: Text | None = None
    error: ChanomaError | None = None
    key: str = ""

    def own_keys(self) -> frozenset[Action]:
        if self.stage is not Stage.NUMBER:
            return frozenset()
        return _DIGIT_KEYS if self.number else _DIGIT_KEYS - {Action.BACK}

    def blank(self) -> LinkPage:
        return LinkPage(self.operator, self.well_formed)

    def view(self, frame: Frame) -> View:
        title = word("link.title")
        match self.stage:
            case Stage.CONSENT:
                return self._consent()
            case Stage.NUMBER:
                return Form(
                    title=word("link.number.title"),
                    lead=word("link.number.lead"),
                    label=word("link.number.label"),
                    value=self.number,
                    groups=GROUPS,
                    error=self.wrong,
                )
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
                return Move(stay=replace(self, stage=Stage.NUMBER, wrong=None, error=None))
            case Surroundings() if frame.linked and self.stage in (Stage.CONSENT, Stage.NUMBER):
                return Move(leave=True)  # what was sent earlier has arrived: nothing is left to ask
            case Chosen(id="stop"):
                return Move(back=True)
            case Pressed(action=Action.BACK) | Chosen(id="erase"):
                return Move(stay=replace(self, number=self.number[:-1], wrong=None))
            case Pressed(action=action) if action.digit:
                return self._type(action.digit)
            case Chosen(id="digit", value=value) if len(value) == 1 and value.isdigit():
                return self._type(value)
            case Chosen(id="submit") if self.stage is Stage.NUMBER:
                return self._submit()
            case Chosen(id="again"):
                return self._submit()
            case Chosen(id="ok"):
                return Move(leave=True)
            case Done(result=Outcome() as outcome):
                return self._became(outcome)
            case Failed(error=error):
                return Move(stay=replace(self, stage=Stage.TROUBLE, error=error))
            case Delivered(key=key) if key and key == self.key:
                return Move(jobs=(CheckLink(key),))
        return Move()

    def _type(self, digit: str) -> Move:
        if len(self.number) == LENGTH:
            return Move()
        return Move(stay=replace(self, number=self.number + digit, wrong=None))

    def _submit(self) -> Move:
        if len(self.number) < LENGTH:
            return Move(stay=replace(self, wrong=word("link.number.short", length=LENGTH)))
        if not self.well_formed(self.number):
            return Move(stay=replace(self, wrong=word("link.number.check")))
        return Move(stay=replace(self, stage=Stage.SENDING, wrong=None), jobs=(MakeLink(self.number),))

    def _became(self, outcome: Outcome) -> Move:
        match outcome.delivery:
            case Delivery.SENT:
                return Move(stay=replace(self, stage=Stage.DONE, key=""), linked=True)
            case Delivery.WAITING:
                return Move(stay=replace(self, stage=Stage.WAITING, key=outcome.key))
            case Delivery.REFUSED:
                return Move(stay=replace(self, stage=Stage.TROUBLE, error=outcome.error, key=""))
