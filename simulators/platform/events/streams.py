"""The boxes' streams: their making and their end, and the poll that brings what was told (SSF 1.0, RFC 8936)."""

import asyncio
import contextlib
import json
from datetime import timedelta

import msgspec
from aiohttp import web

from simulators.admission import waiting
from simulators.database import Database, Row
from simulators.platform.clients import Client, Clients
from simulators.platform.events.kinds import ASKED_FOR, EventType, audience
from simulators.platform.events.telling import Events, State
from simulators.platform.keys import Randomness
from simulators.tokens import Place, Proofs, authorization, challenge, sha256_b64url
from simulators.web import Clock, Problem, json_body

POLL = "urn:ietf:rfc:8936"
SCOPES = ("ssf.read", "ssf.manage")
TOKEN_LIFE = timedelta(hours=6)
HOLD = timedelta(seconds=25)
"""How long a poll that wants to wait is held."""
VERIFY_EVERY = timedelta(seconds=60)
_MOST = 20
"""Events of one answer, whatever was asked for."""
_QUIET = {"Cache-Control": "no-store"}


class _Delivery(msgspec.Struct):
    method: str


class _Wanted(msgspec.Struct):
    """A stream's configuration as its receiver writes it (clause 8.1.1.1)."""

    delivery: _Delivery | None = None
    events_requested: list[str] | None = None
    stream_id: str = ""


class _Verify(msgspec.Struct):
    stream_id: str
    state: str = ""


class _SetError(msgspec.Struct):
    err: str
    description: str = ""


class _Poll(msgspec.Struct, rename="camel"):
    """RFC 8936, clause 2.4."""

    max_events: int | None = None
    return_immediately: bool = False
    ack: list[str] = []
    set_errs: dict[str, _SetError] = {}


class Streams:
    """What boxes ask."""

    def __init__(
        self, issuer: str, events: Events, db: Database, clients: Clients, proofs: Proofs, randomness: Randomness,
        clock: Clock,
    ) -> None:  # fmt: skip
        self._issuer, self._events, self._db = issuer, events, db
        self._clients, self._proofs, self._random, self._clock = clients, proofs, randomness, clock

    def _now(self) -> int:
        return int(self._clock().timestamp())

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Give the endpoints."""
        return (
            web.get("/.well-known/ssf-configuration", self.configuration),
            web.post("/ssf/stream", self.create),
            web.get("/ssf/stream", self.show),
            web.patch("/ssf/stream", self.change),
            web.delete("/ssf/stream", self.remove),
            web.post("/ssf/verify", self.verify),
            web.post("/ssf/poll/{stream}", self.poll),
        )

    def token(self, client: Client, jkt: str, scope: str) -> dict[str, object]:
        """Answer a client credentials grant: a token for the box itself, of no person, bound to its device key."""
        wanted = [name for name in SCOPES if name in scope.split()]
        if not wanted or set(scope.split()) - set(SCOPES):
            raise Problem(400, "invalid_scope", " ".join(SCOPES))
        token, now = self._random.text(32), self._now()
        with self._db:
            self._db.execute("DELETE FROM stream_tokens WHERE expires < ?", (now,))
            self._db.execute(
                "INSERT INTO stream_tokens VALUES (?, ?, ?, ?, ?)",
                (
                    sha256_b64url(token.encode()), client.client_id, jkt, " ".join(wanted),
                    now + int(TOKEN_LIFE.total_seconds()),
                ),
            )  # fmt: skip
        return {
            "access_token": token, "token_type": "DPoP", "expires_in": int(TOKEN_LIFE.total_seconds()),
            "scope": " ".join(wanted),
        }  # fmt: skip

    async def configuration(self, _: web.Request) -> web.Response:
        """Answer what streams there can be (SSF, clause 7.1)."""
        body = {
            "spec_version": "1_0",
            "issuer": self._issuer,
            "jwks_uri": f"{self._issuer}/jwks",
            "delivery_methods_supported": [POLL],
            "configuration_endpoint": f"{self._issuer}/ssf/stream",
            "verification_endpoint": f"{self._issuer}/ssf/verify",
            "authorization_schemes": [{"spec_urn": "urn:ietf:rfc:6749"}, {"spec_urn": "urn:ietf:rfc:9449"}],
            "default_subjects": "ALL",
        }
        return web.json_response(body)

    def _box(self, request: web.Request, scope: str) -> tuple[str, str]:
        """Check the token of a request; gives client_id and device key. Raises Problem 401, 403."""
        token = authorization(request)
        row = self._db.execute(
            "SELECT * FROM stream_tokens WHERE token = ? AND expires > ?", (sha256_b64url(token.encode()), self._now())
        ).fetchone()
        if row is None:
            raise Problem(401, "invalid_token", "unknown or expired", headers=challenge("invalid_token"))
        if self._proofs.check(request, Place.RESOURCE, token) != row["jkt"]:
            raise Problem(401, "invalid_token", "bound to another key", headers=challenge("invalid_token"))
        if scope not in row["scope"].split():
            raise Problem(403, "insufficient_scope", headers=challenge("insufficient_scope", scope=scope))
        return row["client_id"], row["jkt"]

    def _own(self, request: web.Request, scope: str, stream_id: str) -> Row:
        """Find a box's stream; to another box it is none. Raises Problem 404."""
        row: Row | None = self._db.execute(
            "SELECT * FROM streams WHERE client_id = ? AND jkt = ? AND stream_id = ?",
            (*self._box(request, scope), stream_id),
        ).fetchone()
        if row is None:
            raise Problem(404, "stream_unknown")
        return row

    def _body(self, row: Row) -> dict[str, object]:
        requested = json.loads(row["requested"])
        return {
            "stream_id": row["stream_id"],
            "iss": self._issuer,
            "aud": audience(row["jkt"]),
            "delivery": {"method": POLL, "endpoint_url": f"{self._issuer}/ssf/poll/{row['stream_id']}"},
            "events_supported": list(ASKED_FOR),
            "events_requested": requested,
            "events_delivered": [it for it in requested if it in ASKED_FOR],
            "min_verification_interval": VERIFY_EVERY.seconds,
        }

    async def create(self, request: web.Request) -> web.Response:
        """Make a box's stream; it has one (SSF, clause 8.1.1.1)."""
        client_id, jkt = self._box(request, "ssf.manage")
        wanted = await json_body(request, _Wanted)
        if wanted.delivery is None or wanted.delivery.method != POLL:
            raise Problem(400, "invalid_request", "delivery is by poll")
        before = self._db.execute("SELECT 1 FROM streams WHERE client_id = ? AND jkt = ?", (client_id, jkt)).fetchone()
        if before is not None:
            raise Problem(409, "stream_exists")
        client, stream_id = self._clients.find(client_id), self._random.text()
        with self._db:
            self._db.execute(
                "INSERT INTO streams VALUES (?, ?, ?, ?, ?, 0)",
                (
                    stream_id, client_id, jkt, client.sector if client else client_id,
                    json.dumps(wanted.events_requested or []),
                ),
            )  # fmt: skip
        made = self._db.execute("SELECT * FROM streams WHERE stream_id = ?", (stream_id,)).fetchone()
        return web.json_response(self._body(made), status=201, headers=_QUIET)

    async def show(self, request: web.Request) -> web.Response:
        """Answer the box's streams, or one (SSF, clause 8.1.1.2)."""
        if "stream_id" in request.query:
            return web.json_response(
                self._body(self._own(request, "ssf.read", request.query["stream_id"])), headers=_QUIET
            )
        rows = self._db.execute(
            "SELECT * FROM streams WHERE client_id = ? AND jkt = ?", self._box(request, "ssf.read")
        ).fetchall()
        return web.json_response([self._body(row) for row in rows], headers=_QUIET)

    async def change(self, request: web.Request) -> web.Response:
        """Take which events a box wants from now on (SSF, clause 8.1.1.3)."""
        wanted = await json_body(request, _Wanted)
        row = self._own(request, "ssf.manage", wanted.stream_id)
        if wanted.events_requested is not None:
            with self._db:
                self._db.execute(
                    "UPDATE streams SET requested = ? WHERE stream_id = ?",
                    (json.dumps(wanted.events_requested), wanted.stream_id),
                )
        row = self._db.execute("SELECT * FROM streams WHERE stream_id = ?", (wanted.stream_id,)).fetchone()
        return web.json_response(self._body(row), headers=_QUIET)

    async def remove(self, request: web.Request) -> web.Response:
        """End a stream and forget what waits on it (SSF, clause 8.1.1.5)."""
        row = self._own(request, "ssf.manage", request.query.get("stream_id", ""))
        with self._db:
            self._db.execute("DELETE FROM security_events WHERE stream_id = ?", (row["stream_id"],))
            self._db.execute("DELETE FROM streams WHERE stream_id = ?", (row["stream_id"],))
        self._events.news.pop(row["stream_id"], None)
        return web.Response(status=204, headers=_QUIET)

    async def verify(self, request: web.Request) -> web.Response:
        """Send the event that shows that the stream works (SSF, clause 8.1.4)."""
        body = await json_body(request, _Verify)
        row, now = self._own(request, "ssf.manage", body.stream_id), self._now()
        if now < row["verified"] + VERIFY_EVERY.seconds:
            wait = row["verified"] + VERIFY_EVERY.seconds - now
            raise Problem(429, "too_many_requests", headers={"Retry-After": str(wait)})
        with self._db:
            self._db.execute("UPDATE streams SET verified = ? WHERE stream_id = ?", (now, row["stream_id"]))
        subject = {"format": "opaque", "id": row["stream_id"]}
        self._events.put(row, EventType.VERIFICATION.value, subject, {"state": body.state} if body.state else {})
        return web.Response(status=204, headers=_QUIET)

    async def poll(self, request: web.Request) -> web.Response:
        """Take what was acknowledged and give what waits, oldest first (RFC 8936, clause 2.4)."""
        row = self._own(request, "ssf.read", request.match_info["stream"])
        asked, stream_id = await json_body(request, _Poll), row["stream_id"]
        with self._db:
            for jti in asked.ack:
                self._events.settle(stream_id, jti, State.TAKEN, None)
            for jti, wrong in asked.set_errs.items():
                self._events.settle(stream_id, jti, State.REFUSED, wrong.err)
        most = _MOST if asked.max_events is None else min(max(asked.max_events, 0), _MOST)
        news = self._events.news[stream_id]
        news.clear()
        there = self._events.waiting(stream_id)
        if most and not there and not asked.return_immediately:
            with contextlib.suppress(TimeoutError), waiting():
                await asyncio.wait_for(news.wait(), HOLD.total_seconds())
            there = self._events.waiting(stream_id)
        given = {jti: self._events.signed(claims) for jti, claims in there[:most]}
        more = {"moreAvailable": True} if len(there) > most else {}
        return web.json_response({"sets": given, **more}, headers=_QUIET)
