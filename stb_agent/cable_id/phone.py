"""A phone as the card reader: the device grant (RFC 8628), with what its best current practice asks for (RFC 10027)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
from yarl import URL

from stb_agent.cable_id.asking import Asker, TokenAnswer, decoded, token
from stb_agent.cable_id.client import SCOPE
from stb_agent.cable_id.errors import AnswerInvalid, PhoneUnsupported, RequestDenied, RequestExpired
from stb_agent.cable_id.polling import DEFAULT_INTERVAL, Sleep, SlowDown, StillPending, Waiting, poll
from stb_agent.cable_id.session import Session
from stb_agent.cable_id.transport import check_address
from stb_agent.contract.transmissions import Kind

LONGEST_SECONDS = 600.0
"""How long a code is shown at most, whatever the platform allows."""

PLACE_MOST = 40
"""Characters of a place; a longer one cannot stand on the television."""
_CODE = re.compile(r"[A-Z0-9-]{4,20}")
"""A user code (RFC 8628 §6.1) that can be read off a television and typed."""
_GRANT = "urn:ietf:params:oauth:grant-type:device_code"  # RFC 8628 §3.4
_MEANINGS: dict[str, type[Exception]] = {
    "authorization_pending": StillPending,
    "slow_down": SlowDown,
    "access_denied": RequestDenied,
    "expired_token": RequestExpired,
    "invalid_grant": RequestExpired,  # used, or made by another device: nothing comes of it any more
}


class _Answer(msgspec.Struct, frozen=True):
    device_code: str
    user_code: str
    verification_uri: str
    expires_in: float
    match_number: str
    verification_uri_complete: str = ""
    interval: float = DEFAULT_INTERVAL
    place: str = ""


@dataclass(frozen=True)
class PhoneRequest:
    """What the television shows: ``address`` as a QR code with the code in it, ``user_code`` to type, ``number`` to be entered on the phone,
    ``place`` as the phone's page calls it ("" if the platform does not say).

    ``expires_at`` in seconds since the epoch by the box's clock, ``interval`` in seconds.
    """

    device_code: str = field(repr=False)
    user_code: str
    address: str
    number: str
    expires_at: float
    interval: float
    place: str = ""


class PhoneSignIn:
    """Sign in with a card that a phone reads. Such a session is not enough for every service (CardRequired).

    Every method raises what Asker does besides what it names.
    """

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    async def begin(self) -> PhoneRequest:
        """Ask for a code. Raises PhoneUnsupported."""
        endpoint = (await self._asker.discovery.metadata()).device_authorization_endpoint
        if not endpoint:
            raise PhoneUnsupported
        asked_at = self._asker.transport.clock()
        answer = decoded(await self._asker.post(endpoint, {"scope": SCOPE}, Kind.PHONE_OFFER), _Answer)
        address = answer.verification_uri_complete or answer.verification_uri
        usable = (
            answer.device_code
            and _CODE.fullmatch(answer.user_code)
            and len(answer.place) <= PLACE_MOST
            and answer.place.isprintable()
            and len(answer.match_number) == 2
            and answer.match_number.isascii()
            and answer.match_number.isdigit()
        )
        if not usable or answer.expires_in <= 0 or answer.interval <= 0:
            raise AnswerInvalid
        check_address(URL(address))
        expires_at = asked_at + min(answer.expires_in, LONGEST_SECONDS)
        return PhoneRequest(
            answer.device_code,
            answer.user_code,
            address,
            answer.match_number,
            expires_at,
            answer.interval,
            answer.place,
        )

    async def wait(
        self, request: PhoneRequest, sleep: Sleep, told: Callable[[Waiting], None] = lambda waiting: None
    ) -> Session:
        """Wait until the phone has decided; ``told`` hears how it stands. Raises RequestDenied, RequestExpired, Unprotected."""
        endpoint = (await self._asker.discovery.metadata()).token_endpoint
        clock = self._asker.transport.clock
        asked_at = 0.0

        async def ask() -> TokenAnswer:
            nonlocal asked_at
            asked_at = clock()
            form = {"grant_type": _GRANT, "device_code": request.device_code}
            return token(await self._asker.post(endpoint, form, Kind.PHONE_ASK, meanings=_MEANINGS))

        answer = await poll(
            ask, interval=request.interval, expires_at=request.expires_at, clock=clock, sleep=sleep, told=told
        )
        return await self._asker.session(answer, endpoint, asked_at=asked_at, nonce=None)
