"""What a service asks of the proof of a person, as the operator sets it; and what somebody further off may ask besides (RFC 9470)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct, field

from stb_agent.contract.level import Level

Seconds = Annotated[int, Meta(ge=10, le=86400)]
"""A whole number of seconds; under 10 nobody could do anything between two proofs."""


class LevelName(StrEnum):
    """The levels by the names of ``acr`` (docs/cable-id-profile.md)."""

    PRESENT = "present"
    AUTHENTICATED = "authenticated"
    SIGNATURE = "signature"

    @property
    def level(self) -> Level:
        """Give the level of this name."""
        return Level[self.name]


class Lifespan(StrEnum):
    """How long a proof keeps a service open, where that is not so many seconds (cf. the grants' life spans of RDK's Firebolt).

    ``ONCE``: until the service is left; opened again it wants a new proof. ``SESSION``: as long as the session, within ``max_age`` each time that it
    is opened.
    """

    ONCE = "once"
    SESSION = "session"


class Policy(Struct, frozen=True, forbid_unknown_fields=True):
    """What one service asks. Seconds count when the service is opened, for ``lifespan`` from then on.

    ``level``: how sure; ``max_age``: the oldest proof by the card; ``revocation``: the oldest word of the certification authority that the
    certificate is good; ``at_box``: the card must have been read here, a phone's reading is not enough; ``lifespan``: a `Lifespan`, or seconds after
    which the service is put away and wants a new proof.
    """

    level: LevelName = LevelName.AUTHENTICATED
    max_age: Seconds = 3600
    revocation: Seconds = 3600
    at_box: bool = False
    lifespan: Lifespan | Seconds = Lifespan.SESSION


class Levels(Struct, frozen=True, forbid_unknown_fields=True):
    """The policies, by what a person opens: bookings, health records, saying yes to a call centre, and who is in the household."""

    booking: Policy = field(default_factory=lambda: Policy(max_age=1800))
    health: Policy = field(default_factory=lambda: Policy(max_age=900, revocation=900, at_box=True, lifespan=900))
    confirmations: Policy = field(default_factory=lambda: Policy(max_age=300, revocation=300, at_box=True))
    people: Policy = field(default_factory=Policy)


class Revocation(StrEnum):
    """What is known of a certificate's revocation: never more than was said, and by whom it can be said."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Proof:
    """That a person proved who they are: ``at`` and ``checked_at`` (of the revocation) in seconds since the epoch, by the box's clock.

    ``at_box``: their card was read here. Two proofs are the same only if they are one.
    """

    level: Level
    at: float
    at_box: bool = True
    revocation: Revocation = Revocation.GOOD
    checked_at: float = 0.0


class Lack(StrEnum):
    """Why a proof is not enough; the key of the words that say so (``sign_in.why``)."""

    LEVEL = "level"
    SIGNATURE = "signature"
    AT_BOX = "at_box"
    REVOCATION_UNKNOWN = "revocation_unknown"
    REVOCATION_OLD = "revocation_old"
    AGE = "age"
    LAPSED = "lapsed"
    ONCE = "once"
    ASKED = "asked"
    ENDED = "ended"
    UNLINKED = "unlinked"


@dataclass(frozen=True)
class Demand:
    """What a service or the platform asks for before it does what it was asked: a new proof, of this ``level``; ``why`` as it told."""

    why: Lack = Lack.ASKED
    level: Level = Level.AUTHENTICATED
    at_box: bool = False


class FallsShort(Exception):
    """Mix in: an error that a new proof mends. The core steps up and does what was asked for again."""

    demand: Demand = Demand()
