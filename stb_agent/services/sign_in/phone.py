"""The page on which a phone becomes the card reader: a code for it, a number that both screens show, and how long it is good."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

from stb_agent.cable_id.errors import RequestExpired
from stb_agent.cable_id.phone import PhoneRequest
from stb_agent.cable_id.polling import Waiting
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.messages import CardState
from stb_agent.contract.text import Text, word
from stb_agent.contract.views import Detail, Item, Progress, Row, View
from stb_agent.core.page import (
    Chosen,
    Done,
    Failed,
    Frame,
    Job,
    Move,
    Page,
    PageEvent,
    Reached,
    Shown,
    SignIn,
    Stopped,
    Surroundings,
)
from stb_agent.core.service import trouble


@dataclass(frozen=True)
class BeginPhone(Job):
    """Ask the platform for a code; answers PhoneRequest."""

    service: ClassVar[str] = "sign_in"
    while_seen: ClassVar[bool] = True
    under_warning: ClassVar[bool] = True


@dataclass(frozen=True)
class AwaitPhone(Job):
    """Wait until the person has decided on the phone; answers SignIn. Reached tells the minutes that are left, and a `Waiting`."""

    service: ClassVar[str] = "sign_in"
    while_seen: ClassVar[bool] = True
    under_warning: ClassVar[bool] = True
    request: PhoneRequest


@dataclass(frozen=True)
class PhonePage(Page):
    """Show the code, wait, and leave with the session; a card that is put in meanwhile is as good, and this page goes."""

    operator: Text
    request: PhoneRequest | None = None
    minutes: int = 0
    waiting: Waiting = Waiting.PENDING
    error: ChanomaError | None = field(default=None)

    def view(self, frame: Frame) -> View:
        title = word("sign_in.phone.title")
        if self.error is not None:
            again = Item("again", word("trouble.again"), first=True)
            return trouble(title, self.error, again, Item("stop", word("sign_in.phone.card")))
        if self.request is None:
            return Progress(title=title, lead=word("sign_in.phone.loading"))
        place = (Row(word("sign_in.phone.place"), self.request.place),) if self.request.place else ()
        return Detail(
            title=word("sign_in.phone.number", number=self.request.number),  # the largest letters that there are
            lead=word("sign_in.phone.lead"),
            rows=(
                Row(word("sign_in.phone.code"), self.request.user_code),
                Row(word("sign_in.phone.operator"), self.operator),
                *place,
                Row(word(f"sign_in.phone.state.{self.waiting}"), word("sign_in.phone.left", minutes=self.minutes)),
            ),
            code=self.request.address,
            items=(Item("stop", word("sign_in.phone.stop"), first=True),),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Shown() if self.error is None and self.request is None:
                return self._begin()
            case Chosen(id="again") if self.error is not None:
                return self._begin()
            case Chosen(id="stop"):
                return Move(leave=True)
            case Done(job=BeginPhone(), result=PhoneRequest() as request):
                return Move(stay=replace(self, request=request), jobs=(AwaitPhone(request),))
            case Reached(job=AwaitPhone(request=request), step=minutes, note=Waiting() as waiting) if (
                request is self.request
            ):
                return Move(stay=replace(self, minutes=minutes, waiting=waiting))
            case Done(job=AwaitPhone(), result=SignIn() as result):
                return Move(sign_in=result, leave=True, given=result)
            case Failed(error=error):
                return Move(stay=PhonePage(self.operator, error=error))
            case Stopped():
                return Move(stay=PhonePage(self.operator, error=RequestExpired()))
            case Surroundings() if frame.card in (CardState.READING, CardState.PRESENT):
                return Move(leave=True)
        return Move()

    def _begin(self) -> Move:
        return Move(stay=PhonePage(self.operator), jobs=(BeginPhone(),))
