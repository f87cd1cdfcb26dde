"""How somebody is linked, and the making of a link."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from simulators import web as shared
from simulators.platform.clients import Clients
from simulators.platform.life.boxes import Boxes
from simulators.platform.life.callers import Callers, Guardian, answer, key_of
from simulators.platform.life.policy import Policies
from simulators.platform.life.records import Records
from simulators.platform.link_policy import LinkPolicy
from simulators.tokens import proof_key
from simulators.web import Problem


class LinkBody(Guardian):
    """The body of a request to link."""

    contract_number: str = ""


@dataclass(frozen=True)
class Making:
    """From a card without a link to one with it."""

    records: Records
    callers: Callers
    clients: Clients
    boxes: Boxes
    policies: Policies
    linked_at_box: Callable[[web.Request, str], None]

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Give these endpoints."""
        return web.get("/link", self.show), web.post("/link", self.make)

    async def show(self, request: web.Request) -> web.Response:
        """Answer how the person is linked."""
        person, _ = self.callers.person(request)
        link = self.records.store.link_of(person)
        if link is not None:
            state = "suspended" if self.records.suspended(person) else "linked"
            contract = bool(self.records.contract(person))
            return answer({"linked": True, **link.body(), "state": state, "contract": contract})
        before = self.records.predecessor(person)
        old = self.records.store.link_of(before) if before else None
        return answer({"linked": False, **({"replaces": _what(old.body())} if old else {})})

    async def make(self, request: web.Request) -> web.Response:
        """Link the person to a Cable ID, in the name of a contract or of none; the same idempotency key gives the same answer."""
        person, claims = self.callers.person(request)
        key = key_of(request)
        body = await shared.json_body(request, LinkBody)
        number = body.contract_number
        if number and not (len(number) == 10 and number.isascii() and number.isdigit()):
            raise Problem(400, "invalid_request", "contract_number has 10 digits")
        owner = self.clients.operator_at(proof_key(request).thumbprint())
        made = self.records.store.link_once(
            person, key, number, operator=owner, allowed=lambda: self._refusal(person, number, self.policies.at(owner))
        )
        if made.status == 201:
            jkt = claims.cnf.jkt
            self.boxes.take(person, jkt, claims.client_id, owner)
            if body.guardian:
                self.records.mark_minor(person)
            if number:
                self.linked_at_box(request, number)
                with self.records.db:
                    self.records.db.execute("DELETE FROM box_places WHERE jkt = ?", (jkt,))
                    self.records.db.execute("INSERT INTO box_places VALUES (?, ?)", (jkt, number))
        return answer(made.body, made.status)

    def _refusal(self, person: str, number: str, policy: LinkPolicy) -> dict[str, object] | None:
        """Say why somebody may not link, in the body of the answer 409."""
        link = self.records.store.link_of(person)
        if link is not None:
            contract = self.records.contract(person)
            if contract or not number:
                elsewhere = bool(number) and contract != number
                return {"error": "linked_elsewhere" if elsewhere else "already_linked", **_what(link.body())}
            if self.records.suspended(person):
                return {"error": "link_suspended"}
        if not number:
            return None if policy.without_contract else {"error": "contract_needed"}
        row = self.records.db.execute("SELECT count(*) AS many FROM links WHERE contract = ?", (number,)).fetchone()
        return {"error": "contract_full"} if 0 < policy.people_per_contract <= row["many"] else None


def _what(link: Mapping[str, str]) -> dict[str, str]:
    """Give what may be told of a link before it is this card's."""
    return {name: link[name] for name in ("operator", "linked_at")}
