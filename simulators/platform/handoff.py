"""Hand-offs of a text from a phone to a box, which this platform carries sealed (`docs/cable-id-profile.md`, Hand-off to a phone)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from simulators.database import Database, Row
from simulators.platform.clients import Clients
from simulators.platform.keys import Randomness
from simulators.tokens import Place, Proofs
from simulators.web import Clock, Problem, json_body

LIFE = timedelta(seconds=300)
INTERVAL = timedelta(seconds=2)
_MOST = 200
"""Characters that a question may have room for."""
_ASKED_MOST = 64
_BEGUN_MOST, _BEGUN_WITHIN = 20, timedelta(seconds=300)
"""Hand-offs that a box may begin within so long."""
_PAGE = Path(__file__).parent / "page"
_PAGES = MappingProxyType({"/write": "write.html", "/write.js": "write.js", "/write.css": "write.css"})
_HEADERS = MappingProxyType(
    {
        "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
)
_QUESTIONS: Mapping[str, str] = MappingProxyType(
    {"booking.purpose_written": "何に使いますか", "booking.group": "団体の名前"}
)
"""What the page calls the questions that it knows by their codes."""
_OTHER = "テレビの画面で聞かれていること"

SCHEMA = """
CREATE TABLE IF NOT EXISTS handoffs (
    id TEXT PRIMARY KEY, jkt TEXT NOT NULL, asked TEXT NOT NULL, most INTEGER NOT NULL, expires REAL NOT NULL,
    polled REAL NOT NULL DEFAULT 0, sealed TEXT
);
CREATE TABLE IF NOT EXISTS handoffs_begun (jkt TEXT NOT NULL, at REAL NOT NULL);
"""


class Sealed(msgspec.Struct):
    """What a phone brings: base64url of nonce, ciphertext and tag."""

    sealed: str


def sealed_length(most: int) -> int:
    """Give the characters of base64url of 12 bytes of nonce, four for each character of text and 16 of tag: one length for every text."""
    return -(-(12 + 4 * most + 16) * 4 // 3)


@dataclass(frozen=True)
class Handoffs:
    """The endpoints of hand-offs, and the phone's page."""

    issuer: str
    db: Database
    clients: Clients
    proofs: Proofs
    randomness: Randomness
    clock: Clock

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Give them all."""
        return (
            web.post("/handoff", self.begin),
            web.get("/handoff/{id}/asked", self.asked),
            web.post("/handoff/{id}", self.write),
            web.get("/handoff/{id}", self.poll),
            web.delete("/handoff/{id}", self.end),
            *(web.get(path, _file(name)) for path, name in _PAGES.items()),
        )

    async def begin(self, request: web.Request) -> web.Response:
        """Begin one for the box of the proof; its earlier one is over."""
        jkt = self.proofs.check(request, Place.RESOURCE)
        form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        self.clients.of(form, jkt)
        asked, most = form.get("asked", ""), form.get("most", "")
        if not (re.fullmatch(r"[1-9]\d{0,2}", most) and int(most) <= _MOST and len(asked) <= _ASKED_MOST):
            raise Problem(400, "invalid_request", "most or asked")
        now, id_ = self._now(), self.randomness.text(16)
        self._forget(now)
        begun = self.db.execute(
            "SELECT count(*) AS count, min(at) AS first FROM handoffs_begun WHERE jkt = ?", (jkt,)
        ).fetchone()
        if begun["count"] >= _BEGUN_MOST:
            wait = int(begun["first"] + _BEGUN_WITHIN.total_seconds() - now) + 1
            raise Problem(429, "too_many_requests", headers={"Retry-After": str(wait)})
        with self.db:
            self.db.execute("DELETE FROM handoffs WHERE jkt = ?", (jkt,))
            self.db.execute("INSERT INTO handoffs_begun VALUES (?, ?)", (jkt, now))
            self.db.execute(
                "INSERT INTO handoffs (id, jkt, asked, most, expires) VALUES (?, ?, ?, ?, ?)",
                (id_, jkt, asked, int(most), now + LIFE.total_seconds()),
            )
        body = {
            "id": id_,
            "page": f"{self.issuer}/write",
            "expires_in": int(LIFE.total_seconds()),
            "interval": int(INTERVAL.total_seconds()),
        }
        return web.json_response(body, status=201, headers=_HEADERS)

    async def asked(self, request: web.Request) -> web.Response:
        """Tell the phone's page what is asked, by whom, and for how long."""
        found = self._open(request)
        if found["sealed"] is not None:
            raise Problem(409, "already_written")
        body = {
            "operator": self.clients.title_at(found["jkt"]),
            "asked": _QUESTIONS.get(found["asked"], _OTHER),
            "most": found["most"],
            "expires_in": int(found["expires"] - self._now()),
        }
        return web.json_response(body, headers=_HEADERS)

    async def write(self, request: web.Request) -> web.Response:
        """Take what the phone brings, once."""
        brought = await json_body(request, Sealed)
        found = self._open(request)
        if len(brought.sealed) != sealed_length(found["most"]) or not brought.sealed.isascii():
            raise Problem(400, "invalid_request", "sealed has another length")
        with self.db:
            done = self.db.execute(
                "UPDATE handoffs SET sealed = ? WHERE id = ? AND sealed IS NULL", (brought.sealed, found["id"])
            )
        if done.rowcount != 1:
            raise Problem(409, "already_written")
        return web.Response(status=204, headers=_HEADERS)

    async def poll(self, request: web.Request) -> web.Response:
        """Give the box what the phone brought, or nothing yet."""
        found = self._own(request)
        now = self._now()
        early = found["polled"] + INTERVAL.total_seconds() / 2 > now
        with self.db:
            self.db.execute("UPDATE handoffs SET polled = ? WHERE id = ?", (now, found["id"]))
        if early:
            raise Problem(429, "slow_down", headers={"Retry-After": str(int(INTERVAL.total_seconds()))})
        if found["sealed"] is None:
            return web.Response(status=204, headers=_HEADERS)
        return web.json_response({"sealed": found["sealed"]}, headers=_HEADERS)

    async def end(self, request: web.Request) -> web.Response:
        """Forget a hand-off of the box."""
        found = self._own(request)
        with self.db:
            self.db.execute("DELETE FROM handoffs WHERE id = ?", (found["id"],))
        return web.Response(status=204, headers=_HEADERS)

    def _own(self, request: web.Request) -> Row:
        """Find the hand-off that this box began; another box is not told that there is one."""
        jkt = self.proofs.check(request, Place.RESOURCE)
        found = self._open(request)
        if found["jkt"] != jkt:
            raise Problem(404, "handoff_unknown")
        return found

    def _open(self, request: web.Request) -> Row:
        self._forget(self._now())
        row = self.db.execute("SELECT * FROM handoffs WHERE id = ?", (request.match_info["id"],)).fetchone()
        if row is None:
            raise Problem(404, "handoff_unknown")
        found: Row = row
        return found

    def _forget(self, now: float) -> None:
        with self.db:
            self.db.execute("DELETE FROM handoffs WHERE expires <= ?", (now,))
            self.db.execute("DELETE FROM handoffs_begun WHERE at <= ?", (now - _BEGUN_WITHIN.total_seconds(),))

    def _now(self) -> float:
        return self.clock().timestamp()


def _file(name: str) -> Handler:
    async def give(_: web.Request) -> web.FileResponse:
        return web.FileResponse(_PAGE / name, headers=_HEADERS)

    return give
