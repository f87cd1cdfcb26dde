"""A hand-off between a box, the simulated platform and a real browser as the phone."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import aiohttp
import pytest

from stb_agent.cable_id import errors
from stb_agent.cable_id.client import PlatformClient
from stb_agent.cable_id.client_auth import PublicClient
from stb_agent.cable_id.device_key import DeviceKey
from stb_agent.cable_id.dpop import Prover
from stb_agent.cable_id.handoff import Handoff, Offer
from stb_agent.cable_id.transport import Transport
from tests.support.browser import chromium
from tests.support.home import Home
from tests.support.phone import sealed
from tests.support.world import CLIENT

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASKED, MOST = "booking.purpose_written", 40
WRITTEN = "孫の誕生日会の準備𠮷野家"


def handoff(home: Home) -> Handoff:
    return Handoff(home.client.asker, random=os.urandom, sleep=asyncio.sleep)


async def phone(home: Home, method: str, path: str, body: object = None) -> int:
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, f"{home.world.platform}{path}", json=body) as reply,
    ):
        return reply.status


def written(offer: Offer, text: str, key: bytes | None = None) -> dict[str, str]:
    return sealed(key or offer.key, offer.id, text, offer.most)


def kept(home: Home) -> bytes:
    """Give all that the platform has written to its folder."""
    return b"".join(file.read_bytes() for file in home.world.state.rglob("platform*") if file.is_file())


async def test_what_a_browser_writes_arrives_and_the_platform_never_has_it(home: Home, tmp_path: Path) -> None:
    ours = handoff(home)
    offer = await ours.begin(ASKED, MOST)
    assert offer.url.startswith(f"{home.world.platform}/write#")
    async with chromium(tmp_path / "browser") as browser:
        await browser.open(offer.url, 390, 844)
        await browser.until("!document.getElementById('form').hidden")
        assert await browser.evaluate("document.getElementById('number').textContent") == offer.number
        assert await browser.evaluate("document.getElementById('asked').textContent") == "何に使いますか"
        assert await browser.evaluate("document.getElementById('send').disabled") is True
        await browser.evaluate("document.getElementById('text').focus()")
        await browser.call("Input.insertText", text="長" * (MOST + 1))
        await browser.until("document.getElementById('count').textContent.includes('長すぎます')")
        assert await browser.evaluate("document.getElementById('send').disabled") is True
        await browser.evaluate("document.getElementById('text').value = ''")
        await browser.call("Input.insertText", text=WRITTEN)
        await browser.until("!document.getElementById('send').disabled")
        if pictures := os.environ.get("HANDOFF_PICTURES"):
            await browser.picture(Path(pictures) / "phone.png")
        await browser.click("#send")
        await browser.until("!document.getElementById('sent').hidden")
        assert await browser.evaluate("location.hash") == "", "the key is in the address no more"
        assert browser.console == []
        key = offer.url.partition(".")[2].rpartition(".")[2]
        sent = [url for url in browser.requests if url.startswith("http")]
        assert all(url.startswith(home.world.platform + "/") for url in sent), "nobody else is told anything"
        assert not any(key in url.partition("#")[0] for url in sent)
        before = kept(home)
        assert offer.id.encode() in before
        assert await phone(home, "POST", f"/handoff/{offer.id}", written(offer, "again")) == 409
        await browser.call("Page.navigate", url="about:blank")
        await browser.open(offer.url, 390, 844)
        await browser.until("!document.getElementById('over').hidden")
    assert await ours.wait(offer) == WRITTEN
    await ours.end(offer)
    assert await phone(home, "POST", f"/handoff/{offer.id}", written(offer, "late")) == 404
    for secret in (WRITTEN.encode(), key.encode(), offer.key, offer.key.hex().encode()):
        assert secret not in before + kept(home)
    assert not any(WRITTEN in path or key in path for _, path, _ in await home.seen("platform"))


async def test_what_another_key_sealed_is_refused(home: Home) -> None:
    ours = handoff(home)
    offer = await ours.begin(ASKED, MOST)
    assert await phone(home, "POST", f"/handoff/{offer.id}", {"sealed": "AAAA"}) == 400
    assert await phone(home, "POST", f"/handoff/{offer.id}", written(offer, "text", os.urandom(32))) == 204
    with pytest.raises(errors.HandoffDamaged):
        await ours.wait(offer)


async def test_another_box_gets_nothing_and_learns_nothing(home: Home, tmp_path: Path) -> None:
    offer = await handoff(home).begin(ASKED, MOST)
    assert await phone(home, "POST", f"/handoff/{offer.id}", written(offer, "ours")) == 204
    async with aiohttp.ClientSession() as http:
        prover = Prover(DeviceKey.open(tmp_path / "other.key"), clock=home.clock, random=os.urandom)
        transport = Transport(http, prover, clock=home.clock)
        client = PlatformClient(home.world.platform, PublicClient(CLIENT), transport, random=os.urandom)
        other = Handoff(client.asker, random=os.urandom, sleep=asyncio.sleep)
        with pytest.raises(errors.HandoffOver):
            await other.wait(offer)
        await other.end(offer)
    assert await phone(home, "GET", f"/handoff/{offer.id}") == 401, "without a proof"
    assert await handoff(home).wait(offer) == "ours", "the other could not end it either"


async def test_a_new_one_ends_the_one_before(home: Home) -> None:
    ours = handoff(home)
    first = await ours.begin(ASKED, MOST)
    second = await ours.begin(ASKED, MOST)
    assert first.id != second.id
    assert first.key != second.key
    assert await phone(home, "GET", f"/handoff/{first.id}/asked") == 404
    with pytest.raises(errors.HandoffOver):
        await ours.wait(first)


async def test_the_box_waits_no_longer_than_the_hand_off_lives(home: Home) -> None:
    ours = handoff(home)
    offer = await ours.begin(ASKED, MOST)
    home.clock.skew = 300.0
    with pytest.raises(errors.HandoffOver):
        await ours.wait(offer)


async def test_a_silence_and_a_plea_for_patience_are_outlasted_and_a_long_silence_is_told(home: Home) -> None:
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)
        await asyncio.sleep(1.1)  # the least that the simulated platform lets pass

    ours = Handoff(home.client.asker, random=os.urandom, sleep=nap)
    offer = await ours.begin(ASKED, MOST)
    assert await phone(home, "POST", f"/handoff/{offer.id}", written(offer, "late")) == 204
    await home.fault("platform", kind="drop_before", path="/handoff/*", method="GET")
    await home.fault("platform", kind="status", status=429, seconds=9, path="/handoff/*", method="GET")
    assert await ours.wait(offer) == "late"
    assert naps == sorted(naps)
    assert naps[-1] >= 9
    offer = await ours.begin(ASKED, MOST)
    await home.fault("platform", kind="down")
    with pytest.raises(errors.HandoffUnreachable):
        await ours.wait(offer)
    with pytest.raises(errors.HandoffUnreachable):
        await ours.begin(ASKED, MOST)


async def test_polling_too_fast_and_beginning_too_often_are_slowed_down(home: Home) -> None:
    async def at_once(_: float) -> None:
        await asyncio.sleep(0)

    ours = handoff(home)
    offer = await ours.begin(ASKED, MOST)
    hasty = Handoff(home.client.asker, random=os.urandom, sleep=at_once)
    waiting = asyncio.create_task(hasty.wait(offer))
    while not any(status == 429 for _, path, status in await home.seen("platform") if offer.id in path):
        await asyncio.sleep(0.05)
    waiting.cancel()
    for _ in range(19):
        await ours.begin(ASKED, MOST)
    with pytest.raises(errors.HandoffBusy) as busy:
        await ours.begin(ASKED, MOST)
    assert 0 < (busy.value.retry_after or 0) <= 301
