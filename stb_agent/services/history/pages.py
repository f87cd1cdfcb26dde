"""The pages of what was sent: whose, one by one or by day, and one of them in full."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import ClassVar

import msgspec

from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.level import Level
from stb_agent.contract.text import Word, word
from stb_agent.contract.transmissions import Kind, Result, Transmission
from stb_agent.contract.views import Detail, Item, List, Message, Progress, Row, Skeleton, Tone, View
from stb_agent.core.page import Chosen, Done, Failed, Frame, Job, Move, Page, PageEvent, Requirement, Shown
from stb_agent.core.service import retry, trouble
from stb_agent.store.transmissions import Day


@dataclass(frozen=True)
class LoadOwn(Job):
    """Read what was sent in the name of whoever is signed in; answers Own."""

    service: ClassVar[str] = "history"


@dataclass(frozen=True)
class LoadBox(Job):
    """Read what the box sent of itself; answers its days, newest first."""

    service: ClassVar[str] = "history"


@dataclass(frozen=True)
class Unsent:
    """A change that waits in the outbox: when it was made (RFC 3339), and what it will be."""

    at: str
    kind: Kind


@dataclass(frozen=True)
class Own:
    """What was sent in a person's name, newest first, what still waits, and the days of which sums are left. ``items``: its lines."""

    sent: tuple[Transmission, ...]
    days: tuple[Day, ...]
    items: tuple[Item, ...] = field(repr=False)

    @classmethod
    def of(cls, waiting: Sequence[Unsent], sent: Sequence[Transmission], days: Sequence[Day]) -> Own:
        """Make the lines once: there may be thousands."""
        lines = (
            *(_waits(at, it) for at, it in enumerate(waiting)),
            *(_line(at, it) for at, it in enumerate(sent)),
            *_days(days),
        )
        return cls(tuple(sent), tuple(days), _focused(lines))


def _focused(lines: tuple[Item, ...]) -> tuple[Item, ...]:
    """Give the lines with the focus on the first."""
    return (msgspec.structs.replace(lines[0], first=True), *lines[1:]) if lines else ()


@dataclass(frozen=True)
class HistoryPage(Page):
    """Whose transmissions to look at. Nothing personal: that asks for the card."""

    def view(self, frame: Frame) -> View:
        return List(
            title=word("history.title"),
            lead=word("history.lead"),
            items=(
                Item("own", word("history.own.title"), word("history.own.detail"), first=True),
                Item("box", word("history.box.title"), word("history.box.detail")),
            ),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Chosen(id="own"):
                return Move(push=OwnPage())
            case Chosen(id="box"):
                return Move(push=BoxPage())
        return Move()


@dataclass(frozen=True)
class OwnPage(Page):
    """What was sent in the name of whoever is signed in."""

    needs: ClassVar[Requirement] = Requirement(Level.AUTHENTICATED)
    personal: ClassVar[bool] = True

    own: Own | None = None
    error: ChanomaError | None = None

    def blank(self) -> OwnPage:
        return OwnPage()

    def view(self, frame: Frame) -> View:
        title = word("history.own.title")
        if self.error is not None:
            return trouble(title, self.error, *retry(self.error))
        if self.own is None:
            return Progress(title=title, lead=word("history.loading"), like=Skeleton.LIST)
        if not self.own.items:
            return Message(title=title, tone=Tone.INFO, lead=word("history.own.none"), remedy=word("history.never"))
        return List(title=title, lead=word("history.own.lead"), items=self.own.items)

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Shown() | Chosen(id="again"):
                return Move(stay=OwnPage(self.own), jobs=(LoadOwn(),))
            case Done(result=Own() as own):
                return Move(stay=OwnPage(own))
            case Failed(error=error):
                return Move(stay=OwnPage(error=error))
            case Chosen(id=id_) if (
                self.own is not None and (number := _number(id_, "sent:", self.own.sent)) is not None
            ):
                return Move(push=SentPage(self.own.sent[number]))
            case Chosen(id=id_) if self.own is not None and (number := _number(id_, "day:", self.own.days)) is not None:
                return Move(push=OwnDayPage(self.own.days[number]))
        return Move()


@dataclass(frozen=True)
class SentPage(Page):
    """One transmission: when, to whom, what, what for, and what became of it."""

    needs: ClassVar[Requirement] = Requirement(Level.AUTHENTICATED)
    personal: ClassVar[bool] = True

    sent: Transmission

    def view(self, frame: Frame) -> View:
        sent = self.sent
        return Detail(
            title=word("history.one"),
            lead=word("history.never"),
            rows=(
                Row(word("history.label.what"), what(sent.kind)),
                Row(word("history.label.why"), word(f"history.why.{sent.kind}")),
                Row(word("history.label.to"), word("history.to_host", to=_to(sent.kind), host=sent.host)),
                Row(word("history.label.result"), _result(sent.result)),
                Row(word("history.label.at"), word("history.full", at=_moment(sent.at))),
                Row(
                    word("history.label.size"),
                    word("history.bytes", size=sent.size) if sent.size else word("history.empty"),
                ),
            ),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        return Move()


@dataclass(frozen=True)
class BoxPage(Page):
    """What the box sent of itself, by day."""

    days: tuple[Day, ...] | None = None
    error: ChanomaError | None = None

    def view(self, frame: Frame) -> View:
        title = word("history.box.title")
        if self.error is not None:
            return trouble(title, self.error, *retry(self.error))
        if self.days is None:
            return Progress(title=title, lead=word("history.loading"), like=Skeleton.LIST)
        if not self.days:
            return Message(title=title, tone=Tone.INFO, lead=word("history.box.none"))
        return List(title=title, lead=word("history.box.lead"), items=_focused(tuple(_days(self.days))))

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Shown() | Chosen(id="again"):
                return Move(stay=BoxPage(self.days), jobs=(LoadBox(),))
            case Done(result=tuple() as days):
                return Move(stay=BoxPage(days))
            case Failed(error=error):
                return Move(stay=BoxPage(error=error))
            case Chosen(id=id_) if self.days is not None and (number := _number(id_, "day:", self.days)) is not None:
                return Move(push=DayPage(self.days[number]))
        return Move()


@dataclass(frozen=True)
class DayPage(Page):
    """What was sent on a day, added up."""

    day: Day

    def view(self, frame: Frame) -> View:
        return Detail(
            title=word("history.day", at=self.day.day),
            lead=word("history.never"),
            rows=tuple(
                Row(
                    what(it.kind),
                    word("history.sum", to=_to(it.kind), host=it.host, result=_result(it.result), count=it.count),
                )
                for it in self.day.sums
            ),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        return Move()


@dataclass(frozen=True)
class OwnDayPage(DayPage):
    """The same of a person."""

    needs: ClassVar[Requirement] = Requirement(Level.AUTHENTICATED)
    personal: ClassVar[bool] = True


@cache
def what(kind: Kind) -> Word:
    """Say what a transmission of this kind holds."""
    return word(f"history.what.{kind}")


def _line(at: int, sent: Transmission) -> Item:
    line = word("history.line", at=_moment(sent.at), to=_near(sent.kind), result=_result(sent.result))
    return Item(f"sent:{at}", what(sent.kind), line)


def _waits(at: int, unsent: Unsent) -> Item:
    line = word("history.line", at=unsent.at, to=_near(unsent.kind), result=word("history.result.waiting"))
    return Item(f"wait:{at}", what(unsent.kind), line)


def _days(days: Iterable[Day]) -> Iterable[Item]:
    for at, day in enumerate(days):
        times = sum(it.count for it in day.sums)
        yield Item(f"day:{at}", word("history.day", at=day.day), word("history.times", count=times))


@cache
def _near(kind: Kind) -> Word:
    return word(f"history.near.{kind.recipient}")


def _to(kind: Kind) -> Word:
    return word(f"history.to.{kind.recipient}")


@cache
def _result(result: Result) -> Word:
    return word(f"history.result.{result}")


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


def _number(id_: str, prefix: str, of: Sequence[object]) -> int | None:
    """Give the place in ``of`` that an id names, or None."""
    number = id_.removeprefix(prefix)
    if id_ == number or not (number.isascii() and number.isdigit()) or int(number) >= len(of):
        return None
    return int(number)
