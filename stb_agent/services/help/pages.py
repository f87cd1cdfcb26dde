"""The pages of help."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import ClassVar

from stb_agent.contract.text import Text, word
from stb_agent.contract.views import Contact, Detail, Help, Item, Row, SupportCode, View
from stb_agent.core.page import Chosen, Done, Failed, Frame, Job, Move, Opened, Page, PageEvent, Shown


@dataclass(frozen=True)
class MakeCode(Job):
    """Make the support code, not before ``after`` (seconds since 1970); answers (SupportCode, when to look again) or NoCode."""

    service: ClassVar[str] = "help"
    after: float = 0.0


@dataclass(frozen=True)
class NoCode:
    """Why there is no support code."""

    why: Text


@dataclass(frozen=True)
class HelpPage(Page):
    """Whom to call and what to say there. ``history`` makes the page that tells what was sent."""

    contact: Contact
    opened: Opened
    support: SupportCode | None = None
    unsupported: Text | None = None
    history: Callable[[], Page] | None = field(default=None, repr=False)

    def view(self, frame: Frame) -> View:
        return Help(
            title=word("help.title"),
            contact=self.contact,
            support=self.support,
            unsupported=self.unsupported,
            code=self.opened.code,
            sees=(word("help.sees.code"), word("help.sees.failure")) if self.opened.code else (word("help.sees.code"),),
            hidden=(word("help.hidden.screen"), word("help.hidden.pin"), word("help.hidden.number")),
            items=(
                Item("pin", word("help.forgot")),
                *((Item("history", word("history.title")),) if self.history else ()),
            ),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Shown():
                return Move(jobs=(MakeCode(),))
            case Done(result=(SupportCode() as support, float() as again)):
                return Move(stay=replace(self, support=support, unsupported=None), jobs=(MakeCode(again),))
            case Done(result=NoCode(why=why)):
                return Move(stay=replace(self, support=None, unsupported=why))
            case Failed():
                return Move(stay=replace(self, support=None, unsupported=word("help.no_code")))
            case Chosen(id="pin"):
                return Move(push=PinPage())
            case Chosen(id="history") if self.history is not None:
                return Move(replace=self.history())
        return Move()


@dataclass(frozen=True)
class PinPage(Page):
    """A forgotten PIN: which of the card's numbers is meant, where to go, what to take.

    The ways are those of the certification authority's portal (公的個人認証サービス ポータルサイト, JPKI暗証番号リセット) and of the municipalities.
    """

    def view(self, frame: Frame) -> View:
        return Detail(
            title=word("help.pin.title"),
            lead=word("help.pin.lead"),
            rows=tuple(
                Row(word(f"help.pin.{row}.label"), word(f"help.pin.{row}.value"))
                for row in ("which", "not", "where", "take", "shop", "shop_take")
            ),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        return Move()
