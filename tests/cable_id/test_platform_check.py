"""``stb-agent platform check``: each standard flow against the simulated platform, and against one that falls short."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from joserfc.jwk import ECKey

from simulators.world import World
from tests.support.home import Home
from tests.support.ports import free_port

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIGN_INS = ("device", "par", "ciba", "card")


@dataclass
class Checked:
    """What the command answered."""

    status: int
    report: dict[str, Any]
    said: list[dict[str, str]]

    def of(self, result: str) -> set[tuple[str, str]]:
        return {(it["flow"], it["step"]) for it in self.report["steps"] if it["result"] == result}

    @property
    def details(self) -> dict[tuple[str, str], str]:
        return {(it["flow"], it["step"]): it["detail"] for it in self.report["steps"] if it["result"] == "failed"}


@dataclass
class Lab:
    """A platform, clients that it knows, and a person who does as they are told."""

    world: World
    folder: Path
    decision: str = "approve"

    async def client(self, **more: Any) -> Path:
        key = ECKey.generate_key("P-256", auto_kid=True)
        client = {
            "client_id": secrets.token_hex(4),
            "token_endpoint_auth_method": "private_key_jwt",
            "redirect_uris": [f"http://127.0.0.1:{free_port()}/back"],
            **more,
        }
        public = {"keys": [key.as_dict(private=False)]}
        await self.world.control("platform", "POST", "/_sim/clients", {**client, "jwks": public})
        client |= {
            "jwks": {"keys": [key.as_dict(private=True)]},
            "scope": "openid link",
            "login_hint": self.world.describe()["contract_number"],
        }
        path = self.folder / f"{client['client_id']}.json"
        path.write_text(json.dumps(client))
        return path

    async def check(self, client: Path, *options: str, issuer: str = "") -> Checked:
        people = self.world.authority / "people"
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "stb_agent", "platform", "check", "--json", "--issuer", issuer or self.world.platform,
            "--client", str(client), "--card-certificate", str(people / "linked.pem"), "--card-key",
            str(people / "linked.key"), *options,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        whole = asyncio.create_task(process.stdout.read())
        said = []
        async for line in process.stderr:
            if line.startswith(b"{"):
                said.append(json.loads(line))
                await self.act(said[-1])
        out = await whole
        return Checked(await process.wait(), json.loads(out), said)

    async def act(self, said: dict[str, str]) -> None:
        """Do what the command asks a person to do."""
        decide = {"decision": self.decision, "card": "linked"}
        match said["person"]:
            case "visit":
                decide["user_code"] = said["user_code"]
            case "confirm":
                waiting = await self.world.control("platform", "GET", "/_sim/pending")
                (decide["auth_req_id"],) = [
                    it["handle"] for it in waiting["pending"] if it["message"] == said["message"]
                ]
            case "open":
                query = dict(part.split("=", 1) for part in said["address"].partition("?")[2].split("&"))
                decide["request_uri"] = query["request_uri"].replace("%3A", ":")
        answer = await self.world.control("platform", "POST", "/_sim/decide", decide)
        if "location" in answer:
            async with aiohttp.ClientSession() as browser, browser.get(answer["location"]) as page:
                assert page.status == 200


@pytest_asyncio.fixture(loop_scope="module")
async def lab(home: Home, tmp_path: Path) -> AsyncIterator[Lab]:
    await home.world.control("platform", "POST", "/_sim/policy", {"expires_in": 60, "interval": 1})
    await home.sign_in(home.card("linked"))  # so that the test authority has written the card's key
    yield Lab(home.world, tmp_path)
    await home.world.control("platform", "POST", "/_sim/policy", {"expires_in": 300, "interval": 5})


@pytest.mark.parametrize("method", ["private_key_jwt", "none"])
async def test_the_simulated_platform_passes_everything(lab: Lab, method: str) -> None:
    checked = await lab.check(await lab.client(token_endpoint_auth_method=method))
    assert (checked.status, checked.details) == (0, {})
    passed = checked.of("passed")
    assert {flow for flow, _ in passed} == {"discovery", *SIGN_INS, "dpop", "refresh", "logout"}
    assert checked.report["passed"] >= 50
    assert checked.of("skipped") == {("dpop", "dpop_iat")}, "its nonce tells the time"
    assert all(it["clause"] for it in checked.report["steps"])


@pytest.mark.parametrize("flow", [*SIGN_INS, "discovery", "dpop", "refresh", "logout"])
async def test_one_flow_by_itself(lab: Lab, flow: str) -> None:
    checked = await lab.check(await lab.client(), "--flow", flow)
    assert (checked.status, checked.details) == (0, {})
    assert flow in {name for name, _ in checked.of("passed")}


@pytest.mark.parametrize("flow", ["device", "ciba", "par"])
async def test_a_person_who_says_no(lab: Lab, flow: str) -> None:
    lab.decision = "deny"
    checked = await lab.check(await lab.client(), "--flow", flow)
    assert checked.status == 1
    (detail,) = checked.details.values()
    assert "access_denied" in detail


async def test_a_client_that_the_platform_does_not_know(lab: Lab) -> None:
    path = await lab.client()
    known = json.loads(path.read_text())
    path.write_text(json.dumps({**known, "client_id": "nobody"}))
    checked = await lab.check(path, "--flow", "device")
    assert checked.status == 1
    assert "invalid_client" in checked.details["device", "device_response"]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        ("{", 2),
        ('{"client_secret": "x"}', 2),
        ('{"client_id": "x", "token_endpoint_auth_method": "private_key_jwt"}', 2),
        ('{"client_id": "x", "token_endpoint_auth_method": "tls_client_auth"}', 2),
    ],
)
async def test_a_file_that_is_no_client(lab: Lab, content: str, status: int) -> None:
    path = lab.folder / "client.json"
    path.write_text(content)
    assert (await lab.check(path)).status == status


async def test_nobody_there(lab: Lab) -> None:
    client = await lab.client()
    assert (await lab.check(client, issuer=f"http://127.0.0.1:{free_port()}")).status == 3
    assert (await lab.check(client, issuer="http://platform.example")).status == 3
    slash = await lab.check(client, issuer=lab.world.platform + "/")
    assert (slash.status, set(slash.details)) == (1, {("discovery", "issuer")})
