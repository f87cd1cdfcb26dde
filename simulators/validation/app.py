"""Answer whether a certificate is good.

The public interfaces of today's validation services are under agreement, so the wire is our own, after the shape
of PocketSign Verify v2 (docs.p8n.app), which tells a liveness check from a signature verification for billing:

`POST /check {"certificate": base64 DER, "purpose": "liveness_check"}` →
`{"status": "good" | "revoked" | "unknown", "reason"?, "checked_at": RFC 3339 UTC, "issuer_key"?}`.
`reason` is a CRL reason of RFC 5280, clause 5.3.1, when revoked, and one of `untrusted`, `expired`, `not_yet_valid`,
`not_authentication`, `not_available` when unknown. `issuer_key` is the base64url SHA-256 of the issuer's public key (SPKI):
several generations of the real authority share one name, so a person is told by that key and the serial number.

`POST /_sim/revoke {"identity": NAME | "certificate": base64 DER, "status"?: "revoked", "reason"?}` lists a certificate;
status `good` takes it off the list. `GET /_sim/checks` → `{"checks": [{"at", "purpose", "status"}]}`.
"""

import argparse
import base64
import sqlite3
from collections.abc import Callable, Sequence
from enum import Enum
from pathlib import Path

import msgspec
from aiohttp import web
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID

from simulators import web as shared
from simulators.authority import Authority
from simulators.validation.issuer import issuer_key
from simulators.validation.seed import SCHEMA
from simulators.web import Clock, Problem

IdentityDer = Callable[[str], bytes]


class Status(Enum):
    """What is known of a certificate."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


class Purpose(Enum):
    """What a check is billed as."""

    LIVENESS_CHECK = "liveness_check"
    SIGNATURE_VERIFICATION = "signature_verification"


class Check(msgspec.Struct):
    """The body of a check."""

    certificate: str
    purpose: Purpose


class Listing(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a change to the list."""

    identity: str | None = None
    certificate: str | None = None
    status: Status = Status.REVOKED
    reason: str | None = None


class Verdict(msgspec.Struct, omit_defaults=True):
    """The answer to a check."""

    status: Status
    checked_at: str
    reason: str | None = None
    issuer_key: str | None = None


class Validation:
    """The authorities that are trusted, our own first, and the list of certificates that are not good."""

    def __init__(
        self, db: sqlite3.Connection, trusted: Sequence[x509.Certificate], identity: IdentityDer, clock: Clock
    ) -> None:
        self._db, self._trusted, self._identity, self._clock = db, trusted, identity, clock

    def judge(self, certificate: x509.Certificate) -> Verdict:
        """Check chain, use, validity and the list, in this order."""
        now = self._clock()
        at = shared.utc_text(now)
        issuer = next((ca for ca in self._trusted if _issued(ca, certificate)), None)
        if issuer is None:
            return Verdict(Status.UNKNOWN, at, "untrusted")
        key = issuer_key(issuer)
        if not _for_authentication(certificate, named=issuer is self._trusted[0]):
            return Verdict(Status.UNKNOWN, at, "not_authentication", key)
        if now < certificate.not_valid_before_utc:
            return Verdict(Status.UNKNOWN, at, "not_yet_valid", key)
        if now > min(certificate.not_valid_after_utc, issuer.not_valid_after_utc):
            return Verdict(Status.UNKNOWN, at, "expired", key)
        row = self._db.execute(
            "SELECT status, reason FROM listed WHERE issuer = ? AND serial = ?", (key, f"{certificate.serial_number:x}")
        ).fetchone()
        if row is None:
            return Verdict(Status.GOOD, at, None, key)
        return Verdict(Status(row["status"]), at, row["reason"], key)

    async def check(self, request: web.Request) -> web.Response:
        """Answer `POST /check`."""
        asked = await shared.json_body(request, Check)
        verdict = self.judge(_certificate(asked.certificate))
        with self._db:
            self._db.execute(
                "INSERT INTO checks VALUES (?, ?, ?)", (verdict.checked_at, asked.purpose.value, verdict.status.value)
            )
        return web.json_response(msgspec.to_builtins(verdict))

    async def list_certificate(self, request: web.Request) -> web.Response:
        """Answer `POST /_sim/revoke`."""
        wanted = await shared.json_body(request, Listing)
        if wanted.identity is not None:
            certificate = x509.load_der_x509_certificate(self._identity(wanted.identity))
        elif wanted.certificate is not None:
            certificate = _certificate(wanted.certificate)
        else:
            raise Problem(400, "invalid_request", "identity or certificate is needed")
        issuer = next((ca for ca in self._trusted if _issued(ca, certificate)), None)
        if issuer is None:
            raise Problem(404, "untrusted")
        key = (issuer_key(issuer), f"{certificate.serial_number:x}")
        usual = {Status.REVOKED: "unspecified", Status.UNKNOWN: "not_available"}
        with self._db:
            self._db.execute("DELETE FROM listed WHERE issuer = ? AND serial = ?", key)
            if wanted.status in usual:
                row = (*key, wanted.status.value, wanted.reason or usual[wanted.status], shared.utc_text(self._clock()))
                self._db.execute("INSERT INTO listed VALUES (?, ?, ?, ?, ?)", row)
        return web.Response(status=204)

    async def checks(self, _: web.Request) -> web.Response:
        """Answer `GET /_sim/checks`."""
        rows = self._db.execute("SELECT at, purpose, status FROM checks ORDER BY rowid")
        return web.json_response({"checks": [dict(row) for row in rows]})


def _certificate(text: str) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(base64.b64decode(text, validate=True))
    except ValueError as error:
        raise Problem(400, "invalid_request", f"certificate: {error}") from None


def _issued(ca: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(ca)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _for_authentication(certificate: x509.Certificate, *, named: bool) -> bool:
    """Tell whether the certificate's use fits; ``named``: its authority names the use in each certificate, as J-LIS does."""
    # The signature certificate, which names its holder, and an authority's own must never open a session.
    try:
        extensions = certificate.extensions
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        if not usage.digital_signature or usage.content_commitment or usage.key_cert_sign:
            return False
        return ExtendedKeyUsageOID.CLIENT_AUTH in extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return not named
    except ValueError:
        return False


def build(authority: Path | None, others: Sequence[x509.Certificate], given: Clock) -> shared.Build:
    """Prepare the application: the authority in a folder (one of its own if none is given), and others besides."""

    def make(_: str, state: Path) -> web.Application:
        clock = shared.Adjustable(given)
        own = Authority.open(authority or state / "authority", now=clock())
        db = shared.database(state, "validation", SCHEMA)
        service = Validation(db, [own.certificate, *others], lambda name: own.identity(name).der, clock)
        app = shared.application(shared.json_problem, clock)
        shared.close_with(app, db)
        app.router.add_post("/check", service.check)
        app.router.add_post("/_sim/revoke", service.list_certificate)
        app.router.add_get("/_sim/checks", service.checks)
        return app

    return make


def authorities(path: str) -> list[x509.Certificate]:
    """Read the certificates of a PEM file (for argparse)."""
    try:
        return x509.load_pem_x509_certificates(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{path}: {error}") from None


def main(argv: list[str]) -> int:
    """Run the validation service."""
    parser = shared.options("validation", "The certification authority's validation service.")
    parser.add_argument("--authority", type=Path, metavar="DIR", help="the test authority's folder; made if absent")
    parser.add_argument(
        "--trust-ca", type=authorities, action="extend", default=[], metavar="FILE.pem",
        help="accept cards of this authority too; may be repeated",
    )  # fmt: skip
    arguments = parser.parse_args(argv)
    clock = shared.clock_of(arguments)
    return shared.run("validation", arguments, build(arguments.authority, arguments.trust_ca, clock))
