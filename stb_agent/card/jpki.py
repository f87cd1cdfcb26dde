"""The verbs of a card session: read the certificate, ask the tries, verify, sign."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import Enum, StrEnum

from stb_agent.card import errors
from stb_agent.card.allowed import AVAILABILITY, DIGEST_INFO_SHA256, JPKI, LABEL, File, short_id
from stb_agent.card.apdu import SW, Command, Ins, Response, exchange, tries_in
from stb_agent.card.certificate import AuthenticationCertificate
from stb_agent.card.gate import Gate
from stb_agent.card.pin import Pin
from stb_agent.card.reader import Reader

WHOLE_FILE = 0x10000
_MOST = 0x8000
"""Bytes that READ BINARY's 15-bit offset can reach (ISO/IEC 7816-4, 7.2.2): the longest file."""
_BLOCKED = (SW.METHOD_BLOCKED, SW.REFERENCE_BLOCKED)
_NO_LENGTH = (SW.WRONG_LENGTH, SW.UNKNOWN)
"""What cards answer to a length they do not take; other refusals are put down to the short file identifier."""
_NO_SHORT_ID = (
    SW.WRONG_P1P2, SW.KEY_NOT_FOUND, SW.NOT_FOUND, SW.WRONG_OFFSET, SW.NOT_SUPPORTED, SW.NO_CURRENT_EF, SW.CONDITIONS,
)  # fmt: skip


class Token(StrEnum):
    """What the card says it is: the label in its token file (OpenSC src/libopensc/pkcs15-jpki.c, jpki/myna src/jpki.rs, soltia48/myna-card)."""

    CARD = "JPKIAPICCTOKEN2"
    RESIDENT_REGISTER = "JPKIAPICCTOKEN"
    ANDROID = "JPKIAPGPSETOKEN"
    IPHONE = "JPKIAPIOSTOKEN"
    OTHER = ""
    """A label that is none of these."""


@dataclass(frozen=True)
class Availability:
    """Which certificates the card says it has."""

    signature: bool
    authentication: bool


_AVAILABLE = 0x8F
"""A certificate is there: in byte 0 the signature certificate, in byte 1 the authentication certificate (soltia48/myna-card)."""


class Feature(Enum):
    """What makes a session short, and what some card, reader or stack between them lacks."""

    EXTENDED = "extended length"
    READ_BY_SHORT_ID = "READ BINARY with a short file identifier"
    PIN_BY_SHORT_ID = "VERIFY with a short file identifier"
    KEY_BY_SHORT_ID = "SIGN with a short file identifier"


@dataclass
class Ways:
    """What a reader with a card of one kind was found to lack; kept by the caller from session to session."""

    lacking: set[Feature] = field(default_factory=set)

    def has(self, feature: Feature) -> bool:
        """Tell whether the feature may be tried."""
        return feature not in self.lacking


class Session:
    """One connection's work with the JPKI application; every command passes the gate, which is made here."""

    def __init__(self, reader: Reader, ways: Ways) -> None:
        self._gate = Gate(reader)
        self._ways = ways
        self._left: int | None = None
        self._asked = False

    def select(self) -> None:
        """Select the JPKI application. Raises OtherCard.

        The first command after power-up may be answered 6F00 (soltia48/myna-card); it alone is sent again, once.
        """
        command = Command(0x00, Ins.SELECT, 0x04, 0x0C, JPKI)
        response = self._send(command)
        if response.sw == SW.UNKNOWN:
            response = self._send(command)
        if response.ok:
            return
        if response.sw >> 8 in (0x6A, 0x6D, 0x6E):
            raise errors.OtherCard
        raise errors.UnexpectedStatus(response.sw)

    def read_certificate(self) -> bytes:
        """Read the authentication certificate, DER. Raises CertificateAbsent, CertificateProfile.

        One command where short identifier and extended length both work; otherwise parts of 256 bytes and an exact last one.
        """
        data = bytearray(self._first_part(File.CERTIFICATE))
        total = _der_length(data)
        if len(data) < total:
            self._ways.lacking.add(Feature.EXTENDED)
        while len(data) < total:
            part = self._send(_read(len(data) >> 8, len(data) & 0xFF, min(0x100, total - len(data))))
            if not part.data or part.sw not in (SW.OK, SW.END_OF_FILE):
                raise errors.UnexpectedStatus(part.sw)
            data += part.data
        return bytes(data[:total])

    def token(self) -> Token | None:
        """Read what the card says it is; None if it does not say."""
        label = self._small_file(File.TOKEN, LABEL)
        if label is None:
            return None
        text = label.rstrip(b"\0 ").decode("ascii", "replace")
        return Token(text) if text in set(Token) else Token.OTHER

    def availability(self) -> Availability | None:
        """Read which certificates the card says it has; None if it does not say."""
        told = self._small_file(File.AVAILABILITY, AVAILABILITY)
        return Availability(told[0] == _AVAILABLE, told[1] == _AVAILABLE) if told and len(told) > 1 else None

    def tries(self) -> int | None:
        """Ask how many tries are left, 0 if blocked, by VERIFY without a body, which spends none.

        None: the card says the PIN is verified already (another program's session was not ended) and tells no number.
        """
        response = None
        if self._ways.has(Feature.PIN_BY_SHORT_ID):
            response = self._send(Command(0x00, Ins.VERIFY, 0, short_id(File.PIN)))
            if not _tells_tries(response.sw):
                self._ways.lacking.add(Feature.PIN_BY_SHORT_ID)
                response = None
        if response is None:
            self._select_file(File.PIN)
            response = self._send(Command(0x00, Ins.VERIFY, 0, 0x80))
        if not _tells_tries(response.sw):
            raise errors.UnexpectedStatus(response.sw)
        self._asked = True
        self._left = None if response.ok else tries_in(response.sw) or 0
        return self._left

    def verify(self, pin: Pin) -> None:
        """Show the PIN to the card, once. Raises PinFormat, PinBlocked, PinWrong; the first without asking the card.

        The form of the command is known from ``tries``, so that no answer to VERIFY can lead to a second one.
        """
        if len(pin) != 4:
            raise errors.PinFormat
        if not self._asked:
            self.tries()
        if self._left == 0:
            raise errors.PinBlocked
        p2 = short_id(File.PIN) if self._ways.has(Feature.PIN_BY_SHORT_ID) else 0x80
        body = bytearray()
        try:
            pin.write_to(body)
            response = self._send(Command(0x00, Ins.VERIFY, 0, p2, body))
        finally:
            body[:] = bytes(len(body))
        if response.ok:
            return
        left = self.tries() if response.sw == SW.WRONG_NO_COUNT else tries_in(response.sw)
        self._left = left or 0
        if left == 0 or response.sw in _BLOCKED:
            raise errors.PinBlocked
        if left:
            raise errors.PinWrong(left)
        raise errors.UnexpectedStatus(response.sw)

    def sign(self, data: bytes, certificate: AuthenticationCertificate) -> bytes:
        """Sign ``data`` with PKCS #1 v1.5 and SHA-256 (RS256), hashed here, and check the signature before it leaves.

        Raises PinRequired, SignatureMismatch.
        """
        info = DIGEST_INFO_SHA256 + hashlib.sha256(data).digest()
        response = None
        if self._ways.has(Feature.KEY_BY_SHORT_ID):
            response = self._send(_sign(short_id(File.KEY), info))
            if response.sw in _NO_SHORT_ID:
                self._ways.lacking.add(Feature.KEY_BY_SHORT_ID)
                response = None
        if response is None:
            self._select_file(File.KEY)
            response = self._send(_sign(0x80, info))
        if response.sw == SW.SECURITY_STATUS:
            raise errors.PinRequired
        if not response.ok:
            raise errors.UnexpectedStatus(response.sw)
        if not certificate.verifies(response.data, data):
            raise errors.SignatureMismatch
        return response.data

    def _first_part(self, file: File) -> bytes:
        """Read from a file's start as much as one command gives, and leave the file current."""
        suspects: set[Feature] = set()

        def may(feature: Feature) -> bool:
            return self._ways.has(feature) and feature not in suspects

        while True:
            extended, by_short_id = may(Feature.EXTENDED), may(Feature.READ_BY_SHORT_ID)
            if not by_short_id:
                self._select_file(file)
            p1 = short_id(file) if by_short_id else 0
            try:
                response = self._send(_read(p1, 0, WHOLE_FILE if extended else 0x100))
            except errors.ExchangeFailed:
                if not extended:
                    raise
                suspects.add(Feature.EXTENDED)
                continue
            if response.data and response.sw in (SW.OK, SW.END_OF_FILE):
                self._ways.lacking |= suspects
                return response.data
            if response.sw == SW.SECURITY_STATUS:
                raise errors.CertificateAbsent
            if extended and (response.sw in _NO_LENGTH or not by_short_id):
                suspects.add(Feature.EXTENDED)
            elif by_short_id:
                suspects.add(Feature.READ_BY_SHORT_ID)
            else:
                raise errors.UnexpectedStatus(response.sw)

    def _small_file(self, file: File, size: int) -> bytes | None:
        """Read a file's first bytes; None if the card does not give them."""
        response = None
        if self._ways.has(Feature.READ_BY_SHORT_ID):
            response = self._send(_read(short_id(file), 0, size))
        if response is None or response.sw in _NO_SHORT_ID:
            if not self._send(Command(0x00, Ins.SELECT, 0x02, 0x0C, file.to_bytes(2, "big"))).ok:
                return None
            response = self._send(_read(0, 0, size))
        return response.data if response.sw in (SW.OK, SW.END_OF_FILE) else None

    def _select_file(self, file: File) -> None:
        response = self._send(Command(0x00, Ins.SELECT, 0x02, 0x0C, file.to_bytes(2, "big")))
        if response.sw == SW.NOT_FOUND:
            raise errors.CertificateAbsent
        if not response.ok:
            raise errors.UnexpectedStatus(response.sw)

    def _send(self, command: Command) -> Response:
        return exchange(self._gate.transmit, command)


def _read(p1: int, p2: int, le: int) -> Command:
    return Command(0x00, Ins.READ_BINARY, p1, p2, le=le, extended=le == WHOLE_FILE)


def _sign(p2: int, info: bytes) -> Command:
    return Command(0x80, Ins.PERFORM_SECURITY_OPERATION, 0x00, p2, info, le=0x100)


def _tells_tries(sw: int) -> bool:
    return sw == SW.OK or sw in _BLOCKED or tries_in(sw) is not None


def _der_length(data: bytes | bytearray) -> int:
    """Give the length of the DER SEQUENCE that begins here, its header included (X.690, 8.1.3)."""
    if len(data) < 2 or data[0] != 0x30:
        raise errors.CertificateProfile("encoding")
    if data[1] < 0x80:
        return 2 + data[1]
    width = data[1] & 0x7F
    total = 2 + width + int.from_bytes(data[2 : 2 + width], "big")
    if width not in (1, 2) or len(data) < 2 + width or total > _MOST:
        raise errors.CertificateProfile("encoding")
    return total
