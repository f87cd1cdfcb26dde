"""The town's booking service over HTTP: `docs/service-contracts.md`, "Booking", is its contract."""

from datetime import date, timedelta
from uuid import UUID

import msgspec
from aiohttp import web

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
from simulators.database import Row
from simulators.resource import Ground, Service
from simulators.web import Problem, json_body, json_problem, utc_text


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

    def __init__(self, ground: Ground) -> None:
        self._db, self._guard, self._clock = ground.db, ground.guard, ground.clock

    def routes(self) -> list[web.RouteDef]:
        """Give the endpoints."""
        return [
            web.get("/facilities", self.facilities),
            web.get("/facilities/{id}/slots", self.slots),
            web.put("/orders/{id}", self.order),
            web.get("/orders", self.orders),
        ]

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
        body = await json_body(request, OrderBody)
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


SERVICE = Service(
    name="booking",
    about="One town's booking of public facilities.",
    max_age=1800,
    schema=SCHEMA,
    render=json_problem,
    routes=lambda ground: Booking(ground).routes(),
)
