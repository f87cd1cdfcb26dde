"""Keymaps: what a file may say, whose word counts, and what ours say."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stb_agent.contract import words
from stb_agent.contract.actions import Action
from stb_agent.remote.keymaps import Form, KeymapError, KeymapMalformed, KeymapTwice, KeymapUnreadable, load, read
from stb_agent.remote.keymaps.keymap import Match
from stb_agent.remote.sources import Bus, Device

SOFA = Device("event3", "Sofa remote", Bus.USB, 0x1234, 0x5678)
INFRARED = Device("event4", "Receiver", Bus.INFRARED)


def written(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_ours_give_every_action_and_leave_the_television_its_keys() -> None:
    meaning = load().of(SOFA)
    assert not load().errors
    given = {action for action in meaning.actions.values() if action is not None}
    assert given == set(Action)
    for key in (
        *("CHANNELUP", "CHANNELDOWN", "VOLUMEUP", "VOLUMEDOWN", "MUTE", "POWER", "POWER2", "DATA", "EPG", "SWITCHVIDEOMODE"),
        *("TV", "PLAY", "PAUSE", "PLAYPAUSE", "STOP", "RECORD", "REWIND", "FASTFORWARD", "NEXT", "PREVIOUS", "SUBTITLE"),
    ):  # fmt: skip
        assert meaning.knows(f"KEY_{key}")
        assert meaning.action(f"KEY_{key}") is None


def test_no_key_is_in_two_of_our_files() -> None:
    files = load().files
    assert len({key for one in files for key in one.actions}) == sum(len(one.actions) for one in files)


@pytest.mark.parametrize(
    ("key", "action"),
    [
        *((f"KEY_{n}", str(n)) for n in range(10)),
        *((f"KEY_NUMERIC_{n}", str(n)) for n in (*range(10), 11, 12)),
        *zip(("KEY_BLUE", "KEY_RED", "KEY_GREEN", "KEY_YELLOW"), ("blue", "red", "green", "yellow"), strict=True),
        *((f"KEY_{name}", "ok") for name in ("OK", "SELECT", "ENTER", "KPENTER")),
        *((f"KEY_{name}", "back") for name in ("BACK", "EXIT", "ESC", "BACKSPACE", "CLEAR")),
        *((f"KEY_{name}", "home") for name in ("HOMEPAGE", "HOME", "MENU")),
    ],
)
def test_keys_of_every_kind_of_remote(key: str, action: str) -> None:
    assert load().of(SOFA).action(key) is Action(action)


def test_the_colours_are_in_the_order_of_japanese_remotes() -> None:
    colours = [action for action in Action if action in ("red", "yellow", "blue", "green")]
    assert colours == ["blue", "red", "green", "yellow"]


def test_a_key_goes_by_any_of_its_names(tmp_path: Path) -> None:
    maps = load([written(tmp_path, "a.toml", '[actions]\nok = ["KEY_MIN_INTERESTING"]\nback = ["KEY_FULL_SCREEN"]')])
    meaning = maps.of(SOFA)
    assert meaning.action("KEY_MUTE") is meaning.action("KEY_MIN_INTERESTING") is Action.OK
    assert meaning.action("KEY_ZOOM") is meaning.action("KEY_FULL_SCREEN") is Action.BACK


def test_the_household_is_over_the_operator_and_the_operator_over_us_key_by_key(tmp_path: Path) -> None:
    operator = written(tmp_path / "operator", "o.toml", '[actions]\nred = ["KEY_OK", "KEY_F1"]\nnone = ["KEY_ESC"]')
    written(tmp_path / "house", "h.toml", '[actions]\nblue = ["KEY_OK"]')
    meaning = load([operator.parent], tmp_path / "house").of(SOFA)
    assert meaning.action("KEY_OK") is Action.BLUE
    assert meaning.action("KEY_F1") is Action.RED
    assert meaning.action("KEY_ESC") is None
    assert meaning.knows("KEY_ESC")
    assert meaning.action("KEY_EXIT") is Action.BACK
    assert [one.file.name for one in meaning.files][-2:] == ["o.toml", "h.toml"]


def test_a_remote_that_a_file_is_for_was_taught(tmp_path: Path) -> None:
    assert not load().taught(SOFA)
    for text, taught in (
        ("[actions]", False),
        ('[match]\nname = "Sofa*"\n[actions]\nok = ["KEY_F1"]', True),
        ("[match]\nvendor = 1", False),
        ('[[protocols]]\nprotocol = "nec"', False),
    ):
        maps = load([written(tmp_path, "o.toml", text)])
        assert maps.taught(SOFA) is taught
        assert not maps.taught(INFRARED)


def test_an_operator_may_give_the_televisions_keys_an_action(tmp_path: Path) -> None:
    meaning = load([written(tmp_path, "o.toml", '[actions]\nhome = ["KEY_DATA"]')]).of(SOFA)
    assert meaning.action("KEY_DATA") is Action.HOME


def test_within_a_layer_the_file_that_says_more_of_the_remote_wins(tmp_path: Path) -> None:
    written(tmp_path, "z.toml", '[actions]\nred = ["KEY_F1"]\nok = ["KEY_F2"]\ngreen = ["KEY_F3"]')
    written(tmp_path, "m.toml", '[match]\nbus = "usb"\n[actions]\nblue = ["KEY_F1"]\nback = ["KEY_F2"]')
    written(tmp_path, "a.toml", '[match]\nbus = "usb"\nvendor = 0x1234\n[actions]\nyellow = ["KEY_F1"]')
    meaning = load([tmp_path]).of(SOFA)
    assert [meaning.action(f"KEY_F{n}") for n in (1, 2, 3)] == [Action.YELLOW, Action.BACK, Action.GREEN]
    assert load([tmp_path]).of(INFRARED).action("KEY_F1") is Action.RED


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        (Match(), True),
        (Match(bus=Bus.USB), True),
        (Match(bus=Bus.CEC), False),
        (Match(name="Sofa*"), True),
        (Match(name="sofa*"), False),
        (Match(name="Sofa remote", vendor=0x1234, product=0x5678, bus=Bus.USB), True),
        (Match(vendor=0x1234, product=1), False),
        (Match(vendor=1), False),
    ],
)
def test_all_of_a_match_must_fit(match: Match, fits: bool) -> None:
    assert match.fits(SOFA) is fits


def test_scancodes_are_named_and_then_mean_what_the_name_means(tmp_path: Path) -> None:
    written(tmp_path, "a.toml", '[scancodes]\n0x800f0400 = "KEY_NUMERIC_0"\n17 = "KEY_F1"\n[actions]\nok = ["KEY_F1"]')
    meaning = load([tmp_path]).of(SOFA)
    assert meaning.action("SCAN_800f0400") is Action.DIGIT_0
    assert meaning.action("SCAN_800F0400") is Action.DIGIT_0
    assert meaning.action("SCAN_11") is Action.OK
    assert meaning.action("SCAN_12") is None
    assert not meaning.knows("SCAN_12")


KERNEL = """
[[protocols]]
name = "sofa"
protocol = "nec"
variant = "nec"
[protocols.scancodes]
0x866b01 = "KEY_OK"
0x866b02 = "KEY_MIN_INTERESTING"
0x866b03 = "0x160"
0x866b04 = "KEY_OF_THE_FUTURE"
[[protocols]]
name = "sofa raw"
protocol = "raw"
[[protocols.raw]]
keycode = "KEY_UP"
raw = [ 900, 450, 600 ]
"""


def test_the_kernels_form_names_the_scancodes_of_infrared(tmp_path: Path) -> None:
    path = written(tmp_path, "sofa.toml", KERNEL)
    keymap = read(path)
    assert (keymap.form, keymap.name, keymap.match) == (Form.KERNEL, "sofa", Match(bus=Bus.INFRARED))
    assert keymap.keys == {"KEY_OK", "KEY_MUTE", "KEY_OF_THE_FUTURE", "KEY_UP"}
    maps = load([path])
    assert maps.of(INFRARED).action("SCAN_866b01") is Action.OK
    assert maps.of(INFRARED).action("SCAN_866b03") is Action.OK
    assert maps.of(SOFA).action("SCAN_866b01") is None, "a USB remote's scancodes are other numbers"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ('name = "x"\n[actions]\ndance = ["KEY_OK"]', 3, "dance"),
        ('[actions]\nok = ["OK"]', 2, "OK"),
        ('[actions]\nok = ["KEY_UP",\n "KEY_UPP"]', 3, "KEY_UPP"),
        ('[actions]\nok = "KEY_OK"', 2, "ok = KEY_OK"),
        ("[actions]\nok = [7]", 2, "7"),
        ('[match]\nbus = "tin can"', 2, "bus = tin can"),
        ('[match]\nvendor = "0x1234"', 2, "vendor = 0x1234"),
        ("[match]\ncolour = 1", 2, "colour"),
        ('[scancodes]\nx1 = "KEY_OK"', 2, "x1"),
        ('[scancodes]\n0x1 = "KEY_NO"', 2, "KEY_NO"),
        ("actions = 3", 1, "actions"),
        ('ok = ["KEY_OK"]', 1, "ok"),
        ("[actions\n", 1, "Expected"),
        ("protocols = 3", 1, "protocols"),
        ('[[protocols]]\n[protocols.scancodes]\n"one" = "KEY_OK"', 3, "one"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, line: int, what: str) -> None:
    path = written(tmp_path, "wrong.toml", text)
    with pytest.raises(KeymapError) as found:
        read(path)
    assert found.value.args_["file"] == str(path)
    assert found.value.args_["line"] == line
    assert str(found.value.args_["what"]).startswith(what)
    assert all(words.told(found.value.code, found.value.args_))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('[actions]\nok = ["KEY_OK"]\nback = ["KEY_OK"]', "KEY_OK"),
        ('[actions]\nok = ["KEY_MUTE"]\nback = ["KEY_MIN_INTERESTING"]', "KEY_MIN_INTERESTING"),
    ],
)
def test_a_key_with_two_actions_is_told_as_such(tmp_path: Path, text: str, what: str) -> None:
    path = written(tmp_path, "wrong.toml", text)
    with pytest.raises(KeymapTwice) as found:
        read(path)
    assert found.value.args_ == {"file": str(path), "line": 3, "what": what}
    cause, _ = words.told(found.value.code, found.value.args_)
    assert "2 度目" in cause


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[[protocols]]\n[[protocols.raw]]\nraw = [1]", "keycode"),
        ('[actions]\nok = ["KEY\\u005fUPP"]', "KEY_UPP"),
        (f"ok = {'[' * 20_000}", "nested too deeply"),
    ],
)
def test_where_no_line_can_be_told_none_is(tmp_path: Path, text: str, what: str) -> None:
    path = written(tmp_path, "wrong.toml", text)
    with pytest.raises(KeymapMalformed) as found:
        read(path)
    assert found.value.args_ == {"file": str(path), "what": what}
    cause, _ = words.told(found.value.code, found.value.args_)
    assert "行目" not in cause


def test_a_file_that_cannot_be_used_costs_nothing_else(tmp_path: Path) -> None:
    written(tmp_path, "bad.toml", "[actions]\ndance = []")
    written(tmp_path, "good.toml", '[actions]\nok = ["KEY_F1"]')
    (tmp_path / "latin.toml").write_bytes(b"\xe9")
    maps = load([tmp_path, tmp_path / "missing.toml"], tmp_path / "no such folder")
    assert [type(error) for error in maps.errors] == [KeymapError, KeymapUnreadable, KeymapUnreadable]
    assert maps.of(SOFA).action("KEY_F1") is Action.OK
    assert maps.of(SOFA).action("KEY_OK") is Action.OK
    for error in maps.errors:
        assert all(words.told(error.code, error.args_))


def test_what_a_remote_means_is_worked_out_once_for_all_of_its_kind() -> None:
    maps = load()
    assert maps.of(SOFA) is maps.of(Device("event9", "Sofa remote", Bus.USB, 0x1234, 0x5678, battery=3))
    for n in range(500):
        maps.of(Device("x", f"phone {n}", Bus.SOCKET))
    assert len(maps._known) <= 64


def read_or_told(path: Path) -> None:
    try:
        read(path)
    except KeymapError as error:
        words.told(error.code, error.args_)


@given(st.text())
def test_any_text_is_a_keymap_or_a_keymap_error(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_text(text, "utf-8", errors="replace")
    read_or_told(path)


VALUES = st.recursive(
    st.one_of(st.integers(), st.booleans(), st.sampled_from(['"KEY_OK"', '"x"', '"none"', "1.5"]).map(str)),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", "[match]", "[actions]", "[scancodes]", "[[protocols]]", "[protocols.scancodes]", "[[protocols.raw]]"]),
            st.lists(st.tuples(st.sampled_from(["name", "bus", "ok", "none", "0x1", "keycode", "raw", "vendor", "protocol"]), VALUES), max_size=3),
        ),
        max_size=4,
    )
)  # fmt: skip
def test_any_table_is_a_keymap_or_a_keymap_error(
    tmp_path_factory: pytest.TempPathFactory, sections: list[tuple[str, list[tuple[str, object]]]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "table.toml"
    lines = [line for head, rows in sections for line in (head, *(f"{key} = {_toml(value)}" for key, value in rows))]
    path.write_text("\n".join(lines), "utf-8")
    read_or_told(path)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"[{', '.join(map(_toml, value))}]" if isinstance(value, list) else str(value)
