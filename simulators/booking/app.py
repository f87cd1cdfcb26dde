"""The town's booking service over HTTP: `docs/service-contracts.md`, "Booking", is its contract."""

from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import msgspec
from aiohttp import web

from simulators import web as shared
from simulators.backchannel import SCHEMA as ENDED
from simulators.backchannel import Ended
from simulators.booking.seed import (
    AHEAD,
    BY_ID,
    FACILITIES,
    GROUP_MOST,
    JST,
    PURPOSE_MOST,
    SCHEMA,
    Slot,
    era_year,
    find,
    slots,
)
from simulators.database import Database, Row
from simulators.tokens import SCHEMA as PROOFS
from simulators.tokens import ResourceServer, give_nonce, resource_options, resource_server
from simulators.web import Clock, Problem, utc_text


class OrderBody(msgspec.Struct):
    """The body of an order: what for, by how many, and in the name of which group, if any."""

    slot: str
    purpose: str
    people: int
    group: str = ""

    def check(self, capacity: int) -> None:
        """Refuse what the town's form would not take."""
        if not self.purpose.strip() or len(self.purpose) > PURPOSE_MOST or len(self.group) > GROUP_MOST:
            raise Problem(
                400, "invalid_request", f"purpose is 1 to {PURPOSE_MOST} characters, group at most {GROUP_MOST}"
            )
        if not 1 <= self.people <= capacity:
            raise Problem(400, "invalid_request", f"people is 1 to {capacity}")


class Booking:
    """The endpoints."""

    def __init__(self, db: Database, guard: ResourceServer, clock: Clock) -> None:
        self._db, self._guard, self._clock = db, guard, clock

    def _today(self) -> date:
        return self._clock().astimezone(JST).date()

    async def facilities(self, _: web.Request) -> web.Response:
        """Answer the list of facilities."""
        return web.json_response({"facilities": [facility.body() for facility in FACILITIES]})

    async def slots(self, request: web.Request) -> web.Response:
        """Answer a facility's times of some days; days outside the booking period have none."""
        facility = BY_ID.get(request.match_info["id"])
        if facility is None:
            raise Problem(404, "UnknownFacilityError")
        today = self._today()
        try:
            first = date.fromisoformat(request.query.get("from", today.isoformat()))
            count = int(request.query.get("days", "7"))
        except ValueError as error:
            raise Problem(400, "invalid_request", str(error)) from None
        if not 1 <= count <= AHEAD.days:
            raise Problem(400, "invalid_request", f"days is 1 to {AHEAD.days}")
        days = [first + timedelta(days=n) for n in range(count)]
        found = [s for day in days if today <= day < today + AHEAD for s in slots(facility, day)]
        return web.json_response({"slots": [self._slot(s) for s in found]})

    def _slot(self, slot: Slot) -> dict[str, object]:
        return {
            "id": slot.id, "start": utc_text(slot.start), "end": utc_text(slot.end),
            "free": self._free(slot), "price_yen": slot.price_yen,
        }  # fmt: skip

    def _free(self, slot: Slot) -> bool:
        ordered = self._db.execute("SELECT 1 FROM orders WHERE slot = ?", (slot.id,)).fetchone()
        return not slot.taken and slot.start > self._clock() and ordered is None

    async def order(self, request: web.Request) -> web.Response:
        """Make an order; the same order again changes nothing."""
        sub = await self._guard.subject(request)
        try:
            name = str(UUID(request.match_info["id"]))
        except ValueError:
            raise Problem(400, "invalid_request", "the order's id is a UUID") from None
        body = await shared.json_body(request, OrderBody)
        wanted = body.slot
        before = self._db.execute("SELECT * FROM orders WHERE id = ?", (name,)).fetchone()
        if before:
            said = (before["purpose"], before["people"], before["party"])
            if (before["sub"], before["slot"], *said) != (sub, wanted, body.purpose, body.people, body.group):
                raise Problem(409, "OrderAlreadyExistsError", "this id stands for another order")
            return web.json_response(_order(before))
        slot = find(wanted)
        if slot is None or not self._today() <= slot.start.astimezone(JST).date() < self._today() + AHEAD:
            raise Problem(404, "UnknownOpportunityError")
        body.check(slot.facility.capacity)
        if not self._free(slot):
            raise Problem(409, "OpportunityHasInsufficientCapacityError", "somebody else has this time")
        # Nothing is awaited between the look above and this, and the table allows a slot once.
        with self._db:
            year = f"R{era_year(self._today())}"
            count = self._db.execute("SELECT count(*) FROM orders WHERE number LIKE ?", (f"{year}-%",)).fetchone()[0]
            row = (name, sub, slot.id, f"{year}-{count + 1:04}", slot.facility.id, utc_text(slot.start),
                   utc_text(slot.end), slot.price_yen, body.purpose, body.people, body.group)  # fmt: skip
            self._db.execute("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        made = self._db.execute("SELECT * FROM orders WHERE id = ?", (name,)).fetchone()
        return web.json_response(_order(made), status=201)

    async def orders(self, request: web.Request) -> web.Response:
        """Answer the person's orders, newest first."""
        sub = await self._guard.subject(request)
        rows = self._db.execute("SELECT * FROM orders WHERE sub = ? ORDER BY rowid DESC", (sub,))
        return web.json_response({"orders": [_order(row) for row in rows]})


def _order(row: Row) -> dict[str, object]:
    names = ("id", "number", "facility", "slot", "start", "end", "price_yen", "purpose", "people")
    return {"status": "confirmed", "group": row["party"], **{name: row[name] for name in names}}


def build(platform: str, given: Clock, *, max_age: timedelta, dpop_nonce: bool = False) -> shared.Build:
    """Prepare the application; `max_age` is how old a sign-in may be, `dpop_nonce` asks proofs for a server's nonce."""

    def make(base: str, state: Path) -> web.Application:
        clock = shared.Adjustable(given)
        db = shared.database(state, "booking", PROOFS + SCHEMA + ENDED)
        guard = resource_server(base, platform, db, clock, max_age, dpop_nonce=dpop_nonce)
        booking, ended = Booking(db, guard, clock), Ended(base, platform, db, guard.keys, clock)
        guard.ended = ended.has
        app = shared.application(shared.json_problem, clock)
        shared.close_with(app, db)
        app.on_response_prepare.append(give_nonce)
        app.router.add_get("/facilities", booking.facilities)
        app.router.add_get("/facilities/{id}/slots", booking.slots)
        app.router.add_put("/orders/{id}", booking.order)
        app.router.add_get("/orders", booking.orders)
        app.add_routes([ended.route()])
        app.router.add_post("/_sim/levels", guard.order)
        return app

    return make


def main(argv: list[str]) -> int:
    """Run the booking service."""
    parser = resource_options("booking", "One town's booking of public facilities.", max_age=1800)
    arguments = parser.parse_args(argv)
    max_age = timedelta(seconds=arguments.max_age)
    make = build(arguments.platform, shared.clock_of(arguments), max_age=max_age, dpop_nonce=arguments.dpop_nonce)
    return shared.run("booking", arguments, make)
