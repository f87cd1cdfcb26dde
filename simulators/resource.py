"""A resource server (RFC 6750, RFC 9449, RFC 9470): what every service has, whatever it serves."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import msgspec
from aiohttp import web
from joserfc import jws
from joserfc.errors import JoseError

from simulators.backchannel import SCHEMA as ENDED
from simulators.backchannel import Ended
from simulators.database import Database
from simulators.tokens import SCHEMA as PROOFS
from simulators.tokens import (
    AccessClaims,
    Place,
    PlatformKeys,
    Proofs,
    ServerNonces,
    authorization,
    challenge,
    give_nonce,
    read_access_token,
    registry,
)
from simulators.web import (
    Adjustable,
    Build,
    Clock,
    Problem,
    Render,
    application,
    clock_of,
    close_with,
    database,
    json_body,
    loopback_url,
    options,
    run,
)


class _Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """A service's policy; with `times`, so many requests are challenged whatever their token says."""

    acr: str = "authenticated"
    max_age: int | None = None
    times: int = 0


class ResourceServer:
    """Check requests to a service: a token of the platform for this service, bound to the proof's key, sure and fresh enough (RFC 9470).

    `POST /_sim/levels {"acr"?, "max_age"?, "times"?}` (`order`) changes what is asked, or challenges the next requests.
    """

    def __init__(
        self,
        base: str,
        platform: str,
        db: Database,
        clock: Clock,
        max_age: timedelta,
        nonces: ServerNonces | None,
    ) -> None:
        self._base, self._platform, self._clock = base, platform, clock
        self._max_age = int(max_age.total_seconds())
        self._wanted = _Wanted(max_age=self._max_age)
        self.keys = PlatformKeys(platform)
        self._proofs = Proofs(db, clock, nonces)
        self.ended: Callable[[AccessClaims], bool] = lambda claims: False
        """Tells whether a token's session has ended."""

    async def subject(self, request: web.Request) -> str:
        """Return the person (the pairwise `sub`) on whose behalf the request is; Problem 401 otherwise."""
        token = authorization(request)
        try:
            kid = str(jws.extract_compact(token.encode(), registry=registry("ES256")).headers().get("kid"))
            key = await self.keys.find(kid)
            if key is None:
                raise ValueError("kid")
            claims = read_access_token(token, key, issuer=self._platform, audience=self._base, clock=self._clock)
            if self.ended(claims):
                raise ValueError("the session has ended")
        except (JoseError, ValueError) as error:
            raise Problem(401, "invalid_token", str(error), headers=challenge("invalid_token")) from None
        if self._proofs.check(request, Place.RESOURCE, token) != claims.cnf.jkt:
            raise Problem(401, "invalid_token", "bound to another key", headers=challenge("invalid_token"))
        wanted = self._wanted
        limit = self._max_age if wanted.max_age is None else wanted.max_age
        levels = ("present", "authenticated", "signature")
        unsure = claims.acr not in levels or levels.index(claims.acr) < levels.index(wanted.acr)
        if wanted.times > 0 or unsure or self._clock().timestamp() - claims.auth_time > limit:
            wanted.times = max(wanted.times - 1, 0)
            name = "insufficient_user_authentication"
            how = challenge(name, acr_values=wanted.acr, max_age=str(limit))
            raise Problem(401, name, "sign in again", headers=how)
        return claims.sub

    async def order(self, request: web.Request) -> web.Response:
        """Change what is asked."""
        self._wanted = await json_body(request, _Wanted)
        return web.Response(status=204)


@dataclass(frozen=True)
class Ground:
    """What the endpoints of a service stand on: its own address, the platform's, its state, its guard and its time."""

    base: str
    platform: str
    db: Database
    guard: ResourceServer
    clock: Clock


@dataclass(frozen=True)
class Service:
    """A service by what it has of its own. `max_age`: seconds that a sign-in may be old; `schema`: its tables; `render` writes a problem."""

    name: str
    about: str
    max_age: int
    schema: str
    render: Render
    routes: Callable[[Ground], Sequence[web.RouteDef]]

    def build(self, platform: str, given: Clock, *, max_age: timedelta, dpop_nonce: bool = False) -> Build:
        """Prepare the application; `max_age` is how old a sign-in may be, with `dpop_nonce` each proof must carry a nonce of this service."""

        def make(base: str, state: Path) -> web.Application:
            clock = Adjustable(given)
            db = database(state, self.name, PROOFS + self.schema + ENDED)
            nonces = ServerNonces(secrets.token_bytes(32), clock) if dpop_nonce else None
            guard = ResourceServer(base, platform, db, clock, max_age, nonces)
            ended = Ended(base, platform, db, guard.keys, clock)
            guard.ended = ended.has
            app = application(self.render, clock)
            close_with(app, db)
            app.on_response_prepare.append(give_nonce)
            app.add_routes(self.routes(Ground(base, platform, db, guard, clock)))
            app.add_routes([ended.route(), web.post("/_sim/levels", guard.order)])
            return app

        return make

    def main(self, argv: list[str]) -> int:
        """Run it."""
        parser = options(self.name, self.about)
        parser.add_argument(
            "--platform", type=loopback_url, required=True, metavar="URL", help="whose tokens are accepted"
        )
        of = f"how old a sign-in may be ({self.max_age})"
        parser.add_argument("--max-age", type=int, default=self.max_age, metavar="SECONDS", help=of)
        parser.add_argument("--dpop-nonce", action="store_true", help="ask proofs for a nonce of this service")
        arguments = parser.parse_args(argv)
        max_age = timedelta(seconds=arguments.max_age)
        make = self.build(arguments.platform, clock_of(arguments), max_age=max_age, dpop_nonce=arguments.dpop_nonce)
        return run(self.name, arguments, make)
