"""The endpoints that begin, show and end a sign-in: device authorization, CIBA, PAR, confirmations, userinfo, revocation."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import msgspec
from aiohttp import web

from simulators import web as shared
from simulators.platform.clients import Clients
from simulators.platform.operators import Operators
from simulators.platform.pending import Pending, State
from simulators.platform.sessions import Sessions, SignIn
from simulators.platform.store import Store
from simulators.tokens import AccessClaims, Place, Proofs, authorization, challenge
from simulators.web import Clock, Problem

_MESSAGE_MOST = 100
_FRESH = 300
"""Seconds since the sign-in within which the television may confirm (RFC 9470)."""
_QUIET = {"Cache-Control": "no-store"}


class _Confirmation(msgspec.Struct, forbid_unknown_fields=True):
    decision: Literal["approve", "deny"]


class _Policy(msgspec.Struct, forbid_unknown_fields=True):
    expires_in: int | None = None
    interval: int | None = None
    ocsp_age: int | None = None
    crl_age: int | None = None


@dataclass(frozen=True)
class Front:
    """These endpoints; `issuer` without a final slash."""

    issuer: str
    clients: Clients
    pending: Pending
    sessions: Sessions
    operators: Operators
    store: Store
    proofs: Proofs
    clock: Clock

    async def _form(self, request: web.Request) -> tuple[dict[str, str], str | None]:
        """Read a form, and the key of its proof where there is one."""
        jkt = self.proofs.check(request, Place.TOKEN_ENDPOINT) if "DPoP" in request.headers else None
        return {k: v for k, v in (await request.post()).items() if isinstance(v, str)}, jkt

    async def device(self, request: web.Request) -> web.Response:
        """Begin a device grant (RFC 8628, clause 3.1)."""
        form, jkt = await self._form(request)
        client = self.clients.of(form, jkt)
        answer = self.pending.device(client, jkt, form.get("scope", ""))
        place = self.store.place_of(jkt, self.operators.of(client.operator).area)
        page = f"{self.issuer}/device"
        addresses = {
            "verification_uri": page,
            "verification_uri_complete": f"{page}?user_code={answer['user_code']}",
            **({"place": place} if place else {}),
        }
        return web.json_response({**answer, **addresses}, headers=_QUIET)

    async def ciba(self, request: web.Request) -> web.Response:
        """Ask somebody at their television (CIBA Core 1.0, clause 7.1); `login_hint` is a contract number."""
        form, jkt = await self._form(request)
        client = self.clients.of(form, jkt)
        hints = [name for name in ("login_hint", "login_hint_token", "id_token_hint") if form.get(name)]
        if len(hints) != 1:
            raise Problem(400, "invalid_request", "exactly one hint")
        if hints != ["login_hint"]:
            raise Problem(400, "invalid_request", "login_hint is the hint that is taken here")
        message = form.get("binding_message", "")
        if len(message) > _MESSAGE_MOST or not message.isprintable():
            raise Problem(400, "invalid_binding_message")
        person = self.store.person_under(form["login_hint"], client.operator)
        if person is None:
            raise Problem(400, "unknown_user_id")
        return web.json_response(self.pending.ciba(client, jkt, form.get("scope", ""), person, message), headers=_QUIET)

    async def push(self, request: web.Request) -> web.Response:
        """Take a pushed authorization request (RFC 9126)."""
        form, jkt = await self._form(request)
        return web.json_response(self.pending.push(self.clients.of(form, jkt), jkt, form), status=201, headers=_QUIET)

    async def revoke(self, request: web.Request) -> web.Response:
        """End the session of a token (RFC 7009)."""
        form, jkt = await self._form(request)
        client = self.clients.of(form, jkt)
        if not form.get("token"):
            raise Problem(400, "invalid_request", "token")
        self.sessions.revoke(form["token"], client)
        return web.Response(status=200, headers=_QUIET)

    def claims(self, request: web.Request) -> AccessClaims:
        """Check the access token of a request. Raises Problem 401."""
        return self._claims(request, self.sessions.read)

    def claims_late(self, request: web.Request, late: timedelta) -> AccessClaims:
        """Check an access token that may have expired so long ago. Raises Problem 401."""
        return self._claims(request, lambda token: self.sessions.read_late(token, late))

    def _claims(self, request: web.Request, read: Callable[[str], AccessClaims]) -> AccessClaims:
        token = authorization(request)
        try:
            claims = read(token)
        except ValueError as error:
            raise Problem(401, "invalid_token", str(error), headers=challenge("invalid_token")) from None
        if self.proofs.check(request, Place.RESOURCE, token) != claims.cnf.jkt:
            raise Problem(401, "invalid_token", "bound to another key", headers=challenge("invalid_token"))
        return claims

    def person(self, claims: AccessClaims) -> str:
        """Return whom an access token is of. Raises Problem 401."""
        person = self.store.person_of(claims.sub)
        if person is None:
            raise Problem(401, "invalid_token", "nobody", headers=challenge("invalid_token"))
        return person

    async def userinfo(self, request: web.Request) -> web.Response:
        """Answer the pairwise subject, and nothing else (OpenID Connect Core 1.0, clause 5.3)."""
        return web.json_response({"sub": self.claims(request).sub}, headers=_QUIET)

    async def confirmations(self, request: web.Request) -> web.Response:
        """Answer what the signed-in person is asked to confirm."""
        waiting = self.pending.asked_of(self.person(self.claims(request)))
        told = [{"id": it.handle, "binding_message": it.message, "expires_at": it.expires} for it in waiting]
        return web.json_response({"confirmations": told}, headers=_QUIET)

    async def confirm(self, request: web.Request) -> web.Response:
        """Take the signed-in person's word; to approve, the sign-in must be fresh (RFC 9470)."""
        claims = self.claims(request)
        person = self.person(claims)
        decision = (await shared.json_body(request, _Confirmation)).decision
        found = next((it for it in self.pending.asked_of(person) if it.handle == request.match_info["id"]), None)
        wanted = State.APPROVED if decision == "approve" else State.DENIED
        if found is None and self.pending.settled(request.match_info["id"], person, wanted):
            return web.json_response({"decision": decision}, headers=_QUIET)
        if found is None:
            raise Problem(404, "nothing_waits")
        stale = self.clock().timestamp() - claims.auth_time > _FRESH or "mca" in claims.amr
        if decision == "approve" and stale:
            name = "insufficient_user_authentication"
            how = challenge(name, acr_values="authenticated", max_age=str(_FRESH))
            raise Problem(401, name, "sign in again", headers=how)
        who = SignIn(person, claims.auth_time, tuple(claims.amr), claims.acr) if decision == "approve" else None
        self.pending.decide(found, who)
        return web.json_response({"decision": decision}, headers=_QUIET)

    async def waiting(self, _: web.Request) -> web.Response:
        """Answer what waits for a decision (`GET /_sim/pending`)."""
        found = [{"handle": it.handle, "kind": it.kind.value, "message": it.message} for it in self.pending.all()]
        return web.json_response({"pending": found})

    async def policy(self, request: web.Request) -> web.Response:
        """Set how long requests wait and may be asked about, and how old news of certificates may be (`POST /_sim/policy`)."""
        wanted = await shared.json_body(request, _Policy)
        for name, value in msgspec.structs.asdict(wanted).items():
            changed = self.operators.policies.values() if name.endswith("_age") else (self.pending.policy,)
            for policy in changed if value is not None else ():
                setattr(policy, name, value)
        return web.Response(status=204)
