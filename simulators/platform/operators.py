"""The cable operators that the platform knows, and the statements that they put into their boxes' images (RFC 7591, clause 2.3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import msgspec
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from simulators import web as shared
from simulators.database import Database
from simulators.platform.keys import Draw, curve_key, pkcs8
from simulators.platform.revocation import RevocationPolicy
from simulators.platform.seed import Operator
from simulators.tokens import registry, sign_es256
from simulators.web import Clock, Problem


class Method(Enum):
    """How a client authenticates (RFC 7591, clause 2)."""

    NONE = "none"
    PRIVATE_KEY_JWT = "private_key_jwt"


class Statement(msgspec.Struct, omit_defaults=True):
    """The claims of a software statement."""

    iss: str
    software_id: str
    client_name: str
    sector_identifier_uri: str
    iat: int
    exp: int
    token_endpoint_auth_method: Method = Method.PRIVATE_KEY_JWT


class Order(msgspec.Struct, forbid_unknown_fields=True):
    """A statement to be made: whose, and which of its claims to bend."""

    operator: str = ""
    claims: dict[str, str | int] = {}


@dataclass(frozen=True)
class Operators:
    """What each operator signs with, and the check of what one signed."""

    known: Sequence[Operator]
    policies: Mapping[str, RevocationPolicy]
    keys: Mapping[str, ec.EllipticCurvePrivateKey]
    issuer: str
    clock: Clock

    @classmethod
    def open(cls, db: Database, known: Sequence[Operator], issuer: str, clock: Clock, draw: Draw) -> "Operators":
        """Load the operators' keys, or make them the first time."""
        keys: dict[str, ec.EllipticCurvePrivateKey] = {}
        for name in (operator.name for operator in known):
            row = db.execute("SELECT value FROM secrets WHERE name = ?", (f"operator {name}",)).fetchone()
            if row is None:
                keys[name] = curve_key(draw)
                with db:
                    db.execute("INSERT INTO secrets VALUES (?, ?)", (f"operator {name}", pkcs8(keys[name])))
                continue
            key = serialization.load_der_private_key(bytes(row["value"]), None)
            if not isinstance(key, ec.EllipticCurvePrivateKey):
                raise TypeError("an operator's key is not an EC key")
            keys[name] = key
        policies = {it.name: RevocationPolicy(it.ocsp_age, it.crl_age) for it in known}
        return cls(known, policies, keys, issuer, clock)

    def of(self, name: str | None) -> Operator:
        """Give an operator; the first one for a client that is none's."""
        return next((it for it in self.known if it.name == name), self.known[0])

    def policy(self, name: str | None) -> RevocationPolicy:
        """Give what an operator asks of news of certificates."""
        return self.policies[self.of(name).name]

    def name_of(self, issuer: str) -> str | None:
        """Give whose statement one is said to be."""
        return next((name for name in self.keys if _address(name) == issuer), None)

    def read(self, statement: str) -> Statement:
        """Check a statement. Raises Problem `invalid_software_statement` or `unapproved_software_statement`."""
        try:
            signed = jws.extract_compact(statement.encode(), registry=registry("ES256"))
            claims = msgspec.json.decode(signed.payload, type=Statement)
        except (JoseError, ValueError, TypeError) as error:
            raise Problem(400, "invalid_software_statement", str(error)) from None
        name = self.name_of(claims.iss)
        if name is None:
            raise Problem(400, "unapproved_software_statement", "not of an operator of this platform")
        public = ECKey.import_key(self.keys[name].public_key())
        if not jws.validate_compact(signed, public, registry=registry("ES256")):
            raise Problem(400, "invalid_software_statement", "signature")
        now = self.clock().timestamp()
        if not claims.iat - 60 <= now < claims.exp:
            raise Problem(400, "invalid_software_statement", "out of its time")
        if claims.token_endpoint_auth_method is not Method.PRIVATE_KEY_JWT:
            raise Problem(400, "unapproved_software_statement", "boxes use private_key_jwt")
        return claims

    async def make(self, request: web.Request) -> web.Response:
        """Sign a statement as an operator does (`POST /_sim/software-statement`)."""
        order = await shared.json_body(request, Order)
        name = order.operator or self.known[0].name
        if name not in self.keys:
            raise Problem(404, "operator_unknown")
        now, address = int(self.clock().timestamp()), _address(name)
        claims = msgspec.to_builtins(
            Statement(
                iss=address,
                software_id=f"chanoma-{name}",
                client_name="茶の間",
                sector_identifier_uri=f"{address}/clients.json",
                iat=now,
                exp=now + 5 * 365 * 86400,
            )
        )
        key = self.keys[name]
        text = sign_es256(key, ECKey.import_key(key.public_key()).thumbprint(), "JWT", {**claims, **order.claims})
        return web.json_response({"software_statement": text})


def _address(name: str) -> str:
    return f"https://{name}.example"
