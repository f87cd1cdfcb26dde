"""What happened elsewhere, said to the person whom it concerns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from stb_agent.contract.level import Level
from stb_agent.contract.text import Text, word
from stb_agent.contract.views import Detail, Item, Message, Progress, Row, Skeleton, Tone, View
from stb_agent.core.page import Chosen, Done, Frame, Job, Move, Page, PageEvent, Requirement, Shown


@dataclass(frozen=True)
class LoadAddress(Job):
    """Give when the platform was told that an address may have changed (RFC 3339, each once), and take it as shown."""

    service: ClassVar[str] = "news"


@dataclass(frozen=True)
class EndedPage(Page):
    """The platform ended the session: who did, and that nothing personal is left. ``by`` is one of CAEP's four."""

    by: str

    def view(self, frame: Frame) -> View:
        return Message(
            title=word("news.revoked.title"),
            tone=Tone.INFO,
            lead=word(f"news.revoked.by_{self.by}"),
            remedy=word("news.revoked.remedy"),
            items=(Item("ok", word("home.ok"), first=True),),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        return Move(home=True) if isinstance(event, Chosen) else Move()


@dataclass(frozen=True)
class SuspendedPage(Page):
    """The card of the session was reported lost, or its link rests for another reason: the session ended with it."""

    lost: bool
    operator: Text

    def view(self, frame: Frame) -> View:
        return Message(
            title=word("news.suspended.title"),
            tone=Tone.WARNING,
            lead=word("news.suspended.lost" if self.lost else "news.suspended.rests"),
            remedy=word("news.suspended.remedy", operator=self.operator),
            items=(Item("ok", word("home.ok"), first=True),),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        return Move(home=True) if isinstance(event, Chosen) else Move()


@dataclass(frozen=True)
class AddressPage(Page):
    """That the person's registered address may have changed, and what that means here. Not what it is: nobody here knows."""

    needs: ClassVar[Requirement] = Requirement(Level.AUTHENTICATED)
    personal: ClassVar[bool] = True
    told: Sequence[str] | None = None

    def view(self, frame: Frame) -> View:
        if self.told is None:
            return Progress(title=word("news.address.title"), lead=word("news.address.loading"), like=Skeleton.DETAIL)
        return Detail(
            title=word("news.address.title"),
            lead=word("news.address.lead"),
            rows=(
                *(Row(word("news.address.when"), word("news.address.at", at=at)) for at in self.told),
                Row(word("news.address.services"), word("news.address.services_as_before")),
                Row(word("news.address.change_label"), word("news.address.change")),
                Row(word("news.address.what"), word("news.address.not_known")),
            ),
            items=(Item("ok", word("home.ok"), first=True),),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Shown() if self.told is None:
                return Move(jobs=(LoadAddress(),))
            case Done(job=LoadAddress(), result=tuple(told)) if told:
                return Move(stay=replace(self, told=told))
            case Done() | Chosen(id="ok"):
                return Move(home=True)
        return Move()

    def blank(self) -> Page:
        return AddressPage()
