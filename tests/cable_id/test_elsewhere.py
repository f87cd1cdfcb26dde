"""A phone as the reader (RFC 8628), and the call centre that asks while the television confirms (CIBA): the ways, and the faults on them."""

from __future__ import annotations

import dataclasses
import os
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from stb_agent.cable_id import errors
from stb_agent.cable_id.asking import Asker
from stb_agent.cable_id.client_auth import PublicClient
from stb_agent.cable_id.confirmations import Confirmation, Confirmations
from stb_agent.cable_id.device_key import DeviceKey
from stb_agent.cable_id.dpop import Prover
from stb_agent.cable_id.phone import PhoneRequest, PhoneSignIn
from stb_agent.cable_id.session import Session
from stb_agent.cable_id.transport import Transport
from tests.support.home import Home
from tests.support.world import CLIENT, Box, Reply, single_attempts, unverified

pytestmark = pytest.mark.asyncio(loop_scope="module")

CENTRE = "call-centre"


@dataclass
class Elsewhere:
    """A box whose waiting moves everybody's clock, a phone, and a call centre."""

    home: Home
    phone: PhoneSignIn
    confirmations: Confirmations
    centre: Box
    passed: float = 0.0
    naps: int = 0
    after: dict[int, dict[str, Any]] = dataclasses.field(default_factory=dict)
    """What happens at the platform before the nth question."""

    async def control(self, path: str, body: dict[str, Any]) -> Any:
        return await self.home.world.control("platform", "POST", f"/_sim/{path}", body)

    async def sleep(self, seconds: float) -> None:
        self.passed += seconds
        self.naps += 1
        self.home.clock.skew += seconds
        await self.control("clock", {"skew": self.passed})
        for path, body in self.after.pop(self.naps, {}).items():
            await self.control(path, body)

    def decides(self, naps: int, request: PhoneRequest, **more: Any) -> None:
        self.after.setdefault(naps, {})["decide"] = {"user_code": request.user_code, "card": "linked", **more}

    async def wait(self, request: PhoneRequest) -> Session:
        return await self.phone.wait(request, self.sleep)

    async def asks(self, message: str, **more: str) -> Reply:
        form = {
            "client_id": CENTRE, "scope": "openid", "binding_message": message,
            "login_hint": self.home.world.describe()["contract_number"], **more,
        }  # fmt: skip
        return await self.centre.send("POST", f"{self.centre.platform}/backchannel_authentication", data=form)

    async def takes_up(self, asked: Reply) -> Reply:
        form = {
            "client_id": CENTRE, "grant_type": "urn:openid:params:grant-type:ciba",
            "auth_req_id": asked.body["auth_req_id"],
        }  # fmt: skip
        return await self.centre.send("POST", f"{self.centre.platform}/token", data=form)

    async def question(self, session: Session, message: str) -> Confirmation:
        return next(it for it in await self.confirmations.waiting(session) if it.message == message)


@pytest_asyncio.fixture(loop_scope="module")
async def elsewhere(home: Home) -> AsyncIterator[Elsewhere]:
    asker = Asker(home.world.platform, PublicClient(CLIENT), home.transport)
    async with single_attempts() as http:
        centre = Box(http, home.world.platform)
        there = Elsewhere(home, PhoneSignIn(asker), Confirmations(asker), centre)
        centre.now = lambda: home.clock()
        yield there
    await home.world.control("platform", "POST", "/_sim/clock", {"skew": 0})
    await home.world.control("platform", "POST", "/_sim/policy", {"expires_in": 300, "interval": 5})


async def test_a_phone_reads_the_card(elsewhere: Elsewhere) -> None:
    request = await elsewhere.phone.begin()
    assert request.address.endswith(f"?user_code={request.user_code}")
    assert request.device_code not in repr(request)
    elsewhere.decides(3, request)
    session = await elsewhere.wait(request)
    assert elsewhere.naps == 3
    assert unverified(session.access_token)["amr"] == ["mca", "sc", "pin"]
    assert session.linked
    home = elsewhere.home
    assert (await home.client.service_token(session, home.world.booking)).token
    with pytest.raises(errors.CardRequired):
        await home.client.service_token(session, home.world.health)
    at_the_box = await home.sign_in(home.card("linked"))
    assert at_the_box.subject == session.subject
    assert (await home.client.service_token(at_the_box, home.world.health)).token


async def test_a_box_that_asks_too_often_is_slowed_down(elsewhere: Elsewhere) -> None:
    request = dataclasses.replace(await elsewhere.phone.begin(), interval=1.0)
    elsewhere.decides(4, request)
    assert await elsewhere.wait(request)
    assert elsewhere.passed == 1 + 1 + 6 + 11, "told twice, five seconds more each time"


async def test_the_phone_says_no(elsewhere: Elsewhere) -> None:
    request = await elsewhere.phone.begin()
    elsewhere.decides(2, request, decision="deny")
    with pytest.raises(errors.RequestDenied):
        await elsewhere.wait(request)


async def test_nobody_comes(elsewhere: Elsewhere) -> None:
    await elsewhere.control("policy", {"expires_in": 20, "interval": 5})
    request = await elsewhere.phone.begin()
    with pytest.raises(errors.RequestExpired):
        await elsewhere.wait(request)
    await elsewhere.control("policy", {"expires_in": 20, "interval": 5})
    longer = dataclasses.replace(await elsewhere.phone.begin(), expires_at=float("inf"))
    with pytest.raises(errors.RequestExpired):
        await elsewhere.wait(longer)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 503, "seconds": 30},
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 429, "seconds": 1},
        {"kind": "drop_before"},
        {"kind": "drop_after"},
        {"kind": "half"},
        {"kind": "delay_before", "seconds": 3},
    ],
)
async def test_what_goes_wrong_while_waiting_is_waited_out(
    elsewhere: Elsewhere, fault: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    if fault["kind"] == "delay_before":  # a connection that is open and says nothing
        monkeypatch.setattr("stb_agent.cable_id.transport.TOTAL_SECONDS", 0.3)
    request = await elsewhere.phone.begin()
    await elsewhere.home.fault("platform", path="/token", method="POST", times=1, **fault)
    elsewhere.decides(3, request)
    assert (await elsewhere.wait(request)).linked


async def test_an_answer_that_got_lost_after_the_approval_begins_again(elsewhere: Elsewhere) -> None:
    request = await elsewhere.phone.begin()
    elsewhere.decides(1, request)
    await elsewhere.home.fault("platform", path="/token", method="POST", kind="drop_after")
    with pytest.raises(errors.RequestExpired):
        await elsewhere.wait(request)


async def test_a_code_is_of_one_box(elsewhere: Elsewhere, tmp_path: Path) -> None:
    request = await elsewhere.phone.begin()
    await elsewhere.control("decide", {"user_code": request.user_code})
    home = elsewhere.home
    prover = Prover(DeviceKey.open(tmp_path / "another.key"), clock=home.clock, random=os.urandom)
    transport = Transport(home.transport._session, prover, clock=home.clock)
    thief = PhoneSignIn(Asker(home.world.platform, PublicClient(CLIENT), transport))
    with pytest.raises(errors.RequestExpired):
        await thief.wait(request, elsewhere.sleep)
    assert await elsewhere.wait(request)
    with pytest.raises(errors.RequestExpired):
        await elsewhere.wait(request)


async def test_the_key_changes_and_the_clocks_differ_while_the_phone_decides(elsewhere: Elsewhere) -> None:
    elsewhere.home.clock.skew = -7200.0
    request = await elsewhere.phone.begin()
    elsewhere.decides(2, request)
    elsewhere.after[1] = {"rotate": {"use": "sig", "keep": False}}
    assert await elsewhere.wait(request)


async def test_lies(elsewhere: Elsewhere) -> None:
    home = elsewhere.home
    request = await elsewhere.phone.begin()
    elsewhere.decides(1, request)
    await elsewhere.control("faults", {"kind": "lie", "lie": "audience"})
    with pytest.raises(errors.AnswerInvalid):
        await elsewhere.wait(request)

    await elsewhere.control("faults", {"kind": "lie", "lie": "audience"})
    with pytest.raises(errors.AnswerInvalid):
        await home.sign_in(home.card("linked"))

    await elsewhere.control("faults", {"kind": "lie", "lie": "device"})
    session = await home.sign_in(home.card("linked"))
    with pytest.raises(errors.SessionEnded):
        await home.client.service_token(session, home.world.booking)

    signed = home.signed
    await elsewhere.control("faults", {"kind": "lie", "lie": "nonce"})
    with pytest.raises(errors.AnswerInvalid):
        await home.sign_in(home.card("linked"))
    assert home.signed == signed, "no PIN is spent on a nonce that was signed before"


async def test_the_television_confirms_what_the_call_centre_asks(elsewhere: Elsewhere) -> None:
    home = elsewhere.home
    session = await home.sign_in(home.card("linked"))
    asked = await elsewhere.asks("解約の受付 4821")
    assert asked.status == 200
    assert (await elsewhere.takes_up(asked)).body["error"] == "authorization_pending"
    question = await elsewhere.question(session, "解約の受付 4821")
    await elsewhere.confirmations.decide(session, question, approve=True)
    await elsewhere.confirmations.decide(session, question, approve=True)
    await elsewhere.sleep(6)
    answer = await elsewhere.takes_up(asked)
    assert answer.status == 200
    claims = unverified(answer.body["id_token"])
    assert claims["urn:openid:params:jwt:claim:auth_req_id"] == asked.body["auth_req_id"]
    assert claims["sub"] != session.subject, "the call centre knows the person by a name of its own"
    await elsewhere.sleep(6)
    assert (await elsewhere.takes_up(asked)).body["error"] == "invalid_grant"
    with pytest.raises(errors.RequestExpired):
        await elsewhere.confirmations.decide(session, question, approve=False)


async def test_the_person_says_no_or_nothing(elsewhere: Elsewhere) -> None:
    session = await elsewhere.home.sign_in(elsewhere.home.card("linked"))
    asked = await elsewhere.asks("1")
    await elsewhere.confirmations.decide(session, await elsewhere.question(session, "1"), approve=False)
    assert (await elsewhere.takes_up(asked)).body["error"] == "access_denied"
    asked = await elsewhere.asks("2")
    question = await elsewhere.question(session, "2")
    await elsewhere.sleep(301)
    assert (await elsewhere.takes_up(asked)).body["error"] == "expired_token"
    with pytest.raises(errors.RequestExpired):
        await elsewhere.confirmations.decide(session, question, approve=False)
    assert not await elsewhere.confirmations.waiting(session)


async def test_a_lost_answer_to_a_decision_is_given_again(elsewhere: Elsewhere) -> None:
    session = await elsewhere.home.sign_in(elsewhere.home.card("linked"))
    asked = await elsewhere.asks("lost")
    question = await elsewhere.question(session, "lost")
    await elsewhere.home.fault("platform", kind="drop_after", path="/confirmations/*", method="POST")
    with pytest.raises(errors.PlatformUnreachable):
        await elsewhere.confirmations.decide(session, question, approve=True)
    await elsewhere.confirmations.decide(session, question, approve=True)
    assert (await elsewhere.takes_up(asked)).status == 200


async def test_only_a_fresh_card_at_the_box_may_approve(elsewhere: Elsewhere) -> None:
    session = await elsewhere.home.sign_in(elsewhere.home.card("linked"))
    await elsewhere.sleep(301)
    await elsewhere.asks("old")
    with pytest.raises(errors.StepUpRequired) as wanted:
        await elsewhere.confirmations.decide(session, await elsewhere.question(session, "old"), approve=True)
    assert (wanted.value.acr_values, wanted.value.max_age) == ("authenticated", 300)
    request = await elsewhere.phone.begin()
    await elsewhere.control("decide", {"user_code": request.user_code})
    over_the_phone = await elsewhere.wait(request)
    question = await elsewhere.question(over_the_phone, "old")
    with pytest.raises(errors.StepUpRequired):
        await elsewhere.confirmations.decide(over_the_phone, question, approve=True)
    await elsewhere.confirmations.decide(over_the_phone, question, approve=False)


async def test_nobody_else_is_asked(elsewhere: Elsewhere) -> None:
    await elsewhere.asks("for one person")
    other = await elsewhere.home.sign_in(elsewhere.home.card("new"))
    assert not await elsewhere.confirmations.waiting(other)
    mine = await elsewhere.home.sign_in(elsewhere.home.card("linked"))
    question = await elsewhere.question(mine, "for one person")
    with pytest.raises(errors.RequestExpired):
        await elsewhere.confirmations.decide(other, question, approve=True)


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"login_hint": "0000000000"}, "unknown_user_id"),
        ({"login_hint": ""}, "invalid_request"),
        ({"id_token_hint": "x"}, "invalid_request"),
        ({"binding_message": "x" * 101}, "invalid_binding_message"),
        ({"binding_message": "a\u202eb"}, "invalid_binding_message"),
        ({"scope": "link"}, "invalid_scope"),
    ],
)
async def test_what_the_call_centre_may_not_ask(elsewhere: Elsewhere, more: dict[str, str], error: str) -> None:
    reply = await elsewhere.asks(**{"message": secrets.token_hex(3), **more})
    assert (reply.status, reply.body["error"]) == (400, error)
