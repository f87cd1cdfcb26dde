"""The end of a session as a service hears it (OpenID Connect Back-Channel Logout 1.0): from then on none of its tokens is taken."""

from datetime import timedelta

import msgspec
from aiohttp import web
from joserfc import jws
from joserfc.errors import JoseError

from simulators.database import Database
from simulators.tokens import AccessClaims, PlatformKeys, registry
from simulators.web import Clock, Problem

EVENT = "http://schemas.openid.net/event/backchannel-logout"
_SKEW = 60
_KEPT = timedelta(hours=2)
"""Longer than any token of a session can be good."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS ended_sessions (name TEXT NOT NULL, before INTEGER NOT NULL, expires INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS logout_tokens (jti TEXT PRIMARY KEY, expires INTEGER NOT NULL);
"""


class _LogoutClaims(msgspec.Struct):
    iss: str
    aud: str | list[str]
    iat: int
    exp: int
    jti: str
    events: dict[str, dict[str, object]]
    sub: str | None = None
    sid: str | None = None
    nonce: str | None = None


class Ended:
    """Take logout tokens, and tell whether a session has ended."""

    def __init__(self, base: str, platform: str, db: Database, keys: PlatformKeys, clock: Clock) -> None:
        self._base, self._platform, self._db, self._keys, self._clock = base, platform, db, keys, clock

    def _now(self) -> int:
        return int(self._clock().timestamp())

    def route(self) -> web.RouteDef:
        """Give the endpoint."""
        return web.post("/backchannel-logout", self.take)

    async def take(self, request: web.Request) -> web.Response:
        """Take a logout token (clause 2.5): 204, or 400 when it does not hold (clause 2.8)."""
        form = await request.post()
        claims = await self._read(str(form.get("logout_token", "")))
        now = self._now()
        with self._db:
            self._db.execute("DELETE FROM logout_tokens WHERE expires < ?", (now,))
            self._db.execute("DELETE FROM ended_sessions WHERE expires < ?", (now,))
            used = (claims.jti, claims.exp + _SKEW)
            if self._db.execute("INSERT INTO logout_tokens VALUES (?, ?) ON CONFLICT DO NOTHING", used).rowcount != 1:
                raise Problem(400, "invalid_request", "jti was used before")
            # Without a session, every one of the person's that began before (clause 2.4).
            name = f"sid|{claims.sid}" if claims.sid else f"sub|{claims.sub}"
            row = (name, claims.iat, now + int(_KEPT.total_seconds()))
            self._db.execute("INSERT INTO ended_sessions VALUES (?, ?, ?)", row)
        return web.Response(status=204, headers={"Cache-Control": "no-store"})

    async def _read(self, token: str) -> _LogoutClaims:
        try:
            header = jws.extract_compact(token.encode(), registry=registry("ES256")).headers()
            key = await self._keys.find(str(header.get("kid")))
            if key is None:
                raise ValueError("kid")
            if str(header.get("typ")).lower() not in ("logout+jwt", "application/logout+jwt"):
                raise ValueError("typ")
            if "crit" in header:
                raise ValueError("crit: the profile has no extension")
            signed = jws.deserialize_compact(token.encode(), key, registry=registry("ES256"))
            claims = msgspec.json.decode(signed.payload, type=_LogoutClaims)
            now = self._now()
            if claims.iss != self._platform or claims.aud not in (self._base, [self._base]):
                raise ValueError("iss or aud")
            if not (claims.iat <= now + _SKEW and now - _SKEW < claims.exp):
                raise ValueError("out of its time")
            if EVENT not in claims.events or claims.nonce is not None or not (claims.sid or claims.sub):
                raise ValueError("events, nonce, sid or sub")
        except (JoseError, ValueError, TypeError) as error:
            raise Problem(400, "invalid_request", str(error)) from None
        return claims

    def has(self, claims: AccessClaims) -> bool:
        """Tell whether the session of an access token has ended."""
        names = (f"sid|{claims.sid}", f"sub|{claims.sub}")
        rows = self._db.execute("SELECT name, before FROM ended_sessions WHERE name = ? OR name = ?", names).fetchall()
        return any(row["name"] == names[0] or claims.auth_time <= row["before"] for row in rows)
