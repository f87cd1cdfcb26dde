"""The remote as the agent sees it, against a source and a clock that the test owns."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import Mock

import pytest

from stb_agent.contract import words
from stb_agent.contract.actions import Action
from stb_agent.remote import keymaps
from stb_agent.remote.gestures import DEFAULT, SLOW, Long, Pace
from stb_agent.remote.keymaps.taught import KeymapUnwritable
from stb_agent.remote.remote import LONG, Change, Remote
from stb_agent.remote.sources import DOWN, REPEAT, STILL, UP, Bus, Device, KeyEvent, Listener
from stb_agent.remotes import HouseRemotes

SOFA = Device("event3", "Sofa remote", Bus.INFRARED, keys=frozenset({"KEY_OK"}), battery=80)
OTHER = Device("event4", "Other remote", Bus.CEC)
PHONE = Device("socket1", "remote.sock", Bus.SOCKET)


@dataclass
class Entry:
    when: float
    callback: Callable[[], object]
    off: bool = False

    def cancel(self) -> None:
        self.off = True


@dataclass
class Hands:
    """A source and a clock in one: what the person does, and when."""

    now: float = 100.0
    timers: list[Entry] = field(default_factory=list)
    said: list[object] = field(default_factory=list)
    """Actions, (key, value) handed to the television, grabs (True, False), and "wide" or "narrow", in order."""
    devices: list[tuple[Change, str]] = field(default_factory=list)
    taught: Callable[[Device], bool] = field(init=False)
    remote: Remote = field(init=False)

    def start(
        self,
        *devices: Device,
        pace: Pace = DEFAULT,
        maps: keymaps.Keymaps | None = None,
        long: Mapping[Action, Long] = LONG,
    ) -> Hands:
        self.remote = Remote(
            [self],
            maps or keymaps.load(),
            pace,
            on_action=self.said.append,
            on_foreign=lambda key, value: self.said.append((key, value)),
            on_devices=lambda change, device: self.devices.append((change, device.id)),
            long=long,
            clock=self,
        )
        for device in devices or (SOFA,):
            self.remote.came(device)
        return self

    async def run(self, listener: Listener) -> None:
        await asyncio.Event().wait()

    def grab(self, wanted: bool) -> None:
        self.said.append(wanted)

    def adopt(self, taught: Callable[[Device], bool]) -> None:
        self.taught = taught

    def listen_wide(self, on: bool) -> None:
        self.said.append("wide" if on else "narrow")

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], object]) -> Entry:
        self.timers.append(Entry(when, callback))
        return self.timers[-1]

    def wait(self, seconds: float) -> None:
        """Let time pass, and the timers with it."""
        end = self.now + seconds
        while due := sorted((it for it in self.timers if not it.off and it.when <= end), key=lambda it: it.when):
            self.timers.remove(due[0])
            self.now = max(self.now, due[0].when)
            due[0].callback()
        self.timers = [it for it in self.timers if not it.off]
        self.now = end

    def key(self, name: str, *values: int, device: Device = SOFA, at: float | None = None) -> None:
        for value in values:
            self.remote.key(KeyEvent(device.id, name, value, self.now if at is None else at))

    def press(self, *names: str, device: Device = SOFA) -> None:
        for name in names:
            self.key(name, DOWN, device=device)
            self.wait(0.08)
            self.key(name, UP, device=device)
            self.wait(0.25)

    def heard(self) -> list[object]:
        """Give what was said since asked last."""
        said = self.said.copy()
        self.said.clear()
        return said


@pytest.fixture
def hands() -> Hands:
    return Hands().start()


@pytest.fixture
def shown(hands: Hands) -> Hands:
    hands.remote.screen(True)
    hands.wait(1)
    assert hands.heard() == [True]
    return hands


def test_a_key_becomes_an_action_by_the_keymap_of_its_device(shown: Hands) -> None:
    shown.press("KEY_OK", "KEY_NUMERIC_0", "KEY_0", "KEY_NUMERIC_11", "KEY_BLUE", "KEY_HOMEPAGE")
    wanted = ["ok", "0", "0", "11", "blue", "home"]
    assert shown.heard() == wanted


@pytest.mark.parametrize("bus", [bus for bus in Bus if bus is not Bus.INFRARED])
def test_a_held_arrow_repeats_by_the_clock_and_ends_with_its_release(shown: Hands, bus: Bus) -> None:
    remote = Device("event4", "Other remote", bus)
    shown.remote.came(remote)
    shown.key("KEY_DOWN", DOWN, device=remote)
    shown.wait(0.95)
    assert shown.heard() == [Action.DOWN] * 3
    shown.key("KEY_DOWN", REPEAT, STILL, UP, device=remote)
    shown.wait(9)
    assert shown.heard() == []
    assert shown.timers == [], "nothing runs while nobody presses"


def test_a_held_arrow_on_infrared_repeats_when_it_is_heard(shown: Hands) -> None:
    shown.key("KEY_DOWN", DOWN)
    shown.wait(0.6)
    shown.key("KEY_DOWN", STILL)
    shown.wait(0.24)
    assert shown.heard() == [Action.DOWN], "the hand has let go, the kernel not yet"
    shown.key("KEY_DOWN", STILL)
    assert shown.heard() == [Action.DOWN]
    shown.key("KEY_DOWN", REPEAT, UP)
    shown.key("KEY_VOLUMEUP", DOWN, STILL, UP)
    shown.wait(9)
    assert shown.heard() == [("KEY_VOLUMEUP", 1), ("KEY_VOLUMEUP", 0)]
    assert shown.timers == [], "nothing runs while nobody presses"


def test_the_pace_is_the_households() -> None:
    slow = Hands().start(OTHER, pace=SLOW)
    slow.remote.screen(True)
    slow.wait(0.35)
    slow.press("KEY_OK", device=OTHER)
    slow.key("KEY_DOWN", DOWN, device=OTHER)
    slow.wait(0.89)
    assert slow.heard() == [True, Action.DOWN]
    slow.wait(0.02)
    assert slow.heard() == [Action.DOWN]


def test_a_key_held_into_another_view_means_nothing_there(shown: Hands) -> None:
    shown.key("KEY_DOWN", DOWN)
    shown.remote.new_view()
    shown.wait(5)
    shown.key("KEY_DOWN", STILL, UP)
    assert shown.heard() == [Action.DOWN]


def test_what_was_pressed_before_a_view_reaches_it_not_but_home_does(shown: Hands) -> None:
    pressed = shown.now
    shown.wait(0.02)
    shown.remote.new_view()
    shown.wait(0.5)
    shown.key("KEY_OK", DOWN, UP, at=pressed)
    shown.key("KEY_HOMEPAGE", DOWN, UP, at=pressed)
    assert shown.heard() == [Action.HOME]


def test_the_televisions_keys_are_handed_on_while_we_hold_them_back(shown: Hands) -> None:
    shown.key("KEY_VOLUMEUP", DOWN, REPEAT, REPEAT, UP)
    shown.key("KEY_F13", DOWN, UP)
    shown.key("KEY_MIN_INTERESTING", DOWN, UP)
    assert shown.heard() == [
        *[("KEY_VOLUMEUP", value) for value in (1, 2, 2, 0)],
        *[("KEY_F13", 1), ("KEY_F13", 0)],
        *[("KEY_MUTE", 1), ("KEY_MUTE", 0)],
    ]


def test_while_the_programme_has_the_screen_it_sees_its_keys_itself(hands: Hands) -> None:
    hands.key("KEY_VOLUMEUP", DOWN, REPEAT, UP)
    hands.press("KEY_UP")
    assert hands.heard() == [Action.UP]


def test_a_scancode_that_nobody_names_is_handed_to_nobody(shown: Hands) -> None:
    shown.key("SCAN_800f0400", DOWN, REPEAT, UP)
    assert shown.heard() == []


def test_the_programme_is_given_the_release_of_what_it_saw_go_down(hands: Hands) -> None:
    hands.key("KEY_HOMEPAGE", DOWN)
    hands.key("KEY_CHANNELUP", DOWN)
    hands.remote.screen(True)
    hands.wait(0.3)
    hands.key("KEY_CHANNELUP", REPEAT)
    hands.key("KEY_HOMEPAGE", REPEAT, UP)
    hands.key("KEY_CHANNELUP", UP)
    hands.key("KEY_HOMEPAGE", UP)
    assert hands.heard() == [Action.HOME, True, ("KEY_CHANNELUP", 2), ("KEY_HOMEPAGE", 0), ("KEY_CHANNELUP", 0)]


def test_a_phone_s_keys_were_never_the_programmes() -> None:
    hands = Hands().start(PHONE)
    hands.key("KEY_HOMEPAGE", DOWN, device=PHONE)
    hands.remote.screen(True)
    hands.key("KEY_HOMEPAGE", UP, device=PHONE)
    assert hands.heard() == [Action.HOME, True]


def test_leaving_waits_for_the_held_key_so_that_the_programme_gets_no_half_press(shown: Hands) -> None:
    shown.key("KEY_OK", DOWN)
    shown.remote.screen(False)
    shown.wait(0.4)
    assert shown.heard() == [Action.OK]
    shown.key("KEY_OK", UP)
    assert shown.heard() == [False]
    assert not [timer for timer in shown.timers if not timer.off]


def test_leaving_waits_a_second_at_most(shown: Hands) -> None:
    shown.key("KEY_OK", DOWN)
    shown.remote.screen(False)
    shown.wait(0.99)
    assert shown.heard() == [Action.OK]
    shown.wait(0.02)
    assert shown.heard() == [False]
    shown.key("KEY_OK", UP)
    assert shown.heard() == []


def test_leaving_with_nothing_held_is_at_once(shown: Hands) -> None:
    shown.remote.screen(False)
    assert shown.heard() == [False]


def test_a_key_for_the_programme_is_not_lost_while_we_are_leaving(shown: Hands) -> None:
    shown.key("KEY_OK", DOWN)
    shown.remote.screen(False)
    shown.wait(0.2)
    shown.key("KEY_UP", DOWN, UP)
    shown.key("KEY_VOLUMEUP", DOWN)
    shown.key("KEY_OK", UP)
    shown.key("KEY_VOLUMEUP", UP)
    handed = [("KEY_UP", 1), Action.UP, ("KEY_UP", 0), ("KEY_VOLUMEUP", 1), ("KEY_VOLUMEUP", 0)]
    assert shown.heard() == [Action.OK, *handed, False], "the core knows that the programme has the screen"


def test_a_device_that_goes_while_we_wait_for_its_key_lets_us_leave(shown: Hands) -> None:
    shown.key("KEY_OK", DOWN)
    shown.remote.screen(False)
    shown.remote.went(SOFA)
    assert shown.heard() == [Action.OK, False]


def test_coming_back_while_leaving_keeps_the_grab(shown: Hands) -> None:
    shown.key("KEY_OK", DOWN)
    shown.remote.screen(False)
    shown.remote.screen(True)
    shown.wait(5)
    shown.key("KEY_OK", UP)
    assert shown.heard() == [Action.OK]


def test_yield_now_gives_up_the_keys_at_once_and_they_come_back_cleanly(shown: Hands) -> None:
    shown.key("KEY_DOWN", DOWN)
    shown.key("KEY_VOLUMEUP", DOWN)
    shown.remote.yield_now()
    assert shown.heard() == [Action.DOWN, ("KEY_VOLUMEUP", 1), ("KEY_VOLUMEUP", 0), False]
    shown.remote.screen(False)
    shown.wait(3)
    assert shown.heard() == [], "what is held means nothing more"
    shown.remote.screen(True)
    shown.key("KEY_DOWN", UP)
    assert shown.heard() == [True, ("KEY_DOWN", 0)]
    shown.wait(0.2)
    shown.press("KEY_OK")
    assert shown.heard() == [Action.OK]


def test_ok_held_over_the_programme_opens_once() -> None:
    hands = Hands().start(OTHER)
    hands.key("KEY_OK", DOWN, device=OTHER)
    hands.wait(5)
    hands.key("KEY_OK", UP, device=OTHER)
    assert hands.heard() == [Action.OK, Action.HOME]


def test_ok_held_opens_nothing_where_the_television_uses_that_itself() -> None:
    hands = Hands().start(OTHER, long={})
    for leave in (
        lambda: None,
        lambda: hands.remote.screen(True),
        lambda: hands.remote.screen(False),
        hands.remote.yield_now,
    ):
        leave()
        hands.wait(1)
        hands.key("KEY_OK", DOWN, device=OTHER)
        hands.wait(5)
        hands.key("KEY_OK", UP, device=OTHER)
    assert [said for said in hands.heard() if isinstance(said, Action)] == [Action.OK] * 4


def test_ok_held_over_the_programme_on_infrared_opens_once_it_is_heard_so_long(hands: Hands) -> None:
    hands.key("KEY_OK", DOWN)
    hands.wait(0.98)
    hands.key("KEY_OK", STILL)
    hands.wait(0.2)
    assert hands.heard() == [Action.OK]
    hands.key("KEY_OK", STILL, STILL, UP)
    assert hands.heard() == [Action.HOME]


def test_ok_held_while_we_have_the_screen_or_while_leaving_it_opens_nothing(shown: Hands) -> None:
    shown.key("KEY_OK", DOWN)
    shown.wait(2)
    shown.remote.screen(False)
    shown.wait(3)
    shown.key("KEY_OK", UP)
    assert shown.heard() == [Action.OK, False]


def test_one_press_by_two_paths_is_one() -> None:
    hands = Hands().start(SOFA, OTHER)
    hands.remote.screen(True)
    hands.wait(1)
    hands.heard()
    hands.key("KEY_OK", DOWN)
    hands.wait(0.1)
    hands.key("KEY_SELECT", DOWN, UP, device=OTHER)
    hands.key("KEY_OK", UP)
    assert hands.heard() == [Action.OK]


def test_devices_come_change_and_go(hands: Hands) -> None:
    hands.remote.came(Device("event3", "Sofa remote", Bus.INFRARED, battery=10))
    hands.remote.came(OTHER)
    assert [device.id for device in hands.remote.devices] == ["event3", "event4"]
    assert hands.remote.devices[0].battery == 10
    hands.remote.went(SOFA)
    hands.remote.went(SOFA)
    assert hands.devices == [
        (Change.CAME, "event3"),
        (Change.CHANGED, "event3"),
        (Change.CAME, "event4"),
        (Change.WENT, "event3"),
    ]


def test_a_device_that_goes_lets_go(shown: Hands) -> None:
    shown.key("KEY_DOWN", DOWN)
    shown.key("KEY_VOLUMEUP", DOWN)
    shown.remote.went(SOFA)
    shown.wait(5)
    shown.key("KEY_OK", DOWN)
    assert shown.heard() == [Action.DOWN, ("KEY_VOLUMEUP", 1), ("KEY_VOLUMEUP", 0)], "and says nothing after it went"


def test_another_device_under_the_same_id_means_what_its_own_keymap_says(shown: Hands, tmp_path: Path) -> None:
    (tmp_path / "sofa.toml").write_text('[match]\nname = "Sofa*"\n[actions]\nok = ["KEY_F13"]')
    shown.remote.reload(keymaps.load([tmp_path]))
    shown.press("KEY_F13")
    shown.remote.went(SOFA)
    shown.remote.came(Device(SOFA.id, "Kitchen remote", Bus.INFRARED))
    shown.wait(1)
    shown.press("KEY_F13")
    assert shown.heard() == [Action.OK, ("KEY_F13", 1), ("KEY_F13", 0)]


def test_nothing_is_kept_of_devices_that_went(shown: Hands) -> None:
    for n in range(100):
        phone = Device(f"socket{n}", "remote.sock", Bus.SOCKET)
        shown.remote.came(phone)
        shown.press("KEY_UP", device=phone)
        shown.remote.went(phone)
    assert not shown.remote._meanings
    assert not shown.remote._held


def test_other_keymaps_count_from_the_next_press(shown: Hands, tmp_path: Path) -> None:
    (tmp_path / "sofa.toml").write_text('[match]\nname = "Sofa*"\n[actions]\nok = ["KEY_F13"]\nnone = ["KEY_OK"]')
    shown.key("KEY_OK", DOWN)
    shown.remote.reload(keymaps.load([tmp_path]))
    shown.key("KEY_OK", UP)
    shown.wait(1)
    shown.press("KEY_F13", "KEY_OK")
    assert shown.heard() == [Action.OK, Action.OK, ("KEY_OK", 1), ("KEY_OK", 0)]
    assert shown.taught(SOFA)
    assert not shown.taught(OTHER)


def test_a_keymap_that_cannot_be_used_is_logged(hands: Hands, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "bad.toml").write_text("[actions]\ndance = []", "utf-8")
    hands.remote.reload(keymaps.load([tmp_path]))
    assert len(caplog.messages) == 1
    assert "bad.toml" in caplog.text
    hands.press("KEY_OK")
    assert hands.heard() == [Action.OK]


def test_an_unknown_key_is_logged_once_and_not_by_name_while_we_have_the_screen(
    hands: Hands, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    hands.press(*["KEY_F13"] * 5, *["KEY_F14"] * 5, "KEY_VOLUMEUP", "KEY_OK")
    assert [("F13" in line, "F14" in line) for line in caplog.messages] == [(True, False), (False, True)]
    caplog.clear()
    hands.remote.reload(keymaps.load())
    hands.press("KEY_F13")
    assert len(caplog.messages) == 1, "other keymaps do not speak of it either"
    caplog.clear()
    hands.remote.screen(True)
    hands.wait(1)
    hands.press(*(f"SCAN_{n:x}" for n in range(500)))
    assert len(caplog.messages) == 1, "it could be somebody's PIN"
    assert "SCAN" not in caplog.text
    hands.remote.screen(False)
    hands.press(*(f"SCAN_{n:x}" for n in range(1000)))
    assert len(caplog.messages) < 250


async def test_a_lesson_takes_every_key_and_for_a_moment_after() -> None:
    hands = Hands().start(SOFA, OTHER)
    hands.remote.screen(True)
    hands.wait(1)
    hands.heard()
    lesson = asyncio.create_task(hands.remote.next_key(30))
    await asyncio.sleep(0)
    hands.key("KEY_VOLUMEUP", REPEAT, UP)
    hands.key("KEY_F13", DOWN, device=OTHER)
    hands.key("KEY_OK", DOWN)
    event = await lesson
    assert (event.device, event.key, event.value) == ("event4", "KEY_F13", DOWN)
    hands.key("KEY_F13", UP, device=OTHER)
    hands.key("KEY_OK", UP)
    hands.wait(0.4)
    hands.press("KEY_DOWN")
    assert hands.heard() == ["wide", "narrow"]
    hands.press("KEY_DOWN")
    assert hands.heard() == [Action.DOWN]


async def test_lessons_after_one_another_listen_all_the_while() -> None:
    hands = Hands().start()
    for name in ("SCAN_1", "SCAN_2", "KEY_OK"):
        lesson = asyncio.create_task(hands.remote.next_key(30))
        await asyncio.sleep(0)
        hands.key(name, DOWN, UP)
        assert (await lesson).key == name
        hands.wait(0.1)
        hands.key("KEY_UP", DOWN, UP)
    assert hands.heard() == ["wide"]
    hands.wait(1)
    assert hands.heard() == ["narrow"]


async def test_a_lesson_that_nobody_answers_ends_and_the_remote_lives() -> None:
    hands = Hands().start()
    with pytest.raises(TimeoutError):
        await hands.remote.next_key(0.01)
    hands.wait(0.6)
    hands.press("KEY_OK")
    assert hands.heard() == ["wide", "narrow", Action.OK]


@pytest.mark.parametrize("leave", [Remote.yield_now, lambda remote: remote.screen(False)])
async def test_a_lesson_ends_with_the_screen(leave: Callable[[Remote], None]) -> None:
    hands = Hands().start()
    hands.remote.screen(True)
    lesson = asyncio.create_task(hands.remote.next_key(30))
    await asyncio.sleep(0)
    leave(hands.remote)
    hands.wait(0.2)
    hands.press("KEY_HOMEPAGE")
    assert hands.heard() == [True, "wide", "narrow", False, Action.HOME]
    with pytest.raises(TimeoutError):
        await lesson


async def test_a_view_that_went_away_leaves_no_dead_remote() -> None:
    hands = Hands().start()
    lesson = asyncio.create_task(hands.remote.next_key(30))
    await asyncio.sleep(0)
    lesson.cancel()
    await asyncio.gather(lesson, return_exceptions=True)
    hands.wait(0.6)
    hands.press("KEY_OK")
    assert hands.heard() == ["wide", "narrow", Action.OK]


async def test_the_log_says_why_what_was_taught_is_not_kept_and_the_household_only_that(
    hands: Hands, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "keymaps"
    folder.write_text("")
    house = HouseRemotes(hands.remote, folder, keymaps.load, Mock(), lambda: None)
    with pytest.raises(KeymapUnwritable) as failed:
        await house.save(SOFA.id, {Action.OK: "KEY_F13"})
    assert str(folder) in caplog.text
    assert str(folder) not in "".join(words.told(failed.value.code, failed.value.args_))


async def test_a_second_lesson_ends_the_first() -> None:
    hands = Hands().start()
    first = asyncio.create_task(hands.remote.next_key(30))
    await asyncio.sleep(0)
    second = asyncio.create_task(hands.remote.next_key(30))
    await asyncio.sleep(0)
    with pytest.raises(TimeoutError):
        await first
    hands.key("KEY_OK", DOWN)
    assert (await second).key == "KEY_OK"
    assert Action.OK not in hands.heard()
