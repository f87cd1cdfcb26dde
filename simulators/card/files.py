"""What a card holds: applications, and in them files, PINs and keys.

Identifiers: OpenSC src/libopensc/jpki.h; jpki/myna; soltia48/myna-card.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

JPKI = bytes.fromhex("D392F000260100000001")
TEXT = bytes.fromhex("D3921000310001010408")
"""Card face input support; EF 0001 is the individual number."""
SURFACE = bytes.fromhex("D3921000310001010402")
"""Card face verification; EF 0005 is a picture of the individual number."""
RESIDENT = bytes.fromhex("D3921000310001010401")
"""Basic resident register; holds the resident code."""
COMMON = bytes.fromhex("D3921000310001010100")

FORBIDDEN = (TEXT, SURFACE, RESIDENT, COMMON)
"""Applications a household's television has no business with."""

AUTHENTICATION_PIN, SIGNATURE_PIN = 0x0018, 0x001B
AUTHENTICATION_KEY, SIGNATURE_KEY = 0x0017, 0x001A
AUTHENTICATION_CERTIFICATE, SIGNATURE_CERTIFICATE = 0x000A, 0x0001
AUTHENTICATION_AUTHORITY, SIGNATURE_AUTHORITY = 0x000B, 0x0002
LABEL, AVAILABILITY = 0x0006, 0x0008
PADDING = 0x0009
"""Sixteen octets FF, of no known use."""
OPAQUE = (0x0005, 0x0010, 0x0016, 0x0019, 0x001C, 0x001E)
"""Files that can be selected and of which nothing else is known, among them the terminal authority's key (0016)."""


@dataclass(frozen=True)
class Binary:
    """A transparent file; `guard` is the PIN that must have been verified to read it."""

    content: bytes
    guard: int | None = None


@dataclass(frozen=True)
class Key:
    """A private key; `guard` is the PIN that must have been verified to use it."""

    private: RSAPrivateKey = field(repr=False)
    guard: int


@dataclass
class Pin:
    """A PIN and its retry counter, the one thing on the card that outlives power."""

    value: bytes = field(repr=False)
    limit: int
    left: int


@dataclass(frozen=True)
class Opaque:
    """A file that is there and lets nobody do anything with it."""


File = Binary | Key | Pin | Opaque
Application = Mapping[int, File]


def individual_number_applications(pin: bytes) -> dict[bytes, Application]:
    """Make the applications that no request may reach; they answer, so that one which does is seen to.

    The number in them is twelve zeros, which is nobody's: its check digit is wrong.
    """
    number = b"\xff\x10\x0c" + b"0" * 12
    return {
        TEXT: {0x0001: Binary(number, 0x0011), 0x0005: Binary(b"\xff\x40\x00"), 0x0011: Pin(pin, 3, 3)},
        SURFACE: {0x0005: Binary(number, 0x0013), 0x0013: Pin(b"0" * 12, 10, 10)},
        RESIDENT: {0x0001: Binary(b"0" * 11, 0x001C), 0x001C: Pin(pin, 3, 3)},
        COMMON: {0x0001: Binary(b"\xff" * 16)},
    }
