"""The common platform over HTTP: `docs/cable-id-profile.md` is its contract.

Besides the contract: `GET /_sim/ledger` → `{"ledger": [{"at", "category": system|jpki|platform, "unit", "count"}]}`;
`POST /_sim/rotate {"use": sig|enc, "keep": true}` changes a key; `POST /_sim/policy {"expires_in"?, "interval"?, "ocsp_age"?, "crl_age"?}` how
long requests wait, and how old news of certificates may be; `POST /_sim/levels` what services ask of a sign-in (`levels.py`);
`POST /_sim/faults` what goes wrong (`docs/simulators.md`);
`POST /_sim/clients` enters a client; `POST /_sim/software-statement {"operator"?, "claims"?}` signs as an operator; `POST /_sim/decide`
lets a person decide (`phone.py`) about what `GET /_sim/pending` tells. `POST /_sim/events` lets something happen that boxes are told of,
`GET /_sim/events` and `GET /_sim/ends` tell what they heard and said (`events/`, `logout.py`).
"""

import argparse
from collections.abc import Collection, Mapping, Sequence
from importlib.resources import files
from pathlib import Path

import msgspec
from aiohttp import web
from cryptography import x509

from simulators import web as shared
from simulators.admission import AT_ONCE, admission
from simulators.authority import Authority
from simulators.availability import availability
from simulators.database import open_database
from simulators.faults import Faults
from simulators.platform.card import Cards
from simulators.platform.clients import SCHEMA as CLIENTS
from simulators.platform.clients import Clients
from simulators.platform.events import SCHEMA as EVENTS
from simulators.platform.events import SCOPES as STREAM_SCOPES
from simulators.platform.events import Events, Script, Streams
from simulators.platform.front import Front
from simulators.platform.grants import SCOPES, Grant, Site, TokenEndpoint
from simulators.platform.handoff import SCHEMA as HANDOFF
from simulators.platform.handoff import Handoffs
from simulators.platform.keys import Keys, Randomness, Use, draws, load_keys
from simulators.platform.lesser import OMISSIBLE
from simulators.platform.levels import SCHEMA as LEVELS
from simulators.platform.levels import Levels
from simulators.platform.lies import Lie
from simulators.platform.life import SCHEMA as LIFE
from simulators.platform.life import Life, Records
from simulators.platform.logout import SCHEMA as LOGOUT
from simulators.platform.logout import Logout
from simulators.platform.operators import Method, Operators
from simulators.platform.pending import SCHEMA as PENDING
from simulators.platform.pending import Pending
from simulators.platform.phone import Desk
from simulators.platform.reset import SCHEMA as RESETS
from simulators.platform.reset import Resets
from simulators.platform.revocation import Revocation
from simulators.platform.seed import OPERATORS, Operator, operators_of
from simulators.platform.sessions import SCHEMA as SESSIONS
from simulators.platform.sessions import Sessions
from simulators.platform.store import ALL, NONCE_LIFE, Store
from simulators.platform.succession import Successions
from simulators.platform.support import SCHEMA as SUPPORT
from simulators.platform.support import Support
from simulators.platform.trust import Trust
from simulators.tokens import Place, Proofs, ServerNonces, give_nonce, proof_key
from simulators.validation.issuer import issuer_key
from simulators.web import Clock, Problem


def oauth_problem(problem: Problem) -> web.Response:
    """Write a problem as OAuth 2.0 does (RFC 6749, clause 5.2), with the profile's own members."""
    description = problem.detail or None
    body = shared.members({"error": problem.error, "error_description": description, **problem.more})
    headers = {"Cache-Control": "no-store", **problem.headers}
    return web.json_response(body, status=problem.status, headers=headers)


def discovery(issuer: str, without: Collection[str] = ()) -> dict[str, object]:
    """Describe the platform (OpenID Connect Discovery 1.0, clause 3), `without` some of what it could have."""
    whole: dict[str, object] = {
        "issuer": issuer,
        "jwks_uri": f"{issuer}/jwks",
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "registration_endpoint": f"{issuer}/register",
        "device_authorization_endpoint": f"{issuer}/device_authorization",
        "backchannel_authentication_endpoint": f"{issuer}/backchannel_authentication",
        "pushed_authorization_request_endpoint": f"{issuer}/par",
        "revocation_endpoint": f"{issuer}/revoke",
        "session_end_endpoint": f"{issuer}/session/end",
        "card_nonce_endpoint": f"{issuer}/card-nonce",
        "link_endpoint": f"{issuer}/link",
        "confirmation_endpoint": f"{issuer}/confirmations",
        "handoff_endpoint": f"{issuer}/handoff",
        "reset_endpoint": f"{issuer}/reset-notice",
        "grant_types_supported": [grant.value for grant in Grant],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "scopes_supported": [*SCOPES, *STREAM_SCOPES],
        "subject_types_supported": ["pairwise"],
        "acr_values_supported": ["present", "authenticated", "signature"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": [method.value for method in Method],
        "token_endpoint_auth_signing_alg_values_supported": ["ES256"],
        "dpop_signing_alg_values_supported": ["ES256"],
        "code_challenge_methods_supported": ["S256"],
        "require_pushed_authorization_requests": True,
        "authorization_response_iss_parameter_supported": True,
        "backchannel_token_delivery_modes_supported": ["poll"],
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }
    return {name: value for name, value in whole.items() if name not in without}


class _Rotation(msgspec.Struct, forbid_unknown_fields=True):
    use: Use
    keep: bool = True


class Platform:
    """The profile's own endpoints, and what the platform says of itself."""

    def __init__(
        self,
        issuer: str,
        keys: Keys,
        store: Store,
        front: Front,
        support: Support,
        faults: Faults,
        without: Collection[str],
    ) -> None:
        self._without = without
        self._issuer, self._keys, self._store, self._front, self._support = issuer, keys, store, front, support
        self._faults, self._last_nonce = faults, ""

    async def discovery(self, _: web.Request) -> web.Response:
        """Answer the discovery document."""
        return web.json_response(discovery(self._issuer, self._without))

    async def described(self, _: web.Request) -> web.Response:
        """Answer the description of the profile for machines (OpenAPI 3.1)."""
        text = files("simulators.platform").joinpath("openapi.json").read_text("utf-8")
        return web.Response(text=text, content_type="application/json")

    async def jwks(self, _: web.Request) -> web.Response:
        """Answer the public keys."""
        return web.json_response(self._keys.jwks())

    async def ledger(self, _: web.Request) -> web.Response:
        """Answer the cost ledger."""
        return web.json_response({"ledger": self._store.ledger()})

    async def card_nonce(self, request: web.Request) -> web.Response:
        """Give a nonce for the card to sign."""
        jkt = self._front.proofs.check(request, Place.TOKEN_ENDPOINT)
        form = {k: v for k, v in (await request.post()).items() if isinstance(v, str)}
        self._front.clients.of(form, jkt)
        if not (self._last_nonce and self._faults.due(Lie.NONCE)):
            self._last_nonce = self._store.new_nonce(jkt)
        body = {"nonce": self._last_nonce, "expires_in": NONCE_LIFE.seconds}
        return web.json_response(body, headers={"Cache-Control": "no-store"})

    async def support_check(self, request: web.Request) -> web.Response:
        """Answer a call centre (`docs/cable-id-profile.md`, Support code)."""
        return await self._support.check(request)


def build(
    validation: str,
    services: Mapping[str, str],
    given: Clock,
    *,
    seed: int | None = None,
    authority: Path | None = None,
    others: Sequence[x509.Certificate] = (),
    registered_only: bool = False,
    database: str | None = None,
    known: Sequence[Operator] = OPERATORS,
    at_once: int = AT_ONCE,
    without: Collection[str] = (),
) -> shared.Build:
    """Prepare the application.

    `services` gives the address of each service by its name. With the folder of a test authority, the holder of its card
    `linked` is linked from the start. Cards of that authority and of the `others` are let in.
    """

    def make(issuer: str, state: Path) -> web.Application:
        clock = shared.Adjustable(given)
        schema = ALL + SUPPORT + CLIENTS + SESSIONS + PENDING + HANDOFF + LEVELS + EVENTS + LOGOUT + LIFE + RESETS
        db = open_database(database or state / "platform.sqlite", schema)
        keys = load_keys(db, seed)
        randomness = Randomness(db, seed)
        store = Store(db, keys, randomness, clock, known)
        own = None if authority is None else Authority.open(authority, now=clock())
        if own is not None:
            serial = own.identity("linked").certificate.serial_number
            person = store.person(issuer_key(own.certificate), serial)
            store.link_once(person, "seed", known[0].contracts[0].number, charge=False)
        proofs = Proofs(db, clock, ServerNonces(keys.secret, clock))
        operators = Operators.open(db, known, issuer, clock, draws("operators", seed))
        clients = Clients(issuer, db, operators, store, proofs, randomness, clock, registered_only=registered_only)
        revocation = Revocation(validation, clock)
        trust = Trust.of(own.certificate if own else None, others)
        cards = Cards(issuer, trust, revocation, keys, store, clock)
        pending = Pending(db, randomness, clock)
        faults = Faults(Lie)
        sessions = Sessions(issuer, db, keys, store, randomness, faults, clock)
        front = Front(issuer, clients, pending, sessions, operators, store, proofs, clock)
        desk = Desk(issuer, pending, clients, cards, store, own, operators, clock)
        support = Support(db, keys, clock)
        platform = Platform(issuer, keys, store, front, support, faults, without)

        def linked_at_box(request: web.Request, contract: str) -> None:
            support.saw(proof_key(request), contract)

        site = Site(issuer, {address: name for name, address in services.items()})
        events = Events(issuer, db, keys, sessions, store, randomness, clock)
        streams = Streams(issuer, events, db, clients, proofs, randomness, clock)
        logout = Logout(issuer, site.services, db, keys, clients, sessions, store, proofs, randomness, clock)
        levels = Levels(services, db, clock)
        records = Records(db, store, randomness, clock)
        life = Life(records, sessions, front, clients, proofs, events, operators, linked_at_box)
        tokens = TokenEndpoint(
            site,
            keys,
            store,
            proofs,
            clients,
            cards,
            pending,
            sessions,
            operators,
            levels,
            Successions(validation),
            streams,
            logout,
            life,
            randomness,
            clock,
        )

        async def rotate(request: web.Request) -> web.Response:
            order = await shared.json_body(request, _Rotation)
            keys.rotate(db, order.use, keep=order.keep)
            return web.Response(status=204)

        app = shared.application(oauth_problem, clock, faults)
        app.middlewares.extend((admission(at_once), availability))
        shared.close_with(app, db)
        app.on_cleanup.append(lambda _: revocation.close())
        app.on_response_prepare.append(give_nonce)
        app.cleanup_ctx.append(logout.running)

        def removed(client_id: str) -> None:
            sessions.end_of_client(client_id)
            events.end_of_client(client_id)

        clients.removed = removed
        routes = [
            web.get("/.well-known/openid-configuration", platform.discovery),
            web.get("/jwks", platform.jwks),
            web.get("/openapi.json", platform.described),
            web.post("/card-nonce", platform.card_nonce),
            web.post("/token", tokens.answer),
            *life.routes(),
            web.post("/register", clients.register),
            web.get("/register/{client}", clients.show),
            web.put("/register/{client}", clients.change),
            web.delete("/register/{client}", clients.remove),
            web.post("/device_authorization", front.device),
            web.get("/device", desk.device_page),
            web.post("/device", desk.device_decision),
            web.post("/backchannel_authentication", front.ciba),
            web.get("/confirmations", front.confirmations),
            web.post("/confirmations/{id}", front.confirm),
            web.post("/par", front.push),
            web.get("/authorize", desk.authorize_page),
            web.post("/authorize", desk.authorize_decision),
            web.get("/userinfo", front.userinfo),
            web.post("/userinfo", front.userinfo),
            web.post("/revoke", front.revoke),
            *Resets(issuer, db, sessions, clock).routes(),
            *Handoffs(issuer, db, clients, proofs, randomness, clock).routes(),
            *streams.routes(),
            *Script(events, db, sessions).routes(),
            *logout.routes(),
            web.post("/support/check", platform.support_check),
            web.get("/_sim/ledger", platform.ledger),
            web.post("/_sim/rotate", rotate),
            web.post("/_sim/policy", front.policy),
            web.post("/_sim/levels", levels.order),
            web.post("/_sim/clients", clients.enter),
            web.post("/_sim/software-statement", operators.make),
            web.post("/_sim/decide", desk.decide),
            web.get("/_sim/pending", front.waiting),
        ]
        absent = {discovery("")[name] for name in without}
        app.add_routes(it for it in routes if it.path not in absent)
        return app

    return make


def service(text: str) -> tuple[str, str]:
    """Read `NAME=URL` (for argparse)."""
    name, equals, address = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"not NAME=URL: {text}")
    return name, shared.loopback_url(address)


def dsn(text: str) -> str:
    """Check the address of a database (for argparse); libpq's own forms, key words or a URI."""
    if not text.startswith(("postgresql://", "postgres://")):
        raise argparse.ArgumentTypeError("not a postgresql:// address")
    return text


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
    parser.add_argument(
        "--authority",
        type=Path,
        metavar="DIR",
        help="the test authority's folder: its cards are let in, and its card 'linked' is linked",
    )
    parser.add_argument("--seed", type=int, metavar="N", help="derive keys and nonces, so that runs can be compared")
    parser.add_argument("--registered-only", action="store_true", help="refuse boxes that have not registered")
    parser.add_argument(
        "--at-once",
        type=int,
        default=AT_ONCE,
        metavar="N",
        help=f"requests taken at once; more are told to come later ({AT_ONCE})",
    )
    parser.add_argument(
        "--database",
        metavar="DSN",
        type=dsn,
        help="keep state in PostgreSQL (postgresql://…) instead of SQLite in --state",
    )
    parser.add_argument(
        "--operators",
        metavar="FILE.toml",
        type=operators_of,
        default=OPERATORS,
        help="the operators with their contracts (docs/simulators.md)",
    )
    parser.add_argument(
        "--without",
        action="append",
        choices=OMISSIBLE,
        default=[],
        help="be a platform that has no such endpoint; may be repeated",
    )
    shared.add_trust(parser)
    arguments = parser.parse_args(argv)
    make = build(
        arguments.validation,
        dict(arguments.service),
        shared.clock_of(arguments),
        seed=arguments.seed,
        authority=arguments.authority,
        others=arguments.trust_ca,
        registered_only=arguments.registered_only,
        database=arguments.database,
        known=arguments.operators,
        at_once=arguments.at_once,
        without=arguments.without,
    )
    return shared.run("platform", arguments, make)
