"""A lost card: suspended by whoever may, and taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import msgspec
from aiohttp import web

from simulators import web as shared
from simulators.platform.events import Events, EventType
from simulators.platform.life.callers import Callers, answer, key_of, strings
from simulators.platform.life.records import Records
from simulators.platform.sessions import Sessions
from simulators.tokens import proof_key
from simulators.web import Problem, utc_text

_WRONG_MOST, _WRONG_WITHIN = 5, timedelta(hours=1)
"""Contract numbers that a box may have wrong before it is not listened to, and within which time."""


class _Contract(msgspec.Struct):
    contract_number: str = ""


@dataclass(frozen=True)
class LostCards:
    """From a card that is missing to one that was found."""

    records: Records
    callers: Callers
    sessions: Sessions
    events: Events

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Give these endpoints."""
        return (
            web.post("/link/household", self.household),
            web.post("/link/suspension", self.stop),
            web.post("/link/resumption", self.take_back),
        )

    async def household(self, request: web.Request) -> web.Response:
        """Answer the links that this box knows to somebody without a card: those of a contract whose number they know, or those of none."""
        form, jkt = await self.callers.box(request)
        people = self._people_at(jkt, form.get("contract_number", ""))
        links = [(self.records.store.link_of(person), self.records.suspended(person)) for person in people]
        body = [
            {"link_id": link.link_id, "linked_at": link.linked_at, "state": "suspended" if stopped else "linked"}
            for link, stopped in links
            if link
        ]
        return answer({"links": body})

    async def stop(self, request: web.Request) -> web.Response:
        """Suspend a link of this box: by the contract number, by another person of the same contract who is signed in, or one without."""
        key = key_of(request)
        if "Authorization" in request.headers:
            member, _ = self.callers.person(request, active=True)
            form = strings(await request.post())
            jkt = proof_key(request).thumbprint()
            people = {*self._without_contract(jkt), *self._people_at(jkt, self.records.contract(member))}
            who = "member"
        else:
            form, jkt = await self.callers.box(request)
            number = form.get("contract_number", "")
            people, who = set(self._people_at(jkt, number)), "contract_number" if number else "box"
        link_id = form.get("link_id", "")
        if (kept := self.records.kept(jkt, key, f"suspend {link_id}")) is not None:
            return answer(kept)
        person = self.records.whose(link_id)
        if person is None or person not in people:
            raise Problem(404, "link_unknown")
        body = self.suspend(person, who)
        with self.records.db:
            self.records.keep(jkt, key, f"suspend {link_id}", body)
        return answer(body)

    async def take_back(self, request: web.Request) -> web.Response:
        """Take a suspension back: the card is there again, at a box of its own household, and somebody knows the contract number if it has one."""
        person, claims = self.callers.person(request)
        sub = claims.sub
        number = (await shared.json_body(request, _Contract)).contract_number
        if (kept := self.records.kept(sub, key := key_of(request), "resume")) is not None:
            return answer(kept)
        link = self.records.store.link_of(person)
        if link is None:
            raise Problem(404, "link_unknown")
        jkt = proof_key(request).thumbprint()
        under_none = not self.records.contract(person)
        if person not in (self._without_contract(jkt) if under_none else self._people_under(jkt, number)):
            raise Problem(404, "link_unknown")
        self.resume(person, link.link_id)
        with self.records.db:
            self.records.keep(sub, key, "resume", link.body())
        return answer(link.body())

    def suspend(self, person: str, who: str) -> dict[str, object]:
        """Suspend somebody's card; gives the answer's body."""
        since, db = utc_text(self.records.clock()), self.records.db
        with db:
            db.execute("INSERT INTO suspensions VALUES (?, ?, ?) ON CONFLICT (person) DO NOTHING", (person, since, who))
            since = db.execute("SELECT since FROM suspensions WHERE person = ?", (person,)).fetchone()["since"]
        self.sessions.end_of(person)
        tell_card(self.events, person, "revoke")
        return {"state": "suspended", "suspended_at": since}

    def resume(self, person: str, link_id: str) -> None:
        """Take somebody's suspension back."""
        with self.records.db:
            self.records.db.execute("DELETE FROM suspensions WHERE person = ?", (person,))
        self.events.tell_person(person, EventType.LINK_STATUS_CHANGE.value, link_id, status="active")

    def _people_at(self, jkt: str, contract: str) -> Sequence[str]:
        return self._people_under(jkt, contract) if contract else self._without_contract(jkt)

    def _without_contract(self, jkt: str) -> Sequence[str]:
        """Give who is linked under no contract and known at a box."""
        rows = self.records.db.execute(
            "SELECT person FROM links JOIN link_boxes USING (person) WHERE contract = '' AND jkt = ? ORDER BY linked_at",
            (jkt,),
        ).fetchall()
        return [str(row["person"]) for row in rows]

    def _people_under(self, jkt: str, contract: str) -> Sequence[str]:
        """Give who is linked under a contract and known at a box. Raises Problem 404, 429 after too many wrong numbers."""
        now, db = int(self.records.clock().timestamp()), self.records.db
        since = now - int(_WRONG_WITHIN.total_seconds())
        wrong = db.execute(
            "SELECT count(*) AS wrong, min(at) AS first FROM wrong_contracts WHERE jkt = ? AND at > ?", (jkt, since)
        ).fetchone()
        if wrong["wrong"] >= _WRONG_MOST:
            raise Problem(429, "too_many_requests", headers={"Retry-After": str(wrong["first"] - since)})
        rows = db.execute(
            "SELECT person FROM links JOIN link_boxes USING (person) WHERE contract = ? AND jkt = ? ORDER BY linked_at",
            (contract, jkt),
        ).fetchall()
        if not rows or not contract:
            with db:
                db.execute("DELETE FROM wrong_contracts WHERE at <= ?", (since,))
                db.execute("INSERT INTO wrong_contracts VALUES (?, ?)", (jkt, now))
            raise Problem(404, "contract_not_found")
        return [str(row["person"]) for row in rows]


def tell_card(events: Events, person: str, change: str) -> None:
    """Tell a person's boxes what became of the card (CAEP 1.0, credential change)."""
    events.tell_person(person, EventType.CREDENTIAL_CHANGE.value, credential_type="x509", change_type=change)
