"""The world as processes: `stb-sim world` and the World class."""

import asyncio
import json
import os
import signal
import sys
import time
from datetime import UTC, datetime

import aiohttp
import pytest

from simulators.platform.seed import CONTRACT_NUMBER
from simulators.world import NAMES, WorldError
from tests.support.world import Box, running_world, single_attempts


async def refused(url):
    try:
        async with aiohttp.ClientSession() as http, http.get(f"{url}/_sim/requests"):
            return False
    except aiohttp.ClientConnectorError:
        return True


async def all_refused(described, patience=5.0):
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if all([await refused(described[name]) for name in NAMES]):
            return True
        await asyncio.sleep(0.05)
    return False


async def test_a_journey_through_four_processes(authority, other_authority, tmp_path):
    options = {"state": tmp_path, "trust_ca": [other_authority.folder / "ca.pem"], "seed": 3}
    async with running_world(authority.folder, **options) as world, single_attempts() as http:
        assert world.ca.read_bytes() == authority.certificate_pem
        box = Box(http, world.platform)
        reply = await box.sign_in(other_authority.identity("visitor"))
        assert reply.body["scope"] == "openid link"
        token = reply.body["access_token"]
        assert (await box.link(token, world.describe()["contract_number"])).status == 201
        records = (await box.exchange(token, world.health)).body["access_token"]
        observations = f"{world.health}/Observation?_count=1"
        first = await box.send("GET", observations, token=records)
        assert first.body["total"] > 40
        await world.stop("health")
        assert await refused(world.health)
        await world.start("health")
        again = await box.send("GET", observations, token=records)
        assert again.body == first.body
        await world.control("health", "POST", "/_sim/faults", {"kind": "status", "status": 503})
        assert (await box.send("GET", observations, token=records)).status == 503
        seen = await world.control("health", "GET", "/_sim/requests")
        assert [request["status"] for request in seen["requests"]] == [200, 503]
        described = world.describe()
    assert await all_refused(described, 0.1), "leaving the context ends all"


async def test_a_clock_that_stands_still(authority):
    now = datetime(2027, 2, 1, tzinfo=UTC)
    async with running_world(authority.folder, now=now) as world, single_attempts() as http:
        box = Box(http, world.platform, now.timestamp)
        await box.sign_in(authority.identity("linked"))
        ledger = await world.control("platform", "GET", "/_sim/ledger")
        assert {row["at"] for row in ledger["ledger"]} == {"2027-02-01T00:00:00Z"}


async def test_a_world_that_cannot_start_leaves_nothing_behind(authority, tmp_path, capfd):
    bad = tmp_path / "bad.pem"
    bad.write_text("not a certificate")
    with pytest.raises(WorldError) as caught:
        async with running_world(authority.folder, trust_ca=[bad]):
            pass
    assert caught.value.code == "world.start"
    assert caught.value.data["simulator"] in ("validation", "platform")
    assert "bad.pem" in capfd.readouterr().err


async def start_program(authority, *arguments):
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulators", "world", "--json", "--authority", str(authority.folder), *arguments,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    line = await asyncio.wait_for(program.stdout.readline(), 20)
    return program, json.loads(line)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_program_says_where_all_is_and_ends_all_when_told(authority, number):
    program, described = await start_program(authority)
    assert set(described) == {*NAMES, "contract_number", "operator", "authority", "ca"}
    assert described["contract_number"] == CONTRACT_NUMBER
    for name in NAMES:
        assert not await refused(described[name])
    program.send_signal(number)
    assert await asyncio.wait_for(program.wait(), 10) == 0
    assert await all_refused(described, 0.1)


async def test_when_the_program_is_killed_its_children_end(authority, tmp_path):
    program, described = await start_program(authority, "--state", str(tmp_path))
    program.kill()
    await program.wait()
    assert await all_refused(described)


async def test_the_program_does_not_run_for_a_parent_that_is_gone():
    arguments = ["--json", "--parent", str(os.getppid())]
    program = await asyncio.create_subprocess_exec(sys.executable, "-m", "simulators", "world", *arguments)
    assert await asyncio.wait_for(program.wait(), 10) == 1


async def test_a_simulator_by_its_name(tmp_path):
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulators", "booking", "--platform", "http://127.0.0.1:9", "--state", str(tmp_path),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    name, _, url = (await asyncio.wait_for(program.stdout.readline(), 20)).decode().strip().partition(": ")
    assert name == "booking"
    async with aiohttp.ClientSession() as http, http.get(f"{url}/facilities") as answer:
        assert answer.status == 200
    program.terminate()
    assert await program.wait() == 0
    assert (tmp_path / "booking.sqlite").exists()


async def test_a_foreign_platform_is_refused():
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulators", "booking", "--platform", "http://platform.example",
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, complaint = await program.communicate()
    assert program.returncode == 2
    assert b"loopback" in complaint
