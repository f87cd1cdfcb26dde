"""The page of a hand-off: the code for the phone, then the text that came, which the person takes or does not."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

from stb_agent.cable_id.errors import HandoffDamaged, HandoffOver
from stb_agent.cable_id.handoff import Offer
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.text import Text, word
from stb_agent.contract.views import Choice, Detail, Item, Progress, Row, View
from stb_agent.core.page import Chosen, Done, Failed, Frame, Job, Move, Page, PageEvent, Shown, Stopped
from stb_agent.core.service import retry, trouble
from stb_agent.core.typing import fitted


@dataclass(frozen=True)
class BeginHandoff(Job):
    """Answers Offer."""

    service: ClassVar[str] = "handoff"
    while_seen: ClassVar[bool] = True
    under_warning: ClassVar[bool] = True
    asked: Text
    most: int


@dataclass(frozen=True)
class AwaitText(Job):
    """Wait until the phone has written; answers the text. The hand-off is over with it, however it ends."""

    service: ClassVar[str] = "handoff"
    while_seen: ClassVar[bool] = True
    under_warning: ClassVar[bool] = True
    offer: Offer


@dataclass(frozen=True)
class HandoffPage(Page):
    """Show the code, wait for the text, ask whether it is right; it is given to the page below."""

    personal: ClassVar[bool] = True

    asked: Text
    most: int
    offer: Offer | None = None
    text: str = field(default="", repr=False)
    error: ChanomaError | None = None

    def blank(self) -> HandoffPage:
        """Give a page that is over: its code is on the screen no more."""
        return HandoffPage(self.asked, self.most, error=HandoffOver())

    def view(self, frame: Frame) -> View:
        title = word("handoff.title")
        if self.error is not None:
            return trouble(title, self.error, *retry(self.error))
        if self.text:
            return Choice(
                title=word("handoff.came"),
                lead=word("handoff.came_lead"),
                rows=(Row(self.asked, self.text),),
                items=(
                    Item("take", word("handoff.take"), first=True),
                    Item("again", word("handoff.again")),
                    Item("stop", word("handoff.stop")),
                ),
            )
        if self.offer is None:
            return Progress(title=title, lead=word("handoff.loading"))
        return Detail(
            title=title,
            lead=word("handoff.lead"),
            rows=(Row(word("handoff.number"), self.offer.number), Row(word("handoff.asked"), self.asked)),
            code=self.offer.url,
            items=(Item("stop", word("handoff.keyboard"), first=True),),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Shown() if self.error is None and self.offer is None:
                return self._begin()
            case Chosen(id="again") if self.error is not None or self.text:
                return self._begin()
            case Done(job=BeginHandoff(), result=Offer() as offer):
                return Move(stay=replace(self, offer=offer), jobs=(AwaitText(offer),))
            case Done(job=AwaitText(offer=offer), result=str() as text) if offer == self.offer:
                # As it would stand in the field: nothing is asked about that is not taken.
                line = fitted(text, self.most)
                return Move(stay=replace(self, offer=None, text=line, error=None if line else HandoffDamaged()))
            case Failed(error=error):
                return Move(stay=HandoffPage(self.asked, self.most, error=error))
            case Stopped():
                return Move(stay=self.blank())
            case Chosen(id="take") if self.text:
                return Move(leave=True, given=self.text)
            case Chosen(id="stop"):
                return Move(leave=True)
        return Move()

    def _begin(self) -> Move:
        return Move(stay=HandoffPage(self.asked, self.most), jobs=(BeginHandoff(self.asked, self.most),))
