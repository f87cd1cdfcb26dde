"""A platform that lies, and what the box says of it. Nobody is signed in who should not be."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from unittest.mock import patch

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import OctKey

from stb_agent.cable_id import errors, transport
from stb_agent.cable_id.client import PlatformClient
from stb_agent.cable_id.dpop import base64url
from stb_agent.cable_id.handoff import Handoff
from stb_agent.cable_id.phone import PhoneSignIn
from stb_agent.contract.errors import ChanomaError
from tests.faults.negatives.scene import Scene
from tests.faults.negatives.table import Group, Negative, Refusal, Who, enter
from tests.support.liar import CERTIFICATE, RSA, SIGNING, STRANGER, Answer

Act = Callable[[PlatformClient], Awaitable[object]]
Reply = Callable[[], web.Response]

NOW = int(time.time())
_N = rsa.generate_private_key(65537, 1024).public_key().public_numbers().n
WEAK = {"kty": "RSA", "kid": "weak", "n": base64url(_N.to_bytes(128, "big")), "e": "AQAB"}
HOUR = 3600


async def sign_in(client: PlatformClient) -> object:
    """Sign in as a box does, with a card whose signature the liar does not look at."""

    async def sign(data: bytes) -> bytes:
        return b"signature over " + data[-8:]

    return await client.sign_in(await client.challenge(), CERTIFICATE, sign)


async def challenge(client: PlatformClient) -> object:
    """Ask for a challenge: what is refused here costs nobody a PIN."""
    return await client.challenge()


async def told(doing: Awaitable[object]) -> Refusal | None:
    """Give what the box says."""
    try:
        await doing
    except ChanomaError as error:
        return Refusal("", error.code)
    return None


def lie(
    name: str,
    group: Group,
    what: str,
    code: str,
    act: Act = sign_in,
    *,
    patience: float = transport.TOTAL_SECONDS,
    **lies: Any,
) -> None:
    """Enter a lie: attributes of the lying platform, by name; ``patience``: how long the box waits for it (seconds)."""

    async def attack(scene: Scene) -> Refusal | None:
        async with scene.liar() as (liar, client):
            for attribute, value in lies.items():
                setattr(liar, attribute, value)
            with patch.object(transport, "TOTAL_SECONDS", patience):
                return await told(act(client))

    enter(Negative(name, group, what, Who.BOX, code, attack=attack))


def statement(name: str, group: Group, what: str, code: str, **claims: Any) -> None:
    """Enter a lie of the ID token's claims."""
    lie(name, group, what, code, id_token=claims)


def signed(name: str, what: str, header: Answer, key: Any = SIGNING) -> None:
    """Enter a lie of the ID token's header or key."""
    lie(name, Group.JOSE, what, "cable_id.answer.signature", id_token_header=header, id_token_key=key)


def answer(**body: Any) -> Reply:
    """Answer JSON."""
    return lambda: web.json_response(body)


# -- who speaks, and for whom

lie(
    "discovery-issuer",
    Group.MIX_UP,
    "The metadata are another issuer's",
    "cable_id.answer.issuer",
    challenge,
    metadata={"issuer": "https://other.example"},
)
statement(
    "id-token-issuer",
    Group.MIX_UP,
    "The ID token is another issuer's (two platforms mixed up)",
    "cable_id.answer.issuer",
    iss="https://other.example",
)
statement(
    "id-token-audience",
    Group.MIX_UP,
    "The ID token is for another client",
    "cable_id.answer.audience",
    aud="another-box",
)
statement(
    "id-token-audiences",
    Group.MIX_UP,
    "The ID token is for this client and another",
    "cable_id.answer.audience",
    aud=["box", "another-box"],
)
statement(
    "id-token-without-audience", Group.MIX_UP, "The ID token names no client", "cable_id.answer.invalid", aud=None
)
statement("id-token-nobody", Group.MIX_UP, "The ID token names nobody", "cable_id.answer.invalid", sub="")
statement(
    "id-token-of-another-sign-in",
    Group.REPLAY,
    "The ID token has the nonce of another sign-in",
    "cable_id.answer.nonce",
    nonce="of another sign-in",
)
statement("id-token-without-nonce", Group.REPLAY, "The ID token has no nonce", "cable_id.answer.nonce", nonce=None)
statement(
    "id-token-level", Group.RIGHTS, "The ID token tells of less than a PIN", "cable_id.answer.invalid", acr="present"
)
statement(
    "id-token-without-revocation",
    Group.REVOCATION,
    "The ID token does not say how the certificate was checked",
    "cable_id.answer.invalid",
    revocation=None,
)
statement(
    "id-token-revoked",
    Group.REVOCATION,
    "The ID token says that the certificate is revoked, and signs in all the same",
    "cable_id.certificate.revoked",
    revocation={"status": "revoked", "checked_at": NOW},
)
statement(
    "id-token-fine",
    Group.REVOCATION,
    "The ID token says of the certificate what nobody agreed on",
    "cable_id.answer.invalid",
    revocation={"status": "fine", "checked_at": NOW},
)
statement(
    "id-token-checked-tomorrow",
    Group.REVOCATION,
    "The certificate was checked in the future",
    "cable_id.answer.time",
    revocation={"status": "good", "checked_at": NOW + 24 * HOUR},
)
statement("id-token-expired", Group.TIME, "The ID token has expired", "cable_id.answer.time", exp=NOW - HOUR)
statement("id-token-of-tomorrow", Group.TIME, "The ID token is of the future", "cable_id.answer.time", iat=NOW + HOUR)
statement(
    "id-token-sign-in-of-tomorrow",
    Group.TIME,
    "The person will sign in in an hour",
    "cable_id.answer.time",
    auth_time=NOW + HOUR,
)


async def _twice(client: PlatformClient) -> object:
    await sign_in(client)
    return await client.challenge()


lie(
    "card-nonce-again",
    Group.REPLAY,
    "The platform gives out a card nonce that was signed already: no PIN is asked for",
    "cable_id.answer.nonce",
    _twice,
)

# -- signatures

signed("id-token-none", "ID token with alg none", {"alg": "none", "kid": SIGNING.kid})
signed(
    "id-token-hs256", "ID token with HS256, the platform's public key taken for the secret (RFC 8725 §2.1)",
    {"alg": "HS256", "kid": SIGNING.kid}, OctKey.import_key({"kty": "oct", "k": str(SIGNING.as_dict(private=False)["x"])}),
)  # fmt: skip
signed(
    "id-token-rs256", "ID token with RS256, by the platform's key for envelopes", {"alg": "RS256", "kid": RSA.kid}, RSA
)
signed(
    "id-token-stranger",
    "ID token by a stranger's key, under the platform's kid",
    {"alg": "ES256", "kid": SIGNING.kid},
    STRANGER,
)
signed(
    "id-token-strangers-kid",
    "ID token by a stranger's key, under its own kid",
    {"alg": "ES256", "kid": STRANGER.kid},
    STRANGER,
)
signed("id-token-without-kid", "ID token without a kid", {"alg": "ES256"})
signed("id-token-envelope-kid", "ID token under the kid of the key for envelopes", {"alg": "ES256", "kid": RSA.kid})
signed("id-token-kid-path", "ID token with a path for a kid", {"alg": "ES256", "kid": "../../../../dev/null"}, STRANGER)
signed("id-token-kid-sql", "ID token with SQL for a kid", {"alg": "ES256", "kid": "x' UNION SELECT 'y"}, STRANGER)
signed(
    "id-token-jwk", "ID token by a stranger's key that lies in its own header (jwk)",
    {"alg": "ES256", "kid": SIGNING.kid, "jwk": STRANGER.as_dict(private=False)}, STRANGER,
)  # fmt: skip
signed(
    "id-token-jku",
    "ID token that says where its key is (jku)",
    {"alg": "ES256", "kid": STRANGER.kid, "jku": "https://evil.example/keys"},
    STRANGER,
)
signed(
    "id-token-x5c",
    "ID token with a certificate of its own (x5c)",
    {"alg": "ES256", "kid": STRANGER.kid, "x5c": ["AAAA"]},
    STRANGER,
)
signed(
    "id-token-crit",
    "ID token with an extension that must be understood (crit)",
    {"alg": "ES256", "kid": SIGNING.kid, "crit": ["exp"], "exp": 1},
)
signed(
    "id-token-b64",
    "ID token with an unencoded payload (b64, RFC 7797)",
    {"alg": "ES256", "kid": SIGNING.kid, "crit": ["b64"], "b64": False},
)

# -- keys

EC, ENC = {**SIGNING.as_dict(private=False), "use": "sig"}, {**RSA.as_dict(private=False), "use": "enc"}
for name, what, keys in (
    ("keys-none", "The platform has no keys", []),
    ("keys-weak", "The key for envelopes is RSA with 1024 bits", [EC, {**WEAK, "use": "enc"}]),
    (
        "keys-broken",
        "The key for envelopes is none",
        [EC, {"kty": "RSA", "use": "enc", "kid": "k", "n": "!", "e": "?"}],
    ),
    ("keys-off-the-curve", "The signing key is no point of its curve", [{**EC, "y": EC["x"]}, ENC]),
    ("keys-rsa1_5", "The key for envelopes is for RSA1_5 alone (Bleichenbacher)", [EC, {**ENC, "alg": "RSA1_5"}]),
    ("keys-for-signatures", "The only RSA key is for signatures", [EC, {**ENC, "use": "sig"}]),
):
    lie(name, Group.JOSE, what, "cable_id.answer.keys", challenge, keys=keys)

# -- downgrade

for kind in ("Bearer", "N_A", "mac"):
    lie(
        f"token-{kind.lower()}",
        Group.DOWNGRADE,
        f"The token answer says token_type {kind}",
        "cable_id.answer.unprotected",
        token={"token_type": kind},
    )
lie(
    "discovery-without-dpop",
    Group.DOWNGRADE,
    "The metadata offer no proof of possession that the box knows",
    "cable_id.answer.unprotected",
    challenge,
    metadata={"dpop_signing_alg_values_supported": ["none", "HS256"]},
)
lie(
    "discovery-without-level",
    Group.DOWNGRADE,
    "The metadata offer no sign-in with a PIN",
    "cable_id.answer.invalid",
    challenge,
    metadata={"acr_values_supported": ["present"]},
)
for name, endpoint, address in (
    ("token-endpoint-http", "token_endpoint", "http://platform.example/token"),
    ("jwks-http", "jwks_uri", "http://platform.example/keys"),
    ("link-endpoint-http", "link_endpoint", "http://192.0.2.1/link"),
    ("endpoint-file", "card_nonce_endpoint", "file:///etc/passwd"),
    ("endpoint-script", "confirmation_endpoint", "javascript:alert(1)"),
    ("endpoint-userinfo", "token_endpoint", "https://platform.example@evil.example/token"),
):
    lie(
        name,
        Group.DOWNGRADE,
        f"The metadata's {endpoint} is {address}",
        "cable_id.address.unsafe",
        challenge,
        metadata={endpoint: address},
    )

# -- redirects


def _elsewhere(status: int) -> Reply:
    return lambda: web.Response(status=status, headers={"Location": "https://evil.example/"})


for status in (301, 302, 303, 307, 308):
    lie(
        f"nonce-{status}",
        Group.MIX_UP,
        f"The nonce endpoint redirects ({status})",
        "cable_id.answer.redirected",
        challenge,
        reply=_elsewhere(status),
    )
lie(
    "token-307",
    Group.MIX_UP,
    "The token endpoint sends what the card signed elsewhere (307): it is not sent there",
    "cable_id.answer.redirected",
    token_reply=_elsewhere(307),
)

# -- resources and nonsense

INVALID = "cable_id.answer.invalid"
HUGE = answer(nonce="x" * 44, expires_in=9, more="x" * transport.MAX_BYTES)


def _deep() -> web.Response:
    """Answer what a careless parser recurses into."""
    return web.Response(body=b"[" * 10_000, content_type="application/json")


def _strange() -> web.Response:
    """Answer that the client is not known."""
    return web.json_response({"error": "invalid_client"}, status=401)


for name, what, code, reply in (
    ("answer-huge", "An answer of more than a megabyte", "cable_id.answer.too_long", HUGE),
    ("answer-deep", "JSON ten thousand deep", INVALID, _deep),
    ("answer-html", "A hotel's welcome page instead of an answer", INVALID, lambda: web.Response(text="<html>welcome", content_type="text/html")),
    ("answer-nonce-short", "A card nonce that can be guessed", INVALID, answer(nonce="short", expires_in=120)),
    ("answer-nonce-number", "A card nonce of another type", INVALID, answer(nonce=1, expires_in=120)),
    ("answer-nonce-over", "A card nonce that has run out", INVALID, answer(nonce="x" * 44, expires_in=-1)),
    ("answer-unknown-error", "A refusal by a name that nobody knows", INVALID, lambda: web.json_response({"error": "no such word"}, status=400)),
    ("answer-502", "A gateway's error page", "cable_id.platform.busy", lambda: web.Response(status=502, text="bad gateway")),
    ("answer-client", "The platform does not know the box", "cable_id.client.unknown", _strange),
):  # fmt: skip
    lie(name, Group.RESOURCES, what, code, challenge, reply=reply)
lie(
    "answer-never-enough-nonces",
    Group.RESOURCES,
    "A platform that asks for another DPoP nonce each time",
    "cable_id.proof.refused",
    challenge,
    asks_nonce=50,
)
for name, body in (
    ("token-without-id-token", {"id_token": None}), ("token-empty", {"access_token": ""}), ("token-missing", {"access_token": None}),
    ("token-over", {"expires_in": 0}), ("token-without-type", {"token_type": None}),
):  # fmt: skip
    code = "cable_id.answer.signature" if name == "token-without-id-token" else INVALID
    lie(name, Group.RESOURCES, f"Half a token answer: {json.dumps(body)}", code, token=body)


async def _drops() -> AsyncIterator[bytes]:
    yield b"["
    while True:
        await asyncio.sleep(0.05)
        yield b" "


lie(
    "answer-endless",
    Group.RESOURCES,
    "An answer that comes byte by byte and never ends",
    "cable_id.platform.unreachable",
    challenge,
    patience=0.5,
    reply=lambda: web.Response(body=_drops(), content_type="application/json"),
)


# -- a phone


async def _phone(client: PlatformClient) -> object:
    return await PhoneSignIn(client.asker).begin()


BEGUN = {
    "device_code": "d" * 43, "user_code": "BCDF-GHJK", "verification_uri": "https://p.example/device", "expires_in": 300, "interval": 5,
    "match_number": "42",
}  # fmt: skip


def phone(name: str, group: Group, what: str, code: str, **lies: Any) -> None:
    """Enter a lie about a phone's sign-in."""

    async def attack(scene: Scene) -> Refusal | None:
        async with scene.liar() as (liar, client):
            liar.metadata = {"device_authorization_endpoint": liar.issuer + "/anything"}
            liar.reply = answer(**BEGUN)
            await _phone(client)
            liar.reply = answer(**{**BEGUN, **lies})
            return await told(_phone(client))

    enter(Negative(name, group, what, Who.BOX, code, attack=attack))


phone(
    "phone-http",
    Group.DOWNGRADE,
    "The phone is to go to a page over plain HTTP",
    "cable_id.address.unsafe",
    verification_uri="http://p.example/",
)
phone(
    "phone-script",
    Group.MIX_UP,
    "The QR code holds a script",
    "cable_id.address.unsafe",
    verification_uri_complete="javascript:alert(1)",
)
phone("phone-without-number", Group.RIGHTS, "No number to match on both screens (RFC 10027)", INVALID, match_number="")
phone("phone-hot-loop", Group.RESOURCES, "The box is to ask without a pause", INVALID, interval=0)


# -- a hand-off


def handoff(name: str, group: Group, what: str, code: str, **lies: Any) -> None:
    """Enter a lie about a hand-off: no code is shown."""

    async def attack(scene: Scene) -> Refusal | None:
        async with scene.liar() as (liar, client):
            liar.metadata = {"handoff_endpoint": liar.issuer + "/anything"}
            begun = {"id": "a" * 22, "page": "https://p.example/write", "expires_in": 300, "interval": 2}
            ours = Handoff(client.asker, random=os.urandom, sleep=asyncio.sleep)
            liar.reply = lambda: web.json_response(begun, status=201)
            assert (await ours.begin("q", 40)).url.startswith("https://p.example/write#" + "a" * 22 + ".")
            liar.reply = lambda: web.json_response({**begun, **lies}, status=201)
            return await told(ours.begin("q", 40))

    enter(Negative(name, group, what, Who.BOX, code, attack=attack))


handoff(
    "hand-off-http",
    Group.DOWNGRADE,
    "A hand-off's page over plain HTTP",
    errors.UnsafeAddress.code,
    page="http://other.example/write",
)
handoff(
    "hand-off-script",
    Group.MIX_UP,
    "A hand-off's page is a script",
    errors.UnsafeAddress.code,
    page="javascript:alert(1)",
)
handoff(
    "hand-off-fragment",
    Group.MIX_UP,
    "A hand-off's page has a fragment, where the key goes",
    INVALID,
    page="https://p.example/w#already",
)
handoff(
    "hand-off-long-page",
    Group.RESOURCES,
    "A hand-off's address is too long for a QR code",
    INVALID,
    page="https://p.example/" + "w" * 200,
)
handoff("hand-off-homograph", Group.MIX_UP, "A hand-off's address is not ASCII", INVALID, page="https://p.example/書く")
handoff("hand-off-short-id", Group.RESOURCES, "A hand-off's id can be guessed", INVALID, id="short")
handoff(
    "hand-off-path",
    Group.MIX_UP,
    "A hand-off's id is a path to somewhere else",
    INVALID,
    id="../../register/" + "a" * 22,
)
handoff("hand-off-long-life", Group.TIME, "A hand-off that lives longer than five minutes", INVALID, expires_in=301)
handoff(
    "hand-off-hot-loop", Group.RESOURCES, "A hand-off that is to be asked about without a pause", INVALID, interval=0
)
handoff("hand-off-never", Group.RESOURCES, "A hand-off that is to be asked about once in hours", INVALID, interval=9999)
