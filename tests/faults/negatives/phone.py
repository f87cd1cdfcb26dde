"""A phone that reads for a box, and a call centre that asks: by somebody else, too late, twice."""

from __future__ import annotations

import secrets
from typing import Any

from stb_agent.cable_id.phone import _MEANINGS as PHONE
from tests.faults.negatives.played import DEVICE_GRANT, ENDED, sign_in
from tests.faults.negatives.scene import Scene
from tests.faults.negatives.table import Group, Refusal, negative
from tests.support.world import CLIENT, Box


async def _begun(scene: Scene) -> tuple[Box, dict[str, Any]]:
    box = scene.box()
    form = {"client_id": CLIENT, "scope": "openid link services"}
    reply = await box.send("POST", f"{scene.platform}/device_authorization", data=form)
    assert reply.status == 200, reply
    return box, reply.body


async def _polled(scene: Scene, box: Box, code: str, client: str = CLIENT) -> Refusal | None:
    form = {"grant_type": DEVICE_GRANT, "device_code": code, "client_id": client}
    reply = await box.send("POST", f"{scene.platform}/token", data=form)
    return scene.refused(reply, meanings=PHONE)


@negative(
    "device-code-twice",
    Group.REPLAY,
    "A device code is taken up twice",
    "cable_id.request.expired",
    wire="400 invalid_grant",
)
async def _(scene: Scene) -> Refusal | None:
    box, begun = await _begun(scene)
    await scene.platform_control("decide", user_code=begun["user_code"])
    assert await _polled(scene, box, begun["device_code"]) is None
    return await _polled(scene, box, begun["device_code"])


@negative(
    "device-code-of-another-device",
    Group.SUBSTITUTION,
    "A device code is taken up by another device",
    "cable_id.request.expired",
    wire="400 invalid_grant",
)
async def _(scene: Scene) -> Refusal | None:
    _, begun = await _begun(scene)
    await scene.platform_control("decide", user_code=begun["user_code"])
    return await _polled(scene, scene.box(), begun["device_code"])


@negative(
    "device-code-of-another-client",
    Group.SUBSTITUTION,
    "A device code is taken up by another client",
    "cable_id.request.expired",
    wire="400 invalid_grant",
)
async def _(scene: Scene) -> Refusal | None:
    box, begun = await _begun(scene)
    await scene.platform_control("decide", user_code=begun["user_code"])
    return await _polled(scene, box, begun["device_code"], "another")


@negative(
    "device-code-denied",
    Group.RIGHTS,
    "The person declined on the phone",
    "cable_id.request.denied",
    wire="400 access_denied",
)
async def _(scene: Scene) -> Refusal | None:
    box, begun = await _begun(scene)
    await scene.platform_control("decide", user_code=begun["user_code"], decision="deny")
    return await _polled(scene, box, begun["device_code"])


@negative(
    "match-number-guessed",
    Group.RIGHTS,
    "The number on the television is guessed: five wrong ones end it",
    "cable_id.request.denied",
    wire="400 access_denied",
)
async def _(scene: Scene) -> Refusal | None:
    box, begun = await _begun(scene)
    form = {"user_code": begun["user_code"], "decision": "approve", "card": "linked", "number": "00"}
    for _ in range(5):
        async with scene.http.post(begun["verification_uri"], data=form) as answer:
            assert answer.status == 400
    return await _polled(scene, box, begun["device_code"])


@negative(
    "device-code-expired",
    Group.TIME,
    "A device code is taken up too late",
    "cable_id.request.expired",
    wire="400 expired_token",
)
async def _(scene: Scene) -> Refusal | None:
    box, begun = await _begun(scene)
    await scene.platform_control("decide", user_code=begun["user_code"])
    await scene.town.pass_time(301)
    return await _polled(scene, box, begun["device_code"])


@negative(
    "device-code-fast", Group.RESOURCES, "A box asks about a device code without a pause", "", wire="400 slow_down"
)
async def _(scene: Scene) -> Refusal | None:
    box, begun = await _begun(scene)
    form = {"grant_type": DEVICE_GRANT, "device_code": begun["device_code"], "client_id": CLIENT}
    replies = [await box.send("POST", f"{scene.platform}/token", data=form) for _ in range(2)]
    return Refusal(f"{replies[1].status} {replies[1].body['error']}", "")


async def _asked(scene: Scene) -> tuple[Box, dict[str, str]]:
    centre = scene.box()
    form = {
        "client_id": "call-centre", "scope": "openid", "binding_message": secrets.token_hex(4),
        "login_hint": scene.town.world.describe()["contract_number"],
    }  # fmt: skip
    reply = await centre.send("POST", f"{scene.platform}/backchannel_authentication", data=form)
    assert reply.status == 200, reply
    grant = "urn:openid:params:grant-type:ciba"
    return centre, {"client_id": "call-centre", "grant_type": grant, "auth_req_id": reply.body["auth_req_id"]}


@negative("auth-req-id-twice", Group.REPLAY, "An auth_req_id is taken up twice", ENDED, wire="400 invalid_grant")
async def _(scene: Scene) -> Refusal | None:
    centre, form = await _asked(scene)
    await scene.platform_control("decide", auth_req_id=form["auth_req_id"])
    assert (await centre.send("POST", f"{scene.platform}/token", data=form)).status == 200
    return scene.refused(await centre.send("POST", f"{scene.platform}/token", data=form))


@negative(
    "auth-req-id-of-another-client",
    Group.SUBSTITUTION,
    "Another client takes up an auth_req_id",
    ENDED,
    wire="400 invalid_grant",
)
async def _(scene: Scene) -> Refusal | None:
    centre, form = await _asked(scene)
    await scene.platform_control("decide", auth_req_id=form["auth_req_id"])
    return scene.refused(await centre.send("POST", f"{scene.platform}/token", data={**form, "client_id": CLIENT}))


@negative(
    "confirmation-of-another-person",
    Group.SUBSTITUTION,
    "Another person confirms what one is asked",
    "cable_id.answer.invalid",
    wire="404 nothing_waits",
)
async def _(scene: Scene) -> Refusal | None:
    _, form = await _asked(scene)
    box, tokens = await sign_in(scene, next(scene.town.new))
    url = f"{scene.platform}/confirmations/{form['auth_req_id']}"
    return scene.refused(await box.send("POST", url, token=tokens["access_token"], json={"decision": "approve"}))


@negative(
    "confirmation-stale",
    Group.RIGHTS,
    "Something is confirmed six minutes after the card was there",
    "cable_id.service.step_up",
    wire="401 insufficient_user_authentication",
)
async def _(scene: Scene) -> Refusal | None:
    box, tokens = await sign_in(scene)
    await scene.town.pass_time(301)
    _, form = await _asked(scene)
    url = f"{scene.platform}/confirmations/{form['auth_req_id']}"
    return scene.refused(await box.send("POST", url, token=tokens["access_token"], json={"decision": "approve"}))
