"""The client of the common platform: sign in with a card, link it, get tokens for services."""

from __future__ import annotations

import asyncio
import binascii
import hashlib
import re
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

import msgspec
from joserfc import jwe
from joserfc.jwk import RSAKey
from yarl import URL

from stb_agent.cable_id import contract_number as numbers
from stb_agent.cable_id.asking import Asker, decoded, token
from stb_agent.cable_id.client_auth import ClientAuth
from stb_agent.cable_id.dpop import Random, base64url
from stb_agent.cable_id.errors import (
    AnswerInvalid,
    AssertionRefused,
    EncryptionKeyChanged,
    KeysUnusable,
    NonceRefused,
    OfAnotherSignIn,
    SessionEnded,
)
from stb_agent.cable_id.polling import Sleep
from stb_agent.cable_id.resending import while_busy
from stb_agent.cable_id.session import Challenge, LinkResult, ServiceToken, Session
from stb_agent.cable_id.transport import TOTAL_SECONDS, Reply, Transport
from stb_agent.contract.level import Level
from stb_agent.contract.transmissions import Kind

Signer = Callable[[bytes], Awaitable[bytes]]
"""Something that signs: RSASSA-PKCS1-v1_5 with SHA-256 over the given bytes (RS256, RFC 7518 §3.3), by the key of the certificate."""

SCOPE = "openid link services"
ASSERTION_SECONDS = 120
"""The longest life of a card assertion in the profile."""

_CARD_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"  # RFC 7523 §2.1
_EXCHANGE_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"  # RFC 8693 §2.1
_ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 # RFC 8693 §3
_SPENT_MOST = 32
"""Nonces that were signed already, remembered so that none is signed twice."""
_NONCE = re.compile(r"[A-Za-z0-9_-]{43,512}")  # at least 256 bits, base64url


class _Nonce(msgspec.Struct, frozen=True):
    nonce: str
    expires_in: int


class _Linked(msgspec.Struct, frozen=True):
    link_id: str
    linked_at: datetime
    operator: str


class _LinkState(msgspec.Struct, frozen=True):
    linked: bool
    link_id: str = ""
    linked_at: datetime | None = None
    operator: str = ""


class PlatformClient:
    """Speak the Cable ID profile (docs/cable-id-profile.md) with one platform.

    Every method raises PlatformUnreachable, PlatformBusy, AnswerInvalid, ClientRefused and UnsafeAddress besides what it names.
    """

    def __init__(
        self, issuer: str, client: ClientAuth, transport: Transport, *, random: Random, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._transport = transport
        self._random = random
        self._sleep = sleep
        self.asker = Asker(issuer, client, transport)
        self._discovery = self.asker.discovery
        self._spent: deque[str] = deque(maxlen=_SPENT_MOST)

    async def support_key(self) -> dict[str, str] | None:
        """Give the platform's key for support codes (JWK), or None if it has none."""
        return (await self._discovery.keys()).support

    async def challenge(self) -> Challenge:
        """Get what the card is to sign. All that can fail before the PIN is tried fails here."""
        metadata = await self._discovery.metadata()
        encryption = (await self._discovery.keys()).encryption
        if encryption is None:
            raise KeysUnusable
        if Level.AUTHENTICATED.name.lower() not in metadata.acr_values_supported:
            raise AnswerInvalid
        asked_at = self._transport.clock()
        answer = decoded(await self.asker.post(metadata.card_nonce_endpoint, {}, Kind.CHALLENGE), _Nonce)
        if not _NONCE.fullmatch(answer.nonce) or answer.expires_in <= 0:
            raise AnswerInvalid  # before a PIN is spent on it
        if answer.nonce in self._spent:
            raise OfAnotherSignIn
        kid, key = encryption
        return Challenge(
            nonce=answer.nonce,
            expires_at=asked_at + answer.expires_in,
            audience=metadata.issuer,
            token_endpoint=metadata.token_endpoint,
            encryption_kid=kid,
            encryption_key=key,
        )

    async def sign_in(
        self,
        challenge: Challenge,
        certificate_der: bytes,
        sign: Signer,
        busy: Callable[[], None] = lambda: None,
    ) -> Session:
        """Let the card sign the challenge and exchange that for a session; ``sign`` is called once, with the JWS signing input.

        A platform that says when to come back gets the same again then, within PATIENCE_S and while it is good; ``busy`` is told
        of each wait. What ``sign`` raises passes through.

        Raises NonceRefused, AssertionRefused, CertificateRevoked, CertificateUntrusted, CertificateExpired,
        RevocationUnknown, Unprotected.
        """
        if self._transport.clock() >= challenge.expires_at:
            raise NonceRefused
        self._spent.append(challenge.nonce)
        made_at = self._transport.clock()
        now = self._transport.server_time.now(URL(challenge.token_endpoint))
        header = {"alg": "RS256", "typ": "card-assertion+jwt", "x5c": [_base64(certificate_der)]}
        claims = {
            "iss": self.asker.client.client_id,
            "sub": base64url(hashlib.sha256(certificate_der).digest()),
            "aud": challenge.audience,
            "iat": int(now),
            "exp": int(now) + ASSERTION_SECONDS,
            "jti": base64url(self._random(16)),
            "nonce": challenge.nonce,
            "cnf": {"jkt": self._transport.prover.key.jkt},
        }
        signing_input = f"{base64url(msgspec.json.encode(header))}.{base64url(msgspec.json.encode(claims))}"
        signed = f"{signing_input}.{base64url(await sign(signing_input.encode('ascii')))}"
        asked_at = made_at
        form = {"grant_type": _CARD_GRANT, "scope": SCOPE}

        async def send() -> Reply:
            nonlocal asked_at
            asked_at = self._transport.clock()
            return await self._send_signed(challenge, form, signed)

        # The last sending is answered while the platform still takes what was signed.
        until = min(made_at + ASSERTION_SECONDS, challenge.expires_at) - TOTAL_SECONDS
        clock, random = self._transport.clock, self._random
        try:
            reply = await while_busy(send, until=until, clock=clock, sleep=self._sleep, random=random, told=busy)
            answer = token(reply)
        except SessionEnded:
            raise AssertionRefused from None  # invalid_grant without a reason: here it is the card's grant that was refused
        return await self.asker.session(answer, challenge.token_endpoint, asked_at=asked_at, nonce=challenge.nonce)

    async def renew(self, session: Session) -> Session:
        """Give the same session with fresh tokens (RFC 6749 §6); its refresh token is used up.

        After a silence the same refresh token may be sent again within a minute. Raises SessionEnded, Unprotected.
        """
        asked_at = self._transport.clock()
        form = {"grant_type": "refresh_token", "refresh_token": session.refresh_token}
        endpoint = (await self._discovery.metadata()).token_endpoint
        answer = token(await self.asker.post(endpoint, form, Kind.RENEWAL))
        return replace(
            session,
            access_token=answer.access_token,
            expires_at=asked_at + answer.expires_in,
            linked="services" in answer.scope.split() if answer.scope else session.linked,
            # RFC 6749 §6: without another one the same goes on
            refresh_token=answer.refresh_token or session.refresh_token,
        )

    async def _send_signed(self, challenge: Challenge, form: dict[str, str], signed: str) -> Reply:
        """Send what the card signed, to the platform's key; to its new one if it has changed, so that no PIN is asked for again."""
        envelope = _sealed(signed, challenge.encryption_kid, challenge.encryption_key)
        try:
            return await self.asker.post(challenge.token_endpoint, {**form, "assertion": envelope}, Kind.CARD_SIGN_IN)
        except EncryptionKeyChanged:
            changed = (await self._discovery.keys(fresh=True)).encryption
            if changed is None or changed[0] == challenge.encryption_kid:
                raise AnswerInvalid from None
            again = {**form, "assertion": _sealed(signed, *changed)}
            return await self.asker.post(challenge.token_endpoint, again, Kind.CARD_SIGN_IN)

    async def link(
        self, authority: Session | ServiceToken, contract_number: str, idempotency_key: str, *, guardian: bool = False
    ) -> LinkResult:
        """Link the signed-in card to the Cable ID of a contract, or with "" to one without; the same key may be sent again after a silence.

        ``authority``: the session, or its access token as it was kept with the request. ``guardian``: it is an under-15's card, and a parent or
        guardian agreed.

        Raises ContractNumberMistyped before anything is sent, ContractNotFound, AlreadyLinked, LinkedElsewhere, ContractFull, ContractNeeded,
        LinkSuspended, SessionEnded.
        """
        if contract_number:
            numbers.check(contract_number)
        body = {
            **({"contract_number": contract_number} if contract_number else {}),
            **({"guardian": True} if guardian else {}),
        }
        reply = await self.asker.ask(
            "POST",
            (await self._discovery.metadata()).link_endpoint,
            Kind.LINK,
            token=self.asker.token_of(authority),
            json=msgspec.json.encode(body),
            headers={"Idempotency-Key": f'"{idempotency_key}"'},  # a structured field string (RFC 9651 §3.3.3)
        )
        answer = decoded(reply, _Linked, 201)
        return LinkResult(answer.link_id, _seconds(answer.linked_at), answer.operator)

    async def link_state(self, authority: Session | ServiceToken) -> LinkResult | None:
        """Give the link of the signed-in card, or None. Raises SessionEnded."""
        endpoint = (await self._discovery.metadata()).link_endpoint
        answer = decoded(
            await self.asker.ask("GET", endpoint, Kind.LINK_STATE, token=self.asker.token_of(authority)), _LinkState
        )
        if not answer.linked:
            return None
        if not answer.link_id or answer.linked_at is None:
            raise AnswerInvalid
        return LinkResult(answer.link_id, _seconds(answer.linked_at), answer.operator)

    async def service_token(self, session: Session, audience: str) -> ServiceToken:
        """Exchange the session for a token of the service at base address ``audience``.

        Raises ServiceUnknown, LinkRequired, SessionEnded, Unprotected.
        """
        asked_at = self._transport.clock()
        form = {
            "grant_type": _EXCHANGE_GRANT,
            "subject_token": self.asker.token_of(session),
            "subject_token_type": _ACCESS_TOKEN,
            "audience": audience,
        }
        endpoint = (await self._discovery.metadata()).token_endpoint
        answer = token(await self.asker.post(endpoint, form, Kind.SERVICE_TOKEN))
        if answer.issued_token_type != _ACCESS_TOKEN:
            raise AnswerInvalid
        return ServiceToken(answer.access_token, asked_at + answer.expires_in)


def _sealed(signed: str, kid: str, key: RSAKey) -> str:
    header = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "cty": "JWT", "kid": kid}
    return jwe.encrypt_compact(header, signed, key, algorithms=["RSA-OAEP-256", "A256GCM"])


def _seconds(moment: datetime) -> float:
    if moment.tzinfo is None:
        raise AnswerInvalid
    return moment.timestamp()


def _base64(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode("ascii")
