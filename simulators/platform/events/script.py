"""What tests and the living room's page let happen, and what became of it: `POST` and `GET /_sim/events`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import msgspec
from aiohttp import web

from simulators.database import Database, Row
from simulators.platform.events.kinds import LOST, REPLACED, EventType
from simulators.platform.events.telling import Events
from simulators.platform.sessions import Sessions
from simulators.web import Problem, json_body


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


@dataclass(frozen=True)
class Script:
    """Happenings on demand."""

    events: Events
    db: Database
    sessions: Sessions

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Give these endpoints."""
        return web.post("/_sim/events", self.script), web.get("/_sim/events", self.told)

    async def script(self, request: web.Request) -> web.Response:
        """Let something happen (`POST /_sim/events`); gives the `jti`s."""
        order = await json_body(request, _Script)
        if order.happening is None:
            return web.json_response({"jti": self.events.tell(order.to, order.type, order.subject, **order.claims)})
        query = "SELECT sid, person, jkt FROM sessions"
        where = (" WHERE jkt = ? OR client_id = ?", (order.to, order.to)) if order.to else ("", ())
        rows = self.db.execute(query + where[0] + " ORDER BY auth_time", where[1]).fetchall()
        if not rows:
            raise Problem(404, "nobody", "nobody ever signed in there")
        return web.json_response({"jti": self._happen(order.happening, rows[-1], order.claims)})

    def _happen(self, happening: Happening, last: Row, claims: Mapping[str, object]) -> list[str]:
        person = last["person"]
        match happening:
            case Happening.SESSION_REVOKED:
                by = str(claims.get("initiating_entity", "admin"))
                return self.events.revoke_session(last["sid"], by)
            case Happening.CARD_LOST:
                self.sessions.end_all(person)
                return self.events.tell_person(person, EventType.CREDENTIAL_CHANGE.value, **{**LOST, **claims})
            case Happening.CERTIFICATE_REPLACED:
                return self.events.tell_person(person, EventType.CREDENTIAL_CHANGE.value, **{**REPLACED, **claims})
            case Happening.ADDRESS_CHANGED:
                return self.events.tell_person(
                    person, EventType.ADDRESS_CHANGE.value, **{"initiating_entity": "policy", **claims}
                )

    async def told(self, _: web.Request) -> web.Response:
        """Answer every event and how far it is (`GET /_sim/events`)."""
        rows = self.db.execute("SELECT * FROM security_events ORDER BY position").fetchall()
        found = [
            {"jti": row["jti"], "state": row["state"], "err": row["err"], "claims": json.loads(row["claims"])}
            for row in rows
        ]
        return web.json_response({"events": found})
