"""The session's verbs against a table of answers: what is sent, and what never is."""

import hashlib
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stb_agent.card import errors
from stb_agent.card.certificate import Trust
from stb_agent.card.jpki import Availability, Feature, Session, Token, Ways
from stb_agent.card.pin import Pin

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
SELECT = "00A4040C0AD392F000260100000001"
QUERY, VERIFY = "00200098", "0020009804"
QUERY_HERE, VERIFY_HERE = "00200080", "0020008004"
SIGN, SIGN_HERE = "802A009733", "802A008033"
FILE = "00A4020C02"
WHOLE = "00B08A00000000"


@pytest.fixture
def pin() -> Pin:
    it = Pin()
    for digit in (0, 1, 2, 9):
        it.append(digit)
    return it


def opened(card, ways: Ways | None = None) -> Session:
    session = Session(card, ways or Ways())
    session.select()
    card.commands.clear()
    card.given.clear()
    return session


def part(der: bytes, start: int):
    """Answer READ BINARY by offset, 256 bytes at most and no more than asked."""

    def answer(command: bytes) -> bytes:
        at = 0 if command[2] & 0x80 else int.from_bytes(command[2:4], "big")
        return der[at : at + (command[4] or 256)] + b"\x90\x00"

    return answer


def test_the_first_select_alone_may_be_said_twice(reader):
    card = reader({SELECT: ["6F00", "9000"], QUERY: "6F00", QUERY_HERE: "6F00", FILE: "9000"})
    session = Session(card, Ways())
    session.select()
    with pytest.raises(errors.UnexpectedStatus) as status:
        session.tries()
    assert str(status.value) == "card.status sw=6F00"
    assert card.commands == [SELECT, SELECT, QUERY, FILE + "0018", QUERY_HERE]
    for answer, error in (("6F00", errors.UnexpectedStatus), ("6A82", errors.OtherCard), ("6E00", errors.OtherCard)):
        with pytest.raises(error):
            Session(reader({SELECT: answer}), Ways()).select()


@pytest.mark.parametrize("padding", [b"", bytes(300)])
def test_the_certificate_in_one_command(reader, make, padding):
    der = make()
    session = opened(card := reader({SELECT: "9000", WHOLE: der + padding + b"\x90\x00"}))
    assert session.read_certificate() == der
    assert card.commands == [WHOLE]


@pytest.mark.parametrize("refusal", ["6700", "6F00", errors.ExchangeFailed()])
def test_without_extended_length_parts_and_an_exact_last_one(reader, make, refusal):
    der = make()
    card = reader({SELECT: "9000", WHOLE: refusal, "00B0": part(der, 0)})
    ways = Ways()
    assert opened(card, ways).read_certificate() == der
    full, last = divmod(len(der), 256)
    offsets = [f"00B0{at:02X}0000" for at in range(1, full)] + [f"00B0{full:02X}00{last:02X}"]
    assert card.commands == [WHOLE, "00B08A0000", *offsets]
    assert ways.lacking == {Feature.EXTENDED}
    assert opened(card, ways).read_certificate() == der
    assert card.commands == ["00B08A0000", *offsets]


@pytest.mark.parametrize("got", [100, 256, 374])
def test_an_answer_cut_short_is_continued_not_begun_again(reader, make, got):
    der = make()
    card = reader({SELECT: "9000", WHOLE: der[:got] + b"\x90\x00", "00B0": part(der, 0)})
    ways = Ways()
    assert opened(card, ways).read_certificate() == der
    assert card.commands[1].startswith(f"00B0{got:04X}")
    assert ways.lacking == {Feature.EXTENDED}


@pytest.mark.parametrize("extended", [True, False])
@pytest.mark.parametrize("refusal", ["6A86", "6A82", "6B00", "6986"])
def test_without_short_identifiers_the_file_is_selected(reader, make, refusal, extended):
    der = make()
    table = {SELECT: "9000", FILE: "9000", "00B08A": refusal, "00B0": part(der, 0)}
    table["00B00000000000"] = der + b"\x90\x00" if extended else "6700"
    ways = Ways()
    assert opened(reader(table), ways).read_certificate() == der
    assert (Feature.READ_BY_SHORT_ID in ways.lacking, Feature.EXTENDED in ways.lacking) == (True, not extended)


def test_a_card_without_the_certificate_says_so_and_nothing_is_learned_from_it(reader):
    for table in ({FILE: "6A82", "00B0": "6A82"}, {"00B0": "6982"}):
        ways = Ways()
        with pytest.raises(errors.CertificateAbsent):
            opened(reader({SELECT: "9000", **table}), ways).read_certificate()
        assert not ways.lacking


@pytest.mark.parametrize("data", ["00", "31820100", "3080", "3083010000AA", "30", "3082", "3084FFFFFFFF", "3082FFFF"])
def test_what_is_not_der_is_no_certificate(reader, data):
    with pytest.raises(errors.CertificateProfile):
        opened(reader({SELECT: "9000", "00B0": data + "9000"})).read_certificate()


def test_a_file_that_ends_too_soon_ends_the_reading(reader):
    card = reader({SELECT: "9000", "00B08A": "3082 0400 9000", "00B0": "6B00"})
    with pytest.raises(errors.UnexpectedStatus):
        opened(card).read_certificate()
    assert len(card.commands) == 2


@pytest.mark.parametrize(
    ("answer", "left"), [("63C3", 3), ("63C1", 1), ("63C0", 0), ("6984", 0), ("6983", 0), ("9000", None)]
)
def test_the_tries_left(reader, answer, left):
    session = opened(card := reader({SELECT: "9000", QUERY: answer}))
    assert session.tries() == left
    assert card.commands == [QUERY]


def test_the_pin_is_shown_once_and_every_copy_zeroed(reader, pin):
    session = opened(card := reader({SELECT: "9000", QUERY: "63C3", VERIFY: "9000"}))
    session.verify(pin)
    assert card.commands == [QUERY, VERIFY + "30313239"]
    assert all(bytes(apdu) == bytes(len(apdu)) for apdu in card.given)


@pytest.mark.parametrize(
    ("answer", "error", "left"),
    [
        ("63C2", errors.PinWrong, 2),
        ("63C0", errors.PinBlocked, None),
        ("6984", errors.PinBlocked, None),
        ("6983", errors.PinBlocked, None),
        ("6A88", errors.UnexpectedStatus, None),
        ("6A86", errors.UnexpectedStatus, None),
        ("6CFF", errors.UnexpectedStatus, None),
        ("6F00", errors.UnexpectedStatus, None),
        (errors.ExchangeFailed(), errors.ExchangeFailed, None),
        ("00", errors.ExchangeFailed, None),
    ],
)
@pytest.mark.parametrize("short_id", [True, False])
def test_no_answer_leads_to_a_second_verify(reader, pin, answer, error, left, short_id):
    table = {SELECT: "9000", FILE: "9000", QUERY: "63C3" if short_id else "6A86", QUERY_HERE: "63C3"}
    session = opened(card := reader({**table, VERIFY: answer, VERIFY_HERE: answer}))
    with pytest.raises(error) as caught:
        session.verify(pin)
    assert getattr(caught.value, "left", None) == left
    assert sum(len(one) == 18 for one in card.commands) == 1
    assert all(bytes(apdu) == bytes(len(apdu)) for apdu in card.given)


def test_a_wrong_pin_without_a_number_is_followed_by_the_query(reader, pin):
    session = opened(card := reader({SELECT: "9000", QUERY: ["63C3", "63C2"], VERIFY: "6300"}))
    with pytest.raises(errors.PinWrong) as wrong:
        session.verify(pin)
    assert wrong.value.left == 2
    assert card.commands == [QUERY, VERIFY + "30313239", QUERY]


def test_a_blocked_or_incomplete_pin_is_not_sent(reader, pin):
    session = opened(card := reader({SELECT: "9000", QUERY: "6984"}))
    with pytest.raises(errors.PinBlocked):
        session.verify(pin)
    for _ in range(4):
        pin.pop()
        with pytest.raises(errors.PinFormat):
            session.verify(pin)
    assert card.commands == [QUERY]


@pytest.mark.parametrize("short_id", [True, False])
def test_a_signature_is_checked_before_it_leaves(reader, make, short_id):
    certificate = make.trust().check(make(), NOW)
    table = {SELECT: "9000", FILE: "9000", SIGN: make.sign if short_id else "6A86", SIGN_HERE: make.sign}
    session = opened(card := reader(table))
    signature = session.sign(b"data", certificate)
    assert certificate.verifies(signature, b"data")
    info = "3031300D060960864801650304020105000420" + hashlib.sha256(b"data").hexdigest().upper() + "00"
    assert card.commands == ([SIGN + info] if short_id else [SIGN + info, FILE + "0017", SIGN_HERE + info])


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("6982", errors.PinRequired),
        ("6A80", errors.UnexpectedStatus),
        ("00" * 256 + "9000", errors.SignatureMismatch),
        ("9000", errors.SignatureMismatch),
        ("FF" * 255 + "9000", errors.SignatureMismatch),
    ],
)
def test_no_other_answer_is_a_signature(reader, make, answer, error):
    certificate = make.trust().check(make(), NOW)
    with pytest.raises(error):
        opened(reader({SELECT: "9000", SIGN: answer})).sign(b"data", certificate)


def test_an_old_signature_again_is_refused(reader, make):
    certificate = make.trust().check(make(), NOW)
    old = opened(reader({SELECT: "9000", SIGN: make.sign})).sign(b"yesterday", certificate)
    with pytest.raises(errors.SignatureMismatch):
        opened(reader({SELECT: "9000", SIGN: old + b"\x90\x00"})).sign(b"today", certificate)


words = st.sampled_from([bytes.fromhex(one) for one in ("9000", "6282", "63C2", "63C0", "6300", "6700", "6982", "6984",
                                                        "6A82", "6A86", "6B00", "6C10", "6105", "6F00")])  # fmt: skip
answers = st.one_of(st.tuples(st.binary(max_size=20), words).map(b"".join), st.binary(max_size=6), words)


@settings(max_examples=400)
@given(st.lists(answers, max_size=12), st.sets(st.sampled_from(list(Feature))))
def test_whatever_a_card_says_only_own_errors_come_out_and_one_verify_goes_in(reader, make, said, lacking):
    script = iter([*said])
    card = reader({"": lambda command: next(script, b"\x6d\x00")})
    session, pin = Session(card, Ways(set(lacking))), Pin()
    for digit in (5, 5, 5, 5):
        pin.append(digit)
    try:
        session.select()
        Trust(()).check(session.read_certificate(), NOW)
    except errors.CardError:
        pass
    try:
        session.tries()
        session.verify(pin)
        session.sign(b"", make.trust().check(make(), NOW))
    except errors.CardError:
        pass
    assert sum(one.startswith("002000") and one.endswith("35353535") for one in card.commands) <= 1


LABEL, THERE = "00B0860020", "00B0880003"


@pytest.mark.parametrize(
    ("label", "token"),
    [
        (b"JPKIAPICCTOKEN2", Token.CARD),
        (b"JPKIAPICCTOKEN", Token.RESIDENT_REGISTER),
        (b"JPKIAPGPSETOKEN", Token.ANDROID),
        (b"JPKIAPIOSTOKEN", Token.IPHONE),
        (b"JPKIAPICCTOKEN3", Token.OTHER),
        (b"\xff" * 32, Token.OTHER),
        (b"", Token.OTHER),
    ],
)
@pytest.mark.parametrize("short_id", [True, False])
def test_the_label(reader, label, token, short_id):
    answer = label.ljust(32) + b"\x90\x00"
    table = {LABEL: answer} if short_id else {LABEL: "6A86", FILE: "9000", "00B0000020": answer}
    session = opened(card := reader({SELECT: "9000", **table}))
    assert session.token() is token
    assert card.commands == ([LABEL] if short_id else [LABEL, FILE + "0006", "00B0000020"])


@pytest.mark.parametrize(
    ("told", "there"),
    [
        ("8F8F00", Availability(True, True)),
        ("008F00", Availability(False, True)),
        ("8F0000", Availability(True, False)),
        ("0000", Availability(False, False)),
        ("8F", None),
    ],
)
def test_the_certificates_there_are(reader, told, there):
    assert opened(reader({SELECT: "9000", THERE: told + "9000"})).availability() == there


@pytest.mark.parametrize("table", [{}, {FILE: "9000"}, {FILE: "9000", LABEL: "6982", "00B0": "6982"}])
def test_a_card_that_does_not_say_what_it_is_is_asked_no_further(reader, table):
    session = opened(card := reader({LABEL: "6A82", SELECT: "9000", FILE: "6A82", **table}))
    assert session.token() is None
    assert session.availability() is None
    assert not [one for one in card.commands if one[2:4] == "20"]
