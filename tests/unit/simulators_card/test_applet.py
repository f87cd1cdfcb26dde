import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulators.card import Card
from simulators.card.profile import SIGNATURE_PIN

Make = Callable[..., Card]

AP = "00A4040C0AD392F000260100000001"
DIGEST_INFO = bytes.fromhex("3031300D060960864801650304020105000420")
HASH = hashlib.sha256(b"hello").digest()
SIGN = f"802A009733{(DIGEST_INFO + HASH).hex()}00"
VERIFY, WRONG = "002000980431323334", "002000980431323335"
VERIFY_SIGNATURE = "0020009B08" + SIGNATURE_PIN.hex()


def ask(card: Card, *commands: str) -> bytes:
    """Send commands and return the last answer."""
    return [card.execute(bytes.fromhex(command)) for command in commands][-1]


def status(card: Card, *commands: str) -> str:
    return ask(card, *commands)[-2:].hex().upper()


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        # SELECT
        ([AP], "9000"),
        (["00A4040C0AD392F000260100000002"], "6A82"),
        (["00A4040C05D392F00026"], "6A82"),
        (["00A40000"], "6A86"),
        ([AP, "00A40000"], "9000"),
        ([AP, "00A4020C02000A"], "9000"),
        ([AP, "00A4020C02DEAD"], "6A82"),
        ([AP, "00A4090C02000A"], "6A86"),
        (["00A4020C02000A"], "6A82"),
        # READ BINARY
        ([AP, "00B0000000"], "6986"),
        (["00B08A0000"], "6A82"),
        ([AP, "00B08A0000"], "9000"),
        ([AP, "00B08A0000", "00B0010000"], "9000"),
        ([AP, "00B08A0000", "00B07FFF00"], "6B00"),
        ([AP, "00B08A00"], "6700"),
        ([AP, "00B0AA0000"], "6A86"),
        ([AP, "00B09F0000"], "6A82"),
        ([AP, "00B0970000"], "6981"),
        ([AP, "00B0810000"], "6982"),
        ([AP, VERIFY, "00B0810000"], "6982"),
        ([AP, VERIFY_SIGNATURE, "00B0810000"], "9000"),
        ([AP, "00B0820000"], "9000"),
        ([AP, "00B0890000"], "9000"),
        *[([AP, f"00A4020C02{fid}"], "9000") for fid in ("0005", "0010", "0016", "0019", "001C", "001E")],
        ([AP, "00A4020C020016", "00B0000000"], "6981"),
        ([AP, "0020009E"], "6981"),
        ([AP, "00B08B0000"], "9000"),
        # VERIFY
        ([AP, "00200098"], "63C3"),
        ([AP, "0020009B"], "63C5"),
        ([AP, "00A4020C020018", "00200080"], "63C3"),
        ([AP, "00200080"], "6986"),
        ([AP, "0020009F"], "6A88"),
        ([AP, "00200018"], "6A86"),
        ([AP, "00200198"], "6A86"),
        ([AP, "0020009800"], "6700"),
        ([AP, "0020009704" + "31323334"], "6981"),
        ([AP, VERIFY], "9000"),
        ([AP, VERIFY, "00200098"], "9000"),
        ([AP, WRONG], "63C2"),
        ([AP, WRONG, "00200098"], "63C2"),
        ([AP, WRONG, VERIFY, "00A4020C020018", WRONG], "63C2"),
        ([AP, WRONG, WRONG, WRONG], "63C0"),
        ([AP, WRONG, WRONG, WRONG, VERIFY], "6984"),
        ([AP, WRONG, WRONG, WRONG, "00200098"], "6984"),
        ([AP, *["0020009B0141"] * 5, VERIFY_SIGNATURE], "6984"),
        ([AP, *["0020009B0141"] * 5, VERIFY], "9000"),
        # SIGN
        ([AP, SIGN], "6982"),
        ([AP, VERIFY_SIGNATURE, SIGN], "6982"),
        ([AP, VERIFY, SIGN], "9000"),
        ([AP, VERIFY, "00A4020C020017", SIGN.replace("0097", "0080", 1)], "9000"),
        ([AP, VERIFY, SIGN.replace("0097", "0080", 1)], "6981"),
        ([AP, "00A4040C0AD392F000260100000001", SIGN.replace("0097", "0080", 1)], "6986"),
        ([AP, VERIFY, WRONG, SIGN], "6982"),
        ([AP, VERIFY, SIGN.replace("802A00", "802A06", 1)], "6A86"),
        ([AP, VERIFY, SIGN.replace("802A00", "802A02", 1)], "6700"),
        ([AP, VERIFY, SIGN.replace("802A00", "802A04", 1)], "6700"),
        ([AP, VERIFY, SIGN[:-2]], "6700"),
        ([AP, VERIFY, SIGN[:-2] + "80"], "6C00"),
        ([AP, VERIFY, "802A0097F6" + "5A" * 246 + "00"], "6700"),
        ([AP, VERIFY, "802A0097F5" + "5A" * 245 + "00"], "9000"),
        ([AP, VERIFY, "002A" + SIGN[4:]], "6D00"),
        # and nothing else
        ([AP, "0084000008"], "6D00"),
        ([AP, "B0B08A0000"], "6E00"),
        (["00"], "6700"),
        # the individual number's applications answer as on a card
        (["00A4040C0AD3921000310001010408", "00A4020C020001", "00B0000000"], "6982"),
        (["00A4040C0AD3921000310001010408", "00200091"], "63C3"),
        (["00A4040C0AD3921000310001010402"], "9000"),
        (["00A4040C0AD3921000310001010401"], "9000"),
        (["00A4040C0AD3921000310001010100"], "9000"),
    ],
)
def test_status_words(make_card: Make, commands: list[str], expected: str) -> None:
    assert status(make_card(), *commands) == expected


def test_the_certificate_is_the_same_in_pieces_and_in_one(make_card: Make) -> None:
    card = make_card()
    whole = ask(card, AP, "00B08A00000000")[:-2]
    pieces = b"".join(ask(card, "00A4020C02000A", f"00B0{offset:04X}00")[:-2] for offset in range(0, len(whole), 256))
    assert pieces == whole
    x509.load_der_x509_certificate(whole)


@pytest.mark.parametrize(("key", "certificate", "verify"), [("97", "8A", VERIFY), ("9A", "81", VERIFY_SIGNATURE)])
def test_a_signature_is_the_certificates(make_card: Make, key: str, certificate: str, verify: str) -> None:
    card = make_card()
    signature = ask(card, AP, verify, SIGN.replace("0097", f"00{key}", 1))[:-2]
    public = x509.load_der_x509_certificate(ask(card, f"00B0{certificate}00000000")[:-2]).public_key()
    assert isinstance(public, RSAPublicKey)
    public.verify(signature, b"hello", padding.PKCS1v15(), hashes.SHA256())


def test_label_and_availability(make_card: Make) -> None:
    label = ask(make_card(), AP, "00B0860000")[:-2]
    assert len(label) == 160
    assert label[:32] == b"JPKIAPICCTOKEN2".ljust(32)
    assert ask(make_card(), AP, "00B0880000") == bytes.fromhex("8F8F009000")


def test_a_verified_pin_outlives_a_reset_and_not_the_power(make_card: Make) -> None:
    card = make_card()
    ask(card, AP, VERIFY)
    card.reset()
    assert status(card, SIGN) == "6A88"
    assert status(card, AP, SIGN) == "9000"
    card.power_off()
    assert status(card, AP, SIGN) == "6982"


def test_counters_outlive_the_power(make_card: Make) -> None:
    card = make_card()
    ask(card, AP, WRONG)
    card.power_off()
    assert status(card, AP, "00200098") == "63C2"


def test_the_blocked_profile(make_card: Make) -> None:
    assert status(make_card("blocked"), AP, "00200098") == "6984"
    assert status(make_card("blocked"), AP, VERIFY) == "6984"
    assert status(make_card("blocked"), AP, "0020009B") == "63C5"


@pytest.mark.parametrize(
    ("quirks", "commands", "expected"),
    [
        ({"sfi": False}, [AP, "00B08A0000"], "6A86"),
        ({"sfi": False}, [AP, "00200098"], "6A86"),
        ({"sfi": False}, [AP, "00A4020C020018", "002000800431323334"], "9000"),
        ({"sfi": False}, [AP, SIGN], "6A86"),
        ({"extended": False}, [AP, "00B08A00000000"], "6700"),
        ({"mute_first": True}, [AP], "6F00"),
        ({"mute_first": True}, [AP, AP], "9000"),
        ({"exact_le": True}, [AP, "00B0880000"], "6C03"),
        ({"exact_le": True}, [AP, "00B0880003"], "9000"),
        ({"blocked_as_63c0": True}, [AP, WRONG, WRONG, WRONG, "00200098"], "63C0"),
        ({"blocked_as_63c0": True}, [AP, WRONG, WRONG, WRONG, VERIFY], "63C0"),
        ({"verified_as_9000": False}, [AP, VERIFY, "00200098"], "63C3"),
        ({"schemes": False}, [AP, VERIFY, SIGN.replace("802A00", "802A03", 1)], "6A86"),
        ({"get_response": True}, [AP, "00B08A0000"], "6100"),
        ({"get_response": True}, [AP, "00B0880000"], "6103"),
        ({"get_response": True}, [AP, "00B0880000", "00C0000003"], "9000"),
        ({"get_response": True}, [AP, "00B0880000", "00C0000002"], "6101"),
        ({"get_response": True}, [AP, "00B0880000", AP, "00C0000003"], "6985"),
        ({"get_response": True}, [AP, "00B08A00000000"], "9000"),
        ({}, [AP, "00B0880000", "00C0000003"], "6D00"),
    ],
)
def test_quirks(make_card: Make, quirks: dict[str, bool], commands: list[str], expected: str) -> None:
    assert status(make_card(**quirks), *commands) == expected


def test_a_card_is_mute_again_after_the_power_was_off(make_card: Make) -> None:
    card = make_card(mute_first=True)
    ask(card, AP, AP)
    card.power_off()
    assert status(card, AP) == "6F00"


@pytest.mark.parametrize(
    ("scheme", "data", "how"),
    [
        ("00", DIGEST_INFO + HASH, (padding.PKCS1v15(), hashes.SHA256())),
        ("01", b"hello", (padding.PKCS1v15(), None)),
        ("02", HASH, (padding.PKCS1v15(), hashes.SHA256())),
        ("03", b"hello", (padding.PKCS1v15(), hashes.SHA256())),
        ("04", HASH, (padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())),
        ("05", b"hello", (padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())),
    ],
)
def test_schemes(make_card: Make, scheme: str, data: bytes, how: tuple[Any, Any]) -> None:
    card = make_card()
    signature = ask(card, AP, VERIFY, f"802A{scheme}97{len(data):02X}{data.hex()}00")[:-2]
    public = x509.load_der_x509_certificate(ask(card, "00B08A00000000")[:-2]).public_key()
    assert isinstance(public, RSAPublicKey)
    if how[1] is None:
        assert public.recover_data_from_signature(signature, how[0], None) == HASH
    else:
        public.verify(signature, b"hello", *how)


@pytest.mark.parametrize(
    ("profile", "commands", "expected"),
    [
        ("minor", [AP, VERIFY, SIGN], "9000"),
        ("minor", [AP, VERIFY_SIGNATURE, "00B0810000"], "6B00"),
        ("face", [AP, "00B08A0000"], "9000"),
        ("face", [AP, "00200098"], "6984"),
        ("without", [AP, "00B08A0000"], "6B00"),
        ("without", [AP, VERIFY, SIGN], "6A88"),
        ("android", [AP, "00B08A0000"], "6982"),
        ("android", [AP, VERIFY, "00B08A0000"], "9000"),
        ("other", [AP], "6A82"),
    ],
)
def test_profiles(make_card: Make, profile: str, commands: list[str], expected: str) -> None:
    assert status(make_card(profile), *commands) == expected


@pytest.mark.parametrize(
    ("profile", "start", "label"),
    [("linked", "8f8f00", b"JPKIAPICCTOKEN2 "), ("minor", "008f00", b"JPKIAPICCTOKEN2 "),
     ("face", "008f00", b"JPKIAPICCTOKEN2 "), ("without", "8f0000", b"JPKIAPICCTOKEN2 "),
     ("resident", "8f8f00", b"JPKIAPICCTOKEN  "), ("android", "8f8f00", b"JPKIAPGPSETOKEN "),
     ("iphone", "8f8f00", b"JPKIAPIOSTOKEN  ")],
)  # fmt: skip
def test_what_tells_the_profiles_apart(make_card: Make, profile: str, start: str, label: bytes) -> None:
    card = make_card(profile)
    assert ask(card, AP, "00B0880000")[:-2].hex() == start
    assert ask(card, "00B0860000")[:16] == label


def certificate(card: Card) -> x509.Certificate:
    return x509.load_der_x509_certificate(ask(card, AP, "00B08A00000000")[:-2])


def test_cards_in_doubt(make_card: Make) -> None:
    sound = certificate(make_card())
    for doubt in ("generation", "policy", "clone"):
        card = make_card(doubt)
        theirs = certificate(card)
        assert theirs.issuer == sound.issuer
        root = x509.load_der_x509_certificate(ask(card, "00B08B00000000")[:-2])
        theirs.verify_directly_issued_by(root)
        good_root = root == x509.load_der_x509_certificate(ask(make_card(), AP, "00B08B00000000")[:-2])
        public = theirs.public_key()
        assert isinstance(public, RSAPublicKey)
        try:
            public.verify(ask(card, VERIFY, SIGN)[:-2], b"hello", padding.PKCS1v15(), hashes.SHA256())
            own_key = True
        except InvalidSignature:
            own_key = False
        policies = theirs.extensions.get_extension_for_class(x509.CertificatePolicies).value
        jpki = policies[0].policy_identifier.dotted_string.startswith("1.2.392.200149.8.5.")
        assert (doubt, good_root, jpki, own_key) == (
            doubt, doubt != "generation", doubt != "policy", doubt != "clone",
        )  # fmt: skip


OFF = "off"
LIKELY = st.sampled_from([AP, VERIFY, WRONG, SIGN, "00200098", "00A4020C020018", "00A4020C020017", "00B08A0000",
                          "00B0810000", VERIFY_SIGNATURE, "00A4040C0AD3921000310001010408", OFF])  # fmt: skip
COMMANDS = st.lists(st.one_of(LIKELY, st.binary(max_size=12).map(bytes.hex)), max_size=25)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(COMMANDS)
def test_no_way_to_a_signature_but_the_pin(make_card: Make, commands: list[str]) -> None:
    card, entered = make_card(), False
    for command in commands:
        if command == OFF:
            card.power_off()
            entered = False
            continue
        answer = ask(card, command)
        assert len(answer) >= 2
        entered = entered or (command == VERIFY and answer == b"\x90\x00")
        assert entered or len(answer) != 258 or not command.upper().startswith("802A")
