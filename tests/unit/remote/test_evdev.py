"""What tells a remote from other input devices."""

from evdev import ecodes as e
from hypothesis import given
from hypothesis import strategies as st

from stb_agent.remote.sources import evdev
from stb_agent.remote.sources.evdev import bitmap, is_remote

ARROWS = frozenset({e.KEY_UP, e.KEY_DOWN, e.KEY_LEFT, e.KEY_RIGHT})
NONE: frozenset[int] = frozenset()


def written(codes: frozenset[int], word: int) -> str:
    """Write codes as the kernel's input_bits_to_string does: no leading empty words, at least one."""
    words = [sum(1 << code % word for code in codes if code // word == n) for n in range(e.KEY_CNT // word)]
    while len(words) > 1 and not words[-1]:
        words.pop()
    return " ".join(f"{bits:x}" for bits in reversed(words)) + "\n"


@given(st.frozensets(st.integers(0, e.KEY_MAX)))
def test_a_bitmap_is_read_as_the_kernel_writes_it(codes: frozenset[int]) -> None:
    assert bitmap(written(codes, evdev._WORD)) == codes


def test_four_arrows_and_any_ok_make_a_remote() -> None:
    for ok in (e.KEY_OK, e.KEY_SELECT, e.KEY_ENTER, e.KEY_KPENTER):
        assert is_remote(ARROWS | {ok}, NONE)
    assert not is_remote(ARROWS, NONE)
    for arrow in ARROWS:
        assert not is_remote((ARROWS - {arrow}) | {e.KEY_OK}, NONE)


def test_a_volume_wheel_does_not_unmake_it_but_a_pointer_or_a_gamepad_does() -> None:
    remote = ARROWS | {e.KEY_OK}
    assert is_remote(remote, frozenset({e.ABS_VOLUME, e.ABS_MISC}))
    assert not is_remote(remote, frozenset({e.ABS_X, e.ABS_Y}))
    assert not is_remote(remote, frozenset({e.ABS_MT_POSITION_X}))
    for button in (e.BTN_LEFT, e.BTN_TOUCH, e.BTN_TRIGGER, e.BTN_SOUTH, e.BTN_START, e.BTN_DPAD_UP):
        assert not is_remote(remote | {button}, NONE)


def test_every_name_is_one_and_the_one_keymaps_use() -> None:
    names = evdev._NAMES
    assert names[113] == "KEY_MUTE"
    assert names[0x174] == "KEY_ZOOM"
    assert names[0x177] == "KEY_SCREEN"
    assert all(isinstance(name, str) for name in names.values())
