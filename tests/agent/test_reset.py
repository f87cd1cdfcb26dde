"""A box that begins anew: nothing of the evening before is on its medium, whenever the power went, and the platform knows."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jws
from joserfc.jwk import ECKey

from stb_agent.cable_id.device_key import DEVICE_KEY, DeviceKey
from stb_agent.cable_id.registration import CLIENT_KEY, FILE
from stb_agent.reset import MARKER
from stb_agent.store import Store
from stb_agent.store.store import DATABASE, KEY
from tests.support.box import Box, Ui, running_box
from tests.support.partition import Partition, partition
from tests.support.walk import confirm_booking, sign_in, write_what_for

NICKNAME = "えびすばあちゃん"
TYPED = "かいぎ"


def secrets_of(state: Path) -> dict[str, bytes]:
    """Give what nobody may find: each key in the forms that it could be found in."""
    found: dict[str, bytes] = {"store key": (state / KEY).read_bytes()}
    for name in (DEVICE_KEY, CLIENT_KEY):
        pem = (state / name).read_bytes()
        key = load_pem_private_key(pem, None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        found[f"{name} as text"] = pem.splitlines()[1]
        found[f"{name} as a number"] = key.private_numbers().private_value.to_bytes(32, "big")
    kept = json.loads((state / FILE).read_bytes())
    found["registration"] = kept["registration_access_token"].encode()
    found["client"] = kept["client_id"].encode()
    store = Store.open(state, clock=time.time, random=os.urandom)
    found["handle"] = store.links.all()[0].handle.encode()
    found["link"] = store.links.all()[0].link_id.encode()
    store.close()
    return found


async def registered_box(box: Box) -> None:
    """Let the box be one out of an operator's image."""
    await box.stop()
    made = await box.world.control("platform", "POST", "/_sim/software-statement", {})
    (box.folder / "statement.jwt").write_text(made["software_statement"])
    file = box.folder / "box.toml"
    statement = f'software_statement = "{box.folder / "statement.jwt"}"'
    file.write_text(file.read_text("utf-8").replace('client_id = "test-box"', statement), "utf-8")
    await box.start()


async def until(there: Any, patience: float = 40.0) -> None:
    async with asyncio.timeout(patience):
        while not there():
            await asyncio.sleep(0.05)


async def evening(box: Box, ui: Ui, state: Path) -> None:
    """Link a card, give a nickname, and type what a room is for."""
    await until((state / FILE).exists)
    await sign_in(box, ui, "new")
    await ui.kind("consent", "link.title")
    ui.choose("agree")
    await ui.kind("form")
    await box.press(*box.world.describe()["contract_number"])
    await ui.until(lambda message: len(message["view"].get("field", {}).get("value", "")) == 10)
    ui.choose("submit")
    await ui.kind("message", "link.done.title")
    ui.choose("ok")
    await ui.kind("home")
    ui.choose("orders")
    await ui.kind("message", "booking.orders")
    await box.press("BACK")
    await ui.kind("home")
    await write_what_for(ui)
    for keys, written in ((("2",), "か"), (("1", "1"), "かい"), (("2", "2"), "かいき"), (("NUMERIC_11",), TYPED)):
        await box.press(*keys)
        await ui.until(lambda message, written=written: message["view"]["field"]["value"] == written)  # type: ignore[misc]


async def to_the_question(ui: Ui) -> dict[str, Any]:
    """From home to the question whether to begin anew."""
    ui.choose("settings")
    await ui.kind("list", "settings.title")
    ui.choose("more:reset")
    return await ui.kind("choice", "reset.title")


async def _called_grandpa(ui: Ui) -> None:
    """From the settings, of a signed-in person: give the one nickname, and be home again."""
    await ui.kind("list", "settings.title")
    ui.choose("people")
    await ui.kind("list", "settings.people.title")
    ui.choose("person:0")
    await ui.until(lambda message: any(it["id"] == "name" for it in message["view"].get("items", ())))
    ui.choose("name")
    await ui.kind("form")
    ui.choose("choose", "grandpa")
    await ui.until(lambda message: "settings.nickname.grandpa" in json.dumps(message["view"].get("items", ())[:1]))
    ui.choose("back")
    await ui.kind("list", "settings.title")
    ui.choose("back")
    await ui.kind("home")


async def connected(box: Box) -> Ui:
    """Connect to the process that took the place of the one before."""
    async with asyncio.timeout(40):
        while True:
            try:
                return await Ui.connect(box.runtime / "ui.sock")
            except OSError:
                await asyncio.sleep(0.05)


def none_of(secrets: dict[str, bytes], medium: bytes) -> list[str]:
    return [name for name, secret in secrets.items() if secret in medium]


@pytest.fixture
def own(tmp_path: Path):  # type: ignore[no-untyped-def]
    with partition(tmp_path) as made:
        yield made


async def test_after_an_evening_nothing_is_left_on_the_medium_and_the_platform_knows(own: Partition) -> None:
    state = own.path
    async with running_box(state=state) as box:
        await registered_box(box)
        async with box.ui() as ui:
            await evening(box, ui, state)
        await box.stop()
        store = Store.open(state, clock=time.time, random=os.urandom)
        handle = store.links.all()[0].handle
        store.settings.set("nicknames", {handle: {"own": NICKNAME}})
        store.close()
        secrets = secrets_of(state)
        before = own.look()
        keys = {name: it for name, it in secrets.items() if " as text" in name or name in ("store key", "registration")}
        assert none_of(keys, before) == list(keys), "this can be found as long as it is there"
        jkt = DeviceKey.open(state / DEVICE_KEY).jkt
        await box.world.control("platform", "POST", "/_sim/faults", {"kind": "down", "path": "/reset-notice"})
        await box.start()
        async with box.ui() as ui:
            await box.press("HOMEPAGE")
            await ui.kind("home")
            question = await to_the_question(ui)
            assert question["items"][0] == {"id": "stop", "label": {"code": "reset.stop"}, "first": True}
            assert question["rows"][0]["value"] == {"code": "reset.links", "args": {"count": 1}}, (
                "not whose, to anybody"
            )
            ui.choose("go")
            await ui.until(lambda message: message["view"]["kind"] == "progress" and message["view"].get("steps"))
            await ui.lost()
        pid = box.process.pid if box.process else 0
        ui = await connected(box)
        await ui.kind("message", "reset.anew.title")
        ui.choose("ok")
        home = await ui.kind("home")
        assert home["lead"]["code"] in ("home.guide.new", "home.guide.reading"), (
            "the card lies there, and is a stranger"
        )
        assert box.process is not None
        assert (box.process.pid, box.process.returncode) == (pid, None), "another process in its place"
        await until((state / FILE).exists)
        assert [path.name for path in state.glob("reset*")] == ["reset-notice.00000001"]
        await box.stop()
        medium = own.look()
        typed = {"typed": TYPED.encode(), "nickname": NICKNAME.encode()}
        number = {"contract": box.world.describe()["contract_number"].encode()}
        assert none_of({**secrets, **typed, **number}, medium) == []
        await box.world.control("platform", "DELETE", "/_sim/faults")
        await box.start()
        await until(lambda: not list(state.glob("reset*")))
        told = (await box.world.control("platform", "GET", "/_sim/resets"))["resets"]
        assert [(it["jkt"], it["clients"], it["links"]) for it in told] == [(jkt, 1, 1)]
        assert DeviceKey.open(state / DEVICE_KEY).jkt != jkt
        await ui.close()
        await box.stop()


async def test_whose_links_go_and_what_waits_is_told_to_who_is_signed_in() -> None:
    async with running_box() as box, box.ui() as ui:
        await sign_in(box, ui)
        assert (await to_the_question(ui))["rows"][0]["value"] == {"code": "reset.links", "args": {"count": 1}}
        await box.press("BACK")
        await _called_grandpa(ui)
        await box.world.control("booking", "POST", "/_sim/faults", {"kind": "status", "path": "/orders/*", "times": 50})
        await confirm_booking(ui)
        ui.choose("book")
        await ui.until(lambda message: message["view"].get("delivery") == "waiting")
        ui.choose("done")
        await ui.kind("home")
        question = await to_the_question(ui)
        assert question["rows"][0]["value"] == {
            "code": "reset.names",
            "args": {"names": {"code": "settings.nickname.grandpa"}},
        }
        waits = question["rows"][1]["value"]
        assert waits["args"]["what"] == {"code": "reset.unsent.booking", "args": {"count": 1}}
        ui.choose("stop")
        await ui.kind("list", "settings.title")
        bench = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "stb_agent", "reset", "--yes", "--config", box.folder / "box.toml"
        )
        assert await bench.wait() == 3, "not under a running agent"
        assert not (box.folder / "state" / MARKER).exists()


@pytest.mark.parametrize("away", ["the card is taken out", "the box is switched off"])
async def test_an_operators_order_comes_as_an_event_and_waits_until_nobody_is_signed_in(away: str) -> None:
    async with running_box(platform="events_every = 1\n") as box:
        state, key = box.folder / "state", ECKey.import_key(ec.generate_private_key(ec.SECP256R1()))
        (box.folder / "keys.json").write_text(json.dumps({"keys": [{**key.as_dict(private=False), "kid": "op-1"}]}))
        file = box.folder / "box.toml"
        text = file.read_text("utf-8")
        file.write_text(text.replace("[operator]", f'[operator]\nreset_keys = "{box.folder}/keys.json"'), "utf-8")
        await box.stop()
        await box.start()
        ui = await connected(box)
        jkt = DeviceKey.open(state / DEVICE_KEY).jkt
        now = int(time.time())
        sub = f"urn:ietf:params:oauth:jwk-thumbprint:sha-256:{jkt}"
        claims = {"iss": "https://operator.example", "sub": sub, "iat": now, "exp": now + 3600, "jti": "1"}
        header = {"typ": "reset-order+jwt", "alg": "ES256", "kid": "op-1"}
        order = jws.serialize_compact(header, json.dumps(claims), key, algorithms=["ES256"])
        await sign_in(box, ui)
        event = {
            "to": jkt, "type": "https://chanoma.example/secevent/event-type/reset-order",
            "subject": {"format": "opaque", "id": "box"}, "claims": {"order": order},
        }  # fmt: skip
        async with asyncio.timeout(40):
            while not (await box.world.control("platform", "POST", "/_sim/events", event))["jti"]:
                await asyncio.sleep(0.2)
            while (await box.world.control("platform", "GET", "/_sim/events"))["events"][-1]["state"] != "taken":
                await asyncio.sleep(0.1)
        assert not (state / MARKER).exists(), "somebody is signed in"
        if "card" in away:
            await box.tray.pull()
            await ui.lost()
        else:
            await ui.close()
            await box.stop(signal.SIGKILL)
            await box.start()
            async with asyncio.timeout(40):
                while not (await box.world.control("platform", "GET", "/_sim/resets"))["resets"]:
                    await asyncio.sleep(0.1)
        ui = await connected(box)
        await ui.kind("message", "reset.anew.title")
        await until(lambda: not list(state.glob("reset*")))
        found = (await box.world.control("platform", "GET", "/_sim/resets"))["resets"]
        assert [it["jkt"] for it in found] == [jkt]
        await ui.close()


@pytest.mark.parametrize("step", [3, 22])
async def test_an_agent_that_is_killed_meanwhile_goes_on_when_it_is_started(step: int) -> None:
    launcher = (sys.executable, "-m", "tests.support.killed", str(step))
    async with running_box(launcher=launcher) as box:
        state = box.folder / "state"
        before = DeviceKey.open(state / DEVICE_KEY).jkt
        async with box.ui() as ui:
            await box.press("HOMEPAGE")
            await ui.kind("home")
            await to_the_question(ui)
            ui.choose("go")
            assert box.process is not None
            assert await box.process.wait() == -9
        begun = (state / MARKER).exists()
        gone = not (state / DEVICE_KEY).exists()
        box.launcher = (sys.executable, "-m", "stb_agent")
        await box.stop()
        box.log.clear()
        await box.start()
        after = DeviceKey.open(state / DEVICE_KEY).jkt
        assert (begun or gone) == (after != before), "it goes on, or it never began"
        assert any(b"the reset that was begun has ended" in line for line in box.log) == begun
        await until(lambda: not list(state.glob("reset*")))
        assert (state / DATABASE).exists()
        told = (await box.world.control("platform", "GET", "/_sim/resets"))["resets"]
        assert told == [], "this platform never met the box"


async def test_a_platform_that_takes_no_notice_forgets_the_box_all_the_same() -> None:
    async with running_box(without=["reset_endpoint"]) as box:
        state = box.folder / "state"
        await registered_box(box)
        await until((state / FILE).exists)
        before = json.loads((state / FILE).read_bytes())["client_id"]
        async with box.ui() as ui:
            await box.press("HOMEPAGE")
            await ui.kind("home")
            await to_the_question(ui)
            ui.choose("go")
            await ui.lost()
        ui = await connected(box)
        await ui.kind("message", "reset.anew.title")
        await until((state / FILE).exists)
        assert json.loads((state / FILE).read_bytes())["client_id"] != before
        await until(lambda: not list(state.glob("reset*")))
        seen = (await box.world.control("platform", "GET", "/_sim/requests"))["requests"]
        assert [it["status"] for it in seen if it["method"] == "DELETE"][-1:] == [204]
        assert [it["path"] for it in seen if it["method"] == "DELETE"][-1] == f"/register/{before}"
        await ui.close()
