"""Access tokens and proofs of possession, as servers make and check them (RFC 9068, RFC 9449, RFC 9470)."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import timedelta
from enum import Enum

import aiohttp
import msgspec
from aiohttp import web
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from yarl import URL

from simulators.database import Database, spending
from simulators.web import AGENT, Clock, Problem

PROOF_AGE = timedelta(seconds=300)
"""How far a proof's `iat` may be from the server's clock, either way."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS dpop_proofs (jkt TEXT, jti TEXT, expires INTEGER, PRIMARY KEY (jkt, jti));
CREATE INDEX IF NOT EXISTS dpop_proofs_expires ON dpop_proofs (expires);
"""
_NONCE = web.RequestKey("nonce", str)
_HEADER_SIZE = 8192  # the library's 512 bytes are too few for a header with a certificate in it


class Place(Enum):
    """Where a proof is shown: RFC 9449 answers a bad one with 400 at the token endpoint, with 401 at a resource."""

    TOKEN_ENDPOINT = 400
    RESOURCE = 401


def b64url(data: bytes) -> str:
    """Encode as base64url without padding (RFC 7515, clause 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def sha256_b64url(data: bytes) -> str:
    """Hash with SHA-256 and encode as base64url: `ath`, `x5t#S256`."""
    return b64url(hashlib.sha256(data).digest())


def sign_es256(key: ec.EllipticCurvePrivateKey, kid: str, typ: str, claims: Mapping[str, object]) -> str:
    """Sign a JWT with ES256, deterministically (RFC 6979), so that equal runs answer equal bytes."""
    header = {"alg": "ES256", "typ": typ, "kid": kid}
    text = f"{b64url(msgspec.json.encode(header))}.{b64url(msgspec.json.encode(claims))}"
    der = key.sign(text.encode("ascii"), ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    r, s = decode_dss_signature(der)
    return f"{text}.{b64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def curve_key(jwk: Mapping[str, str]) -> ECKey:
    """Read a public P-256 key. ValueError for any other, and for one whose coordinates are not written in the one way (RFC 7518, clause 6.2.1.2).

    OpenSSL takes a coordinate beyond the field for the one that it is congruent to: the same key would have two thumbprints.
    """
    key = ECKey.import_key(dict(jwk))
    if key.is_private or key.curve_name != "P-256":
        raise ValueError("not a public P-256 key")
    numbers = key.public_key.public_numbers()
    if [jwk["x"], jwk["y"]] != [b64url(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y)]:
        raise ValueError("coordinates")
    return key


def registry(*algorithms: str) -> jws.JWSRegistry:
    """Allow these algorithms, and a header that is large enough for a certificate."""
    allowed = jws.JWSRegistry(algorithms=list(algorithms))
    allowed.max_header_length = _HEADER_SIZE
    return allowed


def challenge(error: str | None = None, **parameters: str) -> dict[str, str]:
    """Write the WWW-Authenticate header of RFC 9449, clause 7.1."""
    parts = ({"error": error} if error else {}) | parameters | {"algs": "ES256"}
    return {"WWW-Authenticate": "DPoP " + ", ".join(f'{k}="{v}"' for k, v in parts.items())}


class ServerNonces:
    """Nonces for proofs, each good for one device key and five to ten minutes; nothing need be remembered."""

    def __init__(self, secret: bytes, clock: Clock) -> None:
        self._secret, self._clock = secret, clock

    def _window(self) -> int:
        return int(self._clock().timestamp()) // 300

    def _make(self, jkt: str, window: int) -> str:
        return b64url(hmac.digest(self._secret, f"{window}|{jkt}".encode(), "sha256"))

    def current(self, jkt: str) -> str:
        """Return the nonce that this key should use from now on."""
        return self._make(jkt, self._window())

    def accepts(self, jkt: str, nonce: str | None) -> bool:
        """Tell whether this key was given this nonce lately."""
        window = self._window()
        good = [self._make(jkt, window), self._make(jkt, window - 1)]
        return nonce is not None and any(hmac.compare_digest(nonce.encode(), g.encode()) for g in good)


class _ProofClaims(msgspec.Struct):
    jti: str
    htm: str
    htu: str
    iat: float
    ath: str | None = None
    nonce: str | None = None


class Proofs:
    """Check DPoP proofs; remembers each `jti` for as long as the proof could be shown again."""

    def __init__(self, db: Database, clock: Clock, nonces: ServerNonces | None) -> None:
        self._db, self._clock, self._nonces = db, clock, nonces

    def check(self, request: web.Request, place: Place, access_token: str | None = None) -> str:
        """Return the thumbprint (RFC 7638) of the key that the request's proof shows possession of.

        Raises Problem `invalid_dpop_proof` or `use_dpop_nonce`.
        """
        found = request.headers.getall("DPoP", [])
        if len(found) != 1:
            raise _refusal(place, "invalid_dpop_proof", "exactly one DPoP header is needed")
        try:
            proof = jws.extract_compact(found[0].encode(), registry=registry("ES256"))
            header = proof.headers()
            if header.get("typ") != "dpop+jwt" or not isinstance(header.get("jwk"), dict) or "crit" in header:
                raise _refusal(place, "invalid_dpop_proof", "typ, jwk or crit")
            key = curve_key(header["jwk"])
            if not jws.validate_compact(proof, key, registry=registry("ES256")):
                raise _refusal(place, "invalid_dpop_proof", "signature")
            claims = msgspec.json.decode(proof.payload, type=_ProofClaims)
        except (JoseError, ValueError, KeyError) as error:
            raise _refusal(place, "invalid_dpop_proof", str(error)) from None
        if claims.htm != request.method or _address(claims.htu) != _address(str(request.url)):
            raise _refusal(place, "invalid_dpop_proof", "htm or htu")
        now = self._clock().timestamp()
        if abs(now - claims.iat) > PROOF_AGE.total_seconds():
            raise _refusal(place, "invalid_dpop_proof", "iat")
        if access_token is not None and claims.ath != sha256_b64url(access_token.encode()):
            raise _refusal(place, "invalid_dpop_proof", "ath")
        jkt = key.thumbprint()
        if self._nonces is not None:
            request[_NONCE] = self._nonces.current(jkt)
            if not self._nonces.accepts(jkt, claims.nonce):
                raise _refusal(place, "use_dpop_nonce", "repeat with the DPoP-Nonce of this answer")
        self._remember(jkt, claims.jti, now, place)
        return jkt

    def _remember(self, jkt: str, jti: str, now: float, place: Place) -> None:
        with spending(), self._db:
            self._db.execute("DELETE FROM dpop_proofs WHERE expires < ?", (int(now),))
            # `iat` may lie ahead of the clock by as much as it may lie behind.
            row = (jkt, jti, int(now + 2 * PROOF_AGE.total_seconds()))
            done = self._db.execute("INSERT INTO dpop_proofs VALUES (?, ?, ?) ON CONFLICT DO NOTHING", row)
        if done.rowcount != 1:
            raise _refusal(place, "invalid_dpop_proof", "jti was used before")


def proof_key(request: web.Request) -> ECKey:
    """Return the public key of a proof that was checked."""
    return ECKey.import_key(
        jws.extract_compact(request.headers["DPoP"].encode(), registry=registry("ES256")).headers()["jwk"]
    )


async def give_nonce(request: web.Request, response: web.StreamResponse) -> None:
    """Send the newest server nonce along (for `on_response_prepare`)."""
    if _NONCE in request:
        response.headers["DPoP-Nonce"] = request[_NONCE]


def _refusal(place: Place, error: str, detail: str) -> Problem:
    headers = challenge(error) if place is Place.RESOURCE else {}
    return Problem(place.value, error, detail, headers=headers)


def _address(url: str) -> URL:
    return URL(url).with_query(None).with_fragment(None)


class Confirmation(msgspec.Struct):
    """The `cnf` claim of a bound token: the thumbprint of its key (RFC 9449, clause 6.1)."""

    jkt: str


class AccessClaims(msgspec.Struct, omit_defaults=True):
    """The claims of an access token (RFC 9068, clause 2.2); times in epoch seconds."""

    iss: str
    sub: str
    aud: str
    client_id: str
    iat: int
    exp: int
    jti: str
    auth_time: int
    acr: str
    cnf: Confirmation
    scope: str = ""
    sid: str = ""
    amr: list[str] = []


def read_access_token(token: str, key: ECKey, *, issuer: str, audience: str, clock: Clock) -> AccessClaims:
    """Check an access token's type, signature, issuer, audience and time; ValueError says what is wrong."""
    try:
        signed = jws.deserialize_compact(token.encode(), key, registry=registry("ES256"))
        claims = msgspec.json.decode(signed.payload, type=AccessClaims)
    except (JoseError, msgspec.DecodeError, UnicodeError) as error:
        raise ValueError(f"token: {error}") from None
    if str(signed.headers().get("typ")).lower() not in ("at+jwt", "application/at+jwt"):
        raise ValueError("typ")
    if claims.iss != issuer:
        raise ValueError("issuer")
    if claims.aud != audience:
        raise ValueError("audience")
    if claims.exp <= clock().timestamp():
        raise ValueError("expired")
    return claims


def authorization(request: web.Request) -> str:
    """Take the DPoP-bound token from the Authorization header; a bearer token is refused (RFC 9449, clause 7.2)."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if not scheme:
        raise Problem(401, "invalid_token", "no access token", headers=challenge())
    if scheme.lower() != "dpop" or not token.strip():
        raise Problem(401, "invalid_token", "not a DPoP token", headers=challenge("invalid_token"))
    return token.strip()


class _JsonWebKeySet(msgspec.Struct):
    keys: list[dict[str, str]]


class PlatformKeys:
    """The platform's signing keys, fetched when an unknown `kid` comes by."""

    def __init__(self, platform: str) -> None:
        self._platform = platform
        self._keys: dict[str, ECKey] = {}

    async def find(self, kid: str) -> ECKey | None:
        """Return the key of that id, or None; Problem 503 when the platform cannot be asked."""
        if kid not in self._keys:
            try:
                timeout = aiohttp.ClientTimeout(total=5)
                who = {"User-Agent": AGENT}
                async with aiohttp.ClientSession(timeout=timeout, raise_for_status=True, headers=who) as http:
                    async with http.get(f"{self._platform}/.well-known/openid-configuration") as answer:
                        location: str = (await answer.json())["jwks_uri"]
                    async with http.get(location) as answer:
                        found = msgspec.json.decode(await answer.read(), type=_JsonWebKeySet)
            except (aiohttp.ClientError, TimeoutError, KeyError, ValueError):
                wait = {"Retry-After": "5"}
                raise Problem(503, "temporarily_unavailable", "platform keys", headers=wait) from None
            good = [k for k in found.keys if k.get("kty") == "EC" and k.get("use") == "sig"]
            self._keys = {k["kid"]: ECKey.import_key(dict(k)) for k in good}
        return self._keys.get(kid)
