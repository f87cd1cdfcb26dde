"""``stb-agent card`` as a program, with cards that this project did not write in the real pcscd's virtual reader, and with its own."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from simulators.authority import Authority as SimulatedAuthority
from simulators.card import Quirks, Tray, Tries
from tests.support.foreign_card import MODERN, OLD, Authority, Card, Chip, ForeignCard, card
from tests.support.pcsc import Pcscd, private_pcscd

CHALLENGE = "00ff" * 20
PIN = "4321"
_VERIFY, _SIGN = 0x20, 0x2A


@pytest.fixture(scope="module")
def pcscd() -> Iterator[Pcscd]:
    with private_pcscd() as daemon:
        yield daemon


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority(datetime.now(UTC))


@pytest.fixture
def anchor(authority: Authority, tmp_path: Path) -> Path:
    return authority.write(tmp_path / "ca.pem")


async def program(
    pcscd: Pcscd, tmp_path: Path, *arguments: str, pin: str | None = None, config: str = ""
) -> tuple[int, dict[str, Any], str]:
    """Run ``stb-agent card … --json``; gives exit status, what it told, and standard error."""
    file = tmp_path / "box.toml"
    file.write_text("[card]\n" + config, "utf-8")
    options = ["--config", str(file), "--json"]
    descriptors: list[int] = []
    if pin is not None:
        reading, writing = os.pipe()
        os.write(writing, pin.encode())
        os.close(writing)
        descriptors, options = [reading], [*options, "--pin-fd", str(reading)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "stb_agent", "card", *arguments, *options,
        env=pcscd.environment, pass_fds=descriptors, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    for descriptor in descriptors:
        os.close(descriptor)
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, json.loads(out) if out else {}, err.decode()


async def seen(pcscd: Pcscd, tmp_path: Path, present: bool = True) -> None:
    """Wait until pcscd has noticed what is in its reader."""
    async with asyncio.timeout(10):
        while True:
            _, told, _ = await program(pcscd, tmp_path, "doctor")
            state = next(it["detail"] for it in told if it["part"] == "card")  # type: ignore[index]
            if state.startswith("入っています") is present:
                return


def holds(told: dict[str, Any]) -> None:
    """Check the signature as anyone could, with what was printed."""
    key = x509.load_der_x509_certificate(base64.b64decode(told["certificate"])).public_key()
    assert isinstance(key, RSAPublicKey)
    key.verify(base64.b64decode(told["signature"]), bytes.fromhex(CHALLENGE), PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize(
    ("chip", "bare"),
    [(OLD, True), (OLD, False), (MODERN, True), (MODERN, False)],
    ids=["old, bare", "old, full", "modern, bare", "modern, full"],
)
async def test_a_foreign_card_signs(
    pcscd: Pcscd, tmp_path: Path, authority: Authority, anchor: Path, chip: Chip, bare: bool
) -> None:
    one = card(authority, chip, bare=bare, pin=PIN)
    async with ForeignCard(one, pcscd.port).inserted():
        await seen(pcscd, tmp_path)
        before = len(one.commands)
        status, told, err = await program(
            pcscd, tmp_path, "sign", "--challenge", CHALLENGE, "--trust-ca", str(anchor), pin=PIN
        )
        assert (status, err) == (0, "")
        holds(told)
        assert list(told) == ["signature", "certificate", "apdus", "bytes", "card_ms", "own_ms"]
        assert base64.b64decode(told["certificate"]) == one.certificate
        assert told["apdus"] == len(one.commands) - before
        assert told["bytes"] > len(one.certificate) + 256
        assert told["card_ms"] > 0
        assert told["own_ms"] >= 0
    assert one.signatures == 1
    assert len([sent for sent in one.sent(_VERIFY) if len(sent) == 5]) == 1


async def test_our_card_signs_in_five_commands_or_eleven(pcscd: Pcscd, tmp_path: Path) -> None:
    anchor = tmp_path / "ca.pem"
    anchor.write_bytes(SimulatedAuthority.open(tmp_path / "cards", now=datetime.now(UTC)).certificate_pem)
    sign = ("sign", "--challenge", CHALLENGE, "--trust-ca", str(anchor))
    async with Tray(tmp_path / "cards", clock=lambda: datetime.now(UTC), port=pcscd.port) as tray:
        await tray.insert("new")
        await seen(pcscd, tmp_path)
        status, told, _ = await program(pcscd, tmp_path, *sign, pin="1234")
        assert (status, told["apdus"]) == (0, 5)
        holds(told)
        tray.quirks(Quirks(extended=False))
        status, told, _ = await program(pcscd, tmp_path, *sign, pin="1234")
        assert (status, told["apdus"]) == (0, 12)  # the one that is refused, once for a reader and card
        tray.tries(Tries(authentication=1))
        status, told, _ = await program(pcscd, tmp_path, *sign, pin="1234")
        assert (status, told["error"]) == (7, "card.pin.last")
        assert tray.state().tries.authentication == 1
        status, told, _ = await program(pcscd, tmp_path, *sign, "--last-try", pin="1234\n")
        assert status == 0
        assert tray.state().tries.authentication == 3


async def refused(
    pcscd: Pcscd, tmp_path: Path, one: Card, *arguments: str, config: str = "", pin: str = PIN
) -> tuple[int, str]:
    status, told, err = await program(
        pcscd, tmp_path, "sign", "--challenge", CHALLENGE, *arguments, pin=pin, config=config
    )
    assert "signature" not in told
    assert err.startswith(told["error"])
    assert "  → " in err
    assert one.sent(_SIGN) == []
    return status, told["error"]


async def test_a_box_is_no_signing_oracle(pcscd: Pcscd, tmp_path: Path, authority: Authority, anchor: Path) -> None:
    one = card(authority, MODERN, pin=PIN)
    other = Authority(datetime.now(UTC)).write(tmp_path / "other.pem")
    household = write_authority(tmp_path / "household.pem", "JPKI")
    async with ForeignCard(one, pcscd.port).inserted():
        await seen(pcscd, tmp_path)
        assert await refused(pcscd, tmp_path, one) == (8, "card.sign")
        assert await refused(pcscd, tmp_path, one, "--trust-ca", str(other)) == (8, "card.sign")
        assert await refused(pcscd, tmp_path, one, "--trust-ca", str(household)) == (8, "card.sign")
        for kind in ("authorities", "private_authorities"):  # a card that this box lets in is a household's
            config = f'{kind} = ["{anchor}"]\n'
            assert await refused(pcscd, tmp_path, one, "--trust-ca", str(anchor), config=config) == (8, "card.sign")
        assert one.sent(_VERIFY) == []
        trusted = ("--trust-ca", str(anchor))
        for wrong in ("", "432", "43210", "432a", "４３２１", "43 1", "\n4321"):
            assert (await refused(pcscd, tmp_path, one, *trusted, pin=wrong)) == (7, "card.pin.format")
        assert one.sent(_VERIFY) == []
        assert await refused(pcscd, tmp_path, one, *trusted, pin="0000") == (7, "card.pin.wrong")
        assert one.tries == 2


def write_authority(file: Path, organization: str) -> Path:
    """Make an authority's certificate under a name that is not its own."""
    made = Authority(datetime.now(UTC))
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.ORGANIZATION_NAME, organization)])
    builder = (
        x509.CertificateBuilder(name, name, made._key.public_key(), 1, made.certificate.not_valid_before_utc,
                                made.certificate.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )  # fmt: skip
    return replace_certificate(made, builder).write(file)


def replace_certificate(made: Authority, builder: x509.CertificateBuilder) -> Authority:
    made.certificate = builder.sign(made._key, hashes.SHA256())
    return made


@pytest.mark.parametrize(("chip", "level"), [(OLD, "short"), (MODERN, "extended")])
async def test_info_tells_of_the_card_and_nothing_of_the_person(
    pcscd: Pcscd, tmp_path: Path, authority: Authority, anchor: Path, chip: Chip, level: str
) -> None:
    one = card(authority, chip, pin=PIN)
    parsed = x509.load_der_x509_certificate(one.certificate)
    config = f'test = true\nprivate_authorities = ["{anchor}"]\n'
    async with ForeignCard(one, pcscd.port).inserted():
        await seen(pcscd, tmp_path)
        status, told, err = await program(pcscd, tmp_path, "info", config=config)
    assert (status, err) == (0, "")
    assert told == {
        "reader": "Virtual PCD 00 00", "protocol": "T=1", "level": level, "token": None, "tries": 3, "days_left": 699, "trouble": None,
    }  # fmt: skip
    text = json.dumps(told)
    common = parsed.subject.get_attributes_for_oid(x509.oid.NameOID.COMMON_NAME)[0].value
    for personal in (
        common,
        f"{parsed.serial_number:x}",
        str(parsed.serial_number),
        str(parsed.not_valid_after_utc.year),
    ):
        assert personal not in text
    assert not [sent for sent in one.sent(_VERIFY) if len(sent) > 4]


async def test_info_tells_why_a_card_is_not_taken_and_what_it_is(pcscd: Pcscd, tmp_path: Path) -> None:
    async with Tray(tmp_path / "cards", clock=lambda: datetime.now(UTC), port=pcscd.port) as tray:
        for profile, tries in (("expired", 3), ("blocked", 0)):
            await tray.insert(profile)
            await seen(pcscd, tmp_path)
            # As a box with real cards' authorities sees it, and one with those of J-LIS's test cards, which are not this card's.
            for config, trouble in (("", "card.kind.test"), ("test = true\n", "card.certificate.untrusted")):
                status, told, _ = await program(pcscd, tmp_path, "info", config=config)
                assert (status, told["token"], told["tries"]) == (0, "card", tries)
                assert told["trouble"] == trouble
                assert (told["days_left"] < 0) == (profile == "expired")
            await tray.pull()
            await seen(pcscd, tmp_path, present=False)


async def test_without_card_or_service_the_exit_status_tells_which(
    pcscd: Pcscd, tmp_path: Path, anchor: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await seen(pcscd, tmp_path, present=False)
    for verb in (("info",), ("sign", "--challenge", CHALLENGE, "--trust-ca", str(anchor))):
        pin = PIN if verb[0] == "sign" else None
        status, told, _ = await program(pcscd, tmp_path, *verb, pin=pin)
        assert (status, told["error"]) == (4, "card.absent")
        gone = replace(pcscd, csock=tmp_path / "none")
        for reader, error in (
            ("pcsc", "card.service"),
            ("auto", "card.reader"),
        ):  # without pcscd it is a reader on USB that is missing
            status, told, _ = await program(gone, tmp_path, *verb, pin=pin, config=f'reader = "{reader}"\n')
            assert (status, told["error"]) == (3, error)
    status, told, _ = await program(pcscd, tmp_path, "info", config=f'authorities = ["{tmp_path}/none.pem"]\n')
    assert (status, told["error"]) == (2, "card.anchors")


async def test_watch_tells_what_comes_and_goes(pcscd: Pcscd, tmp_path: Path, authority: Authority) -> None:
    file = tmp_path / "box.toml"
    file.write_text('[card]\nreader = "pcsc"\n', "utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "stb_agent", "card", "watch", "--config", str(file), "--json",
        env=pcscd.environment, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None

    async def line() -> dict[str, str]:
        assert process.stdout is not None
        return dict(json.loads(await asyncio.wait_for(process.stdout.readline(), 10)))

    async def until(state: str) -> dict[str, str]:
        while (told := await line())["state"] != state:
            pass
        return told

    await until("absent")
    async with ForeignCard(card(authority), pcscd.port).inserted():
        told = await until("present")
        assert told["reader"] == "Virtual PCD 00 00"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", told["time"])
    await until("absent")
    process.terminate()
    assert await asyncio.wait_for(process.wait(), 5) == 0
