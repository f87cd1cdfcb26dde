"""What can go wrong between the box, the common platform and the services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.level import Level
from stb_agent.contract.levels import Demand, FallsShort, Lack

_LEVELS = {level.name.lower(): level for level in Level}


class CableIdError(ChanomaError):
    """The root of this room's errors."""

    code: ClassVar[str] = "cable_id"


# The box itself


class DeviceKeyExposed(CableIdError):
    """Others than the owner may read the device key."""

    code = "cable_id.device_key.exposed"


class DeviceKeyDamaged(CableIdError):
    """The file holds no P-256 private key."""

    code = "cable_id.device_key.damaged"


class ContractNumberMistyped(CableIdError):
    """The digits are not ten, or the check digit does not fit."""

    code = "cable_id.contract_number.mistyped"


class UnsafeAddress(CableIdError):
    """An address that is neither HTTPS nor loopback, or lies outside the service it should belong to."""

    code = "cable_id.address.unsafe"


# The platform, whatever it was asked


class PlatformUnreachable(CableIdError):
    """No connection, or no answer in time."""

    code = "cable_id.platform.unreachable"
    retry = True


class PlatformBusy(CableIdError):
    """Overloaded or failing for now (429, 5xx); ``retry_after`` seconds, if it said."""

    code = "cable_id.platform.busy"
    retry = True

    def __init__(self, retry_after: float | None = None) -> None:
        super().__init__()
        self.retry_after = retry_after


class AnswerInvalid(CableIdError):
    """The platform's answer is not what the profile promises, or not proven to be for us."""

    code = "cable_id.answer.invalid"


class AnswerTooLong(AnswerInvalid):
    """The answer does not end where any answer of the profile ends."""

    code = "cable_id.answer.too_long"


class Redirected(AnswerInvalid):
    """The answer points elsewhere; nothing is sent after it."""

    code = "cable_id.answer.redirected"


class IssuerMismatch(AnswerInvalid):
    """The metadata or the statement are another platform's than the one that was asked (mix-up)."""

    code = "cable_id.answer.issuer"


class KeysUnusable(AnswerInvalid):
    """The platform's keys are broken, too weak or not those that the profile needs."""

    code = "cable_id.answer.keys"


class SignatureInvalid(AnswerInvalid):
    """The statement of who signed in is not signed by the platform's key, in the way of the profile."""

    code = "cable_id.answer.signature"


class MeantForAnother(AnswerInvalid):
    """The statement of who signed in is for another client."""

    code = "cable_id.answer.audience"


class OfAnotherSignIn(AnswerInvalid):
    """The nonce was seen before, or the statement is of another sign-in."""

    code = "cable_id.answer.nonce"


class OutOfTime(AnswerInvalid):
    """The statement of who signed in has expired, or is of the future."""

    code = "cable_id.answer.time"


class Unprotected(CableIdError):
    """A token that is not bound to the device key was offered."""

    code = "cable_id.answer.unprotected"


class ClientRefused(CableIdError):
    """The platform does not take requests of this box (its client id, its device key or the form of its request)."""

    code = "cable_id.client.refused"


class ProofRefused(ClientRefused):
    """The platform does not take the proof of the device key (RFC 9449 §4.3)."""

    code = "cable_id.proof.refused"


class ClientUnknown(ClientRefused):
    """The platform does not know this client, or not by this key (RFC 6749 §5.2, invalid_client)."""

    code = "cable_id.client.unknown"


class AnotherDevice(ClientRefused):
    """What was sent belongs to another device's key."""

    code = "cable_id.device_key.another"


# The box's registration


class StatementRefused(CableIdError):
    """The platform does not take the operator's software statement (RFC 7591 §3.2.2)."""

    code = "cable_id.registration.statement"


class StatementMissing(CableIdError):
    """No software statement is configured, or its file cannot be read."""

    code = "cable_id.registration.statement_missing"


class RegistrationUnsupported(CableIdError):
    """The platform has no registration endpoint."""

    code = "cable_id.registration.unsupported"


class RegistrationEnded(CableIdError):
    """The platform does not know this box's registration, or there is none."""

    code = "cable_id.registration.ended"


class RegistrationDamaged(CableIdError):
    """What the box kept of its registration cannot be read."""

    code = "cable_id.registration.damaged"


# Beginning anew


class ResetOrderRefused(CableIdError):
    """It is no operator's order for this box, now, to begin anew."""

    code = "cable_id.reset.order"


# What is decided elsewhere: on a phone, or at the television


class PhoneUnsupported(CableIdError):
    """The platform has no device grant."""

    code = "cable_id.phone.unsupported"


class RequestExpired(CableIdError):
    """Nobody decided in time."""

    code = "cable_id.request.expired"
    retry = True


class RequestDenied(CableIdError):
    """Somebody said no."""

    code = "cable_id.request.denied"


# Sign-in


class CardRequired(CableIdError, FallsShort):
    """What was signed in over another device is not enough: the card is needed at the box."""

    code = "cable_id.card_required"
    demand = Demand(Lack.AT_BOX, at_box=True)


class NonceRefused(CableIdError):
    """The challenge has run out or was used; a new sign-in gets a new one."""

    code = "cable_id.nonce"
    retry = True


class EncryptionKeyChanged(CableIdError):
    """The platform has no longer the key that the card's assertion was sealed for, nor a new one that it takes."""

    code = "cable_id.key_changed"
    retry = True


class AssertionRefused(CableIdError):
    """The platform does not accept what the card signed (signature, audience or times)."""

    code = "cable_id.assertion"


class AudienceRefused(AssertionRefused):
    """What the card signed was for another platform."""

    code = "cable_id.audience"


class CertificateRevoked(CableIdError):
    """The certification authority has revoked the card's certificate."""

    code = "cable_id.certificate.revoked"


class CertificateUntrusted(CableIdError):
    """The certificate is not of an authority that the platform trusts."""

    code = "cable_id.certificate.untrusted"


class CertificateExpired(CableIdError):
    """The certificate is outside its validity."""

    code = "cable_id.certificate.expired"


class RevocationUnknown(CableIdError, FallsShort):
    """The certification authority could not say whether the certificate is good; ``retry_after`` seconds, if it cannot be asked just now."""

    code = "cable_id.revocation.unknown"
    retry = True
    demand = Demand(Lack.REVOCATION_UNKNOWN)

    def __init__(self, retry_after: float | None = None) -> None:
        super().__init__()
        self.retry_after = retry_after


class RevocationOld(CableIdError, FallsShort):
    """It is too long ago that the certification authority said that the certificate is good: signing in anew asks it anew."""

    code = "cable_id.revocation.old"
    demand = Demand(Lack.REVOCATION_OLD)


class SessionEnded(CableIdError, FallsShort):
    """The token has run out or is no longer taken: the card is needed again."""

    code = "cable_id.session.ended"
    demand = Demand(Lack.ENDED)


# The link


class ContractNotFound(CableIdError):
    """No contract has this number."""

    code = "cable_id.link.contract_not_found"


class AlreadyLinked(CableIdError):
    """This card, or this contract for this person, has a link."""

    code = "cable_id.link.already"


class LinkRequired(CableIdError):
    """The service needs a card that is linked to a Cable ID."""

    code = "cable_id.link.required"


class LinkedElsewhere(CableIdError):
    """This card is linked under another contract than the one that was named."""

    code = "cable_id.link.elsewhere"


class ContractFull(CableIdError):
    """The operator allows no more people under this contract."""

    code = "cable_id.link.contract_full"


class ContractNeeded(CableIdError):
    """The operator links nobody without a contract."""

    code = "cable_id.link.contract_needed"


class LinkSuspended(CableIdError):
    """The link is suspended: the card was reported lost."""

    code = "cable_id.link.suspended"


class LinkGone(CableIdError):
    """There is no such link, or it is none of this box's."""

    code = "cable_id.link.gone"


class NothingToReplace(CableIdError):
    """The card has taken no linked card's place."""

    code = "cable_id.link.nothing_to_replace"


class TooManyBoxes(CableIdError):
    """The operator does not allow the person one more box."""

    code = "cable_id.link.too_many_boxes"


class BoxUnknown(CableIdError):
    """The person is not known at that box."""

    code = "cable_id.link.box_unknown"


class TooManyTries(CableIdError):
    """Too many contract numbers were wrong at this box."""

    code = "cable_id.link.too_many_tries"


class GuardianRequired(CableIdError):
    """The service is not for an under-15's card."""

    code = "cable_id.link.guardian_required"


# What the platform tells


class StreamUnsupported(CableIdError):
    """The platform has no stream of security events that can be polled."""

    code = "cable_id.stream.unsupported"


class StreamGone(CableIdError):
    """The platform does not know this box's stream (any more): it is made anew."""

    code = "cable_id.stream.gone"
    retry = True


# The end of a session


class EndUnsupported(CableIdError):
    """The platform cannot be told that a session has ended, or not any more."""

    code = "cable_id.end.unsupported"


class SessionUnknown(CableIdError):
    """The platform knows no such session of this box."""

    code = "cable_id.end.unknown"


# A text written on a phone


class HandoffUnreachable(CableIdError):
    """No connection, or no answer in time: the screen's own keyboard is there."""

    code = "cable_id.handoff.unreachable"
    retry = True


class HandoffBusy(CableIdError):
    """The platform takes no hand-off for now (429, 5xx); ``retry_after`` seconds, if it said."""

    code = "cable_id.handoff.busy"
    retry = True

    def __init__(self, retry_after: float | None = None) -> None:
        super().__init__()
        self.retry_after = retry_after


class HandoffNone(CableIdError):
    """The platform has no hand-off."""

    code = "cable_id.handoff.none"


class HandoffOver(CableIdError):
    """Its time is over, or it was ended."""

    code = "cable_id.handoff.over"
    retry = True


class HandoffDamaged(CableIdError):
    """What came was not sealed with the key on the screen, or is no text as it was asked for."""

    code = "cable_id.handoff.damaged"
    retry = True


# The services


class ServiceUnknown(CableIdError):
    """The platform gives no tokens for this service."""

    code = "cable_id.service.unknown"


class ServiceUnreachable(CableIdError):
    """No connection, or no answer in time."""

    code = "cable_id.service.unreachable"
    retry = True


class ServiceBusy(CableIdError):
    """Overloaded or failing for now (429, 5xx); ``retry_after`` seconds, if it said."""

    code = "cable_id.service.busy"
    retry = True

    def __init__(self, retry_after: float | None = None) -> None:
        super().__init__()
        self.retry_after = retry_after


class ServiceAnswerInvalid(CableIdError):
    """The service's answer is not what its contract promises."""

    code = "cable_id.service.answer_invalid"


class StepUpRequired(CableIdError, FallsShort):
    """The service, or the platform, wants a surer or fresher sign-in (RFC 9470): one of ``acr_values``, ``max_age`` seconds."""

    code = "cable_id.service.step_up"

    def __init__(self, acr_values: str | None = None, max_age: int | None = None) -> None:
        super().__init__()
        self.acr_values = acr_values
        self.max_age = max_age
        # Any of them will do: the one that asks the least of the person (OpenID Connect Core 1.0 §3.1.2.1).
        known = [level for name in (acr_values or "").split() if (level := _LEVELS.get(name)) is not None]
        why = Lack.ASKED if max_age is None else Lack.AGE
        self.demand = Demand(why, max(min(known, default=Level.AUTHENTICATED), Level.AUTHENTICATED))

    @classmethod
    def told(cls, challenge: Mapping[str, str]) -> StepUpRequired:
        """Read a challenge (RFC 9470 §3)."""
        age = challenge.get("max_age", "")
        return cls(challenge.get("acr_values"), int(age) if age.isascii() and age.isdigit() else None)


class ServiceRefused(CableIdError):
    """The service said no (4xx): ``status``, and ``name``, its own name of the error ("" if it gave none)."""

    code = "cable_id.service.refused"

    def __init__(self, status: int, name: str = "") -> None:
        super().__init__()
        self.status = status
        self.name = name


class ServiceNotFound(ServiceRefused):
    """What was asked for does not exist there (404)."""

    code = "cable_id.service.not_found"
