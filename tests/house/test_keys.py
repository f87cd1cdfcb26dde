"""Keys pressed in a window: a box has no use for them; `--desktop` sends them to the remote's socket, from outside the box."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.house import House, Witness, house
from tests.support.keyboard import Keyboard
from tests.support.screen import Screen
from tests.support.xserver import x_server

_ALL = [
    *("h", "Home", "Return", "KP_Enter", "space", "Escape", "BackSpace", "Tab", "Up", "Down", "Left", "Right"),
    *("F1", "F2", "F3", "F4", "F11", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"),
]
"""Every key that `--desktop` knows, and some that toolkits like to hear."""


def test_the_ui_hears_no_keyboard(standing: House, witness: Witness) -> None:
    with Screen(standing.facts["display"]) as screen, Keyboard(standing.facts["display"]) as keyboard:
        at = standing.key("HOMEPAGE")
        assert witness.until(lambda m: m["shown"] and m["view"]["kind"] == "home", 5, since=at)
        assert screen.settle()
        keyboard.focus("chanoma")
        before, told = screen.picture(), len(witness.told)
        for key in _ALL:
            keyboard.press(key)
            assert keyboard.heard(key)  # its window was given the key …
        assert screen.settle(0.5)
        assert len(witness.told) == told  # … and nothing came of it
        assert screen.picture().tobytes() == before.tobytes()
        standing.key("DOWN")
        assert screen.settle()
        assert screen.picture().tobytes() != before.tobytes()  # the remote is still heard
        at = standing.key("HOMEPAGE")
        assert witness.until(lambda m: not m["shown"], 5, since=at)


def imported(text: str) -> set[str]:
    """Give what a module imports: names, and the packages they are of."""
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)]
    packages = {node.module.partition(".")[0] for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    return packages | {alias.name.partition(".")[0] for node in nodes for alias in node.names}


@pytest.mark.parametrize("package", ["stb_agent", "ui", "firmware_bridge"])
def test_nothing_that_is_installed_on_a_box_sends_keys_to_the_remote(package: str) -> None:
    """No code but the reader of the remote's socket knows how a key event is written (beside the contract, which does nothing)."""
    writers = [
        file.as_posix()
        for file in Path(package).rglob("*.py")
        if file.parent.name != "contract"
        and imported(file.read_text("utf-8")) & {"RemoteEvent", "decode_remote", "Xlib", "pynput", "uinput"}
    ]
    assert writers == (["stb_agent/remote/sources/socket.py"] if package == "stb_agent" else [])


def dotted(count: int) -> Callable[[dict[str, Any]], bool]:
    """Tell whether so many digits of a PIN are entered."""
    return lambda message: bool(message["view"].get("dots") == count)


def test_on_a_desktop_the_keyboard_is_the_remote() -> None:
    with x_server() as display, house("--desktop", "--card", "new", DISPLAY=display) as room:
        assert room.facts["display"] == display
        assert room.facts["xvnc"] is None
        witness = Witness(room.socket("ui"))
        with Screen(display) as screen, Keyboard(display) as keyboard:
            assert witness.until(lambda m: m["status"].get("level") == 1, 10)
            keyboard.focus("chanoma-tv")
            keyboard.press("h")
            assert witness.until(lambda m: m["shown"] and m["view"]["kind"] == "home", 5)
            assert screen.settle()
            keyboard.focus("chanoma")
            keyboard.press("Return")
            assert witness.until(lambda m: m["view"]["kind"] == "consent", 5)
            keyboard.press("Return")
            assert witness.until(lambda m: m["view"]["kind"] == "pin" and m["view"]["dots"] == 0, 5)
            for dots, digit in enumerate(room.facts["pin"], 1):
                keyboard.press(digit)
                assert witness.until(dotted(dots), 5)
            keyboard.press("BackSpace")
            assert witness.until(dotted(3), 5)
            keyboard.press(room.facts["pin"][-1])
            assert witness.until(dotted(4), 5)
            keyboard.press("KP_Enter")
            assert witness.until(lambda m: m["status"].get("level") == 2, 10)
            assert witness.latest()["status"]["practice"] is True
            keyboard.press("Home")
            assert witness.until(lambda m: not m["shown"], 5)
        witness.close()
