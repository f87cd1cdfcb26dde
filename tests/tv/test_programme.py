"""The programme on the display, and a desktop's keys."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops
from Xlib import XK, X
from Xlib.display import Display
from Xlib.ext import xtest

from tests.support.screen import Screen
from tests.tv.conftest import Television, television


@contextmanager
def full_screen_window(name: str, wm_class: str) -> Iterator[tuple[Display, Any]]:
    """Map a red full-screen window, as the box's UI does."""
    display = Display(name)
    screen = display.screen()
    window = screen.root.create_window(0, 0, 1920, 1080, 0, screen.root_depth, background_pixel=0xFF0000)
    window.set_wm_class(wm_class, wm_class)
    window.map()
    display.sync()
    try:
        yield display, window
    finally:
        display.close()


async def test_it_moves_about_twice_a_second_and_little_is_painted(tv: Television) -> None:
    with Screen(tv.display) as screen:
        before = await asyncio.to_thread(screen.picture)
        start = time.monotonic()
        await asyncio.sleep(3)
        reports = screen.reports(start)
        frames = 1 + sum(b.at - a.at > 0.1 for a, b in itertools.pairwise(reports))
        assert 4 <= frames <= 8
        assert max(report.area for report in reports) < 1920 * 1080 / 4
        after = await asyncio.to_thread(screen.picture)
        assert ImageChops.difference(before, after).getbbox() is not None


async def test_it_is_under_everything_and_rests_while_covered(tv: Television) -> None:
    with Screen(tv.display) as screen, full_screen_window(tv.display, "other") as (display, window):
        assert await asyncio.to_thread(screen.settle, 0.6)
        assert set(screen.picture().getcolors()) == {(1920 * 1080, (255, 0, 0))}
        start = time.monotonic()
        await asyncio.sleep(1.2)
        assert screen.reports(start) == []
        window.unmap()
        display.sync()
        shown = screen.first_change(start, 2, area=1920 * 1080 // 2)
        assert shown is not None
        assert screen.picture().getpixel((700, 600)) == (92, 88, 138)


async def test_the_emergency_caption_comes_within_a_frame_and_goes(tv: Television) -> None:
    import aiohttp

    with Screen(tv.display) as screen:
        await asyncio.to_thread(screen.settle)
        place, calm = (1000, 280), screen.picture().getpixel((1000, 280))
        async with aiohttp.ClientSession() as session, session.ws_connect(tv.url + "control") as control:
            for active in (True, False):
                start = time.monotonic()
                await control.send_json({"type": "yield", "active": active})
                while (screen.picture().getpixel(place) == (12, 28, 92)) is not active:
                    assert time.monotonic() - start < 1.0
                    await asyncio.sleep(0.02)
        assert screen.picture().getpixel(place) != (12, 28, 92)
        assert calm != (12, 28, 92)


async def test_the_sign_of_a_key_is_over_everything_for_a_moment(tv: Television) -> None:
    with Screen(tv.display) as screen, full_screen_window(tv.display, "other"):
        assert await asyncio.to_thread(screen.settle, 0.6)
        await tv.box.connect(tv.folder / "tv.sock")
        tv.box.say({"type": "screen", "shown": True})
        start = time.monotonic()
        tv.box.say({"type": "key", "key": "KEY_VOLUMEUP", "value": 1})
        assert await asyncio.to_thread(screen.first_change, start, 2) is not None
        assert await asyncio.to_thread(screen.settle)
        covered = ImageChops.difference(screen.picture(), Image.new("RGB", screen.size, (255, 0, 0))).getbbox()
        assert covered == (580, 952, 1340, 1064)
        start = time.monotonic()
        while screen.picture().getcolors() != [(1920 * 1080, (255, 0, 0))]:
            assert time.monotonic() - start < 5, "it stays"
            await asyncio.sleep(0.1)  # the window that was under it is of one colour: the server paints it again


async def test_a_desktops_keys_go_to_the_box(tmp_path: Path) -> None:
    (tmp_path / "desktop").mkdir()
    (tmp_path / "room").mkdir()
    async with (
        television(tmp_path / "desktop") as desktop,  # any X server will do for a desktop
        television(tmp_path / "room", "--desktop", DISPLAY=desktop.display) as tv,
    ):
        assert tv.xvnc is None
        assert tv.display == desktop.display
        with full_screen_window(desktop.display, "Chanoma") as (display, window):
            await asyncio.sleep(0.3)
            window.set_input_focus(X.RevertToParent, X.CurrentTime)
            display.sync()

            def press(name: str, kind: int) -> None:
                xtest.fake_input(display, kind, display.keysym_to_keycode(XK.string_to_keysym(name)))
                display.sync()

            for name, key in (("Return", "KEY_OK"), ("4", "KEY_4"), ("Left", "KEY_LEFT"), ("Escape", "KEY_BACK")):
                press(name, X.KeyPress)
                assert await tv.box.key() == (key, 1)
                press(name, X.KeyRelease)
                assert await tv.box.key() == (key, 0)
            press("q", X.KeyPress)
            press("q", X.KeyRelease)
            press("Down", X.KeyPress)
            await asyncio.sleep(1.5)  # long enough for the server to repeat it
            press("Down", X.KeyRelease)
            assert [await tv.box.key(), await tv.box.key()] == [("KEY_DOWN", 1), ("KEY_DOWN", 0)]
            assert tv.box.keys.empty()
