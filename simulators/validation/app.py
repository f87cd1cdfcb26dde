"""The certification authorities' answers about certificates, as a verifier gets them: OCSP (RFC 6960) and CRLs (RFC 5280).

`POST /ocsp` (`application/ocsp-request`) and `GET /ocsp/{base64}` (RFC 6960, appendix A.1) → `application/ocsp-response`: signed by the
responder that the authority certified for it (id-kp-OCSPSigning, id-pkix-ocsp-nocheck); for the authorities of `--trust-ca`, whose keys are
not here, by the first authority's, which whoever asks must have been told (clause 4.2.2.2, rule 1). A nonce is given back.

`GET /crl/{issuer}.crl` → `application/pkix-crl`: what an authority has revoked, as of the last midnight in Japan, in force for 48 hours;
`issuer` is the base64url SHA-256 of its public key (SPKI). `?point=NAME` (RFC 4514) gives one distribution point's, as the certificates name it.

`POST /_sim/revoke {"identity": NAME | "certificate": base64 DER, "status"?: "revoked", "reason"?, "since"?}` lists a certificate; `reason` is
that of RFC 5280, clause 5.3.1, in its spelling there (`unspecified` if left out), `since` RFC 3339 UTC (now); status `unknown` makes OCSP not
know it, `good` takes it off the list. `GET /_sim/checks` → `{"checks": [{"at", "source": ocsp|crl, "status"}]}`. Faults: `docs/simulators.md`.
Which certificate took which one's place: `succession.py`.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import msgspec
from aiohttp import web
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509 import ReasonFlags

from simulators import web as shared
from simulators.authority import Authority
from simulators.database import Database
from simulators.faults import Faults
from simulators.validation import crl
from simulators.validation.issuer import issuer_key
from simulators.validation.lies import Lie
from simulators.validation.ocsp import Entry, Responder, Served, Status
from simulators.validation.seed import SCHEMA
from simulators.validation.succession import SCHEMA as RENEWED
from simulators.validation.succession import Successions
from simulators.web import Clock, Problem

IdentityDer = Callable[[str], bytes]
_QUESTION, _ANSWER, _LIST = "application/ocsp-request", "application/ocsp-response", "application/pkix-crl"


class Listing(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a change to the list."""

    identity: str | None = None
    certificate: str | None = None
    status: Status = Status.REVOKED
    reason: ReasonFlags = ReasonFlags.unspecified
    since: datetime | None = None


class Validation:
    """The authorities that are answered for, our own first, and the list of certificates that are not good."""

    def __init__(
        self, db: Database, own: Sequence[Authority], others: Sequence[x509.Certificate], faults: Faults,
        clock: Clock,
    ) -> None:  # fmt: skip
        self._db, self._own, self._others, self._faults, self._clock = db, own, others, faults, clock
        served = [Served(one.certificate, one.responder()) for one in own]
        served += [Served(certificate, served[0].signer) for certificate in others]
        self._responder = Responder(served, own[0], self._look, faults, clock)

    def _look(self, issuer: x509.Certificate, serial: int) -> Entry:
        row = self._db.execute(
            "SELECT status, reason, since FROM listed WHERE issuer = ? AND serial = ?",
            (issuer_key(issuer), f"{serial:x}"),
        ).fetchone()
        if row is None or Status(row["status"]) is Status.UNKNOWN:
            return Entry(Status.GOOD if row is None else Status.UNKNOWN)
        return Entry(Status.REVOKED, ReasonFlags(row["reason"]), datetime.fromisoformat(row["since"]))

    async def posted(self, request: web.Request) -> web.Response:
        """Answer `POST /ocsp`."""
        if request.content_type != _QUESTION:
            raise Problem(415, "unsupported_media_type", _QUESTION)
        return self._answer(await request.read())

    async def asked(self, request: web.Request) -> web.Response:
        """Answer `GET /ocsp/…`."""
        try:
            return self._answer(base64.b64decode(request.match_info["question"], validate=True))
        except binascii.Error as error:
            raise Problem(400, "invalid_request", str(error)) from None

    def _answer(self, question: bytes) -> web.Response:
        answer, status = self._responder.answer(question)
        if status is not None:
            self._count("ocsp", status.value)
        return web.Response(body=answer, content_type=_ANSWER, headers={"Cache-Control": "no-store"})

    async def list_revoked(self, request: web.Request) -> web.Response:
        """Answer `GET /crl/…`."""
        name = request.match_info["issuer"]
        authority = next((one for one in self._own if issuer_key(one.certificate) == name), None)
        if authority is None:
            raise Problem(404, "not_found", "no list of this issuer")
        rows = self._db.execute("SELECT * FROM listed WHERE issuer = ? AND status = 'revoked' ORDER BY since", (name,))
        revoked = [
            crl.Revoked(
                int(row["serial"], 16),
                ReasonFlags(row["reason"]),
                datetime.fromisoformat(row["since"]),
                row["point"],
            )
            for row in rows
        ]
        try:
            made = crl.revocation_list(authority, revoked, request.query.get("point"), self._clock(), self._faults)
        except ValueError as error:
            raise Problem(400, "invalid_request", f"point: {error}") from None
        self._count("crl", "given")
        return web.Response(body=made, content_type=_LIST)

    def _count(self, source: str, status: str) -> None:
        with self._db:
            self._db.execute("INSERT INTO checks VALUES (?, ?, ?)", (shared.utc_text(self._clock()), source, status))

    async def list_certificate(self, request: web.Request) -> web.Response:
        """Answer `POST /_sim/revoke`."""
        wanted = await shared.json_body(request, Listing)
        if wanted.identity is not None:
            certificate = self._own[0].identity(wanted.identity).certificate
        elif wanted.certificate is not None:
            certificate = _certificate(wanted.certificate)
        else:
            raise Problem(400, "invalid_request", "identity or certificate is needed")
        trusted = [*(one.certificate for one in self._own), *self._others]
        issuer = next((ca for ca in trusted if _issued(ca, certificate)), None)
        if issuer is None:
            raise Problem(404, "untrusted")
        key = (issuer_key(issuer), f"{certificate.serial_number:x}")
        self._list(key, certificate, wanted)
        return web.Response(status=204)

    def revoke(self, certificate: x509.Certificate, reason: ReasonFlags) -> None:
        """Revoke a certificate of the first authority's."""
        key = (issuer_key(self._own[0].certificate), f"{certificate.serial_number:x}")
        self._list(key, certificate, Listing(reason=reason))

    def _list(self, key: tuple[str, str], certificate: x509.Certificate, wanted: Listing) -> None:
        since = shared.utc_text(wanted.since or self._clock())
        with self._db:
            self._db.execute("DELETE FROM listed WHERE issuer = ? AND serial = ?", key)
            if wanted.status is not Status.GOOD:
                row = (*key, wanted.status.value, wanted.reason.value, since, crl.point_of(certificate))
                self._db.execute("INSERT INTO listed VALUES (?, ?, ?, ?, ?, ?)", row)

    async def checks(self, _: web.Request) -> web.Response:
        """Answer `GET /_sim/checks`."""
        rows = self._db.execute("SELECT at, source, status FROM checks ORDER BY rowid")
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


def build(folders: Sequence[Path], others: Sequence[x509.Certificate], given: Clock) -> shared.Build:
    """Prepare the application: the authorities in these folders (without any, one of its own), and others besides.

    The first folder's authority is made if it is not there.
    """

    def make(_: str, state: Path) -> web.Application:
        clock, faults = shared.Adjustable(given), Faults(Lie)
        first, *more = folders or [state / "authority"]
        own = [Authority.open(first, now=clock()), *(Authority.existing(folder, now=clock()) for folder in more)]
        db = shared.database(state, "validation", SCHEMA + RENEWED)
        service = Validation(db, own, others, faults, clock)
        app = shared.application(shared.json_problem, clock, faults)
        shared.close_with(app, db)
        app.router.add_post("/ocsp", service.posted)
        app.router.add_get("/ocsp/{question:.+}", service.asked)
        app.router.add_get("/crl/{issuer}.crl", service.list_revoked)
        app.add_routes(Successions(db, own[0], service.revoke).routes())
        app.router.add_post("/_sim/revoke", service.list_certificate)
        app.router.add_get("/_sim/checks", service.checks)
        return app

    return make


def main(argv: list[str]) -> int:
    """Run the validation service."""
    parser = shared.options("validation", "The certification authority's answers: OCSP and CRLs.")
    parser.add_argument(
        "--authority", type=Path, metavar="DIR", action="append", default=[],
        help="a test authority's folder; the first is made if absent; may be repeated for further generations",
    )  # fmt: skip
    shared.add_trust(parser)
    arguments = parser.parse_args(argv)
    clock = shared.clock_of(arguments)
    return shared.run("validation", arguments, build(arguments.authority, arguments.trust_ca, clock))
