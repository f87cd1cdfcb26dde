"""Why a card cannot be used: each kind by a code of its own, asked of it only when it cannot."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from stb_agent.card import errors
from stb_agent.card.certificate import Trust
from stb_agent.card.connection import Connection, Limits, Tools
from stb_agent.card.diagnosis import diagnosed
from stb_agent.card.jpki import Session, Ways
from stb_agent.card.worker import Steps

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
SELECT, CERTIFICATE, QUERY = "00A4040C", "00B08A", "00200098"
LABEL, THERE = "00B0860020", "00B0880003"
CARD, OLD = b"JPKIAPICCTOKEN2", b"JPKIAPICCTOKEN"
ANDROID, IPHONE = b"JPKIAPGPSETOKEN", b"JPKIAPIOSTOKEN"
BOTH, NO_SIGNATURE, NONE = "8F8F00", "008F00", "000000"


def outcome(reader, trust: Trust, table: dict[str, object], *, tries: bool = False):
    """Identify a card, or ask its tries, as the slot does; gives the error and the commands."""
    card = reader({SELECT: "9000", QUERY: "63C3", "00A4020C": "6A82", **table})
    source = type("Source", (), {"connect": lambda self, name: card})()
    connection = Connection(source, "table", Tools(trust, lambda: NOW, Limits()), None)
    loop = asyncio.new_event_loop()
    try:
        with pytest.raises(errors.CardError) as caught, connection.bounded(Steps(loop)):
            connection.tries() if tries else connection.certificate()
    finally:
        loop.close()
    return caught.value, card.commands


def told(label: bytes, there: str = BOTH) -> dict[str, object]:
    return {LABEL: label.ljust(32) + b"\x90\x00", THERE: there + "9000"}


@pytest.mark.parametrize(
    ("label", "error"),
    [
        (OLD, errors.ResidentRegisterCard),
        (ANDROID, errors.AndroidToken),
        (IPHONE, errors.IphoneToken),
        (b"SOMETHING", errors.OtherCard),
        (CARD, errors.CertificateAbsent),
    ],
)
@pytest.mark.parametrize("answer", ["6982", "6A82"])
def test_a_certificate_that_cannot_be_read(reader, make, label, error, answer):
    found, commands = outcome(reader, make.trust(), {CERTIFICATE: answer, "00B0": answer, **told(label, NONE)})
    assert type(found) is error
    assert LABEL in commands
    assert not [one for one in commands if one[2:4] == "20"]


def test_an_answer_that_means_nothing_stays_one_on_a_card_and_is_another_card_where_the_label_is_strange(reader, make):
    for label, error in ((CARD, errors.UnexpectedStatus), (b"X", errors.OtherCard)):
        table = {CERTIFICATE: "6F00", "00A4020C": "9000", "00B00000": "6F00", **told(label)}
        assert type(outcome(reader, make.trust(), table)[0]) is error


@pytest.mark.parametrize(
    ("there", "query", "error"),
    [
        (BOTH, "63C3", errors.CertificateExpired),
        (NO_SIGNATURE, "63C3", errors.CertificateMinor),
        (NO_SIGNATURE, "63C1", errors.CertificateMinor),
        (NO_SIGNATURE, "6984", errors.PinUnusable),
        (NO_SIGNATURE, "63C0", errors.PinUnusable),
        (NONE, "6984", errors.CertificateExpired),
    ],
)
def test_a_certificate_out_of_date(reader, make, there, query, error):
    der = make(end=NOW - timedelta(1)) + b"\x90\x00"
    found, commands = outcome(reader, make.trust(), {CERTIFICATE: der, QUERY: query, **told(CARD, there)})
    assert type(found) is error
    assert not [one for one in commands if one[2:4] == "20" and len(one) > 8]


@pytest.mark.parametrize(
    ("label", "there", "error"),
    [
        (CARD, BOTH, errors.PinBlocked),
        (CARD, NO_SIGNATURE, errors.PinUnusable),
        (CARD, NONE, errors.PinBlocked),
        (b"NEXT", NO_SIGNATURE, errors.PinBlocked),
        (ANDROID, NO_SIGNATURE, errors.AndroidToken),
    ],
)
@pytest.mark.parametrize("query", ["6984", "6983", "63C0"])
def test_no_try_left(reader, make, label, there, error, query):
    found, _ = outcome(reader, make.trust(), {QUERY: query, **told(label, there)}, tries=True)
    assert type(found) is error


@pytest.mark.parametrize("wrong", [{"policy": "1.2.3"}, {"usage": ("key_encipherment",)}])
def test_a_certificate_of_another_profile(reader, make, wrong):
    for label, error in (
        (CARD, errors.CertificateProfile),
        (b"NEXT", errors.CertificateProfile),
        (OLD, errors.ResidentRegisterCard),
    ):
        found, _ = outcome(reader, make.trust(), {CERTIFICATE: make(**wrong) + b"\x90\x00", **told(label)})
        assert type(found) is error


def test_what_is_no_certificate_on_a_card_with_a_strange_label_is_another_card(reader, make):
    for label, error in ((b"X", errors.OtherCard), (CARD, errors.CertificateProfile)):
        assert type(outcome(reader, make.trust(), {CERTIFICATE: "00" * 40 + "9000", **told(label)})[0]) is error


@pytest.mark.parametrize("trouble", ["6F00", "6982", "6A82", errors.ExchangeFailed(), "00"])
def test_a_card_that_does_not_say_more_keeps_the_first_error(reader, make, trouble):
    der = make(end=NOW - timedelta(1)) + b"\x90\x00"
    found, _ = outcome(reader, make.trust(), {CERTIFICATE: der, LABEL: trouble, THERE: trouble})
    assert type(found) is errors.CertificateExpired
    found, _ = outcome(reader, make.trust(), {CERTIFICATE: der, **told(CARD), THERE: trouble})
    assert type(found) is errors.CertificateExpired


def test_a_card_that_goes_meanwhile_is_gone(reader, make):
    session = Session(reader({SELECT: "9000", LABEL: errors.Removed()}), Ways())
    session.select()
    with pytest.raises(errors.Removed):
        diagnosed(session, errors.CertificateAbsent())


def test_a_good_card_is_asked_neither_label_nor_availability(reader, make):
    card = reader({SELECT: "9000", CERTIFICATE: make() + b"\x90\x00", QUERY: "63C3", **told(CARD)})
    source = type("Source", (), {"connect": lambda self, name: card})()
    for verb in ("certificate", "tries"):
        connection = Connection(source, "table", Tools(make.trust(), lambda: NOW, Limits()), None)
        loop = asyncio.new_event_loop()
        with connection.bounded(Steps(loop)):
            getattr(connection, verb)()
        loop.close()
    assert not {LABEL, THERE} & set(card.commands)
