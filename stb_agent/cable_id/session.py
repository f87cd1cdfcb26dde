"""What the platform gives: a challenge, a session, a link, a token for a service. None of them shows its secret."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from joserfc.jwk import RSAKey

from stb_agent.contract.level import Level
from stb_agent.contract.levels import Proof


@dataclass(frozen=True)
class Challenge:
    """What the card is to sign, and until when; with the platform's key read before, nothing is left to fetch once the PIN is spent."""

    nonce: str = field(repr=False)
    expires_at: float
    audience: str
    token_endpoint: str
    encryption_kid: str
    encryption_key: RSAKey = field(repr=False)


class Standing(StrEnum):
    """How a card stands with its link (the ID token's own claim ``link``)."""

    NONE = "none"
    LINKED = "linked"
    SUSPENDED = "suspended"
    REPLACES = "replaces"
    TOO_MANY_BOXES = "too_many_boxes"

    @classmethod
    def of(cls, claim: str, *, linked: bool) -> Standing:
        """Read the claim; ``linked``, what the scope says, where there is none that is known."""
        known = {it.value: it for it in cls}
        return known.get(claim, cls.LINKED if linked else cls.NONE)


@dataclass(frozen=True)
class Session:
    """A signed-in person, as the platform knows them.

    ``subject`` is the platform's pairwise name of the person for this box's client; ``linked`` tells whether a Cable ID is linked to the card,
    ``standing`` what stands in the way if it is not.
    ``refresh_token`` renews it, once, with the device key alone ("" if the platform gave none). ``sid`` names it, and opens nothing.
    ``expires_at`` and ``proof`` are by the box's clock, ``auth_time`` is as the platform said it; seconds since the epoch, UTC.
    """

    access_token: str = field(repr=False)
    expires_at: float
    linked: bool
    subject: str = field(repr=False)
    auth_time: float
    proof: Proof
    refresh_token: str = field(default="", repr=False)
    standing: Standing = Standing.NONE
    sid: str = field(default="", repr=False)

    @property
    def level(self) -> Level:
        """Give how sure the platform is of the person."""
        return self.proof.level


@dataclass(frozen=True)
class LinkResult:
    """A link: its id, when it was made (seconds since the epoch, UTC), and the cable operator's name."""

    link_id: str
    linked_at: float
    operator: str


@dataclass(frozen=True)
class ServiceToken:
    """A token for one service, and until when (seconds since the epoch, UTC)."""

    token: str = field(repr=False)
    expires_at: float
