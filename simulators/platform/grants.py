"""The token endpoint: the card grant (RFC 7523, with a card's assertion), device grant (RFC 8628), CIBA, authorization codes,
refresh (RFC 6749, clause 6) and token exchange (RFC 8693)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import msgspec
from aiohttp import web
from cryptography import x509

from simulators.platform.card import SKEW, Cards, Reason, Verdict, refused
from simulators.platform.clients import Client, Clients
from simulators.platform.events import Streams
from simulators.platform.keys import Keys, Randomness
from simulators.platform.levels import Levels
from simulators.platform.life import Life, Standing
from simulators.platform.logout import Logout
from simulators.platform.operators import Operators
from simulators.platform.pending import Kind, Pending
from simulators.platform.sessions import LIFE, Sessions, SignIn
from simulators.platform.store import Category, Store
from simulators.platform.succession import Successions
from simulators.tokens import AccessClaims, Place, Proofs, sign_es256
from simulators.web import Clock, Problem

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 # RFC 8693 §3
SCOPES = ("openid", "link", "services")


class Grant(Enum):
    """The grants that there are."""

    CARD = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
    REFRESH = "refresh_token"
    CODE = "authorization_code"
    DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
    CIBA = "urn:openid:params:grant-type:ciba"
    CLIENT = "client_credentials"


@dataclass(frozen=True)
class Site:
    """Where the platform is and whom it works with: addresses without a final slash."""

    issuer: str
    services: Mapping[str, str]
    """Name of a service by its base address. Subjects follow the name, so that a service may move."""


class TokenEndpoint:
    """Answer `POST /token`."""

    def __init__(
        self, site: Site, keys: Keys, store: Store, proofs: Proofs, clients: Clients, cards: Cards, pending: Pending,
        sessions: Sessions, operators: Operators, levels: Levels, successions: Successions, streams: Streams,
        logout: Logout, life: Life, randomness: Randomness, clock: Clock,
    ) -> None:  # fmt: skip
        self._levels, self._streams, self._logout, self._life = levels, streams, logout, life
        self._site, self._keys, self._store, self._proofs, self._clients = site, keys, store, proofs, clients
        self._cards, self._pending, self._sessions = cards, pending, sessions
        self._operators, self._successions, self._random, self._clock = operators, successions, randomness, clock

    def _now(self) -> int:
        return int(self._clock().timestamp())

    async def answer(self, request: web.Request) -> web.Response:
        """Check the proof and the client, then hand over to the grant that is asked for."""
        jkt = self._proofs.check(request, Place.TOKEN_ENDPOINT)
        form = {k: v for k, v in (await request.post()).items() if isinstance(v, str)}
        client = self._clients.of(form, jkt)
        match form.get("grant_type"):
            case Grant.CARD.value:
                body = await self._card(form, client, jkt)
            case Grant.EXCHANGE.value:
                body = self._exchange(form, client, jkt)
            case Grant.REFRESH.value:
                body = self._sessions.refresh(form, client, jkt)
            case Grant.CODE.value:
                who, scope, nonce = self._pending.redeem(form, client, jkt)
                body = self._begin(who, client, jkt, scope, nonce)
            case Grant.DEVICE.value:
                who, scope = self._pending.poll(Kind.DEVICE, form.get("device_code", ""), client, jkt)
                body = self._begin(who, client, jkt, scope, None)
            case Grant.CIBA.value:
                handle = form.get("auth_req_id", "")
                who, scope = self._pending.poll(Kind.CIBA, handle, client, jkt)
                more = {"urn:openid:params:jwt:claim:auth_req_id": handle}
                body = self._begin(who, client, jkt, scope, None, more)
            case Grant.CLIENT.value:
                body = self._streams.token(client, jkt, form.get("scope", ""))
            case None:
                raise Problem(400, "invalid_request", "grant_type is needed")
            case _:
                raise Problem(400, "unsupported_grant_type")
        return web.json_response(body, headers={"Cache-Control": "no-store"})

    def _begin(
        self, who: SignIn, client: Client, jkt: str, wanted: str, nonce: str | None,
        more: Mapping[str, object] | None = None,
    ) -> dict[str, object]:  # fmt: skip
        standing = self._life.standing(who.person, jkt, client)
        granted = {"openid", "link"} | ({"services"} if standing is Standing.LINKED else set())
        scope = " ".join(s for s in SCOPES if s in granted and s in wanted.split())
        self._store.charge(Category.PLATFORM, "sign_in")
        told = {"link": standing} if "link" in scope.split() else {}
        return self._sessions.begin(who, client, jkt, scope, nonce, {**told, **(more or {})})

    async def _card(self, form: Mapping[str, str], client: Client, jkt: str) -> dict[str, object]:
        wanted = form.get("scope", "")
        if "openid" not in wanted.split() or not set(wanted.split()) <= set(SCOPES):
            raise Problem(400, "invalid_scope", " ".join(SCOPES))
        claims, certificate = self._cards.open(form.get("assertion", ""))
        self._cards.check(claims, client.client_id, jkt)
        if not self._store.use_nonce(claims.nonce, jkt):
            raise refused(Reason.NONCE)
        if not self._store.use_assertion(claims.jti, int(claims.exp) + SKEW):
            raise refused(Reason.ASSERTION, "jti was used before")
        try:
            verdict = await self._cards.ask_authority(certificate, self._operators.policy(client.operator))
            person = await self._person(verdict, certificate)
        except Problem as problem:
            if problem.status == 503:
                self._store.give_back(claims.nonce, claims.jti)
            raise
        who = SignIn(person, self._now(), revocation=json.dumps(verdict.finding.body()))
        return self._begin(who, client, jkt, wanted, claims.nonce)

    async def _person(self, verdict: Verdict, certificate: x509.Certificate) -> str:
        """Give whose card it is; of one that is not linked, whether it took the place of one that is. Raises Problem 503."""
        known = self._store.find_person(verdict.issuer_key, certificate.serial_number)
        if known is not None and self._store.link_of(known) is not None:
            return known
        predecessors = await self._successions.before(verdict.issuer_key, certificate.serial_number)
        person = self._store.person(verdict.issuer_key, certificate.serial_number)
        for issuer_key, serial in reversed(predecessors):
            if (old := self._store.find_person(issuer_key, serial)) is not None:
                self._life.came_after(person, old)
        return person

    def _exchange(self, form: Mapping[str, str], client: Client, jkt: str) -> dict[str, object]:
        if form.get("subject_token_type") != ACCESS_TOKEN:
            raise Problem(400, "invalid_request", "subject_token_type")
        issuer = self._site.issuer
        try:
            claims = self._sessions.read(form.get("subject_token", ""))
        except ValueError as error:
            raise Problem(400, "invalid_request", str(error), reason="subject_token") from None
        if claims.cnf.jkt != jkt or claims.client_id != client.client_id:
            raise Problem(400, "invalid_request", "bound to another key or client", reason="subject_token")
        audience = form.get("audience", "").rstrip("/")
        if audience not in self._site.services:
            raise Problem(400, "invalid_target", "no such service")
        person = self._store.person_of(claims.sub)
        if person is None:
            raise Problem(400, "invalid_request", "link first", reason="link_required")
        acr = self._levels.granted(self._site.services[audience], claims)
        self._life.allow(person, jkt, client, self._site.services[audience])
        self._store.charge(Category.PLATFORM, "token_exchange")
        self._logout.given(claims.sid, self._site.services[audience])
        now = self._now()
        exchanged = AccessClaims(
            iss=issuer, sub=self._store.subject(person, self._site.services[audience]), aud=audience,
            client_id=claims.client_id, iat=now, exp=now + LIFE.seconds, jti=self._random.text(),
            auth_time=claims.auth_time, acr=acr, cnf=claims.cnf, amr=claims.amr,
            sid=self._logout.service_sid(self._site.services[audience], claims.sid),
        )  # fmt: skip
        return {
            "access_token": sign_es256(
                self._keys.signing, self._keys.signing_id, "at+jwt", msgspec.to_builtins(exchanged)
            ),
            "issued_token_type": ACCESS_TOKEN,
            "token_type": "DPoP",
            "expires_in": LIFE.seconds,
        }
