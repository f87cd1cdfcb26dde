"""Derived keys, server nonces and scripted faults, without a network."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey

from simulators.platform.keys import derive_rsa_key, stream
from simulators.tokens import AccessClaims, Confirmation, ServerNonces, read_access_token, sign_es256
from simulators.web import Fault, FaultKind, database

NOW = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)
CLAIMS = AccessClaims(
    iss="http://127.0.0.1:1", sub="s", aud="http://127.0.0.1:2", client_id="c", iat=1, jti="j", auth_time=1,
    exp=int(NOW.timestamp()) + 600, acr="authenticated", cnf=Confirmation("k"),
)  # fmt: skip


@pytest.fixture(scope="module")
def key():
    return ec.generate_private_key(ec.SECP256R1())


def read(token, key, **other):
    expected = {"issuer": CLAIMS.iss, "audience": CLAIMS.aud, "clock": lambda: NOW, **other}
    return read_access_token(token, ECKey.import_key(key.public_key()), **expected)


def test_a_derived_rsa_key_works_and_comes_again():
    first, second = (derive_rsa_key(stream(b"seed"), bits=1024) for _ in range(2))
    assert first.private_numbers() == second.private_numbers()
    assert first.private_numbers() != derive_rsa_key(stream(b"other"), bits=1024).private_numbers()
    assert first.key_size == 1024
    oaep = padding.OAEP(padding.MGF1(SHA256()), SHA256(), None)
    assert first.decrypt(first.public_key().encrypt(b"text", oaep), oaep) == b"text"


def test_signatures_are_valid_and_equal_for_equal_claims(key):
    token = sign_es256(key, "kid", "JWT", {"a": "茶"})
    assert sign_es256(key, "kid", "JWT", {"a": "茶"}) == token
    signed = jws.deserialize_compact(token, ECKey.import_key(key.public_key()), algorithms=["ES256"])
    assert (signed.headers(), msgspec.json.decode(signed.payload)) == (
        {"alg": "ES256", "typ": "JWT", "kid": "kid"},
        {"a": "茶"},
    )


def test_an_access_token_is_read_or_refused(key):
    token = sign_es256(key, "kid", "at+jwt", msgspec.to_builtins(CLAIMS))
    assert read(token, key) == CLAIMS
    wrong = {
        "issuer": {"issuer": "http://127.0.0.1:3"},
        "audience": {"audience": "http://127.0.0.1:3"},
        "expired": {"clock": lambda: NOW + timedelta(seconds=600)},
    }
    for name, change in wrong.items():
        with pytest.raises(ValueError, match=name):
            read(token, key, **change)
    with pytest.raises(ValueError, match="typ"):
        read(sign_es256(key, "kid", "JWT", msgspec.to_builtins(CLAIMS)), key)
    with pytest.raises(ValueError, match="token"):
        read(token, ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(ValueError, match="token"):
        read(sign_es256(key, "kid", "at+jwt", {"iss": CLAIMS.iss}), key)


@given(st.text())
def test_no_text_is_taken_for_a_token(text):
    key = ec.derive_private_key(7, ec.SECP256R1())
    with pytest.raises(ValueError, match="token"):
        read(text, key)


def test_a_server_nonce_is_for_one_key_and_ten_minutes_at_most():
    now = NOW
    nonces = ServerNonces(b"secret", lambda: now)
    nonce = nonces.current("key")
    assert nonces.accepts("key", nonce)
    assert not nonces.accepts("other", nonce)
    assert not nonces.accepts("key", None)
    assert not nonces.accepts("key", "ü")
    assert not ServerNonces(b"other", lambda: now).accepts("key", nonce)
    now = NOW + timedelta(seconds=300)
    assert nonces.accepts("key", nonce)
    assert nonces.current("key") != nonce
    now = NOW + timedelta(seconds=600)
    assert not nonces.accepts("key", nonce)


def test_a_fault_strikes_once_unless_told_otherwise():
    once = Fault(FaultKind.STATUS)
    assert [once.take("GET", "/x") for _ in range(3)] == [True, False, False]
    forever = Fault(FaultKind.STATUS, times=None)
    assert all(forever.take("GET", "/x") for _ in range(5))
    down = Fault(FaultKind.DOWN)
    assert all(down.take("GET", "/x") for _ in range(5))


def test_a_fault_counts_only_what_it_strikes():
    fault = Fault(FaultKind.STATUS, path="/orders/*", method="PUT")
    assert not fault.take("GET", "/orders/1")
    assert not fault.take("PUT", "/orders")
    assert fault.take("PUT", "/orders/1")


def test_state_stays_in_its_folder(tmp_path):
    schema = "CREATE TABLE IF NOT EXISTS t (x TEXT);"
    db = database(tmp_path / "new", "name", schema)
    with db:
        db.execute("INSERT INTO t VALUES ('kept')")
    assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    db.close()
    db = database(tmp_path / "new", "name", schema)
    assert db.execute("SELECT x FROM t").fetchone()["x"] == "kept"
    db.close()
