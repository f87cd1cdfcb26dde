"""Certificates that are nearly right, also such as the authority really signed: only the room's own errors, never a wrong yes."""

import contextlib
import functools
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import strategies as st

from simulators.authority import Authority as Issuer
from stb_agent.card import errors
from stb_agent.card.certificate import Authority, Environment, Trust
from tests.support.fuzz import fuzz, nearly

# cryptography's own word about certificates that RFC 5280 forbids; the room refuses them.
pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
ALGORITHM = bytes.fromhex("300D06092A864886F70D01010B0500")
"""sha256WithRSAEncryption (RFC 8017, A.2.4)."""


def der(tag: int, value: bytes) -> bytes:
    """Write one value (X.690, 8.1)."""
    size = len(value)
    length = bytes((size,)) if size < 0x80 else bytes((0x82, size >> 8, size & 0xFF))
    return bytes((tag,)) + length + value


@functools.cache
def residents() -> tuple[x509.Certificate, x509.Certificate]:
    """Give a simulated resident's certificate, and its issuer's."""
    with tempfile.TemporaryDirectory() as folder:
        issuer = Issuer.open(Path(folder), now=NOW)
        return x509.load_der_x509_certificate(issuer.identity("linked").der), issuer.certificate


@functools.cache
def authority() -> tuple[RSAPrivateKey, x509.Certificate]:
    """Make an authority of the simulated one's name, whose key the test has."""
    key = generate_private_key(65537, 2048)
    name = residents()[1].subject
    start, end = NOW - timedelta(3000), NOW + timedelta(3000)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, start, end)
    return key, builder.add_extension(x509.BasicConstraints(True, None), critical=True).sign(key, hashes.SHA256())


@functools.cache
def bodies() -> list[bytes]:
    """Make what of certificates is signed: of the least that there is, and of all that a resident's has."""
    key, ca = authority()
    policy = x509.PolicyInformation(x509.ObjectIdentifier("1.2.392.200149.8.5.1.0.30"), None)
    builder = x509.CertificateBuilder(
        ca.subject, ca.subject, key.public_key(), 0x12D57CA, NOW - timedelta(30), NOW + timedelta(30)
    )
    builder = builder.add_extension(x509.KeyUsage(True, *[False] * 8), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    builder = builder.add_extension(x509.CertificatePolicies([policy]), critical=True)
    return [builder.sign(key, hashes.SHA256()).tbs_certificate_bytes, residents()[0].tbs_certificate_bytes]


@functools.cache
def trusts() -> list[Trust]:
    """Give the trust of boxes of every kind."""
    _, ca = authority()
    return [Trust(()), *(Trust((Authority(ca, it),)) for it in (Environment.TEST, Environment.PRIVATE))]


def signed(body: bytes) -> bytes:
    """Have the authority sign a body, whatever it is."""
    inner = der(0x30, body[4:]) if body[:2] == b"0\x82" else body
    signature = authority()[0].sign(inner, PKCS1v15(), hashes.SHA256())
    return der(0x30, inner + ALGORITHM + der(0x03, b"\0" + signature))


def check(data: bytes) -> None:
    """Check, and use what passed."""
    for trust in trusts():
        with contextlib.suppress(errors.CardError):
            certificate = trust.check(data, NOW)
            assert isinstance(certificate.days_left(NOW), int)
            assert len(certificate.link_handle(b"k")) == 64
            assert not certificate.verifies(bytes(256), b"data")
            assert repr(certificate) == "<AuthenticationCertificate>"


def test_the_samples_pass(share: float) -> None:
    assert all(trust.check(signed(it), NOW) for it in bodies() for trust in trusts()[1:])


@fuzz(st.deferred(lambda: nearly(bodies())))
def test_a_signed_certificate_passes_or_is_named(body: bytes) -> None:
    check(signed(body))


@fuzz(st.deferred(lambda: nearly([signed(it) for it in bodies()])))
def test_a_changed_certificate_never_passes(data: bytes) -> None:
    genuine = [signed(it) for it in bodies()]
    for trust in trusts():
        with contextlib.suppress(errors.CardError):
            # DER has one form: what passes is the very thing that was signed.
            assert trust.check(data, NOW).der in genuine
    check(data)


@fuzz(st.binary(max_size=64))
def test_other_bytes_are_no_certificate(data: bytes) -> None:
    for trust in trusts():
        with contextlib.suppress(errors.CardError):
            raise AssertionError(trust.check(data, NOW))


@fuzz(st.deferred(lambda: nearly([authority()[1].public_bytes(Encoding.PEM), b""])))
def test_a_file_of_anchors_is_one_or_is_refused(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ca.pem"
        path.write_bytes(data)
        for environment in Environment:
            with contextlib.suppress(errors.CardError):
                assert Trust.load([path], environment).authorities
