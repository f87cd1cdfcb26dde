"""The box's stream of security events at the platform (SSF 1.0 §7, §8; RFC 8936): found or made, verified, polled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from yarl import URL

from stb_agent.cable_id.asking import Asker, Meanings, decoded, token
from stb_agent.cable_id.discovery import refused_for_now
from stb_agent.cable_id.errors import (
    AnswerInvalid,
    PlatformUnreachable,
    SessionEnded,
    StreamGone,
    StreamUnsupported,
)
from stb_agent.cable_id.security_event import REQUESTED, Wrong, audience
from stb_agent.cable_id.session import ServiceToken
from stb_agent.cable_id.transport import BadReply, NoReply, Reply, check_address
from stb_agent.contract.transmissions import Kind

POLL = "urn:ietf:rfc:8936"
SCOPE = "ssf.read ssf.manage"
CONFIGURATION_SECONDS = 86400.0
"""How long what the platform says of its streams is used again; an address that is gone is looked up at once."""
HELD_SECONDS = 40.0
"""How long an answer may take that the platform holds back until something happens (the profile: 25 s)."""
MOST = 20
"""Events asked for at once."""
_MARGIN_S = 60.0
_MEANINGS: Meanings = {"stream_unknown": StreamGone}


class _Configuration(msgspec.Struct, frozen=True):
    issuer: str
    jwks_uri: str
    delivery_methods_supported: list[str]
    configuration_endpoint: str
    verification_endpoint: str = ""


class _Delivery(msgspec.Struct, frozen=True):
    method: str
    endpoint_url: str


class _Stream(msgspec.Struct, frozen=True):
    stream_id: str
    aud: str | list[str]
    delivery: _Delivery
    events_requested: list[str] = []


class _Polled(msgspec.Struct, frozen=True, rename="camel"):
    sets: dict[str, str]
    more_available: bool = False


@dataclass(frozen=True)
class Polled:
    """What a poll brought: SETs by their jti, and whether more wait."""

    sets: Mapping[str, str]
    more: bool


class EventStream:
    """Ask for events in the box's own name.

    Every method raises PlatformUnreachable, PlatformBusy, AnswerInvalid, ClientRefused, UnsafeAddress and StreamUnsupported.
    """

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self._configuration: tuple[float, _Configuration] | None = None
        self._token: ServiceToken | None = None
        self._stream: _Stream | None = None

    @property
    def audience(self) -> str:
        """Give whom the platform's events for this box are for."""
        return audience(self._asker.transport.prover.key.jkt)

    def now(self) -> float:
        """Give the time by the platform's clock (seconds since the epoch)."""
        return self._asker.transport.server_time.now(URL(self._asker.discovery.issuer))

    async def poll(self, ack: Sequence[str], wrong: Mapping[str, Wrong], *, hold: bool) -> Polled:
        """Say what was taken and what was wrong, and fetch what waits; with ``hold`` the platform may wait until there is something."""
        errors = {jti: {"err": it.err, "description": it.description} for jti, it in wrong.items()}
        body = {
            "maxEvents": MOST,
            "returnImmediately": not hold,
            **({"ack": list(ack)} if ack else {}),
            **({"setErrs": errors} if errors else {}),
        }
        stream = await self._opened()
        patience = HELD_SECONDS if hold else None
        answer = decoded(await self._ask("POST", stream.delivery.endpoint_url, body, patience=patience), _Polled)
        return Polled(answer.sets, answer.more_available)

    async def verify(self, state: str) -> bool:
        """Ask for a verification event that brings ``state`` back (SSF 1.0 §8.1.4); tell whether the platform has such a thing."""
        endpoint = (await self._configured()).verification_endpoint
        if endpoint:
            stream = await self._opened()
            await self._ask("POST", endpoint, {"stream_id": stream.stream_id, "state": state})
        return bool(endpoint)

    def forget(self) -> None:
        """Look everything up anew next time."""
        self._stream = self._configuration = None

    async def end(self) -> None:
        """End the stream: nothing is kept for this box any more."""
        stream = await self._opened()
        endpoint = URL((await self._configured()).configuration_endpoint).with_query(stream_id=stream.stream_id)
        await self._ask("DELETE", str(endpoint), None)
        self._stream = None

    async def _opened(self) -> _Stream:
        """Give the box's stream: the one there is, else a new one."""
        if self._stream is None:
            endpoint = (await self._configured()).configuration_endpoint
            found = decoded(await self._ask("GET", endpoint, None), list[_Stream])
            if not found:
                wanted = {"delivery": {"method": POLL}, "events_requested": list(REQUESTED)}
                stream = decoded(await self._ask("POST", endpoint, wanted), _Stream, 201)
            elif set(found[0].events_requested) != set(REQUESTED):
                change = {"stream_id": found[0].stream_id, "events_requested": list(REQUESTED)}
                stream = decoded(await self._ask("PATCH", endpoint, change), _Stream)
            else:
                stream = found[0]
            if stream.aud not in (self.audience, [self.audience]) or stream.delivery.method != POLL:
                raise AnswerInvalid
            check_address(URL(stream.delivery.endpoint_url))
            self._stream = stream
        return self._stream

    async def _configured(self) -> _Configuration:
        now = self._asker.transport.clock()
        if self._configuration is None or not 0 <= now - self._configuration[0] < CONFIGURATION_SECONDS:
            metadata = await self._asker.discovery.metadata()
            issuer = URL(metadata.issuer)
            # SSF 1.0 §7.2: between the host and the issuer's path, if it has one.
            where = issuer.with_path("/.well-known/ssf-configuration" + issuer.path.rstrip("/"))
            try:
                reply = await self._asker.transport.get(where, Kind.NEWS)
                if reply.status in (404, 410):
                    raise StreamUnsupported
                if reply.status != 200:
                    raise refused_for_now(reply, now) or AnswerInvalid()
                found = reply.json(_Configuration)
            except NoReply:
                raise PlatformUnreachable from None
            except BadReply:
                raise AnswerInvalid from None
            if POLL not in found.delivery_methods_supported:
                raise StreamUnsupported
            if found.issuer != metadata.issuer or found.jwks_uri != metadata.jwks_uri:
                raise AnswerInvalid
            for address in filter(None, (found.configuration_endpoint, found.verification_endpoint)):
                check_address(URL(address))
            self._configuration = now, found
        return self._configuration[1]

    async def _authority(self) -> str:
        """Give the box's own token for its stream (RFC 6749 §4.4)."""
        now = self._asker.transport.clock()
        if self._token is None or now >= self._token.expires_at - _MARGIN_S:
            form = {"grant_type": "client_credentials", "scope": SCOPE}
            endpoint = (await self._asker.discovery.metadata()).token_endpoint
            answer = token(await self._asker.post(endpoint, form, Kind.NEWS))
            self._token = ServiceToken(answer.access_token, now + answer.expires_in)
        return self._token.token

    async def _ask(
        self, method: str, endpoint: str, body: Mapping[str, object] | None, *, patience: float | None = None
    ) -> Reply:
        """Send a request with the box's token; with a fresh one if that is not taken any more. Forgets a stream that is gone."""
        json = None if body is None else msgspec.json.encode(body)
        for last in (False, True):
            try:
                return await self._asker.ask(
                    method,
                    endpoint,
                    Kind.NEWS,
                    token=await self._authority(),
                    json=json,
                    meanings=_MEANINGS,
                    patience=patience,
                )
            except SessionEnded:
                self._token = None
                if last:
                    raise AnswerInvalid from None
            except (StreamGone, AnswerInvalid):
                self.forget()
                raise
        raise AnswerInvalid  # not reached: the second refusal has raised
