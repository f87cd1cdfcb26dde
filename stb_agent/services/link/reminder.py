"""The end of a certificate that comes near: when to speak of it, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stb_agent.contract.level import Level
from stb_agent.contract.text import word
from stb_agent.contract.views import Choice, Item, Row, View
from stb_agent.core.page import Chosen, Frame, Move, Page, PageEvent, Requirement
from stb_agent.store.settings import Json, Settings

FROM_DAYS = 91
"""From when a certificate can be renewed: three months before its end (https://www.kojinbango-card.go.jp/apprec/apply/)."""
_EVERY = ((60, 30), (30, 14), (7, 7), (-1, 1))
"""With more days left than the first, every second many days."""
_NAME, _DAY = "certificate reminders", 86400.0


def due(settings: Settings, person: str, days_left: int, now: float) -> bool:
    """Tell whether to speak of it now, and keep that it was done; not at every sign-in, more often near the end. Raises StoreError."""
    if days_left > FROM_DAYS:
        return False
    kept = settings.get(_NAME, {})
    told = kept if isinstance(kept, dict) else {}
    every = next(days for left, days in _EVERY if days_left > left)
    # What is longer ago than any of the intervals says nothing any more: a card that is gone is forgotten.
    recent: dict[str, Json] = {
        it: at for it, at in told.items() if isinstance(at, int | float) and 0 <= now - at < _EVERY[0][1] * _DAY
    }
    last = recent.get(person)
    if isinstance(last, int | float) and now - last < every * _DAY:
        return False
    settings.set(_NAME, {**recent, person: now})
    return True


@dataclass(frozen=True)
class EndingPage(Page):
    """What to do: where to go, what to take, by when; and that everything here stays."""

    needs: ClassVar[Requirement] = Requirement(Level.AUTHENTICATED)
    personal: ClassVar[bool] = True

    days: int

    def view(self, frame: Frame) -> View:
        names = ("where", "take", "cost", "after")
        return Choice(
            title=word("link.ending.title"),
            lead=word("link.ending.lead", days=self.days),
            rows=tuple(Row(word(f"link.ending.{it}_label"), word(f"link.ending.{it}")) for it in names),
            items=(Item("ok", word("home.ok"), first=True),),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        return Move(leave=isinstance(event, Chosen))
