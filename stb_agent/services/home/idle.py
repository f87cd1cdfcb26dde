"""What is said before what is personal is put away because no key came, and after it."""

from __future__ import annotations

from dataclasses import dataclass

from stb_agent.contract.text import word
from stb_agent.contract.views import Item, Message, Tone, View
from stb_agent.core.page import Chosen, Frame, IdleNotice, LockNotice, Move, PageEvent


@dataclass(frozen=True)
class IdleWarning(IdleNotice):
    """So many seconds are left, unless a key comes: whichever it is, it does nothing else."""

    left: int

    def view(self, frame: Frame) -> View:
        return Message(
            title=word("home.idle.title"),
            tone=Tone.WARNING,
            lead=word("home.idle.cause"),
            remedy=word("home.idle.remedy"),
            left=self.left,
            items=(Item("stay", word("home.idle.stay"), first=True),),
        )


@dataclass(frozen=True)
class Locked(LockNotice):
    """What is personal was put away: going on leads to where one was, behind the lock."""

    def view(self, frame: Frame) -> View:
        return Message(
            title=word("home.locked.title"),
            tone=Tone.INFO,
            lead=word("home.locked.cause"),
            remedy=word("home.locked.remedy" if frame.card_in else "home.locked.remedy_no_card"),
            items=(Item("go", word("home.locked.go"), first=True),),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        return Move(leave=True) if isinstance(event, Chosen) else Move()
