"""What a phone's page does with a hand-off, without a browser."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

import aiohttp
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc.util import urlsafe_b64decode

from stb_agent.cable_id.dpop import base64url
from stb_agent.cable_id.handoff import derived


def sealed(key: bytes, id_: str, text: str, most: int) -> dict[str, str]:
    """Seal a text, as the body of the phone's request."""
    nonce, padded = os.urandom(12), text.encode().ljust(4 * most, b"\0")
    aes = AESGCM(derived(key, "text", id_, 32))
    return {"sealed": base64url(nonce + aes.encrypt(nonce, padded, f"chanoma handoff 1|{id_}".encode()))}


async def write(address: str, text: str, most: int) -> int:
    """Do what the QR code at ``address`` leads to; give the platform's status."""
    parts = urlsplit(address)
    id_, _, key = parts.fragment.partition(".")
    to = f"{parts.scheme}://{parts.netloc}/handoff/{id_}"
    body = sealed(urlsafe_b64decode(key.encode()), id_, text, most)
    async with aiohttp.ClientSession() as http, http.post(to, json=body) as reply:
        return reply.status
