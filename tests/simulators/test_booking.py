"""The town's booking against docs/service-contracts.md."""

import asyncio
from datetime import date, datetime
from uuid import uuid4

import aiohttp
import pytest

from simulators.platform.seed import CONTRACT_NUMBER


@pytest.fixture
def url(town):
    return town.address["booking"]


async def visitor(town, name="linked"):
    """A box whose holder signed in, and its token for the booking service."""
    box = town.box()
    token = await box.token(town.card(name))
    await box.link(token, CONTRACT_NUMBER)
    return box, (await box.exchange(token, town.address["booking"])).body["access_token"]


async def free_slots(town, facility="F01"):
    reply = await town.control("booking", "GET", f"/facilities/{facility}/slots?days=28")
    return [slot["id"] for slot in reply.body["slots"] if slot["free"]]


def wanted(slot, **changed):
    """The body of an order for a slot."""
    return {"slot": slot, "purpose": "会議", "people": 8, "group": "潮見台将棋会", **changed}


def order_url(town, name=None):
    return f"{town.address['booking']}/orders/{name or uuid4()}"


async def test_facilities_are_public(town):
    found = (await town.control("booking", "GET", "/facilities")).body["facilities"]
    assert len(found) >= 6
    for facility in found:
        assert set(facility) == {"id", "name", "kana", "address", "phone", "capacity", "purposes"}
        assert all(facility.values())


async def test_slots_are_public_and_the_same_each_time(town):
    path = "/facilities/F04/slots?from=2026-11-26&days=2"
    found = (await town.control("booking", "GET", path)).body["slots"]
    assert {slot["start"][:10] for slot in found} <= {"2026-11-26", "2026-11-27"}
    for slot in found:
        start, end = datetime.fromisoformat(slot["start"]), datetime.fromisoformat(slot["end"])
        assert start < end
        assert slot["price_yen"] >= 0
    assert (await town.control("booking", "GET", path)).body["slots"] == found
    four_weeks = (await town.control("booking", "GET", "/facilities/F04/slots?days=28")).body["slots"]
    assert {slot["free"] for slot in four_weeks} == {True, False}


async def test_what_has_begun_or_lies_too_far_ahead_cannot_be_booked(town):
    today = (await town.control("booking", "GET", "/facilities/F01/slots?from=2026-11-24&days=1")).body["slots"]
    assert datetime.fromisoformat(today[0]["start"]) < town.now
    assert not today[0]["free"]
    box, token = await visitor(town)
    reply = await box.send("PUT", order_url(town), token=token, json=wanted(today[0]["id"]))
    assert (reply.status, reply.body["error"]) == (409, "OpportunityHasInsufficientCapacityError")
    beyond = (await town.control("booking", "GET", "/facilities/F01/slots?from=2026-12-22&days=7")).body["slots"]
    assert beyond == []
    last = (await town.control("booking", "GET", "/facilities/F01/slots?days=28")).body["slots"][-1]
    assert date.fromisoformat(last["start"][:10]) <= date(2026, 12, 21)
    reply = await box.send("PUT", order_url(town), token=token, json=wanted("F07-20261222-09"))
    assert (reply.status, reply.body["error"]) == (404, "UnknownOpportunityError")


@pytest.mark.parametrize("query", ["from=tomorrow", "days=0", "days=29", "days=x"])
async def test_a_bad_question_about_slots(town, query):
    assert (await town.control("booking", "GET", f"/facilities/F01/slots?{query}")).status == 400


async def test_an_unknown_facility(town):
    assert (await town.control("booking", "GET", "/facilities/F99/slots")).status == 404


async def test_an_order_is_made_once(town):
    box, token = await visitor(town)
    first, second = (await free_slots(town))[:2]
    url = order_url(town)
    made = await box.send("PUT", url, token=token, json=wanted(first))
    assert made.status == 201
    assert set(made.body) == {"id", "number", "status", "facility", "slot", "start", "end", "price_yen"} | {
        "purpose",
        "people",
        "group",
    }
    assert (made.body["purpose"], made.body["people"], made.body["group"]) == ("会議", 8, "潮見台将棋会")
    assert (made.body["id"], made.body["number"]) == (url.rpartition("/")[2], "R8-0001")
    assert (made.body["status"], made.body["facility"], made.body["slot"]) == ("confirmed", "F01", first)
    again = await box.send("PUT", url, token=token, json=wanted(first))
    assert (again.status, again.body) == (200, made.body)
    reply = await box.send("PUT", url, token=token, json=wanted(second))
    assert (reply.status, reply.body["error"]) == (409, "OrderAlreadyExistsError")
    assert first not in await free_slots(town)
    other = await box.send("PUT", order_url(town), token=token, json=wanted(second))
    assert other.body["number"] == "R8-0002"
    reply = await box.send("GET", f"{town.address['booking']}/orders", token=token)
    assert reply.body == {"orders": [other.body, made.body]}
    await town.restart("booking")
    reply = await box.send("GET", f"{town.address['booking']}/orders", token=token)
    assert reply.body == {"orders": [other.body, made.body]}


async def test_orders_are_the_persons_own(town):
    box, token = await visitor(town)
    slot = (await free_slots(town))[0]
    url = order_url(town)
    assert (await box.send("PUT", url, token=token, json=wanted(slot))).status == 201
    other, others_token = await visitor(town, "new")
    assert (await other.send("GET", f"{town.address['booking']}/orders", token=others_token)).body == {"orders": []}
    reply = await other.send("PUT", url, token=others_token, json=wanted(slot))
    assert (reply.status, reply.body["error"]) == (409, "OrderAlreadyExistsError")


async def test_two_persons_want_one_slot(town):
    visitors = [await visitor(town, name) for name in ("linked", "new")]
    slot = (await free_slots(town))[0]
    replies = await asyncio.gather(
        *(box.send("PUT", order_url(town), token=token, json=wanted(slot)) for box, token in visitors)
    )
    assert sorted(reply.status for reply in replies) == [201, 409]
    loser = next(reply for reply in replies if reply.status == 409)
    assert loser.body["error"] == "OpportunityHasInsufficientCapacityError"


async def test_a_slot_that_others_took(town):
    box, token = await visitor(town)
    slots = (await town.control("booking", "GET", "/facilities/F03/slots?from=2026-11-25&days=27")).body["slots"]
    taken = next(slot["id"] for slot in slots if not slot["free"])
    reply = await box.send("PUT", order_url(town), token=token, json=wanted(taken))
    assert (reply.status, reply.body["error"]) == (409, "OpportunityHasInsufficientCapacityError")


@pytest.mark.parametrize("slot", ["", "F01", "F01-20261125-10", "F99-20261125-09", "F01-2026-09", "F01-20261125-09-1"])
async def test_an_unknown_slot(town, slot):
    box, token = await visitor(town)
    reply = await box.send("PUT", order_url(town), token=token, json=wanted(slot))
    assert (reply.status, reply.body["error"]) == (404, "UnknownOpportunityError")


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"purpose": ""}, 400),
        ({"purpose": "　"}, 400),
        ({"purpose": "あ" * 41}, 400),
        ({"group": "あ" * 31}, 400),
        ({"people": 0}, 400),
        ({"people": 61}, 400),
        ({"people": "8"}, 400),
        ({"purpose": "あ" * 40, "people": 60, "group": ""}, 201),
    ],
)
async def test_what_a_room_is_used_for_is_asked_and_checked(town, changed, status):
    box, token = await visitor(town)
    slot, url = (await free_slots(town))[0], order_url(town)
    reply = await box.send("PUT", url, token=token, json=wanted(slot, **changed))
    assert reply.status == status
    if status == 201:
        again = await box.send("PUT", url, token=token, json=wanted(slot))
        assert (again.status, again.body["error"]) == (409, "OrderAlreadyExistsError")
    else:
        assert slot in await free_slots(town)


async def test_a_bad_order(town):
    box, token = await visitor(town)
    assert (await box.send("PUT", order_url(town, "no-uuid"), token=token, json=wanted("x"))).status == 400
    assert (await box.send("PUT", order_url(town), token=token, json={"place": "x"})).status == 400
    assert (await box.send("PUT", order_url(town), token=token, data=b"\xff")).status == 400


async def test_an_order_whose_answer_was_lost_is_made_once(town):
    box, token = await visitor(town)
    slot, url = (await free_slots(town))[0], order_url(town)
    await town.fault("booking", "drop_after", "/orders/*", method="PUT")
    with pytest.raises(aiohttp.ClientError):
        await box.send("PUT", url, token=token, json=wanted(slot))
    reply = await box.send("PUT", url, token=token, json=wanted(slot))
    assert (reply.status, reply.body["number"]) == (200, "R8-0001")


async def test_only_a_token_for_this_service_opens_it(town, url):
    box, token = await visitor(town)
    orders = f"{url}/orders"
    platform_token = await box.token(town.card("linked"))
    reply = await box.send("GET", orders, token=platform_token)
    assert (reply.status, reply.body) == (401, {"error": "invalid_token", "detail": "audience"})
    assert 'error="invalid_token"' in reply.headers["WWW-Authenticate"]
    health_token = (await box.exchange(platform_token, town.address["health"])).body["access_token"]
    assert (await box.send("GET", orders, token=health_token)).body["detail"] == "audience"
    async with town.http.get(orders, headers={"Authorization": f"Bearer {token}"}) as answer:
        assert (answer.status, (await answer.json())["detail"]) == (401, "not a DPoP token")
    async with town.http.get(orders, headers={"Authorization": f"DPoP {token}"}) as answer:
        assert (answer.status, (await answer.json())["error"]) == (401, "invalid_dpop_proof")
    thief = town.box()
    assert (await thief.send("GET", orders, token=token)).body["detail"] == "bound to another key"
    for wrong in ({"ath": None}, {"ath": "A" * 43}, {"htm": "PUT"}, {"htu": f"{url}/facilities"}, {"iat": 1}):
        assert (await box.send("GET", orders, token=token, bent=wrong)).body["error"] == "invalid_dpop_proof"
    assert (await box.send("GET", orders, token=token, bent={"jti": "one"})).status == 200
    assert (await box.send("GET", orders, token=token, bent={"jti": "one"})).body["error"] == "invalid_dpop_proof"
    assert (await box.send("GET", orders, token=f"{token}x")).status == 401
    town.later(601)
    assert (await box.send("GET", orders, token=token)).body["detail"] == "expired"


async def test_a_sign_in_that_is_too_old_is_asked_for_again(town, url):
    box = town.box()
    signed_in = await box.token(town.card("linked"))
    town.later(599)
    token = (await box.exchange(signed_in, url)).body["access_token"]
    assert (await box.send("GET", f"{url}/orders", token=token)).status == 200
    town.later(302)
    reply = await box.send("GET", f"{url}/orders", token=token)
    assert (reply.status, reply.body["error"]) == (401, "insufficient_user_authentication")
    assert reply.headers["WWW-Authenticate"] == (
        'DPoP error="insufficient_user_authentication", acr_values="authenticated", max_age="900", algs="ES256"'
    )


async def test_a_service_that_asks_for_its_own_nonce(make_town):
    town = await make_town(dpop_nonce=True)
    box, token = await visitor(town)
    orders = f"{town.address['booking']}/orders"
    reply = await box.send("GET", orders, token=token, repeat=False)
    assert (reply.status, reply.body["error"]) == (401, "use_dpop_nonce")
    assert 'DPoP error="use_dpop_nonce"' in reply.headers["WWW-Authenticate"]
    assert (await box.send("GET", orders, token=token)).status == 200


async def test_without_the_platform_nobody_is_let_in_or_turned_away(town, url):
    box, token = await visitor(town)
    await town.stop("platform")
    reply = await box.send("GET", f"{url}/orders", token=token)
    assert (reply.status, reply.headers["Retry-After"]) == (503, "5")
    await town.start("platform")
    assert (await box.send("GET", f"{url}/orders", token=token)).status == 200
