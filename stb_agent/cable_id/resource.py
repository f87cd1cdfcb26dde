"""The client of one service: public answers, and those for a person's token."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

import msgspec
from yarl import URL

from stb_agent.cable_id.errors import (
    CableIdError,
    ProofRefused,
    ServiceAnswerInvalid,
    ServiceBusy,
    ServiceNotFound,
    ServiceRefused,
    ServiceUnreachable,
    SessionEnded,
    StepUpRequired,
    UnsafeAddress,
)
from stb_agent.cable_id.transport import BadReply, NoReply, Reply, Transport, check_address
from stb_agent.contract.transmissions import ANY_SERVICE, Kinds

T = TypeVar("T")

_NAME = re.compile(r"[A-Za-z][A-Za-z_-]{0,79}")


class _Issue(msgspec.Struct, frozen=True):
    code: str


class _OperationOutcome(msgspec.Struct, frozen=True, tag_field="resourceType", tag="OperationOutcome"):
    """HL7 FHIR R4 (4.0.1), OperationOutcome."""

    issue: list[_Issue]


class ServiceClient:
    """Ask one service, the resource server at ``base_url``.

    Every method raises ServiceUnreachable and ServiceBusy (try again), ServiceAnswerInvalid, ServiceNotFound and ServiceRefused with the
    service's own name of the error; with a token also SessionEnded, StepUpRequired (the card is needed) and ProofRefused; UnsafeAddress.
    """

    def __init__(self, base_url: str, transport: Transport, kinds: Kinds = ANY_SERVICE) -> None:
        """``kinds``: what requests to it are, for the list of what was sent."""
        self.base_url = base_url
        self._base = URL(base_url.rstrip("/") + "/")
        self._transport = transport
        self._kinds = kinds
        check_address(self._base)

    async def get(
        self, path: str, answer: type[T], *, token: str | None = None, query: Mapping[str, str] | None = None
    ) -> T:
        """Read ``path`` (under the base address; an address that the service gave is taken if it lies there too) as an ``answer``."""
        url = self._url(path)
        if query:
            url = url.extend_query(query)
        return self._decoded(await self._ask("GET", url, token, None), answer, (200,))

    async def put(self, path: str, body: object, answer: type[T], *, token: str) -> T:
        """Put ``body`` (as JSON; bytes are JSON already) at ``path``, which names it for ever: sent again, it takes effect once."""
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return self._decoded(await self._ask("PUT", self._url(path), token, data), answer, (200, 201))

    def _url(self, path: str) -> URL:
        try:
            url = self._base.join(URL(path.lstrip("/") if path.startswith("/") else path))
        except ValueError:
            raise UnsafeAddress from None
        inside = url.origin() == self._base.origin() and url.path.startswith(self._base.path)
        if not inside or url.user is not None:
            raise UnsafeAddress
        return url

    async def _ask(self, method: str, url: URL, token: str | None, json: bytes | None) -> Reply:
        try:
            if token is None:
                return await self._transport.get(url, self._kinds.look)
            kind = self._kinds.read if json is None else self._kinds.change
            return await self._transport.prove(method, url, kind, token=token, json=json)
        except NoReply:
            raise ServiceUnreachable from None
        except BadReply:
            raise ServiceAnswerInvalid from None

    def _decoded(self, reply: Reply, answer: type[T], statuses: tuple[int, ...]) -> T:
        if reply.status >= 400:
            raise self._error(reply)
        if reply.status not in statuses:
            raise ServiceAnswerInvalid
        try:
            return reply.json(answer)
        except BadReply:
            raise ServiceAnswerInvalid from None

    def _error(self, reply: Reply) -> CableIdError:
        if reply.status in (408, 425, 429) or reply.status >= 500:
            return ServiceBusy(reply.retry_after(self._transport.clock()))
        if reply.status == 401:
            challenge = reply.challenge()
            match challenge.get("error"):
                case "insufficient_user_authentication":
                    return StepUpRequired.told(challenge)
                case "invalid_dpop_proof" | "use_dpop_nonce":
                    return ProofRefused()
                case _:
                    return SessionEnded()
        name = _error_name(reply)
        if name is None:
            # Not the service's own word: a gateway's page must not settle what the person asked for.
            return ServiceAnswerInvalid()
        return ServiceNotFound(404, name) if reply.status == 404 else ServiceRefused(reply.status, name)


def _error_name(reply: Reply) -> str | None:
    problem = reply.problem()
    if problem is not None:
        return problem.error if _NAME.fullmatch(problem.error) else ""
    try:
        issues = reply.json(_OperationOutcome).issue
    except BadReply:
        return None
    return issues[0].code if issues and _NAME.fullmatch(issues[0].code) else ""
