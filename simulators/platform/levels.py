"""What the platform asks of a sign-in before it gives a service its token (`docs/cable-id-profile.md`, Levels).

`POST /_sim/levels {"service", "acr"?, "max_age"?, "revocation"?, "at_box"?}` changes what a service asks; what is left out stays.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from aiohttp import web

from simulators import web as shared
from simulators.database import Database
from simulators.tokens import AccessClaims
from simulators.web import Clock, Problem

SCHEMA = "CREATE TABLE IF NOT EXISTS checks (sid TEXT PRIMARY KEY, checked_at INTEGER NOT NULL);"
_LEVELS = ("present", "authenticated", "signature")


class Policy(msgspec.Struct, forbid_unknown_fields=True):
    """What a service asks: which `acr`, how old the sign-in and the news of its certificate may be (seconds), whether the card must be at the box."""

    acr: str = "authenticated"
    max_age: int = 3600
    revocation: int = 3600
    at_box: bool = False


class _Order(msgspec.Struct, forbid_unknown_fields=True):
    service: str
    acr: str | None = None
    max_age: int | None = None
    revocation: int | None = None
    at_box: bool | None = None


def checked(db: Database, sid: str, found: Mapping[str, Any]) -> None:
    """Remember as of when a session's certificate was known to be good, from what the ID token says of it; inside a transaction."""
    if found["status"] == "good":
        db.execute(
            "INSERT INTO checks VALUES (?, ?) ON CONFLICT (sid) DO UPDATE SET checked_at = excluded.checked_at",
            (sid, found["checked_at"]),
        )


class Levels:
    """Keep the services' policies, and hold sign-ins against them."""

    def __init__(self, services: Iterable[str], db: Database, clock: Clock) -> None:
        # Records of somebody's health: RFC 10027, what was signed in over another device is not enough.
        self._policies = {name: Policy(at_box=name == "health") for name in services}
        self._db, self._clock = db, clock

    def granted(self, service: str, claims: AccessClaims) -> str:
        """Give the `acr` of the service's token: never more than it asks. Raises Problem when the sign-in falls short."""
        policy, now = self._policies[service], self._clock().timestamp()
        if _LEVELS.index(claims.acr) < _LEVELS.index(policy.acr):
            raise _short("level", acr_values=policy.acr)
        if policy.at_box and "mca" in claims.amr:
            raise _short("card_required")
        if now - claims.auth_time > policy.max_age:
            raise _short("too_old", max_age=policy.max_age)
        row = self._db.execute("SELECT checked_at FROM checks WHERE sid = ?", (claims.sid,)).fetchone()
        if row is None:
            raise _short("revocation_unknown")
        if now - row["checked_at"] > policy.revocation:
            raise _short("revocation_old", max_age=policy.revocation)
        return policy.acr

    async def order(self, request: web.Request) -> web.Response:
        """Change a policy."""
        order = await shared.json_body(request, _Order)
        if order.service not in self._policies or order.acr not in (None, *_LEVELS):
            raise Problem(400, "invalid_request")
        told = shared.members(msgspec.structs.asdict(order))
        del told["service"]
        self._policies[order.service] = msgspec.structs.replace(self._policies[order.service], **told)
        return web.Response(status=204)


def _short(reason: str, **more: object) -> Problem:
    return Problem(400, "invalid_request", "sign in again", headers=None, reason=reason, **more)
