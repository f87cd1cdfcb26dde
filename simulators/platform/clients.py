"""Who asks: boxes that registered with an operator's software statement (RFC 7591), and how each proves itself (RFC 7523)."""

import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

import msgspec
from aiohttp import web
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from simulators import web as shared
from simulators.database import Database, Row, spending
from simulators.platform.keys import Randomness
from simulators.platform.operators import Method, Operators
from simulators.platform.store import Store
from simulators.tokens import Place, Proofs, authorization, challenge, curve_key, registry, sha256_b64url
from simulators.web import Clock, Problem

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LONGEST = timedelta(seconds=120)
_SKEW = 60
_KEYS_MOST = 2
"""A key, and its successor while one takes the other's place."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS clients (
    client_id TEXT PRIMARY KEY, method TEXT NOT NULL, jwks TEXT NOT NULL, sector TEXT NOT NULL, jkt TEXT,
    software_id TEXT, operator TEXT, redirect_uris TEXT NOT NULL, access TEXT, UNIQUE (jkt, software_id)
);
"""


@dataclass(frozen=True)
class Client:
    """A client; `sector` is whom it shares pairwise subjects with, `jkt` the device key that alone may speak for it."""

    client_id: str
    sector: str
    method: Method = Method.NONE
    keys: Mapping[str, ECKey] = field(default_factory=dict)
    jkt: str | None = None
    redirect_uris: tuple[str, ...] = ()
    operator: str | None = None
    """Whose it is, by name; None when it is no operator's."""


class _KeySet(msgspec.Struct):
    keys: list[dict[str, str]]


class _Wanted(msgspec.Struct):
    """A registration request (RFC 7591, clause 3.1; RFC 7592, clause 2.2); what it does not name is the statement's."""

    jwks: _KeySet
    software_statement: str = ""
    client_id: str = ""


class _Known(msgspec.Struct, forbid_unknown_fields=True):
    """A client that the platform's people entered."""

    client_id: str
    token_endpoint_auth_method: Method = Method.PRIVATE_KEY_JWT
    jwks: _KeySet = msgspec.field(default_factory=lambda: _KeySet([]))
    redirect_uris: list[str] = []
    sector_identifier_uri: str = ""
    operator: str | None = None


class _Assertion(msgspec.Struct):
    iss: str
    sub: str
    aud: str | list[str]
    exp: float
    jti: str
    iat: float | None = None


def _keys(found: _KeySet) -> dict[str, ECKey]:
    keys: dict[str, ECKey] = {}
    for jwk in found.keys:
        try:
            key = curve_key(jwk)
        except (JoseError, ValueError, KeyError) as error:
            raise Problem(400, "invalid_client_metadata", f"jwks: {error}") from None
        kid = jwk.get("kid")
        if not kid or kid in keys:
            raise Problem(400, "invalid_client_metadata", "jwks: public P-256 keys, each with a kid of its own")
        keys[kid] = key
    return keys


class Clients:
    """The clients' desk: registers, shows and changes them, and tells which one asks."""

    def __init__(
        self, issuer: str, db: Database, operators: Operators, store: Store, proofs: Proofs,
        randomness: Randomness, clock: Clock, *, registered_only: bool,
    ) -> None:  # fmt: skip
        self._issuer, self._db, self._operators, self._store = issuer, db, operators, store
        self._proofs, self._random, self._clock, self._strict = proofs, randomness, clock, registered_only
        self.removed: Callable[[str], None] = lambda client_id: None
        """Called with each client that is forgotten."""

    # -- who asks

    def of(self, form: Mapping[str, str], jkt: str | None) -> Client:
        """Return the client that a request comes from, authenticated as it must be; `jkt` is the key of its proof, if any.

        Raises Problem `invalid_client`.
        """
        assertion = form.get("client_assertion", "")
        client_id = form.get("client_id") or _subject(assertion)
        if not client_id:
            raise Problem(400, "invalid_client", "client_id is needed")
        client = self.find(client_id)
        if client is None and (assertion or self._strict):
            raise Problem(401, "invalid_client", "no such client")
        if client is None:
            client = Client(client_id, client_id)
        if client.method is Method.PRIVATE_KEY_JWT:
            self._authenticate(client, form.get("client_assertion_type", ""), assertion)
        if client.jkt is not None and jkt is not None and not hmac.compare_digest(client.jkt, jkt):
            raise Problem(401, "invalid_client", "another device's key")
        return client

    def find(self, client_id: str) -> Client | None:
        """Return a client that is known."""
        row = self._db.execute("SELECT * FROM clients WHERE client_id = ?", (client_id,)).fetchone()
        return _client(row) if row else None

    def operator_at(self, jkt: str) -> str | None:
        """Return whose box has a device key, by name; None for one that has not registered."""
        row = self._db.execute("SELECT operator FROM clients WHERE jkt = ?", (jkt,)).fetchone()
        return row["operator"] if row else None

    def title_at(self, jkt: str) -> str:
        """Return what people call the operator of a box."""
        return self._operators.of(self.operator_at(jkt)).title

    def _authenticate(self, client: Client, kind: str, assertion: str) -> None:
        """Check RFC 7523, clause 3, with the issuer as the one audience (FAPI 2.0 Security Profile, clause 5.3.2.1)."""
        try:
            if kind != ASSERTION_TYPE:
                raise ValueError("client_assertion_type")
            signed = jws.extract_compact(assertion.encode(), registry=registry("ES256"))
            key = client.keys.get(str(signed.headers().get("kid")))
            if key is None or not jws.validate_compact(signed, key, registry=registry("ES256")):
                raise ValueError("signature")
            claims = msgspec.json.decode(signed.payload, type=_Assertion)
            now = self._clock().timestamp()
            if claims.iss != client.client_id or claims.sub != client.client_id:
                raise ValueError("iss and sub are the client_id")
            if claims.aud != self._issuer:
                raise ValueError("aud is the issuer")
            if not now - _SKEW < claims.exp <= now + _SKEW + _LONGEST.total_seconds():
                raise ValueError("exp")
            if claims.iat is not None and claims.iat > now + _SKEW:
                raise ValueError("iat")
        except (JoseError, ValueError, TypeError) as error:
            raise Problem(401, "invalid_client", str(error)) from None
        with spending():
            fresh = self._store.use_assertion(f"{client.client_id}|{claims.jti}", int(claims.exp) + _SKEW)
        if not fresh:
            raise Problem(401, "invalid_client", "jti was used before")

    # -- registration

    async def register(self, request: web.Request) -> web.Response:
        """Register a box: an operator's statement, the box's own keys, and a proof of its device key (RFC 7591)."""
        jkt = self._proofs.check(request, Place.TOKEN_ENDPOINT)
        wanted = await _wanted(request)
        if not wanted.software_statement:
            raise Problem(400, "invalid_software_statement", "a software statement is needed")
        statement = self._operators.read(wanted.software_statement)
        keys = _keys(wanted.jwks)
        if not 0 < len(keys) <= _KEYS_MOST:
            raise Problem(400, "invalid_client_metadata", "one key, or two while they change")
        access = self._random.text(32)
        before = self._db.execute(
            "SELECT client_id FROM clients WHERE jkt = ? AND software_id = ?", (jkt, statement.software_id)
        ).fetchone()
        client_id = str(before["client_id"]) if before else self._random.text()
        sector = urlsplit(statement.sector_identifier_uri).hostname or statement.iss
        with self._db:
            self._db.execute("DELETE FROM clients WHERE client_id = ?", (client_id,))
            self._db.execute(
                "INSERT INTO clients VALUES (?, ?, ?, ?, ?, ?, ?, '[]', ?)",
                (
                    client_id, Method.PRIVATE_KEY_JWT.value, msgspec.json.encode(wanted.jwks).decode(), sector, jkt,
                    statement.software_id, self._operators.name_of(statement.iss), sha256_b64url(access.encode()),
                ),
            )  # fmt: skip
        body = {**self._body(client_id), "registration_access_token": access}
        return web.json_response(body, status=201, headers={"Cache-Control": "no-store"})

    async def show(self, request: web.Request) -> web.Response:
        """Answer what is registered (RFC 7592, clause 2.1)."""
        return web.json_response(self._body(self._own(request)), headers={"Cache-Control": "no-store"})

    async def change(self, request: web.Request) -> web.Response:
        """Take other keys (RFC 7592, clause 2.2); the rest is the operator's."""
        client_id = self._own(request)
        wanted = await _wanted(request)
        if wanted.client_id != client_id:
            raise Problem(400, "invalid_client_metadata", "client_id is another's")
        if not 0 < len(_keys(wanted.jwks)) <= _KEYS_MOST:
            raise Problem(400, "invalid_client_metadata", "one key, or two while they change")
        with self._db:
            self._db.execute(
                "UPDATE clients SET jwks = ? WHERE client_id = ?",
                (msgspec.json.encode(wanted.jwks).decode(), client_id),
            )
        return web.json_response(self._body(client_id), headers={"Cache-Control": "no-store"})

    async def remove(self, request: web.Request) -> web.Response:
        """Forget a box, and what was given to it (RFC 7592, clause 2.3)."""
        client_id = self._own(request)
        self.removed(client_id)
        with self._db:
            self._db.execute("DELETE FROM clients WHERE client_id = ?", (client_id,))
        return web.Response(status=204, headers={"Cache-Control": "no-store"})

    async def enter(self, request: web.Request) -> web.Response:
        """Take a client that the platform's people agreed on (`POST /_sim/clients`)."""
        known = await shared.json_body(request, _Known)
        _keys(known.jwks)
        sector = urlsplit(known.sector_identifier_uri).hostname or known.client_id
        with self._db:
            self._db.execute("DELETE FROM clients WHERE client_id = ?", (known.client_id,))
            self._db.execute(
                "INSERT INTO clients VALUES (?, ?, ?, ?, NULL, NULL, ?, ?, NULL)",
                (
                    known.client_id, known.token_endpoint_auth_method.value, msgspec.json.encode(known.jwks).decode(),
                    sector, known.operator, json.dumps(known.redirect_uris),
                ),
            )  # fmt: skip
        return web.json_response({"client_id": known.client_id}, status=201)

    def _own(self, request: web.Request) -> str:
        """Return the client that a registration access token belongs to; the token is bound to the box's device key."""
        token = authorization(request)
        row = self._db.execute(
            "SELECT client_id, jkt FROM clients WHERE access = ?", (sha256_b64url(token.encode()),)
        ).fetchone()
        if row is None or row["client_id"] != request.match_info["client"]:
            raise Problem(401, "invalid_token", "registration", headers=challenge("invalid_token"))
        if self._proofs.check(request, Place.RESOURCE, token) != row["jkt"]:
            raise Problem(401, "invalid_token", "bound to another key", headers=challenge("invalid_token"))
        return str(row["client_id"])

    def _body(self, client_id: str) -> dict[str, object]:
        row = self._db.execute("SELECT * FROM clients WHERE client_id = ?", (client_id,)).fetchone()
        return {
            "client_id": client_id,
            "token_endpoint_auth_method": row["method"],
            "jwks": json.loads(row["jwks"]),
            "software_id": row["software_id"],
            "dpop_bound_access_tokens": True,
            "subject_type": "pairwise",
            "registration_client_uri": f"{self._issuer}/register/{client_id}",
        }


def _client(row: Row) -> Client:
    return Client(
        row["client_id"], row["sector"], Method(row["method"]),
        _keys(msgspec.json.decode(row["jwks"], type=_KeySet)), row["jkt"], tuple(json.loads(row["redirect_uris"])), row["operator"],
    )  # fmt: skip


def _subject(assertion: str) -> str:
    """Read whom an assertion is said to be from, before it is checked (RFC 7521, clause 4.2: client_id may be left out)."""
    try:
        payload = jws.extract_compact(assertion.encode(), registry=registry("ES256")).payload
        return msgspec.json.decode(payload, type=_Assertion).sub
    except (JoseError, ValueError, TypeError):
        return ""


async def _wanted(request: web.Request) -> _Wanted:
    try:
        return msgspec.json.decode(await request.read(), type=_Wanted)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(400, "invalid_client_metadata", str(error)) from None
