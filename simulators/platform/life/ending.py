"""The end of a link."""

from dataclasses import dataclass
from datetime import timedelta

import msgspec
from aiohttp import web

from simulators import web as shared
from simulators.platform.events import Events, EventType
from simulators.platform.front import Front
from simulators.platform.life.callers import answer, key_of
from simulators.platform.life.records import Records
from simulators.platform.sessions import Sessions
from simulators.web import Problem

LATE = timedelta(days=30)
"""How long after its token has expired an end that was confirmed with it is still taken."""
_TABLES = ("links", "persons", "subjects", "link_boxes", "suspensions", "minors", "service_uses")


class _LinkId(msgspec.Struct):
    link_id: str


@dataclass(frozen=True)
class Ending:
    """From a link to nobody."""

    records: Records
    front: Front
    sessions: Sessions
    events: Events

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Give these endpoints."""
        return (web.post("/link/end", self.answer),)

    async def answer(self, request: web.Request) -> web.Response:
        """End the link for good, everywhere: it may be told late, what counts is that the person confirmed it with a token that was good then."""
        claims = self.front.claims_late(request, LATE)
        link_id = (await shared.json_body(request, _LinkId)).link_id
        if (kept := self.records.kept(claims.sub, key := key_of(request), f"end {link_id}")) is not None:
            return answer(kept)
        person = self.records.store.person_of(claims.sub)
        if person is None or self.records.whose(link_id) != person:
            raise Problem(404, "link_unknown")
        if self.records.suspended(person):
            raise Problem(409, "link_suspended")
        body = self.end(person, link_id)
        with self.records.db:
            self.records.keep(claims.sub, key, f"end {link_id}", body)
        return answer(body)

    def end(self, person: str, link_id: str) -> dict[str, object]:
        """Forget the person: who links this card again is somebody new to every service. Gives the answer's body."""
        db = self.records.db
        rows = db.execute("SELECT service FROM service_uses WHERE person = ? ORDER BY service", (person,))
        services = tuple(str(row["service"]) for row in rows)
        self.events.tell_person(person, EventType.LINK_STATUS_CHANGE.value, link_id, status="ended")
        self.sessions.end_of(person)
        body = self.records.receipt(link_id, "end", services)
        with db:
            for table in _TABLES:
                db.execute(f"DELETE FROM {table} WHERE person = ?", (person,))
            db.execute("DELETE FROM successions WHERE predecessor = ?", (person,))
        return body
