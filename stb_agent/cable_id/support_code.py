"""The code by which a call centre knows this box, made without any connection (docs/cable-id-profile.md)."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from joserfc.errors import JoseError

from stb_agent.cable_id.device_key import DeviceKey
from stb_agent.cable_id.jwk import curve_key

DIGITS = 6
STEP_SECONDS = 600
"""TOTP (RFC 6238) with SHA-256 and T0 = 0; long enough to be read out on the telephone."""
_PURPOSE = b"chanoma support code 1|"


@dataclass(frozen=True)
class Code:
    """Six digits, and when they end (seconds since 1970)."""

    digits: str
    expires_at: float


def code(device: DeviceKey, platform: dict[str, str], now: float) -> Code | None:
    """Give the code of this box at ``now``; None when ``platform`` is no public P-256 key (JWK, RFC 7517)."""
    try:
        peer = curve_key(platform).public_key
    except (JoseError, ValueError, KeyError):
        return None
    if not isinstance(peer.curve, ec.SECP256R1):
        return None
    secret = device.agree(peer, _PURPOSE + device.jkt.encode("ascii"))
    digits = TOTP(secret, DIGITS, SHA256(), STEP_SECONDS).generate(int(now)).decode("ascii")
    return Code(digits, float((int(now) // STEP_SECONDS + 1) * STEP_SECONDS))
