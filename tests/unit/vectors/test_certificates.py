"""The card's certificate check and the platform's against public certificates (docs/vectors.md): cryptography_vectors, NIST's PKITS in it."""

import base64
import binascii
import contextlib
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from simulators.platform import trust
from stb_agent.card import certificate as product
from stb_agent.card import errors
from stb_agent.card.certificate import Authority, Environment, Trust
from tests.unit.vectors.conftest import PKITS, ROOT, records

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
"""What is wrong with them is why they are here."""
NOW = datetime(2026, 11, 23, tzinfo=UTC)
FILES = sorted(
    it for it in (ROOT / "x509").rglob("*") if it.suffix in (".pem", ".der", ".crt") and "ocsp" not in it.parts
)


def ders(file: Path) -> list[bytes]:
    """Give the certificate of a file as it is, however broken; other PEM objects are bytes all the same."""
    data = file.read_bytes()
    if b"-----BEGIN" not in data:
        return [data]
    bodies = re.findall(rb"-----BEGIN [A-Z0-9 ]+-----\s+(.*?)-----END", data, re.S)
    found = []
    for body in bodies:
        with contextlib.suppress(binascii.Error):  # lines that are none of base64's
            found.append(base64.b64decode(re.sub(rb"\s", b"", body)))
    return found


def pkits(name: str) -> x509.Certificate:
    return x509.load_der_x509_certificate((PKITS / "certs" / f"{name}.crt").read_bytes())


def test_no_foreign_certificate_is_a_card_and_none_is_more_than_refused() -> None:
    assert len(FILES) > 500
    every = [Trust.shipped(Environment.PRODUCTION), Trust.shipped(Environment.TEST)]
    refused = 0
    for file in FILES:
        for der in ders(file):
            for one in every:
                with pytest.raises(errors.CardError):
                    one.check(der, NOW)
            refused += 1
            product.days_until_end(der, NOW)
    assert refused > 500


def test_nor_at_the_platform() -> None:
    own = x509.load_pem_x509_certificate(
        next((Path(product.__file__).with_name("authorities") / "test").glob("*.pem")).read_bytes()
    )
    asked = trust.Trust.of(own, [pkits("TrustAnchorRootCertificate")])
    taken = []
    for file in FILES:
        for der in ders(file):
            try:
                certificate = x509.load_der_x509_certificate(der)
            except (ValueError, x509.InvalidVersion):
                continue
            try:
                asked.issuer(certificate, NOW)
            except trust.Doubtful:
                continue
            taken.append(file.name)
    # An authority without a profile of its own may issue what names no extended use; none of PKITS's end entities is for signing in alone.
    assert taken == []


ISSUED = [
    ("GoodCACert", "ValidCertificatePathTest1EE", "key_usage"),
    ("GoodCACert", "InvalidEESignatureTest3EE", None),
    ("BadSignedCACert", "InvalidCASignatureTest2EE", "key_usage"),  # the anchor is taken on the operator's word
    ("GoodCACert", "InvalidNameChainingTest1EE", None),
    ("GoodCACert", "InvalidRevokedEETest3EE", "key_usage"),  # revocation is the platform's to ask
    ("TrustAnchorRootCertificate", "InvalidUnknownCriticalCertificateExtensionTest2EE", "critical_extension"),
    ("TrustAnchorRootCertificate", "ValidUnknownNotCriticalCertificateExtensionTest1EE", "key_usage"),
    ("GoodCACert", "ValidCertificatePathTest1EE-of-another", None),
    ("TrustAnchorRootCertificate", "GoodCACert", "key_usage"),
    ("BasicSelfIssuedNewKeyCACert", "ValidBasicSelfIssuedNewWithOldTest3EE", None),
    ("DSACACert", "ValidDSASignaturesTest4EE", "signature_algorithm"),
]
"""Authority, end entity, and why it is refused: None where that is no issuer of it.

PKITS's end entities also sign for good (nonRepudiation), which our profile refuses.
"""


@pytest.mark.parametrize(("authority", "holder", "profile"), ISSUED)
def test_pkits_one_step_below_its_authority(authority: str, holder: str, profile: str | None) -> None:
    if holder.endswith("-of-another"):
        authority, holder = "TwoCRLsCACert", holder.removesuffix("-of-another")
    anchors = Trust((Authority(pkits(authority), Environment.PRIVATE),))
    with pytest.raises(errors.CardError) as told:
        anchors.check(pkits(holder).public_bytes(Encoding.DER), NOW)
    if profile is None:
        assert isinstance(told.value, errors.CertificateUntrusted)
    else:
        assert isinstance(told.value, errors.CertificateProfile)
        assert profile in str(told.value.data if hasattr(told.value, "data") else told.value.args)


@pytest.mark.parametrize(
    ("name", "past"),
    [
        ("InvalidEEnotAfterDateTest6EE", True), ("Invalidpre2000UTCEEnotAfterDateTest7EE", True),
        ("ValidGeneralizedTimenotAfterDateTest8EE", False), ("ValidGeneralizedTimenotBeforeDateTest4EE", False),
        ("Validpre2000UTCnotBeforeDateTest3EE", False),
    ],
)  # fmt: skip
def test_pkits_times(name: str, past: bool) -> None:
    days = product.days_until_end(pkits(name).public_bytes(Encoding.DER), NOW)
    assert days is not None
    assert (days < 0) == past


def test_nist_signatures_of_cards() -> None:
    """FIPS 186-3, SigVer15, RSA with SHA-256 from 2,048 bits on: what RS256 is (RFC 7518, clause 3.3)."""
    seen = {True: 0, False: 0}
    for record in records("asymmetric/RSA/FIPS_186-2/SigVer15_186-3.rsp"):
        if record.get("SHAAlg") != "SHA256" or record["section"] not in ("mod=2048", "mod=3072", "mod=4096"):
            continue
        key = rsa.RSAPublicNumbers(int(record["e"], 16), int(record["n"], 16)).public_key()
        card = product.AuthenticationCertificate(pkits("GoodCACert"), key, b"")
        good = record["Result"].startswith("P")
        size = key.key_size // 8
        signature = int(record["S"], 16).to_bytes(size, "big")
        assert card.verifies(signature, bytes.fromhex(record["Msg"])) is good, record["Result"]
        seen[good] += 1
    assert seen[True] >= 3
    assert seen[False] >= 10
