"""A sealed text: what opens it, and all that does not. The vector is of another implementation of the profile's page (HKDF of RFC 5869 by hand)."""

from __future__ import annotations

import hashlib
import hmac
import os

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from stb_agent.cable_id.errors import HandoffDamaged
from stb_agent.cable_id.handoff import derived, number, opened, sealed_length

KEY = bytes(range(32))
ID = "AAECAwQFBgcICQoLDA0ODw"
MOST = 40
VECTOR_KEY = "a00784eb7807b3fb31cd5ae9b0c012e63a8b5a5fdbd170917214f6cbb77259ce"
VECTOR_NUMBER = "288"
VECTOR_SEALED = "0000000000000000000000005303f25ee970febf7c093c4cf96192781b4ea6d6f07c1ae037a3baa7"
"""町内会, in up to three characters, under a nonce of zeros: also in docs/cable-id-profile.md."""
LINES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=MOST).filter(str.strip)


def hkdf(key: bytes, info: bytes, length: int) -> bytes:
    first = hmac.digest(hmac.digest(bytes(32), key, hashlib.sha256), info + b"\x01", hashlib.sha256)
    return first[:length]


def sealed(text: bytes, *, key: bytes = KEY, id_: str = ID, most: int = MOST, nonce: bytes = bytes(12)) -> bytes:
    secret = hkdf(key, f"chanoma handoff 1|text|{id_}".encode(), 32)
    padded = text + bytes(max(4 * most - len(text), 0))
    return nonce + AESGCM(secret).encrypt(nonce, padded, f"chanoma handoff 1|{id_}".encode())


def test_the_written_rule_gives_these_bytes() -> None:
    assert derived(KEY, "text", ID, 32) == hkdf(KEY, f"chanoma handoff 1|text|{ID}".encode(), 32)
    assert derived(KEY, "text", ID, 32).hex() == VECTOR_KEY
    assert number(KEY, ID) == VECTOR_NUMBER
    assert sealed("町内会".encode(), most=3).hex() == VECTOR_SEALED
    assert opened(KEY, ID, bytes.fromhex(VECTOR_SEALED), 3) == "町内会"


@given(LINES, st.binary(min_size=32, max_size=32), st.binary(min_size=12, max_size=12))
def test_every_line_comes_as_it_was_written_and_no_length_tells_of_it(text: str, key: bytes, nonce: bytes) -> None:
    closed = sealed(text.encode(), key=key, nonce=nonce)
    assert len(closed) == sealed_length(MOST)
    assert opened(key, ID, closed, MOST) == text
    assert len(number(key, ID)) == 3


@pytest.mark.parametrize("at", [0, 11, 12, 60, -17, -16, -1])
def test_a_changed_byte_is_refused(at: int) -> None:
    closed = bytearray(sealed(b"text"))
    closed[at] ^= 1
    with pytest.raises(HandoffDamaged):
        opened(KEY, ID, bytes(closed), MOST)


@pytest.mark.parametrize(
    "closed",
    [
        pytest.param(sealed(b"text", key=os.urandom(32)), id="another-key"),
        pytest.param(sealed(b"text", id_="BBECAwQFBgcICQoLDA0ODw"), id="another-hand-off"),
        pytest.param(sealed(b"text", most=MOST + 1), id="padded-longer"),
        pytest.param(sealed(b"text", most=MOST - 1), id="padded-shorter"),
        pytest.param(sealed(b"a" * (MOST + 1)), id="a-character-too-many"),
        pytest.param(sealed(b""), id="nothing"),
        pytest.param(sealed("　 ".encode()), id="spaces-alone"),
        pytest.param(sealed(b"\xff\xfe"), id="no-utf-8"),
        pytest.param(sealed(b"\xed\xa0\x80"), id="half-a-pair"),
        pytest.param(sealed(b"one\0two"), id="nul-within"),
        pytest.param(sealed(b"one\x1b[2Jtwo"), id="control-characters"),
        pytest.param(b"", id="empty"),
        pytest.param(os.urandom(sealed_length(MOST)), id="noise"),
    ],
)
def test_what_is_no_text_for_this_question_is_refused(closed: bytes) -> None:
    with pytest.raises(HandoffDamaged):
        opened(KEY, ID, closed, MOST)
