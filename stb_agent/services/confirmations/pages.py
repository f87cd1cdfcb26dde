"""The pages of what a call centre asks: all questions, one of them, and what became of the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from stb_agent.cable_id.confirmations import Confirmation
from stb_agent.cable_id.errors import RequestExpired
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.level import Level
from stb_agent.contract.text import Text, word
from stb_agent.contract.views import Choice, Item, List, Message, Progress, Row, Tone, View
from stb_agent.core.page import Chosen, Done, Failed, Frame, Job, Move, Page, PageEvent, Requirement, Shown
from stb_agent.core.service import retry, trouble

_LINE = 20
"""Characters."""


@dataclass(frozen=True)
class Waiting:
    """A question, and for how many more minutes it can be answered."""

    asked: Confirmation
    minutes: int


@dataclass(frozen=True)
class Decide(Job):
    """Bring the person's answer; answers what was decided."""

    service: ClassVar[str] = "confirmations"
    asked: Confirmation = field(repr=False)
    approve: bool


@dataclass(frozen=True)
class ConfirmationsPage(Page):
    """All that is asked now."""

    needs: ClassVar[Requirement] = Requirement(Level.AUTHENTICATED)
    personal: ClassVar[bool] = True

    all: Callable[[], tuple[Waiting, ...]] = field(repr=False)
    operator: Text

    def view(self, frame: Frame) -> View:
        title = word("confirmations.title")
        items = tuple(
            Item(it.asked.id, _beginning(it.asked.message), word("confirmations.left", minutes=it.minutes), first=not n)
            for n, it in enumerate(self.all())
        )
        if not items:
            ok = Item("ok", word("home.ok"), first=True)
            return Message(title=title, tone=Tone.INFO, lead=word("confirmations.none"), items=(ok,))
        return List(title=title, lead=word("confirmations.which", operator=self.operator), items=items)

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Chosen(id="ok"):
                return Move(home=True)
            case Chosen(id=id_):
                for it in self.all():
                    if it.asked.id == id_:
                        return Move(push=AskPage(it.asked, self))
        return Move()


def _beginning(message: str) -> Text:
    """Give as much of a message as stands on a line of a list; its page has all of it."""
    return message if len(message) <= _LINE else word("confirmations.beginning", text=message[:_LINE])


@dataclass(frozen=True)
class AskPage(Page):
    """One question, as the call centre says it too. What has the focus first decides nothing."""

    needs: ClassVar[Requirement] = Requirement(Level.AUTHENTICATED)
    personal: ClassVar[bool] = True

    asked: Confirmation = field(repr=False)
    every: ConfirmationsPage

    def blank(self) -> Page:
        return self.every

    def view(self, frame: Frame) -> View:
        title = word("confirmations.title")
        left = next((it.minutes for it in self.every.all() if it.asked.id == self.asked.id), None)
        if left is None:
            ok = Item("ok", word("home.ok"), first=True)
            lead, remedy = word("confirmations.gone"), word("confirmations.gone_how")
            return Message(title=title, tone=Tone.INFO, lead=lead, remedy=remedy, items=(ok,))
        return Choice(
            title=title,
            lead=word("confirmations.lead"),
            rows=(
                Row(word("confirmations.message"), self.asked.message),
                Row(word("confirmations.from"), word("confirmations.centre", operator=self.every.operator)),
                Row(word("confirmations.until"), word("confirmations.left", minutes=left)),
            ),
            items=(
                Item("approve", word("confirmations.approve")),
                Item("deny", word("confirmations.deny")),
                Item("later", word("confirmations.later"), first=True),
            ),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Chosen(id="approve"):
                return Move(push=ApprovePage(self.asked, self.every))
            case Chosen(id="deny"):
                return Move(push=DecidePage(self.asked, self.every))
            case Chosen(id="later"):
                return Move(back=True)
            case Chosen(id="ok"):
                return Move(home=True)
        return Move()


@dataclass(frozen=True)
class DecidePage(Page):
    """Send the answer no, and say what became of it."""

    needs: ClassVar[Requirement] = Requirement(Level.AUTHENTICATED)
    personal: ClassVar[bool] = True
    approve: ClassVar[bool] = False

    asked: Confirmation = field(repr=False)
    every: ConfirmationsPage
    done: bool = False
    error: ChanomaError | None = None

    def blank(self) -> Page:
        return self.every

    def view(self, frame: Frame) -> View:
        title, ok = word("confirmations.title"), Item("ok", word("home.ok"), first=True)
        if self.error is not None:
            over = isinstance(self.error, RequestExpired)  # the same question is not asked again
            return trouble(title, self.error, *((ok,) if over else retry(self.error)))
        if self.done:
            said = "approved" if self.approve else "denied"
            lead, remedy = word(f"confirmations.{said}"), word(f"confirmations.{said}_how")
            return Message(title=title, tone=Tone.OK, lead=lead, remedy=remedy, items=(ok,))
        return Progress(title=title, lead=word("confirmations.sending"))

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Shown() if not self.done and self.error is None:
                return self._send()
            case Chosen(id="again") if self.error is not None:
                return self._send()
            case Chosen(id="ok"):
                return Move(home=True)
            case Done(job=Decide()):
                return Move(stay=type(self)(self.asked, self.every, done=True))
            case Failed(error=error):
                return Move(stay=type(self)(self.asked, self.every, error=error))
        return Move()

    def _send(self) -> Move:
        return Move(stay=type(self)(self.asked, self.every), jobs=(Decide(self.asked, self.approve),))


@dataclass(frozen=True)
class ApprovePage(DecidePage):
    """Send the answer yes; it needs a fresh proof by the card, as the operator's policy says."""

    needs: ClassVar[Requirement] = Requirement(service="confirmations")
    approve: ClassVar[bool] = True
