"""A JPKI card of another maker and another authority, for the reader at a vpcd port.

It is written from the published commands alone (OpenSC src/libopensc/jpki.h and card-jpki.c; ISO/IEC 7816-4; vsmartcard,
"Creating a virtual smart card") and shares nothing with the project's own simulated card, so that an error there is not mirrored here.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

POLICY = x509.ObjectIdentifier("1.2.392.200149.8.5.1.3.30")
"""The policy of production's authentication certificates (J-LIS, profile of the certificates)."""
EMPTY = 0.7
"""Seconds a slot stays empty between two cards, so that pcscd, which looks every 0.4 s, sees it."""

_JPKI = bytes.fromhex("D392F000260100000001")
_CERTIFICATE, _KEY, _PIN = 0x000A, 0x0017, 0x0018
_OK = b"\x90\x00"
_WRONG_LENGTH, _REFUSED, _NO_PIN, _BLOCKED = b"\x67\x00", b"\x69\x86", b"\x69\x82", b"\x69\x83"
_NOT_SELECTED, _NOT_FOUND, _WRONG_P1P2, _UNKNOWN = b"\x69\x85", b"\x6a\x82", b"\x6a\x86", b"\x6d\x00"


class Authority:
    """An authority with a key of its own; ``bare``: its certificate says no more than that it is one."""

    def __init__(self, now: datetime, *, bare: bool = False) -> None:
        self._now, self._key = now, rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.name = _name("OTHER", "user authentication")
        made = (
            x509.CertificateBuilder().subject_name(self.name).issuer_name(self.name)
            .public_key(self._key.public_key()).serial_number(1)
            .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        )  # fmt: skip
        if not bare:
            made = made.add_extension(_usage(signs=False), critical=True)
        self.certificate = made.sign(self._key, hashes.SHA256())

    def write(self, file: Path) -> Path:
        """Write the certificate as PEM; gives the file."""
        file.write_bytes(self.certificate.public_bytes(Encoding.PEM))
        return file

    def issue(self, key: rsa.RSAPublicKey, *, bare: bool, days: tuple[int, int] = (-1, 700)) -> bytes:
        """Give a resident's certificate (DER), valid from and until so many ``days`` from now; ``bare``: without extensions."""
        made = (
            x509.CertificateBuilder().subject_name(_name(common="ABCDEFGHIJKLMN13101003A")).issuer_name(self.name)
            .public_key(key).serial_number(x509.random_serial_number())
            .not_valid_before(self._now + timedelta(days=days[0])).not_valid_after(self._now + timedelta(days=days[1]))
        )  # fmt: skip
        if not bare:
            policies = x509.CertificatePolicies([x509.PolicyInformation(POLICY, None)])
            made = (
                made.add_extension(_usage(signs=True), critical=True)
                .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
                .add_extension(policies, critical=True)
            )
        return made.sign(self._key, hashes.SHA256()).public_bytes(Encoding.DER)


@dataclass(frozen=True)
class Chip:
    """What a chip can do beyond SELECT, READ BINARY of 256 bytes, VERIFY and SIGN of what is selected."""

    atr: bytes
    modern: bool
    """Short file identifiers and extended length; an answer longer than 256 bytes is given in parts, announced by 61xx."""


OLD = Chip(bytes.fromhex("3BE000FF8131FE4514"), modern=False)
MODERN = Chip(bytes.fromhex("3BE100FF8131FE4543") + bytes([0x14 ^ 0x01 ^ 0x43]), modern=True)


@dataclass
class Card:
    """A card; ``commands`` are those that it was sent, the body of VERIFY left out; ``signatures`` are counted."""

    chip: Chip
    key: rsa.RSAPrivateKey
    certificate: bytes
    pin: bytes
    tries: int = 3
    signatures: int = 0
    commands: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget what was selected and verified."""
        self._application, self._file, self._verified, self._waiting = False, 0, False, b""

    def sent(self, instruction: int) -> list[bytes]:
        """Give the commands with this instruction byte."""
        return [command for command in self.commands if command[1] == instruction]

    def answer(self, command: bytes) -> bytes:
        """Answer a command APDU."""
        self.commands.append(command[:5] if command[1] == 0x20 else command)
        waiting, self._waiting = self._waiting, b""
        read = _lengths(command, extended=self.chip.modern)
        if read is None:
            return _WRONG_LENGTH
        body, le = read
        match command[1], command[2]:
            case 0xA4, 0x04:
                self._application, self._file = body == _JPKI, 0
                return _OK if self._application else _NOT_FOUND
            case _ if not self._application:
                return _NOT_SELECTED
            case 0xA4, 0x02:
                self._file = int.from_bytes(body, "big")
                return _OK if self._file in (_CERTIFICATE, _KEY, _PIN) else _NOT_FOUND
            case 0xB0, p1:
                return self._read(p1, command[3], le)
            case 0x20, _:
                return self._verify(command[3], body)
            case 0x2A, _ if command[0] == 0x80:
                return self._sign(command[3], body)
            case 0xC0, _ if self.chip.modern and waiting:
                return self._part(waiting, le)
        return _UNKNOWN

    def _points(self, reference: int, current: int) -> bool:
        """Take a reference: ``current`` means the selected file; a short identifier selects one, if the chip can."""
        if self.chip.modern and reference & 0x80 and reference & 0x1F:
            self._file = reference & 0x1F
            return True
        return reference == current

    def _read(self, p1: int, p2: int, le: int) -> bytes:
        by_short_id = bool(p1 & 0x80)
        if by_short_id and not self._points(p1, -1):
            return _WRONG_P1P2
        offset = p2 if by_short_id else p1 << 8 | p2
        if self._file != _CERTIFICATE:
            return _REFUSED
        return self._part(self.certificate[offset : offset + le], le) if offset < len(self.certificate) else b"\x6b\x00"

    def _part(self, data: bytes, le: int) -> bytes:
        """Give what fits into a short answer; what does not, waits for GET RESPONSE."""
        most = min(le, 256)
        now, self._waiting = data[:most], data[most:]
        return now + (bytes([0x61, min(len(self._waiting), 256) & 0xFF]) if self._waiting else _OK)

    def _verify(self, reference: int, body: bytes) -> bytes:
        if not self._points(reference, 0x80):
            return _WRONG_P1P2
        if self._file != _PIN:
            return _REFUSED
        if self.tries == 0:
            return _BLOCKED
        if body == self.pin:
            self.tries, self._verified = 3, True
            return _OK
        if body:
            self.tries -= 1
        return bytes([0x63, 0xC0 | self.tries])

    def _sign(self, reference: int, body: bytes) -> bytes:
        if not self._points(reference, 0x80):
            return _WRONG_P1P2
        if self._file != _KEY or not self._verified:
            return _NO_PIN
        self.signatures += 1
        numbers = self.key.private_numbers()
        size = self.key.key_size // 8
        # PKCS #1 v1.5, type 1, around whatever is given (RFC 8017, 8.2.1): the chip does not hash.
        block = b"\x00\x01" + b"\xff" * (size - 3 - len(body)) + b"\x00" + body
        return pow(int.from_bytes(block, "big"), numbers.d, numbers.public_numbers.n).to_bytes(size, "big") + _OK


def _lengths(command: bytes, *, extended: bool) -> tuple[bytes, int] | None:
    """Read body and Le (ISO/IEC 7816-4, 5.1); None where the form is not known here."""
    rest = command[4:]
    if len(rest) <= 1:
        return b"", int.from_bytes(rest, "big") or 256
    if rest[0] == 0:  # extended; with a body it is asked of no card here
        return (b"", int.from_bytes(rest[1:], "big") or 65536) if extended and len(rest) == 3 else None
    body, le = rest[1 : 1 + rest[0]], rest[1 + rest[0] :]
    return (body, int.from_bytes(le, "big") or 256) if len(body) == rest[0] and len(le) <= 1 else None


def _name(organization: str = "", unit: str = "", common: str = "") -> x509.Name:
    given = (
        (NameOID.COUNTRY_NAME, "JP"), (NameOID.ORGANIZATION_NAME, organization),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, unit), (NameOID.COMMON_NAME, common),
    )  # fmt: skip
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in given if value])


def _usage(*, signs: bool) -> x509.KeyUsage:
    """Give a resident's key usage (``signs``) or an authority's."""
    return x509.KeyUsage(
        digital_signature=signs, key_cert_sign=not signs, crl_sign=not signs, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


class ForeignCard:
    """A card that is held in the reader at a port of vpcd: length (2 octets, big-endian), payload; one octet is a control."""

    def __init__(self, card: Card, port: int) -> None:
        self.card, self._port = card, port

    @contextlib.asynccontextmanager
    async def inserted(self) -> AsyncIterator[Card]:
        """Hold the card in the reader until the block ends. Raises OSError if no reader is there."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        serving = asyncio.create_task(self._serve(reader, writer))
        try:
            yield self.card
        finally:
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError, asyncio.IncompleteReadError, ConnectionError):
                await serving
            writer.close()
            self.card.reset()
            await asyncio.sleep(EMPTY)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            payload = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
            if len(payload) > 1:
                answer = self.card.answer(payload)
            elif payload == b"\x04":
                answer = self.card.chip.atr
            else:  # power off, power on, reset
                self.card.reset()
                continue
            writer.write(len(answer).to_bytes(2, "big") + answer)


def card(
    authority: Authority,
    chip: Chip = OLD,
    *,
    bare: bool = False,
    days: tuple[int, int] = (-1, 700),
    pin: str = "4321",  # another than the practice cards'
) -> Card:
    """Make a card of an authority."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return Card(chip, key, authority.issue(key.public_key(), bare=bare, days=days), pin.encode())
