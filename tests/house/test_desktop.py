"""`--desktop`: Chanoma's window on a person's own screen, whose keyboard is the remote."""

from __future__ import annotations

import time
from pathlib import Path

from Xlib import XK, X
from Xlib.display import Display
from Xlib.ext import xtest

from tests.support.house import Witness, house
from tests.support.screen import Screen
from tests.tv.conftest import television


async def test_keys_of_the_desktop_open_chanoma_and_move_in_it(tmp_path: Path) -> None:
    async with television(tmp_path) as desktop:  # any X server will do for a desktop
        with house("--desktop", DISPLAY=desktop.display) as room, Screen(desktop.display) as screen:
            assert room.facts["display"] == desktop.display
            assert room.facts["xvnc"] is None
            display, witness = Display(desktop.display), Witness(room.socket("ui"))

            def press(name: str) -> float:
                at = time.monotonic()
                for kind in (X.KeyPress, X.KeyRelease):
                    xtest.fake_input(display, kind, display.keysym_to_keycode(XK.string_to_keysym(name)))
                    display.sync()
                return at

            at = press("h")  # in the programme's window: Chanoma's is not mapped yet
            assert witness.until(lambda m: m["shown"] and m["view"]["kind"] == "home", 5)
            assert screen.first_change(at, 5, area=1920 * 1080 // 2)
            assert screen.settle()
            at = press("Right")  # in Chanoma's own
            assert screen.first_change(at, 5)
            press("Return")
            assert witness.until(lambda m: m["status"]["practice"] and m["view"]["kind"] != "home", 5)
            press("h")
            assert witness.until(lambda m: not m["shown"], 5)
            witness.close()
            display.close()
