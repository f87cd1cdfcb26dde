"""The UI on a real X server, as a person and an agent see it."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image, ImageChops
from Xlib import X
from Xlib.display import Display
from Xlib.protocol.event import ClientMessage

from stb_agent.contract.actions import ARROWS, Action
from stb_agent.contract.appearance import Appearance, Profile
from stb_agent.contract.messages import CardState, Status
from stb_agent.contract.views import Message, Tone
from tests.support import views
from tests.support.typeface import measure
from tests.ui.conftest import Television, ring
from ui.screens.kinds import drawer
from ui.sketch import Place

_BLACK = (0, 0, 0)


def _boxes(name: str) -> dict[str, tuple[float, float, float, float]]:
    sketch = drawer(measure)(views.ALL[name], Status(CardState.ABSENT, practice=True), Place())
    return {node.id: tuple(node.box) for node in sketch.nodes}


def _focused(picture: Image.Image, name: str) -> str:
    """Tell which button has the focus's fill: exactly one does, and it fills that button alone."""
    found = ring(picture)
    assert found
    ids = [
        id_
        for id_, (x, y, w, h) in _boxes(name).items()
        if abs(found[0] - x) <= 2
        and abs(found[1] - y) <= 2
        and abs(found[2] - x - w) <= 2
        and abs(found[3] - y - h) <= 2
    ]
    assert len(ids) == 1, (found, ids)
    return ids[0]


def test_each_view_is_a_picture_of_its_own(television: Television) -> None:
    pictures = {name: television.show(view).tobytes() for name, view in views.ALL.items()}
    assert len(set(pictures.values())) == len(pictures)


def test_arrows_move_one_focus_and_ok_is_one_intent(television: Television) -> None:
    assert _focused(television.show(views.HOME), "home") == "booking"
    assert _focused(television.press(Action.RIGHT), "home") == "health"
    assert _focused(television.press(Action.DOWN), "home") in {"back", "help", "voice", "tv"}
    assert _focused(television.press(Action.UP), "home") in {"booking", "health", "settings"}
    assert _focused(television.press(Action.LEFT, Action.LEFT, Action.LEFT), "home") == "booking"
    pressed = television.press(Action.OK, Action.OK, Action.OK)
    intent = television.agent.intent()
    assert (intent.rev, intent.id) == (television.agent.rev, "booking")
    assert television.agent.quiet(0.3)
    assert ring(pressed) is None  # pressed looks otherwise than focused
    television.show(views.HOME)
    television.press(Action.OK)
    assert television.agent.intent().rev == television.agent.rev


def test_a_partial_frame_is_what_a_whole_one_would_be(television: Television) -> None:
    """Walk about, press, change views: the picture is the same as that of a UI that starts there and draws all."""
    for name in ("home_many", "calendar", "form", "list"):
        television.show(views.ALL[name])
        television.press(*[arrow for arrow in sorted(ARROWS) for _ in range(3)])
        television.show(views.MESSAGE)
        television.press(Action.RIGHT, Action.DOWN, Action.UP, Action.LEFT, Action.LEFT)
    walked = television.show(views.CONSENT)
    television.process.kill()
    television.process.wait()
    television.start()
    fresh = television.show(views.CONSENT)
    assert ImageChops.difference(walked, fresh).getbbox() is None


def test_killed_it_is_back_on_the_same_view(television: Television) -> None:
    before = television.show(views.DETAIL)
    killed = time.monotonic()
    television.process.send_signal(signal.SIGKILL)
    television.process.wait()
    assert television.screen.first_change(killed, 5, 1_000_000), "its window goes"
    start = time.monotonic()
    television.start()
    television.agent.show(views.DETAIL)
    assert television.screen.first_change(start, 30, 1_000_000)
    assert ImageChops.difference(before, television.picture()).getbbox() is None


def test_hidden_and_back_without_the_old_picture(television: Television) -> None:
    took = []
    for _ in range(5):  # what the UI can do, whatever else the machine does at the time
        television.show(views.DETAIL, personal=True)
        at = time.monotonic()
        television.agent.show(views.HOME, shown=False)
        gone = television.screen.first_change(at, 5, 1_000_000)
        assert gone
        took.append(gone.at - at)
    assert min(took) < 0.1
    assert television.picture().getcolors(2) == [(1920 * 1080, _BLACK)]
    # What it shows first on coming back is the new view: the whole picture comes with the first repaint.
    at = time.monotonic()
    television.agent.show(views.MESSAGE_OK)
    assert television.screen.first_change(at, 2, 1_000_000)
    first = television.screen.picture()
    assert ImageChops.difference(first, television.picture()).getbbox() is None


def test_a_ui_that_starts_behind_the_programme_stays_there(television: Television) -> None:
    television.agent.show(views.HOME, shown=False)
    assert television.picture().getcolors(2) == [(1920 * 1080, _BLACK)]


def test_the_agent_lost_blanks_the_personal_view_and_is_found_again(television: Television) -> None:
    personal = television.show(views.DETAIL, personal=True)
    at = time.monotonic()
    television.agent.drop()
    assert television.screen.first_change(at, 1, 1_000_000)
    waiting = television.picture()
    body = (96, 250, 1824, 1026)
    assert ImageChops.difference(personal, waiting).crop(body).getbbox()
    assert ring(waiting) is None  # nothing can be chosen: nobody would answer
    television.agent.accept()
    assert ImageChops.difference(personal, television.show(views.DETAIL, personal=True)).getbbox() is None


def test_the_same_pin_view_is_the_same_picture_and_no_key_changes_it(television: Television) -> None:
    one = television.show(views.PIN)
    television.agent.press(*Action)
    time.sleep(0.2)
    assert ImageChops.difference(one, television.picture()).getbbox() is None
    television.show(views.PIN_CONFIRM)
    assert ImageChops.difference(one, television.show(views.PIN)).getbbox() is None
    assert television.agent.quiet(0.1)


def test_memory_stays_where_it_is_and_idle_costs_nothing(television: Television) -> None:
    for _ in range(5):
        for view in views.ALL.values():
            television.agent.show(view)
            television.agent.press(Action.DOWN)
    television.picture()
    before = television.resident()
    assert before < 200_000
    for _ in range(7):
        for view in views.ALL.values():
            television.agent.show(view)
            television.agent.press(Action.DOWN)
    television.picture()
    assert television.resident() - before < 10_000
    ticks = television.cpu_ticks()
    time.sleep(2)
    assert television.cpu_ticks() - ticks <= 4  # 2 % of a core: 4 of the 200 ticks of two seconds


def test_an_agent_that_refuses_is_asked_again_in_a_while(television: Television) -> None:
    television.agent.drop()
    start = time.monotonic()
    for _ in range(3):
        television.agent.accept()
        television.agent.drop()
    assert 0.3 < time.monotonic() - start < 3


def test_without_an_agent_the_programme_gets_the_screen_back(display: str, tmp_path: Path) -> None:
    television = Television(display, tmp_path, "--patience", "0.5")
    try:
        television.show(views.HOME)
        television.agent.drop()
        time.sleep(1.2)
        assert television.picture().getcolors(2) == [(1920 * 1080, _BLACK)]
        television.agent.accept()
        assert _focused(television.show(views.HOME), "home") == "booking"
    finally:
        television.close()


def _ink(picture: Image.Image, box: tuple[int, int, int, int]) -> Image.Image:
    """Give the part of a picture, cut to what is brighter than any ground."""
    part = picture.crop(box).convert("L").point([255 * (value > 160) for value in range(256)])
    return part.crop(part.getbbox())


def _line(television: Television, text: str) -> Image.Image:
    """Give the picture of a text, as the lead of a message."""
    return _ink(television.show(Message(title="A", lead=text, tone=Tone.INFO)), (280, 290, 1800, 420))


def test_a_name_that_the_font_lacks_is_drawn_in_the_further_one(television: Television) -> None:
    """𠮷 (U+20BB7) is not 吉, no 〓 and no box, and what follows it stands as it does elsewhere."""
    rare, common, missing = (_line(television, first + "田") for first in ("\U00020bb7", "吉", "\U0010fffd"))
    assert len({picture.tobytes() for picture in (rare, common, missing)}) == 3
    assert missing.tobytes() == _line(television, "〓田").tobytes()
    assert abs(rare.width - common.width) <= 4
    assert abs(rare.height - common.height) <= 6  # on one baseline


def test_figures_stand_under_one_another(television: Television) -> None:
    widths = {_line(television, f"田{digits}田").width for digits in ("1111", "0000", "1970", "8888")}
    assert len(widths) == 1


def test_another_profile_comes_at_once_and_is_what_a_ui_that_starts_in_it_draws(television: Television) -> None:
    for profile in Profile:
        television.show(views.CHART, status=Status(CardState.PRESENT))
        status = Status(CardState.PRESENT, appearance=Appearance(profile))
        changed = television.show(views.CHART, status=status)
        television.process.kill()
        television.process.wait()
        television.start()
        assert ImageChops.difference(changed, television.show(views.CHART, status=status)).getbbox() is None


def test_what_was_covered_is_drawn_again(television: Television, display: str) -> None:
    before = television.show(views.CHART)
    with contextlib.closing(Display(display)) as other:
        cover = other.screen().root.create_window(
            300, 200, 900, 600, 0, X.CopyFromParent, background_pixel=0xFFFFFF, override_redirect=True
        )
        cover.map()
        other.sync()
        assert ImageChops.difference(before, television.picture()).getbbox()
        cover.destroy()
        other.sync()
        assert ImageChops.difference(before, television.picture()).getbbox() is None


def test_the_window_closed_ends_it(television: Television, display: str) -> None:
    television.show(views.HOME)
    with contextlib.closing(Display(display)) as other:
        window = next(
            w for w in other.screen().root.query_tree().children if w.get_attributes().map_state == X.IsViewable
        )
        delete = (other.get_atom("WM_DELETE_WINDOW"), X.CurrentTime)
        message = ClientMessage(
            window=window, client_type=other.get_atom("WM_PROTOCOLS"), data=(32, (*delete, 0, 0, 0))
        )
        window.send_event(message)
        other.sync()
        assert television.process.wait(5) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(television: Television, number: signal.Signals) -> None:
    television.show(views.HOME)
    television.process.send_signal(number)
    assert television.process.wait(5) == 0


def test_without_a_display_it_says_so(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ui", "--socket", str(tmp_path / "none")]
    ended = subprocess.run(
        command,
        env={"XDG_RUNTIME_DIR": str(tmp_path), "DISPLAY": ":9999"},
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode != 0
    assert b"display" in ended.stderr.lower()
