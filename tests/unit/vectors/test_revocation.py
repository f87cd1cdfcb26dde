"""The platform's reading of lists and OCSP responses against public ones (docs/vectors.md): PKITS, cryptography_vectors, NIST's ECDSA."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509 import ocsp as parsed

from simulators.authority import Authority
from simulators.faults import Faults
from simulators.platform import ocsp
from simulators.platform.crl import Lists
from simulators.platform.finding import Cause, Status, Unbelievable, Unreachable
from simulators.platform.trust import Anchor
from simulators.validation.ocsp import Entry, Responder, Served
from simulators.validation.ocsp import Status as Said
from tests.unit.vectors.conftest import PKITS, ROOT, records
from tests.unit.vectors.test_certificates import NOW, pkits

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
LONG = timedelta(days=40 * 365)


def look(authority: str, crl: str, holder: str) -> Status | Cause:
    """Take a list of PKITS's, and look an end entity up in it."""
    lists, anchor = Lists(), Anchor(pkits(authority))
    try:
        lists.take((PKITS / "crls" / f"{crl}.crl").read_bytes(), anchor, NOW)
        return lists.look(pkits(holder), anchor, NOW, LONG).status
    except Unbelievable as reason:
        return reason.cause


LISTS = [
    ("GoodCACert", "GoodCACRL", "ValidCertificatePathTest1EE", Status.GOOD),
    ("GoodCACert", "GoodCACRL", "InvalidRevokedEETest3EE", Status.REVOKED),
    ("TrustAnchorRootCertificate", "TrustAnchorRootCRL", "RevokedsubCACert", Status.GOOD),
    ("GoodCACert", "GoodCACRL", "RevokedsubCACert", Status.REVOKED),
    ("BadCRLSignatureCACert", "BadCRLSignatureCACRL", "InvalidBadCRLSignatureTest4EE", Cause.SIGNATURE),
    ("BadCRLIssuerNameCACert", "BadCRLIssuerNameCACRL", "InvalidBadCRLIssuerNameTest5EE", Cause.OTHER_ISSUER),
    ("WrongCRLCACert", "WrongCRLCACRL", "InvalidWrongCRLTest6EE", Cause.OTHER_ISSUER),
    ("UnknownCRLExtensionCACert", "UnknownCRLExtensionCACRL", "InvalidUnknownCRLExtensionTest10EE", Cause.MALFORMED),
    ("OldCRLnextUpdateCACert", "OldCRLnextUpdateCACRL", "InvalidOldCRLnextUpdateTest11EE", Cause.STALE),
    ("pre2000CRLnextUpdateCACert", "pre2000CRLnextUpdateCACRL", "Invalidpre2000CRLnextUpdateTest12EE", Cause.STALE),
    (
        "GeneralizedTimeCRLnextUpdateCACert", "GeneralizedTimeCRLnextUpdateCACRL",
        "ValidGeneralizedTimeCRLnextUpdateTest13EE", Status.GOOD,
    ),
    ("LongSerialNumberCACert", "LongSerialNumberCACRL", "ValidLongSerialNumberTest16EE", Status.GOOD),
    ("LongSerialNumberCACert", "LongSerialNumberCACRL", "InvalidLongSerialNumberTest18EE", Status.REVOKED),
    ("distributionPoint1CACert", "distributionPoint1CACRL", "ValiddistributionPointTest1EE", Cause.MALFORMED),
    ("onlyContainsCACertsCACert", "onlyContainsCACertsCACRL", "InvalidonlyContainsCACertsTest12EE", Cause.MALFORMED),
    ("indirectCRLCA1Cert", "indirectCRLCA1CRL", "ValidIDPwithindirectCRLTest22EE", Cause.MALFORMED),
    ("deltaCRLCA1Cert", "deltaCRLCA1deltaCRL", "ValiddeltaCRLTest2EE", Cause.MALFORMED),
]  # fmt: skip


@pytest.mark.parametrize(("authority", "crl", "holder", "told"), LISTS)
def test_pkits_lists(authority: str, crl: str, holder: str, told: Status | Cause) -> None:
    assert look(authority, crl, holder) is told


def test_an_unknown_critical_entry_is_no_good_news() -> None:
    """PKITS 4.4.9: the list marks the certificate with a critical extension that nobody knows."""
    authority, crl = "UnknownCRLEntryExtensionCACert", "UnknownCRLEntryExtensionCACRL"
    assert look(authority, crl, "InvalidUnknownCRLEntryExtensionTest8EE") in (Status.REVOKED, Cause.MALFORMED)


def test_every_list_is_read_or_refused() -> None:
    anchor, files = Anchor(pkits("GoodCACert")), [*(PKITS / "crls").iterdir(), *(ROOT / "x509" / "custom").glob("crl*")]
    taken = []
    for file in files:
        data = file.read_bytes()
        if data.startswith(b"-----"):
            try:
                data = x509.load_pem_x509_crl(data).public_bytes(serialization.Encoding.DER)
            except (ValueError, x509.InvalidVersion):
                continue
        try:
            Lists().take(data, anchor, NOW)
            taken.append(file.name)
        except Unbelievable:
            continue
    assert len(files) > 150
    assert taken == ["GoodCACRL.crl"]


RESPONSES = sorted((ROOT / "x509" / "ocsp").glob("*resp*.der"))
CARD = x509.load_pem_x509_certificate((ROOT / "x509" / "cryptography.io.pem").read_bytes())
ISSUER = x509.load_pem_x509_certificate((ROOT / "x509" / "rapidssl_sha256_ca_g3.pem").read_bytes())


@pytest.mark.parametrize("file", RESPONSES, ids=lambda it: it.name)
def test_no_response_of_others_tells_of_this_certificate(file) -> None:
    now = datetime(2018, 9, 2, tzinfo=UTC)
    with pytest.raises((Unbelievable, Unreachable)):
        ocsp.believe(file.read_bytes(), CARD, Anchor(ISSUER), b"n", now, LONG)


@pytest.mark.parametrize("name", ["resp-revoked-no-next-update.der", "resp-single-extension-reason.der"])
def test_the_right_serial_of_the_wrong_signer(name: str) -> None:
    data = (ROOT / "x509" / "ocsp" / name).read_bytes()
    response = parsed.load_der_ocsp_response(data)
    assert response.serial_number == CARD.serial_number
    with pytest.raises(Unbelievable) as told:
        ocsp.believe(data, CARD, Anchor(ISSUER), b"n", response.this_update_utc, LONG)
    assert told.value.cause in (Cause.RESPONDER, Cause.SIGNATURE, Cause.OTHER_ISSUER)


def test_every_request_is_answered(tmp_path) -> None:
    """The responder's own end: other people's questions and broken ones are refused by name, none breaks it."""
    own = Authority.open(tmp_path, now=NOW)
    served = [Served(own.certificate, own.responder())]
    responder = Responder(served, own, lambda issuer, serial: Entry(Said.GOOD), Faults(), lambda: NOW)
    status = parsed.OCSPResponseStatus
    for file in sorted((ROOT / "x509" / "ocsp").glob("*req*.der")):
        answer, said = responder.answer(file.read_bytes())
        assert said is None
        got = parsed.load_der_ocsp_response(answer).response_status
        assert got in (status.MALFORMED_REQUEST, status.UNAUTHORIZED), file.name


def test_nist_signatures_of_responders() -> None:
    """FIPS 186-3, ECDSA SigVer, P-256 with SHA-256."""
    seen = {True: 0, False: 0}
    signer = x509.CertificateBuilder(
        x509.Name([]), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "NIST")]), None, 1, NOW, NOW + LONG
    )
    for record in records("asymmetric/ECDSA/FIPS_186-3/SigVer.rsp"):
        if record["section"] != "P-256,SHA-256":
            continue
        good = record["Result"].startswith("P")
        x, y, r, s = (int(record[name], 16) for name in ("Qx", "Qy", "R", "S"))
        try:
            key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        except ValueError:
            assert not good
            continue
        certificate = signer.public_key(key).sign(ec.derive_private_key(1, ec.SECP256R1()), hashes.SHA256())
        try:
            ocsp.check(certificate, encode_dss_signature(r, s), bytes.fromhex(record["Msg"]), hashes.SHA256())
            found = True
        except Unbelievable:
            found = False
        assert found is good, record["Result"]
        seen[good] += 1
    assert seen[True] >= 3
    assert seen[False] >= 5
