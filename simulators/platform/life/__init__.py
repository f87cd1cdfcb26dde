"""The life of a link (`docs/cable-id-profile.md`, Link): its making, the boxes a person uses, a renewed card, a lost one, and the end.

`POST /_sim/link-policy {"operator"?, "people_per_contract"?, "boxes_per_person"?, "without_contract"?, "adults_only"?}` is that operator's policy,
without a name every one's.
`POST /_sim/call-centre {"act": suspend|resume|end, "link_id" | "contract_number"}` is the operator's call centre, which has
made sure who calls; by contract number whoever linked first under it is meant.
"""

from collections.abc import Callable
from enum import StrEnum

import msgspec
from aiohttp import web

from simulators import web as shared
from simulators.platform.clients import Client, Clients
from simulators.platform.events import Events
from simulators.platform.front import Front
from simulators.platform.life.boxes import Boxes
from simulators.platform.life.callers import Callers, answer
from simulators.platform.life.ending import Ending
from simulators.platform.life.lost import LostCards
from simulators.platform.life.making import Making
from simulators.platform.life.policy import Policies
from simulators.platform.life.records import SCHEMA, Records
from simulators.platform.life.renewal import Renewal
from simulators.platform.operators import Operators
from simulators.platform.sessions import Sessions
from simulators.tokens import Proofs
from simulators.web import Problem

__all__ = ["SCHEMA", "Life", "Records", "Standing"]


class Standing(StrEnum):
    """How a card stands with its link: the own claim `link` of an ID token."""

    NONE = "none"
    LINKED = "linked"
    SUSPENDED = "suspended"
    REPLACES = "replaces"
    TOO_MANY_BOXES = "too_many_boxes"


class _Call(msgspec.Struct, forbid_unknown_fields=True):
    act: str
    link_id: str = ""
    contract_number: str = ""


class Life:
    """The parts together: what sign-in and token exchange ask of them, and what the operator does."""

    def __init__(
        self, records: Records, sessions: Sessions, front: Front, clients: Clients, proofs: Proofs, events: Events,
        operators: Operators, linked_at_box: Callable[[web.Request, str], None],
    ) -> None:  # fmt: skip
        """`linked_at_box` is told of the request and the contract of every link that is made under one."""
        self._records, self._policies = records, Policies(operators)
        callers = Callers(front, clients, proofs, records)
        self._boxes = Boxes(records, callers, clients, sessions, events, self._policies)
        self._making = Making(records, callers, clients, self._boxes, self._policies, linked_at_box)
        self._renewal = Renewal(records, callers, sessions, events)
        self._lost = LostCards(records, callers, sessions, events)
        self._ending = Ending(records, front, sessions, events)

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Give all endpoints."""
        parts = (self._making, self._renewal, self._boxes, self._lost, self._ending)
        return (
            *(route for part in parts for route in part.routes()),
            web.post("/_sim/link-policy", self._policies.change),
            web.post("/_sim/call-centre", self.call_centre),
        )

    # -- what sign-in and token exchange ask

    def standing(self, person: str, jkt: str | None = None, client: Client | None = None) -> Standing:
        """Tell how a person stands; with a box (its key and client), which is theirs from then on if the policy allows it."""
        if self._records.store.link_of(person) is None:
            return Standing.REPLACES if self._records.predecessor(person) else Standing.NONE
        if self._records.suspended(person):
            return Standing.SUSPENDED
        if jkt is None or client is None or self._boxes.take(person, jkt, client.client_id, client.operator):
            return Standing.LINKED
        return Standing.TOO_MANY_BOXES

    def came_after(self, person: str, predecessor: str) -> None:
        """Keep that a new card takes the place of another person's, as the certification authority says."""
        self._renewal.came_after(person, predecessor)

    def allow(self, person: str, jkt: str, client: Client, service: str) -> None:
        """Let a token for a service be made, or not. Raises Problem 400 with the reason."""
        standing = self.standing(person, jkt, client)
        if standing is not Standing.LINKED:
            known = {Standing.SUSPENDED: "link_suspended", Standing.TOO_MANY_BOXES: "too_many_boxes"}
            raise Problem(400, "invalid_request", "link first", reason=known.get(standing, "link_required"))
        if service in self._policies.at(client.operator).adults_only and self._records.minor(person):
            raise Problem(400, "invalid_request", "not for an under-15's card", reason="guardian_required")
        with self._records.db:
            self._records.db.execute(
                "INSERT INTO service_uses VALUES (?, ?) ON CONFLICT (person, service) DO NOTHING", (person, service)
            )

    # -- the operator

    async def call_centre(self, request: web.Request) -> web.Response:
        """Do what somebody asked for on the telephone (`POST /_sim/call-centre`)."""
        call, store = await shared.json_body(request, _Call), self._records.store
        person = self._records.whose(call.link_id) if call.link_id else store.person_under(call.contract_number)
        link = store.link_of(person) if person else None
        if person is None or link is None:
            raise Problem(404, "link_unknown")
        match call.act:
            case "suspend":
                return answer(self._lost.suspend(person, "call_centre"))
            case "resume":
                self._lost.resume(person, link.link_id)
                return answer(link.body())
            case "end":
                return answer(self._ending.end(person, link.link_id))
        raise Problem(400, "invalid_request", "act")
