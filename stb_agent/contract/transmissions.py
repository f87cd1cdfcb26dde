"""What leaves the box: which kinds of transmissions there are, and what became of one. Kinds, never values."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Recipient(StrEnum):
    """To whom something is sent (``history.to.…``)."""

    PLATFORM = "platform"
    BOOKING = "booking"
    HEALTH = "health"
    SERVICE = "service"


class Kind(StrEnum):
    """What is sent (``history.what.…``), and for what (``history.why.…``): whoever sends says which it is, or nothing is sent.

    A request of another kind is another member here, and its two texts in the catalogue.
    """

    DISCOVERY = "discovery"
    KEYS = "keys"
    REGISTRATION = "registration"
    CHALLENGE = "challenge"
    CARD_SIGN_IN = "card_sign_in"
    PHONE_OFFER = "phone_offer"
    PHONE_ASK = "phone_ask"
    RENEWAL = "renewal"
    SERVICE_TOKEN = "service_token"  # noqa: S105 # a kind
    LINK = "link"
    LINK_STATE = "link_state"
    LINK_REPLACEMENT = "link_replacement"
    LINK_BOXES = "link_boxes"
    LINK_BOX_END = "link_box_end"
    LINK_HOUSEHOLD = "link_household"
    LINK_SUSPENSION = "link_suspension"
    LINK_RESUMPTION = "link_resumption"
    LINK_END = "link_end"
    LINK_RELEASE = "link_release"
    SESSION_END = "session_end"
    NEWS = "news"
    CONFIRMATIONS = "confirmations"
    DECISION = "decision"
    HANDOFF_OFFER = "handoff_offer"
    HANDOFF_ASK = "handoff_ask"
    HANDOFF_END = "handoff_end"
    BOOKING_LOOK = "booking_look"
    BOOKING_READ = "booking_read"
    BOOKING_CHANGE = "booking_change"
    HEALTH_READ = "health_read"
    SERVICE_LOOK = "service_look"
    SERVICE_READ = "service_read"
    SERVICE_CHANGE = "service_change"
    RESET_NOTICE = "reset_notice"
    CHECK = "check"
    """Of an operator's command; no household's list has it."""
    OTHER = "other"
    """One that a newer version wrote down."""

    @classmethod
    def _missing_(cls, value: object) -> Kind:
        return cls.OTHER

    @property
    def recipient(self) -> Recipient:
        """Give who gets it."""
        if self is Kind.SERVICE_TOKEN:
            return Recipient.PLATFORM  # of a service's name; the service is sent nothing
        return next((it for it in Recipient if self.value.startswith(f"{it.value}_")), Recipient.PLATFORM)

    @property
    def personal(self) -> bool:
        """Tell whether it is about the person who is signed in, or signing in; the others are about the box alone."""
        return self not in _BOX


_BOX = frozenset(
    {
        Kind.DISCOVERY,
        Kind.KEYS,
        Kind.REGISTRATION,
        Kind.RESET_NOTICE,
        Kind.NEWS,
        Kind.BOOKING_LOOK,
        Kind.SERVICE_LOOK,
        Kind.CHECK,
        Kind.OTHER,
    }
)


class Kinds(Struct, frozen=True):
    """What requests to one service are: a public question, one in a person's name, and a change."""

    look: Kind = Kind.SERVICE_LOOK
    read: Kind = Kind.SERVICE_READ
    change: Kind = Kind.SERVICE_CHANGE


ANY_SERVICE = Kinds()


class Result(StrEnum):
    """What became of a transmission (``history.result.…``)."""

    SENT = "sent"
    AGAIN = "again"
    """It was asked for once more, with a fresh proof, or later."""
    REFUSED = "refused"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    """It left the box; whether it arrived is not known."""


class Transmission(Struct, frozen=True):
    """One request that left the box: when (seconds since the epoch, UTC), to which ``host``, how many bytes of content."""

    at: float
    kind: Kind
    host: str
    size: int
    result: Result
