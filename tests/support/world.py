"""The world for tests: the four simulators as processes, and a box's side of the wire written from its page alone."""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwe, jws
from joserfc.jwk import ECKey, RSAKey

from simulators.authority import Identity
from simulators.world import World
from tests.support.described import Described

CARD_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105
CLIENT = "living-room-box"


@asynccontextmanager
async def running_world(authority: Path, **options: Any) -> AsyncIterator[World]:
    """Run a world on free ports with the authority of a folder, its state in a temporary folder unless given."""
    async with World(authority=authority, **options) as world:
        yield world


def single_attempts() -> aiohttp.ClientSession:
    """Make an HTTP client that sends once: by itself, aiohttp repeats a lost GET or PUT with the same proof."""
    http = aiohttp.ClientSession()
    http._retry_connection = False  # the only switch that there is (aiohttp 3.14)
    return http


@dataclass(frozen=True)
class Reply:
    """An answer: status, headers, and the body read as JSON, None when it is not JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any


def b64url(data: bytes) -> str:
    """Encode as base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unverified(token: str) -> dict[str, Any]:
    """Read the claims of a JWT without checking anything."""
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


@dataclass
class Box:
    """A box with a device key of its own. Every message can be bent before it is signed, to see it refused."""

    http: aiohttp.ClientSession
    platform: str
    now: Callable[[], float] = time.time
    key: ECKey = field(default_factory=lambda: ECKey.import_key(ec.generate_private_key(ec.SECP256R1())))
    nonces: dict[str, str] = field(default_factory=dict)
    sent: int = 0
    described: Described | None = None
    """What answers are held against, and requests that succeed."""

    @property
    def jkt(self) -> str:
        """The thumbprint of the device key."""
        return self.key.thumbprint()

    def proof(self, method: str, url: str, token: str | None = None, **bent: Any) -> str:
        """Make a DPoP proof; `bent` replaces claims, None leaves one out."""
        parts = urlsplit(url)
        claims: dict[str, Any] = {
            "jti": secrets.token_urlsafe(12),
            "htm": method,
            "htu": f"{parts.scheme}://{parts.netloc}{parts.path}",
            "iat": int(self.now()),
            "nonce": self.nonces.get(parts.netloc),
            "ath": b64url(hashlib.sha256(token.encode()).digest()) if token else None,
            **bent,
        }
        header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": self.key.as_dict(private=False)}
        text = json.dumps({k: v for k, v in claims.items() if v is not None})
        return jws.serialize_compact(header, text, self.key, algorithms=["ES256"])

    async def send(
        self, method: str, url: str, *, token: str | None = None, headers: Mapping[str, str] | None = None,
        repeat: bool = True, bent: Mapping[str, Any] | None = None, **how: Any,
    ) -> Reply:  # fmt: skip
        """Send a request with a proof, once more if the server asks for its nonce."""
        scheme = {"Authorization": f"DPoP {token}"} if token else {}
        all_headers = {**scheme, "DPoP": self.proof(method, url, token, **(bent or {})), **(headers or {})}
        self.sent += 1
        async with self.http.request(method, url, headers=all_headers, **how) as answer:
            if "DPoP-Nonce" in answer.headers:
                self.nonces[urlsplit(url).netloc] = answer.headers["DPoP-Nonce"]
            is_json = answer.content_type.endswith("json")
            reply = Reply(
                answer.status, answer.headers.copy(), await answer.json(content_type=None) if is_json else None
            )
        if self.described is not None and url.startswith(self.platform):
            self.described.check(method, url, reply.status, reply.body, how)
        asked = isinstance(reply.body, dict) and reply.body.get("error") == "use_dpop_nonce"
        if asked and repeat:
            return await self.send(method, url, token=token, headers=headers, repeat=False, bent=bent, **how)
        return reply

    async def card_nonce(self) -> str:
        """Ask for a nonce for the card to sign."""
        reply = await self.send("POST", f"{self.platform}/card-nonce", data={"client_id": CLIENT})
        assert reply.status == 200, reply
        nonce: str = reply.body["nonce"]
        return nonce

    async def assertion(
        self, card: Identity, nonce: str, *, header: Mapping[str, Any] | None = None, signer: Identity | None = None,
        **bent: Any,
    ) -> str:  # fmt: skip
        """Make what the card signs, in its envelope; `bent` replaces claims."""
        async with self.http.get(f"{self.platform}/jwks") as answer:
            keys = (await answer.json())["keys"]
        envelope = next(k for k in keys if k["use"] == "enc")
        claims = {
            "iss": CLIENT,
            "sub": b64url(hashlib.sha256(card.der).digest()),
            "aud": self.platform,
            "iat": int(self.now()),
            "exp": int(self.now()) + 120,
            "jti": secrets.token_urlsafe(12),
            "nonce": nonce,
            "cnf": {"jkt": self.jkt},
            **bent,
        }
        inner_header = {
            "alg": "RS256", "typ": "card-assertion+jwt", "x5c": [base64.b64encode(card.der).decode()], **(header or {}),
        }  # fmt: skip
        registry = jws.JWSRegistry(algorithms=["RS256"])
        registry.max_header_length = 8192
        key = RSAKey.import_key((signer or card).key)
        inner = jws.serialize_compact(inner_header, json.dumps(claims), key, registry=registry)
        outer_header = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "cty": "JWT", "kid": envelope["kid"]}
        public = RSAKey.import_key({k: envelope[k] for k in ("kty", "n", "e")})
        return jwe.encrypt_compact(outer_header, inner, public, algorithms=["RSA-OAEP-256", "A256GCM"])

    async def card_grant(self, assertion: str, *, client: str = CLIENT, **how: Any) -> Reply:
        """Show an assertion at the token endpoint."""
        form = {"grant_type": CARD_GRANT, "assertion": assertion, "client_id": client, "scope": "openid link services"}
        return await self.send("POST", f"{self.platform}/token", data=form, **how)

    async def sign_in(self, card: Identity) -> Reply:
        """Sign in with a card, from nonce to tokens."""
        return await self.card_grant(await self.assertion(card, await self.card_nonce()))

    async def token(self, card: Identity) -> str:
        """Sign in and give the access token."""
        reply = await self.sign_in(card)
        assert reply.status == 200, reply
        token: str = reply.body["access_token"]
        return token

    async def exchange(self, token: str, audience: str, **how: Any) -> Reply:
        """Exchange the platform's token for a service's."""
        form = {
            "grant_type": EXCHANGE, "subject_token": token, "subject_token_type": ACCESS_TOKEN,
            "audience": audience, "client_id": CLIENT,
        }  # fmt: skip
        return await self.send("POST", f"{self.platform}/token", data=form, **how)

    async def service_token(self, card: Identity, audience: str) -> str:
        """Sign in with a linked card and give a token for a service."""
        reply = await self.exchange(await self.token(card), audience)
        assert reply.status == 200, reply
        token: str = reply.body["access_token"]
        return token

    async def link(self, token: str, contract: str, key: str | None = None) -> Reply:
        """Link the person to a Cable ID."""
        headers = {"Idempotency-Key": key or secrets.token_urlsafe(12)}
        return await self.send(
            "POST", f"{self.platform}/link", token=token, headers=headers, json={"contract_number": contract}
        )

    async def act(self, path: str, token: str | None = None, *, key: str = "", **how: Any) -> Reply:
        """Do something with a link: POST with an idempotency key, of its own unless given."""
        headers = {"Idempotency-Key": key or secrets.token_urlsafe(12)}
        return await self.send("POST", f"{self.platform}/link/{path}", token=token, headers=headers, **how)
