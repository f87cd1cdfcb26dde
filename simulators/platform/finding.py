"""What is known of a certificate: good, revoked, or unknown; from where, and as of when. Nothing in between."""

from dataclasses import dataclass
from enum import Enum

from cryptography.x509 import ReasonFlags


class Status(Enum):
    """The three there are (RFC 6960, clause 2.2)."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


class Source(Enum):
    """Who said so."""

    OCSP = "ocsp"
    CRL = "crl"


class Cause(Enum):
    """Why it is unknown."""

    NOT_KNOWN = "not_known"
    """The responder says that it does not know the certificate."""
    REFUSED = "refused"
    MALFORMED = "malformed"
    SIGNATURE = "signature"
    RESPONDER = "responder"
    """Signed by who may not answer for the issuer."""
    ALGORITHM = "algorithm"
    OTHER_CERTIFICATE = "other_certificate"
    OTHER_ISSUER = "other_issuer"
    NONCE = "nonce"
    EARLY = "early"
    STALE = "stale"
    UNREACHABLE = "unreachable"


class Unreachable(Exception):
    """Nobody answers now; later somebody may."""


class Unbelievable(Exception):
    """What came is no answer to the question, or not of who may give it; `checked_at` when it is only too old."""

    def __init__(self, cause: Cause, checked_at: int | None = None) -> None:
        super().__init__(cause)
        self.cause, self.checked_at = cause, checked_at


@dataclass(frozen=True)
class Finding:
    """What was found; `checked_at` is thisUpdate (epoch seconds) of what says so, of the newest that was too old if unknown."""

    status: Status
    source: Source
    checked_at: int | None
    reason: ReasonFlags | None = None
    cause: Cause | None = None
    later: bool = False
    """Nobody answered; later somebody may."""

    def body(self) -> dict[str, object]:
        """Write it as the profile does."""
        members = {
            "status": self.status.value,
            "source": self.source.value,
            "checked_at": self.checked_at,
            "reason": self.reason and self.reason.value,
            "cause": self.cause and self.cause.value,
        }
        return {name: value for name, value in members.items() if value is not None}
