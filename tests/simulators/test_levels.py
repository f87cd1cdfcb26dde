"""What services ask of a sign-in: the platform at the exchange, and they themselves (docs/cable-id-profile.md, Levels; RFC 9470)."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from tests.simulators.conftest import Town
from tests.support.world import unverified


async def asks(town: Town, name: str, order: dict[str, Any]) -> None:
    async with town.http.post(f"{town.address[name]}/_sim/levels", json=order) as answer:
        assert answer.status == 204


@pytest.mark.parametrize(
    ("policy", "later", "told"),
    [
        ({"acr": "signature"}, 0, {"reason": "level", "acr_values": "signature"}),
        ({"max_age": 60}, 61, {"reason": "too_old", "max_age": 60}),
        ({"revocation": 60}, 61, {"reason": "revocation_old", "max_age": 60}),
    ],
)
async def test_what_falls_short_gets_no_token_and_hears_why(
    town: Town, policy: dict[str, Any], later: int, told: dict[str, Any]
) -> None:
    box, audience = town.box(), town.address["booking"]
    await asks(town, "platform", {"service": "booking", **policy})
    token = await box.token(town.card("linked"))
    town.later(later)
    reply = await box.exchange(token, audience)
    assert (reply.status, reply.body["error"]) == (400, "invalid_request")
    assert {name: reply.body.get(name) for name in told} == told
    if later:
        assert (await box.exchange(await box.token(town.card("linked")), audience)).status == 200, (
            "a new sign-in mends it"
        )


async def test_a_service_is_told_no_more_than_it_asks_and_no_other_takes_its_token(town: Town) -> None:
    box = town.box()
    await asks(town, "platform", {"service": "booking", "acr": "present"})
    session = await box.token(town.card("linked"))
    found = {
        name: (await box.exchange(session, town.address[name])).body["access_token"] for name in ("booking", "health")
    }
    assert {name: unverified(it)["acr"] for name, it in found.items()} == {
        "booking": "present",
        "health": "authenticated",
    }
    for token in (session, found["booking"]):
        reply = await box.send("GET", f"{town.address['health']}/Observation", token=token)
        assert (reply.status, "invalid_token" in reply.headers["WWW-Authenticate"]) == (401, True)
    assert (await box.exchange(found["booking"], town.address["health"])).body["reason"] == "subject_token"
    reply = await box.send("GET", f"{town.address['booking']}/orders", token=found["booking"])
    assert reply.status == 401, "the service itself wants to be surer"


async def test_a_challenge_has_no_effect_and_the_same_order_is_taken_afterwards(town: Town) -> None:
    box, base = town.box(), town.address["booking"]
    token = await box.service_token(town.card("linked"), base)
    async with town.http.get(f"{base}/facilities") as answer:
        facility = (await answer.json())["facilities"][0]["id"]
    slots = (await box.send("GET", f"{base}/facilities/{facility}/slots")).body["slots"]
    order = {"slot": next(it["id"] for it in slots if it["free"]), "purpose": "会議", "people": 2}
    name = f"{base}/orders/{secrets.token_hex(4)}-0000-4000-8000-000000000000"
    await asks(town, "booking", {"times": 1, "max_age": 300})
    challenged = await box.send("PUT", name, token=token, json=order)
    assert challenged.status == 401
    for part in ('error="insufficient_user_authentication"', 'acr_values="authenticated"', 'max_age="300"'):
        assert part in challenged.headers["WWW-Authenticate"]
    assert (await box.send("GET", f"{base}/orders", token=token)).body["orders"] == []
    assert (await box.send("PUT", name, token=token, json=order)).status == 201
