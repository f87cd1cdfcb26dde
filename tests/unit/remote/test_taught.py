"""What a household taught, written and read again."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stb_agent.contract.actions import Action
from stb_agent.remote.keymaps import load
from stb_agent.remote.keymaps.taught import KeymapUnwritable, teachable, text, write
from stb_agent.remote.sources import Bus, Device

REMOTE = Device("event7", 'Living "Room" [1]*', Bus.INFRARED, 0x1234, 0x5678)
KEYS = {Action.OK: "KEY_F13", Action.UP: "SCAN_800f041e", Action.DOWN: "KEY_MACRO1", Action.DIGIT_0: "SCAN_1", Action.BLUE: "KEY_OK"}  # fmt: skip

KEY = st.one_of(
    st.sampled_from(["KEY_F13", "KEY_OK", "KEY_MUTE", "BTN_0"]),
    st.integers(0, 2**64 - 1).map(lambda code: f"SCAN_{code:x}"),
)


def test_what_was_taught_means_it_on_that_kind_of_remote_and_on_no_other(tmp_path: Path) -> None:
    path = write(tmp_path / "keymaps", REMOTE, KEYS)
    assert path.name == "infrared-1234-5678-living-room-1.toml"
    keymaps = load(household=tmp_path / "keymaps")
    assert keymaps.errors == ()
    meaning = keymaps.of(REMOTE)
    assert {action: meaning.action(key) for action, key in KEYS.items()} == {action: action for action in KEYS}
    assert meaning.action("KEY_BACK") is Action.BACK, "what was not taught is as before"
    for other in (Device("x", 'Living "Room" 1', Bus.INFRARED, 0x1234, 0x5678), Device("x", REMOTE.name, Bus.USB)):
        assert keymaps.of(other).action("KEY_F13") is None
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_second_lesson_takes_the_firsts_place(tmp_path: Path) -> None:
    write(tmp_path, REMOTE, KEYS)
    write(tmp_path, REMOTE, {Action.OK: "KEY_F14"})
    meaning = load(household=tmp_path).of(REMOTE)
    assert meaning.action("KEY_F14") is Action.OK
    assert meaning.action("KEY_F13") is None


def test_what_cannot_be_kept_is_told_and_leaves_what_was_there(tmp_path: Path) -> None:
    before = write(tmp_path, REMOTE, {Action.OK: "KEY_F13"}).read_bytes()
    before_name = next(tmp_path.iterdir()).name
    with pytest.raises(KeymapUnwritable):
        write(tmp_path / before_name, REMOTE, {Action.OK: "KEY_F14"})
    assert (tmp_path / before_name).read_bytes() == before


@given(
    name=st.text(max_size=80),
    bus=st.sampled_from(list(Bus)),
    vendor=st.integers(0, 0xFFFF),
    keys=st.dictionaries(st.sampled_from(list(Action)), KEY, max_size=25),
)
def test_any_remote_can_be_written_and_read(name: str, bus: Bus, vendor: int, keys: dict[Action, str]) -> None:
    keys = {action: key for at, (action, key) in enumerate(keys.items()) if key not in list(keys.values())[:at]}
    device = Device("x", name, bus, vendor)
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), device, keys)
        keymaps = load(household=Path(folder))
    assert keymaps.errors == ()
    meaning = keymaps.of(device)
    assert {action: meaning.action(key) for action, key in keys.items()} == {action: action for action in keys}


def test_only_keys_that_a_file_can_name_are_taught() -> None:
    assert [teachable(key) for key in ("KEY_OK", "SCAN_1f", "KEY_NO_SUCH", "x")] == [True, True, False, False]
    assert "0x1f = " in text(REMOTE, {Action.OK: "SCAN_1f"})
