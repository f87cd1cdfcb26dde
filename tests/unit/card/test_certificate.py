from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.authority import Authority as Issuer
from stb_agent.card import errors
from stb_agent.card.certificate import Authority, Environment, Trust

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
PRODUCTION = "1.2.392.200149.8.5.1.3.30"


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"usage": ("digital_signature", "content_commitment")}, "key_usage"),
        ({"usage": ("key_encipherment",)}, "key_usage"),
        ({"usage": ("digital_signature", "key_cert_sign")}, "key_usage"),
        ({"client": False}, "extended_key_usage"),
        ({"policy": PRODUCTION}, "policy"),
        ({"policy": "1.2.392.200149.8.5.1.1.20"}, "policy"),
        ({"policy": "1.2.392.200149.8.5.11.0"}, "policy"),
        ({"policy": None}, "policy"),
        ({"extra": ((x509.OCSPNoCheck(), True),)}, "critical_extension"),
    ],
)
def test_what_does_not_fit_the_profile_is_named(make, wrong, what):
    with pytest.raises(errors.CertificateProfile) as error:
        make.trust().check(make(**wrong), NOW)
    assert error.value.args_ == {"what": what}


def test_keys_and_hashes_of_another_kind_are_refused(make):
    for key in (ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 1024)):
        with pytest.raises(errors.CertificateProfile, match=r"what=key$"):
            make.trust().check(make(key=key), NOW)
    with pytest.raises(errors.CertificateProfile, match="what=signature_algorithm"):
        make.trust().check(make(digest=hashes.SHA224()), NOW)


def test_the_next_cards_certificate_is_checked_and_verifies_nothing_yet(make):
    """P-384 and SHA-384, as announced for the card of 2028."""
    certificate = make.trust().check(make(key=make.ec_key, digest=hashes.SHA384()), NOW)
    assert not certificate.signs
    assert not certificate.verifies(make.ec_key.sign(b"data", ec.ECDSA(hashes.SHA384())), b"data")
    with pytest.raises(errors.CertificateUntrusted):
        make.trust().check(make(key=make.ec_key, ca_key=make.key), NOW)
    assert make.trust().check(make(), NOW).signs


def test_production_and_test_are_never_mixed(make):
    test, production = make.trust(), make.trust(Environment.PRODUCTION)
    test.check(make(), NOW)
    production.check(make(policy=PRODUCTION), NOW)
    for trust, policy in ((production, None), (test, PRODUCTION)):
        with pytest.raises(errors.CertificateProfile, match="policy"):
            trust.check(make(policy=policy) if policy else make(), NOW)
    other = Trust((Authority(make.namesake, Environment.PRODUCTION),))
    with pytest.raises(errors.AnchorsMixed):
        test + other


@pytest.mark.parametrize("environment", Environment)
@pytest.mark.parametrize("organization", ["JPKI", "JPKI-TEST", "OTHER"])
def test_an_authoritys_file_in_the_wrong_folder_is_noticed(make, environment, organization):
    """Whatever the configuration calls it: its own name tells whose cards it issues."""
    one = Authority(make.authority(make.ca_key, organization), environment)
    for beside, foreign in ((Environment.PRODUCTION, "JPKI-TEST"), (Environment.TEST, "JPKI")):
        company = make.trust(beside)
        mixed = organization == foreign or {beside, environment} == {Environment.PRODUCTION, Environment.TEST}
        mixed |= (environment, organization) in ((Environment.PRODUCTION, "JPKI-TEST"), (Environment.TEST, "JPKI"))
        try:
            assert not mixed, Trust((one,)) + company
        except errors.AnchorsMixed:
            assert mixed


@pytest.mark.parametrize(
    ("environment", "organization", "error"),
    [
        (Environment.PRODUCTION, "JPKI-TEST", errors.TestCard),
        (Environment.TEST, "JPKI", errors.RealCard),
        (Environment.PRODUCTION, "JPKI", errors.CertificateUntrusted),
        (Environment.TEST, "JPKI-TEST", errors.CertificateUntrusted),
        (Environment.PRIVATE, "JPKI-TEST", errors.CertificateUntrusted),
        (Environment.PRODUCTION, "OTHER", errors.CertificateUntrusted),
    ],
)
def test_a_card_of_the_other_world_is_named_as_one(make, environment, organization, error):
    with pytest.raises(errors.CardError) as caught:
        make.trust(environment).check(make(ca_key=make.key, issuer=make.name("authority", organization)), NOW)
    assert type(caught.value) is error


def test_an_operators_own_authority_may_leave_out_the_policy_and_nothing_else(make):
    private = make.trust(Environment.PRIVATE)
    for policy in (None, "1.2.3"):
        private.check(make(policy=policy), NOW)
    with pytest.raises(errors.CertificateProfile, match="key_usage"):
        private.check(make(policy=None, usage=("key_encipherment",)), NOW)
    with pytest.raises(errors.CertificateUntrusted):
        private.check(make(policy=None, ca_key=make.key), NOW)


def test_the_key_of_an_authority_counts_and_not_its_name(make):
    namesake = Trust((Authority(make.namesake, Environment.TEST),))
    with pytest.raises(errors.CertificateUntrusted):
        namesake.check(make(), NOW)
    with pytest.raises(errors.CertificateUntrusted):
        Trust(()).check(make(), NOW)
    assert make.trust().check(make(), NOW).link_handle(b"k") == (namesake + make.trust()).check(
        make(), NOW
    ).link_handle(b"k")


def test_dates(make):
    with pytest.raises(errors.CertificateExpired):
        make.trust().check(make(end=NOW - timedelta(seconds=1)), NOW)
    with pytest.raises(errors.CertificateNotYet):
        make.trust().check(make(start=NOW + timedelta(seconds=1)), NOW)
    assert make.trust().check(make(), NOW).days_left(NOW) == 30


def test_an_authority_out_of_date_vouches_for_nothing_that_outlives_it(make):
    end = make.ca.not_valid_after_utc
    later = make(end=end + timedelta(10))
    make.trust().check(later, NOW)
    with pytest.raises(errors.CertificateUntrusted):
        make.trust().check(later, end + timedelta(5))


def test_the_link_handle_depends_on_issuer_serial_and_key(make):
    def handle(trust: Trust, der: bytes, key: bytes) -> str:
        return trust.check(der, NOW).link_handle(key)

    namesake = Trust((Authority(make.namesake, Environment.TEST),))
    base = handle(make.trust(), make(), b"k")
    assert base == handle(make.trust(), make(end=NOW + timedelta(9)), b"k")
    others = {
        handle(make.trust(), make(), b"l"),
        handle(make.trust(), make(serial=0x12D57CB), b"k"),
        handle(namesake, make(ca_key=make.key), b"k"),
    }
    assert len(others | {base}) == 4
    assert f"{0x12D57CA:x}" not in base


def test_the_person_is_not_shown(make):
    assert repr(make.trust().check(make(), NOW)) == "<AuthenticationCertificate>"


def test_a_card_of_the_simulated_authority_fits(tmp_path: Path):
    issuer = Issuer.open(tmp_path / "authority", now=NOW)
    (tmp_path / "anchors").mkdir()
    (tmp_path / "anchors" / "a.pem").write_bytes(issuer.certificate_pem)
    trust = Trust.load([tmp_path / "anchors"], Environment.TEST)
    assert trust == Trust.load([tmp_path / "anchors" / "a.pem"], Environment.TEST)
    assert trust.check(issuer.identity("new").der, NOW).days_left(NOW) > 0
    with pytest.raises(errors.CertificateExpired):
        trust.check(issuer.identity("expired").der, NOW)


def test_a_file_that_holds_no_authority_is_named(tmp_path: Path, make):
    for content in (b"", b"junk", x509.load_der_x509_certificate(make()).public_bytes(Encoding.PEM)):
        file = tmp_path / "wrong.pem"
        file.write_bytes(content)
        with pytest.raises(errors.AnchorInvalid, match=r"wrong\.pem"):
            Trust.load([tmp_path], Environment.TEST)
    with pytest.raises(errors.AnchorInvalid):
        Trust.load([tmp_path / "missing.pem"], Environment.TEST)


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@settings(max_examples=300, deadline=None)
@given(st.data())
def test_of_a_damaged_certificate_only_own_errors_come_out(make, data):
    der = bytearray(_DER.setdefault(0, make()))
    for _ in range(data.draw(st.integers(1, 4))):
        der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del der[data.draw(st.integers(0, len(der))) :]
    try:
        make.trust().check(bytes(der), NOW)
    except errors.CertificateError:
        return
    assert der == _DER[0]


_DER: dict[int, bytes] = {}
