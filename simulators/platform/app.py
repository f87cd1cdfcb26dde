"""The common platform over HTTP: `docs/cable-id-profile.md` is its contract.

Besides the contract: `GET /_sim/ledger` → `{"ledger": [{"at", "category": system|jpki|platform, "unit", "count"}]}`.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path

import msgspec
from aiohttp import web

from simulators import web as shared
from simulators.authority import Authority
from simulators.platform.grants import Grant, Site, TokenEndpoint
from simulators.platform.keys import Keys, Randomness, load_keys
from simulators.platform.seed import CONTRACT_NUMBER
from simulators.platform.store import ALL, NONCE_LIFE, Store
from simulators.platform.support import SCHEMA as SUPPORT
from simulators.platform.support import Support
from simulators.tokens import (
    Place,
    Proofs,
    ServerNonces,
    authorization,
    challenge,
    give_nonce,
    proof_key,
    read_access_token,
)
from simulators.validation.issuer import issuer_key
from simulators.web import Clock, Problem


def oauth_problem(problem: Problem) -> web.Response:
    """Write a problem as OAuth 2.0 does (RFC 6749, clause 5.2), with the profile's own members."""
    description = problem.detail or None
    body = shared.members({"error": problem.error, "error_description": description, **problem.more})
    headers = {"Cache-Control": "no-store", **problem.headers}
    return web.json_response(body, status=problem.status, headers=headers)


def discovery(issuer: str) -> dict[str, object]:
    """Describe the platform (OpenID Connect Discovery 1.0, clause 3)."""
    return {
        "issuer": issuer,
        "jwks_uri": f"{issuer}/jwks",
        "token_endpoint": f"{issuer}/token",
        "card_nonce_endpoint": f"{issuer}/card-nonce",
        "link_endpoint": f"{issuer}/link",
        "grant_types_supported": [grant.value for grant in Grant],
        "response_types_supported": [],
        "scopes_supported": ["openid", "link", "services"],
        "subject_types_supported": ["pairwise"],
        "acr_values_supported": ["present", "authenticated", "signature"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "dpop_signing_alg_values_supported": ["ES256"],
    }


class LinkBody(msgspec.Struct):
    """The body of a request to link."""

    contract_number: str


class Platform:
    """The endpoints besides the token endpoint."""

    def __init__(self, issuer: str, keys: Keys, store: Store, proofs: Proofs, support: Support, clock: Clock) -> None:
        self._issuer, self._keys, self._store, self._proofs, self._clock = issuer, keys, store, proofs, clock
        self._support = support

    async def discovery(self, _: web.Request) -> web.Response:
        """Answer the discovery document."""
        return web.json_response(discovery(self._issuer))

    async def jwks(self, _: web.Request) -> web.Response:
        """Answer the public keys."""
        return web.json_response(self._keys.jwks())

    async def ledger(self, _: web.Request) -> web.Response:
        """Answer the cost ledger."""
        return web.json_response({"ledger": self._store.ledger()})

    async def card_nonce(self, request: web.Request) -> web.Response:
        """Give a nonce for the card to sign."""
        jkt = self._proofs.check(request, Place.TOKEN_ENDPOINT)
        if not (await request.post()).get("client_id"):
            raise Problem(400, "invalid_client", "client_id is needed")
        body = {"nonce": self._store.new_nonce(jkt), "expires_in": NONCE_LIFE.seconds}
        return web.json_response(body, headers={"Cache-Control": "no-store"})

    def _person(self, request: web.Request) -> str:
        token = authorization(request)
        try:
            claims = read_access_token(
                token, self._keys.verification, issuer=self._issuer, audience=self._issuer, clock=self._clock
            )
        except ValueError as error:
            raise Problem(401, "invalid_token", str(error), headers=challenge("invalid_token")) from None
        if self._proofs.check(request, Place.RESOURCE, token) != claims.cnf.jkt:
            raise Problem(401, "invalid_token", "bound to another key", headers=challenge("invalid_token"))
        if "link" not in claims.scope.split():
            how = challenge("insufficient_scope", scope="link")
            raise Problem(403, "insufficient_scope", headers=how)
        person = self._store.person_of(claims.sub)
        if person is None:
            raise Problem(401, "invalid_token", "nobody", headers=challenge("invalid_token"))
        return person

    async def show_link(self, request: web.Request) -> web.Response:
        """Answer whether the person is linked."""
        link = self._store.link_of(self._person(request))
        return web.json_response({"linked": link is not None, **(link.body() if link else {})})

    async def make_link(self, request: web.Request) -> web.Response:
        """Link the person to a Cable ID; the same idempotency key gives the same answer."""
        person = self._person(request)
        key = request.headers.get("Idempotency-Key", "")
        contract = (await shared.json_body(request, LinkBody)).contract_number
        if not 0 < len(key) <= 255:
            raise Problem(400, "invalid_request", "Idempotency-Key is needed")
        if not (len(contract) == 10 and contract.isascii() and contract.isdigit()):
            raise Problem(400, "invalid_request", "contract_number has 10 digits")
        answer = self._store.link_once(person, key, contract)
        if answer.status == 201:
            self._support.saw(proof_key(request), contract)
        return web.json_response(answer.body, status=answer.status, headers={"Cache-Control": "no-store"})


def build(
    validation: str,
    services: Mapping[str, str],
    given: Clock,
    *,
    seed: int | None = None,
    authority: Path | None = None,
) -> shared.Build:
    """Prepare the application.

    `services` gives the address of each service by its name. With the folder of a test authority, the holder of its card
    `linked` is linked from the start.
    """

    def make(issuer: str, state: Path) -> web.Application:
        clock = shared.Adjustable(given)
        db = shared.database(state, "platform", ALL + SUPPORT)
        keys = load_keys(db, seed)
        randomness = Randomness(db, seed)
        store = Store(db, keys, randomness, clock)
        if authority is not None:
            own = Authority.open(authority, now=clock())
            serial = own.identity("linked").certificate.serial_number
            person = store.person(issuer_key(own.certificate), serial)
            store.link_once(person, "seed", CONTRACT_NUMBER, charge=False)
        proofs = Proofs(db, clock, ServerNonces(keys.secret, clock))
        support = Support(db, keys, clock)
        platform = Platform(issuer, keys, store, proofs, support, clock)
        site = Site(issuer, validation, {address: name for name, address in services.items()})
        tokens = TokenEndpoint(site, keys, store, proofs, randomness, clock)
        app = shared.application(oauth_problem, clock)
        shared.close_with(app, db)
        app.on_response_prepare.append(give_nonce)
        app.router.add_get("/.well-known/openid-configuration", platform.discovery)
        app.router.add_get("/jwks", platform.jwks)
        app.router.add_post("/card-nonce", platform.card_nonce)
        app.router.add_post("/token", tokens.answer)
        app.router.add_get("/link", platform.show_link)
        app.router.add_post("/link", platform.make_link)
        app.router.add_post("/support/check", support.check)
        app.router.add_get("/_sim/ledger", platform.ledger)
        return app

    return make


def service(text: str) -> tuple[str, str]:
    """Read `NAME=URL` (for argparse)."""
    name, equals, address = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"not NAME=URL: {text}")
    return name, shared.loopback_url(address)


def main(argv: list[str]) -> int:
    """Run the common platform."""
    parser = shared.options("platform", "The cable operators' common platform.")
    parser.add_argument(
        "--validation", type=shared.loopback_url, required=True, metavar="URL", help="who is asked about cards"
    )
    parser.add_argument(
        "--service",
        type=service,
        action="append",
        default=[],
        metavar="NAME=URL",
        help="a service that tokens are given for",
    )
    parser.add_argument("--authority", type=Path, metavar="DIR", help="link the card 'linked' of this test authority")
    parser.add_argument("--seed", type=int, metavar="N", help="derive keys and nonces, so that runs can be compared")
    arguments = parser.parse_args(argv)
    make = build(
        arguments.validation,
        dict(arguments.service),
        shared.clock_of(arguments),
        seed=arguments.seed,
        authority=arguments.authority,
    )
    return shared.run("platform", arguments, make)
