"""A text written on a phone, which comes to this box sealed: the platform carries it and cannot read it (docs/cable-id-profile.md)."""

from __future__ import annotations

import binascii
import re
from base64 import urlsafe_b64decode
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from yarl import URL

from stb_agent.cable_id.asking import Asker, Meanings, decoded
from stb_agent.cable_id.dpop import Random, base64url
from stb_agent.cable_id.errors import (
    AnswerInvalid,
    CableIdError,
    HandoffBusy,
    HandoffDamaged,
    HandoffNone,
    HandoffOver,
    HandoffUnreachable,
    PlatformBusy,
    PlatformUnreachable,
)
from stb_agent.cable_id.transport import Reply, check_address
from stb_agent.contract.transmissions import Kind

KEY_BYTES = 32
NUMBER_DIGITS = 3
LIFE_SECONDS = 300
"""The longest life of a hand-off in the profile."""
_NONCE_BYTES, _TAG_BYTES = 12, 16  # AES-GCM (NIST SP 800-38D, 5.2.1.1 and 5.2.1.2)
_UTF8_BYTES = 4
"""The longest character (RFC 3629 §3): a text is padded to the longest that was asked for, so that its length tells nothing."""
_PURPOSE = b"chanoma handoff 1|"
_ID = re.compile(r"[A-Za-z0-9_-]{22,64}")  # at least 128 bits, base64url
_LONGEST_PAGE = 200
"""Characters of the page's address: what a square of modules large enough for any phone has room for, with id and key."""
_SLOWER_SECONDS = 5.0
"""What is added to the interval when the platform asks for patience (RFC 8628 §3.5)."""
_MEANINGS: Meanings = {"handoff_unknown": HandoffOver}
_SILENCES = 5
"""Polls in a row without an answer, after which nobody need wait any longer."""

Sleep = Callable[[float], Awaitable[None]]


class _Begun(msgspec.Struct, frozen=True):
    id: str
    page: str
    expires_in: int
    interval: int


class _Written(msgspec.Struct, frozen=True):
    sealed: str = ""


@dataclass(frozen=True)
class Offer:
    """A hand-off that a phone may take: the address with the key, which is nobody's but the screen's, and the number to match."""

    url: str = field(repr=False)
    number: str
    id: str = field(repr=False)
    key: bytes = field(repr=False)
    most: int
    expires_at: float
    interval: float


def derived(key: bytes, purpose: str, id_: str, length: int) -> bytes:
    """Derive bytes for one purpose and one hand-off (HKDF-SHA-256, RFC 5869, empty salt)."""
    info = _PURPOSE + f"{purpose}|{id_}".encode("ascii")
    return HKDF(SHA256(), length, None, info).derive(key)


def number(key: bytes, id_: str) -> str:
    """Give the digits that television and phone both show."""
    return f"{int.from_bytes(derived(key, 'number', id_, 4), 'big') % 10**NUMBER_DIGITS:0{NUMBER_DIGITS}}"


def sealed_length(most: int) -> int:
    """Give the bytes of a sealed text of up to ``most`` characters: the same for every text."""
    return _NONCE_BYTES + _UTF8_BYTES * most + _TAG_BYTES


def opened(key: bytes, id_: str, sealed: bytes, most: int) -> str:
    """Give the text. Raises HandoffDamaged for anything but a text of 1 to ``most`` characters that was sealed with this key for this hand-off."""
    if len(sealed) != sealed_length(most):
        raise HandoffDamaged
    try:
        aes = AESGCM(derived(key, "text", id_, 32))
        plain = aes.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _PURPOSE + id_.encode("ascii"))
        text = plain.rstrip(b"\0").decode("utf-8")
    except (InvalidTag, UnicodeDecodeError):
        raise HandoffDamaged from None
    if not text.strip() or len(text) > most or any(ord(char) < 0x20 or ord(char) == 0x7F for char in text):
        raise HandoffDamaged
    return text


class Handoff:
    """Hand-offs of this box, one at a time.

    Raises HandoffUnreachable, HandoffBusy, HandoffNone, AnswerInvalid, ClientRefused and UnsafeAddress besides what a method names.
    """

    def __init__(self, asker: Asker, *, random: Random, sleep: Sleep) -> None:
        self._asker = asker
        self._random = random
        self._sleep = sleep

    async def begin(self, asked: str, most: int) -> Offer:
        """Begin one for the question with code ``asked``, answered in up to ``most`` characters."""
        asked_at = self._asker.transport.clock()
        form = {"asked": asked, "most": str(most)}
        begun = decoded(await self._told(self._begin(form)), _Begun, 201)
        check_address(URL(begun.page))
        if not (
            _ID.fullmatch(begun.id)
            and begun.page.isascii()
            and len(begun.page) <= _LONGEST_PAGE
            and "#" not in begun.page
            and 0 < begun.expires_in <= LIFE_SECONDS
            and 0 < begun.interval <= begun.expires_in
        ):
            raise AnswerInvalid
        key = self._random(KEY_BYTES)
        return Offer(
            url=f"{begun.page}#{begun.id}.{base64url(key)}",
            number=number(key, begun.id),
            id=begun.id,
            key=key,
            most=most,
            expires_at=asked_at + begun.expires_in,
            interval=float(begun.interval),
        )

    async def wait(self, offer: Offer) -> str:
        """Wait until the phone has written, and give the text. Raises HandoffOver when that takes too long, HandoffDamaged."""
        interval, silent = offer.interval, 0
        while True:
            await self._sleep(interval)
            if self._asker.transport.clock() >= offer.expires_at:
                raise HandoffOver
            try:
                reply = await self._told(self._of(offer, "GET"))
            except HandoffUnreachable:
                silent += 1
                if silent == _SILENCES:
                    raise
                continue
            except HandoffBusy as error:
                interval = max(interval + _SLOWER_SECONDS, error.retry_after or 0.0)
                continue
            silent = 0
            if reply.status == 204:
                continue
            sealed = decoded(reply, _Written).sealed
            if len(sealed) > 2 * sealed_length(offer.most):
                raise HandoffDamaged
            try:
                return opened(offer.key, offer.id, urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4)), offer.most)
            except (binascii.Error, ValueError):
                raise HandoffDamaged from None

    async def end(self, offer: Offer) -> None:
        """Have the platform forget it. What it is told no more it forgets when the time is over."""
        with suppress(CableIdError):
            await self._of(offer, "DELETE")

    async def _begin(self, form: dict[str, str]) -> Reply:
        return await self._asker.post(await self._endpoint(), form, Kind.HANDOFF_OFFER)

    async def _of(self, offer: Offer, method: str) -> Reply:
        kind = Kind.HANDOFF_END if method == "DELETE" else Kind.HANDOFF_ASK
        return await self._asker.ask(method, f"{await self._endpoint()}/{offer.id}", kind, meanings=_MEANINGS)

    async def _endpoint(self) -> str:
        if not (endpoint := (await self._asker.discovery.metadata()).handoff_endpoint):
            raise HandoffNone
        return endpoint

    @staticmethod
    async def _told(asking: Awaitable[Reply]) -> Reply:
        """Give the answer; what fails is told so that the person knows the way without a phone."""
        try:
            return await asking
        except PlatformUnreachable:
            raise HandoffUnreachable from None
        except PlatformBusy as error:
            raise HandoffBusy(error.retry_after) from None
