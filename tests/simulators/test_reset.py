"""A box says that it has begun anew: what it was is ended, once, with evidence; nobody else can say so for it."""

import json
import secrets
import time

from joserfc import jws

PREFIX = "urn:ietf:params:oauth:jwk-thumbprint:sha-256:"


def notice(box, *, signer=None, header=None, **bent):
    """Make a notice as the profile's page says; `bent` replaces claims."""
    claims = {
        "sub": PREFIX + box.jkt, "aud": box.platform, "iat": int(time.time()), "jti": secrets.token_urlsafe(12), **bent,
    }  # fmt: skip
    head = {"typ": "reset-notice+jwt", "alg": "ES256", "jwk": box.key.as_dict(private=False), **(header or {})}
    return jws.serialize_compact(head, json.dumps(claims), (signer or box).key, algorithms=["ES256"])


async def tell(town, text):
    """Send a notice as a box does: without a proof."""
    address = f"{town.box().platform}/reset-notice"
    async with town.http.post(address, data=text.encode(), headers={"Content-Type": "application/jwt"}) as answer:
        return answer.status, (await answer.json())["error"] if answer.status >= 400 else ""


async def test_what_the_box_was_is_ended_once(town):
    box, other = town.box(), town.box()
    token = await box.token(town.card("linked"))
    theirs = await other.token(town.card("linked"))
    text = notice(box, iat=1)
    assert await tell(town, text) == (204, "")
    assert await tell(town, text) == (204, ""), "its answer may get lost"
    told = (await town.control("platform", "GET", "/_sim/resets")).body["resets"]
    assert [(it["jkt"], it["at"], it["sessions"]) for it in told] == [(box.jkt, 1, 1)]
    assert (await box.send("GET", f"{box.platform}/link", token=token)).status == 401
    assert (await other.send("GET", f"{box.platform}/link", token=theirs)).status == 200, "the other box goes on"


async def test_nobody_else_can_say_it(town):
    box, other = town.box(), town.box()
    token = await box.token(town.card("linked"))
    for text in (
        notice(box, signer=other),
        notice(other, sub=PREFIX + box.jkt),
        notice(box, aud="https://another.example"),
        notice(box, iat=int(time.time()) + 2 * 86400),
        notice(box, header={"typ": "JWT"}),
        notice(box)[:-3],
        "x" * 5000,
    ):
        assert await tell(town, text) == (400, "invalid_notice")
    assert await tell(town, notice(other)) == (404, "box_unknown")
    assert (await box.send("GET", f"{box.platform}/link", token=token)).status == 200
