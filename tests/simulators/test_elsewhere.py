"""The pages on which a person decides, and what guards them (RFC 8628 §5, RFC 9126, RFC 10027)."""

import base64
import hashlib
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.world import CLIENT

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
BACK = "http://127.0.0.1:9/back"
VERIFIER = "v" * 43


async def begun(box):
    reply = await box.send(
        "POST", f"{box.platform}/device_authorization", data={"client_id": CLIENT, "scope": "openid services"}
    )
    assert reply.status == 200, reply
    return reply.body


async def polled(box, begun):
    form = {"grant_type": DEVICE, "device_code": begun["device_code"], "client_id": CLIENT}
    return await box.send("POST", f"{box.platform}/token", data=form)


async def test_the_page_names_operator_and_asks_for_the_number(town):
    box = town.box()
    asked = await begun(box)
    assert re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", asked["user_code"])
    async with town.http.get(asked["verification_uri_complete"]) as answer:
        page = await answer.text()
        assert answer.headers["X-Frame-Options"] == "DENY"
    assert "しおみケーブルネットワーク" in page
    assert 'name="number"' in page
    told = re.sub("お電話.*|<[^>]*>", "", page)  # a telephone number has many digits
    assert asked["match_number"] not in told, "it is on the television alone"
    form = {"user_code": asked["user_code"].lower(), "decision": "approve", "card": "linked"}
    async with town.http.post(asked["verification_uri"], data={**form, "number": "00"}) as answer:
        assert (answer.status, (await answer.json())["error"]) == (400, "number_wrong")
    assert (await polled(box, asked)).body["error"] == "authorization_pending"
    async with town.http.post(asked["verification_uri"], data={**form, "number": asked["match_number"]}) as answer:
        assert answer.status == 200
    town.later(10)
    assert (await polled(box, asked)).status == 200


async def test_guessing_the_number_ends_the_request(town):
    box = town.box()
    asked = await begun(box)
    wrong = {"user_code": asked["user_code"], "number": "00"}
    for _ in range(5):
        assert (await town.control("platform", "POST", "/_sim/decide", wrong)).body["error"] == "number_wrong"
    right = {"user_code": asked["user_code"]}
    assert (await town.control("platform", "POST", "/_sim/decide", right)).body["error"] == "user_code_unknown"
    assert (await polled(box, asked)).body["error"] == "access_denied"


async def test_guessing_codes_is_slow(town):
    asked = await begun(town.box())
    for _ in range(5):
        reply = await town.control("platform", "POST", "/_sim/decide", {"user_code": "BBBB-BBBB"})
        assert reply.status == 404
    reply = await town.control("platform", "POST", "/_sim/decide", {"user_code": asked["user_code"]})
    assert (reply.status, reply.headers["Retry-After"]) == (429, "60")
    town.later(61)
    assert (await town.control("platform", "POST", "/_sim/decide", {"user_code": asked["user_code"]})).status == 200


async def test_a_card_that_is_not_good_approves_nothing(town):
    box = town.box()
    asked = await begun(box)
    order = {"user_code": asked["user_code"], "card": "expired"}
    reply = await town.control("platform", "POST", "/_sim/decide", order)
    assert (reply.status, reply.body["reason"]) == (400, "certificate_expired")
    assert (await polled(box, asked)).body["error"] == "authorization_pending"


async def pushed(town, box, **bent):
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    form = {
        "client_id": "web", "response_type": "code", "redirect_uri": BACK, "scope": "openid link", "state": "s",
        "nonce": "n", "code_challenge": challenge, "code_challenge_method": "S256", **bent,
    }  # fmt: skip
    return await box.send("POST", f"{box.platform}/par", data={k: v for k, v in form.items() if v is not None})


@pytest.fixture
async def web(town):
    body = {"client_id": "web", "token_endpoint_auth_method": "none", "redirect_uris": [BACK]}
    assert (await town.control("platform", "POST", "/_sim/clients", body)).status == 201
    return town.box()


async def test_a_code_is_good_once_for_who_pushed_the_request(town, web):
    uri = (await pushed(town, web)).body["request_uri"]
    page = f"{web.platform}/authorize?client_id=web&request_uri={uri}"
    async with town.http.get(page) as answer:
        assert answer.status == 200
    form = {"request_uri": uri, "client_id": "web", "decision": "approve", "card": "linked"}
    async with town.http.post(f"{web.platform}/authorize", data=form, allow_redirects=False) as answer:
        assert answer.status == 303
        came = {k: v[0] for k, v in parse_qs(urlsplit(answer.headers["Location"]).query).items()}
    assert (came["state"], came["iss"]) == ("s", web.platform)
    async with town.http.get(page) as answer:
        assert (await answer.json())["error"] == "invalid_request_uri", "used"
    token = {"grant_type": "authorization_code", "code": came["code"], "client_id": "web", "redirect_uri": BACK}
    token["code_verifier"] = VERIFIER
    reply = await town.box().send("POST", f"{web.platform}/token", data=token)
    assert (reply.status, reply.body["error_description"]) == (400, "dpop_jkt")
    assert (await web.send("POST", f"{web.platform}/token", data=token)).status == 200
    assert (await web.send("POST", f"{web.platform}/token", data=token)).body["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("bent", "error"),
    [
        ({"redirect_uri": "http://127.0.0.1:9/other"}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"request_uri": "urn:x"}, "invalid_request"),
        ({"scope": "link"}, "invalid_scope"),
    ],
)
async def test_what_may_not_be_pushed(town, web, bent, error):
    reply = await pushed(town, web, **bent)
    assert (reply.status, reply.body["error"]) == (400, error)


async def test_only_pushed_requests_are_shown(town, web):
    for query in ("client_id=web&response_type=code", "client_id=other&request_uri=urn:x"):
        async with town.http.get(f"{web.platform}/authorize?{query}") as answer:
            assert answer.status == 400
    uri = (await pushed(town, web)).body["request_uri"]
    town.later(61)
    async with town.http.get(f"{web.platform}/authorize?client_id=web&request_uri={uri}") as answer:
        assert answer.status == 400
