"""Whose cards the platform lets in, and what their certificates must be for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID


class Doubt(Enum):
    """Why a certificate is not taken, whatever its authority says of it."""

    UNTRUSTED = "untrusted"
    NOT_AUTHENTICATION = "not_authentication"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"


class Doubtful(Exception):
    """A certificate that is not taken."""

    def __init__(self, doubt: Doubt) -> None:
        super().__init__(doubt)
        self.doubt = doubt


@dataclass(frozen=True)
class Anchor:
    """An authority; `told_by`: another one whose responder answers for it by agreement (RFC 6960, clause 4.2.2.2, rule 1)."""

    certificate: x509.Certificate
    told_by: x509.Certificate | None = None


@dataclass(frozen=True)
class Trust:
    """The authorities; `named` ones name the use in each certificate, as J-LIS does."""

    anchors: tuple[Anchor, ...]
    named: int = 1
    """How many of them, from the first."""

    @classmethod
    def of(cls, own: x509.Certificate | None, others: Sequence[x509.Certificate]) -> "Trust":
        """Trust the test authority, and others: for those, the test authority's responder answers if they have none themselves."""
        first = () if own is None else (Anchor(own),)
        return cls((*first, *(Anchor(one, own) for one in others)), len(first))

    def issuer(self, certificate: x509.Certificate, now: datetime) -> Anchor:
        """Give who issued a certificate. Raises Doubtful: checks chain, use and validity, in this order."""
        found = next(((n, one) for n, one in enumerate(self.anchors) if issued(one.certificate, certificate)), None)
        if found is None:
            raise Doubtful(Doubt.UNTRUSTED)
        place, anchor = found
        if not _for_authentication(certificate, named=place < self.named):
            raise Doubtful(Doubt.NOT_AUTHENTICATION)
        if now < certificate.not_valid_before_utc:
            raise Doubtful(Doubt.NOT_YET_VALID)
        if now > min(certificate.not_valid_after_utc, anchor.certificate.not_valid_after_utc):
            raise Doubtful(Doubt.EXPIRED)
        return anchor


def issued(ca: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Tell whether name and signature are an issuer's."""
    try:
        certificate.verify_directly_issued_by(ca)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _for_authentication(certificate: x509.Certificate, *, named: bool) -> bool:
    """Tell whether the certificate's use fits."""
    # The signature certificate, which names its holder, and an authority's own must never open a session.
    try:
        extensions = certificate.extensions
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        if not usage.digital_signature or usage.content_commitment or usage.key_cert_sign:
            return False
        return ExtendedKeyUsageOID.CLIENT_AUTH in extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return not named
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return False
