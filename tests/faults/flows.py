"""What a box does over the network, one entry each: what happens before, the doing, and what must be true when both are online again.

``act`` is what a person or the box itself does, and does again when it did not come to its end; it may keep what the box keeps in
``kept``. ``agree`` holds the box against what the servers have in their databases.
"""

from __future__ import annotations

import dataclasses
import json
import os
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import aiohttp
import msgspec

from stb_agent import reset
from stb_agent.cable_id.client_auth import KeyClient
from stb_agent.cable_id.confirmations import Confirmations
from stb_agent.cable_id.device_key import DeviceKey
from stb_agent.cable_id.discovery import Discovery
from stb_agent.cable_id.handoff import Handoff
from stb_agent.cable_id.life import LinkLife
from stb_agent.cable_id.phone import PhoneSignIn
from stb_agent.cable_id.registration import CLIENT_KEY, read
from stb_agent.cable_id.session import Standing
from stb_agent.services.booking.facility import Usage
from stb_agent.services.booking.pages import Order, PlaceOrder
from stb_agent.services.health.pages import LoadReadings
from stb_agent.services.link.jobs import MakeLink
from stb_agent.store.ledger import Category
from stb_agent.store.outbox import State
from tests.faults.box import Box
from tests.support.phone import write
from tests.support.residents import introduce
from tests.support.world import Box as Other
from tests.support.world import single_attempts

Kept = dict[str, Any]
Step = Callable[[Box, Kept], Awaitable[None]]


async def _nothing(box: Box, kept: Kept) -> None:
    pass


@dataclasses.dataclass(frozen=True)
class Flow:
    """One thing that a box does."""

    name: str
    act: Step
    agree: Step
    before: Step = _nothing
    at_once: int = 8
    """How many boxes do it at the same time: fewer where they let time pass."""


# -- discovery


async def _discover(box: Box, kept: Kept) -> None:
    kept["keys"] = await box.client.asker.discovery.keys()


async def _discovered(box: Box, kept: Kept) -> None:
    published = {key["kid"] for key in (await box.town.world.control("platform", "GET", "/jwks"))["keys"]}
    assert {*kept["keys"].signing, kept["keys"].encryption[0]} <= published


# -- registration


async def _statement(box: Box, kept: Kept) -> None:
    kept["statement"] = (await box.town.platform("software-statement", {}))["software_statement"]


async def _register(box: Box, kept: Kept) -> None:
    await box.registrar.register(kept["statement"])


async def _registered(box: Box, kept: Kept) -> None:
    ours = read(box.folder)
    known = box.town.rows("platform", "SELECT client_id, jwks FROM clients WHERE jkt = ?", box.jkt)
    assert ours is not None
    assert [client for client, _ in known] == [ours.client_id], "one box, one client"
    key = DeviceKey.open(box.folder / CLIENT_KEY)
    assert [it["kid"] for it in json.loads(known[0][1])["keys"]] == [key.jkt], "the key on the disk, and no other"
    await box.registrar.confirm()
    assert not list(box.folder.glob("*.next")), "nothing is left half done"
    assert await box.client_as(KeyClient(ours.client_id, key, os.urandom)).challenge()


async def _before_rotation(box: Box, kept: Kept) -> None:
    await _statement(box, kept)
    await _register(box, kept)
    kept["key"] = DeviceKey.open(box.folder / CLIENT_KEY).jkt


async def _rotate(box: Box, kept: Kept) -> None:
    await box.registrar.rotate()


async def _rotated(box: Box, kept: Kept) -> None:
    await _registered(box, kept)
    assert DeviceKey.open(box.folder / CLIENT_KEY).jkt != kept["key"]


# -- sign-in


async def _new_card(box: Box, kept: Kept) -> None:
    kept["card"] = next(box.town.new)


async def _sign_in(box: Box, kept: Kept) -> None:
    kept["session"] = await box.sign_in(kept["card"])


async def _signed_in(box: Box, kept: Kept) -> None:
    assert await box.client.link_state(kept["session"]) is None
    people = box.town.rows("platform", "SELECT DISTINCT person FROM sessions WHERE jkt = ?", box.jkt)
    assert len(people) == 1, "one card is one person"
    sessions = box.town.count("platform", "SELECT count(*) FROM sessions WHERE jkt = ?", box.jkt)
    used = box.town.count("platform", "SELECT count(*) FROM nonces WHERE jkt = ? AND used = 1", box.jkt)
    assert sessions == used <= box.signed <= 2, "no session without a signature of the card, and at most one PIN more"


async def _phone_sign_in(box: Box, kept: Kept) -> None:
    phone = PhoneSignIn(box.client.asker)
    request = await phone.begin()
    naps = box.naps

    async def sleep(seconds: float) -> None:
        await box.sleep(seconds)
        if box.naps == naps + 2:  # once it was told that nobody has decided
            await box.town.platform("decide", {"user_code": request.user_code, "card": "linked"})

    kept["session"] = await phone.wait(request, sleep)


async def _phone_signed_in(box: Box, kept: Kept) -> None:
    assert await box.client.link_state(kept["session"]) is not None
    begun = box.town.rows("platform", "SELECT state FROM pending WHERE jkt = ? AND kind = 'device'", box.jkt)
    sessions = box.town.count("platform", "SELECT count(*) FROM sessions WHERE jkt = ?", box.jkt)
    assert [state for (state,) in begun].count("used") == sessions, "each approval was good once"


# -- confirmation


async def _asked(box: Box, kept: Kept) -> None:
    await _sign_in(box, {"card": box.town.linked})
    kept["message"] = secrets.token_hex(4)
    form = {
        "client_id": "call-centre", "scope": "openid", "binding_message": kept["message"],
        "login_hint": box.town.world.describe()["contract_number"],
    }  # fmt: skip
    async with single_attempts() as http:
        centre = Other(http, box.town.world.platform, box.clock)
        kept["centre"] = centre.key
        reply = await centre.send("POST", f"{centre.platform}/backchannel_authentication", data=form)
    kept["asked"] = reply.body["auth_req_id"]


async def _confirm(box: Box, kept: Kept) -> None:
    confirmations = Confirmations(box.client.asker)
    if "question" not in kept:
        waiting = await confirmations.waiting(box.authority.session)
        kept["question"] = next(it for it in waiting if it.message == kept["message"])
    await confirmations.decide(box.authority.session, kept["question"], approve=True)


async def _confirmed(box: Box, kept: Kept) -> None:
    form = {
        "client_id": "call-centre", "grant_type": "urn:openid:params:grant-type:ciba", "auth_req_id": kept["asked"],
    }  # fmt: skip
    async with single_attempts() as http:
        centre = Other(http, box.town.world.platform, box.clock, kept["centre"])
        taken = [(await centre.send("POST", f"{centre.platform}/token", data=form)).status for _ in range(2)]
    assert taken == [200, 400], "the call centre hears of it, once"
    assert not [it for it in await _questions(box) if it == kept["message"]]


async def _questions(box: Box) -> list[str]:
    return [it.message for it in await Confirmations(box.client.asker).waiting(box.authority.session)]


# -- the link


async def _before_link(box: Box, kept: Kept) -> None:
    await _new_card(box, kept)
    await _sign_in(box, kept)


async def _link(box: Box, kept: Kept) -> None:
    if not box.store.outbox.of(box.authority.person, "link"):
        await box.link.work(MakeLink(box.town.world.describe()["contract_number"]))
    kept["entry"] = await box.deliver()


async def _linked(box: Box, kept: Kept) -> None:
    ours, entry = box.store.links.all(), kept["entry"]
    state = await box.client.link_state(box.authority.session)
    assert state is not None
    assert [it.link_id for it in ours] == [state.link_id], "box and platform have the same link"
    made = box.town.count("platform", "SELECT count(*) FROM link_requests WHERE key = ?", f'"{entry.key}"')
    assert (entry.state, made) == (State.SENT, 1)
    assert [it.category for it in box.store.ledger.rows()] == [Category.PLATFORM]
    charged = box.town.count("platform", "SELECT count(*) FROM ledger WHERE unit = 'link'")
    links = box.town.count("platform", "SELECT count(*) FROM link_requests WHERE key <> 'seed'")
    assert charged == links, "each link was charged for once"


# -- a session that goes on, and tokens for services


async def _past_half(box: Box, kept: Kept) -> None:
    session = await box.sign_in(box.town.linked)
    box.authority.begin("linked", dataclasses.replace(session, expires_at=box.clock() + 200))


async def _service_token(box: Box, kept: Kept) -> None:
    kept["token"] = await box.authority.service_token(box.town.world.booking)


async def _renewed(box: Box, kept: Kept) -> None:
    ended = box.town.rows("platform", "SELECT ended FROM sessions WHERE jkt = ?", box.jkt)
    assert ended == [(0,)], "a lost answer is no theft"
    assert box.authority.session.expires_at > box.clock() + 300
    for _ in range(2):
        box.authority.begin("linked", await box.client.renew(box.authority.session))
    await _exchanged(box, kept)


async def _linked_session(box: Box, kept: Kept) -> None:
    await box.sign_in(box.town.linked)


async def _exchanged(box: Box, kept: Kept) -> None:
    assert (await box.booking._client.get("/orders", dict, token=kept["token"].token))["orders"] is not None


# -- services


async def _before_order(box: Box, kept: Kept) -> None:
    await box.sign_in(box.town.linked)
    async with aiohttp.ClientSession(box.town.world.booking) as http:
        async with http.get("/facilities") as answer:
            facility = (await answer.json())["facilities"][0]["id"]
        async with http.get(f"/facilities/{facility}/slots", params={"days": "28"}) as answer:
            free = [slot for slot in (await answer.json())["slots"] if slot["free"]]
    slot = free[box.town.turn() % len(free)]
    usage = Usage("会議", 4)
    kept["order"] = Order(facility, slot["id"], slot["start"], slot["end"], slot["price_yen"], usage=usage)


async def _order(box: Box, kept: Kept) -> None:
    if not box.store.outbox.of(box.authority.person, "booking"):
        await box.booking.work(PlaceOrder(kept["order"]))
    kept["entry"] = await box.deliver()


async def _ordered(box: Box, kept: Kept) -> None:
    entry = kept["entry"]
    held = box.town.rows("booking", "SELECT id, number FROM orders WHERE slot = ?", kept["order"].slot)
    assert (entry.state, [order for order, _ in held]) == (State.SENT, [entry.key]), "one order, under the box's key"
    assert msgspec.json.decode(entry.answer or b"")["number"] == held[0][1]


async def _read(box: Box, kept: Kept) -> None:
    kept["readings"] = await box.health.work(LoadReadings())


async def _readings(box: Box, kept: Kept) -> None:
    assert len(kept["readings"]) > 10
    assert kept["readings"] == await box.health.work(LoadReadings())


# -- hand-off


async def _hand_off(box: Box, kept: Kept) -> None:
    handoff = Handoff(box.client.asker, random=os.urandom, sleep=box.sleep)
    offer = await handoff.begin("booking.group", 40)
    kept["written"] = secrets.token_hex(4)
    assert await write(offer.url, kept["written"], 40) == 204
    kept["text"] = await handoff.wait(offer)
    await handoff.end(offer)


async def _hand_off_awaited(box: Box, kept: Kept) -> None:
    naps = box.naps

    async def sleep(seconds: float) -> None:
        await box.sleep(seconds)
        if box.naps == naps + 2:  # once the box was told that there is nothing yet
            assert await write(offer.url, kept["written"], 40) == 204

    handoff = Handoff(box.client.asker, random=os.urandom, sleep=sleep)
    offer = await handoff.begin("booking.group", 40)
    kept["written"] = secrets.token_hex(4)
    kept["text"] = await handoff.wait(offer)
    await handoff.end(offer)


async def _handed_off(box: Box, kept: Kept) -> None:
    assert kept["text"] == kept["written"]
    left = box.town.count("platform", "SELECT count(*) FROM handoffs WHERE jkt = ?", box.jkt)
    assert left <= 1, "at most the one whose end got lost, and that ends by itself"


# -- the life of a link


async def _linked_already(box: Box, kept: Kept) -> None:
    await _before_link(box, kept)
    kept["number"] = box.town.world.describe()["contract_number"]
    kept["link"] = (await box.client.link(box.authority.session, kept["number"], secrets.token_hex(8))).link_id
    await _sign_in(box, kept)  # the box is one of the person's from then on
    kept["key"] = secrets.token_hex(8)


async def _person(box: Box, kept: Kept) -> str:
    return str(box.town.rows("platform", "SELECT person FROM links WHERE link_id = ?", kept["link"])[0][0])


async def _suspend(box: Box, kept: Kept) -> None:
    life = LinkLife(box.client.asker)
    assert kept["link"] in {it.link_id for it in await life.household(kept["number"])}
    kept["since"] = await life.suspend(kept["link"], kept["key"], contract_number=kept["number"])


async def _suspended(box: Box, kept: Kept) -> None:
    query = "SELECT since FROM suspensions WHERE person = ?"
    found = box.town.rows("platform", query, await _person(box, kept))
    assert [datetime.fromisoformat(since).timestamp() for (since,) in found] == [kept["since"]]
    await _sign_in(box, kept)
    assert kept["session"].standing is Standing.SUSPENDED


async def _suspended_already(box: Box, kept: Kept) -> None:
    await _linked_already(box, kept)
    await _suspend(box, kept)
    await _sign_in(box, kept)
    kept["key"] = secrets.token_hex(8)


async def _resume(box: Box, kept: Kept) -> None:
    again = await LinkLife(box.client.asker).resume(kept["session"], kept["number"], kept["key"])
    assert again.link_id == kept["link"]


async def _resumed(box: Box, kept: Kept) -> None:
    person = await _person(box, kept)
    assert not box.town.rows("platform", "SELECT since FROM suspensions WHERE person = ?", person)
    state = await LinkLife(box.client.asker).state(kept["session"])
    assert state.link is not None
    assert not state.suspended


async def _end_link(box: Box, kept: Kept) -> None:
    life = LinkLife(box.client.asker)
    kept["receipt"] = await life.end(kept["session"].access_token, kept["link"], kept["key"])


async def _link_ended(box: Box, kept: Kept) -> None:
    ends = box.town.rows("platform", "SELECT receipt FROM link_ends WHERE link_id = ?", kept["link"])
    assert ends == [(kept["receipt"].number,)], "one end, and the box has its receipt"
    assert not box.town.rows("platform", "SELECT person FROM links WHERE link_id = ?", kept["link"])
    await _sign_in(box, kept)
    assert kept["session"].standing is Standing.NONE


async def _release(box: Box, kept: Kept) -> None:
    kept["receipt"] = await LinkLife(box.client.asker).release(kept["link"], kept["key"])


async def _released(box: Box, kept: Kept) -> None:
    ends = box.town.rows("platform", "SELECT receipt FROM link_ends WHERE link_id = ?", kept["link"])
    assert ends == [(kept["receipt"].number,)]
    assert await _person(box, kept), "the link itself stays"
    assert not box.town.rows("platform", "SELECT box FROM link_boxes WHERE jkt = ?", box.jkt)


async def _renewed_card(box: Box, kept: Kept) -> None:
    await _linked_already(box, kept)
    old, kept["card"] = kept["card"], next(box.town.new)
    for card in (old, kept["card"]):
        introduce(box.town.world.authority, card)
    order = {"identity": old.name, "successor": kept["card"].name}
    await box.town.world.control("validation", "POST", "/_sim/renew", order)
    await _sign_in(box, kept)
    assert kept["session"].standing is Standing.REPLACES


async def _replace(box: Box, kept: Kept) -> None:
    link = await LinkLife(box.client.asker).replace(kept["session"], kept["key"])
    assert link.link_id == kept["link"]


async def _replaced(box: Box, kept: Kept) -> None:
    links = box.town.count("platform", "SELECT count(*) FROM links WHERE link_id = ?", kept["link"])
    cards = box.town.count("platform", "SELECT count(*) FROM persons WHERE person = ?", await _person(box, kept))
    assert (links, cards) == (1, 1), "one link, and one card that opens it"
    await _sign_in(box, kept)
    assert kept["session"].standing is Standing.LINKED


async def _two_boxes(box: Box, kept: Kept) -> None:
    await _linked_already(box, kept)
    async with single_attempts() as http:
        other = Other(http, box.town.world.platform, box.clock)
        assert (await other.sign_in(kept["card"])).status == 200


async def _end_box(box: Box, kept: Kept) -> None:
    life = LinkLife(box.client.asker)
    if "other" not in kept:
        kept["other"] = next(it.id for it in await life.boxes(kept["session"]) if not it.here)
    await life.end_box(kept["session"], kept["other"])


async def _box_ended(box: Box, kept: Kept) -> None:
    known = box.town.rows("platform", "SELECT jkt FROM link_boxes WHERE person = ?", await _person(box, kept))
    assert known == [(box.jkt,)]
    assert [it.here for it in await LinkLife(box.client.asker).boxes(kept["session"])] == [True]


# -- a box that begins anew


async def _used(box: Box, kept: Kept) -> None:
    await _before_rotation(box, kept)
    await box.sign_in(box.town.linked)
    kept["jkt"] = box.jkt


async def _begin_anew(box: Box, kept: Kept) -> None:
    if "begun" not in kept:
        reset.begin(box.folder, box.town.world.platform, box.clock(), os.urandom)
        assert reset.go_on(box.folder, os.urandom)
        kept["begun"] = True
    discovery = Discovery(box.town.world.platform, box.transport)
    assert await reset.deliver_all(box.folder, discovery, box.transport, os.urandom)


async def _begun_anew(box: Box, kept: Kept) -> None:
    assert not list(box.folder.iterdir()), "nothing is left to be told, nor of what was"
    ends = box.town.rows("platform", "SELECT sessions, clients FROM resets WHERE jkt = ?", kept["jkt"])
    assert ends == [(1, 1)], "one end, of all that the box was"
    assert not box.town.rows("platform", "SELECT client_id FROM clients WHERE jkt = ?", kept["jkt"])
    assert not box.town.rows("platform", "SELECT sid FROM sessions WHERE jkt = ? AND ended = 0", kept["jkt"])


FLOWS = (
    Flow("discovery", _discover, _discovered),
    Flow("registration", _register, _registered, _statement),
    Flow("change-of-key", _rotate, _rotated, _before_rotation),
    Flow("sign-in", _sign_in, _signed_in, _new_card),
    Flow("phone-sign-in", _phone_sign_in, _phone_signed_in, at_once=4),
    Flow("confirmation", _confirm, _confirmed, _asked),
    Flow("link", _link, _linked, _before_link),
    Flow("refresh", _service_token, _renewed, _past_half),
    Flow("exchange", _service_token, _exchanged, _linked_session),
    Flow("booking", _order, _ordered, _before_order),
    Flow("health", _read, _readings, _linked_session),
    Flow("suspension", _suspend, _suspended, _linked_already),
    Flow("resumption", _resume, _resumed, _suspended_already),
    Flow("replacement", _replace, _replaced, _renewed_card),
    Flow("end-of-a-link", _end_link, _link_ended, _linked_already),
    Flow("release", _release, _released, _linked_already),
    Flow("end-of-a-box", _end_box, _box_ended, _two_boxes),
    Flow("reset", _begin_anew, _begun_anew, _used),
    Flow("hand-off", _hand_off, _handed_off, at_once=4),
    Flow("hand-off-awaited", _hand_off_awaited, _handed_off, at_once=4),
)
