"""HTTP as this room needs it: proofs of the device key, short waits, bounded answers."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Protocol, TypeVar
from urllib.parse import urlencode

import aiohttp
import msgspec
from aiohttp import ClientHandlerType, ClientMiddlewareType, ClientRequest, ClientResponse
from multidict import CIMultiDictProxy
from yarl import URL

from stb_agent.cable_id.dpop import Prover
from stb_agent.cable_id.errors import UnsafeAddress
from stb_agent.cable_id.server_time import Clock, ServerTime
from stb_agent.contract.transmissions import Kind, Result

T = TypeVar("T")

CONNECT_SECONDS = 3.0
TOTAL_SECONDS = 10.0
"""What a person on a sofa waits for before an honest message."""
MAX_BYTES = 1 << 20
"""The longest answer that is read."""
_SKEWED = 5.0
"""Seconds by which the server's clock must have turned out to be elsewhere for its refusal of a proof to be laid to that."""


class NoReply(Exception):
    """No connection, or no whole answer in time."""


class BadReply(Exception):
    """An answer longer or other than promised."""


class TooLong(BadReply):
    """An answer longer than MAX_BYTES."""


class Problem(msgspec.Struct, frozen=True):
    """The JSON of an error answer (RFC 6749 §5.2, and the same form from the services)."""

    error: str
    reason: str = ""
    acr_values: str = ""


@dataclass(frozen=True)
class Reply:
    """A whole answer; its body is not shown."""

    status: int
    headers: CIMultiDictProxy[str] = field(repr=False)
    body: bytes = field(repr=False)

    def json(self, kind: type[T]) -> T:
        """Decode a JSON body. Raises BadReply unless it is one of ``kind``."""
        media = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if media != "application/json" and not (media.startswith("application/") and media.endswith("+json")):
            raise BadReply
        try:
            return msgspec.json.decode(self.body, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise BadReply from None

    def problem(self) -> Problem | None:
        """Give the error the body names, or None."""
        try:
            return self.json(Problem)
        except BadReply:
            return None

    def challenge(self) -> dict[str, str]:
        """Give the parameters of WWW-Authenticate (RFC 9110 §11.6.1)."""
        found = _PARAMETER.findall(", ".join(self.headers.getall("WWW-Authenticate", [])))
        return {name.lower(): quoted or bare for name, quoted, bare in found}

    def retry_after(self, now: float) -> float | None:
        """Give the seconds of Retry-After (RFC 9110 §10.2.3, a number or a date), or None."""
        value = self.headers.get("Retry-After", "").strip()
        if value.isascii() and value.isdigit():
            return float(value)
        try:
            return max(parsedate_to_datetime(value).timestamp() - now, 0.0)
        except (ValueError, OverflowError):
            return None


_PARAMETER = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s",]+))')


class Journal(Protocol):
    """Something that writes down what leaves the box."""

    def begins(self, kind: Kind, host: str, size: int) -> Callable[[Result], None]:
        """Take that a request with ``size`` bytes of content is on its way; give what is told how it ended."""


class _Unkept:
    """The journal of whoever keeps none: an operator's command on the bench."""

    def begins(self, kind: Kind, host: str, size: int) -> Callable[[Result], None]:
        return lambda result: None


UNKEPT = _Unkept()


class Transport:
    """Send requests, each with a fresh proof.

    Repeated once when the server wants its nonce in it (RFC 9449 §8), and once when it refuses the proof and its answer shows that the
    proof bore another time than the server's.
    """

    def __init__(
        self, session: aiohttp.ClientSession, prover: Prover, *, clock: Clock, journal: Journal = UNKEPT
    ) -> None:
        """``journal`` is told of every request that leaves by this transport, whoever makes it and however often it is repeated."""
        self._journal = journal
        self.prover = prover
        self.clock = clock
        self._session = session

    @property
    def server_time(self) -> ServerTime:
        """Give what was learnt of the servers' clocks."""
        return self.prover.server_time

    async def get(self, url: URL, kind: Kind) -> Reply:
        """Read something public: no proof, nothing that tells which box asks. Raises NoReply, BadReply, UnsafeAddress."""
        return await self.send("GET", url, {}, None, kind=kind)

    async def prove(
        self,
        method: str,
        url: URL,
        kind: Kind,
        *,
        token: str | None = None,
        form: Callable[[], Mapping[str, str]] | None = None,
        json: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        patience: float | None = None,
    ) -> Reply:
        """Send a request with a DPoP proof, and an access token or a body if given. Raises NoReply, BadReply, UnsafeAddress.

        ``form`` is made anew for each sending: a client's assertion is good once, like the proof. ``patience``: seconds for the answer.
        """
        common = dict(headers or {})
        if token is not None:
            common["Authorization"] = f"DPoP {token}"

        async def proving(request: ClientRequest, send: ClientHandlerType) -> ClientResponse:
            # Here and not in the headers above: aiohttp sends an idempotent request again by itself when a kept connection
            # turns out to be closed, and a proof is good for one sending only.
            request.headers["DPoP"] = self.prover.proof(method, url, token)
            return await send(request)

        body = json
        if form is not None:
            common["Content-Type"] = "application/x-www-form-urlencoded"
        elif json is not None:
            common["Content-Type"] = "application/json"
        renonced = redated = False
        while True:
            dated = self.server_time.now(url) - self.clock()
            if form is not None:
                body = urlencode(form()).encode("ascii")
            reply = await self.send(method, url, common, body, proving, kind=kind, patience=patience)
            if nonce := reply.headers.get("DPoP-Nonce"):
                self.prover.learn(url, nonce)
            skewed = abs(self.server_time.now(url) - self.clock() - dated) > _SKEWED
            if nonce and not renonced and _refused(reply, "use_dpop_nonce"):
                renonced = True
            elif skewed and not redated and _refused(reply, "invalid_dpop_proof"):
                redated = True
            else:
                return reply

    async def send(
        self,
        method: str,
        url: URL,
        headers: Mapping[str, str],
        data: bytes | None,
        *middlewares: ClientMiddlewareType,
        kind: Kind,
        patience: float | None = None,
    ) -> Reply:
        """Send a request as it is. Raises NoReply, BadReply, UnsafeAddress."""
        check_address(url)
        timeout = aiohttp.ClientTimeout(total=patience or TOTAL_SECONDS, connect=CONNECT_SECONDS)
        accept = {"Accept": "application/json, application/fhir+json"}
        sent = self.clock()

        left: list[Callable[[Result], None]] = []

        async def written_down(request: ClientRequest, send: ClientHandlerType) -> ClientResponse:
            # The innermost: it sees each sending, those too that aiohttp adds when a kept connection turns out to be closed.
            while left:
                left.pop()(Result.NO_ANSWER)
            left.append(self._journal.begins(kind, url.authority, len(data or b"")))
            try:
                return await send(request)
            except aiohttp.ClientConnectorError:
                left.clear()  # there was no connection: nothing left the box
                raise

        reply: Reply | None = None
        try:
            async with self._session.request(
                method,
                url,
                headers=accept | dict(headers),
                data=data,
                timeout=timeout,
                allow_redirects=False,
                middlewares=(*middlewares, written_down),
            ) as response:
                self.server_time.learn(url, response.headers, sent, self.clock())
                body = bytearray()
                async for chunk in response.content.iter_chunked(1 << 16):
                    body += chunk
                    if len(body) > MAX_BYTES:
                        raise TooLong
                reply = Reply(response.status, response.headers, bytes(body))
                return reply
        except (aiohttp.ClientError, TimeoutError, OSError):
            # Their text may hold the address with its query: it stays here.
            raise NoReply from None
        finally:
            for ended in left:
                ended(_result(reply))


def check_address(url: URL) -> None:
    """Return if ``url`` is HTTPS, or HTTP to a loopback address, and names nobody who asks (RFC 9110 §4.2.4). Raises UnsafeAddress."""
    if url.user is not None or url.password is not None:
        raise UnsafeAddress
    if url.scheme == "https" and url.host:
        return
    if url.scheme != "http" or not url.host or not _is_loopback(url.host):
        raise UnsafeAddress


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refused(reply: Reply, error: str) -> bool:
    if reply.status not in (400, 401):
        return False
    problem = reply.problem()
    return error in (problem.error if problem else None, reply.challenge().get("error"))


def _result(reply: Reply | None) -> Result:
    """Tell what became of a request."""
    if reply is None:
        return Result.NO_ANSWER
    if reply.status < 400:
        return Result.SENT
    if reply.status in (408, 425, 429) or reply.status >= 500:
        return Result.BUSY
    asked_again = any(_refused(reply, name) for name in ("use_dpop_nonce", "authorization_pending", "slow_down"))
    return Result.AGAIN if asked_again else Result.REFUSED
