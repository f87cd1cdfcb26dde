import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import oid

from simulators.authority import DEFAULT, PEOPLE, POLICY, Authority, AuthorityError, Purpose, Resident

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.open(tmp_path_factory.mktemp("authority"), now=NOW)


def test_a_root_signs_itself_and_says_that_it_is_a_test(authority: Authority) -> None:
    root = authority.certificate
    root.verify_directly_issued_by(root)
    assert root.subject.rfc4514_string() == (
        "OU=Japan Agency for Local Authority Information Systems,OU=JPKI for user authentication,O=JPKI-TEST,C=JP"
    )
    usage = root.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.key_cert_sign
    assert usage.value.crl_sign
    assert not usage.value.digital_signature
    assert root.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert x509.load_pem_x509_certificate(authority.certificate_pem) == root


def test_a_certificate_has_the_profile_of_jpki(authority: Authority) -> None:
    certificate = authority.identity("linked").certificate
    certificate.verify_directly_issued_by(authority.certificate)
    assert isinstance(key := certificate.public_key(), RSAPublicKey)
    assert (key.key_size, key.public_numbers().e) == (2048, 65537)
    country, name = certificate.subject
    assert (country.oid, country.value) == (oid.NameOID.COUNTRY_NAME, "JP")
    assert name.oid == oid.NameOID.COMMON_NAME
    assert re.fullmatch(r"[0-9A-Z]{14}[0-9]{5}003A", str(name.value))
    found = {extension.oid: extension for extension in certificate.extensions}
    assert set(found) == {
        oid.ExtensionOID.KEY_USAGE,
        oid.ExtensionOID.EXTENDED_KEY_USAGE,
        oid.ExtensionOID.CERTIFICATE_POLICIES,
        oid.ExtensionOID.ISSUER_ALTERNATIVE_NAME,
        oid.ExtensionOID.CRL_DISTRIBUTION_POINTS,
        oid.ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
        oid.ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        oid.ExtensionOID.SUBJECT_KEY_IDENTIFIER,
    }
    critical = {o for o, extension in found.items() if extension.critical}
    assert critical == {oid.ExtensionOID.KEY_USAGE, oid.ExtensionOID.CERTIFICATE_POLICIES}
    (policy,) = found[oid.ExtensionOID.CERTIFICATE_POLICIES].value
    assert policy.policy_identifier == POLICY[Purpose.AUTHENTICATION]
    (point,) = found[oid.ExtensionOID.CRL_DISTRIBUTION_POINTS].value
    assert [type(name) for name in point.full_name] == [x509.DirectoryName]
    key_identifier = found[oid.ExtensionOID.AUTHORITY_KEY_IDENTIFIER].value
    assert key_identifier.authority_cert_serial_number == authority.certificate.serial_number
    # 1573 octets is the published production certificate; a card's answers are as long as that.
    assert 1500 < len(authority.identity("linked").der) < 1650


def test_only_the_signature_certificate_tells_who_it_is(authority: Authority) -> None:
    other = Authority.open(authority.folder / "signature", now=NOW, purpose=Purpose.SIGNATURE)
    name = "縁側 さくら".encode()
    assert name in other.identity("expired").der
    assert name not in authority.identity("expired").der


def test_who_has_to_renew_soon_has_forty_days_left(authority: Authority) -> None:
    left = authority.identity("ending").certificate.not_valid_after_utc - NOW
    assert timedelta(days=38) < left < timedelta(days=42)


@pytest.mark.parametrize("name", [*sorted(set(PEOPLE) - {"ending"}), "anybody"])
def test_a_certificate_ends_with_a_birthday_in_japan(authority: Authority, name: str) -> None:
    certificate = authority.identity(name).certificate
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    assert f"{end:%H:%M:%S}" == "14:59:59"
    assert f"{end + timedelta(hours=9):%m-%d}" == f"{PEOPLE.get(name, DEFAULT).birth:%m-%d}"
    assert timedelta(days=4 * 365) < end - start < timedelta(days=5 * 366)
    assert (end < NOW) == (name == "expired")


@pytest.mark.parametrize(
    ("birth", "issued", "end"),
    [
        (date(1950, 11, 22), datetime(2026, 11, 21, 14, 59, 59, tzinfo=UTC), datetime(2030, 11, 22, 14, 59, 59)),
        (date(1950, 11, 22), datetime(2026, 11, 21, 15, 0, 0, tzinfo=UTC), datetime(2031, 11, 22, 14, 59, 59)),
        (date(1948, 2, 29), datetime(2026, 11, 22, tzinfo=UTC), datetime(2031, 2, 28, 14, 59, 59)),
    ],
)
def test_birthdays_are_counted_in_japan(birth: date, issued: datetime, end: datetime) -> None:
    resident = Resident("", birth, "1", "", "13208", "", "", timedelta(0))
    assert resident.validity(issued) == (issued, end.replace(tzinfo=UTC))


def test_people_stay_the_same(authority: Authority) -> None:
    again = Authority.open(authority.folder, now=NOW + timedelta(days=90))
    assert again.identity("new").der == authority.identity("new").der
    assert again.identity("new").key.public_key() == again.identity("new").certificate.public_key()


def test_several_at_once_make_one_authority(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: Authority.open(tmp_path, now=NOW).identity("new").der, range(4)))
    assert len(set(made)) == 1


def test_keys_are_the_owners_alone(authority: Authority) -> None:
    authority.identity("linked")
    keys = list(authority.folder.rglob("*.key"))
    assert len(keys) >= 2
    assert {path.stat().st_mode & 0o777 for path in keys} == {0o600}


def test_generations_share_their_name_and_serials_and_nothing_else(authority: Authority, tmp_path: Path) -> None:
    second = Authority.open(tmp_path, now=NOW, generation=2)
    assert second.certificate.subject == authority.certificate.subject
    ours = authority.issue("new", not_before=NOW, not_after=NOW + timedelta(days=1), serial=77)
    theirs = second.issue("new", not_before=NOW, not_after=NOW + timedelta(days=1), serial=77)
    assert ours.certificate.serial_number == theirs.certificate.serial_number == 77
    assert ours.certificate.issuer == theirs.certificate.issuer
    with pytest.raises(InvalidSignature):
        ours.certificate.verify_directly_issued_by(second.certificate)
    with pytest.raises(AuthorityError) as caught:
        Authority.open(tmp_path, now=NOW, generation=3)
    assert caught.value.code == "authority.mismatch"


def test_serials_run(authority: Authority) -> None:
    end = NOW + timedelta(days=1)
    first, second = (authority.issue("x", not_before=NOW, not_after=end).certificate.serial_number for _ in "ab")
    assert second == first + 1


@pytest.mark.parametrize("name", ["../ca", "", "A", "a/b", ".lock"])
def test_a_name_cannot_leave_the_folder(authority: Authority, name: str) -> None:
    with pytest.raises(AuthorityError):
        authority.identity(name)
