"""How the validation service names an issuer."""

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from simulators.tokens import sha256_b64url


def issuer_key(issuer: x509.Certificate) -> str:
    """Hash the issuer's public key (SPKI, DER) with SHA-256, as base64url."""
    return sha256_b64url(issuer.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
