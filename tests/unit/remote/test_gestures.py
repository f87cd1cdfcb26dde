"""Keys to actions."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stb_agent.contract.actions import ARROWS, Action
from stb_agent.remote import keymaps
from stb_agent.remote.gestures import Gestures, Pace
from stb_agent.remote.sources import DOWN, UP


def test_a_press_counts_once_and_the_kernels_repeats_do_not() -> None:
    gestures = Gestures()
    assert gestures.event(Action.OK, DOWN, 0.0) is Action.OK
    assert [gestures.event(Action.OK, 2, 0.1 * n) for n in range(9)] == [None] * 9
    assert gestures.due is None
    assert gestures.event(Action.OK, UP, 1.0) is None


def test_a_held_arrow_repeats_at_our_own_pace_until_it_is_let_go() -> None:
    gestures = Gestures(Pace(delay=0.7, period=0.2))
    assert gestures.event(Action.DOWN, DOWN, 0.0) is Action.DOWN
    assert gestures.tick(0.6) is None
    assert gestures.tick(0.7) is Action.DOWN
    assert gestures.tick(0.8) is None
    assert gestures.tick(5.0) is Action.DOWN, "a late tick repeats once"
    assert gestures.tick(5.1) is None
    gestures.event(Action.DOWN, UP, 5.15)
    assert gestures.due is None
    assert gestures.tick(9.0) is None


def test_a_held_key_does_not_leak_into_another_view() -> None:
    gestures = Gestures()
    gestures.event(Action.DOWN, DOWN, 0.0)
    gestures.release()
    assert gestures.tick(9.0) is None


@given(st.lists(st.tuples(st.sampled_from(list(Action)), st.sampled_from([0, 1, 2])), max_size=50))
def test_only_a_press_means_something_and_only_arrows_repeat(events: list[tuple[Action, int]]) -> None:
    gestures, now = Gestures(), 0.0
    for action, value in events:
        now += 0.01
        meant = gestures.event(action, value, now)
        assert meant is None or (meant is action and value == DOWN)
        if gestures.due is not None:
            assert gestures.tick(gestures.due) in ARROWS


def test_the_default_keymap_gives_every_action_and_leaves_the_television_its_keys() -> None:
    keymap = keymaps.load()
    assert set(keymap.values()) == set(Action)
    assert not {
        key for key in keymap if "CHANNEL" in key or "VOLUME" in key or key in ("KEY_POWER", "KEY_TV", "KEY_DATA")
    }


@pytest.mark.parametrize("text", ['dance = ["KEY_OK"]', 'ok = ["OK"]', 'ok = ["KEY_OK"]\nback = ["KEY_OK"]'])
def test_a_wrong_keymap_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "k.toml"
    path.write_text(text, "utf-8")
    assert tomllib.loads(text)
    with pytest.raises(keymaps.KeymapError):
        keymaps.load(path)
