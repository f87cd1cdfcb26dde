"""Security events and the boxes' streams of them (OpenID Shared Signals Framework 1.0, polled as RFC 8936 says).

The rest of the platform calls `Events.tell` or `Events.tell_person` when something happened; each box then fetches it.
`docs/cable-id-profile.md`, Security events, says which events there are. `POST /_sim/events` scripts one.
"""

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from enum import Enum

import msgspec
from aiohttp import web

from simulators.admission import waiting
from simulators.database import Database, Row
from simulators.platform.clients import Client, Clients
from simulators.platform.keys import Keys, Randomness
from simulators.platform.sessions import Sessions
from simulators.platform.store import Store
from simulators.tokens import Place, Proofs, authorization, challenge, sha256_b64url, sign_es256
from simulators.web import Clock, Problem, json_body

POLL = "urn:ietf:rfc:8936"
_CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
_OWN = "https://chanoma.example/secevent/event-type/"
SCOPES = ("ssf.read", "ssf.manage")
TOKEN_LIFE = timedelta(hours=6)
HOLD = timedelta(seconds=25)
"""How long a poll that wants to wait is held."""
VERIFY_EVERY = timedelta(seconds=60)
_MOST = 20
"""Events of one answer, whatever was asked for."""
_QUIET = {"Cache-Control": "no-store"}

SCHEMA = """
CREATE TABLE IF NOT EXISTS stream_tokens (
    token TEXT PRIMARY KEY, client_id TEXT NOT NULL, jkt TEXT NOT NULL, scope TEXT NOT NULL, expires INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS streams (
    stream_id TEXT PRIMARY KEY, client_id TEXT NOT NULL, jkt TEXT NOT NULL, sector TEXT NOT NULL,
    requested TEXT NOT NULL, verified INTEGER NOT NULL, UNIQUE (client_id, jkt)
);
CREATE TABLE IF NOT EXISTS security_events (
    jti TEXT PRIMARY KEY, stream_id TEXT NOT NULL, position INTEGER NOT NULL, claims TEXT NOT NULL, state TEXT NOT NULL,
    err TEXT
);
"""


class EventType(Enum):
    """The types that this platform sends; `.value` is what stands in a SET's `events`."""

    SESSION_REVOKED = _CAEP + "session-revoked"
    CREDENTIAL_CHANGE = _CAEP + "credential-change"
    ADDRESS_CHANGE = _OWN + "address-change"
    LINK_STATUS_CHANGE = _OWN + "link-status-change"
    RESET_ORDER = _OWN + "reset-order"
    VERIFICATION = "https://schemas.openid.net/secevent/ssf/event-type/verification"


ASKED_FOR = tuple(it.value for it in EventType if it is not EventType.VERIFICATION)
"""What a stream may ask for; the verification event always comes (clause 8.1.4)."""


class State(Enum):
    """How far an event is: not acknowledged yet, acknowledged, or said to be wrong by the receiver."""

    WAITING = "waiting"
    TAKEN = "taken"
    REFUSED = "refused"


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


class Happening(Enum):
    """What the living room's page and tests can let happen, to whoever signed in last at a box, or to a person."""

    SESSION_REVOKED = "session_revoked"
    CARD_LOST = "card_lost"
    CERTIFICATE_REPLACED = "certificate_replaced"
    ADDRESS_CHANGED = "address_changed"


class _Script(msgspec.Struct, forbid_unknown_fields=True):
    """`happening` to the person who signed in last (at the box `to`, if given); or an event as it is, to the box `to`."""

    to: str = ""
    happening: Happening | None = None
    type: str = ""
    subject: dict[str, object] = {}
    claims: dict[str, object] = {}


class Events:
    """The platform's side of the streams."""

    def __init__(
        self, issuer: str, db: Database, keys: Keys, clients: Clients, sessions: Sessions, store: Store,
        proofs: Proofs, randomness: Randomness, clock: Clock,
    ) -> None:  # fmt: skip
        self._issuer, self._db, self._keys, self._clients, self._sessions = issuer, db, keys, clients, sessions
        self._store, self._proofs, self._random, self._clock = store, proofs, randomness, clock
        self._news: dict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def _now(self) -> int:
        return int(self._clock().timestamp())

    # -- what the rest of the platform calls

    def tell(self, to: str, event_type: str, subject: Mapping[str, object], /, **claims: object) -> list[str]:
        """Tell a box that something happened; gives the `jti` of each SET (none where no stream asked for this type).

        `to` is the thumbprint of a box's device key, or a client_id: every box of that client. `event_type` is the URI
        that stands in `events` (`EventType.X.value`). `subject` is the SET's `sub_id` (RFC 9493): `link_subject`,
        `session_subject`. `claims` are the event's own (`initiating_entity`, `change_type` …); `event_timestamp` is now
        unless given.
        """
        rows = self._db.execute(
            "SELECT * FROM streams WHERE jkt = ? OR client_id = ? ORDER BY stream_id", (to, to)
        ).fetchall()
        asked = [row for row in rows if event_type in json.loads(row["requested"])]
        return [self._put(row, event_type, subject, claims) for row in asked]

    def tell_person(self, person: str, event_type: str, link_id: str = "", /, **claims: object) -> list[str]:
        """Tell every box at which a person ever signed in what happened to the person's link; as `tell` for the rest.

        `person` is the platform's own name of the person (`Store.person`, `Store.person_under`). The subject is the
        link `link_id`, by default the one there is; without any, the person as that box's client knows them.
        """
        link = self._store.link_of(person)
        name = link_id or (link.link_id if link else "")
        found: list[str] = []
        rows = self._db.execute(
            "SELECT DISTINCT jkt, client_id, sub FROM sessions WHERE person = ? ORDER BY jkt, client_id", (person,)
        ).fetchall()
        for row in rows:
            subject = link_subject(name) if name else self.person_subject(row["sub"])
            found += self.tell(row["jkt"], event_type, subject, **claims)
        return found

    def revoke_session(self, sid: str, by: str = "admin", **claims: object) -> list[str]:
        """End a session, and tell the box where it is; `by` is CAEP's `initiating_entity` (admin, user, policy, system)."""
        row = self._db.execute("SELECT jkt, sub FROM sessions WHERE sid = ?", (sid,)).fetchone()
        self._sessions.end(sid)
        subject = self.session_subject(row["sub"], sid)
        return self.tell(row["jkt"], EventType.SESSION_REVOKED.value, subject, initiating_entity=by, **claims)

    def person_subject(self, sub: str) -> dict[str, object]:
        """Name a person as a box's client does (RFC 9493, clause 3.2.3)."""
        return {"format": "iss_sub", "iss": self._issuer, "sub": sub}

    def session_subject(self, sub: str, sid: str) -> dict[str, object]:
        """Name one session of a person (a complex subject, SSF clause 3)."""
        session = {"format": "opaque", "id": sid}
        return {"format": "complex", "user": self.person_subject(sub), "session": session}

    def _put(self, stream: Row, event_type: str, subject: Mapping[str, object], claims: Mapping[str, object]) -> str:
        jti, now = self._random.text(), self._now()
        event = {**claims} if event_type == EventType.VERIFICATION.value else {"event_timestamp": now, **claims}
        told = {
            "iss": self._issuer, "aud": audience(stream["jkt"]), "iat": now, "jti": jti,
            "sub_id": dict(subject), "events": {event_type: event},
        }  # fmt: skip
        with self._db:
            last = self._db.execute("SELECT coalesce(max(position), 0) AS last FROM security_events").fetchone()
            self._db.execute(
                "INSERT INTO security_events VALUES (?, ?, ?, ?, ?, NULL)",
                (jti, stream["stream_id"], last["last"] + 1, json.dumps(told), State.WAITING.value),
            )
        self._news[stream["stream_id"]].set()
        return jti

    # -- what boxes ask

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
            web.post("/_sim/events", self.script),
            web.get("/_sim/events", self.told),
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
        self._news.pop(row["stream_id"], None)
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
        self._put(row, EventType.VERIFICATION.value, subject, {"state": body.state} if body.state else {})
        return web.Response(status=204, headers=_QUIET)

    async def poll(self, request: web.Request) -> web.Response:
        """Take what was acknowledged and give what waits, oldest first (RFC 8936, clause 2.4)."""
        row = self._own(request, "ssf.read", request.match_info["stream"])
        asked, stream_id = await json_body(request, _Poll), row["stream_id"]
        with self._db:
            for jti in asked.ack:
                self._settle(stream_id, jti, State.TAKEN, None)
            for jti, wrong in asked.set_errs.items():
                self._settle(stream_id, jti, State.REFUSED, wrong.err)
        most = _MOST if asked.max_events is None else min(max(asked.max_events, 0), _MOST)
        news = self._news[stream_id]
        news.clear()
        there = self._waiting(stream_id)
        if most and not there and not asked.return_immediately:
            with contextlib.suppress(TimeoutError), waiting():
                await asyncio.wait_for(news.wait(), HOLD.total_seconds())
            there = self._waiting(stream_id)
        given = {jti: self._signed(claims) for jti, claims in there[:most]}
        more = {"moreAvailable": True} if len(there) > most else {}
        return web.json_response({"sets": given, **more}, headers=_QUIET)

    def _settle(self, stream_id: str, jti: str, state: State, err: str | None) -> None:
        self._db.execute(
            "UPDATE security_events SET state = ?, err = ? WHERE stream_id = ? AND jti = ? AND state = ?",
            (state.value, err, stream_id, jti, State.WAITING.value),
        )

    def _waiting(self, stream_id: str) -> list[tuple[str, str]]:
        rows = self._db.execute(
            "SELECT jti, claims FROM security_events WHERE stream_id = ? AND state = ? ORDER BY position",
            (stream_id, State.WAITING.value),
        )
        return [(row["jti"], row["claims"]) for row in rows]

    def _signed(self, claims: str) -> str:
        # Signed when it is given, so that a change of keys leaves no event behind that nobody can check.
        return sign_es256(self._keys.signing, self._keys.signing_id, "secevent+jwt", json.loads(claims))

    # -- what tests and the living room's page script

    async def script(self, request: web.Request) -> web.Response:
        """Let something happen (`POST /_sim/events`); gives the `jti`s."""
        order = await json_body(request, _Script)
        if order.happening is None:
            return web.json_response({"jti": self.tell(order.to, order.type, order.subject, **order.claims)})
        query = "SELECT sid, person, jkt FROM sessions"
        where = (" WHERE jkt = ? OR client_id = ?", (order.to, order.to)) if order.to else ("", ())
        rows = self._db.execute(query + where[0] + " ORDER BY auth_time", where[1]).fetchall()
        if not rows:
            raise Problem(404, "nobody", "nobody ever signed in there")
        return web.json_response({"jti": self._happen(order.happening, rows[-1], order.claims)})

    def _happen(self, happening: Happening, last: Row, claims: Mapping[str, object]) -> list[str]:
        person = last["person"]
        match happening:
            case Happening.SESSION_REVOKED:
                by = str(claims.get("initiating_entity", "admin"))
                return self.revoke_session(last["sid"], by)
            case Happening.CARD_LOST:
                self._sessions.end_all(person)
                return self.tell_person(person, EventType.CREDENTIAL_CHANGE.value, **{**LOST, **claims})
            case Happening.CERTIFICATE_REPLACED:
                return self.tell_person(person, EventType.CREDENTIAL_CHANGE.value, **{**REPLACED, **claims})
            case Happening.ADDRESS_CHANGED:
                return self.tell_person(
                    person, EventType.ADDRESS_CHANGE.value, **{"initiating_entity": "policy", **claims}
                )

    async def told(self, _: web.Request) -> web.Response:
        """Answer every event and how far it is (`GET /_sim/events`)."""
        rows = self._db.execute("SELECT * FROM security_events ORDER BY position").fetchall()
        found = [
            {"jti": row["jti"], "state": row["state"], "err": row["err"], "claims": json.loads(row["claims"])}
            for row in rows
        ]
        return web.json_response({"events": found})


LOST: Mapping[str, object] = {"credential_type": "x509", "change_type": "revoke", "initiating_entity": "user"}
"""The card was reported lost (`CREDENTIAL_CHANGE`): the session ends, the link is suspended."""
REPLACED: Mapping[str, object] = {"credential_type": "x509", "change_type": "update", "initiating_entity": "user"}
"""Another certificate stands for the same person (`CREDENTIAL_CHANGE`): the link is kept."""


def link_subject(link_id: str) -> dict[str, object]:
    """Name a link (RFC 9493, clause 3.2.4)."""
    return {"format": "opaque", "id": link_id}


def audience(jkt: str) -> str:
    """Name a box by its device key (RFC 9278)."""
    return f"urn:ietf:params:oauth:jwk-thumbprint:sha-256:{jkt}"
