"""The least that a sign-in can cost a box: its five requests by bare aiohttp, its signatures and envelopes by bare `cryptography`.

Beside them the same JOSE objects by joserfc alone, to see what the library costs.
"""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Callable

import aiohttp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc import jwe, jws
from joserfc.jwk import ECKey, RSAKey

_SIGNATURES = 6
"""A proof and a client's assertion for each of three requests: the nonce refused, given, the tokens."""
_PROOF = b"x" * 420
_ASSERTION = b"y" * 2900
"""About as long as they are: a proof; what the card signed, its certificate in it."""
_ES256 = ec.ECDSA(hashes.SHA256())
_OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)


async def floor(issuer: str, rounds: int) -> dict[str, float]:
    """Give the milliseconds of computing that one sign-in costs at least, by part."""
    private, rsa_key = ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)
    return {
        "crypto_ms": _mean(rounds, _bare(private, rsa_key)),
        "joserfc_ms": _mean(rounds, _joserfc(private, rsa_key)),
        "http_ms": await _requests(issuer, rounds),
    }


def _mean(rounds: int, act: Callable[[], None]) -> float:
    began = time.process_time()
    for _ in range(rounds):
        act()
    return round((time.process_time() - began) * 1000 / rounds, 2)


def _bare(private: ec.EllipticCurvePrivateKey, rsa_key: rsa.RSAPrivateKey) -> Callable[[], None]:
    numbers, point = rsa_key.public_key().public_numbers(), private.public_key().public_numbers()
    statement = private.sign(_PROOF, _ES256)

    def act() -> None:
        for _ in range(_SIGNATURES):
            private.sign(_PROOF, _ES256)
        key, nonce = os.urandom(32), os.urandom(12)
        numbers.public_key().encrypt(key, _OAEP)
        AESGCM(key).encrypt(nonce, _ASSERTION, b"")
        point.public_key().verify(statement, _PROOF, _ES256)

    return act


def _joserfc(private: ec.EllipticCurvePrivateKey, rsa_key: rsa.RSAPrivateKey) -> Callable[[], None]:
    key, public = ECKey.import_key(private), RSAKey.import_key(rsa_key.public_key()).as_dict(private=False)
    point = key.as_dict(private=False)
    statement = jws.serialize_compact({"alg": "ES256"}, _PROOF, key)

    def act() -> None:
        for _ in range(_SIGNATURES):
            jws.serialize_compact({"alg": "ES256"}, _PROOF, key)
        sealing = RSAKey.import_key(public)
        jwe.encrypt_compact(
            {"alg": "RSA-OAEP-256", "enc": "A256GCM"}, _ASSERTION, sealing, algorithms=["RSA-OAEP-256", "A256GCM"]
        )
        jws.deserialize_compact(statement, ECKey.import_key(point))

    return act


async def _requests(issuer: str, rounds: int) -> float:
    """Give what it costs to open a connection and send two GETs and three forms, of about the lengths that they have."""
    form = {"client_id": "floor", "padding": base64.b64encode(os.urandom(300)).decode()}
    headers = {"DPoP": "x" * 600}
    began = time.process_time()
    for _ in range(rounds):
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
            for path in ("/.well-known/openid-configuration", "/jwks"):
                async with http.get(issuer + path) as answer:
                    await answer.read()
            for _ in range(3):
                async with http.post(issuer + "/card-nonce", data=form, headers=headers) as answer:
                    await answer.read()
    return round((time.process_time() - began) * 1000 / rounds, 2)
