"""Every fault that the simulators can be told to have (docs/simulators.md), and what the box makes of it: a code, and words."""

from __future__ import annotations

import pytest

from simulators.faults import FaultKind
from stb_agent.cable_id.errors import CableIdError, NonceRefused, PlatformBusy, RevocationUnknown
from stb_agent.cable_id.phone import PhoneSignIn
from stb_agent.cable_id.resending import PATIENCE_S
from stb_agent.contract import words
from tests.support.home import Home

pytestmark = pytest.mark.asyncio(loop_scope="module")

SILENCE = "cable_id.platform.unreachable"
BUSY = "cable_id.platform.busy"
AUTHORITY = {"error": "temporarily_unavailable", "reason": "revocation_unknown"}
"""The certification authority cannot be asked just now."""

AT_SIGN_IN = [
    ({"kind": "status", "status": 500}, BUSY, None),
    ({"kind": "status", "status": 503, "seconds": None}, BUSY, None),
    ({"kind": "status", "status": 502, "seconds": 90}, BUSY, 90),
    ({"kind": "status", "status": 503, "seconds": 7, "times": None}, BUSY, 7),
    ({"kind": "status", "status": 429, "seconds": 9, "times": None}, BUSY, 9),
    (
        {
            "kind": "status",
            "status": 503,
            "seconds": 20,
            "times": None,
            "error": "temporarily_unavailable",
            "reason": "revocation_unknown",
        },
        "cable_id.revocation.unknown",
        20,
    ),
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
    assert home.signed <= 2
    assert sum(home.naps) <= PATIENCE_S
    if isinstance(error.value, PlatformBusy | RevocationUnknown):
        assert error.value.retry_after == wait
    told(error.value)
    monkeypatch.undo()
    await home.world.control("platform", "DELETE", "/_sim/faults")
    assert await home.sign_in(home.card("linked")), "once"


BUSY_FOR_NOW = (
    {"kind": "status", "status": 503, "seconds": 7, "times": 2},
    {"kind": "status", "status": 502, "seconds": 30, "times": 1},
    {"kind": "status", "status": 429, "seconds": 9, "times": 3},
    {"kind": "status", "status": 503, "seconds": 5, "times": 2, **AUTHORITY},
)  # fmt: skip


@pytest.mark.parametrize("fault", BUSY_FOR_NOW, ids=str)
async def test_a_platform_that_is_busy_costs_no_second_pin(home: Home, fault) -> None:
    await home.fault("platform", path="/token", **fault)
    before = len(await home.seen("platform"))
    session = await home.sign_in(home.card("linked"))
    asked = [status for _, path, status in (await home.seen("platform"))[before:] if path == "/token"]
    assert home.signed == 1
    assert [status for status in asked if status != 400] == [fault["status"]] * fault["times"] + [200]
    assert len(home.naps) == fault["times"]
    assert all(fault["seconds"] <= it <= fault["seconds"] * 1.25 for it in home.naps)
    assert await home.client.link_state(session), "one session, and it is good"


async def test_the_authority_that_is_back_costs_no_second_pin(home: Home) -> None:
    """Through the platform's own 503: nonce and assertion are not used up while the authority cannot be asked."""
    await home.fault("validation", kind="down", path="/ocsp*", times=1)
    assert await home.sign_in(home.card("linked"))
    assert (home.signed, len(home.naps)) == (1, 1)


async def test_nothing_is_sent_again_whose_answer_got_lost(home: Home) -> None:
    """It may have taken effect: a second session for one signature would be refused, and so would the person."""
    await home.fault("platform", kind="status", path="/token", status=503, seconds=2, times=1)
    await home.fault("platform", kind="status", path="/token", status=400, error="invalid_grant", reason="nonce")
    with pytest.raises(NonceRefused):
        await home.sign_in(home.card("linked"))
    assert (home.signed, len(home.naps)) == (1, 1)


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
