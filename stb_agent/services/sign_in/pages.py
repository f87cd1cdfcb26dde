"""The pages of signing in: card, tries left, PIN, and what went wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import ClassVar

from stb_agent.cable_id.polling import Waiting
from stb_agent.contract.actions import Action
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.level import Level
from stb_agent.contract.levels import Lack
from stb_agent.contract.messages import CardState
from stb_agent.contract.text import Text, Word, word
from stb_agent.contract.views import (
    Choice,
    Consent,
    Item,
    Message,
    Pin,
    Progress,
    Row,
    Statement,
    Step,
    StepState,
    Tone,
    View,
)
from stb_agent.core.page import (
    NOBODY,
    Chosen,
    Covered,
    Done,
    Failed,
    Frame,
    Given,
    Job,
    Move,
    Page,
    PageEvent,
    Pressed,
    Reached,
    Requirement,
    Shortfall,
    Shown,
    SignIn,
    Surroundings,
    Topic,
)
from stb_agent.core.pin_entry import KEYS, Digits, Outcome, PinEntry
from stb_agent.core.service import retry, trouble

PIN_LENGTH = 4
"""Digits of the user authentication certificate's PIN (利用者証明用電子証明書の暗証番号)."""

_NO_TRY = ("card.pin.blocked", "card.pin.unusable")
"""Errors after which no PIN helps: locked by mistakes, or never usable."""


@dataclass(frozen=True)
class CountTries(Job):
    """Ask the card how many tries are left; answers an int, at least 1."""

    service: ClassVar[str] = "sign_in"


@dataclass(frozen=True)
class Authenticate(Job):
    """Prove the card to the platform with the PIN; answers SignIn. ``tries`` is the count that the person was shown."""

    service: ClassVar[str] = "sign_in"
    digits: Digits = field(repr=False)
    tries: int


class Stage(Enum):
    """Where signing in stands."""

    WHY = "why"
    INSERT = "insert"
    CONSENT = "consent"
    CHECKING = "checking"
    LAST_TRY = "last_try"
    PIN = "pin"
    WORKING = "working"
    BLOCKED = "blocked"
    TROUBLE = "trouble"


@dataclass(frozen=True)
class SignInPage(Page):
    """Lead from a card in the reader, or a phone, to an authenticated session; leaves when that is reached.

    ``short`` is why it is asked for: somebody who had proved who they are is told before anything is asked again. ``phone`` makes the page
    for a phone as the reader, None where there is none.
    """

    make_digits: Callable[[], Digits] = field(repr=False)
    card: CardState
    short: Shortfall = NOBODY
    phone: Callable[[], Page] | None = field(default=None, repr=False)
    told: bool = False
    agreed: bool = False
    stage: Stage = Stage.CHECKING
    tries: int = 0
    entry: PinEntry | None = None
    wrong: Text | None = None
    error: ChanomaError | None = None
    step: int = 0
    busy: bool = False
    """The platform asks to wait; what the card signed is sent again."""

    def own_keys(self) -> frozenset[Action]:
        return KEYS if self.stage is Stage.PIN else frozenset()

    def half_typed(self) -> bool:
        return self.entry is not None and len(self.entry.digits) > 0

    def view(self, frame: Frame) -> View:
        title = word("sign_in.title")
        match self.stage:
            case Stage.WHY:
                return Message(
                    title=word("sign_in.why.title"),
                    tone=Tone.INFO,
                    lead=word(f"sign_in.why.{self.short.lack}"),
                    remedy=word("sign_in.why.how_at_box" if self.short.at_box else "sign_in.why.how"),
                    items=(Item("on", word("sign_in.why.go"), first=True), Item("stop", word("sign_in.why.stop"))),
                )
            case Stage.INSERT:
                return self._insert(title)
            case Stage.CONSENT:
                statement = Statement(
                    word("sign_in.consent.what"), word("sign_in.consent.to"), word("sign_in.consent.why")
                )
                return Consent(
                    title=title,
                    lead=word("sign_in.consent.lead"),
                    statements=(statement,),
                    withheld=word("sign_in.consent.withheld"),
                    items=(
                        Item("agree", word("sign_in.consent.agree"), first=True),
                        Item("stop", word("sign_in.consent.decline")),
                    ),
                )
            case Stage.PIN if self.entry is not None:
                return Pin(
                    title=word("sign_in.pin"),
                    lead=word("sign_in.pin_which"),
                    length=PIN_LENGTH,
                    dots=len(self.entry.digits),
                    pad=self.entry.stage,
                    tries=self.tries,
                    error=self.wrong,
                )
            case Stage.LAST_TRY:
                return Choice(
                    title=word("sign_in.last_try.title"),
                    lead=word("sign_in.last_try.lead"),
                    rows=(Row(word("sign_in.last_try.tries_label"), word("sign_in.last_try.tries", tries=self.tries)),),
                    items=(
                        Item("stop", word("sign_in.last_try.stop"), first=True),
                        Item("forgot", word("sign_in.forgot")),
                        Item("go", word("sign_in.last_try.go")),
                    ),
                )
            case Stage.BLOCKED if self.error is not None:
                return trouble(
                    word("sign_in.blocked"),
                    self.error,
                    Item("stop", word("home.ok"), first=True),
                    Item("forgot", word("sign_in.reset")),
                )
            case Stage.TROUBLE if self.error is not None:
                return trouble(title, self.error, *retry(self.error))
            case Stage.WORKING:
                lead = word("sign_in.busy" if self.busy else "sign_in.working")
                return Progress(title=title, lead=lead, steps=_steps(self.step))
            case _:
                return Progress(title=title, lead=word("sign_in.checking"))

    def _insert(self, title: Text) -> Message:
        none = self.card is CardState.NO_READER
        how = "no_reader_how" if none else "insert_how"
        if self._offers_phone:
            how = "no_reader_phone" if none else "insert_phone"
        return Message(
            title=title,
            tone=Tone.INFO,
            lead=word("sign_in.no_reader" if none else "sign_in.insert"),
            remedy=word(f"sign_in.{how}"),
            items=(Item("phone", word("sign_in.phone.offer"), first=True),) if self._offers_phone else (),
        )

    @property
    def _offers_phone(self) -> bool:
        return self.phone is not None and not self.short.at_box

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Given(result=SignIn()):
                return Move(leave=True)
            case Chosen(id="on") if self.stage is Stage.WHY:
                return replace(self, told=True)._start(frame)
            case Chosen(id="phone") if self.stage is Stage.INSERT and self.phone is not None and self._offers_phone:
                return Move(push=self.phone())
            case Shown():
                return self._start(frame)
            case Surroundings() if frame.card is not self.card:
                return self._start(frame)
            case Covered() if self.entry is not None:
                self.entry.digits.clear()
                return self._counted(self.tries, None)
            case Pressed(action=action) if self.entry is not None:
                return self._press(self.entry, action)
            case Chosen(id="again"):
                return self._start(frame)
            case Chosen(id="agree"):
                return replace(self, agreed=True)._start(frame)
            case Chosen(id="stop"):
                return Move(back=True)
            case Chosen(id="forgot"):
                return Move(help=Topic.PIN)
            case Chosen(id="go"):
                return Move(stay=self._ask_pin())
            case Done(job=CountTries(), result=int(tries)):
                return self._counted(tries, self.wrong)
            case Done(job=Authenticate(), result=SignIn() as result):
                return Move(sign_in=result, leave=True)
            case Reached(job=Authenticate(), step=step, note=note) if self.stage is Stage.WORKING:
                return Move(stay=replace(self, step=step, busy=note is Waiting.BUSY))
            case Failed(error=error):
                return self._failed(error)
        return Move()

    def _start(self, frame: Frame) -> Move:
        """Begin again with the card as it is now; nothing of an earlier entry is kept.

        A card that this box does not know is asked first: signing in sends its certificate away.
        """
        if self.entry is not None:
            self.entry.digits.clear()
        here = replace(self, card=frame.card, entry=None, wrong=None, error=None)
        if self.short.lack is not Lack.LEVEL and not self.told:
            return Move(stay=replace(here, stage=Stage.WHY))
        if frame.card is not CardState.PRESENT:
            reading = frame.card is CardState.READING
            return Move(stay=replace(here, agreed=False, stage=Stage.CHECKING if reading else Stage.INSERT))
        if frame.trouble is not None:
            return Move(stay=replace(here, stage=Stage.TROUBLE, error=frame.trouble))
        if not frame.known and not self.agreed:
            return Move(stay=replace(here, stage=Stage.CONSENT))
        return Move(stay=replace(here, stage=Stage.CHECKING), jobs=(CountTries(),))

    def _counted(self, tries: int, wrong: Text | None) -> Move:
        here = replace(self, tries=tries, wrong=wrong, entry=None)
        return Move(stay=replace(here, stage=Stage.LAST_TRY) if tries == 1 else here._ask_pin())

    def _ask_pin(self) -> SignInPage:
        return replace(self, stage=Stage.PIN, entry=PinEntry(self.make_digits(), PIN_LENGTH))

    def _press(self, entry: PinEntry, action: Action) -> Move:
        entry, outcome = entry.press(action)
        match outcome:
            case Outcome.LEAVE:
                return Move(back=True)
            case Outcome.HELP:
                return Move(help=Topic.OVERVIEW)
            case Outcome.SUBMIT:
                job = Authenticate(entry.digits, self.tries)
                return Move(
                    stay=replace(self, stage=Stage.WORKING, step=0, busy=False, entry=None, wrong=None), jobs=(job,)
                )
            case _:
                wrong = self.wrong if not len(entry.digits) else None
                return Move(stay=replace(self, entry=entry, wrong=wrong))

    def _failed(self, error: ChanomaError) -> Move:
        left = error.args_.get("left")
        if error.code in _NO_TRY:
            return Move(stay=replace(self, stage=Stage.BLOCKED, entry=None, error=error))
        if error.code == "card.pin.wrong" and isinstance(left, int):
            return self._counted(left, Word("card.pin.wrong.cause", {"left": left}))
        if error.code == "card.removed":
            return Move()
        return Move(stay=replace(self, stage=Stage.TROUBLE, error=error))


def _steps(at: int) -> tuple[Step, ...]:
    states = [StepState.DONE] * at + [StepState.NOW] + [StepState.TODO] * 2
    return tuple(
        Step(word(f"sign_in.step.{name}"), state)
        for name, state in zip(("connect", "card", "check"), states, strict=False)
    )


class SignatureUnavailable(ChanomaError):
    """Something wants the signature certificate's PIN, and this box has no way to ask for it."""

    code: ClassVar[str] = "sign_in.signature"


@dataclass(frozen=True)
class NoSignaturePage(Page):
    """Say that what is wanted cannot be done here, and what can."""

    def view(self, frame: Frame) -> View:
        stop = Item("stop", word("home.ok"), first=True)
        return trouble(word("sign_in.signature.title"), SignatureUnavailable(), stop)

    def on(self, event: PageEvent, frame: Frame) -> Move:
        return Move(back=True) if isinstance(event, Chosen) else Move()


@dataclass(frozen=True)
class SignedInPage(Page):
    """Nothing of its own: it needs a signed-in, linked person, so that opening it leads through both; then it leaves for home."""

    needs: ClassVar[Requirement] = Requirement(Level.AUTHENTICATED, linked=True)

    def view(self, frame: Frame) -> View:
        return Progress(title=word("sign_in.title"), lead=word("sign_in.checking"))

    def on(self, event: PageEvent, frame: Frame) -> Move:
        return Move(leave=True) if isinstance(event, Shown) else Move()
