"""A lost card: what to do first, whose it is, and what became of stopping it.

Whoever is at this television and knows the contract number may stop a card of the house, and so may somebody of the house who is signed in: it can
be taken back with the card in a minute, while a card in strange hands cannot wait. A card that was registered without a contract may be stopped
by whoever is at its television. No name of the house is shown before number or person is known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum

from stb_agent.contract.actions import Action
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.level import Level
from stb_agent.contract.text import Text, word
from stb_agent.contract.views import Choice, Delivery, Item, List, Message, Progress, Row, Tone, View
from stb_agent.core.form import Ending, Filling
from stb_agent.core.page import Chosen, Covered, Delivered, Done, Failed, Frame, Job, Move, Page, PageEvent, Pressed
from stb_agent.core.service import retry, trouble
from stb_agent.services.link.jobs import (
    CheckLink,
    LoadHousehold,
    LoadWithoutContract,
    Lost,
    Outcome,
    SuspendCard,
    SuspendWithoutContract,
)
from stb_agent.services.link.standing import number_field

HOTLINE = "0120-95-0178"
"""マイナンバー総合フリーダイヤル: stops a lost card day and night (https://www.kojinbango-card.go.jp/contact/)."""


class By(Enum):
    """By what a card may be stopped: the contract number, somebody of the house who is signed in, or that it was registered without a number."""

    NUMBER = "number"
    MEMBER = "member"
    TELEVISION = "television"


class Stage(Enum):
    """Where stopping a card stands."""

    FIRST = "first"
    NUMBER = "number"
    LOOKING = "looking"
    WHOSE = "whose"
    SURE = "sure"
    SENDING = "sending"
    WAITING = "waiting"
    DONE = "done"
    TROUBLE = "trouble"


@dataclass(frozen=True)
class LostPage(Page):
    """Lead from "I have lost it" to a card that nobody can use here."""

    well_formed: Callable[[str], bool] = field(repr=False)
    stage: Stage = Stage.FIRST
    typed: Filling | None = field(default=None, repr=False)
    found: tuple[Lost, ...] = ()
    chosen: Lost | None = None
    by: By = By.NUMBER
    error: ChanomaError | None = None
    key: str = ""

    def own_keys(self) -> frozenset[Action]:
        return self._filling.own_keys() if self.stage is Stage.NUMBER else frozenset()

    def half_typed(self) -> bool:
        return self.stage in (Stage.NUMBER, Stage.WHOSE, Stage.SURE) and self.typed is not None

    def view(self, frame: Frame) -> View:
        title = word("link.lost.title")
        match self.stage:
            case Stage.FIRST:
                return self._first(frame)
            case Stage.NUMBER:
                return self._filling.view(word("link.number.title"), word("link.lost.number"))
            case Stage.WHOSE if not self.found:
                return _message(Tone.INFO, "link.lost.no_other" if self.by is By.TELEVISION else "link.lost.nobody")
            case Stage.WHOSE:
                return List(
                    title=title,
                    lead=word("link.lost.which" if self.by is By.TELEVISION else "link.lost.whose"),
                    items=tuple(self._item(at, it) for at, it in enumerate(self.found)),
                )
            case Stage.SURE if self.chosen is not None:
                return Choice(
                    title=title,
                    lead=word("link.lost.sure"),
                    rows=(
                        self._row(self.chosen),
                        Row(word("link.lost.then_label"), word("link.lost.then")),
                    ),
                    items=(Item("stop", word("link.lost.not_now"), first=True), Item("suspend", word("link.lost.go"))),
                )
            case Stage.WAITING:
                return _message(Tone.WARNING, "link.lost.waiting")
            case Stage.DONE:
                return _message(Tone.OK, "link.lost.done")
            case Stage.TROUBLE if self.error is not None:
                number = () if self.by is By.TELEVISION else (Item("number", word("link.again")),)
                return trouble(title, self.error, *retry(self.error), *number)
            case _:
                return Progress(title=title, lead=word("link.lost.sending"))

    def _first(self, frame: Frame) -> View:
        return Choice(
            title=word("link.lost.title"),
            lead=word("link.lost.lead"),
            rows=(
                Row(word("link.lost.card_label"), word("link.lost.card", phone=HOTLINE)),
                Row(word("link.lost.here_label"), word("link.lost.here")),
            ),
            items=(
                Item("begin", word("link.lost.begin"), first=True),
                *(() if _member(frame) else (Item("none", word("link.consent.none")),)),
                Item("back_home", word("link.lost.not_now")),
            ),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Covered() if self.stage in (Stage.NUMBER, Stage.WHOSE, Stage.SURE):
                return Move(stay=LostPage(self.well_formed))  # whoever comes back may be somebody else
            case Chosen(id="begin"):
                if _member(frame):
                    return replace(self, by=By.MEMBER)._look()
                return Move(stay=replace(self, stage=Stage.NUMBER, by=By.NUMBER))
            case Chosen(id="none"):
                return replace(self, by=By.TELEVISION)._look()
            case Chosen(id="number"):
                return Move(stay=LostPage(self.well_formed, Stage.NUMBER))
            case Chosen(id="stop" | "back_home" | "ok"):
                return Move(leave=True)
            case Chosen(id="again") if self.chosen is not None:
                return self._suspend(self.chosen)
            case Chosen(id="again"):
                return self._look()
            case Chosen(id="suspend") if self.chosen is not None:
                return self._suspend(self.chosen)
            case Done(job=LoadHousehold() | LoadWithoutContract(), result=tuple(found)):
                return Move(stay=replace(self, stage=Stage.WHOSE, found=found))
            case Done(result=Outcome() as outcome):
                return self._became(outcome)
            case Failed(error=error):
                return Move(stay=replace(self, stage=Stage.TROUBLE, error=error))
            case Delivered(key=key) if key and key == self.key:
                return Move(jobs=(CheckLink(key),))
            case Chosen(id=id_) if self.stage is Stage.WHOSE:
                for at, it in enumerate(self.found):
                    if id_ == f"who:{at}" and not it.suspended:
                        return Move(stay=replace(self, stage=Stage.SURE, chosen=it))
            case Chosen() | Pressed() if self.stage is Stage.NUMBER:
                typed, ending = self._filling.on(event)
                here = replace(self, typed=typed)
                return here._look() if ending is Ending.COMPLETE else Move(stay=here)
        return Move()

    @property
    def _filling(self) -> Filling:
        return self.typed or number_field(self.well_formed)

    @property
    def _number(self) -> str:
        return self._filling.value if self.by is By.NUMBER else ""

    def _item(self, at: int, lost: Lost) -> Item:
        stopped = word("link.lost.stopped") if lost.suspended else None
        if self.by is By.TELEVISION:
            return Item(f"who:{at}", _since(lost), stopped)
        return Item(f"who:{at}", _named(lost), stopped or _since(lost))

    def _row(self, lost: Lost) -> Row:
        if self.by is By.TELEVISION:
            return Row(word("link.lost.which_label"), _since(lost))
        return Row(word("link.lost.who_label"), _named(lost))

    def _look(self) -> Move:
        job: Job = LoadHousehold(self._number)
        if self.by is By.TELEVISION:
            job = LoadWithoutContract()
        return Move(stay=replace(self, stage=Stage.LOOKING, error=None), jobs=(job,))

    def _suspend(self, lost: Lost) -> Move:
        job: Job = SuspendCard(lost.link_id, self._number)
        if self.by is By.TELEVISION:
            job = SuspendWithoutContract(lost.link_id)
        return Move(stay=replace(self, stage=Stage.SENDING, error=None), jobs=(job,))

    def _became(self, outcome: Outcome) -> Move:
        match outcome.delivery:
            case Delivery.SENT:
                return Move(stay=LostPage(self.well_formed, Stage.DONE))
            case Delivery.WAITING:
                return Move(stay=LostPage(self.well_formed, Stage.WAITING, key=outcome.key))
            case Delivery.REFUSED:
                return Move(stay=replace(self, stage=Stage.TROUBLE, error=outcome.error, key=""))


def _message(tone: Tone, code: str) -> Message:
    return Message(
        title=word("link.lost.title"),
        tone=tone,
        lead=word(f"{code}.lead"),
        remedy=word(f"{code}.remedy", phone=HOTLINE),
        items=(Item("ok", word("home.ok"), first=True),),
    )


def _named(lost: Lost) -> Text:
    return lost.called if lost.called is not None else word("settings.people.unnamed")


def _member(frame: Frame) -> bool:
    return frame.level >= Level.AUTHENTICATED and frame.linked


def _since(lost: Lost) -> Text:
    return word("settings.people.since", at=lost.since)
