"""A platform that lies: whatever it answers, nobody is signed in who should not be, and the box says so in time."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc import jwe, jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from stb_agent.cable_id import errors, transport
from stb_agent.cable_id.client import PlatformClient
from stb_agent.cable_id.client_auth import PublicClient
from stb_agent.cable_id.device_key import DeviceKey
from stb_agent.cable_id.dpop import Prover
from stb_agent.cable_id.handoff import Handoff
from stb_agent.cable_id.session import Session
from stb_agent.contract.levels import Revocation

RSA = RSAKey.generate_key(2048, auto_kid=True)
SIGNING = ECKey.generate_key("P-256", auto_kid=True)
STRANGER = ECKey.generate_key("P-256", auto_kid=True)
CERTIFICATE = b"a certificate that only the platform looks into"

Answer = dict[str, Any]

# The liar uses what joserfc warns of; the box must refuse it by itself.
pytestmark = pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")


class Platform:
    """Answers truthfully, but for what a test replaces."""

    def __init__(self) -> None:
        self.issuer = ""
        self.client_id = "box"
        self.metadata: Answer = {}
        self.keys: list[Answer] = [
            {**SIGNING.as_dict(private=False), "use": "sig"},
            {**RSA.as_dict(private=False), "use": "enc"},
        ]
        self.nonce = secrets.token_urlsafe(32)
        self.id_token: Answer = {}
        self.id_token_key: ECKey | OctKey = SIGNING
        self.id_token_header: Answer = {"alg": "ES256", "kid": SIGNING.kid}
        self.token: Answer = {}
        self.reply: Callable[[], web.Response] | None = None
        self.proofs: list[Answer] = []
        self.assertions: list[tuple[Answer, Answer, str]] = []
        self.asks_nonce = 0

    async def discovery(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "issuer": self.issuer,
                "jwks_uri": self.issuer + "/keys",
                "token_endpoint": self.issuer + "/token",
                "card_nonce_endpoint": self.issuer + "/nonce",
                "link_endpoint": self.issuer + "/link",
                "dpop_signing_alg_values_supported": ["ES256"],
                "acr_values_supported": ["present", "authenticated"],
                **self.metadata,
            }
        )

    async def jwks(self, _: web.Request) -> web.Response:
        return web.json_response({"keys": self.keys})

    async def card_nonce(self, request: web.Request) -> web.Response:
        proof = request.headers["DPoP"].split(".")[1]
        self.proofs.append(json.loads(base64.urlsafe_b64decode(proof + "==")))
        if self.asks_nonce:
            self.asks_nonce -= 1
            nonce = f"server-nonce-{self.asks_nonce}"
            return web.json_response({"error": "use_dpop_nonce"}, status=400, headers={"DPoP-Nonce": nonce})
        if self.reply:
            return self.reply()
        return web.json_response({"nonce": self.nonce, "expires_in": 120})

    async def token_endpoint(self, request: web.Request) -> web.Response:
        form = await request.post()
        envelope = jwe.decrypt_compact(str(form["assertion"]), RSA, algorithms=["RSA-OAEP-256", "A256GCM"])
        header, claims, signature = (envelope.plaintext or b"").decode().split(".")
        read = [json.loads(base64.urlsafe_b64decode(part + "==")) for part in (header, claims)]
        self.assertions.append((read[0], read[1], signature))
        now = int(time.time())
        statement = {
            "iss": self.issuer,
            "sub": "pairwise",
            "aud": self.client_id,
            "iat": now,
            "exp": now + 600,
            "auth_time": now,
            "acr": "authenticated",
            "nonce": self.nonce,
            "revocation": {"status": "good", "checked_at": now},
            **self.id_token,
        }
        statement = {name: value for name, value in statement.items() if value is not None}
        header_ = self.id_token_header
        id_token = jwt.encode(header_, statement, self.id_token_key, algorithms=["ES256", "HS256", "none"])
        answer = {
            "access_token": "opaque",
            "token_type": "DPoP",
            "expires_in": 600,
            "scope": "openid link",
            "id_token": id_token,
            **self.token,
        }
        return web.json_response({name: value for name, value in answer.items() if value is not None})


@pytest_asyncio.fixture
async def platform() -> AsyncIterator[Platform]:
    liar = Platform()
    app = web.Application()
    app.router.add_get("/.well-known/openid-configuration", liar.discovery)
    app.router.add_get("/keys", liar.jwks)
    app.router.add_post("/nonce", liar.card_nonce)
    app.router.add_post("/token", liar.token_endpoint)
    async with TestServer(app, host="127.0.0.1") as server:
        liar.issuer = str(server.make_url("")).rstrip("/")
        yield liar


@pytest_asyncio.fixture
async def client(platform: Platform, tmp_path: Path) -> AsyncIterator[PlatformClient]:
    async with aiohttp.ClientSession() as session:
        prover = Prover(DeviceKey.open(tmp_path / "key"), clock=time.time, random=os.urandom)
        yield PlatformClient(
            platform.issuer,
            PublicClient("box"),
            transport.Transport(session, prover, clock=time.time),
            random=os.urandom,
        )


async def sign_in(client: PlatformClient) -> Session:
    async def sign(data: bytes) -> bytes:
        return b"signature over " + data[-8:]

    return await client.sign_in(await client.challenge(), CERTIFICATE, sign)


async def test_the_truth_is_believed(platform: Platform, client: PlatformClient) -> None:
    session = await sign_in(client)
    assert session.subject == "pairwise"
    ((header, claims, _),) = platform.assertions
    assert header == {
        "alg": "RS256",
        "typ": "card-assertion+jwt",
        "x5c": [base64.b64encode(CERTIFICATE).decode()],
    }
    assert claims.keys() == {"iss", "sub", "aud", "iat", "exp", "jti", "nonce", "cnf"}
    assert (claims["iss"], claims["aud"], claims["nonce"]) == ("box", platform.issuer, platform.nonce)
    assert claims["exp"] - claims["iat"] <= 120


NOW = time.time()


@pytest.mark.parametrize(
    "lie",
    [
        {"iss": "https://other.example"},
        {"aud": "another-box"},
        {"aud": ["box", "another-box"]},
        {"aud": None},
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"acr": "present"},
        {"acr": None},
        {"exp": NOW - 3600},
        {"iat": NOW + 3600},
        {"auth_time": NOW + 3600},
        {"sub": ""},
        {"sub": None},
        {"revocation": None},
        {"revocation": {"status": "fine", "checked_at": NOW}},
        {"revocation": {"status": "good"}},
        {"revocation": {"status": "good", "checked_at": NOW + 3600}},
    ],
)
async def test_a_statement_that_is_not_of_this_sign_in(platform: Platform, client: PlatformClient, lie: Answer) -> None:
    platform.id_token = lie
    with pytest.raises(errors.AnswerInvalid):
        await sign_in(client)


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ({"status": "unknown"}, (Revocation.UNKNOWN, 0.0)),
        ({"status": "unknown", "checked_at": NOW - 7200}, (Revocation.UNKNOWN, NOW - 7200)),
        ({"status": "good", "checked_at": NOW - 7200}, (Revocation.GOOD, NOW - 7200)),
    ],
)
async def test_what_is_said_of_the_certificate_is_never_made_better(
    platform: Platform, client: PlatformClient, said: Answer, known: tuple[Revocation, float]
) -> None:
    platform.id_token = {"revocation": said}
    proof = (await sign_in(client)).proof
    assert (proof.revocation, proof.checked_at) == (known[0], pytest.approx(known[1], abs=60))


async def test_a_revoked_certificate_begins_no_session(platform: Platform, client: PlatformClient) -> None:
    platform.id_token = {"revocation": {"status": "revoked", "checked_at": NOW}}
    with pytest.raises(errors.CertificateRevoked):
        await sign_in(client)


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ({"alg": "ES256", "kid": SIGNING.kid}, STRANGER),
        ({"alg": "ES256", "kid": STRANGER.kid}, STRANGER),
        ({"alg": "ES256"}, SIGNING),
        ({"alg": "ES256", "kid": RSA.kid}, SIGNING),
        ({"alg": "none", "kid": SIGNING.kid}, SIGNING),
        # The public key taken for a secret (RFC 8725 §2.1).
        (
            {"alg": "HS256", "kid": SIGNING.kid},
            OctKey.import_key({"kty": "oct", "k": str(SIGNING.as_dict(private=False)["x"])}),
        ),
    ],
)
async def test_a_statement_that_the_platform_did_not_sign(
    platform: Platform, client: PlatformClient, header: Answer, key: ECKey | OctKey
) -> None:
    platform.id_token_header, platform.id_token_key = header, key
    with pytest.raises(errors.AnswerInvalid):
        await sign_in(client)


async def test_a_key_changed_between_challenge_and_answer_is_read_again(
    platform: Platform, client: PlatformClient
) -> None:
    challenge = await client.challenge()
    platform.keys = [{**STRANGER.as_dict(private=False), "use": "sig"}, *platform.keys]
    platform.id_token_header, platform.id_token_key = {"alg": "ES256", "kid": STRANGER.kid}, STRANGER

    async def sign(data: bytes) -> bytes:
        return b"signature"

    assert await client.sign_in(challenge, CERTIFICATE, sign)


@pytest.mark.parametrize("kind", ["Bearer", "bearer", "N_A"])
async def test_a_token_that_anybody_could_use_is_not_taken(
    platform: Platform, client: PlatformClient, kind: str
) -> None:
    platform.token = {"token_type": kind}
    with pytest.raises(errors.Unprotected):
        await sign_in(client)


@pytest.mark.parametrize(
    "answer",
    [{"id_token": None}, {"access_token": ""}, {"access_token": None}, {"expires_in": 0}, {"token_type": None}],
)
async def test_half_an_answer(platform: Platform, client: PlatformClient, answer: Answer) -> None:
    platform.token = answer
    with pytest.raises(errors.AnswerInvalid):
        await sign_in(client)


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ({"issuer": "https://other.example"}, errors.AnswerInvalid),
        ({"token_endpoint": "http://other.example/token"}, errors.UnsafeAddress),
        ({"card_nonce_endpoint": None}, errors.AnswerInvalid),
        ({"dpop_signing_alg_values_supported": ["EdDSA"]}, errors.AnswerInvalid),
        ({"acr_values_supported": ["present"]}, errors.AnswerInvalid),
    ],
)
async def test_metadata(
    platform: Platform, client: PlatformClient, metadata: Answer, error: type[errors.CableIdError]
) -> None:
    platform.metadata = metadata
    with pytest.raises(error):
        await client.challenge()


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [{"kty": "RSA", "use": "enc", "kid": "weak", "n": RSA.as_dict()["n"][:100], "e": "AQAB"}],
        [{"kty": "RSA", "use": "enc", "kid": "broken", "n": "!", "e": "?"}],
        [{**SIGNING.as_dict(private=False), "use": "sig", "y": SIGNING.as_dict(private=False)["x"]}],
        [{**RSA.as_dict(private=False), "use": "sig"}],
    ],
)
async def test_keys(platform: Platform, client: PlatformClient, keys: list[Answer]) -> None:
    platform.keys = keys
    with pytest.raises(errors.AnswerInvalid):
        await client.challenge()


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (lambda: web.Response(text="<html>welcome to our hotel", content_type="text/html"), errors.AnswerInvalid),
        (lambda: web.Response(status=302, headers={"Location": "https://evil.example/"}), errors.AnswerInvalid),
        (lambda: web.json_response({"nonce": "short", "expires_in": 120}), errors.AnswerInvalid),
        (lambda: web.json_response({"nonce": "x" * 44, "expires_in": -1}), errors.AnswerInvalid),
        (
            lambda: web.json_response({"nonce": "x" * 44, "expires_in": 9, "more": "x" * transport.MAX_BYTES}),
            errors.AnswerInvalid,
        ),
        (lambda: web.json_response({"nonce": 1, "expires_in": 120}), errors.AnswerInvalid),
        (lambda: web.json_response({"error": "invalid_client"}, status=401), errors.ClientRefused),
        (lambda: web.Response(status=502, text="bad gateway"), errors.PlatformBusy),
        (lambda: web.json_response({"error": "no such word"}, status=400), errors.AnswerInvalid),
    ],
)
async def test_answers_to_the_request_for_a_nonce(
    platform: Platform, client: PlatformClient, reply: Callable[[], web.Response], error: type[errors.CableIdError]
) -> None:
    platform.reply = reply
    with pytest.raises(error):
        await client.challenge()


async def test_the_servers_nonce_is_put_in_once_and_kept(platform: Platform, client: PlatformClient) -> None:
    platform.asks_nonce = 1
    await client.challenge()
    await client.challenge()
    assert [proof.get("nonce") for proof in platform.proofs] == [None, "server-nonce-0", "server-nonce-0"]
    assert len({proof["jti"] for proof in platform.proofs}) == 3


async def test_a_server_that_never_has_enough_nonces(platform: Platform, client: PlatformClient) -> None:
    platform.asks_nonce = 50
    with pytest.raises(errors.CableIdError):
        await client.challenge()
    assert len(platform.proofs) == 2


@pytest.mark.parametrize(
    ("lie", "error"),
    [
        ({"page": "http://other.example/write"}, errors.UnsafeAddress),
        ({"page": "javascript:alert(1)"}, errors.UnsafeAddress),
        ({"page": "https://p.example/write#already"}, errors.AnswerInvalid),
        ({"page": "https://p.example/" + "w" * 200}, errors.AnswerInvalid),
        ({"page": "https://p.example/書く"}, errors.AnswerInvalid),
        ({"id": "short"}, errors.AnswerInvalid),
        ({"id": "../../register/" + "a" * 22}, errors.AnswerInvalid),
        ({"expires_in": 301}, errors.AnswerInvalid),
        ({"interval": 0}, errors.AnswerInvalid),
        ({"interval": 9999}, errors.AnswerInvalid),
    ],
    ids=str,
)
async def test_a_hand_off_that_is_none_shows_no_code(
    platform: Platform, client: PlatformClient, lie: Answer, error: type[errors.CableIdError]
) -> None:
    handoff = Handoff(client.asker, random=os.urandom, sleep=asyncio.sleep)
    with pytest.raises(errors.HandoffNone):
        await handoff.begin("q", 40)
    client.asker.discovery.forget()
    platform.metadata = {"handoff_endpoint": platform.issuer + "/nonce"}
    begun = {"id": "a" * 22, "page": "https://p.example/write", "expires_in": 300, "interval": 2}
    platform.reply = lambda: web.json_response(begun, status=201)
    assert (await handoff.begin("q", 40)).url.startswith("https://p.example/write#" + "a" * 22 + ".")
    platform.reply = lambda: web.json_response({**begun, **lie}, status=201)
    with pytest.raises(error):
        await handoff.begin("q", 40)
