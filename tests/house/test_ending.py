"""A house ends as a whole, whatever way it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulators.authority import Authority
from tests.house.conftest import alive, family, gone
from tests.support.house import House, Witness, house

_QUICK = 5.0
"""Seconds in which a house is gone."""

# A network and a mount namespace of its own stand for a machine on which no pcscd runs.
_MACHINE = """
import fcntl, os, socket, struct, subprocess, sys, time
with socket.socket() as any_socket:  # bring the loopback up: SIOCSIFFLAGS, IFF_UP|IFF_RUNNING (netdevice(7))
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 0x41))
subprocess.run(["mount", "--make-rprivate", "/"], stderr=subprocess.DEVNULL)  # fails in a chroot
os.makedirs("/run/pcscd", exist_ok=True)
subprocess.run(["mount", "-t", "tmpfs", "none", "/run/pcscd"], check=True)
if card := os.environ.get("CARD"):  # somebody has already started the daemon and put a card in
    for command in (["pcscd", "--foreground"], [sys.executable, "-m", "simulators", "card", "--authority", card, "--insert", "new"]):
        subprocess.Popen(["setpriv", "--pdeathsig", "TERM", "--", *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    rows = lambda: (row.split() for name in ("tcp", "tcp6") for row in open("/proc/net/" + name).readlines()[1:])
    while not any(row[1].endswith(":8C7B") and row[3] == "01" for row in rows()):  # port 35963, connected (proc(5))
        time.sleep(0.05)
os.execv(sys.executable, [sys.executable, "-m", "simulators", "house", "--json", *sys.argv[1:]])
"""


_APART = ("unshare", "-mn" if os.geteuid() == 0 else "-rmn", "--propagation", "unchanged")


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL], ids=lambda s: s.name)
def test_every_process_ends_with_it(sign: signal.Signals) -> None:
    with house() as room:
        pids = family(room.process.pid)
        assert set(room.pids().values()) <= pids
        assert room.facts["xvnc"] in pids
        assert len(pids) >= 12  # house, pcscd, world and its four, card, tv, Xvnc, agent, ui
        folder = Path(room.facts["folder"])
        room.process.send_signal(sign)
        assert room.process.wait(_QUICK) == (-sign if sign is signal.SIGKILL else 0)
        assert gone(pids, 2 * _QUICK if sign is signal.SIGKILL else 0) == {}
        assert folder.exists() is (sign is signal.SIGKILL)  # who is killed cannot tidy up
    if folder.exists():
        subprocess.run(["rm", "-r", folder], check=True)


def test_two_stand_beside_each_other(tmp_path: Path) -> None:
    with house("--card", "new") as one, house("--card", "none", "--state", str(tmp_path)) as other:
        for key in ("url", "display", "folder", "reader"):
            assert one.facts[key] != other.facts[key]
        with_card, without = (Witness(room.socket("ui")) for room in (one, other))
        assert with_card.until(lambda m: m["status"].get("card") == "present", 10)
        assert without.until(lambda m: m["status"].get("card", "absent") == "absent", 5)
        for room, told, quiet in ((one, with_card, without), (other, without, with_card)):
            room.key("HOMEPAGE")
            assert told.until(lambda m: m["shown"], 5)
            assert quiet.latest()["shown"] is (quiet is with_card)
        others = family(other.process.pid)
        one.process.send_signal(signal.SIGINT)
        assert one.process.wait(_QUICK) == 0
        assert alive(others).keys() == others
        other.key("HOMEPAGE")
        assert without.until(lambda m: not m["shown"], 5)
        with_card.close()
        without.close()
        assert "card" not in other.pids()
        assert (tmp_path / "box").is_dir()
    assert (tmp_path / "box").is_dir()  # what was asked to be kept is kept


def test_a_busy_port_moves_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        with house("--card", "none", "--port", str(port)) as room:
            address = room.facts["url"]
            assert port < int(address.split(":")[2].split("/")[0]) < port + 20
            with urllib.request.urlopen(address, timeout=5) as page:
                assert "茶の間" in page.read().decode()


def test_a_card_of_another_authority_from_elsewhere_is_accepted_where_it_is_trusted(tmp_path: Path) -> None:
    authority = Authority.open(tmp_path / "other", now=datetime.now(UTC))
    with house("--card", "none", "--trust-ca", str(tmp_path / "other" / "ca.pem")) as room:
        assert authority.folder != Path(room.facts["world"]["authority"])
        witness, port = Witness(room.socket("ui")), str(room.facts["reader"]["port"])
        card = [sys.executable, "-m", "simulators", "card", "--authority", str(authority.folder), "--port", port]
        with subprocess.Popen([*card, "--insert", "new"], stdout=subprocess.DEVNULL) as elsewhere:
            try:
                room.key("HOMEPAGE")
                assert witness.until(lambda m: m["shown"] and m["status"].get("level") == 1, 20)
                room.key("OK")
                assert witness.until(lambda m: m["view"]["kind"] == "consent", 5)
                room.key("OK")
                assert witness.until(lambda m: m["view"]["kind"] == "pin", 5)
                for digit in room.facts["pin"]:
                    room.key(digit)
                room.key("OK")
                assert witness.until(lambda m: m["status"].get("level") == 2, 20), witness.latest()
            finally:
                elsewhere.terminate()
        witness.close()


def test_what_is_wrong_is_said_and_nothing_is_left(tmp_path: Path) -> None:
    for arguments, words in (
        (["--trust-ca", str(tmp_path / "none.pem")], "no such file"),
        (["--desktop"], "--desktop needs a desktop"),
    ):
        ran = subprocess.run(
            [sys.executable, "-m", "simulators", "house", "--pcscd", "private", *arguments],
            capture_output=True, text=True, timeout=60, check=False,
            env={name: value for name, value in os.environ.items() if name != "DISPLAY"},
        )  # fmt: skip
        assert ran.returncode in (1, 2)
        assert words in ran.stderr


def apart(*arguments: str, card: str = "") -> subprocess.Popen[str]:
    """Put a house up on a machine of its own; ``card``: the authority's folder of a card that is already in its reader there."""
    return subprocess.Popen(
        [*_APART, sys.executable, "-c", _MACHINE, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "CARD": card,
            "PCSCLITE_CSOCK_NAME": "/nowhere",
        },  # what a shell says is not the house's daemon
    )


@pytest.mark.parametrize("asked", ["none", "new"])
def test_a_card_that_is_already_in_the_reader_is_used_or_named(tmp_path: Path, asked: str) -> None:
    authority = Authority.open(tmp_path / "other", now=datetime.now(UTC))
    trust = ["--trust-ca", str(tmp_path / "other" / "ca.pem")]
    process = apart("--card", asked, *trust, card=str(authority.folder))
    assert process.stdout is not None
    assert process.stderr is not None
    pids = {process.pid}
    try:
        while not any("simulators card" in line for line in alive(pids).values()):
            assert process.poll() is None
            time.sleep(0.02)
            pids = family(process.pid)
        line = process.stdout.readline()
        pids |= family(process.pid)
        if asked == "none":
            assert line, process.stderr.read()
            room = House(process, json.loads(line))
            witness = Witness(room.socket("ui"))
            assert witness.until(lambda m: m["status"].get("level") == 1, 10), (witness.latest(), room.log("agent"))
            witness.close()
            process.terminate()
            assert process.wait(_QUICK) == 0
        else:
            assert not line
            assert "another card is in the virtual reader" in process.stderr.read()
            assert process.wait(_QUICK) == 1
    finally:
        process.terminate()
        process.communicate(timeout=_QUICK)
    assert gone(pids, _QUICK) == {}


def test_on_a_machine_without_pcscd_one_is_started_and_ended() -> None:
    usual = {name: value for name, value in os.environ.items() if name != "PCSCLITE_CSOCK_NAME"}
    process = subprocess.Popen([*_APART, sys.executable, "-c", _MACHINE], stdout=subprocess.PIPE, text=True, env=usual)
    try:
        assert process.stdout is not None
        room = House(process, json.loads(process.stdout.readline()))
        assert room.facts["reader"] == {"port": 35963, "PCSCLITE_CSOCK_NAME": "/run/pcscd/pcscd.comm"}
        pids = family(process.pid)
        witness = Witness(room.socket("ui"))
        absent = witness.until(lambda m: m["status"].get("card", "absent") == "absent", 10)
        assert absent, (witness.latest(), room.log("pcscd"), room.log("agent"))
        room.card(insert="new")
        assert witness.until(lambda m: m["status"].get("card") == "present", 10)
        witness.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert gone(pids, 5) == {}
    finally:
        process.kill()
        process.communicate()
