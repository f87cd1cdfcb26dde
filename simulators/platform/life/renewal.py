"""A renewed card takes the old one's place."""

from dataclasses import dataclass

from aiohttp import web

from simulators import web as shared
from simulators.platform.events import Events
from simulators.platform.life.callers import Callers, Guardian, answer, key_of
from simulators.platform.life.lost import tell_card
from simulators.platform.life.records import Records
from simulators.platform.sessions import Sessions
from simulators.web import Problem


@dataclass(frozen=True)
class Renewal:
    """From an old card to the new one."""

    records: Records
    callers: Callers
    sessions: Sessions
    events: Events

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Give these endpoints."""
        return (web.post("/link/replacement", self.replace),)

    def came_after(self, person: str, predecessor: str) -> None:
        """Keep that a new card takes the place of another person's, as the certification authority says."""
        link_of = self.records.store.link_of
        if person == predecessor or link_of(person) or link_of(predecessor) is None:
            return
        with self.records.db:
            self.records.db.execute("DELETE FROM successions WHERE person = ?", (person,))
            self.records.db.execute("INSERT INTO successions VALUES (?, ?)", (person, predecessor))

    async def replace(self, request: web.Request) -> web.Response:
        """Let the new card take the old one's place: the person, and everything that hangs on it, stays."""
        person, claims = self.callers.person(request)
        sub, records, db = claims.sub, self.records, self.records.db
        guardian = (await shared.json_body(request, Guardian)).guardian
        if (kept := records.kept(sub, key := key_of(request), "replace")) is not None:
            return answer(kept)
        before = records.predecessor(person)
        link = records.store.link_of(before) if before else None
        if before is None or link is None:
            raise Problem(404, "nothing_to_replace")
        self.sessions.end_of(before)
        with db:
            db.execute("DELETE FROM persons WHERE person = ?", (before,))
            db.execute("UPDATE persons SET person = ? WHERE person = ?", (before, person))
            db.execute("UPDATE subjects SET person = ? WHERE person = ?", (before, person))
            db.execute("UPDATE sessions SET person = ? WHERE person = ?", (before, person))
            for table in ("suspensions", "minors"):
                db.execute(f"DELETE FROM {table} WHERE person = ?", (before,))
            db.execute("DELETE FROM successions WHERE person = ?", (person,))
            records.keep(sub, key, "replace", link.body())
        if guardian:
            records.mark_minor(before)
        tell_card(self.events, before, "update")
        return answer(link.body())
