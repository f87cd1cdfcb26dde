"""The page in headless Chromium: picture, remote, tray, switch."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from tests.support.browser import Browser, chromium
from tests.support.pcsc import private_pcscd

KEYS = {
    f"KEY_{name}"
    for name in ("UP", "DOWN", "LEFT", "RIGHT", "OK", "BACK", "HOMEPAGE", "BLUE", "RED", "GREEN", "YELLOW")
}
KEYS |= {f"KEY_{n}" for n in range(10)} | {"KEY_NUMERIC_11", "KEY_NUMERIC_12"}
KEYS |= {f"KEY_{name}" for name in ("VOLUMEUP", "VOLUMEDOWN", "MUTE", "CHANNELUP", "CHANNELDOWN")}


@pytest.fixture
async def page(tv, tmp_path: Path) -> AsyncIterator[Browser]:
    async with chromium(tmp_path / "chromium") as browser:
        await browser.open(tv.url)
        await browser.until("document.body.dataset.connected === 'yes'")
        yield browser


async def test_the_picture_of_the_display_is_in_the_page(tv, page: Browser) -> None:
    await page.until("document.querySelector('#screen').dataset.live === 'yes'")
    x, y = await page.centre("#screen")
    mountain = (92, 88, 138)
    for _ in range(100):
        picture = Image.open(io.BytesIO(await page.picture())).convert("RGB")
        seen = picture.getpixel((int(x - 60), int(y)))
        if max(abs(a - b) for a, b in zip(seen, mountain, strict=True)) < 12:
            break
        await asyncio.sleep(0.1)
    else:
        pytest.fail(f"the programme's mountain is not there: {seen}")
    assert page.console == []


async def test_nothing_comes_from_elsewhere(tv, page: Browser) -> None:
    await page.until("document.querySelector('#screen').dataset.live === 'yes'")
    ours = (tv.url, tv.url.replace("http:", "ws:"), "data:", "blob:")
    assert len(page.requests) > 10
    assert [url for url in page.requests if not url.startswith(ours)] == []


@pytest.mark.parametrize(("width", "height"), [(1600, 900), (1280, 720)])
async def test_everything_is_on_the_page_without_scrolling(page: Browser, width: int, height: int) -> None:
    await page.resize(width, height)
    outside = await page.evaluate(
        "[...document.querySelectorAll('button, .screen, dd, .state')].filter(e => { const r = e.getBoundingClientRect();"
        " return r.left < 0 || r.top < 0 || r.right > innerWidth || r.bottom > innerHeight || !r.width || !r.height; })"
        ".map(e => e.outerHTML)"
    )
    assert outside == []
    hidden = await page.evaluate(
        "[...document.querySelectorAll('button, dd, small, b')].filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth)"
        ".map(e => e.outerHTML)"
    )
    assert hidden == []


async def test_every_key_of_the_remote_is_written_down_and_up(tv, page: Browser) -> None:
    names = await page.evaluate("[...document.querySelectorAll('[data-key]')].map(b => b.dataset.key)")
    assert set(names) == KEYS
    assert len(names) == len(KEYS)
    for name in names:
        await page.click(f'[data-key="{name}"]')
        assert await tv.box.key() == (name, 1)
        assert await tv.box.key() == (name, 0)
    assert tv.box.keys.empty()


async def test_a_key_is_down_as_long_as_the_finger(tv, page: Browser) -> None:
    await page.press('[data-key="KEY_DOWN"]')
    assert await tv.box.key() == ("KEY_DOWN", 1)
    await asyncio.sleep(0.5)
    assert tv.box.keys.empty()
    await page.release('[data-key="KEY_DOWN"]')
    assert await tv.box.key() == ("KEY_DOWN", 0)


async def test_the_remote_works_by_keyboard_and_by_assistive_click(tv, page: Browser) -> None:
    await page.evaluate("document.querySelector('[data-key=KEY_OK]').focus()")
    for _ in range(3):  # the keyboard repeats; the remote must not
        await page.call("Input.dispatchKeyEvent", type="keyDown", key="Enter", code="Enter", autoRepeat=_ > 0)
    await page.call("Input.dispatchKeyEvent", type="keyUp", key="Enter", code="Enter")
    assert [await tv.box.key(), await tv.box.key()] == [("KEY_OK", 1), ("KEY_OK", 0)]
    await page.evaluate("document.querySelector('[data-key=KEY_BACK]').click()")
    assert [await tv.box.key(), await tv.box.key()] == [("KEY_BACK", 1), ("KEY_BACK", 0)]
    assert tv.box.keys.empty()


async def test_a_key_held_when_the_page_goes_is_let_go(tv, page: Browser) -> None:
    await page.press('[data-key="KEY_LEFT"]')
    assert await tv.box.key() == ("KEY_LEFT", 1)
    await page.call("Page.navigate", url="about:blank")
    assert await tv.box.key() == ("KEY_LEFT", 0)


async def test_the_switch_takes_the_screen_and_the_page_tells_who_has_it(tv, page: Browser) -> None:
    await tv.box.connect(tv.folder / "tv.sock")
    tv.box.say({"type": "screen", "shown": True})
    await page.until("document.querySelector('#state').textContent.includes('「茶の間」を表示しています')")
    await page.click("label.switch")
    assert await tv.box.told() == {"type": "yield", "active": True}
    tv.box.say({"type": "screen", "shown": False})
    await page.until("document.querySelector('#state').textContent.includes('緊急速報の訓練中')")
    await page.click("label.switch")
    assert await tv.box.told() == {"type": "yield", "active": False}
    await page.until("document.querySelector('#state').textContent.includes('番組を表示しています')")


async def test_the_televisions_own_keys_work_whoever_has_the_screen(tv, page: Browser) -> None:
    """Its eye sees them while the programme is on; while Chanoma is shown the box hands them on, and the eye is shut."""
    await page.until("document.querySelector('#state').textContent.includes('音量 20')")
    await page.click('[data-key="KEY_VOLUMEUP"]')
    await page.until("document.querySelector('#state').textContent.includes('音量 22')")
    await tv.box.connect(tv.folder / "tv.sock")
    tv.box.say({"type": "screen", "shown": True})
    await page.until("document.querySelector('#state').textContent.includes('「茶の間」を表示しています')")
    await page.click('[data-key="KEY_VOLUMEUP"]')
    tv.box.say({"type": "key", "key": "KEY_MUTE", "value": 1})
    await page.until("document.querySelector('#state').textContent.includes('消音中')")
    tv.box.say({"type": "key", "key": "KEY_VOLUMEUP", "value": 1})
    await page.until("document.querySelector('#state').textContent.includes('音量 24')")


async def test_the_televisions_menu_opens_chanoma(tv, page: Browser) -> None:
    assert await page.evaluate("document.querySelector('#open').disabled"), "no box, nothing to open"
    await tv.box.connect(tv.folder / "tv.sock")
    await page.until("!document.querySelector('#open').disabled")
    await page.click("#open")
    assert await tv.box.told() == {"type": "open"}
    tv.box.say({"type": "screen", "shown": True})
    await page.until("document.querySelector('#open').disabled")


async def test_the_note_tells_what_a_practising_person_needs(page: Browser) -> None:
    await page.until("document.querySelector('#note-pin').textContent === '1234'")
    assert await page.evaluate("document.querySelector('#note-contract').textContent") == "1234 5678 90"


async def test_without_a_card_simulator_the_tray_says_so(page: Browser) -> None:
    await page.until("document.querySelector('#state').textContent.includes('外から差します')")
    assert await page.evaluate("[...document.querySelectorAll('[data-card], #pull')].every(b => b.disabled)")


async def test_the_tray_puts_real_simulated_cards_in_and_out(tmp_path: Path) -> None:
    from tests.tv.conftest import STB_SIM, television

    control = tmp_path / "card.sock"
    with private_pcscd() as daemon:
        card = await asyncio.create_subprocess_exec(
            *(STB_SIM, "card", "--port", str(daemon.port), "--authority", tmp_path / "authority", "--control", control),
            stdout=asyncio.subprocess.DEVNULL,
            env=daemon.environment,
        )
        try:
            async with television(tmp_path, "--card", str(control)) as tv, chromium(tmp_path / "chromium") as page:
                await page.open(tv.url)
                await page.until("document.querySelector('#reader').dataset.present === 'yes'", 60)
                assert await page.evaluate("document.querySelector('#pull').disabled")
                for profile in ("new", "linked"):
                    await page.click(f'[data-card="{profile}"]')
                    await page.until(f"document.querySelector('#reader').dataset.inserted === '{profile}'")
                    reader, writer = await asyncio.open_unix_connection(control)
                    writer.write(b'{"state":true}\n')
                    assert json.loads(await reader.readline())["inserted"] == profile
                    writer.close()
                await page.click("#pull")
                await page.until("document.querySelector('#reader').dataset.inserted === ''")
                assert page.console == []
        finally:
            card.terminate()
            await card.wait()
