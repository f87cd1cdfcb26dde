"""Tokens taken, bent and used again: at the platform, in the exchange, at services, for links."""

from __future__ import annotations

import base64
import json
import secrets

from tests.faults.negatives.played import ENDED, STALE, digest, sign_in, with_headers
from tests.faults.negatives.scene import Scene
from tests.faults.negatives.table import Group, Refusal, Who, negative
from tests.support.world import CLIENT, Box, Reply, b64url

# -- tokens


@negative(
    "bearer-platform", Group.DOWNGRADE, "A bound token is shown to the platform as a bearer token", ENDED, wire=STALE
)
async def _(scene: Scene) -> Refusal | None:
    _, tokens = await sign_in(scene)
    return await with_headers(
        scene, "GET", f"{scene.platform}/link", {"Authorization": f"Bearer {tokens['access_token']}"}
    )


@negative(
    "token-without-proof",
    Group.DOWNGRADE,
    "A bound token without a proof",
    "cable_id.proof.refused",
    wire="401 invalid_dpop_proof",
)
async def _(scene: Scene) -> Refusal | None:
    _, tokens = await sign_in(scene)
    return await with_headers(
        scene, "GET", f"{scene.platform}/link", {"Authorization": f"DPoP {tokens['access_token']}"}
    )


@negative("token-of-another-device", Group.SUBSTITUTION, "A token is shown by another device", ENDED, wire=STALE)
async def _(scene: Scene) -> Refusal | None:
    _, tokens = await sign_in(scene)
    return scene.refused(await scene.box().send("GET", f"{scene.platform}/link", token=tokens["access_token"]))


@negative(
    "token-other-hash",
    Group.SUBSTITUTION,
    "A proof made for another token (ath)",
    "cable_id.proof.refused",
    wire="401 invalid_dpop_proof",
)
async def _(scene: Scene) -> Refusal | None:
    box, tokens = await sign_in(scene)
    other = {"ath": b64url(digest(b"another"))}
    return scene.refused(await box.send("GET", f"{scene.platform}/link", token=tokens["access_token"], bent=other))


@negative("token-changed", Group.JOSE, "A token with one claim changed", ENDED, wire=STALE)
async def _(scene: Scene) -> Refusal | None:
    box, tokens = await sign_in(scene, next(scene.town.new))
    header, payload, signature = tokens["access_token"].split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    forged = f"{header}.{b64url(json.dumps({**claims, 'scope': 'openid link services'}).encode())}.{signature}"
    return scene.refused(await box.send("GET", f"{scene.platform}/link", token=forged))


@negative("id-token-as-access-token", Group.SUBSTITUTION, "An ID token is shown as an access token", ENDED, wire=STALE)
async def _(scene: Scene) -> Refusal | None:
    box, tokens = await sign_in(scene)
    return scene.refused(await box.send("GET", f"{scene.platform}/link", token=tokens["id_token"]))


@negative("token-after-revocation", Group.RIGHTS, "A token of a session that was ended", ENDED, wire=STALE)
async def _(scene: Scene) -> Refusal | None:
    box, tokens = await sign_in(scene)
    form = {"token": tokens["refresh_token"], "client_id": CLIENT}
    assert (await box.send("POST", f"{scene.platform}/revoke", data=form)).status == 200
    return scene.refused(await box.send("GET", f"{scene.platform}/link", token=tokens["access_token"]))


async def _refreshed(scene: Scene, box: Box, token: str, **more: str) -> Reply:
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": CLIENT, **more}
    return await box.send("POST", f"{scene.platform}/token", data=form)


@negative(
    "refresh-twice",
    Group.REPLAY,
    "A refresh token is shown again after its successor was used: the session ends",
    ENDED,
    wire="400 invalid_grant",
)
async def _(scene: Scene) -> Refusal | None:
    box, tokens = await sign_in(scene)
    second = (await _refreshed(scene, box, tokens["refresh_token"])).body["refresh_token"]
    third = (await _refreshed(scene, box, second)).body["refresh_token"]
    first = scene.refused(await _refreshed(scene, box, tokens["refresh_token"]))
    assert first == scene.refused(await _refreshed(scene, box, third)), "who is the thief cannot be told: both are out"
    return first


@negative(
    "refresh-of-another-device",
    Group.SUBSTITUTION,
    "A refresh token is shown by another device",
    ENDED,
    wire="400 invalid_grant",
)
async def _(scene: Scene) -> Refusal | None:
    _, tokens = await sign_in(scene)
    return scene.refused(await _refreshed(scene, scene.box(), tokens["refresh_token"]))


@negative(
    "refresh-of-another-client",
    Group.SUBSTITUTION,
    "A refresh token is shown by another client",
    ENDED,
    wire="400 invalid_grant",
)
async def _(scene: Scene) -> Refusal | None:
    box, tokens = await sign_in(scene)
    return scene.refused(await _refreshed(scene, box, tokens["refresh_token"], client_id="another"))


@negative(
    "refresh-more",
    Group.RIGHTS,
    "A refresh asks for more than was granted",
    "cable_id.client.refused",
    wire="400 invalid_scope",
)
async def _(scene: Scene) -> Refusal | None:
    box, tokens = await sign_in(scene, next(scene.town.new))
    return scene.refused(await _refreshed(scene, box, tokens["refresh_token"], scope="openid link services"))


# -- token exchange and services


@negative(
    "exchange-stolen",
    Group.SUBSTITUTION,
    "Another device exchanges a token",
    ENDED,
    wire="400 invalid_request subject_token",
)
async def _(scene: Scene) -> Refusal | None:
    _, tokens = await sign_in(scene)
    return scene.refused(await scene.box().exchange(tokens["access_token"], scene.town.world.booking))


@negative(
    "exchange-onward", Group.RIGHTS, "A service passes its token on", ENDED, wire="400 invalid_request subject_token"
)
async def _(scene: Scene) -> Refusal | None:
    box, tokens = await sign_in(scene)
    service = (await box.exchange(tokens["access_token"], scene.town.world.booking)).body["access_token"]
    return scene.refused(await box.exchange(service, scene.town.world.health))


@negative(
    "exchange-nowhere",
    Group.MIX_UP,
    "A token for a service that the platform does not know",
    "cable_id.service.unknown",
    wire="400 invalid_target",
)
async def _(scene: Scene) -> Refusal | None:
    box, tokens = await sign_in(scene)
    return scene.refused(await box.exchange(tokens["access_token"], "https://evil.example"))


@negative(
    "exchange-unlinked",
    Group.RIGHTS,
    "A card that is not linked asks for a service",
    "cable_id.link.required",
    wire="400 invalid_request link_required",
)
async def _(scene: Scene) -> Refusal | None:
    box, tokens = await sign_in(scene, next(scene.town.new))
    return scene.refused(await box.exchange(tokens["access_token"], scene.town.world.booking))


@negative(
    "service-of-another-service",
    Group.SUBSTITUTION,
    "A token for one service is shown to another",
    ENDED,
    by=Who.SERVICE,
    wire=STALE,
)
async def _(scene: Scene) -> Refusal | None:
    box = scene.box()
    token = await box.service_token(scene.town.linked, scene.town.world.health)
    return scene.refused(await box.send("GET", f"{scene.town.world.booking}/orders", token=token), service=True)


@negative(
    "service-platforms-token",
    Group.SUBSTITUTION,
    "The platform's own token is shown to a service",
    ENDED,
    by=Who.SERVICE,
    wire=STALE,
)
async def _(scene: Scene) -> Refusal | None:
    box, tokens = await sign_in(scene)
    reply = await box.send("GET", f"{scene.town.world.booking}/orders", token=tokens["access_token"])
    return scene.refused(reply, service=True)


@negative(
    "service-another-device",
    Group.SUBSTITUTION,
    "A service's token is shown by another device",
    ENDED,
    by=Who.SERVICE,
    wire=STALE,
)
async def _(scene: Scene) -> Refusal | None:
    token = await scene.box().service_token(scene.town.linked, scene.town.world.booking)
    return scene.refused(await scene.box().send("GET", f"{scene.town.world.booking}/orders", token=token), service=True)


@negative(
    "service-bearer", Group.DOWNGRADE, "A service's token is shown as a bearer token", ENDED, by=Who.SERVICE, wire=STALE
)
async def _(scene: Scene) -> Refusal | None:
    token = await scene.box().service_token(scene.town.linked, scene.town.world.booking)
    return await with_headers(
        scene, "GET", f"{scene.town.world.booking}/orders", {"Authorization": f"Bearer {token}"}, service=True
    )


@negative("service-nobody", Group.RIGHTS, "No token at all", ENDED, by=Who.SERVICE, wire=STALE)
async def _(scene: Scene) -> Refusal | None:
    return await with_headers(scene, "GET", f"{scene.town.world.booking}/orders", {}, service=True)


@negative(
    "order-of-another-person",
    Group.SUBSTITUTION,
    "Another person's order is sent again with another content",
    "cable_id.service.refused",
    by=Who.SERVICE,
    wire="409 OrderAlreadyExistsError",
)
async def _(scene: Scene) -> Refusal | None:
    base = scene.town.world.booking
    async with scene.http.get(f"{base}/facilities/F01/slots", params={"days": "28"}) as answer:
        slot = [it["id"] for it in (await answer.json())["slots"] if it["free"]][scene.town.turn()]
    url = f"{base}/orders/{secrets.token_hex(16)}"
    body = {"slot": slot, "purpose": "会議", "people": 2}
    box, thief = scene.box(), scene.box()
    token = await box.service_token(scene.town.linked, base)
    assert (await box.send("PUT", url, token=token, json=body)).status == 201
    stranger = next(scene.town.new)
    await thief.link(await thief.token(stranger), scene.town.world.describe()["contract_number"])
    token = await thief.service_token(stranger, base)
    return scene.refused(await thief.send("PUT", url, token=token, json=body), service=True)


# -- links


@negative(
    "link-key-again",
    Group.REPLAY,
    "An idempotency key is used for another contract",
    "cable_id.answer.invalid",
    wire="422 idempotency_key_reused",
)
async def _(scene: Scene) -> Refusal | None:
    from simulators.platform.seed import CONTRACTS

    box, tokens = await sign_in(scene, next(scene.town.new))
    assert (await box.link(tokens["access_token"], CONTRACTS[0].number, "key")).status == 201
    return scene.refused(await box.link(tokens["access_token"], CONTRACTS[1].number, "key"))


@negative(
    "link-twice", Group.RIGHTS, "A linked card is linked again", "cable_id.link.already", wire="409 already_linked"
)
async def _(scene: Scene) -> Refusal | None:
    box, tokens = await sign_in(scene)
    return scene.refused(await box.link(tokens["access_token"], scene.town.world.describe()["contract_number"]))


@negative(
    "link-no-contract",
    Group.RIGHTS,
    "A contract that there is not",
    "cable_id.link.contract_not_found",
    wire="404 contract_not_found",
)
async def _(scene: Scene) -> Refusal | None:
    box, tokens = await sign_in(scene, next(scene.town.new))
    return scene.refused(await box.link(tokens["access_token"], "0000000000"))
