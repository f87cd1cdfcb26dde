"""The simulated card behind the real pcscd and vpcd, asked by pyscard and by OpenSC, which knows nothing of it."""

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from smartcard import scard

from simulators.card import Accident, Fault, Quirks, Tray
from simulators.card.vpcd import Control, Pulled, hold
from tests.support.cards import NOW
from tests.support.pcsc import Pcscd, private_pcscd
from tests.support.ports import free_port

READER = "Virtual PCD 00 00"
AP = "00A4040C0AD392F000260100000001"
CERTIFICATE = "00B08A00000000"
QUERY, VERIFY, WRONG = "00200098", "002000980431323334", "002000980430303030"
DIGEST_INFO = "3031300D060960864801650304020105000420" + hashlib.sha256(b"hello").hexdigest()
SIGN = f"802A009733{DIGEST_INFO}00"
PATIENCE = 10.0


@contextmanager
def context() -> Iterator[Any]:
    result, handle = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    assert result == scard.SCARD_S_SUCCESS, scard.SCardGetErrorMessage(result)
    try:
        yield handle
    finally:
        scard.SCardReleaseContext(handle)


def wait_for(state: int) -> bytes:
    """Wait until the reader is in a state and return the ATR."""
    deadline, known = time.monotonic() + PATIENCE, scard.SCARD_STATE_UNAWARE
    with context() as handle:
        while time.monotonic() < deadline:
            result, changes = scard.SCardGetStatusChange(handle, 500, [(READER, known)])
            if result == scard.SCARD_S_SUCCESS:
                _, known, atr = changes[0]
                if known & state:
                    return bytes(atr)
    raise TimeoutError(f"reader state {known:X}, wanted {state:X}")


def ask(*commands: str, after: int = scard.SCARD_UNPOWER_CARD) -> list[bytes | int]:
    """Connect, send commands, disconnect; each gives the answer, or PC/SC's error code."""
    wait_for(scard.SCARD_STATE_PRESENT)
    with context() as handle:
        result, card, protocol = scard.SCardConnect(
            handle, READER, scard.SCARD_SHARE_EXCLUSIVE, scard.SCARD_PROTOCOL_T1
        )
        assert result == scard.SCARD_S_SUCCESS, scard.SCardGetErrorMessage(result)
        answers: list[bytes | int] = []
        for command in commands:
            result, answer = scard.SCardTransmit(card, protocol, list(bytes.fromhex(command)))
            answers.append(bytes(answer) if result == scard.SCARD_S_SUCCESS else result)
        scard.SCardDisconnect(card, after)
        return answers


def tail(answers: list[bytes | int]) -> str:
    """Return the last status word."""
    assert isinstance(answers[-1], bytes)
    return answers[-1][-2:].hex()


async def test_a_whole_sign_in_takes_five_commands(tray: Tray) -> None:
    await tray.insert("linked")
    answers = await asyncio.to_thread(ask, AP, CERTIFICATE, QUERY, VERIFY, SIGN)
    assert all(isinstance(answer, bytes) for answer in answers)
    _, der, query, verified, signature = (bytes(answer) for answer in answers if isinstance(answer, bytes))
    key = x509.load_der_x509_certificate(der[:-2]).public_key()
    assert isinstance(key, RSAPublicKey)
    key.verify(signature[:-2], b"hello", padding.PKCS1v15(), hashes.SHA256())
    assert (query.hex(), verified.hex()) == ("63c3", "9000")
    assert tray.recorder.commands == [c.lower() for c in (AP, CERTIFICATE, QUERY, VERIFY, SIGN)]


async def test_the_reader_adds_less_than_a_delayed_acknowledgement(tray: Tray) -> None:
    await tray.insert("linked")
    await asyncio.to_thread(ask, AP)
    start = time.monotonic()
    await asyncio.to_thread(ask, *[AP] * 100)
    # 40 ms each, 4 s in all, if vpcd's length waited for a delayed acknowledgement.
    assert time.monotonic() - start < 2


async def test_only_power_off_ends_the_security_status(tray: Tray) -> None:
    await tray.insert("linked")
    await asyncio.to_thread(ask, AP, VERIFY, after=scard.SCARD_LEAVE_CARD)
    assert tail(await asyncio.to_thread(ask, AP, SIGN, after=scard.SCARD_RESET_CARD)) == "9000"
    assert tail(await asyncio.to_thread(ask, AP, SIGN, after=scard.SCARD_UNPOWER_CARD)) == "9000"
    assert tail(await asyncio.to_thread(ask, AP, SIGN)) == "6982"


async def test_pull_and_insert_are_seen(tray: Tray) -> None:
    for profile in ("linked", "new", "expired"):
        await tray.insert(profile)
        atr = await asyncio.to_thread(wait_for, scard.SCARD_STATE_PRESENT)
        assert atr.hex() == Quirks().atr
        await tray.pull()
        await asyncio.to_thread(wait_for, scard.SCARD_STATE_EMPTY)


async def test_another_atr(tray: Tray) -> None:
    tray.quirks(Quirks(atr="3be000ff8131fe4514"))
    await tray.insert("linked")
    assert (await asyncio.to_thread(wait_for, scard.SCARD_STATE_PRESENT)).hex() == "3be000ff8131fe4514"


@pytest.mark.parametrize(
    ("accident", "tries"), [(Accident.PULL_BEFORE, 3), (Accident.PULL_INSIDE, 2), (Accident.PULL_AFTER, 2)]
)
async def test_a_card_pulled_around_verify(tray: Tray, accident: Accident, tries: int) -> None:
    await tray.insert("new")
    tray.fault(Fault(do=accident, ins="20"))
    answers = await asyncio.to_thread(ask, AP, WRONG)
    # vpcd and pcscd report a lost answer as success with no octets.
    assert answers[-1] == (bytes.fromhex("63c2") if accident is Accident.PULL_AFTER else b"")
    await asyncio.to_thread(wait_for, scard.SCARD_STATE_EMPTY)
    assert tray.state().inserted is None
    await tray.insert("new")
    assert tail(await asyncio.to_thread(ask, AP, QUERY)) == f"63c{tries}"


async def test_a_slow_card_is_waited_for(tray: Tray) -> None:
    await tray.insert("linked")
    tray.fault(Fault(do=Accident.SLOW, seconds=1.5, ins="2a"))
    start = time.monotonic()
    assert tail(await asyncio.to_thread(ask, AP, VERIFY, SIGN)) == "9000"
    assert time.monotonic() - start > 1.5


async def test_the_card_finds_a_restarted_pcscd(folder: Path) -> None:
    async with AsyncExitStack() as stack:
        with private_pcscd() as first:
            tray = await stack.enter_async_context(Tray(folder, clock=lambda: NOW, port=first.port))
            await tray.insert("linked")
            first.adopt()
            await asyncio.to_thread(ask, AP, VERIFY, after=scard.SCARD_LEAVE_CARD)
        with private_pcscd(first.port) as second:
            second.adopt()
            assert tail(await asyncio.to_thread(ask, AP, SIGN)) == "6982"


async def test_several_readers_at_once(folder: Path) -> None:
    with private_pcscd() as one, private_pcscd() as two:
        async with (
            Tray(folder, clock=lambda: NOW, port=one.port) as left,
            Tray(folder, clock=lambda: NOW, port=two.port) as right,
        ):
            await left.insert("linked")
            await right.insert("blocked")
            one.adopt()
            assert tail(await asyncio.to_thread(ask, AP, QUERY)) == "63c3"
            two.adopt()
            assert tail(await asyncio.to_thread(ask, AP, QUERY)) == "6984"


def test_nothing_is_left_of_a_pcscd() -> None:
    with private_pcscd() as daemon:
        assert Path(f"/proc/{daemon.pid}/comm").read_text() == "pcscd\n"
    assert not Path(f"/proc/{daemon.pid}").exists()
    assert not daemon.csock.parent.exists()


class _Echo:
    """A card that answers 9000 and leaves at the command FF FF."""

    atr = b"\x3b\x00"

    def __init__(self) -> None:
        self.seen: list[str] = []

    def power_off(self) -> None:
        self.seen.append("off")

    def reset(self) -> None:
        self.seen.append("reset")

    async def transmit(self, command: bytes) -> bytes:
        self.seen.append(command.hex())
        if command == b"\xff\xff":
            raise Pulled(b"\x62\x81")
        return b"\x90\x00"


async def test_frames_may_arrive_in_crumbs() -> None:
    port, card, answers = free_port(), _Echo(), bytearray()
    stream = b"".join(
        len(payload).to_bytes(2) + payload
        for payload in (
            bytes([Control.ATR]), bytes([Control.POWER_ON]), b"\x00\xa4" * 200, bytes([Control.RESET]), b"",
            b"\x09", b"\xff\xff",
        )
    )  # fmt: skip

    async def crumble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for octet in stream:
            writer.write(bytes([octet]))
            await writer.drain()
            await asyncio.sleep(0)
        answers.extend(await reader.read())
        writer.close()

    holding = asyncio.create_task(hold(card, "127.0.0.1", port, asyncio.Event()))
    await asyncio.sleep(0.05)  # no reader yet
    async with await asyncio.start_server(crumble, "127.0.0.1", port):
        with pytest.raises(Pulled):
            await asyncio.wait_for(holding, PATIENCE)
        await asyncio.sleep(0.05)
    assert answers.hex() == "0002" + "3b00" + "0002" + "9000" + "0002" + "6281"
    assert card.seen == ["00a4" * 200, "reset", "ffff", "off"]


def test_opensc_reads_and_signs(pcscd: Pcscd, folder: Path, tmp_path: Path) -> None:
    """`stb-sim card` as a process; OpenSC's own driver for JPKI; OpenSSL judges."""

    def run(*words: str | Path) -> bytes:
        return subprocess.run(words, env=pcscd.environment, check=True, capture_output=True, cwd=tmp_path).stdout

    control = tmp_path / "control"
    record = tmp_path / "record"
    program = subprocess.Popen(
        [sys.executable, "-m", "simulators", "card", "--port", str(pcscd.port), "--authority", folder,
         "--control", control, "--insert", "linked", "--pin", "0912", "--record", record],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert program.stdout is not None
        assert b"linked" in program.stdout.readline()
        wait_for(scard.SCARD_STATE_PRESENT)
        (tmp_path / "message").write_bytes(b"hello")
        (tmp_path / "card.pem").write_bytes(run("pkcs15-tool", "--read-certificate", "1"))
        run("pkcs11-tool", "--login", "--pin", "0912", "--sign", "--id", "01", "--mechanism", "SHA256-RSA-PKCS",
            "--input-file", "message", "--output-file", "signature")  # fmt: skip
        (tmp_path / "key.pem").write_bytes(run("openssl", "x509", "-in", "card.pem", "-noout", "-pubkey"))
        verdict = run("openssl", "dgst", "-sha256", "-verify", "key.pem", "-signature", "signature", "message")
        assert verdict == b"Verified OK\n"
        run("openssl", "verify", "-CAfile", folder / "ca.pem", "card.pem")
    finally:
        program.send_signal(signal.SIGTERM)
        status = program.wait(PATIENCE)
        program.stdout.close()  # type: ignore[union-attr]
    assert status == 0
    assert not control.exists()
    lines = [json.loads(line) for line in record.read_text().splitlines()]
    assert VERIFY.replace("31323334", "30393132").lower().replace("0098", "0080") in [line["command"] for line in lines]


def test_the_control_socket(folder: Path, tmp_path: Path) -> None:
    control = tmp_path / "control"
    program = subprocess.Popen(
        [sys.executable, "-m", "simulators", "card", "--port", str(free_port()), "--authority", folder,
         "--control", control],
        stdout=subprocess.PIPE,
    )  # fmt: skip

    async def converse(*lines: bytes) -> list[dict[str, Any]]:
        reader, writer = await asyncio.open_unix_connection(control)
        replies = []
        for line in lines:
            writer.write(line + b"\n")
            replies.append(json.loads(await reader.readline()))
        writer.close()
        await writer.wait_closed()
        return replies

    try:
        assert program.stdout is not None
        assert b"empty" in program.stdout.readline()
        assert os.stat(control).st_mode & 0o777 == 0o600
        empty, refused, inserted = asyncio.run(converse(b'{"state":true}', b"nonsense", b'{"insert":"blocked"}'))
        assert (empty["inserted"], empty["ok"]) == (None, True)
        assert refused["code"] == "card.request"
        assert (inserted["inserted"], inserted["tries"]) == ("blocked", {"authentication": 0, "signature": 5})
    finally:
        program.send_signal(signal.SIGINT)
        assert program.wait(PATIENCE) == 0
        program.stdout.close()  # type: ignore[union-attr]
