"""The certificate profile: names and extensions.

Modelled on J-LIS, "Profile specification of the JPKI certificates" (j-lis.go.jp, 13_profile_genkou.pdf) and on
published test vectors (my-number/my-number, src/test_vector). Everything that could be mistaken for the real
authority says TEST, and every address ends in .example (RFC 2606), so that nothing here can reach J-LIS.
"""

import base64
import hashlib
from datetime import datetime
from enum import Enum

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import oid

from simulators.authority.people import Resident

_JPKI = "1.2.392.200149.8.5"
_CPS = "http://www.jpki-test.example/cps.html"
_OCSP = "http://ocspauthnorm.jpki-test.example"


class Purpose(Enum):
    """What the certificates of an authority are for; the value is its organisational unit."""

    AUTHENTICATION = "JPKI for user authentication"
    SIGNATURE = "JPKI for digital signature"


POLICY = {
    Purpose.AUTHENTICATION: x509.ObjectIdentifier(f"{_JPKI}.1.0.30"),
    Purpose.SIGNATURE: x509.ObjectIdentifier(f"{_JPKI}.1.0.20"),
}
"""Test policies: the arc 1.0 where the production certificates have 1.3 and 1.1."""

_JAPANESE = {
    Purpose.AUTHENTICATION: "公的個人認証サービス利用者証明用(試験)",
    Purpose.SIGNATURE: "公的個人認証サービス署名用(試験)",
}


def _name(*parts: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in parts])


def issuer_name(purpose: Purpose) -> x509.Name:
    """Name the authority; all generations share the name, as the real ones do."""
    return _name(
        (oid.NameOID.COUNTRY_NAME, "JP"),
        (oid.NameOID.ORGANIZATION_NAME, "JPKI-TEST"),
        (oid.NameOID.ORGANIZATIONAL_UNIT_NAME, purpose.value),
        (oid.NameOID.ORGANIZATIONAL_UNIT_NAME, "Japan Agency for Local Authority Information Systems"),
    )


def _japanese_name(purpose: Purpose) -> x509.DirectoryName:
    return x509.DirectoryName(
        _name(
            (oid.NameOID.COUNTRY_NAME, "JP"),
            (oid.NameOID.ORGANIZATION_NAME, _JAPANESE[purpose]),
            (oid.NameOID.ORGANIZATIONAL_UNIT_NAME, "地方公共団体情報システム機構(試験)"),
        )
    )


def common_name(key: RSAPublicKey, municipality: str) -> str:
    """Make a CN of the real shape: 14 alphanumerics (of the key's hash), municipality (5), `003A`."""
    digest = hashlib.sha256(x509.SubjectKeyIdentifier.from_public_key(key).digest).digest()
    return base64.b32encode(digest).decode("ascii")[:14] + municipality + "003A"


def _key_usage(**used: bool) -> x509.KeyUsage:
    kinds = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement"
        " key_cert_sign crl_sign encipher_only decipher_only"
    )
    return x509.KeyUsage(**{kind: used.get(kind, False) for kind in kinds.split()})


def authority_certificate(
    purpose: Purpose, key: RSAPublicKey, serial: int, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    """Describe a self-signed root."""
    name = issuer_name(purpose)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key)
    return (
        x509.CertificateBuilder(name, name, key, serial, start, end)
        .add_extension(_key_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([_japanese_name(purpose)]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier(identifier.digest, None, None), critical=False)
        .add_extension(identifier, critical=False)
    )


def responder_certificate(issuer: x509.Certificate, key: RSAPublicKey, serial: int) -> x509.CertificateBuilder:
    """Describe who answers for an authority by OCSP (RFC 6960, clause 4.2.2.2), as long as it lives itself; nobody need ask about it."""
    subject = x509.Name([*issuer.subject, x509.NameAttribute(oid.NameOID.COMMON_NAME, "OCSP responder")])
    issuer_key = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        x509.CertificateBuilder(
            issuer.subject, subject, key, serial, issuer.not_valid_before_utc, issuer.not_valid_after_utc
        )
        .add_extension(_key_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([oid.ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
        .add_extension(x509.OCSPNoCheck(), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_key), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def resident_certificate(
    purpose: Purpose, issuer: x509.Certificate, key: RSAPublicKey, resident: Resident, serial: int,
    start: datetime, end: datetime,
) -> x509.CertificateBuilder:  # fmt: skip
    """Describe a resident's certificate; only the signature certificate holds personal data."""
    subject = _name(
        (oid.NameOID.COUNTRY_NAME, "JP"),
        (oid.NameOID.COMMON_NAME, common_name(key, resident.municipality)),
    )
    policy = x509.PolicyInformation(POLICY[purpose], [_CPS])
    issuer_key = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = x509.CertificateBuilder(issuer.subject, subject, key, serial, start, end)
    if purpose is Purpose.AUTHENTICATION:
        builder = builder.add_extension(_key_usage(digital_signature=True), critical=True).add_extension(
            x509.ExtendedKeyUsage([oid.ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
    else:
        builder = builder.add_extension(
            _key_usage(digital_signature=True, content_commitment=True), critical=True
        ).add_extension(_personal_data(resident), critical=False)
    return (
        builder.add_extension(x509.CertificatePolicies([policy]), critical=True)
        .add_extension(x509.IssuerAlternativeName([_japanese_name(purpose)]), critical=False)
        .add_extension(_distribution_point(purpose, resident), critical=False)
        .add_extension(
            x509.AuthorityInformationAccess(
                [x509.AccessDescription(oid.AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(_OCSP))]
            ),
            critical=False,
        )
        .add_extension(
            x509.AuthorityKeyIdentifier(issuer_key.digest, [x509.DirectoryName(issuer.issuer)], issuer.serial_number),
            critical=False,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _distribution_point(purpose: Purpose, resident: Resident) -> x509.CRLDistributionPoints:
    name = _name(
        (oid.NameOID.COUNTRY_NAME, "JP"),
        (oid.NameOID.ORGANIZATION_NAME, "JPKI-TEST"),
        (oid.NameOID.ORGANIZATIONAL_UNIT_NAME, purpose.value),
        (oid.NameOID.ORGANIZATIONAL_UNIT_NAME, "CRL Distribution Points"),
        (oid.NameOID.ORGANIZATIONAL_UNIT_NAME, resident.prefecture),
        (oid.NameOID.COMMON_NAME, f"{resident.city} CRLDP"),
    )
    return x509.CRLDistributionPoints([x509.DistributionPoint([x509.DirectoryName(name)], None, None, None)])


def _personal_data(resident: Resident) -> x509.SubjectAlternativeName:
    birth = f"{_era(resident)}{resident.birth:%Y%m%d}"
    values = {1: resident.full_name, 3: resident.sex, 4: birth, 5: resident.address}
    return x509.SubjectAlternativeName(
        [x509.OtherName(x509.ObjectIdentifier(f"{_JPKI}.5.{arc}"), _utf8_string(text)) for arc, text in values.items()]
    )


def _era(resident: Resident) -> int:
    # 4 = Heisei and 3 = Showa in the national registers' coding of eras.
    return 4 if resident.birth.year >= 1989 else 3


def _utf8_string(text: str) -> bytes:
    value = text.encode()
    if len(value) > 0x7F:
        raise ValueError(f"too long for a short DER length: {text!r}")
    return bytes([0x0C, len(value)]) + value
