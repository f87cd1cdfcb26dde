"""Who asks about a link, and in what form: a signed-in person, or a box in its own name."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from aiohttp import web

from simulators.platform.clients import Clients
from simulators.platform.front import Front
from simulators.platform.life.records import Records
from simulators.tokens import AccessClaims, Place, Proofs, challenge
from simulators.web import Problem

QUIET = {"Cache-Control": "no-store"}


@dataclass(frozen=True)
class Callers:
    """The checks of who asks."""

    front: Front
    clients: Clients
    proofs: Proofs
    records: Records

    def person(self, request: web.Request, *, active: bool = False) -> tuple[str, AccessClaims]:
        """Give whose access token a request has, and its claims; `active`: their link must not be suspended."""
        claims = self.front.claims(request)
        if "link" not in claims.scope.split():
            raise Problem(403, "insufficient_scope", headers=challenge("insufficient_scope", scope="link"))
        person = self.front.person(claims)
        suspended = self.records.suspended(person)
        if active and (self.records.store.link_of(person) is None or suspended):
            raise Problem(409, "link_suspended" if suspended else "not_linked")
        return person, claims

    async def box(self, request: web.Request) -> tuple[dict[str, str], str]:
        """Give the form of a box that asks in its own name, and its key."""
        jkt = self.proofs.check(request, Place.RESOURCE)
        form = strings(await request.post())
        self.clients.of(form, jkt)
        return form, jkt


class Guardian(msgspec.Struct):
    """That a parent or guardian of an under-15 was there and agreed."""

    guardian: bool = False


def key_of(request: web.Request) -> str:
    """Give the idempotency key of a request. Raises Problem 400."""
    key = request.headers.get("Idempotency-Key", "")
    if not 0 < len(key) <= 255:
        raise Problem(400, "invalid_request", "Idempotency-Key is needed")
    return key


def strings(form: Mapping[str, object]) -> dict[str, str]:
    """Give what of a form is text."""
    return {name: value for name, value in form.items() if isinstance(value, str)}


def answer(body: Mapping[str, object], status: int = 200) -> web.Response:
    """Answer with what nobody may keep."""
    return web.json_response(body, status=status, headers=QUIET)
