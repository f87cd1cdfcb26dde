"""The token endpoint: the card grant (RFC 7523, with a card's assertion) and token exchange (RFC 8693)."""

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

import aiohttp
import msgspec
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwe, jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from simulators.platform.keys import Keys, Randomness
from simulators.platform.store import Category, Store
from simulators.tokens import (
    AccessClaims,
    Confirmation,
    Place,
    Proofs,
    read_access_token,
    registry,
    sha256_b64url,
    sign_es256,
)
from simulators.web import Clock, Problem

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105
LIFE = timedelta(seconds=600)
_LONGEST_ASSERTION = 120
_SKEW = 60
"""Seconds by which a box's clock may differ from the platform's."""


class Grant(Enum):
    """The grants that there are."""

    CARD = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


class Reason(Enum):
    """Why an assertion was refused."""

    NONCE = "nonce"
    ASSERTION = "assertion"
    AUDIENCE = "audience"
    DEVICE_KEY = "device_key"
    CERTIFICATE_UNTRUSTED = "certificate_untrusted"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_REVOKED = "certificate_revoked"
    REVOCATION_UNKNOWN = "revocation_unknown"


class _Assertion(msgspec.Struct):
    iss: str
    sub: str
    aud: str
    iat: float
    exp: float
    jti: str
    nonce: str
    cnf: Confirmation


class _Verdict(msgspec.Struct):
    status: str
    checked_at: str
    reason: str | None = None
    issuer_key: str = ""


def refused(reason: Reason, detail: str = "") -> Problem:
    """Make the answer to an assertion that does not hold."""
    return Problem(400, "invalid_grant", detail or reason.value, reason=reason.value)


@dataclass(frozen=True)
class Site:
    """Where the platform is and whom it works with: addresses without a final slash."""

    issuer: str
    validation: str
    services: Mapping[str, str]
    """Name of a service by its base address. Subjects follow the name, so that a service may move."""


class TokenEndpoint:
    """Answer `POST /token`."""

    def __init__(
        self, site: Site, keys: Keys, store: Store, proofs: Proofs, randomness: Randomness, clock: Clock
    ) -> None:
        self._site, self._keys, self._store = site, keys, store
        self._proofs, self._random, self._clock = proofs, randomness, clock

    def _now(self) -> int:
        return int(self._clock().timestamp())

    async def answer(self, request: web.Request) -> web.Response:
        """Check the proof, then hand over to the grant that is asked for."""
        jkt = self._proofs.check(request, Place.TOKEN_ENDPOINT)
        form = {k: v for k, v in (await request.post()).items() if isinstance(v, str)}
        if not form.get("client_id"):
            raise Problem(400, "invalid_client", "client_id is needed")
        match form.get("grant_type"):
            case Grant.CARD.value:
                body = await self._card(form, jkt)
            case Grant.EXCHANGE.value:
                body = self._exchange(form, jkt)
            case None:
                raise Problem(400, "invalid_request", "grant_type is needed")
            case _:
                raise Problem(400, "unsupported_grant_type")
        return web.json_response(body, headers={"Cache-Control": "no-store"})

    async def _card(self, form: Mapping[str, str], jkt: str) -> dict[str, object]:
        wanted = form.get("scope", "").split()
        if "openid" not in wanted or not set(wanted) <= {"openid", "link", "services"}:
            raise Problem(400, "invalid_scope", "openid link services")
        claims, certificate = self._open(form.get("assertion", ""))
        self._check_claims(claims, form["client_id"], jkt)
        if not self._store.use_nonce(claims.nonce, jkt):
            raise refused(Reason.NONCE)
        if not self._store.use_assertion(claims.jti, int(claims.exp) + _SKEW):
            raise refused(Reason.ASSERTION, "jti was used before")
        try:
            verdict = await self._ask_authority(certificate)
        except Problem as problem:
            if problem.status == 503:
                self._store.give_back(claims.nonce, claims.jti)
            raise
        person = self._store.person(verdict.issuer_key, certificate.serial_number)
        granted = {"openid", "link"} | ({"services"} if self._store.link_of(person) else set())
        scope = " ".join(s for s in ("openid", "link", "services") if s in granted and s in wanted)
        self._store.charge(Category.PLATFORM, "sign_in")
        client, now = form["client_id"], self._now()
        sub = self._store.subject(person, client)
        signed_in = AccessClaims(
            iss=self._site.issuer, sub=sub, aud=self._site.issuer, client_id=client, iat=now, exp=now + LIFE.seconds,
            jti=self._random.text(), auth_time=now, acr="authenticated", cnf=Confirmation(jkt), scope=scope,
        )  # fmt: skip
        identity = {
            "iss": self._site.issuer, "sub": sub, "aud": client, "iat": now, "exp": now + LIFE.seconds,
            "auth_time": now, "acr": "authenticated", "nonce": claims.nonce,
            "revocation": {"status": "good", "checked_at": _epoch(verdict.checked_at)},
        }  # fmt: skip
        return {
            "access_token": self._sign("at+jwt", msgspec.to_builtins(signed_in)),
            "token_type": "DPoP",
            "expires_in": LIFE.seconds,
            "scope": scope,
            "id_token": self._sign("JWT", identity),
        }

    def _sign(self, typ: str, claims: Mapping[str, object]) -> str:
        return sign_es256(self._keys.signing, self._keys.signing_id, typ, claims)

    def _open(self, assertion: str) -> tuple[_Assertion, x509.Certificate]:
        """Decrypt an assertion and check that the key of the certificate in it signed it."""
        try:
            outer = jwe.decrypt_compact(
                assertion.encode(), self._keys.encryption, algorithms=["RSA-OAEP-256", "A256GCM"]
            )
            if outer.headers().get("cty") != "JWT" or outer.plaintext is None:
                raise ValueError("cty")
            inner = jws.extract_compact(outer.plaintext, registry=registry("RS256"))
            header = inner.headers()
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
            claims = msgspec.json.decode(inner.payload, type=_Assertion)
            if claims.sub != sha256_b64url(der):
                raise ValueError("sub is not the certificate's x5t#S256")
        except (JoseError, ValueError, TypeError) as error:
            raise refused(Reason.ASSERTION, str(error)) from None
        return claims, certificate

    def _check_claims(self, claims: _Assertion, client: str, jkt: str) -> None:
        now = self._now()
        if claims.aud != self._site.issuer:
            raise refused(Reason.AUDIENCE)
        if claims.iss != client:
            raise refused(Reason.ASSERTION, "iss is not the client")
        if claims.exp - claims.iat > _LONGEST_ASSERTION:
            raise refused(Reason.ASSERTION, "exp is more than 120 s after iat")
        if claims.iat > now + _SKEW or claims.exp <= now - _SKEW:
            raise refused(Reason.ASSERTION, "out of its time")
        if not hmac.compare_digest(claims.cnf.jkt.encode(), jkt.encode()):
            raise refused(Reason.DEVICE_KEY)

    async def _ask_authority(self, certificate: x509.Certificate) -> _Verdict:
        der = certificate.public_bytes(serialization.Encoding.DER)
        body = {"certificate": base64.b64encode(der).decode(), "purpose": "liveness_check"}
        try:
            timeout = aiohttp.ClientTimeout(total=5)
            async with (
                aiohttp.ClientSession(timeout=timeout, raise_for_status=True) as http,
                http.post(f"{self._site.validation}/check", json=body) as answer,
            ):
                verdict = msgspec.json.decode(await answer.read(), type=_Verdict)
        except (aiohttp.ClientError, TimeoutError, msgspec.DecodeError):
            wait = {"Retry-After": "5"}
            raise Problem(503, "temporarily_unavailable", "certification authority", headers=wait) from None
        self._store.charge(Category.JPKI, "liveness_check")
        match verdict.status, verdict.reason:
            case "good", _:
                return verdict
            case "revoked", _:
                raise refused(Reason.CERTIFICATE_REVOKED, verdict.reason or "")
            case _, "expired" | "not_yet_valid":
                raise refused(Reason.CERTIFICATE_EXPIRED, verdict.reason)
            case _, "untrusted" | "not_authentication":
                raise refused(Reason.CERTIFICATE_UNTRUSTED, verdict.reason)
        raise refused(Reason.REVOCATION_UNKNOWN, verdict.reason or "")

    def _exchange(self, form: Mapping[str, str], jkt: str) -> dict[str, object]:
        if form.get("subject_token_type") != ACCESS_TOKEN:
            raise Problem(400, "invalid_request", "subject_token_type")
        issuer = self._site.issuer
        try:
            claims = read_access_token(
                form.get("subject_token", ""),
                self._keys.verification,
                issuer=issuer,
                audience=issuer,
                clock=self._clock,
            )
        except ValueError as error:
            raise Problem(400, "invalid_request", str(error), reason="subject_token") from None
        if claims.cnf.jkt != jkt or claims.client_id != form["client_id"]:
            raise Problem(400, "invalid_request", "bound to another key or client", reason="subject_token")
        audience = form.get("audience", "").rstrip("/")
        if audience not in self._site.services:
            raise Problem(400, "invalid_target", "no such service")
        person = self._store.person_of(claims.sub)
        if person is None or self._store.link_of(person) is None:
            raise Problem(400, "invalid_request", "link first", reason="link_required")
        self._store.charge(Category.PLATFORM, "token_exchange")
        now = self._now()
        exchanged = AccessClaims(
            iss=issuer, sub=self._store.subject(person, self._site.services[audience]), aud=audience,
            client_id=claims.client_id, iat=now, exp=now + LIFE.seconds, jti=self._random.text(),
            auth_time=claims.auth_time, acr=claims.acr, cnf=claims.cnf,
        )  # fmt: skip
        return {
            "access_token": self._sign("at+jwt", msgspec.to_builtins(exchanged)),
            "issued_token_type": ACCESS_TOKEN,
            "token_type": "DPoP",
            "expires_in": LIFE.seconds,
        }


def _epoch(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())
