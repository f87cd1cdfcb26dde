"""The authorities that come with Chanoma, and which of them a box lacks."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from stb_agent.card import errors
from stb_agent.card.certificate import Environment, Trust
from stb_agent.card.generations import missing
from stb_agent.contract.config import Card

# By the certificates' SHA-256; the dates are those on https://www.jpki.go.jp/ca/index.html.
PRODUCTION = {
    "4dcfc4ca0aaf9fb2a3081b3f0c991c320b3acc008667a341eeaec5af1d58ca7d": ("01", 2015, 2025),
    "0d98de47fc11b7f67126874b7028b6026a803d2638d6edfe53176953961fade6": ("133c349", 2019, 2029),
    "64114f29620c24ed2631d46476a040e7ee740d956089c00b036a6a8118c322b5": ("6d18006", 2023, 2033),
}
TEST = {
    "b6de0ff5a384f5af0242a6ca854dee57ee2cad97b341f18b914948fd8e638706": ("bfcd", 2019, 2029),
    "5a0e7d690c718fadebc7fb6eff66a6dd623458debc1aa6fb1778bfe157cbeb25": ("218887", 2023, 2033),
}
NOW = datetime(2026, 11, 22, tzinfo=UTC)
FOLDER = Path(errors.__file__).with_name("authorities")


def certificates(environment: Environment) -> list[x509.Certificate]:
    return [one.certificate for one in Trust.shipped(environment).authorities]


@pytest.mark.parametrize(("environment", "pinned"), [(Environment.PRODUCTION, PRODUCTION), (Environment.TEST, TEST)])
def test_exactly_the_pinned_authorities_come_with_it_oldest_first(environment, pinned):
    found = {
        one.fingerprint(hashes.SHA256()).hex(): (
            f"{one.serial_number:02x}",
            one.not_valid_before_utc.year,
            one.not_valid_after_utc.year,
        )
        for one in certificates(environment)
    }
    assert list(found.items()) == list(pinned.items())


@pytest.mark.parametrize("environment", [Environment.PRODUCTION, Environment.TEST])
def test_each_is_signed_with_its_own_key_and_all_share_one_name(environment):
    for one in certificates(environment):
        key = one.public_key()
        assert isinstance(key, RSAPublicKey)
        assert one.signature_hash_algorithm is not None
        key.verify(one.signature, one.tbs_certificate_bytes, PKCS1v15(), one.signature_hash_algorithm)
        assert one.subject == one.issuer
    assert len({one.subject for one in certificates(environment)}) == 1


def test_real_and_test_authorities_are_never_together():
    assert Trust.configured(Card()) == Trust.shipped(Environment.PRODUCTION)
    assert Trust.configured(Card(test=True)) == Trust.shipped(Environment.TEST)
    with pytest.raises(errors.AnchorsMixed):
        Trust.configured(Card(test=True, private_authorities=(str(FOLDER / "production"),)))
    with pytest.raises(errors.AnchorsMixed):
        Trust.configured(Card(authorities=(str(FOLDER / "production"), str(FOLDER / "test"))))


def test_an_operators_set_takes_the_place_of_ours_and_is_missed_what_is_in_force():
    def box(*files: str) -> Trust:
        return Trust.configured(Card(authorities=tuple(str(FOLDER / "production" / file) for file in files)))

    assert missing(box("2.pem", "3.pem"), NOW) == ()
    assert missing(box("3.pem"), NOW) == (2,)
    assert missing(box("1.pem"), NOW) == (2, 3)
    assert missing(box("3.pem"), datetime(2030, 1, 1, tzinfo=UTC)) == ()
    assert len(box("3.pem").authorities) == 1
