"""Requests to the platform: as which client, with which proof, and what its refusals mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec
from yarl import URL

from stb_agent.cable_id.client_auth import ClientAuth
from stb_agent.cable_id.discovery import Discovery, invalid, refused_for_now
from stb_agent.cable_id.errors import (
    AlreadyLinked,
    AnotherDevice,
    AnswerInvalid,
    AssertionRefused,
    AudienceRefused,
    CableIdError,
    CardRequired,
    CertificateExpired,
    CertificateRevoked,
    CertificateUntrusted,
    ClientRefused,
    ClientUnknown,
    ContractFull,
    ContractNeeded,
    ContractNotFound,
    EncryptionKeyChanged,
    GuardianRequired,
    LinkedElsewhere,
    LinkRequired,
    LinkSuspended,
    NonceRefused,
    PlatformUnreachable,
    ProofRefused,
    Redirected,
    RevocationOld,
    RevocationUnknown,
    ServiceUnknown,
    SessionEnded,
    StepUpRequired,
    TooManyBoxes,
    Unprotected,
)
from stb_agent.cable_id.id_token import verify
from stb_agent.cable_id.session import ServiceToken, Session, Standing
from stb_agent.cable_id.transport import BadReply, NoReply, Reply, Transport
from stb_agent.contract.level import Level
from stb_agent.contract.levels import Proof, Revocation
from stb_agent.contract.transmissions import Kind

T = TypeVar("T")
Meanings = Mapping[str, type[Exception]]
"""What the platform's names of refusals mean (``error``, RFC 6749 §5.2)."""

_REASONS: dict[str, type[CableIdError]] = {
    "nonce": NonceRefused,
    "assertion": AssertionRefused,
    "audience": AudienceRefused,
    "device_key": AnotherDevice,
    "encryption_key": EncryptionKeyChanged,
    "card_required": CardRequired,
    "too_old": StepUpRequired,
    "revocation_old": RevocationOld,
    "certificate_untrusted": CertificateUntrusted,
    "certificate_expired": CertificateExpired,
    "certificate_revoked": CertificateRevoked,
    "revocation_unknown": RevocationUnknown,
    "link_required": LinkRequired,
    "link_suspended": LinkSuspended,
    "too_many_boxes": TooManyBoxes,
    "guardian_required": GuardianRequired,
    "subject_token": SessionEnded,
}
_ERRORS: dict[str, type[CableIdError]] = {
    "already_linked": AlreadyLinked,
    "linked_elsewhere": LinkedElsewhere,
    "contract_full": ContractFull,
    "contract_needed": ContractNeeded,
    "link_suspended": LinkSuspended,
    "contract_not_found": ContractNotFound,
    "invalid_target": ServiceUnknown,
    "invalid_grant": SessionEnded,
    "invalid_token": SessionEnded,
    "invalid_client": ClientUnknown,
    "invalid_dpop_proof": ProofRefused,
    "use_dpop_nonce": ProofRefused,
    "invalid_request": ClientRefused,
    "invalid_scope": ClientRefused,
    "insufficient_scope": ClientRefused,
    "unauthorized_client": ClientRefused,
    "unsupported_grant_type": ClientRefused,
}


class TokenAnswer(msgspec.Struct, frozen=True):
    """What the token endpoint answers (RFC 6749 §5.1)."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str = ""
    id_token: str = ""
    issued_token_type: str = ""
    refresh_token: str = ""


class Asker:
    """Ask the platform in the name of this box.

    Every method raises PlatformUnreachable, PlatformBusy, AnswerInvalid, ClientRefused and UnsafeAddress besides what it names.
    """

    def __init__(self, issuer: str, client: ClientAuth, transport: Transport) -> None:
        self.client = client
        self.transport = transport
        self.discovery = Discovery(issuer, transport)

    def token_of(self, authority: Session | ServiceToken) -> str:
        """Give the access token of whoever asks. Raises SessionEnded."""
        if self.transport.clock() >= authority.expires_at:
            raise SessionEnded
        return authority.access_token if isinstance(authority, Session) else authority.token

    async def session(self, answer: TokenAnswer, endpoint: str, *, asked_at: float, nonce: str | None) -> Session:
        """Give the session that tokens of ``endpoint`` begin; they were asked for at ``asked_at`` by the box's clock.

        Raises CertificateRevoked and what `verify` does.
        """
        now = self.transport.server_time.now(URL(endpoint))
        told = await verify(answer.id_token, self.discovery, client_id=self.client.client_id, nonce=nonce, now=now)
        if told.revocation.status is Revocation.REVOKED:
            raise CertificateRevoked
        ours = self.transport.clock()
        proof = Proof(
            Level.AUTHENTICATED,
            ours - max(now - told.auth_time, 0.0),
            at_box="mca" not in told.amr,
            revocation=told.revocation.status,
            checked_at=ours - max(now - told.revocation.checked_at, 0.0),
        )
        linked = "services" in answer.scope.split()
        return Session(
            access_token=answer.access_token,
            expires_at=asked_at + answer.expires_in,
            linked=linked,
            standing=Standing.of(told.link, linked=linked),
            subject=told.sub,
            auth_time=told.auth_time,
            proof=proof,
            refresh_token=answer.refresh_token,
            sid=told.sid,
        )

    async def post(
        self,
        endpoint: str,
        form: dict[str, str],
        kind: Kind,
        *,
        meanings: Meanings | None = None,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """Post a form as this client; ``meanings`` go before the usual ones. Raises what they name."""
        issuer = self.discovery.issuer

        def proven() -> dict[str, str]:
            return form | self.client.parameters(issuer, self.transport.server_time.now(URL(endpoint)))

        return await self.ask("POST", endpoint, kind, token=token, form=proven, headers=headers, meanings=meanings)

    async def ask(
        self,
        method: str,
        endpoint: str,
        kind: Kind,
        *,
        token: str | None = None,
        form: Callable[[], dict[str, str]] | None = None,
        json: bytes | None = None,
        headers: dict[str, str] | None = None,
        meanings: Meanings | None = None,
        patience: float | None = None,
    ) -> Reply:
        """Send a request with a proof. Raises what its refusal means."""
        try:
            reply = await self.transport.prove(
                method, URL(endpoint), kind, token=token, form=form, json=json, headers=headers, patience=patience
            )
        except NoReply:
            raise PlatformUnreachable from None
        except BadReply as bad:
            raise invalid(bad) from None
        if 300 <= reply.status < 400:
            raise Redirected
        if reply.status >= 400:
            raise self._error(reply, meanings or {})
        return reply

    def _error(self, reply: Reply, meanings: Meanings) -> Exception:
        problem = reply.problem()
        if problem and (meant := meanings.get(problem.error)):
            return meant()
        if problem and problem.reason == "level":
            return StepUpRequired(problem.acr_values)
        for_now = refused_for_now(reply, self.transport.clock())
        if problem and (kind := _REASONS.get(problem.reason)):
            return RevocationUnknown(for_now.retry_after) if for_now and kind is RevocationUnknown else kind()
        if for_now:
            return for_now
        challenge = reply.challenge()
        name = problem.error if problem else challenge.get("error", "")
        if name == "insufficient_user_authentication":
            return StepUpRequired.told(challenge)
        if name not in _ERRORS and reply.status in (404, 405, 410):
            self.discovery.forget()
        return _ERRORS.get(name, AnswerInvalid)()


def decoded(reply: Reply, kind: type[T], status: int = 200) -> T:
    """Read an answer of this status. Raises AnswerInvalid."""
    if reply.status != status:
        raise AnswerInvalid
    try:
        return reply.json(kind)
    except BadReply:
        raise AnswerInvalid from None


def token(reply: Reply) -> TokenAnswer:
    """Read tokens. Raises AnswerInvalid, Unprotected."""
    answer = decoded(reply, TokenAnswer)
    if answer.token_type.lower() != "dpop":
        raise Unprotected  # RFC 9449 §5: anything else could be used by whoever finds it
    if not answer.access_token.isascii() or not answer.access_token or answer.expires_in <= 0:
        raise AnswerInvalid
    return answer
