"""Any OpenID provider, as its metadata describes it, and a client that it knows; nothing of our own profile is expected."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey
from joserfc.util import to_bytes
from yarl import URL

from stb_agent.cable_id.check.report import ClientFileInvalid
from stb_agent.cable_id.client_auth import ASSERTION_SECONDS, ASSERTION_TYPE, AuthMethod
from stb_agent.cable_id.dpop import Prover, Random, base64url
from stb_agent.cable_id.transport import BadReply, Reply, Transport
from stb_agent.contract.transmissions import Kind

SIGNING = ("ES256", "PS256", "RS256", "EdDSA", "Ed25519", "ES384", "ES512")
"""Algorithms of ID tokens that are looked at: asymmetric ones (RFC 7518, RFC 8037, RFC 9864)."""
LEEWAY = 120.0

Json = dict[str, Any]


class Client(msgspec.Struct, frozen=True):
    """A client as a provider registered it, with RFC 7591's names; ``jwks`` has its private keys. Members that are not ours to use are left alone.

    ``login_hint`` names somebody who can be asked (CIBA). Without ``token_endpoint_auth_method`` it is client_secret_basic (RFC 7591 §2).
    """

    client_id: str
    client_secret: str = ""
    token_endpoint_auth_method: AuthMethod = AuthMethod.BASIC
    token_endpoint_auth_signing_alg: str = "ES256"  # noqa: S105 # an algorithm
    jwks: dict[str, list[dict[str, Any]]] = {}
    redirect_uris: list[str] = []
    scope: str = "openid"
    login_hint: str = ""
    acr_values: str = ""

    @classmethod
    def read(cls, path: Path) -> Client:
        """Read a client's file (JSON). Raises ClientFileInvalid."""
        try:
            client = msgspec.json.decode(path.read_bytes(), type=cls)
            client.signing_key()
        except OSError as error:
            raise ClientFileInvalid(file=str(path), what=error.strerror or "unreadable") from None
        except (msgspec.MsgspecError, UnicodeDecodeError, JoseError, ValueError) as error:
            raise ClientFileInvalid(file=str(path), what=str(error)) from None
        return client

    @property
    def public(self) -> bool:
        """Tell whether it has nothing to prove itself with."""
        return self.token_endpoint_auth_method is AuthMethod.NONE

    def signing_key(self) -> ECKey | RSAKey | OKPKey | None:
        """Give the private key that signs assertions, if they are how it proves itself. Raises ValueError."""
        if self.token_endpoint_auth_method is not AuthMethod.PRIVATE_KEY_JWT:
            return None
        kinds: dict[str, type[ECKey | RSAKey | OKPKey]] = {"EC": ECKey, "RSA": RSAKey, "OKP": OKPKey}
        for jwk in self.jwks.get("keys", []):
            if (kind := kinds.get(str(jwk.get("kty")))) and jwk.get("use", "sig") == "sig":
                key = kind.import_key(dict(jwk))
                if key.is_private:
                    return key
        raise ValueError("jwks: no private signing key")


@dataclass
class Tokens:
    """What a token endpoint answered."""

    access_token: str = field(repr=False)
    token_type: str
    refresh_token: str = field(repr=False)
    id_token: str = field(repr=False)


class Refused(Exception):
    """An answer that is not the one hoped for: HTTP status and the error's name in the standard."""

    def __init__(self, reply: Reply) -> None:
        problem = reply.problem()
        self.name = (problem.error if problem else "") or reply.challenge().get("error", "")
        self.status = reply.status
        super().__init__(f"HTTP {reply.status} {self.name}".strip())


class Provider:
    """Speak to a provider as one of its clients; every method raises NoReply and UnsafeAddress."""

    def __init__(self, issuer: str, client: Client, transport: Transport, random: Random) -> None:
        self.issuer = issuer
        self.client = client
        self.transport = transport
        self.metadata: Json = {}
        self.random = random
        self.nonce_asked = False

    @property
    def prover(self) -> Prover:
        """Give what makes proofs."""
        return self.transport.prover

    def endpoint(self, name: str) -> str:
        """Give an endpoint's address, or ""."""
        found = self.metadata.get(f"{name}_endpoint", "")
        return found if isinstance(found, str) else ""

    def now(self, url: str) -> float:
        """Give the time by the clock of who is at ``url``."""
        return self.transport.server_time.now(URL(url))

    async def read(self, url: str) -> Json:
        """Read something public. Raises Refused, BadReply."""
        reply = await self.transport.get(URL(url), Kind.CHECK)
        if reply.status != 200:
            raise Refused(reply)
        return reply.json(Json)

    async def post(
        self,
        endpoint: str,
        form: Mapping[str, str],
        *,
        proof: bool = True,
        known: bool = True,
        prover: Prover | None = None,
    ) -> Reply:
        """Post a form; with a proof, as a client that proves itself (``known``), with the keys of ``prover`` if they are not ours."""
        url = URL(endpoint)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if known and self.client.token_endpoint_auth_method is AuthMethod.BASIC:
            pair = f"{quote(self.client.client_id, safe='')}:{quote(self.client.client_secret, safe='')}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        maker = prover or self.prover
        for again in (True, False):
            told = {**form, **(self._authentication() if known else {"client_id": self.client.client_id})}
            dpop = {"DPoP": maker.proof("POST", url)} if proof else {}
            reply = await self.transport.send(
                "POST", url, {**headers, **dpop}, urlencode(told).encode(), kind=Kind.CHECK
            )
            nonce = reply.headers.get("DPoP-Nonce")
            if nonce:
                maker.learn(url, nonce)
            if not (again and proof and nonce and Refused(reply).name == "use_dpop_nonce"):
                break
            self.nonce_asked = True
        return reply

    def _authentication(self) -> dict[str, str]:
        client = self.client
        match client.token_endpoint_auth_method:
            case AuthMethod.BASIC:
                return {}
            case AuthMethod.POST:
                return {"client_id": client.client_id, "client_secret": client.client_secret}
            case AuthMethod.PRIVATE_KEY_JWT:
                return {
                    "client_id": client.client_id,
                    "client_assertion_type": ASSERTION_TYPE,
                    "client_assertion": self._assertion(),
                }
            case AuthMethod.NONE:
                return {"client_id": client.client_id}

    def _assertion(self) -> str:
        key = self.client.signing_key()
        assert key is not None
        now = int(self.now(self.endpoint("token")))
        claims = {
            "iss": self.client.client_id, "sub": self.client.client_id, "aud": self.issuer, "iat": now,
            "exp": now + ASSERTION_SECONDS, "jti": base64url(self.random(16)),
        }  # fmt: skip
        alg = self.client.token_endpoint_auth_signing_alg
        header = {"alg": alg, "typ": "JWT", **({"kid": key.kid} if key.kid else {})}
        return jws.serialize_compact(header, msgspec.json.encode(claims), key, algorithms=[alg])

    async def token(self, form: Mapping[str, str]) -> Tokens:
        """Ask the token endpoint. Raises Refused, BadReply."""
        reply = await self.post(self.endpoint("token"), form)
        if reply.status != 200:
            raise Refused(reply)
        answer = reply.json(Json)
        found = {name: answer.get(name, "") for name in ("access_token", "token_type", "refresh_token", "id_token")}
        if not all(isinstance(value, str) for value in found.values()) or not found["access_token"]:
            raise BadReply
        return Tokens(**found)

    async def call(
        self, url: str, token: str, *, scheme: str = "DPoP", proof: str | None = None, method: str = "GET"
    ) -> Reply:
        """Use an access token at a resource; ``proof`` is the DPoP header, "" for none."""
        headers = {"Authorization": f"{scheme} {token}"}
        if proof != "":
            headers["DPoP"] = proof or self.prover.proof(method, URL(url), token)
        reply = await self.transport.send(method, URL(url), headers, None, kind=Kind.CHECK)
        if nonce := reply.headers.get("DPoP-Nonce"):
            self.prover.learn(URL(url), nonce)
            if proof is None and Refused(reply).name == "use_dpop_nonce":
                self.nonce_asked = True
                headers["DPoP"] = self.prover.proof(method, URL(url), token)
                reply = await self.transport.send(method, URL(url), headers, None, kind=Kind.CHECK)
        return reply

    def bent_proof(self, url: str, token: str, header: Mapping[str, str] | None = None, **claims: Any) -> str:
        """Make a proof of which something is not as it should be."""
        own = self.prover.claims("GET", URL(url), token)
        head = {"typ": "dpop+jwt", "jwk": self.prover.key.public_jwk, **(header or {})}
        return self.prover.key.sign(head, {**own, **claims})

    async def wrong_with(self, token: str, nonce: str | None) -> str:
        """Give what is wrong with an ID token for this client, or "". Raises Refused, BadReply."""
        keys = KeySet.import_key_set(
            {"keys": [jwk for jwk in (await self.read(self.metadata["jwks_uri"]))["keys"] if _ours(jwk)]}
        )
        offered = self.metadata.get("id_token_signing_alg_values_supported", [])
        try:
            signed = jws.deserialize_compact(to_bytes(token), keys, algorithms=[it for it in SIGNING if it in offered])
            claims = msgspec.json.decode(signed.payload or b"", type=Json)
        except (JoseError, msgspec.MsgspecError, ValueError) as error:
            return f"{type(error).__name__}: {error}"
        now, audience = self.now(self.issuer), claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if claims.get("iss") != self.issuer:
            return "iss"
        if self.client.client_id not in audiences or (
            len(audiences) > 1 and claims.get("azp") != self.client.client_id
        ):
            return "aud, azp"
        expires, issued = claims.get("exp"), claims.get("iat")
        if not isinstance(expires, int | float) or not expires > now - LEEWAY:
            return "exp"
        if not isinstance(issued, int | float) or not issued < now + LEEWAY:
            return "iat"
        if not isinstance(claims.get("sub"), str) or not 0 < len(claims["sub"]) <= 255:
            return "sub"
        if nonce is not None and claims.get("nonce") != nonce:
            return "nonce"
        return ""


def _ours(jwk: Json) -> bool:
    return jwk.get("kty") in ("EC", "RSA", "OKP") and jwk.get("use", "sig") == "sig"
