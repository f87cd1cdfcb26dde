"""The boxes of a person: which they are, the end of one, and a box that forgets a link."""

from dataclasses import dataclass

from aiohttp import web

from simulators.platform.clients import Clients
from simulators.platform.events import Events, EventType, link_subject
from simulators.platform.life.callers import QUIET, Callers, answer, key_of
from simulators.platform.life.policy import Policies
from simulators.platform.life.records import Records
from simulators.platform.sessions import Sessions
from simulators.tokens import proof_key
from simulators.web import Problem, utc_text


@dataclass(frozen=True)
class Boxes:
    """Where somebody is known."""

    records: Records
    callers: Callers
    clients: Clients
    sessions: Sessions
    events: Events
    policies: Policies

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Give these endpoints."""
        return (
            web.get("/link/boxes", self.show),
            web.delete("/link/boxes/{box}", self.end),
            web.post("/link/release", self.release),
        )

    async def show(self, request: web.Request) -> web.Response:
        """Answer the boxes where the person is known, this one first."""
        person, _ = self.callers.person(request, active=True)
        here = proof_key(request).thumbprint()
        rows = self.records.db.execute(
            "SELECT * FROM link_boxes WHERE person = ? ORDER BY since, box", (person,)
        ).fetchall()
        found = [
            {
                "id": row["box"],
                "here": row["jkt"] == here,
                "operator": self.clients.title_at(row["jkt"]),
                "since": row["since"],
                "last_used": row["used"],
                **({"place": place} if (place := self.records.store.place_of(row["jkt"])) else {}),
            }
            for row in rows
        ]
        body = {
            "boxes": sorted(found, key=lambda it: not it["here"]),
            "most": self.policies.at(self.clients.operator_at(here)).boxes_per_person,
        }
        return answer(body)

    async def end(self, request: web.Request) -> web.Response:
        """End the person's use of a box: its sessions end, and it is told."""
        person, _ = self.callers.person(request, active=True)
        row = self.records.db.execute(
            "SELECT jkt FROM link_boxes WHERE box = ? AND person = ?", (request.match_info["box"], person)
        ).fetchone()
        if row is None:
            raise Problem(404, "box_unknown")
        self._leave(person, row["jkt"])
        link = self.records.store.link_of(person)
        if link is not None:
            subject = link_subject(link.link_id)
            self.events.tell(row["jkt"], EventType.LINK_STATUS_CHANGE.value, subject, status="ended")
        return web.Response(status=204, headers=QUIET)

    async def release(self, request: web.Request) -> web.Response:
        """Let a box forget a link, the person's others stay: it was given away, erased, or somebody moved out."""
        form, jkt = await self.callers.box(request)
        link_id = form.get("link_id", "")
        if (kept := self.records.kept(jkt, key := key_of(request), f"release {link_id}")) is not None:
            return answer(kept)
        person = self.records.whose(link_id)
        here = (
            person
            and self.records.db.execute(
                "SELECT 1 FROM link_boxes WHERE person = ? AND jkt = ?", (person, jkt)
            ).fetchone()
        )
        if not person or not here:
            raise Problem(404, "link_unknown")
        self._leave(person, jkt)
        body = self.records.receipt(link_id, "release", ())
        with self.records.db:
            self.records.keep(jkt, key, f"release {link_id}", body)
        return answer(body)

    def take(self, person: str, jkt: str, client_id: str, operator: str | None) -> bool:
        """Make an operator's box one of somebody's, or keep that it was used again; False if it would be one too many."""
        now, db = utc_text(self.records.clock()), self.records.db
        with db:
            known = db.execute(
                "UPDATE link_boxes SET used = ? WHERE person = ? AND jkt = ?", (now, person, jkt)
            ).rowcount
            if known:
                return True
            many = db.execute("SELECT count(*) AS many FROM link_boxes WHERE person = ?", (person,)).fetchone()["many"]
            if 0 < self.policies.at(operator).boxes_per_person <= many:
                return False
            row = (self.records.randomness.text(), person, jkt, client_id, now, now)
            db.execute("INSERT INTO link_boxes VALUES (?, ?, ?, ?, ?, ?)", row)
        return True

    def _leave(self, person: str, jkt: str) -> None:
        self.sessions.end_of(person, jkt)
        with self.records.db:
            self.records.db.execute("DELETE FROM link_boxes WHERE person = ? AND jkt = ?", (person, jkt))
