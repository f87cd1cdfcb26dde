"""The platform's client through the life of a link, with the simulated platform over HTTP."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from simulators.platform.seed import CONTRACTS
from stb_agent.cable_id import errors
from stb_agent.cable_id.client import PlatformClient
from stb_agent.cable_id.client_auth import PublicClient
from stb_agent.cable_id.device_key import DeviceKey
from stb_agent.cable_id.dpop import Prover
from stb_agent.cable_id.life import LinkLife
from stb_agent.cable_id.session import Standing
from stb_agent.cable_id.transport import Transport
from tests.support.home import Home
from tests.support.world import CLIENT

pytestmark = pytest.mark.asyncio(loop_scope="module")
NUMBER, OTHER = CONTRACTS[2].number, CONTRACTS[3].number


def key() -> str:
    return str(uuid.uuid4())


def name(what: str) -> str:
    return f"{what}-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def life(home: Home) -> LinkLife:
    return LinkLife(home.client.asker)


@pytest_asyncio.fixture(loop_scope="module")
async def away(home: Home, tmp_path: Path) -> AsyncIterator[Home]:
    """Another box in the same world."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        prover = Prover(DeviceKey.open(tmp_path / "other.key"), clock=home.clock, random=os.urandom)
        transport = Transport(session, prover, clock=home.clock)
        client = PlatformClient(home.world.platform, PublicClient(CLIENT), transport, random=os.urandom)
        yield Home(home.world, home.authority, transport, client, home.clock)


async def link(home: Home, card: str, number: str = NUMBER) -> str:
    session = await home.sign_in(home.card(card))
    assert session.standing is Standing.NONE
    made = await home.client.link(session, number, key())
    assert (await home.sign_in(home.card(card))).standing is Standing.LINKED  # the box is known now
    return made.link_id


async def renew(home: Home, old: str, new: str) -> None:
    await home.world.control("validation", "POST", "/_sim/renew", {"identity": old, "successor": new})


async def test_a_renewed_card_keeps_its_link(home: Home, life: LinkLife) -> None:
    old, new = name("old"), name("new")
    link_id = await link(home, old)
    await renew(home, old, new)
    session = await home.sign_in(home.card(new))
    assert (session.standing, session.linked) == (Standing.REPLACES, False)
    state = await life.state(session)
    assert state.link is None
    assert state.replaces is not None
    assert state.replaces.operator == home.world.describe()["operator"]
    again = key()
    await home.fault("platform", kind="drop_after", path="/link/replacement")
    with pytest.raises(errors.PlatformUnreachable):
        await life.replace(session, again)
    assert (await life.replace(session, again)).link_id == link_id
    assert (await home.sign_in(home.card(new))).standing is Standing.LINKED
    with pytest.raises(errors.NothingToReplace):
        await life.replace(session, key())


async def test_a_lost_card_is_stopped_and_taken_back(home: Home, life: LinkLife, away: Home) -> None:
    card = name("lost")
    link_id = await link(home, card)
    session = await home.sign_in(home.card(card))
    with pytest.raises(errors.ContractNumberMistyped):
        await life.household(NUMBER[:-1] + str((int(NUMBER[-1]) + 1) % 10))
    found = await life.household(NUMBER)
    assert [it.link_id for it in found] == [link_id]
    assert not found[0].suspended
    stopping = key()
    await home.fault("platform", kind="drop_after", path="/link/suspension")
    with pytest.raises(errors.PlatformUnreachable):
        await life.suspend(link_id, stopping, contract_number=NUMBER)
    since = await life.suspend(link_id, stopping, contract_number=NUMBER)
    assert abs(since - home.clock()) < 60
    with pytest.raises(errors.SessionEnded):
        await life.state(session)
    session = await home.sign_in(home.card(card))
    assert session.standing is Standing.SUSPENDED
    with pytest.raises(errors.LinkSuspended):
        await home.client.service_token(session, home.world.booking)
    with pytest.raises(errors.LinkSuspended):
        await life.boxes(session)
    with pytest.raises(errors.LinkSuspended):
        await life.end(session.access_token, link_id, key())
    elsewhere = await away.sign_in(away.card(card))
    with pytest.raises(errors.ContractNotFound):
        await LinkLife(away.client.asker).resume(elsewhere, NUMBER, key())
    assert (await life.resume(session, NUMBER, key())).link_id == link_id
    assert (await home.client.service_token(session, home.world.booking)).token


async def test_a_member_of_the_household_stops_the_card(home: Home, life: LinkLife) -> None:
    lost, wife = name("lost"), name("wife")
    link_id = await link(home, lost)
    await link(home, wife)
    stranger = name("stranger")
    await link(home, stranger, OTHER)
    with pytest.raises(errors.LinkGone):
        await life.suspend(link_id, key(), member=await home.sign_in(home.card(stranger)))
    await life.suspend(link_id, key(), member=await home.sign_in(home.card(wife)))
    assert (await home.sign_in(home.card(lost))).standing is Standing.SUSPENDED


async def test_boxes_one_of_which_is_ended(home: Home, life: LinkLife, away: Home) -> None:
    card = name("guest")
    await link(home, card)
    there = await away.sign_in(away.card(card))
    session = await home.sign_in(home.card(card))
    here, other = await life.boxes(session)
    assert (here.here, other.here) == (True, False)
    assert here.place == next(it.area for it in CONTRACTS if it.number == NUMBER)
    assert other.place == "", "nobody linked there"
    await life.end_box(session, other.id)
    await life.end_box(session, other.id)
    with pytest.raises(errors.SessionEnded):
        await LinkLife(away.client.asker).state(there)
    assert [it.here for it in await life.boxes(session)] == [True]
    with pytest.raises(errors.AnswerInvalid):
        await life.end_box(session, "../token")


async def test_leaving_late_and_once(home: Home, life: LinkLife) -> None:
    card = name("leaves")
    link_id = await link(home, card)
    session = await home.sign_in(home.card(card))
    await home.client.service_token(session, home.world.health)
    leaving = key()
    await home.fault("platform", kind="drop_after", path="/link/end")
    with pytest.raises(errors.PlatformUnreachable):
        await life.end(session.access_token, link_id, leaving)
    receipt = await life.end(session.access_token, link_id, leaving)
    assert (len(receipt.number), receipt.services) == (8, ("health",))
    with pytest.raises(errors.LinkGone):
        await life.end(session.access_token, link_id, key())
    assert (await home.sign_in(home.card(card))).standing is Standing.NONE


async def test_a_box_forgets_without_a_card(home: Home, life: LinkLife, away: Home) -> None:
    card = name("moves")
    link_id = await link(home, card)
    with pytest.raises(errors.LinkGone):
        await LinkLife(away.client.asker).release(link_id, key())
    forgetting = key()
    receipt = await life.release(link_id, forgetting)
    assert await life.release(link_id, forgetting) == receipt
    assert (await away.sign_in(away.card(card))).standing is Standing.LINKED, "the link itself stays"


async def test_without_a_contract_and_what_the_operator_says_to_that(home: Home, life: LinkLife) -> None:
    session = await home.sign_in(home.card(name("nobody")))
    made = await home.client.link(session, "", key())
    assert (await life.state(session)).contract is False
    assert (await home.client.link(session, NUMBER, key())).link_id == made.link_id
    with pytest.raises(errors.LinkedElsewhere):
        await home.client.link(session, OTHER, key())
    with pytest.raises(errors.AlreadyLinked):
        await home.client.link(session, NUMBER, key())
    for policy, number, expected in (
        ({"without_contract": False}, "", errors.ContractNeeded),
        ({"people_per_contract": 1}, NUMBER, errors.ContractFull),
    ):
        await home.world.control("platform", "POST", "/_sim/link-policy", policy)
        try:
            with pytest.raises(expected):
                await home.client.link(await home.sign_in(home.card(name("nobody"))), number, key())
        finally:
            await home.world.control("platform", "POST", "/_sim/link-policy", {})


async def test_an_under_15s_card(home: Home) -> None:
    session = await home.sign_in(home.card(name("child")))
    await home.client.link(session, NUMBER, key(), guardian=True)
    with pytest.raises(errors.GuardianRequired):
        await home.client.service_token(session, home.world.booking)
    assert (await home.client.service_token(session, home.world.health)).token
