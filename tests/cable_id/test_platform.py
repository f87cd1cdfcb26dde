"""The platform's client with the simulated platform: an evening's way, and what can go wrong on it."""

from __future__ import annotations

import asyncio
import logging
import uuid
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256

from simulators.authority import Authority
from stb_agent.cable_id import errors
from stb_agent.cable_id.client import PlatformClient
from stb_agent.cable_id.client_auth import PublicClient
from stb_agent.cable_id.resource import ServiceClient
from stb_agent.contract.level import Level
from tests.support.home import Home
from tests.support.world import CLIENT, unverified

pytestmark = pytest.mark.asyncio(loop_scope="module")


def key() -> str:
    return str(uuid.uuid4())


async def test_linked_card_signs_in_and_gets_tokens_for_each_service(home: Home) -> None:
    session = await home.sign_in(home.card("linked"))
    assert (session.level, session.linked) == (Level.AUTHENTICATED, True)
    assert abs(session.proof.checked_at - home.clock()) < 60
    assert 0 < session.expires_at - home.clock() <= 600
    link = await home.client.link_state(session)
    assert link is not None
    assert link.operator == home.world.describe()["operator"]
    booking = await home.client.service_token(session, home.world.booking)
    health = await home.client.service_token(session, home.world.health)
    claims = unverified(booking.token), unverified(health.token)
    assert claims[0]["aud"] == home.world.booking
    assert claims[0]["cnf"]["jkt"] == home.transport.prover.key.jkt
    assert len({session.subject, claims[0]["sub"], claims[1]["sub"]}) == 3, (
        "each service knows the person by another name"
    )
    orders = await ServiceClient(home.world.booking, home.transport).get("orders", dict, token=booking.token)
    assert "orders" in orders


async def test_new_card_is_led_through_the_link(home: Home) -> None:
    session = await home.sign_in(home.card("new"))
    assert session.linked is False
    assert await home.client.link_state(session) is None
    with pytest.raises(errors.LinkRequired):
        await home.client.service_token(session, home.world.booking)
    number = home.world.describe()["contract_number"]
    with pytest.raises(errors.ContractNumberMistyped):
        await home.client.link(session, number[:-1] + str((int(number[-1]) + 1) % 10), key())
    with pytest.raises(errors.ContractNotFound):
        await home.client.link(session, "0000000000", key())

    # The answer is lost on the way: the same key asks again and is not refused as a second link.
    again = key()
    await home.fault("platform", kind="drop_after", path="/link", method="POST")
    with pytest.raises(errors.PlatformUnreachable):
        await home.client.link(session, number, again)
    link = await home.client.link(session, number, again)
    assert await home.client.link(session, number, again) == link
    assert await home.client.link_state(session) == link
    with pytest.raises(errors.AlreadyLinked):
        await home.client.link(session, number, key())
    assert (await home.client.service_token(session, home.world.health)).token
    assert (await home.sign_in(home.card("new"))).linked is True


async def test_certificates_that_the_platform_does_not_take(home: Home, tmp_path) -> None:
    with pytest.raises(errors.CertificateExpired):
        await home.sign_in(home.card("expired"))
    stranger = Authority.open(tmp_path / "other", now=datetime.now(UTC)).identity("stranger")
    with pytest.raises(errors.CertificateUntrusted):
        await home.sign_in(stranger)
    lost = home.card("lost")
    await home.world.control("validation", "POST", "/_sim/revoke", {"identity": "lost", "reason": "keyCompromise"})
    with pytest.raises(errors.CertificateRevoked):
        await home.sign_in(lost)


async def test_what_the_card_did_not_sign_is_refused(home: Home) -> None:
    card = home.card("linked")

    async def other_data(data: bytes) -> bytes:
        return card.key.sign(data + b"!", padding.PKCS1v15(), SHA256())

    with pytest.raises(errors.AssertionRefused):
        await home.client.sign_in(await home.client.challenge(), card.der, other_data)


async def test_a_challenge_is_used_once_and_not_late(home: Home) -> None:
    card = home.card("linked")
    signed = 0

    async def sign(data: bytes) -> bytes:
        nonlocal signed
        signed += 1
        return card.key.sign(data, padding.PKCS1v15(), SHA256())

    challenge = await home.client.challenge()
    await home.client.sign_in(challenge, card.der, sign)
    with pytest.raises(errors.NonceRefused):
        await home.client.sign_in(challenge, card.der, sign)
    late = await home.client.challenge()
    home.clock.skew = late.expires_at - home.clock() + 1
    with pytest.raises(errors.NonceRefused):
        await home.client.sign_in(late, card.der, sign)
    assert signed == 2, "the card is not asked to sign what has run out"


async def test_a_pin_is_never_spent_on_a_platform_that_cannot_be_asked(home: Home) -> None:
    for path, status, expected in (
        ("/card-nonce", 503, errors.PlatformBusy),
        ("/.well-known/*", 500, errors.PlatformBusy),
        ("/jwks", 429, errors.PlatformBusy),
        ("/jwks", 404, errors.AnswerInvalid),
    ):
        await home.fault("platform", kind="status", path=path, status=status, seconds=7)
        client = PlatformClient(home.world.platform, PublicClient(CLIENT), home.transport, random=lambda n: bytes(n))
        with pytest.raises(expected) as told:
            await client.challenge()
        if status in (429, 503):
            assert told.value.retry_after == 7
    await home.world.stop("platform")
    try:
        with pytest.raises(errors.PlatformUnreachable):
            await home.client.challenge()
    finally:
        await home.world.start("platform")
    assert home.signed == 0
    await home.client.challenge()


async def test_an_authority_that_cannot_be_asked_is_not_a_bad_card(home: Home) -> None:
    await home.world.stop("validation")
    try:
        with pytest.raises((errors.PlatformBusy, errors.RevocationUnknown)) as told:
            await home.sign_in(home.card("linked"))
    finally:
        await home.world.start("validation")
    assert told.value.retry is True


async def test_a_silent_platform_is_told_in_time(home: Home, monkeypatch) -> None:
    monkeypatch.setattr("stb_agent.cable_id.transport.TOTAL_SECONDS", 0.3)
    await home.fault("platform", kind="delay_before", path="/card-nonce", seconds=3)
    began = asyncio.get_running_loop().time()
    with pytest.raises(errors.PlatformUnreachable):
        await home.client.challenge()
    assert asyncio.get_running_loop().time() - began < 2


async def test_another_issuer_does_not_stand_in(home: Home) -> None:
    client = PlatformClient(home.world.platform + "/", PublicClient(CLIENT), home.transport, random=bytes)
    with pytest.raises(errors.AnswerInvalid):
        await client.challenge()
    client = PlatformClient("http://platform.example", PublicClient(CLIENT), home.transport, random=bytes)
    with pytest.raises(errors.UnsafeAddress):
        await client.challenge()


async def test_an_ended_session_asks_for_the_card_without_sending_anything(home: Home) -> None:
    session = await home.sign_in(home.card("linked"))
    before = await home.seen("platform")
    home.clock.skew = 601
    with pytest.raises(errors.SessionEnded):
        await home.client.service_token(session, home.world.booking)
    with pytest.raises(errors.SessionEnded):
        await home.client.link_state(session)
    assert await home.seen("platform") == before


async def test_a_service_that_the_platform_does_not_know(home: Home) -> None:
    session = await home.sign_in(home.card("linked"))
    with pytest.raises(errors.ServiceUnknown):
        await home.client.service_token(session, "http://127.0.0.1:1")


async def test_nothing_secret_is_logged_or_shown(home: Home, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    challenge = await home.client.challenge()
    card = home.card("lodger")

    async def sign(data: bytes) -> bytes:
        return card.key.sign(data, padding.PKCS1v15(), SHA256())

    session = await home.client.sign_in(challenge, card.der, sign)
    number = home.world.describe()["contract_number"]
    await home.client.link(session, number, key())
    with pytest.raises(errors.AlreadyLinked) as told:
        await home.client.link(session, number, key())
    token = await home.client.service_token(session, home.world.booking)
    shown = caplog.text + repr(challenge) + repr(session) + repr(token) + repr(told.value)
    for secret in (challenge.nonce, session.access_token, session.subject, token.token, number, card.der.hex()[:32]):
        assert secret not in shown
