"""What a card signed (RFC 7523, `docs/cable-id-profile.md`): opened, checked, and its certificate asked about."""

import base64
import hmac
from dataclasses import dataclass
from enum import Enum

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwe, jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from simulators.platform.finding import Finding, Source, Status
from simulators.platform.keys import Keys
from simulators.platform.revocation import Revocation, RevocationPolicy
from simulators.platform.store import Category, Store
from simulators.platform.trust import Doubt, Doubtful, Trust
from simulators.tokens import Confirmation, registry, sha256_b64url
from simulators.validation.issuer import issuer_key
from simulators.web import Clock, Problem

_LONGEST_ASSERTION = 120
_KEY_BITS = 2048
"""NIST SP 800-131A rev. 2, clause 3; JPKI's keys have 2048 bits."""
SKEW = 60
"""Seconds by which a box's clock may differ from the platform's."""


class Reason(Enum):
    """Why an assertion was refused."""

    NONCE = "nonce"
    ASSERTION = "assertion"
    AUDIENCE = "audience"
    DEVICE_KEY = "device_key"
    ENCRYPTION_KEY = "encryption_key"
    CERTIFICATE_UNTRUSTED = "certificate_untrusted"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_REVOKED = "certificate_revoked"
    REVOCATION_UNKNOWN = "revocation_unknown"


class Assertion(msgspec.Struct):
    """The claims that a card signs."""

    iss: str
    sub: str
    aud: str
    iat: float
    exp: float
    jti: str
    nonce: str
    cnf: Confirmation


def refused(reason: Reason, detail: str = "", found: Finding | None = None) -> Problem:
    """Make the answer to an assertion that does not hold, with what was found of its certificate."""
    more = {"revocation": found.body()} if found else {}
    return Problem(400, "invalid_grant", detail or reason.value, headers=None, reason=reason.value, **more)


@dataclass(frozen=True)
class Verdict:
    """A good certificate: the hash of its issuer's key, and what says that it is good."""

    issuer_key: str
    finding: Finding


@dataclass(frozen=True)
class Cards:
    """Read what cards sign, and ask the certification authority about their certificates."""

    issuer: str
    trust: Trust
    revocation: Revocation
    keys: Keys
    store: Store
    clock: Clock

    def open(self, assertion: str) -> tuple[Assertion, x509.Certificate]:
        """Decrypt an assertion and check that the key of the certificate in it signed it."""
        try:
            key = self.keys.decryption(_kid(assertion))
            if key is None:
                raise refused(Reason.ENCRYPTION_KEY if assertion.count(".") == 4 else Reason.ASSERTION)
            outer = jwe.decrypt_compact(assertion.encode(), key, algorithms=["RSA-OAEP-256", "A256GCM"])
            if outer.headers().get("cty") != "JWT" or outer.plaintext is None:
                raise ValueError("cty")
            inner = jws.extract_compact(outer.plaintext, registry=registry("RS256"))
            header = inner.headers()
            if "crit" in header:
                raise ValueError("crit: the profile has no extension")
            chain = header.get("x5c")
            if header.get("typ") != "card-assertion+jwt" or not isinstance(chain, list) or len(chain) != 1:
                raise ValueError("typ or x5c")
            der = base64.b64decode(chain[0], validate=True)
            certificate = x509.load_der_x509_certificate(der)
            public = certificate.public_key()
            if not isinstance(public, rsa.RSAPublicKey):
                raise ValueError("not an RSA key")
            if not jws.validate_compact(inner, RSAKey.import_key(public), registry=registry("RS256")):
                raise ValueError("signature")
            claims = msgspec.json.decode(inner.payload, type=Assertion)
            if claims.sub != sha256_b64url(der):
                raise ValueError("sub is not the certificate's x5t#S256")
            if public.key_size < _KEY_BITS:
                raise refused(Reason.CERTIFICATE_UNTRUSTED, "weak key")
        except (JoseError, ValueError, TypeError, x509.InvalidVersion) as error:
            raise refused(Reason.ASSERTION, str(error)) from None
        return claims, certificate

    def check(self, claims: Assertion, client: str, jkt: str) -> None:
        """Check audience, issuer, times and device key. Raises Problem."""
        now = int(self.clock().timestamp())
        if claims.aud != self.issuer:
            raise refused(Reason.AUDIENCE)
        if claims.iss != client:
            raise refused(Reason.ASSERTION, "iss is not the client")
        if claims.exp - claims.iat > _LONGEST_ASSERTION:
            raise refused(Reason.ASSERTION, "exp is more than 120 s after iat")
        if claims.iat > now + SKEW or claims.exp <= now - SKEW:
            raise refused(Reason.ASSERTION, "out of its time")
        if not hmac.compare_digest(claims.cnf.jkt.encode(), jkt.encode()):
            raise refused(Reason.DEVICE_KEY)

    async def ask_authority(self, certificate: x509.Certificate, policy: RevocationPolicy) -> Verdict:
        """Ask whether a certificate is good, and charge for it. Raises Problem."""
        try:
            anchor = self.trust.issuer(certificate, self.clock())
        except Doubtful as doubtful:
            raise refused(_DOUBTS[doubtful.doubt], doubtful.doubt.value) from None
        found = await self.revocation.find(certificate, anchor, policy)
        if found.later:
            wait = {"Retry-After": "5"}
            raise Problem(
                503, "temporarily_unavailable", "certification authority", headers=wait,
                reason=Reason.REVOCATION_UNKNOWN.value, revocation=found.body(),
            )  # fmt: skip
        if found.source is Source.OCSP:
            self.store.charge(Category.JPKI, "liveness_check")
        match found.status:
            case Status.GOOD:
                return Verdict(issuer_key(anchor.certificate), found)
            case Status.REVOKED:
                raise refused(Reason.CERTIFICATE_REVOKED, found.reason.value if found.reason else "", found)
        raise refused(Reason.REVOCATION_UNKNOWN, found.cause.value if found.cause else "", found)


_DOUBTS = {
    Doubt.UNTRUSTED: Reason.CERTIFICATE_UNTRUSTED,
    Doubt.NOT_AUTHENTICATION: Reason.CERTIFICATE_UNTRUSTED,
    Doubt.NOT_YET_VALID: Reason.CERTIFICATE_EXPIRED,
    Doubt.EXPIRED: Reason.CERTIFICATE_EXPIRED,
}


def _kid(envelope: str) -> object:
    """Read which key an envelope says it is for (RFC 7516, clause 7.1)."""
    header = envelope.partition(".")[0]
    found = msgspec.json.decode(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)), type=dict[str, object])
    return found.get("kid")
