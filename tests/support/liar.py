"""A platform that can be told to lie, in one process with the test; it answers truthfully, but for what a test replaces."""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc import jwe, jws
from joserfc.jwk import ECKey, OctKey, RSAKey

from tests.support.world import b64url

RSA = RSAKey.generate_key(2048, auto_kid=True)
SIGNING = ECKey.generate_key("P-256", auto_kid=True)
STRANGER = ECKey.generate_key("P-256", auto_kid=True)
CERTIFICATE = b"a certificate that only the platform looks into"

Answer = dict[str, Any]


def signed(header: Answer, payload: bytes, key: ECKey | OctKey | RSAKey) -> str:
    """Sign as the header says, whatever else it says: joserfc would not say everything that a liar does."""
    plain = {name: header[name] for name in ("alg", "kid") if name in header}
    algorithms = ["ES256", "HS256", "RS256", "none"]
    if plain == header:
        return jws.serialize_compact(header, payload, key, algorithms=algorithms)
    text = f"{b64url(json.dumps(header).encode())}.{b64url(payload)}"
    assert isinstance(key, ECKey)
    r, s = decode_dss_signature(key.private_key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{text}.{b64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


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
        self.token_reply: Callable[[], web.Response] | None = None

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

    async def anything(self, _: web.Request) -> web.Response:
        assert self.reply is not None
        return self.reply()

    async def token_endpoint(self, request: web.Request) -> web.Response:
        if self.token_reply:
            return self.token_reply()
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
        id_token = signed(self.id_token_header, json.dumps(statement).encode(), self.id_token_key)
        answer = {
            "access_token": "opaque",
            "token_type": "DPoP",
            "expires_in": 600,
            "scope": "openid link",
            "id_token": id_token,
            **self.token,
        }
        return web.json_response({name: value for name, value in answer.items() if value is not None})


@asynccontextmanager
async def lying_platform() -> AsyncIterator[Platform]:
    """Serve one on loopback."""
    liar = Platform()
    app = web.Application()
    app.router.add_get("/.well-known/openid-configuration", liar.discovery)
    app.router.add_get("/keys", liar.jwks)
    app.router.add_post("/nonce", liar.card_nonce)
    app.router.add_post("/token", liar.token_endpoint)
    app.router.add_route("*", "/anything", liar.anything)
    async with TestServer(app, host="127.0.0.1") as server:
        liar.issuer = str(server.make_url("")).rstrip("/")
        yield liar
