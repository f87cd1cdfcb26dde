"""Boxes that have begun anew (`docs/cable-id-profile.md`, Reset): a notice ends all that the box was here.

`GET /_sim/resets` → `{"resets": [{"jkt", "at", "received", "sessions", "clients", "links"}]}` is the evidence.
"""

from collections.abc import Mapping

import msgspec
from aiohttp import web
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from simulators.database import Database
from simulators.platform.sessions import Sessions
from simulators.tokens import registry
from simulators.web import Clock, Problem, utc_text

TYPE = "reset-notice+jwt"
_MOST = 4096
_EARLY = 86400
"""Seconds that a notice may seem to come from the future: a box that has lost its clock must be able to say goodbye."""
_THUMBPRINT = "urn:ietf:params:oauth:jwk-thumbprint:sha-256:"

SCHEMA = """
CREATE TABLE IF NOT EXISTS resets (
    jti TEXT PRIMARY KEY, jkt TEXT NOT NULL, at INTEGER NOT NULL, received TEXT NOT NULL,
    sessions INTEGER NOT NULL, clients INTEGER NOT NULL, links INTEGER NOT NULL
);
"""


class _Notice(msgspec.Struct):
    sub: str
    aud: str
    iat: int
    jti: str


class Resets:
    """Take notices, and end what a device key was."""

    def __init__(self, issuer: str, db: Database, sessions: Sessions, clock: Clock) -> None:
        self._issuer, self._db, self._sessions, self._clock = issuer, db, sessions, clock

    def routes(self) -> list[web.RouteDef]:
        """Return where notices are taken, and the evidence is read."""
        return [web.post("/reset-notice", self.take), web.get("/_sim/resets", self.evidence)]

    async def take(self, request: web.Request) -> web.Response:
        """End the box's sessions, its registration and its links; the same notice again changes nothing."""
        text = (await request.content.read(_MOST + 1))[: _MOST + 1]
        said, jkt = self._read(text)
        quiet = {"Cache-Control": "no-store"}
        if self._db.execute("SELECT 1 FROM resets WHERE jti = ?", (said.jti,)).fetchone():
            return web.Response(status=204, headers=quiet)
        sids = [row["sid"] for row in self._db.execute("SELECT sid FROM sessions WHERE jkt = ? AND ended = 0", (jkt,))]
        if not any(
            self._db.execute(f"SELECT 1 FROM {table} WHERE jkt = ?", (jkt,)).fetchone()
            for table in ("sessions", "clients", "link_boxes", "boxes")
        ):
            raise Problem(404, "box_unknown")
        for sid in sids:
            self._sessions.end(sid)
        with self._db:
            streams = "SELECT stream_id FROM streams WHERE jkt = ?"
            self._db.execute(f"DELETE FROM security_events WHERE stream_id IN ({streams})", (jkt,))
            clients, links, *_ = (
                self._db.execute(f"DELETE FROM {table} WHERE jkt = ?", (jkt,)).rowcount
                for table in ("clients", "link_boxes", "box_places", "boxes", "stream_tokens", "streams")
            )
            row = (said.jti, jkt, said.iat, utc_text(self._clock()), len(sids), clients, links)
            self._db.execute("INSERT INTO resets VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        return web.Response(status=204, headers=quiet)

    async def evidence(self, _: web.Request) -> web.Response:
        """Answer what was ended."""
        rows = self._db.execute("SELECT jkt, at, received, sessions, clients, links FROM resets ORDER BY received")
        return web.json_response({"resets": [dict(row) for row in rows]})

    def _read(self, text: bytes) -> tuple[_Notice, str]:
        try:
            if len(text) > _MOST:
                raise ValueError("too long")
            signed = jws.extract_compact(text.strip(), registry=registry("ES256"))
            header: Mapping[str, object] = signed.headers()
            jwk = header.get("jwk")
            if header.get("typ") != TYPE or not isinstance(jwk, dict) or "d" in jwk:
                raise ValueError("typ and jwk")
            key = ECKey.import_key({name: str(jwk.get(name, "")) for name in ("kty", "crv", "x", "y")})
            if not jws.validate_compact(signed, key, registry=registry("ES256")):
                raise ValueError("signature")
            said = msgspec.json.decode(signed.payload, type=_Notice)
            if said.sub != _THUMBPRINT + key.thumbprint() or said.aud != self._issuer:
                raise ValueError("sub or aud")
            if said.iat > self._clock().timestamp() + _EARLY or not said.jti:
                raise ValueError("iat or jti")
        except (JoseError, msgspec.DecodeError, ValueError, TypeError) as error:
            raise Problem(400, "invalid_notice", str(error)) from None
        return said, key.thumbprint()
