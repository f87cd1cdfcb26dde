"""A platform that tells the truth is believed, also when it changes its keys or asks for its nonce; what lies come to is in tests/faults."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from stb_agent.cable_id import transport
from stb_agent.cable_id.client import PlatformClient
from stb_agent.cable_id.client_auth import PublicClient
from stb_agent.cable_id.device_key import DeviceKey
from stb_agent.cable_id.dpop import Prover
from stb_agent.cable_id.session import Session
from stb_agent.contract.levels import Revocation
from tests.support.liar import CERTIFICATE, STRANGER, Answer, Platform, lying_platform


@pytest_asyncio.fixture
async def platform() -> AsyncIterator[Platform]:
    async with lying_platform() as liar:
        yield liar


@pytest_asyncio.fixture
async def client(platform: Platform, tmp_path: Path) -> AsyncIterator[PlatformClient]:
    async with aiohttp.ClientSession() as session:
        prover = Prover(DeviceKey.open(tmp_path / "key"), clock=time.time, random=os.urandom)
        yield PlatformClient(
            platform.issuer,
            PublicClient("box"),
            transport.Transport(session, prover, clock=time.time),
            random=os.urandom,
        )


async def sign_in(client: PlatformClient) -> Session:
    async def sign(data: bytes) -> bytes:
        return b"signature over " + data[-8:]

    return await client.sign_in(await client.challenge(), CERTIFICATE, sign)


async def test_the_truth_is_believed(platform: Platform, client: PlatformClient) -> None:
    session = await sign_in(client)
    assert session.subject == "pairwise"
    ((header, claims, _),) = platform.assertions
    assert header == {
        "alg": "RS256",
        "typ": "card-assertion+jwt",
        "x5c": [base64.b64encode(CERTIFICATE).decode()],
    }
    assert claims.keys() == {"iss", "sub", "aud", "iat", "exp", "jti", "nonce", "cnf"}
    assert (claims["iss"], claims["aud"], claims["nonce"]) == ("box", platform.issuer, platform.nonce)
    assert claims["exp"] - claims["iat"] <= 120


async def test_a_key_changed_between_challenge_and_answer_is_read_again(
    platform: Platform, client: PlatformClient
) -> None:
    challenge = await client.challenge()
    platform.keys = [{**STRANGER.as_dict(private=False), "use": "sig"}, *platform.keys]
    platform.id_token_header, platform.id_token_key = {"alg": "ES256", "kid": STRANGER.kid}, STRANGER

    async def sign(data: bytes) -> bytes:
        return b"signature"

    assert await client.sign_in(challenge, CERTIFICATE, sign)


async def test_the_servers_nonce_is_put_in_once_and_kept(platform: Platform, client: PlatformClient) -> None:
    platform.asks_nonce = 1
    await client.challenge()
    await client.challenge()
    assert [proof.get("nonce") for proof in platform.proofs] == [None, "server-nonce-0", "server-nonce-0"]
    assert len({proof["jti"] for proof in platform.proofs}) == 3


NOW = time.time()


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ({"status": "unknown"}, (Revocation.UNKNOWN, 0.0)),
        ({"status": "unknown", "checked_at": NOW - 7200}, (Revocation.UNKNOWN, NOW - 7200)),
        ({"status": "good", "checked_at": NOW - 7200}, (Revocation.GOOD, NOW - 7200)),
    ],
)
async def test_what_is_said_of_the_certificate_is_never_made_better(
    platform: Platform, client: PlatformClient, said: Answer, known: tuple[Revocation, float]
) -> None:
    platform.id_token = {"revocation": said}
    proof = (await sign_in(client)).proof
    assert (proof.revocation, proof.checked_at) == (known[0], pytest.approx(known[1], abs=60))
