"""What remotes reach: over the tables that the kernel's developers made of real ones (Debian package ir-keytable)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from stb_agent.contract.actions import ARROWS, Action
from stb_agent.remote.keymaps import Keymaps, load, read
from stb_agent.remote.reach import Reach, reach
from stb_agent.remote.sources import Bus, Device

TABLES = Path("/lib/udev/rc_keymaps")
OK_LIKE = {"KEY_OK", "KEY_SELECT", "KEY_ENTER", "KEY_KPENTER"}
MAPS = load()


def reaches(path: Path, maps: Keymaps = MAPS) -> tuple[frozenset[str], Reach]:
    keymap = read(path)
    return keymap.keys, reach(keymap.keys, maps.of(Device("rc0", keymap.name, keymap.match.bus or Bus.INFRARED)))


@pytest.fixture(scope="module")
def tables() -> list[Path]:
    found = sorted(TABLES.glob("*.toml"))
    assert len(found) > 100, "the package ir-keytable is missing: ./stb test installs it"
    return found


def test_every_remote_with_four_arrows_and_an_ok_can_do_everything(tables: list[Path]) -> None:
    usable = 0
    for path in tables:
        keys, found = reaches(path)
        arrows = keys >= {"KEY_UP", "KEY_DOWN", "KEY_LEFT", "KEY_RIGHT"}
        assert found.usable == (arrows and bool(keys & OK_LIKE)), path.name
        usable += found.usable
    assert usable >= 90


def test_every_key_is_an_action_or_the_televisions_or_counted_as_unknown(tables: list[Path]) -> None:
    for path in tables:
        keys, found = reaches(path)
        meant = [key for keys in found.actions.values() for key in keys]
        assert sorted([*meant, *found.television, *found.unknown]) == sorted(keys), path.name


def test_what_belongs_to_the_television_is_nowhere_taken_from_it(tables: list[Path]) -> None:
    for path in tables:
        _, found = reaches(path)
        meant = {key for keys in found.actions.values() for key in keys}
        assert not [
            key for key in meant if any(it in key for it in ("CHANNEL", "VOLUME", "POWER", "MUTE", "PLAY", "STOP"))
        ]


def test_our_families_are_worth_their_place(tables: list[Path]) -> None:
    def without(name: str) -> Counter[str]:
        maps = Keymaps([[one for one in MAPS.files if one.file.name != name]])
        found = (reaches(path, maps)[1] for path in tables)
        return Counter(what for one in found if one.usable for what, there in one.comfort.items() if not there)

    lacking = without("")
    assert without("correction.toml")["back"] - lacking["back"] >= 13
    assert without("start.toml")["home"] - lacking["home"] >= 11


def test_hdmi_cec_needs_no_family_of_its_own(tables: list[Path]) -> None:
    _, found = reaches(TABLES / "cec.toml")
    assert found.usable
    assert set(found.comfort.values()) == {True}
    assert not found.missing, "11 and 12 are there too"


LETTERS = frozenset(f"KEY_{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
EDITING = frozenset(
    {"KEY_UP", "KEY_DOWN", "KEY_LEFT", "KEY_RIGHT", "KEY_ENTER", "KEY_ESC", "KEY_BACKSPACE", "KEY_HOME"}
)


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("keyboard", LETTERS | EDITING | {f"KEY_{n}" for n in range(10)}),
        ("keypad", EDITING | {f"KEY_KP{n}" for n in range(10)}),
    ],
)
def test_a_keyboard_will_do_for_a_remote(name: str, keys: frozenset[str]) -> None:
    found = reach(keys, MAPS.of(Device("event5", name, Bus.USB)))
    assert found.usable
    assert found.comfort == {"back": True, "home": True, "digits": True, "colours": False}


def test_four_arrows_and_ok_are_enough_and_all_are_needed() -> None:
    meaning = MAPS.of(Device("event5", "x", Bus.OTHER))
    five = {"KEY_UP", "KEY_DOWN", "KEY_LEFT", "KEY_RIGHT", "KEY_OK"}
    found = reach(five, meaning)
    assert found.usable
    assert set(found.comfort.values()) == {False}
    assert set(found.missing) == set(Action) - ARROWS - {Action.OK}
    for key in five:
        assert not reach(five - {key}, meaning).usable


def test_a_scancode_counts_as_the_key_that_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('[scancodes]\n0x10 = "KEY_OK"', "utf-8")
    found = reach({"SCAN_10", "SCAN_11"}, load([tmp_path]).of(Device("event5", "x", Bus.OTHER)))
    assert found.actions == {Action.OK: ("KEY_OK",)}
    assert found.unknown == ("SCAN_11",)
