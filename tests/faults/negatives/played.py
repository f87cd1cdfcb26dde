"""What somebody needs who plays a box: envelopes, tokens, and the codes that an honest box would tell by what it is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes
from joserfc import jws

from simulators.authority import Identity
from tests.faults.negatives.scene import Scene
from tests.faults.negatives.table import Group, Negative, Refusal, Who, enter
from tests.support.world import Box, Reply

ELSEWHERE = "https://other.example"
HOUR = 3600
ASSERTION = "cable_id.assertion"
PROOF = "cable_id.proof.refused"
ENDED = "cable_id.session.ended"
UNTRUSTED = "cable_id.certificate.untrusted"
NONCE, GRANT = "400 invalid_grant nonce", "400 invalid_grant assertion"
STALE = "401 invalid_token"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
Make = Callable[[Scene, Box], Awaitable[str]]
"""Make an envelope with an assertion in it."""


def assertion(name: str, group: Group, what: str, wire: str, code: str) -> Callable[[Make], Make]:
    """Enter an attempt to sign in by an assertion that the decorated function makes."""

    def entered(make: Make) -> Make:
        async def attack(scene: Scene) -> Refusal | None:
            box = scene.box()
            return scene.refused(await box.card_grant(await make(scene, box)))

        enter(Negative(name, group, what, Who.PLATFORM, code, wire, attack))
        return make

    return entered


def sign(header: Mapping[str, Any], payload: str, key: Any) -> str:
    registry = jws.JWSRegistry(algorithms=["RS256", "HS256", "ES256", "none"])
    registry.max_header_length = 1 << 16
    return jws.serialize_compact(dict(header), payload, key, registry=registry)


def digest(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(data)
    return digest.finalize()


async def sign_in(scene: Scene, card: Identity | None = None) -> tuple[Box, dict[str, Any]]:
    box = scene.box()
    reply = await box.sign_in(card or scene.town.linked)
    assert reply.status == 200, reply
    return box, reply.body


async def with_headers(
    scene: Scene, method: str, url: str, headers: Mapping[str, str], *, service: bool = False
) -> Refusal | None:
    async with scene.http.request(method, url, headers=headers) as answer:
        return scene.refused(Reply(answer.status, answer.headers.copy(), await answer.json()), service=service)
