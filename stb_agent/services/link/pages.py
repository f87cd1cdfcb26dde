"""The pages of linking a card to a Cable ID: what will be sent to whom, the contract number, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import ClassVar

from stb_agent.cable_id.errors import LinkedElsewhere
from stb_agent.contract.actions import Action
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.level import Level
from stb_agent.contract.text import Text, word
from stb_agent.contract.views import Choice, Consent, Delivery, Item, Message, Progress, Row, Statement, Tone, View
from stb_agent.core.form import Ending, Filling
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
from stb_agent.services.link.jobs import CheckLink, LookAtCard, MakeLink, Outcome, TakeLink
from stb_agent.services.link.standing import number_field


class Stage(Enum):
    """Where linking stands."""

    CONSENT = "consent"
    GUARDIAN = "guardian"
    NO_CONTRACT = "no_contract"
    NUMBER = "number"
    SENDING = "sending"
    WAITING = "waiting"
    DONE = "done"
    TROUBLE = "trouble"


@dataclass(frozen=True)
class LinkPage(Page):
    """Lead a signed-in person through linking this card to a Cable ID; leaves when it is linked.

    ``adding``: the link is there, a contract is added.
    """

    needs: ClassVar[Requirement] = Requirement(Level.AUTHENTICATED)
    personal: ClassVar[bool] = True

    operator: Text
    well_formed: Callable[[str], bool] = field(repr=False)
    stage: Stage = Stage.CONSENT
    typed: Filling | None = None
    error: ChanomaError | None = None
    key: str = ""
    young: bool = False
    guardian: bool = False
    sent: str = field(default="", repr=False)
    adding: bool = False

    def own_keys(self) -> frozenset[Action]:
        return self._filling.own_keys() if self.stage is Stage.NUMBER else frozenset()

    def blank(self) -> LinkPage:
        return LinkPage(self.operator, self.well_formed, adding=self.adding)

    def view(self, frame: Frame) -> View:
        title = word("link.title")
        match self.stage:
            case Stage.CONSENT:
                return self._consent()
            case Stage.GUARDIAN:
                return Choice(
                    title=word("link.guardian.title"),
                    lead=word("link.guardian.lead"),
                    rows=(
                        Row(word("link.guardian.can_label"), word("link.guardian.can")),
                        Row(word("link.guardian.cannot_label"), word("link.guardian.cannot")),
                    ),
                    items=(
                        Item("guardian", word("link.guardian.agree"), first=True),
                        Item("adult", word("link.guardian.adult")),
                        Item("stop", word("link.consent.decline")),
                    ),
                )
            case Stage.NO_CONTRACT:
                return Choice(
                    title=word("link.no_contract.title"),
                    lead=word("link.no_contract.lead"),
                    rows=(
                        Row(word("link.no_contract.lost_label"), word("link.no_contract.lost")),
                        Row(word("link.no_contract.later_label"), word("link.no_contract.later")),
                    ),
                    items=(
                        Item("without", word("link.no_contract.go"), first=True),
                        Item("number", word("link.no_contract.number")),
                    ),
                )
            case Stage.NUMBER:
                return self._filling.view(word("link.number.title"), word("link.number.lead"))
            case Stage.WAITING:
                return Message(
                    title=title,
                    tone=Tone.WARNING,
                    lead=word("link.waiting.cause"),
                    remedy=word("link.waiting.remedy_by_phone" if frame.by_phone else "link.waiting.remedy"),
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
            case Stage.TROUBLE if isinstance(self.error, LinkedElsewhere):
                return trouble(
                    title, self.error, Item("take", word("link.elsewhere"), first=True), Item("stop", word("home.ok"))
                )
            case Stage.TROUBLE if self.error is not None:
                return trouble(title, self.error, *retry(self.error), Item("number", word("link.again")))
            case _:
                return Progress(title=title, lead=word("link.sending_by_phone" if frame.by_phone else "link.sending"))

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
            items=(
                Item("agree", word("link.consent.agree"), first=True),
                Item("none", word("link.consent.none")),
                Item("stop", word("link.consent.decline")),
            ),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Shown() if self.stage is Stage.CONSENT:
                return Move(jobs=(LookAtCard(),))
            case Done(job=LookAtCard(), result=bool(young)):
                return Move(stay=replace(self, young=young))
            case Failed(job=LookAtCard()):
                return Move()  # what the card does not say is asked of nobody
            case Chosen(id="agree") if self.young:
                return Move(stay=replace(self, stage=Stage.GUARDIAN))
            case Chosen(id="guardian" | "adult" as who):
                return Move(stay=replace(self, stage=Stage.NUMBER, guardian=who == "guardian", young=False))
            case Chosen(id="agree" | "number"):
                return Move(stay=replace(self, stage=Stage.NUMBER, error=None))
            case Chosen(id="none"):
                return Move(stay=replace(self, stage=Stage.NO_CONTRACT))
            case Chosen(id="without"):
                return self._send("")
            case Chosen(id="take"):
                return Move(stay=replace(self, stage=Stage.SENDING), jobs=(TakeLink(),))
            case Done(job=TakeLink()):
                return Move(stay=replace(self, stage=Stage.DONE, key=""), linked=True)
            case Surroundings() if frame.linked and self.stage in (Stage.CONSENT, Stage.NUMBER) and not self.adding:
                return Move(leave=True)  # what was sent earlier has arrived: nothing is left to ask
            case Chosen(id="stop"):
                return Move(back=True)
            case Chosen(id="again"):
                return self._send(self.sent)
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
                return here._send(here._filling.value) if ending is Ending.COMPLETE else Move(stay=here)
        return Move()

    @property
    def _filling(self) -> Filling:
        return self.typed or number_field(self.well_formed)

    def _send(self, number: str) -> Move:
        job = MakeLink(number, self.guardian)
        return Move(stay=replace(self, stage=Stage.SENDING, sent=number), jobs=(job,))

    def _became(self, outcome: Outcome) -> Move:
        match outcome.delivery:
            case Delivery.SENT:
                return Move(stay=replace(self, stage=Stage.DONE, key=""), linked=True)
            case Delivery.WAITING:
                return Move(stay=replace(self, stage=Stage.WAITING, key=outcome.key))
            case Delivery.REFUSED:
                return Move(stay=replace(self, stage=Stage.TROUBLE, error=outcome.error, key=""))
