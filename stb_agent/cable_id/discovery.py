"""What the platform says of itself: its endpoints and its keys."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import inf
from typing import Generic, TypeVar

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from yarl import URL

from stb_agent.cable_id.device_key import ALGORITHM
from stb_agent.cable_id.errors import (
    AnswerInvalid,
    AnswerTooLong,
    IssuerMismatch,
    KeysUnusable,
    PlatformBusy,
    PlatformUnreachable,
    Redirected,
    Unprotected,
)
from stb_agent.cable_id.jwk import curve_key
from stb_agent.cable_id.transport import BadReply, NoReply, Reply, TooLong, Transport, check_address
from stb_agent.contract.transmissions import Kind

T = TypeVar("T")

METADATA_SECONDS = 3600.0
KEYS_SECONDS = 300.0
"""How long what was read is used again, where its Cache-Control does not say less."""
SHORTEST_SECONDS = 10.0
"""How long it is used at least, and how seldom keys are read anew for one that is unknown: nobody makes the box ask without end."""
MIN_RSA_BITS = 2048
"""NIST SP 800-131A rev. 2 §6."""


class Metadata(msgspec.Struct, frozen=True):
    """The part of the OpenID Provider metadata (OpenID Connect Discovery 1.0 §3) that the box uses."""

    issuer: str
    jwks_uri: str
    token_endpoint: str
    card_nonce_endpoint: str
    link_endpoint: str
    dpop_signing_alg_values_supported: list[str]
    acr_values_supported: list[str]
    registration_endpoint: str = ""
    device_authorization_endpoint: str = ""
    confirmation_endpoint: str = ""
    handoff_endpoint: str = ""
    reset_endpoint: str = ""
    session_end_endpoint: str = ""
    revocation_endpoint: str = ""

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Give the addresses that there are."""
        found = (
            self.jwks_uri,
            self.token_endpoint,
            self.card_nonce_endpoint,
            self.link_endpoint,
            self.registration_endpoint,
            self.device_authorization_endpoint,
            self.confirmation_endpoint,
            self.handoff_endpoint,
            self.reset_endpoint,
            self.session_end_endpoint,
            self.revocation_endpoint,
        )
        return found[:4] + tuple(filter(None, found[4:]))


class _KeySet(msgspec.Struct, frozen=True):
    keys: list[dict[str, object]]


class Keys:
    """The platform's public keys (RFC 7517)."""

    def __init__(self, answer: _KeySet) -> None:
        self.signing: dict[str, ECKey] = {}
        self.encryption: tuple[str, RSAKey] | None = None
        self.support: dict[str, str] | None = None
        """What support codes are made with (P-256, ECDH-ES), as a JWK."""
        for jwk in answer.keys:
            kid = jwk.get("kid")
            if not isinstance(kid, str):
                continue
            match jwk:
                case {"use": "sig", "kty": "EC", "crv": "P-256"}:
                    self.signing[kid] = curve_key(jwk)
                case {"use": "enc", "kty": "EC", "crv": "P-256", "alg": "ECDH-ES"} if self.support is None:
                    self.support = {name: str(jwk.get(name, "")) for name in ("kty", "crv", "x", "y")}
                case {"use": "enc", "kty": "RSA"} if self.encryption is None and jwk.get("alg") in (
                    None,
                    "RSA-OAEP-256",
                ):
                    key = RSAKey.import_key({name: str(jwk.get(name, "")) for name in ("kty", "n", "e")})
                    if key.public_key.key_size >= MIN_RSA_BITS:
                        self.encryption = kid, key


@dataclass(frozen=True)
class _Kept(Generic[T]):
    value: T
    read_at: float
    life: float

    def fresh(self, now: float) -> bool:
        return 0 <= now - self.read_at < self.life


def _life(reply: Reply, most: float) -> float:
    """Give how long an answer may be used again (RFC 9111 §5.2.2), within our own limits."""
    said = reply.headers.get("Cache-Control", "").lower()
    age = re.search(r"\bmax-age=(\d{1,9})\b", said)
    if "no-cache" in said or "no-store" in said:
        return SHORTEST_SECONDS
    return min(max(float(age[1]), SHORTEST_SECONDS), most) if age else most


class Discovery:
    """Read the platform's metadata and keys, and use them again while they are fresh."""

    def __init__(self, issuer: str, transport: Transport) -> None:
        self.issuer = issuer
        self._transport = transport
        self._metadata: _Kept[Metadata] | None = None
        self._keys: _Kept[Keys] | None = None
        self._forced_at = -inf

    @property
    def known(self) -> Metadata | None:
        """Give the metadata as it was read last, without asking; None before."""
        return self._metadata.value if self._metadata else None

    def forget(self) -> None:
        """Read everything anew next time: an endpoint turned out not to be where it was."""
        self._metadata = self._keys = None

    async def metadata(self) -> Metadata:
        """Give the metadata. Raises PlatformUnreachable, PlatformBusy, AnswerInvalid, Unprotected, UnsafeAddress."""
        now = self._transport.clock()
        if self._metadata is None or not self._metadata.fresh(now):
            reply = await self._read(URL(self.issuer.rstrip("/") + "/.well-known/openid-configuration"), Kind.DISCOVERY)
            try:
                metadata = reply.json(Metadata)
            except BadReply:
                raise AnswerInvalid from None
            # OpenID Connect Discovery 1.0 §4.3: exactly the issuer that was asked, or another could stand in for it.
            if metadata.issuer != self.issuer:
                raise IssuerMismatch
            if ALGORITHM not in metadata.dpop_signing_alg_values_supported:
                raise Unprotected  # tokens would be anybody's who finds them
            for address in metadata.endpoints:
                check_address(URL(address))
            self._metadata = _Kept(metadata, now, _life(reply, METADATA_SECONDS))
        return self._metadata.value

    async def keys(self, *, fresh: bool = False) -> Keys:
        """Give the keys, read again if ``fresh`` and that was not done just now. Raises as metadata() does."""
        now = self._transport.clock()
        forced = fresh and not 0 <= now - self._forced_at < SHORTEST_SECONDS
        if forced or self._keys is None or not self._keys.fresh(now):
            if forced:
                self._forced_at = now
            reply = await self._read(URL((await self.metadata()).jwks_uri), Kind.KEYS)
            try:
                self._keys = _Kept(Keys(reply.json(_KeySet)), now, _life(reply, KEYS_SECONDS))
            except BadReply:
                raise AnswerInvalid from None
            except (JoseError, ValueError):
                raise KeysUnusable from None
        return self._keys.value

    async def _read(self, url: URL, kind: Kind) -> Reply:
        try:
            reply = await self._transport.get(url, kind)
        except NoReply:
            raise PlatformUnreachable from None
        except BadReply as bad:
            raise invalid(bad) from None
        if 300 <= reply.status < 400:
            raise Redirected
        if reply.status != 200:
            raise refused_for_now(reply, self._transport.clock()) or AnswerInvalid()
        return reply


def invalid(bad: BadReply) -> AnswerInvalid:
    """Give the error of an answer that is none."""
    return AnswerTooLong() if isinstance(bad, TooLong) else AnswerInvalid()


def refused_for_now(reply: Reply, now: float) -> PlatformBusy | None:
    """Give the error of an answer that says *not now* (429, 5xx; RFC 6585 §4, RFC 9110 §15.6), or None."""
    return PlatformBusy(reply.retry_after(now)) if reply.status == 429 or reply.status >= 500 else None
