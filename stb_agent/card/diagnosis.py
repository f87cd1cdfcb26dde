"""Why a card that cannot be used cannot be used: asked of the card only then, from its label and its list of certificates."""

from __future__ import annotations

from stb_agent.card import errors
from stb_agent.card.jpki import Session, Token

_KINDS: dict[Token, type[errors.KindError]] = {
    Token.RESIDENT_REGISTER: errors.ResidentRegisterCard,
    Token.ANDROID: errors.AndroidToken,
    Token.IPHONE: errors.IphoneToken,
}


def diagnosed(session: Session, error: errors.CardError) -> errors.CardError:
    """Give the error that tells a person best what is the matter with this card; spends no try. Raises Removed.

    ``error``: what went wrong with its certificate (CertificateError, UnexpectedStatus) or PinBlocked, when no try is left.
    """
    try:
        return _named(session, error)
    except (errors.ExchangeFailed, errors.UnexpectedStatus):
        return error


def _named(session: Session, error: errors.CardError) -> errors.CardError:
    token = session.token()
    if token in _KINDS:
        return _KINDS[token]()
    if token is Token.OTHER and _unread(error):
        return errors.OtherCard()
    if token is not Token.CARD or not isinstance(error, errors.CertificateExpired | errors.PinBlocked):
        return error
    there = session.availability()
    if there is None or there.signature or not there.authentication:
        return error
    # Both a child's card and a face-authentication card lack the signature certificate; only the latter has no usable PIN.
    if isinstance(error, errors.PinBlocked) or session.tries() == 0:
        return errors.PinUnusable()
    return errors.CertificateMinor()


def _unread(error: errors.CardError) -> bool:
    """Tell whether there was no certificate at all, rather than one of a kind that is not known here."""
    if isinstance(error, errors.CertificateProfile):
        return error.args_["what"] == "encoding"
    return isinstance(error, errors.CertificateAbsent | errors.UnexpectedStatus)
