"""The card's side of ISO/IEC 7816-4 and -8, as far as the Individual Number Card has it.

Behaviour of real cards: comments and code of OpenSC (card-jpki.c, pull request 801), jpki/myna, soltia48/myna-card.
"""

import hashlib
import hmac
from collections.abc import Mapping
from enum import IntEnum

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from simulators.card.apdu import SW, Command, Refusal, tries_left, wrong_le
from simulators.card.files import Application, Binary, File, Key, Pin

ATR = bytes.fromhex("3BDA13FF8131FB468012392F31C173C601C03B")
"""A contact card of the later kind, T=1 (pcsc-tools, smartcard_list.txt; OpenSC issue 3021)."""

_MODULUS = 256
"""Octets of an RSA-2048 block."""
_LONGEST = _MODULUS - 11
"""RFC 8017, 7.2.1: eleven octets of padding at least."""
_GET_RESPONSE = 0xC0


class Scheme(IntEnum):
    """P1 of SIGN (soltia48/myna-card, ap/jpki.rs)."""

    PKCS1_VERBATIM = 0
    """What is given is padded as it is; all older software uses this one."""
    PKCS1_BARE_HASH = 1
    """SHA-256 by the card, without DigestInfo."""
    PKCS1_PREHASHED = 2
    PKCS1 = 3
    PSS_PREHASHED = 4
    PSS = 5


class Quirks(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How this card differs from its sisters; the default is a recent card behind a good reader."""

    sfi: bool = True
    """Short file identifiers in READ BINARY, VERIFY and SIGN; without them 6A86."""
    extended: bool = True
    """Extended length; without it 6700."""
    mute_first: bool = False
    """6F00 for the first command after power-up."""
    exact_le: bool = False
    """6Cxx, instead of what there is, when a READ BINARY asks for more than there is."""
    blocked_as_63c0: bool = False
    """63C0 instead of 6984 for a blocked PIN."""
    verified_as_9000: bool = True
    """9000 for the query about a PIN that has been verified; else 63Cx."""
    schemes: bool = True
    """SIGN with P1 of 01 to 05; without them 6A86."""
    get_response: bool = False
    """61xx instead of data in a short answer, which GET RESPONSE then fetches, as behind a reader of T=0."""
    atr: str = ATR.hex()

    def __post_init__(self) -> None:
        """Refuse an ATR that is not hex, or empty (which would mean an empty slot)."""
        if not bytes.fromhex(self.atr):
            raise ValueError("atr is empty")


class Card:
    """A card with its power on or off; every command goes through `execute`."""

    def __init__(self, applications: Mapping[bytes, Application], quirks: Quirks | None = None) -> None:
        self.applications = applications
        self.quirks = quirks or Quirks()
        self._verified: set[tuple[bytes, int]] = set()
        self._first = True
        self.reset()

    def power_off(self) -> None:
        """End the security status; the retry counters stay."""
        self._verified.clear()
        self._first = True
        self.reset()

    def reset(self) -> None:
        """Forget what is selected; a verified PIN stays verified, as on the real card."""
        self._aid: bytes | None = None
        self._fid: int | None = None
        self._waiting = b""

    def execute(self, raw: bytes) -> bytes:
        """Answer a command APDU with a response APDU; never raises."""
        first, self._first = self._first, False
        try:
            if first and self.quirks.mute_first:
                raise Refusal(SW.NO_DIAGNOSIS)
            command = Command.parse(raw)
            waiting, self._waiting = self._waiting, b""
            if command.ins == _GET_RESPONSE and self.quirks.get_response:
                return self._get_response(command, waiting)
            data = self._dispatch(command)
        except Refusal as refusal:
            return refusal.status.to_bytes(2)
        if data and self.quirks.get_response and not command.extended:
            self._waiting = data
            return bytes([0x61, len(data) & 0xFF])
        return data + SW.OK.to_bytes(2)

    def _get_response(self, command: Command, waiting: bytes) -> bytes:
        """Hand out what waits, which is never more than one short answer (ISO/IEC 7816-4:2020, 11.8.1)."""
        if not waiting:
            raise Refusal(SW.CONDITIONS)
        if command.ne is None or command.data:
            raise Refusal(SW.WRONG_LENGTH)
        part, self._waiting = waiting[: command.ne], waiting[command.ne :]
        return part + (bytes([0x61, len(self._waiting)]) if self._waiting else SW.OK.to_bytes(2))

    def _dispatch(self, command: Command) -> bytes:
        if command.extended and not self.quirks.extended:
            raise Refusal(SW.WRONG_LENGTH)
        match command.cla, command.ins:
            case 0x00, 0xA4:
                return self._select(command)
            case 0x00, 0xB0:
                return self._read_binary(command)
            case 0x00, 0x20:
                return self._verify(command)
            case 0x80, 0x2A:
                return self._sign(command)
            case 0x00 | 0x80, _:
                raise Refusal(SW.UNKNOWN_INSTRUCTION)
        raise Refusal(SW.UNKNOWN_CLASS)

    def _select(self, command: Command) -> bytes:
        match command.p1, command.p2:
            case 0x04, 0x00 | 0x0C:
                if command.data not in self.applications:
                    raise Refusal(SW.NOT_FOUND)
                self._aid, self._fid = command.data, None
            case 0x02, 0x00 | 0x0C:
                fid = int.from_bytes(command.data)
                if len(command.data) != 2 or fid not in self._application:
                    raise Refusal(SW.NOT_FOUND)
                self._fid = fid
            case 0x00, 0x00 | 0x0C if self._aid is not None:
                pass  # The master file: accepted once an application is selected, without effect.
            case _:
                raise Refusal(SW.WRONG_P1_P2)
        return b""

    def _read_binary(self, command: Command) -> bytes:
        if command.p1 & 0x80:
            if command.p1 & 0x60 or not self.quirks.sfi:
                raise Refusal(SW.WRONG_P1_P2)
            self._select_short(command.p1 & 0x1F, SW.NOT_FOUND)
            offset = command.p2
        else:
            offset = command.p1 << 8 | command.p2
        file = self._current()
        if not isinstance(file, Binary):
            raise Refusal(SW.INCOMPATIBLE_FILE)
        self._require(file.guard)
        if command.ne is None or command.data:
            raise Refusal(SW.WRONG_LENGTH)
        rest = file.content[offset:]
        if not rest:
            raise Refusal(SW.OUTSIDE_FILE)
        if self.quirks.exact_le and command.ne > len(rest) and not command.extended:
            raise Refusal(wrong_le(len(rest)))
        return rest[: command.ne]

    def _verify(self, command: Command) -> bytes:
        if command.p1:
            raise Refusal(SW.WRONG_P1_P2)
        pin = self._referenced(command.p2)
        if not isinstance(pin, Pin):
            raise Refusal(SW.INCOMPATIBLE_FILE)
        if command.ne is not None:
            raise Refusal(SW.WRONG_LENGTH)
        status = self._status()
        if not command.data:
            verified = status in self._verified and self.quirks.verified_as_9000
            raise Refusal(SW.OK if verified else self._tries(pin))
        if not pin.left:
            raise Refusal(self._tries(pin))
        if not hmac.compare_digest(command.data, pin.value):
            pin.left -= 1
            self._verified.discard(status)
            raise Refusal(tries_left(pin.left))
        pin.left = pin.limit
        self._verified.add(status)
        return b""

    def _sign(self, command: Command) -> bytes:
        if command.p1 not in set(Scheme) or (command.p1 and not self.quirks.schemes):
            raise Refusal(SW.WRONG_P1_P2)
        key = self._referenced(command.p2)
        if not isinstance(key, Key):
            raise Refusal(SW.INCOMPATIBLE_FILE)
        self._require(key.guard)
        scheme = Scheme(command.p1)
        if not _fits(scheme, len(command.data)) or command.ne is None:
            raise Refusal(SW.WRONG_LENGTH)
        if command.ne < _MODULUS:
            raise Refusal(wrong_le(_MODULUS))
        return _signature(key.private, scheme, command.data)

    @property
    def _application(self) -> Application:
        return self.applications[self._aid] if self._aid is not None else {}

    def _current(self) -> File:
        if self._fid is None:
            raise Refusal(SW.NO_CURRENT_EF)
        return self._application[self._fid]

    def _referenced(self, p2: int) -> File:
        """Find what P2 names: 80 the selected file, 80|SFI another, which becomes the selected one."""
        if not p2 & 0x80 or p2 & 0x60 or (p2 & 0x1F and not self.quirks.sfi):
            raise Refusal(SW.WRONG_P1_P2)
        if p2 & 0x1F:
            self._select_short(p2 & 0x1F, SW.REFERENCE_NOT_FOUND)
        return self._current()

    def _select_short(self, sfi: int, missing: SW) -> None:
        if sfi not in self._application:
            raise Refusal(missing)
        self._fid = sfi

    def _status(self, fid: int | None = None) -> tuple[bytes, int]:
        chosen = self._fid if fid is None else fid
        if self._aid is None or chosen is None:
            raise Refusal(SW.NO_CURRENT_EF)
        return self._aid, chosen

    def _require(self, guard: int | None) -> None:
        if guard is not None and self._status(guard) not in self._verified:
            raise Refusal(SW.SECURITY_STATUS)

    def _tries(self, pin: Pin) -> int:
        if pin.left:
            return tries_left(pin.left)
        return tries_left(0) if self.quirks.blocked_as_63c0 else SW.BLOCKED


def _fits(scheme: Scheme, length: int) -> bool:
    if scheme is Scheme.PKCS1_VERBATIM:
        return 1 <= length <= _LONGEST
    if scheme in (Scheme.PKCS1_PREHASHED, Scheme.PSS_PREHASHED):
        return length == hashes.SHA256.digest_size
    return length > 0


def _signature(key: RSAPrivateKey, scheme: Scheme, data: bytes) -> bytes:
    prehashed = Prehashed(hashes.SHA256())
    match scheme:
        case Scheme.PKCS1_VERBATIM:
            return _sign_block(key, data)
        case Scheme.PKCS1_BARE_HASH:
            return _sign_block(key, hashlib.sha256(data).digest())
        case Scheme.PKCS1_PREHASHED:
            return key.sign(data, padding.PKCS1v15(), prehashed)
        case Scheme.PKCS1:
            return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        case Scheme.PSS_PREHASHED | Scheme.PSS:
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size)
            return key.sign(data, pss, prehashed if scheme is Scheme.PSS_PREHASHED else hashes.SHA256())


def _sign_block(key: RSAPrivateKey, data: bytes) -> bytes:
    """Pad what was given, whatever it is, as PKCS#1 v1.5 block type 1 and raise it to d (RFC 8017, 9.2 from step 4)."""
    block = b"\x00\x01" + b"\xff" * (_MODULUS - 3 - len(data)) + b"\x00" + data
    private = key.private_numbers()
    signature = pow(int.from_bytes(block), private.d, private.public_numbers.n)
    return signature.to_bytes(_MODULUS)
