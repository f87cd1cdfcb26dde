"""Ask whether a certificate is still good: by OCSP, and by a list when that gives nothing and the operator's policy lets the list be so old."""

import secrets
from dataclasses import dataclass, replace
from datetime import timedelta

import aiohttp
from cryptography import x509

from simulators.platform import ocsp
from simulators.platform.crl import Lists
from simulators.platform.finding import Cause, Finding, Source, Status, Unbelievable, Unreachable
from simulators.platform.trust import Anchor
from simulators.validation.issuer import issuer_key
from simulators.web import Clock

_TIMEOUT = aiohttp.ClientTimeout(total=5)
_MOST = 1 << 24
"""Bytes of an answer that are read."""


@dataclass
class RevocationPolicy:
    """How old an answer may be, in seconds since its thisUpdate; no list is looked at when `crl_age` is 0."""

    ocsp_age: int = 12 * 3600
    crl_age: int = 0


class Revocation:
    """Ask the validation service at `address`: addresses in certificates are not followed (anybody may write one)."""

    def __init__(self, address: str, clock: Clock) -> None:
        self._address, self._clock = address, clock
        self._lists = Lists()
        self._http: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.close()

    async def find(self, certificate: x509.Certificate, anchor: Anchor, policy: RevocationPolicy) -> Finding:
        """Find out about a certificate: good, revoked or unknown, never a guess.

        What the authority says (also that it does not know) counts; only where it says nothing that can be believed is the list asked.
        """
        try:
            found = await self._ask(certificate, anchor, policy)
            return found if found.status is not Status.UNKNOWN else _unknown(Source.OCSP, Cause.NOT_KNOWN)
        except Unbelievable as reason:
            nothing = _unknown(Source.OCSP, reason.cause, reason.checked_at)
        except Unreachable:
            nothing = replace(_unknown(Source.OCSP, Cause.UNREACHABLE), later=True)
        if policy.crl_age > 0:
            try:
                return await self._look(certificate, anchor, policy)
            except Unbelievable as reason:
                if reason.cause is not Cause.UNREACHABLE:
                    nothing = replace(_unknown(Source.CRL, reason.cause, reason.checked_at), later=nothing.later)
        return nothing

    async def _ask(self, certificate: x509.Certificate, anchor: Anchor, policy: RevocationPolicy) -> Finding:
        nonce = secrets.token_bytes(32)
        question = ocsp.question(certificate, anchor, nonce)
        answer = await self._fetch("POST", "/ocsp", question)
        longest = timedelta(seconds=policy.ocsp_age)
        return ocsp.believe(answer, certificate, anchor, nonce, self._clock(), longest)

    async def _look(self, certificate: x509.Certificate, anchor: Anchor, policy: RevocationPolicy) -> Finding:
        now, longest = self._clock(), timedelta(seconds=policy.crl_age)
        doubt: Unbelievable | None = None
        if not self._lists.has_tonights(anchor, now):
            try:
                found = await self._fetch("GET", f"/crl/{issuer_key(anchor.certificate)}.crl", None)
                self._lists.take(found, anchor, now)
            except Unreachable:
                pass  # the one that is here may do
            except Unbelievable as reason:
                doubt = reason
        try:
            return self._lists.look(certificate, anchor, now, longest)
        except Unbelievable as reason:
            if doubt is not None and reason.cause is Cause.UNREACHABLE:
                raise doubt from None
            raise

    async def _fetch(self, method: str, path: str, body: bytes | None) -> bytes:
        if self._http is None:
            # A connection each: one that is kept may be dead without anybody's knowing, and a question is not asked twice.
            connector = aiohttp.TCPConnector(force_close=True)
            self._http = aiohttp.ClientSession(
                connector=connector, timeout=_TIMEOUT, cookie_jar=aiohttp.DummyCookieJar()
            )
        headers = {"Content-Type": "application/ocsp-request"} if body is not None else {}
        try:
            async with self._http.request(
                method, self._address + path, data=body, headers=headers, allow_redirects=False
            ) as answer:
                if answer.status != 200:
                    raise Unreachable(f"status {answer.status}")
                whole = await answer.content.read(_MOST)
                while more := await answer.content.read(_MOST):
                    whole += more
                    if len(whole) > _MOST:
                        raise Unbelievable(Cause.MALFORMED)
                return whole
        except (aiohttp.ClientError, TimeoutError):
            raise Unreachable(method) from None


def _unknown(source: Source, cause: Cause, checked_at: int | None = None) -> Finding:
    return Finding(Status.UNKNOWN, source, checked_at, cause=cause)
