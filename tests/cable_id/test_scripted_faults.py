"""Every fault that the simulators can be told to have (docs/simulators.md), and what the box makes of it: a code, and words."""

from __future__ import annotations

import pytest

from simulators.faults import FaultKind
from stb_agent.cable_id.errors import CableIdError, PlatformBusy
from stb_agent.cable_id.phone import PhoneSignIn
from stb_agent.contract import words
from tests.support.home import Home

pytestmark = pytest.mark.asyncio(loop_scope="module")

SILENCE = "cable_id.platform.unreachable"
BUSY = "cable_id.platform.busy"

AT_SIGN_IN = [
    ({"kind": "status", "status": 500}, BUSY, None),
    ({"kind": "status", "status": 502, "seconds": 30}, BUSY, 30),
    ({"kind": "status", "status": 503, "seconds": None}, BUSY, None),
    ({"kind": "status", "status": 503, "seconds": 7}, BUSY, 7),
    ({"kind": "status", "status": 429, "seconds": 9}, BUSY, 9),
    ({"kind": "drop_before"}, SILENCE, None),
    ({"kind": "drop_after"}, SILENCE, None),
    ({"kind": "reset"}, SILENCE, None),
    ({"kind": "half"}, SILENCE, None),
    ({"kind": "silent"}, SILENCE, None),
    ({"kind": "stall"}, SILENCE, None),
    ({"kind": "delay_before", "seconds": 3}, SILENCE, None),
    ({"kind": "delay_after", "seconds": 3}, SILENCE, None),
    ({"kind": "down", "times": 1}, SILENCE, None),
    ({"kind": "lie", "lie": "audience"}, "cable_id.answer.audience", None),
    ({"kind": "lie", "lie": "nonce"}, "cable_id.answer.nonce", None),
]
AT_THE_PHONE = [
    ({"kind": "status", "status": 400, "error": "expired_token"}, "cable_id.request.expired"),
    ({"kind": "status", "status": 400, "error": "access_denied"}, "cable_id.request.denied"),
]


def told(error: CableIdError) -> None:
    for part in ("cause", "remedy"):
        assert words.text(f"{error.code}.{part}").endswith("。")


@pytest.mark.parametrize(("fault", "code", "wait"), AT_SIGN_IN, ids=lambda it: str(it) if isinstance(it, dict) else "")
async def test_signing_in(home: Home, monkeypatch: pytest.MonkeyPatch, fault, code: str, wait: int | None) -> None:
    await home.sign_in(home.card("linked"))  # a nonce given out before, and everything read that is read once
    if fault["kind"] in ("silent", "stall", "delay_before", "delay_after"):
        monkeypatch.setattr("stb_agent.cable_id.transport.TOTAL_SECONDS", 0.5)
    await home.fault("platform", **{"path": "/token", **fault})
    with pytest.raises(CableIdError) as error:
        await home.sign_in(home.card("linked"))
    assert error.value.code == code
    if isinstance(error.value, PlatformBusy):
        assert error.value.retry_after == wait
    told(error.value)
    monkeypatch.undo()
    await home.world.control("platform", "DELETE", "/_sim/faults")
    assert await home.sign_in(home.card("linked")), "once"


@pytest.mark.parametrize(("fault", "code"), AT_THE_PHONE, ids=str)
async def test_a_phone_as_the_reader(home: Home, fault, code: str) -> None:
    phone = PhoneSignIn(home.client.asker)
    request = await phone.begin()
    await home.fault("platform", path="/token", **fault)

    async def sleep(seconds: float) -> None:
        """The platform's answer is scripted: nobody need wait for it."""

    with pytest.raises(CableIdError) as error:
        await phone.wait(request, sleep)
    assert error.value.code == code
    told(error.value)


async def test_slow_down_makes_the_box_ask_less_often(home: Home) -> None:
    phone, waited = PhoneSignIn(home.client.asker), []
    request = await phone.begin()
    await home.fault("platform", kind="status", path="/token", status=400, error="slow_down", times=2)
    await home.fault("platform", kind="status", path="/token", status=400, error="access_denied")

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    with pytest.raises(CableIdError):
        await phone.wait(request, sleep)
    assert waited == [5, 10, 15]


async def test_a_token_for_another_device(home: Home) -> None:
    await home.fault("platform", kind="lie", lie="device")
    session = await home.sign_in(home.card("linked"))
    with pytest.raises(CableIdError) as error:
        await home.client.service_token(session, home.world.booking)
    assert error.value.code == "cable_id.session.ended"
    told(error.value)


async def test_every_kind_is_here() -> None:
    assert {fault["kind"] for fault, *_ in AT_SIGN_IN} == {kind.value for kind in FaultKind}
