"""The code that the box makes and the call centre's check of it: two programmes, one page of rules."""

from __future__ import annotations

import time
import uuid
from pathlib import Path

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from simulators.platform.seed import CONTRACTS
from simulators.platform.support import STEP
from simulators.world import World
from stb_agent.cable_id.device_key import DeviceKey
from stb_agent.cable_id.support_code import code
from tests.support.home import Home

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _ask(world: World, **question: object) -> tuple[int, dict[str, object]]:
    async with aiohttp.ClientSession() as http, http.post(f"{world.platform}/support/check", json=question) as reply:
        return reply.status, await reply.json()


async def _code(home: Home, device: DeviceKey, at: float) -> str:
    key = await home.client.support_key()
    assert key is not None
    made = code(device, key, at)
    assert made is not None
    return made.digits


async def test_the_call_centre_takes_a_boxs_code_once_and_no_old_or_foreign_one(home: Home, tmp_path: Path) -> None:
    device, other = DeviceKey.open(tmp_path / "one.key"), DeviceKey.open(tmp_path / "other.key")
    now = time.time()
    if now % STEP > STEP - 20:
        pytest.skip("a step ends just now")
    ask = home.world
    assert (await _ask(ask, code=await _code(home, device, now - 2 * STEP), jwk=device.public_jwk))[1] == {
        "valid": False
    }
    assert (await _ask(ask, code=await _code(home, other, now), jwk=device.public_jwk))[1] == {"valid": False}
    good = await _code(home, device, now)
    assert (await _ask(ask, code=good, jwk=device.public_jwk))[1] == {"valid": True, "device": device.jkt}
    assert (await _ask(ask, code=good, jwk=device.public_jwk))[1] == {"valid": False}, "each is good once"
    before = await _code(home, device, now - STEP)
    assert (await _ask(ask, code=before, jwk=device.public_jwk))[1] == {"valid": True, "device": device.jkt}, (
        "just ended"
    )


async def test_a_box_is_known_by_the_contract_it_linked(home: Home) -> None:
    session = await home.sign_in(home.card("minor"))
    contract = CONTRACTS[7].number
    await home.client.link(session, contract, str(uuid.uuid4()))
    device = home.transport.prover.key
    status, answer = await _ask(home.world, code=await _code(home, device, time.time()), contract_number=contract)
    assert (status, answer) == (200, {"valid": True, "device": device.jkt})


async def test_guessing_ends_after_five(home: Home) -> None:
    device = DeviceKey(ec.generate_private_key(ec.SECP256R1()))
    good = await _code(home, device, time.time())
    wrong = [f"{number:06}" for number in range(20) if f"{number:06}" != good]
    answers = [(await _ask(home.world, code=guess, jwk=device.public_jwk))[0] for guess in wrong[:6]]
    assert answers == [200] * 5 + [429]
    assert (await _ask(home.world, code=good, jwk=device.public_jwk))[0] == 429


async def test_a_box_that_nobody_knows(home: Home) -> None:
    assert (await _ask(home.world, code="123456", contract_number="0000000000"))[0] == 404
    assert (await _ask(home.world, code="123456", jwk={"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}))[0] == 400
