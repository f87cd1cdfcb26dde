"""A provider that takes everything and checks nothing: the check names each demand that it fails."""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
import time
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from joserfc import jwt
from joserfc.jwk import ECKey

from stb_agent.cable_id.check.flows import Check
from stb_agent.cable_id.check.provider import Client, Provider
from stb_agent.cable_id.check.report import Flow, Report, Result
from stb_agent.cable_id.check.run import run
from stb_agent.cable_id.device_key import DeviceKey
from stb_agent.cable_id.dpop import Prover
from stb_agent.cable_id.transport import Transport

NO_SECRET: Any = {"token_endpoint_auth_method": "none"}
KEY = ECKey.generate_key("P-256", auto_kid=True)


class Careless:
    """Answers whatever it is asked with what was hoped for."""

    def __init__(self) -> None:
        self.issuer = ""
        self.metadata: dict[str, Any] = {}
        self.keys: list[dict[str, Any]] = [KEY.as_dict(private=False)]
        self.token: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        self.begun: dict[str, Any] = {}
        self.nonce = ""

    async def discovery(self, _: web.Request) -> web.Response:
        endpoints = {
            "device_authorization_endpoint": "device",
            "backchannel_authentication_endpoint": "ciba",
            "pushed_authorization_request_endpoint": "par",
            "authorization_endpoint": "authorize",
            "token_endpoint": "token",
            "userinfo_endpoint": "userinfo",
            "revocation_endpoint": "revoke",
            "jwks_uri": "keys",
        }
        body = {
            "issuer": self.issuer,
            "response_types_supported": ["code"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["none"],
            "dpop_signing_alg_values_supported": ["ES256"],
            "authorization_response_iss_parameter_supported": True,
            **{name: f"{self.issuer}/{path}" for name, path in endpoints.items()},
            **self.metadata,
        }
        return web.json_response({name: value for name, value in body.items() if value is not None})

    async def jwks(self, _: web.Request) -> web.Response:
        return web.json_response({"keys": self.keys})

    async def begin(self, request: web.Request) -> web.Response:
        self.nonce = str((await request.post()).get("nonce", ""))
        body = {
            "device_code": "d", "user_code": "u", "verification_uri": "https://x.example", "auth_req_id": "a",
            "request_uri": "urn:x", "expires_in": 60, "interval": 1, **self.begun,
        }  # fmt: skip
        status = 201 if request.path == "/par" else 200
        return web.json_response({name: value for name, value in body.items() if value is not None}, status=status)

    async def tokens(self, _: web.Request) -> web.Response:
        now = int(time.time())
        claims = {
            "iss": self.issuer, "sub": "s", "aud": "box", "iat": now, "exp": now + 60, "nonce": self.nonce, **self.claims,
        }  # fmt: skip
        body = {
            "access_token": "always-the-same",
            "refresh_token": "forever",
            "token_type": "DPoP",
            "expires_in": 60,
            "id_token": jwt.encode({"alg": "ES256", "kid": KEY.kid}, claims, KEY, algorithms=["ES256"]),
            **self.token,
        }
        return web.json_response(body)

    async def fine(self, _: web.Request) -> web.Response:
        return web.json_response({"sub": "s"})

    async def unwilling(self, _: web.Request) -> web.Response:
        return web.json_response({"error": "server_error"}, status=400)


class Nobody:
    """A person whose browser comes back with whatever ``came`` says."""

    def __init__(self) -> None:
        self.came: dict[str, str] = {}
        self.states: Mapping[str, list[str]] = {}

    def visit(self, uri: str, user_code: str, complete: str) -> None: ...

    def confirm(self, message: str) -> None: ...

    async def authorize(self, address: str, redirect_uri: str) -> Mapping[str, str]:
        assert parse_qs(urlsplit(address).query).keys() == {"client_id", "request_uri"}
        return self.came


@pytest_asyncio.fixture
async def careless() -> AsyncIterator[Careless]:
    provider = Careless()
    app = web.Application()
    app.router.add_get("/.well-known/openid-configuration", provider.discovery)
    app.router.add_get("/keys", provider.jwks)
    for path in ("/device", "/ciba", "/par"):
        app.router.add_post(path, provider.begin)
    app.router.add_post("/token", provider.tokens)
    app.router.add_get("/userinfo", provider.fine)
    app.router.add_post("/revoke", provider.unwilling)
    async with TestServer(app, host="127.0.0.1") as server:
        provider.issuer = str(server.make_url("")).rstrip("/")
        yield provider


async def failed(careless: Careless, *flows: Flow, client: Client | None = None, came: Any = None) -> dict[str, str]:
    client = client or Client("box", **NO_SECRET, redirect_uris=["http://127.0.0.1:1/"], login_hint="x")
    report = Report(lambda line: None)

    async def sleep(_: float) -> None: ...

    person = Nobody()
    person.came = came or {}
    async with aiohttp.ClientSession() as http:
        prover = Prover(DeviceKey(ec.generate_private_key(ec.SECP256R1())), clock=time.time, random=os.urandom)
        provider = Provider(careless.issuer, client, Transport(http, prover, clock=time.time), os.urandom)
        check = Check(provider, report, person, clock=time.time, sleep=sleep)
        await run(check, flows or list(Flow), None)
    return {line.step.code: line.detail for line in report.lines if line.result is Result.FAILED}


async def test_everything_that_it_does_not_look_at_is_named(careless: Careless) -> None:
    found = await failed(careless, Flow.DISCOVERY, Flow.DEVICE, Flow.CIBA, Flow.DPOP, Flow.REFRESH, Flow.LOGOUT)
    assert found.keys() == {
        "device_once", "ciba_hint", "ciba_once", "dpop_bearer", "dpop_absent", "dpop_key", "dpop_ath", "dpop_htu",
        "dpop_htm", "dpop_iat", "dpop_typ", "refresh_bound", "refresh_token", "revoke_unknown", "revoke",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("token", "claims", "step"),
    [
        ({"token_type": "Bearer"}, {}, "token_type"),
        ({"id_token": "a.b.c"}, {}, "id_token"),
        ({"id_token": ""}, {}, "id_token"),
        ({}, {"iss": "https://other.example"}, "id_token"),
        ({}, {"aud": "another"}, "id_token"),
        ({}, {"aud": ["box", "another"]}, "id_token"),
        ({}, {"exp": 1}, "id_token"),
        ({}, {"iat": 4102444800}, "id_token"),
        ({}, {"sub": ""}, "id_token"),
        ({"access_token": ""}, {}, "device_pending"),
    ],
)
async def test_tokens_that_are_not_what_they_should_be(
    careless: Careless, token: dict[str, Any], claims: dict[str, Any], step: str
) -> None:
    careless.token, careless.claims = token, claims
    assert step in await failed(careless, Flow.DEVICE)


async def test_a_bearer_token_is_not_used_any_further(careless: Careless) -> None:
    careless.token = {"token_type": "Bearer"}
    found = await failed(careless, Flow.DEVICE, Flow.DPOP)
    assert "token_type" in found
    assert not any(step.startswith("dpop") for step in found)


@pytest.mark.parametrize(
    ("metadata", "step"),
    [
        ({"issuer": "https://other.example"}, "issuer"),
        ({"jwks_uri": None}, "members"),
        ({"userinfo_endpoint": "http://other.example/"}, "addresses"),
        ({"token_endpoint_auth_methods_supported": ["private_key_jwt"]}, "authentication"),
        ({"dpop_signing_alg_values_supported": ["EdDSA"]}, "algorithms"),
    ],
)
async def test_metadata(careless: Careless, metadata: dict[str, Any], step: str) -> None:
    careless.metadata = metadata
    assert (await failed(careless, Flow.DISCOVERY)).keys() == {step}


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [KEY.as_dict(private=True)],
        [{**KEY.as_dict(private=False), "use": "enc"}],
        [KEY.as_dict(private=False), KEY.as_dict(private=False)],
        ["key"],
    ],
)
async def test_keys(careless: Careless, keys: list[Any]) -> None:
    careless.keys = keys
    assert (await failed(careless, Flow.DISCOVERY)).keys() == {"keys"}


@pytest.mark.parametrize(
    ("begun", "step"),
    [
        ({"device_code": None}, "device_response"),
        ({"expires_in": None}, "device_response"),
        ({"expires_in": "soon"}, "device_response"),
        ({"interval": -1}, "device_response"),
    ],
)
async def test_half_an_answer(careless: Careless, begun: dict[str, Any], step: str) -> None:
    careless.begun = begun
    assert (await failed(careless, Flow.DEVICE)).keys() == {step}


async def test_the_front_channel(careless: Careless) -> None:
    assert (await failed(careless, Flow.PAR, came={"code": "c", "state": "another"})).keys() == {
        "par_request_uri",
        "code_response",
    }
    assert (await failed(careless, Flow.PAR, came={"error": "access_denied"}))["code_response"] == "access_denied"


async def test_what_is_not_offered_is_a_failure_when_asked_for(careless: Careless) -> None:
    careless.metadata = {"device_authorization_endpoint": None}
    assert await failed(careless, Flow.DEVICE) == {"offered": "device_authorization_endpoint"}
    nobody = Client("box", **NO_SECRET)
    assert await failed(careless, Flow.CIBA, client=nobody) == {"offered": "login_hint"}


async def test_tls_by_an_authority_of_ones_own(careless: Careless, tmp_path: Path) -> None:
    authority, context = certified(tmp_path)
    app = web.Application()
    app.router.add_get("/.well-known/openid-configuration", careless.discovery)
    app.router.add_get("/keys", careless.jwks)
    (tmp_path / "client.json").write_text('{"client_id": "box", "token_endpoint_auth_method": "none"}')
    server = TestServer(app, scheme="https", host="127.0.0.1")
    await server.start_server(ssl=context)
    try:
        careless.issuer = str(server.make_url("")).rstrip("/")

        async def check(*options: str) -> int:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "stb_agent", "platform", "check", "--issuer", careless.issuer, "--client",
                str(tmp_path / "client.json"), "--flow", "discovery", *options,
                stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            return await process.wait()

        assert await check("--trust-ca", str(authority)) == 0
        assert await check() == 3, "nobody else vouches for it"
        assert await check("--trust-ca", str(tmp_path / "client.json")) == 2
        assert await check("--trust-ca", str(tmp_path / "nowhere.pem")) == 2
    finally:
        await server.close()


def certified(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Make a server's certificate for 127.0.0.1 that vouches for itself; gives its file and the server's end of TLS."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "provider of the test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    (folder / "ca.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    return folder / "ca.pem", context
