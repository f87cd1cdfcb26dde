"""A box registers with its operator's software statement, proves itself by its own key, and changes that key."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256
from yarl import URL

from simulators.world import World
from stb_agent.cable_id import errors
from stb_agent.cable_id.client import PlatformClient
from stb_agent.cable_id.client_auth import KeyClient
from stb_agent.cable_id.device_key import DeviceKey
from stb_agent.cable_id.discovery import Discovery
from stb_agent.cable_id.dpop import Prover
from stb_agent.cable_id.registration import CLIENT_KEY, FILE, Registrar, client_of, read, until_registered
from stb_agent.cable_id.session import Session
from stb_agent.cable_id.transport import Transport
from stb_agent.contract.config import Box, Config, Platform
from stb_agent.doctor import _registration
from stb_agent.doctor.finding import Finding
from tests.support.home import Home
from tests.support.world import unverified

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Bench:
    """Boxes on an operator's bench."""

    home: Home
    http: aiohttp.ClientSession
    folder: Path

    async def statement(self, **order: object) -> str:
        return (await self.home.world.control("platform", "POST", "/_sim/software-statement", order))[
            "software_statement"
        ]

    def registrar(self, name: str) -> Registrar:
        state = self.folder / name
        transport = self.transport(state)
        return Registrar(state, Discovery(self.home.world.platform, transport), transport)

    def transport(self, state: Path) -> Transport:
        prover = Prover(DeviceKey.open(state / "device.key"), clock=time.time, random=os.urandom)
        return Transport(self.http, prover, clock=time.time)

    async def sign_in(self, name: str) -> Session:
        state = self.folder / name
        client = client_of(state, self.home.world.platform, "nobody", os.urandom)
        platform = PlatformClient(self.home.world.platform, client, self.transport(state), random=os.urandom)
        card = self.home.card("linked")

        async def sign(data: bytes) -> bytes:
            return card.key.sign(data, padding.PKCS1v15(), SHA256())

        return await platform.sign_in(await platform.challenge(), card.der, sign)


@pytest_asyncio.fixture(loop_scope="module")
async def bench(home: Home, tmp_path: Path) -> AsyncIterator[Bench]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        yield Bench(home, http, tmp_path)


async def test_boxes_of_an_operator_know_a_person_by_one_name(bench: Bench) -> None:
    for name, operator in (("living", "shiomi"), ("bedroom", "shiomi"), ("elsewhere", "minato")):
        await bench.registrar(name).register(await bench.statement(operator=operator))
    living, bedroom, elsewhere = [await bench.sign_in(name) for name in ("living", "bedroom", "elsewhere")]
    assert living.subject == bedroom.subject != elsewhere.subject
    ids = {unverified(session.access_token)["client_id"] for session in (living, bedroom, elsewhere)}
    assert len(ids) == 3, "each box is a client of its own"


async def test_registering_again_is_the_same_client(bench: Bench) -> None:
    statement = await bench.statement()
    await bench.home.fault("platform", kind="drop_after", path="/register", method="POST")
    with pytest.raises(errors.PlatformUnreachable):
        await bench.registrar("box").register(statement)
    assert read(bench.folder / "box") is None
    first = await bench.registrar("box").register(statement)
    assert await bench.registrar("box").register(statement) == first, "kept, not asked for again"
    (bench.folder / "box" / FILE).unlink()
    again = await bench.registrar("box").register(statement)
    assert again.client_id == first.client_id
    assert again.registration_access_token != first.registration_access_token
    assert (bench.folder / "box" / FILE).stat().st_mode & 0o777 == 0o600
    await bench.sign_in("box")


async def test_the_key_changes_whenever_the_power_goes(bench: Bench) -> None:
    registrar = bench.registrar("box")
    await registrar.register(await bench.statement())
    key = bench.folder / "box" / CLIENT_KEY
    path = URL(read(bench.folder / "box").registration_client_uri).path
    for kind in ("drop_before", "drop_after"):
        for which in (1, 2):
            before = key.read_bytes()
            if which == 2:  # the first change gets through, the second does not
                await bench.home.fault("platform", kind="delay_after", path=path, method="PUT", seconds=0)
            await bench.home.fault("platform", kind=kind, path=path, method="PUT", times=2)
            with pytest.raises(errors.PlatformUnreachable):
                await bench.registrar("box").rotate()
            await bench.home.world.control("platform", "DELETE", "/_sim/faults")
            await bench.sign_in("box")
            await bench.registrar("box").rotate()
            assert key.read_bytes() != before
            await bench.sign_in("box")
    assert not list((bench.folder / "box").glob("*.next"))


async def test_an_old_key_is_worth_nothing(bench: Bench) -> None:
    kept = await bench.registrar("box").register(await bench.statement())
    state = bench.folder / "box"
    shutil.copy(state / CLIENT_KEY, state / "old.key")
    await bench.registrar("box").rotate()
    client = KeyClient(kept.client_id, DeviceKey.open(state / "old.key"), os.urandom)
    platform = PlatformClient(bench.home.world.platform, client, bench.transport(state), random=os.urandom)
    with pytest.raises(errors.ClientRefused):
        await platform.challenge()


async def test_a_disk_without_the_device_key_is_worth_nothing(bench: Bench) -> None:
    kept = await bench.registrar("box").register(await bench.statement())
    thief = bench.folder / "thief"
    shutil.copytree(bench.folder / "box", thief)
    (thief / "device.key").unlink()
    with pytest.raises(errors.ClientRefused):
        await bench.sign_in("thief")
    with pytest.raises(errors.RegistrationEnded):
        await bench.registrar("thief").confirm()
    with pytest.raises(errors.RegistrationEnded):
        await bench.registrar("thief").rotate()
    assert kept.registration_access_token not in repr(kept)
    await bench.sign_in("box")


@pytest.mark.parametrize(
    "order",
    [
        {"claims": {"iss": "https://unknown.example"}},
        {"claims": {"iss": "https://minato.example"}},
        {"claims": {"exp": 1}},
        {"claims": {"iat": 4102444800}},
        {"claims": {"token_endpoint_auth_method": "none"}},
        {"claims": {"software_id": 7}},
    ],
)
async def test_a_statement_that_does_not_hold(bench: Bench, order: dict[str, object]) -> None:
    with pytest.raises(errors.StatementRefused):
        await bench.registrar("box").register(await bench.statement(**order))
    with pytest.raises(errors.StatementRefused):
        await bench.registrar("box").register("no.statement.")
    assert not (bench.folder / "box" / FILE).exists()


async def test_a_box_registers_itself_when_it_first_can(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    statement, waits = bench.folder / "statement.jwt", []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        match len(waits):
            case 1:
                statement.write_text("not.one.")
            case 2:
                statement.write_text(await bench.statement())
                await bench.home.fault("platform", kind="status", path="/register", status=503)

    caplog.set_level("INFO")
    await until_registered(bench.registrar("box"), str(statement), sleep, lambda n: b"\x80" + bytes(n - 1))
    assert waits == [8, 15.5, 30.5], "half of what is doubled each time, and a second at least"
    assert [record.getMessage().partition(": ")[2] for record in caplog.records if "not registered" in record.message] == [
        "cable_id.registration.statement_missing", "cable_id.registration.statement", "cable_id.platform.busy",
    ]  # fmt: skip
    await bench.sign_in("box")


async def test_the_doctor_sees_whether_the_box_is_registered(bench: Bench, world: World) -> None:
    state = bench.folder / "box"
    config = Config(box=Box(state=str(state)), platform=Platform(issuer=world.platform, software_statement="given"))
    (finding,) = _registration(config)
    assert (finding.ok, finding.code) == (False, "doctor.registration_missing")
    kept = await bench.registrar("box").register(await bench.statement())
    assert _registration(config) == [Finding("registration", True, kept.client_id)]
    assert _registration(Config(platform=Platform(issuer="https://other.example"))) == []
    (state / FILE).write_text("[]")
    (finding,) = _registration(config)
    assert finding.line().startswith("×")


async def test_what_the_bench_says(bench: Bench, world: World) -> None:
    async def provision(*options: str) -> tuple[int, dict[str, str]]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "stb_agent", "provision", "--json", "--config", str(bench.folder / "box.toml"),
            *options, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        out, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, json.loads(out)

    statement = bench.folder / "statement.jwt"
    (bench.folder / "box.toml").write_text(
        f'[box]\nstate = "{bench.folder}/state"\n'
        f'[platform]\nissuer = "{world.platform}"\nsoftware_statement = "{statement}"\n'
    )
    assert (await provision())[1]["error"] == "cable_id.registration.statement_missing"
    statement.write_text(await bench.statement() + "\n")
    status, told = await provision()
    assert (status, told["issuer"]) == (0, world.platform)
    key = (bench.folder / "state" / CLIENT_KEY).read_bytes()
    assert await provision() == (0, told)
    assert (bench.folder / "state" / CLIENT_KEY).read_bytes() == key
    assert await provision("--rotate") == (0, told)
    assert (bench.folder / "state" / CLIENT_KEY).read_bytes() != key
    statement.unlink()
    assert await provision() == (0, told), "needed once"
    (bench.folder / "state" / FILE).write_text("{")
    with pytest.raises(errors.RegistrationDamaged):
        client_of(bench.folder / "state", world.platform, "", os.urandom)
    assert (await provision())[1]["error"] == "cable_id.registration.statement_missing"
    statement.write_text(await bench.statement())
    assert await provision() == (0, told), "what is damaged is made anew: the same device, the same client"
