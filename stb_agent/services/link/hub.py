"""カードの登録: what there is to do with a link, how it stands, its end, and the receipts of what ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import ClassVar

from stb_agent.cable_id.errors import LinkGone
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.level import Level
from stb_agent.contract.text import Text, word
from stb_agent.contract.views import Choice, Delivery, Detail, Item, List, Message, Progress, Row, Skeleton, Tone, View
from stb_agent.core.page import Chosen, Delivered, Done, Failed, Frame, Move, Page, PageEvent, Requirement, Shown
from stb_agent.core.service import retry, trouble
from stb_agent.services.link.boxes import BoxesPage
from stb_agent.services.link.jobs import CheckLink, End, Leave, LoadEnds, LoadMine, Mine, Outcome
from stb_agent.services.link.lost import LostPage
from stb_agent.services.link.reminder import FROM_DAYS


@dataclass(frozen=True)
class HubPage(Page):
    """What there is to do; what needs the person says so by asking for the card."""

    well_formed: Callable[[str], bool] = field(repr=False)
    make: Callable[[], Page] = field(repr=False)
    ended: bool = False
    """Whether there are receipts to be seen."""

    def view(self, frame: Frame) -> View:
        return List(
            title=word("link.hub.tile"),
            lead=word("link.hub.lead"),
            items=tuple(
                Item(it, word(f"link.hub.{it}"), word(f"link.hub.{it}_detail"))
                for it in ("mine", "lost", "boxes", "leave", *(("ends",) if self.ended else ()))
            ),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Chosen(id="mine"):
                return Move(push=MinePage(self.make))
            case Chosen(id="boxes"):
                return Move(push=BoxesPage())
            case Chosen(id="lost"):
                return Move(push=LostPage(self.well_formed))
            case Chosen(id="leave"):
                return Move(push=LeavePage())
            case Chosen(id="ends"):
                return Move(push=EndsPage())
        return Move()


@dataclass(frozen=True)
class MinePage(Page):
    """How the signed-in person is linked."""

    needs: ClassVar[Requirement] = Requirement(Level.AUTHENTICATED, linked=True)
    personal: ClassVar[bool] = True

    make: Callable[[], Page] = field(repr=False)
    mine: Mine | None = None
    error: ChanomaError | None = None

    def blank(self) -> Page:
        return MinePage(self.make)

    def view(self, frame: Frame) -> View:
        title = word("link.hub.mine")
        if self.error is not None:
            return trouble(title, self.error, *retry(self.error))
        mine = self.mine
        if mine is None:
            return Progress(title=title, lead=word("link.mine.loading"), like=Skeleton.DETAIL)
        days = mine.days_left
        return Detail(
            title=title,
            rows=(
                Row(word("link.mine.operator"), mine.operator),
                Row(word("link.mine.since_label"), word("link.mine.since", at=mine.since)),
                Row(
                    word("link.mine.contract_label"),
                    word("link.mine.contract" if mine.contract else "link.mine.no_contract"),
                ),
                *((Row(word("link.mine.days_label"), _left(days)),) if days is not None else ()),
            ),
            items=(
                *(() if mine.contract else (Item("contract", word("link.mine.add"), first=True),)),
                Item("ok", word("home.ok"), first=mine.contract),
            ),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Shown() | Chosen(id="again"):
                return Move(stay=replace(self, error=None), jobs=(LoadMine(),))
            case Done(result=Mine() as mine):
                return Move(stay=replace(self, mine=mine))
            case Failed(error=error):
                return Move(stay=replace(self, error=error))
            case Chosen(id="contract"):
                return Move(push=self.make())
            case Chosen(id="ok"):
                return Move(leave=True)
        return Move()


@dataclass(frozen=True)
class LeavePage(Page):
    """The end of one's link: asked once, with what goes and what stays."""

    needs: ClassVar[Requirement] = Requirement(Level.AUTHENTICATED, linked=True)
    personal: ClassVar[bool] = True

    sending: bool = False
    error: ChanomaError | None = None

    def blank(self) -> Page:
        return LeavePage()

    def view(self, frame: Frame) -> View:
        title = word("link.leave.title")
        if self.error is not None:
            return trouble(title, self.error, *retry(self.error))
        if self.sending:
            return Progress(title=title, lead=word("link.leave.sending"))
        return Choice(
            title=title,
            lead=word("link.leave.lead"),
            rows=(
                Row(word("link.leave.goes_label"), word("link.leave.goes")),
                Row(word("link.leave.stays_label"), word("link.leave.stays")),
            ),
            items=(Item("stop", word("link.leave.stop"), first=True), Item("leave", word("link.leave.go"))),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Chosen(id="leave" | "again"):
                return Move(stay=LeavePage(sending=True), jobs=(Leave(),))
            case Chosen(id="stop"):
                return Move(leave=True)
            case Done(result=Outcome() as outcome):
                return Move(replace=LeftPage(outcome))
            case Failed(error=error):
                return Move(stay=LeavePage(error=error))
        return Move()


@dataclass(frozen=True)
class LeftPage(Page):
    """What became of the end: the session is over, and the receipt is here as soon as the platform has given it."""

    outcome: Outcome

    def view(self, frame: Frame) -> View:
        outcome = self.outcome
        ok = Item("ok", word("home.ok"), first=True)
        match outcome.delivery:
            case Delivery.SENT:
                return Message(
                    title=word("link.left.title"),
                    tone=Tone.OK,
                    lead=word("link.left.sent", receipt=_grouped(outcome.receipt)),
                    remedy=word("link.left.sent_remedy"),
                    items=(ok,),
                )
            case Delivery.WAITING:
                return Message(
                    title=word("link.left.title"),
                    tone=Tone.WARNING,
                    lead=word("link.left.waiting"),
                    remedy=word("link.left.waiting_remedy"),
                    items=(ok,),
                )
        if isinstance(outcome.error, LinkGone):  # what was wished for is so
            return Message(
                title=word("link.left.title"),
                tone=Tone.OK,
                lead=word("link.left.before"),
                remedy=word("link.left.before_remedy"),
                items=(ok,),
            )
        return trouble(word("link.left.title"), outcome.error or ChanomaError(), ok)

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Shown():
                return Move(sign_out=True)
            case Chosen(id="ok"):
                return Move(home=True)
            case Delivered(key=key) if key == self.outcome.key:
                return Move(jobs=(CheckLink(key),))
            case Done(result=Outcome() as outcome):
                return Move(stay=LeftPage(outcome))
        return Move()


@dataclass(frozen=True)
class EndsPage(Page):
    """The receipts of links that ended here: dates and digits, and nobody's name."""

    ends: tuple[End, ...] | None = None

    def view(self, frame: Frame) -> View:
        title = word("link.hub.ends")
        if self.ends is None:
            return Progress(title=title, lead=word("link.mine.loading"), like=Skeleton.DETAIL)
        if not self.ends:
            return Message(
                title=title,
                tone=Tone.INFO,
                lead=word("link.ends.none"),
                items=(Item("ok", word("home.ok"), first=True),),
            )
        return Detail(
            title=title,
            lead=word("link.ends.lead"),
            rows=tuple(Row(word("link.ends.label"), _said(it)) for it in self.ends),
            items=(Item("ok", word("home.ok"), first=True),),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Shown() | Delivered():
                return Move(jobs=(LoadEnds(),))
            case Done(result=tuple(ends)):
                return Move(stay=EndsPage(ends))
            case Chosen():
                return Move(leave=True)
        return Move()


def _left(days: int) -> Text:
    return word("link.ending.days", days=days) if days <= FROM_DAYS else word("link.mine.long")


def _said(end: End) -> Text:
    match end.outcome.delivery:
        case Delivery.SENT:
            return word("link.ends.receipt", at=end.at, receipt=_grouped(end.outcome.receipt))
        case Delivery.WAITING:
            return word("link.ends.waiting", at=end.at)
    return word("link.ends.before", at=end.at)


def _grouped(receipt: str) -> str:
    return f"{receipt[:4]} {receipt[4:]}"
