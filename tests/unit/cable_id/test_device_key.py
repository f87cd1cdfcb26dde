"""The device key and its proofs."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path

import pytest
from joserfc import jws
from joserfc.jwk import ECKey
from yarl import URL

from stb_agent.cable_id.device_key import DeviceKey
from stb_agent.cable_id.dpop import Prover
from stb_agent.cable_id.errors import DeviceKeyDamaged, DeviceKeyExposed


def decoded(proof: str) -> tuple[dict, dict]:
    """Check a proof as a server does: with the key in its own header."""
    header = json.loads(base64.urlsafe_b64decode(proof.split(".")[0] + "=="))
    checked = jws.deserialize_compact(proof, ECKey.import_key(header["jwk"]), algorithms=["ES256"])
    return checked.headers(), json.loads(checked.payload or b"")


def test_made_once_readable_by_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "state" / "device.key"
    os.umask(0o022)
    first = DeviceKey.open(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [found.name for found in path.parent.iterdir()] == ["device.key"]
    assert DeviceKey.open(path).jkt == first.jkt
    assert DeviceKey.open(tmp_path / "other.key").jkt != first.jkt
    assert first.public_jwk.keys() == {"kty", "crv", "x", "y"}
    # RFC 7638 §3: the required members in lexicographic order, no white space.
    canonical = json.dumps(first.public_jwk, sort_keys=True, separators=(",", ":")).encode()
    assert first.jkt == base64.urlsafe_b64encode(hashlib.sha256(canonical).digest()).rstrip(b"=").decode()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o700, 0o660])
def test_a_wider_mode_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "device.key"
    DeviceKey.open(path)
    path.chmod(mode)
    with pytest.raises(DeviceKeyExposed):
        DeviceKey.open(path)


@pytest.mark.parametrize("cut", [0, 1, 50, 200])
def test_a_damaged_key_is_told_and_kept(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "device.key"
    DeviceKey.open(path)
    path.write_bytes(damaged := path.read_bytes()[:cut])
    with pytest.raises(DeviceKeyDamaged):
        DeviceKey.open(path)
    assert path.read_bytes() == damaged


def test_a_link_in_its_place_is_refused(tmp_path: Path) -> None:
    DeviceKey.open(tmp_path / "elsewhere.key")
    (tmp_path / "device.key").symlink_to(tmp_path / "elsewhere.key")
    with pytest.raises(DeviceKeyDamaged):
        DeviceKey.open(tmp_path / "device.key")


def test_what_a_cut_off_start_left_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "device.key.new").write_bytes(b"half a k")
    DeviceKey.open(tmp_path / "device.key")
    assert not (tmp_path / "device.key.new").exists()


def test_proofs(tmp_path: Path) -> None:
    key = DeviceKey.open(tmp_path / "device.key")
    prover = Prover(key, clock=lambda: 1234.9, random=os.urandom)
    url = URL("https://platform.example/token?a=b|c#d")
    header, claims = decoded(prover.proof("POST", url))
    assert header == {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.public_jwk}
    assert {**claims, "jti": ""} == {"jti": "", "htm": "POST", "htu": "https://platform.example/token", "iat": 1234}

    _, with_token = decoded(prover.proof("GET", url, "the.access.token"))
    # RFC 9449 §4.2
    assert with_token["ath"] == base64.urlsafe_b64encode(hashlib.sha256(b"the.access.token").digest()).decode().rstrip(
        "="
    )
    assert with_token["jti"] != claims["jti"]

    prover.learn(url, "nonce-1")
    prover.learn(URL("https://platform.example:443/other"), "nonce-2")
    prover.learn(URL("https://platform.example:8443/"), "of another origin")
    assert decoded(prover.proof("GET", URL("https://platform.example/link")))[1]["nonce"] == "nonce-2"
    assert "nonce" not in decoded(prover.proof("GET", URL("https://booking.example/orders")))[1]
