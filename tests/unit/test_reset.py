"""The factory reset: to its end whatever happens, nothing before it was decided; and on the bench."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws
from joserfc.jwk import ECKey

from stb_agent import reset
from stb_agent.__main__ import main
from stb_agent.cable_id.device_key import DEVICE_KEY, DeviceKey
from stb_agent.cable_id.errors import ResetOrderRefused
from stb_agent.cable_id.reset import LONGEST_ORDER, check_order
from stb_agent.store import Entry, Link, Store

NOW = 1_800_000_000.0
ISSUER = "https://platform.example"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    state = tmp_path / "state"
    store = Store.open(state, clock=lambda: NOW, random=os.urandom)
    store.links.add(Link("link-1", "a-handle", "しおみケーブル", 5.0))
    store.outbox.put(Entry(key="k", service="booking", kind="order", payload=b"{}", person="a-handle", created_at=1.0))
    store.close()
    DeviceKey.open(state / DEVICE_KEY)
    DeviceKey.open(state / "client.key")
    (state / "registration.json").write_text("{}")
    (state / "keymaps").mkdir()
    (state / "keymaps" / "sofa.toml").write_text("living room")
    return state


def names(state: Path) -> list[str]:
    return sorted(str(it.relative_to(state)) for it in state.rglob("*"))


def test_power_lost_at_any_step_it_goes_on_or_never_began(state: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.resets", state, work], check=True, capture_output=True, timeout=120
    )
    tries = [json.loads(line) for line in done.stdout.splitlines()]
    before = {str(it.relative_to(state)): it.read_bytes().hex() for it in state.rglob("*") if it.is_file()}
    assert len(tries) > 30
    assert sum(it["begun"] for it in tries) > 20
    for at, it in enumerate(tries):
        left = {name: data for name, data in it["left"].items() if not name.startswith("reset")}
        ended = not it["begun"] and not left
        if it["begun"] or ended:
            assert list(it["after"]) == ["reset-notice.00000001"], at
            if any(name.startswith("store.db") for name in set(before) - set(left)):
                assert not [name for name in left if name.endswith(".key")], "keys go first"
        else:
            assert left == before, "nothing was touched before it was decided"
            assert it["after"] == before, at
    assert [it["killed"] for it in tries] == [True] * (len(tries) - 1) + [False]


def test_the_notice_names_the_box_that_was_and_nobody(state: Path) -> None:
    old = DeviceKey.open(state / DEVICE_KEY)
    reset.begin(state, ISSUER, NOW, os.urandom)
    assert reset.begun(state)
    assert reset.go_on(state, os.urandom)
    assert not reset.go_on(state, os.urandom)
    assert names(state) == ["reset-notice.00000001"]
    left = json.loads((state / "reset-notice.00000001").read_bytes())
    signed = jws.deserialize_compact(left["notice"], ECKey.import_key(old.public_jwk), algorithms=["ES256"])
    said = json.loads(signed.payload)
    assert set(said) == {"sub", "aud", "iat", "jti"}
    assert said["sub"].endswith(old.jkt)
    assert said["aud"] == ISSUER


def test_notices_wait_one_beside_the_other_and_not_without_end(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    for _ in range(reset.NOTICES_MOST + 2):
        DeviceKey.open(state / DEVICE_KEY)
        reset.begin(state, ISSUER, NOW, os.urandom)
        reset.go_on(state, os.urandom)
    assert len(names(state)) == reset.NOTICES_MOST
    assert names(state)[-1] == "reset-notice.00000018"


@pytest.mark.parametrize("damage", [b"", b"no key", b"\xff" * 200])
def test_a_damaged_box_can_begin_anew(state: Path, damage: bytes) -> None:
    for name in (DEVICE_KEY, "store.key", "store.db", "registration.json"):
        (state / name).write_bytes(damage)
    reset.begin(state, ISSUER, NOW, os.urandom)
    reset.go_on(state, os.urandom)
    assert names(state) == []


def test_links_out_of_the_folder_are_removed_and_what_they_lead_to_is_not(state: Path, tmp_path: Path) -> None:
    kept = tmp_path / "operator.toml"
    kept.write_text("[operator]")
    (state / "elsewhere").symlink_to(tmp_path)
    (state / "one").symlink_to(kept)
    reset.begin(state, "", NOW, os.urandom)
    reset.go_on(state, os.urandom)
    assert names(state) == []
    assert kept.read_text() == "[operator]"


# -- on the bench


@pytest.fixture
def bench(state: Path, tmp_path: Path):  # type: ignore[no-untyped-def]
    file = tmp_path / "operator.toml"
    keys = tmp_path / "keys.json"
    file.write_text(f'[box]\nstate = "{state}"\n[operator]\nreset_keys = "{keys}"\n')
    return lambda *more: main(["reset", "--config", str(file), *more])


def test_it_is_asked_for_once_and_tells_what_goes(
    bench: Any, state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert bench() == 4
    told = capsys.readouterr().err
    assert "booking 1" in told
    assert (state / "store.db").exists()
    monkeypatch.setattr(sys, "stdin", io.StringIO("reset\n"))
    assert bench("--json") == 0
    assert json.loads(capsys.readouterr().out) == {"reset": True, "platform_told": False}
    assert names(state) == []
    assert bench("--yes") == 0, "there is nothing more to do"


def test_with_the_agent_running_it_refuses_and_what_was_begun_it_ends_unasked(bench: Any, state: Path) -> None:
    with reset.holding(state, alone=False):
        assert bench("--yes") == 3
    assert (state / "store.key").exists()
    reset.begin(state, "", NOW, os.urandom)
    assert bench() == 0
    assert names(state) == []


def order(state: Path, key: ECKey, **bent: Any) -> str:
    now = int(time.time())
    jkt = DeviceKey.open(state / DEVICE_KEY).jkt
    sub = f"urn:ietf:params:oauth:jwk-thumbprint:sha-256:{jkt}"
    header = {"typ": "reset-order+jwt", "alg": "ES256", "kid": "op-1", **bent.pop("header", {})}
    claims = {"iss": "https://operator.example", "sub": sub, "iat": now, "exp": now + 3600, "jti": "1", **bent}
    return jws.serialize_compact(header, json.dumps(claims), key, algorithms=["ES256"])


@pytest.fixture
def key(tmp_path: Path) -> ECKey:
    key = ECKey.import_key(ec.generate_private_key(ec.SECP256R1()))
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [{**key.as_dict(private=False), "kid": "op-1"}]}))
    return key


def test_an_operators_order_is_obeyed_unasked(bench: Any, state: Path, key: ECKey, tmp_path: Path) -> None:
    file = tmp_path / "order.jwt"
    file.write_text(order(state, key))
    assert bench("--order", str(file)) == 0
    assert names(state) == []
    DeviceKey.open(state / DEVICE_KEY)
    assert bench("--order", str(file)) == 5, "it was for the box that was"
    assert names(state) == [DEVICE_KEY]


@pytest.mark.parametrize(
    "bent",
    [
        {"sub": "urn:ietf:params:oauth:jwk-thumbprint:sha-256:another"},
        {"exp": int(time.time()) - 1},
        {"iat": int(time.time()) + 3600},
        {"exp": int(time.time()) + LONGEST_ORDER + 7200},
        {"exp": "later"},
        {"jti": None},
        {"header": {"kid": "op-2"}},
        {"header": {"typ": "JWT"}},
        {"header": {"crit": ["b64"], "b64": True}},
    ],
)
def test_an_order_that_is_not_for_this_box_now_is_refused(
    state: Path, key: ECKey, tmp_path: Path, bent: dict[str, Any]
) -> None:
    jkt = DeviceKey.open(state / DEVICE_KEY).jkt
    check_order(order(state, key), tmp_path / "keys.json", jkt, time.time())
    with pytest.raises(ResetOrderRefused):
        check_order(order(state, key, **bent), tmp_path / "keys.json", jkt, time.time())


def test_an_order_of_another_key_or_without_any_is_refused(state: Path, key: ECKey, tmp_path: Path) -> None:
    jkt = DeviceKey.open(state / DEVICE_KEY).jkt
    stranger = ECKey.import_key(ec.generate_private_key(ec.SECP256R1()))
    for text, keys in (
        (order(state, stranger), tmp_path / "keys.json"),
        (order(state, key), tmp_path / "none.json"),
        (order(state, key)[:-4], tmp_path / "keys.json"),
        ("", tmp_path / "keys.json"),
        ("字", tmp_path / "keys.json"),
    ):
        with pytest.raises(ResetOrderRefused):
            check_order(text, keys, jkt, time.time())
