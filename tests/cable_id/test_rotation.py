"""The platform changes its keys and addresses while people use it."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256

from stb_agent.cable_id import errors
from stb_agent.cable_id.discovery import SHORTEST_SECONDS, Discovery
from tests.support.home import Home

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def rotate(home: Home, use: str, *, keep: bool) -> None:
    await home.world.control("platform", "POST", "/_sim/rotate", {"use": use, "keep": keep})


@pytest.mark.parametrize("keep", [True, False])
async def test_the_key_that_seals_changes_while_the_card_signs(home: Home, keep: bool) -> None:
    card, signed = home.card("linked"), 0

    async def sign(data: bytes) -> bytes:
        nonlocal signed
        signed += 1
        await rotate(home, "enc", keep=keep)
        return card.key.sign(data, padding.PKCS1v15(), SHA256())

    assert await home.client.sign_in(await home.client.challenge(), card.der, sign)
    assert signed == 1, "one PIN, one signature"


async def test_the_key_that_signs_changes_while_the_card_signs(home: Home) -> None:
    card = home.card("linked")

    async def sign(data: bytes) -> bytes:
        await rotate(home, "sig", keep=False)
        return card.key.sign(data, padding.PKCS1v15(), SHA256())

    session = await home.client.sign_in(await home.client.challenge(), card.der, sign)
    assert (await home.client.service_token(session, home.world.booking)).token


async def test_a_session_outlives_a_change_but_not_a_withdrawal(home: Home) -> None:
    session = await home.sign_in(home.card("linked"))
    await rotate(home, "sig", keep=True)
    assert (await home.client.service_token(session, home.world.booking)).token
    await rotate(home, "sig", keep=False)
    with pytest.raises(errors.SessionEnded):
        await home.client.service_token(session, home.world.health)
    assert await home.sign_in(home.card("linked"))


async def test_an_unknown_key_makes_the_box_ask_now_and_then_only(home: Home) -> None:
    discovery = Discovery(home.world.platform, home.transport)
    await discovery.keys()

    async def asked() -> int:
        return [path for _, path, _ in await home.seen("platform")].count("/jwks")

    before = await asked()
    for _ in range(20):
        await discovery.keys(fresh=True)
    assert await asked() == before + 1
    home.clock.skew += SHORTEST_SECONDS + 1
    await discovery.keys(fresh=True)
    assert await asked() == before + 2


async def test_an_endpoint_that_has_moved_is_looked_up_again(home: Home) -> None:
    await home.client.challenge()
    kept = home.client._discovery._metadata
    gone = msgspec.structs.replace(kept.value, card_nonce_endpoint=kept.value.card_nonce_endpoint + "-of-yesterday")
    home.client._discovery._metadata = dataclasses.replace(kept, value=gone)
    with pytest.raises(errors.AnswerInvalid):
        await home.client.challenge()
    assert await home.client.challenge()
