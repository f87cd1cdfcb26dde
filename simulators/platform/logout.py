"""The end of a session everywhere: the box's word of it and why, and the platform's to each service (OpenID Connect Back-Channel Logout 1.0).

`docs/cable-id-profile.md`, The end of a session, says what goes over the wire.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from enum import Enum

import aiohttp
from aiohttp import web

from simulators.database import Database, Unavailable
from simulators.platform.clients import Clients
from simulators.platform.keys import Keys, Randomness
from simulators.platform.sessions import Sessions
from simulators.platform.store import Store
from simulators.tokens import Place, Proofs, sign_es256
from simulators.web import AGENT, Clock, Problem

EVENT = "http://schemas.openid.net/event/backchannel-logout"
PATH = "/backchannel-logout"
"""Where each service takes logout tokens, under its base address (`backchannel_logout_uri`, by agreement)."""
TOKEN_LIFE = timedelta(seconds=120)
_FIRST, _LONGEST = 1.0, 300.0
"""Seconds between attempts, doubled each time."""
_GIVEN_UP = timedelta(hours=24)
_TIMEOUT = 5.0

SCHEMA = """
CREATE TABLE IF NOT EXISTS session_services (sid TEXT NOT NULL, service TEXT NOT NULL, PRIMARY KEY (sid, service));
CREATE TABLE IF NOT EXISTS session_ends (sid TEXT PRIMARY KEY, cause TEXT NOT NULL, at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS logouts (
    sid TEXT NOT NULL, service TEXT NOT NULL, state TEXT NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (sid, service)
);
"""


class Cause(Enum):
    """Why a session ended, as the box says it."""

    USER = "user"
    CARD_REMOVED = "card_removed"
    IDLE = "idle"
    EXPIRED = "expired"
    PROGRAMME = "programme"
    WARNING = "warning"
    STANDBY = "standby"
    INPUT = "input"
    REVOKED = "revoked"
    CARD_LOST = "card_lost"
    REPLACED = "replaced"
    STOPPED = "stopped"
    CRASHED = "crashed"
    POWER_LOST = "power_lost"


class State(Enum):
    """What is known of a service's end: it said so, or it has not (yet)."""

    ENDED = "ended"
    PENDING = "pending"


class Logout:
    """Tell services that sessions ended, until they say that they heard."""

    def __init__(
        self, issuer: str, services: Mapping[str, str], db: Database, keys: Keys, clients: Clients,
        sessions: Sessions, store: Store, proofs: Proofs, randomness: Randomness, clock: Clock,
    ) -> None:  # fmt: skip
        """Serve; `services` gives the name of each by its base address. Hears of every end from `sessions`."""
        self._issuer, self._names, self._db, self._keys, self._clients = issuer, services, db, keys, clients
        self._addresses = {name: address for address, name in services.items()}
        self._sessions, self._store, self._proofs, self._random = sessions, store, proofs, randomness
        self._clock = clock
        self._sending: dict[tuple[str, str], asyncio.Task[None]] = {}
        sessions.on_end = self.ended

    def service_sid(self, service: str, sid: str) -> str:
        """Give a session's name at a service: pairwise, as the subject is."""
        return self._keys.pseudonym("sid", service, sid)

    def given(self, sid: str, service: str) -> None:
        """Remember that a service got a token of a session."""
        with self._db:
            self._db.execute("DELETE FROM session_services WHERE sid = ? AND service = ?", (sid, service))
            self._db.execute("INSERT INTO session_services VALUES (?, ?)", (sid, service))

    def ended(self, sid: str) -> None:
        """Begin to tell every service that got a token of a session that it has ended."""
        rows = self._db.execute(
            "SELECT service FROM session_services WHERE sid = ? AND service NOT IN (SELECT service FROM logouts WHERE sid = ?)",
            (sid, sid),
        ).fetchall()
        with self._db:
            for row in rows:
                self._db.execute(
                    "INSERT INTO logouts VALUES (?, ?, ?, ?)", (sid, row["service"], State.PENDING.value, self._now())
                )
        for row in rows:
            self._send(sid, row["service"])

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Give the endpoints."""
        return web.post("/session/end", self.end), web.get("/_sim/ends", self.ends)

    async def end(self, request: web.Request) -> web.Response:
        """Take a box's word that a session has ended and why, and say which services confirmed it (own); the same again is the same."""
        jkt = self._proofs.check(request, Place.TOKEN_ENDPOINT)
        form = {k: v for k, v in (await request.post()).items() if isinstance(v, str)}
        client = self._clients.of(form, jkt)
        sid = form.get("sid", "")
        row = self._db.execute(
            "SELECT sid FROM sessions WHERE sid = ? AND jkt = ? AND client_id = ?", (sid, jkt, client.client_id)
        ).fetchone()
        if row is None:
            raise Problem(404, "session_unknown")
        try:
            cause, at = Cause(form.get("cause", "")), int(form.get("ended_at", ""))
        except ValueError:
            raise Problem(400, "invalid_request", "cause and ended_at") from None
        if self._db.execute("SELECT 1 FROM session_ends WHERE sid = ?", (sid,)).fetchone() is None:
            with self._db:
                self._db.execute("INSERT INTO session_ends VALUES (?, ?, ?)", (sid, cause.value, at))
        self._sessions.end(sid)
        return web.json_response({"services": self._states(sid)}, headers={"Cache-Control": "no-store"})

    def _states(self, sid: str) -> list[dict[str, str]]:
        rows = self._db.execute("SELECT service, state FROM logouts WHERE sid = ? ORDER BY service", (sid,)).fetchall()
        return [{"service": self._addresses.get(row["service"], ""), "state": row["state"]} for row in rows]

    async def ends(self, _: web.Request) -> web.Response:
        """Answer how sessions ended, in the boxes' words (`GET /_sim/ends`)."""
        rows = self._db.execute("SELECT sid, cause, at FROM session_ends ORDER BY at, sid").fetchall()
        found = [{**dict(row), "services": self._states(row["sid"])} for row in rows]
        return web.json_response({"ends": found})

    async def running(self, _: web.Application) -> AsyncIterator[None]:
        """Go on with what a restart broke off, and stop with the application (a cleanup context)."""
        rows = self._db.execute("SELECT sid, service FROM logouts WHERE state = ?", (State.PENDING.value,)).fetchall()
        for row in rows:
            self._send(row["sid"], row["service"])
        yield
        tasks = list(self._sending.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _now(self) -> int:
        return int(self._clock().timestamp())

    def _send(self, sid: str, service: str) -> None:
        if (sid, service) not in self._sending and service in self._addresses:
            task = asyncio.get_running_loop().create_task(self._deliver(sid, service))
            self._sending[sid, service] = task
            task.add_done_callback(lambda _: self._sending.pop((sid, service), None))

    async def _deliver(self, sid: str, service: str) -> None:
        """Send logout tokens, each of its own, until the service takes one (200 or 204) or a day has passed."""
        wait, timeout = _FIRST, aiohttp.ClientTimeout(total=_TIMEOUT)
        async with aiohttp.ClientSession(timeout=timeout, headers={"User-Agent": AGENT}) as http:
            while True:
                with contextlib.suppress(aiohttp.ClientError, TimeoutError, Unavailable):
                    if await self._delivered(http, sid, service):
                        return
                await asyncio.sleep(wait)
                wait = min(wait * 2, _LONGEST)

    async def _delivered(self, http: aiohttp.ClientSession, sid: str, service: str) -> bool:
        """Send one; tell whether it needs no other: taken, or given up."""
        row = self._db.execute("SELECT since FROM logouts WHERE sid = ? AND service = ?", (sid, service)).fetchone()
        person = self._db.execute("SELECT person FROM sessions WHERE sid = ?", (sid,)).fetchone()["person"]
        if self._now() >= row["since"] + _GIVEN_UP.total_seconds():
            return True
        form = {"logout_token": self.logout_token(sid, service, person)}
        async with http.post(self._addresses[service] + PATH, data=form) as answer:
            if answer.status not in (200, 204):
                return False
        with self._db:
            self._db.execute(
                "UPDATE logouts SET state = ? WHERE sid = ? AND service = ?", (State.ENDED.value, sid, service)
            )
        return True

    def logout_token(self, sid: str, service: str, person: str) -> str:
        """Make a logout token (Back-Channel Logout 1.0, clause 2.4)."""
        now = self._now()
        claims = {
            "iss": self._issuer, "aud": self._addresses[service], "iat": now, "exp": now + TOKEN_LIFE.seconds,
            "jti": self._random.text(), "sub": self._store.subject(person, service),
            "sid": self.service_sid(service, sid), "events": {EVENT: {}},
        }  # fmt: skip
        return sign_es256(self._keys.signing, self._keys.signing_id, "logout+jwt", claims)
