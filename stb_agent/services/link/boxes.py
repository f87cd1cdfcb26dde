"""The televisions at which a person is known, besides this one, and the end of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import ClassVar

from stb_agent.cable_id.life import KnownBox
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.level import Level
from stb_agent.contract.text import Text, word
from stb_agent.contract.views import Choice, Item, List, Message, Progress, Row, Skeleton, Tone, View
from stb_agent.core.page import Chosen, Done, Failed, Frame, Move, Page, PageEvent, Requirement, Shown
from stb_agent.core.service import retry, trouble
from stb_agent.services.link.jobs import EndBox, LoadBoxes


@dataclass(frozen=True)
class BoxesPage(Page):
    """All of them; one may be ended, after a question."""

    needs: ClassVar[Requirement] = Requirement(Level.AUTHENTICATED, linked=True)
    personal: ClassVar[bool] = True

    boxes: tuple[KnownBox, ...] | None = None
    chosen: KnownBox | None = None
    error: ChanomaError | None = None

    def blank(self) -> Page:
        return BoxesPage()

    def view(self, frame: Frame) -> View:
        title = word("link.boxes.title")
        if self.error is not None:
            return trouble(title, self.error, *retry(self.error))
        if self.boxes is None:
            return Progress(title=title, lead=word("link.boxes.loading"), like=Skeleton.LIST)
        if self.chosen is not None:
            return whether(self.chosen)
        if not self.boxes:
            return Message(
                title=title,
                tone=Tone.INFO,
                lead=word("link.boxes.none"),
                items=(Item("ok", word("home.ok"), first=True),),
            )
        return listed(title, word("link.boxes.lead"), self.boxes)

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Shown() | Chosen(id="again"):
                return Move(stay=BoxesPage(), jobs=(LoadBoxes(),))
            case Done(result=tuple(boxes)):
                return Move(stay=BoxesPage(tuple(it for it in boxes if not it.here)))
            case Failed(error=error):
                return Move(stay=BoxesPage(error=error))
            case Chosen(id="ok"):
                return Move(leave=True)
            case Chosen(id="stop"):
                return Move(stay=replace(self, chosen=None))
            case Chosen(id="end") if self.chosen is not None:
                return Move(stay=BoxesPage(), jobs=(EndBox(self.chosen.id),))
            case Chosen(id=id_) if self.boxes is not None and self.chosen is None:
                for at, box in enumerate(self.boxes):
                    if id_ == f"box:{at}":
                        return Move(stay=replace(self, chosen=box))
        return Move()


def whether(box: KnownBox) -> Choice:
    """Give the question whether a television is to be ended."""
    return Choice(
        title=word("link.boxes.end"),
        lead=word("link.boxes.end_lead"),
        rows=(Row(word("link.boxes.which"), _named(box)), Row(word("link.boxes.last_label"), _last(box))),
        items=(Item("stop", word("link.boxes.stop"), first=True), Item("end", word("link.boxes.end_go"))),
    )


def listed(title: Text, lead: Text, boxes: Sequence[KnownBox]) -> List:
    """Give televisions to choose from; this one is none of them."""
    items = tuple(Item(f"box:{at}", _named(it), _last(it)) for at, it in enumerate(boxes) if not it.here)
    return List(title=title, lead=lead, items=items)


def _named(box: KnownBox) -> Text:
    if not box.place:
        return word("link.boxes.nowhere", operator=box.operator)
    return word("link.boxes.place", place=box.place, operator=box.operator)


def _last(box: KnownBox) -> Text:
    return word("link.boxes.last", at=datetime.fromtimestamp(box.last_used, UTC).isoformat())
