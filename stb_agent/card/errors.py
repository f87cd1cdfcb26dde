"""What can go wrong with a card, a reader or an entry: one root, a stable code each."""

from __future__ import annotations

from stb_agent.contract.errors import ChanomaError


class CardError(ChanomaError):
    """Root of the card room; cause and remedy for a person stand in ``contract/words/card.*.toml`` under the code."""

    code = "card"


class ServiceMissing(CardError):
    """No PC/SC service answers (pcscd does not run, or ended)."""

    code = "card.service"
    retry = True


class Denied(CardError):
    """The PC/SC service refuses this user (polkit: org.debian.pcsc-lite.access_pcsc, access_card)."""

    code = "card.denied"


class UsbMissing(CardError):
    """Readers are to be driven over USB and this system has no libusb."""

    code = "card.usb"


class ReaderHeld(CardError):
    """The only reader is claimed by another program, such as pcscd."""

    code = "card.reader_held"
    retry = True


class ReaderUnfit(CardError):
    """The only reader cannot be driven over USB; ``stb-agent card descriptor`` says why."""

    code = "card.reader_unfit"


class DescriptorInvalid(CardError):
    """A text holds no descriptor of a card reader. ``file``: its path."""

    code = "card.descriptor"


class NoReader(CardError):
    """No reader is connected."""

    code = "card.reader"
    retry = True


class NoCard(CardError):
    """No card is in the reader."""

    code = "card.absent"
    retry = True


class Mute(CardError):
    """A card is in the reader and does not answer: put in the wrong way round, dirty, or not a chip card."""

    code = "card.mute"
    retry = True


class Busy(CardError):
    """Another program holds the card."""

    code = "card.busy"
    retry = True


class Removed(CardError):
    """The card, or its reader, went away during the work."""

    code = "card.removed"
    retry = True


class Timeout(CardError):
    """A command passed its limit; the call itself may still wait in its thread."""

    code = "card.timeout"
    retry = True


class ExchangeFailed(CardError):
    """Reader and card could not exchange a command, or the answer is no answer of ISO 7816-4."""

    code = "card.exchange"
    retry = True


class Forbidden(CardError):
    """The gate refused a command before a byte of it reached the reader."""

    code = "card.forbidden"


class OtherCard(CardError):
    """The card has no JPKI application."""

    code = "card.other"


class KindError(CardError):
    """Root of cards that this box does not take, whatever is on them."""

    code = "card.kind"


class ResidentRegisterCard(KindError):
    """An old resident-register card (住基カード); its certificates are all out of use."""

    code = "card.kind.resident_register"


class AndroidToken(KindError):
    """An Android phone on a contactless reader; it gives its certificate only after its own PIN."""

    code = "card.kind.android"


class IphoneToken(KindError):
    """An iPhone on a contactless reader; it gives its certificate only after its own PIN."""

    code = "card.kind.iphone"


class TestCard(KindError):
    """A test card in a box for real ones."""

    code = "card.kind.test"
    __test__ = False  # no test class, whatever pytest thinks of the name


class RealCard(KindError):
    """A household's card in a box for test cards."""

    code = "card.kind.real"


class UnexpectedStatus(CardError):
    """The card answered with a status word that has no meaning here. ``sw``: four hexadecimal digits."""

    code = "card.status"
    retry = True

    def __init__(self, sw: int) -> None:
        super().__init__(sw=f"{sw:04X}")
        self.sw = sw


class CertificateError(CardError):
    """Root of what can be wrong with the authentication certificate."""

    code = "card.certificate"


class CertificateAbsent(CertificateError):
    """The card holds no authentication certificate, or gives it out only after a PIN (a smartphone's)."""

    code = "card.certificate.absent"


class CertificateExpired(CertificateError):
    """The certificate is out of date."""

    code = "card.certificate.expired"


class CertificateMinor(CertificateExpired):
    """The certificate is out of date, and the card was issued without a signature certificate, as for a person under 15."""

    code = "card.certificate.minor"


class CertificateNotYet(CertificateError):
    """The certificate is not valid yet, or this box's clock is slow."""

    code = "card.certificate.not_yet"


class CertificateUntrusted(CertificateError):
    """None of the pinned authorities issued the certificate."""

    code = "card.certificate.untrusted"


class CertificateProfile(CertificateError):
    """The certificate is not a JPKI authentication certificate, or cannot be read. ``what``: the field that does not fit."""

    code = "card.certificate.profile"

    def __init__(self, what: str) -> None:
        super().__init__(what=what)


class KeyUnsupported(CertificateError):
    """The certificate is good, but how a card with a key of this kind signs is not published."""

    code = "card.certificate.key"


class AnchorsMixed(CardError):
    """The pinned authorities are of real cards and of test cards together."""

    code = "card.anchors.mixed"


class AnchorInvalid(CardError):
    """A file of pinned authorities holds none. ``file``: its path."""

    code = "card.anchors"


class PinError(CardError):
    """Root of what can be wrong with an entry."""

    code = "card.pin"


class PinFormat(PinError):
    """The entry is not exactly four digits; nothing was sent to the card."""

    code = "card.pin.format"
    retry = True


class PinWrong(PinError):
    """The PIN is wrong. ``left``: tries that remain, at least 1."""

    code = "card.pin.wrong"
    retry = True

    def __init__(self, left: int) -> None:
        super().__init__(left=left)
        self.left = left


class PinBlocked(PinError):
    """No try is left; only the municipality's counter can set a new PIN."""

    code = "card.pin.blocked"


class PinUnusable(PinBlocked):
    """The PIN was never usable: a face-authentication card (顔認証マイナンバーカード). The card is healthy."""

    code = "card.pin.unusable"


class PinLast(PinError):
    """One try is left and nobody agreed to spend it; nothing was sent."""

    code = "card.pin.last"


class PinChanged(PinError):
    """Fewer tries are left than the person was shown; nothing was sent. ``left``: tries that remain."""

    code = "card.pin.changed"
    retry = True

    def __init__(self, left: int) -> None:
        super().__init__(left=left)
        self.left = left


class PinRequired(PinError):
    """The card wants the PIN before it signs."""

    code = "card.pin.required"
    retry = True


class SignatureMismatch(CardError):
    """The card's signature does not verify with the card's certificate."""

    code = "card.signature"


class SignRefused(CardError):
    """A signature over arbitrary bytes was asked of a card that may be a household's."""

    code = "card.sign"
