"""The end of a session everywhere: the box's word, and the platform's to each service (OpenID Connect Back-Channel Logout 1.0)."""

import asyncio
import contextlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from simulators.platform.keys import load_keys
from simulators.platform.logout import EVENT
from simulators.tokens import sign_es256
from simulators.web import database
from tests.support.world import CLIENT, unverified


class Evening:
    """A person signed in at a box, with tokens for both services."""

    def __init__(self, town, box, tokens):
        self.town, self.box, self.tokens = town, box, tokens
        self.sid = unverified(tokens["id_token"])["sid"]
        self.service: dict[str, str] = {}

    async def ended(self, cause="user", box=None, **bent):
        form = {"client_id": CLIENT, "sid": self.sid, "cause": cause, "ended_at": str(int(self.town.now.timestamp()))}
        box = box or self.box
        return await box.send("POST", f"{box.platform}/session/end", data={**form, **bent})

    async def states(self, wanted):
        """Ask until the platform says so."""
        async with asyncio.timeout(15):
            while True:
                reply = await self.ended()
                assert reply.status == 200, reply
                found = {it["service"]: it["state"] for it in reply.body["services"]}
                if found == {self.town.address[name]: state for name, state in wanted.items()}:
                    return
                await asyncio.sleep(0.05)

    async def status(self, name, path):
        token = self.service[name]
        return (await self.box.send("GET", f"{self.town.address[name]}{path}", token=token)).status

    async def take(self, name, token):
        async with self.town.http.post(
            f"{self.town.address[name]}/backchannel-logout", data={"logout_token": token}
        ) as answer:
            return answer.status


@pytest.fixture
async def evening(town):
    box = town.box()
    found = Evening(town, box, (await box.sign_in(town.card("linked"))).body)
    for name in ("booking", "health"):
        reply = await box.exchange(found.tokens["access_token"], town.address[name])
        found.service[name] = reply.body["access_token"]
    assert await found.status("booking", "/orders") == 200
    assert await found.status("health", "/Observation") == 200
    return found


async def test_the_end_reaches_every_service(town, evening):
    assert {it["state"] for it in (await evening.ended()).body["services"]} <= {"pending", "ended"}
    await evening.states({"booking": "ended", "health": "ended"})
    assert await evening.status("booking", "/orders") == 401
    assert await evening.status("health", "/Observation") == 401
    token = evening.tokens["access_token"]
    assert (await evening.box.send("GET", f"{evening.box.platform}/userinfo", token=token)).status == 401
    sids = {unverified(token)["sid"] for token in evening.service.values()}
    assert len(sids) == 2, "the session has another name at each service"
    assert evening.sid not in sids


async def test_the_first_cause_stays(town, evening):
    await evening.ended("power_lost")
    await evening.ended("user")
    (told,) = (await town.control("platform", "GET", "/_sim/ends")).body["ends"]
    assert (told["sid"], told["cause"]) == (evening.sid, "power_lost")


async def test_a_service_that_is_down_is_told_when_it_is_back(town, evening):
    await town.stop("health")
    await evening.ended()
    await evening.states({"booking": "ended", "health": "pending"})
    await town.restart("platform")
    await town.start("health")
    await evening.states({"booking": "ended", "health": "ended"})
    assert await evening.status("health", "/Observation") == 401


async def test_an_answer_that_got_lost_is_not_a_second_end(town, evening):
    await town.fault("booking", "drop_after", "/backchannel-logout")
    await evening.ended()
    await evening.states({"booking": "ended", "health": "ended"})


async def test_revocation_and_a_lost_card_end_it_too(town, evening):
    await evening.box.send(
        "POST", f"{evening.box.platform}/revoke", data={"token": evening.tokens["access_token"], "client_id": CLIENT}
    )
    await evening.states({"booking": "ended", "health": "ended"})


async def test_the_next_session_is_untouched(town, evening):
    await evening.ended()
    await evening.states({"booking": "ended", "health": "ended"})
    token = await evening.box.service_token(town.card("linked"), town.address["booking"])
    assert (await evening.box.send("GET", f"{town.address['booking']}/orders", token=token)).status == 200


async def test_nobody_else_ends_it(town, evening):
    assert (await evening.ended(box=town.box())).body["error"] == "session_unknown"
    assert (await evening.ended(client_id="another")).status == 404
    assert (await evening.ended(sid="guess")).status == 404
    assert (await evening.ended("because")).status == 400
    assert await evening.status("booking", "/orders") == 200


@pytest.mark.parametrize(
    "bent",
    [
        {"iss": "https://other.example"},
        {"aud": "https://other.example"},
        {"events": {}},
        {"nonce": "n"},
        {"sid": None, "sub": None},
        {"exp": 0},
        {"iat": 9999999999},
        {"typ": "JWT"},
        {"key": "another"},
    ],
    ids=lambda bent: next(iter(bent)),
)
async def test_a_logout_token_that_does_not_hold_ends_nothing(town, evening, bent):
    token = sealed(town, evening, **bent)
    assert await evening.take("booking", token) == 400
    assert await evening.status("booking", "/orders") == 200


async def test_a_logout_token_without_a_session_is_for_all_of_the_person_s_and_good_once(town, evening):
    token = sealed(town, evening, sid=None)
    assert await evening.take("booking", token) == 204
    assert await evening.take("booking", token) == 400
    assert await evening.status("booking", "/orders") == 401
    assert await evening.status("health", "/Observation") == 200


def sealed(town, evening, *, typ="logout+jwt", key=None, **bent):
    """Make a logout token with the platform's own key, or with another under its name."""
    with contextlib.closing(database(town.state, "platform", "")) as db:
        keys = load_keys(db, None)
    now, known = int(town.now.timestamp()), unverified(evening.service["booking"])
    claims = {
        "iss": town.address["platform"], "aud": town.address["booking"], "iat": now, "exp": now + 120, "jti": "j",
        "sub": known["sub"], "sid": known["sid"], "events": {EVENT: {}}, **bent,
    }  # fmt: skip
    signing = keys.signing if key is None else ec.generate_private_key(ec.SECP256R1())
    return sign_es256(signing, keys.signing_id, typ, {name: it for name, it in claims.items() if it is not None})
