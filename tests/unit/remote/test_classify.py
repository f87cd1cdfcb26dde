"""What tells a remote from other input devices."""

import pytest
from evdev import ecodes as e
from hypothesis import given
from hypothesis import strategies as st

from stb_agent.remote.sources import Bus, classify
from stb_agent.remote.sources.classify import Facts, Kind, bitmap, bus_of, kind_of
from stb_agent.remote.sources.names import NAMES, scan_name

ARROWS = frozenset({e.KEY_UP, e.KEY_DOWN, e.KEY_LEFT, e.KEY_RIGHT})
REMOTE = ARROWS | {e.KEY_OK}
POINTER = frozenset({e.REL_X, e.REL_Y})
INFRARED = "/sys/devices/platform/ir-receiver/rc/rc0/input5"


def kind(*keys: int, axes: frozenset[int] = frozenset(), rels: frozenset[int] = frozenset(), path: str = "") -> Kind:
    return kind_of(Facts(frozenset(keys), axes, rels, e.BUS_USB, path))


def written(codes: frozenset[int], word: int) -> str:
    """Write codes as the kernel's input_bits_to_string does: no leading empty words, at least one."""
    words = [sum(1 << code % word for code in codes if code // word == n) for n in range(e.KEY_CNT // word)]
    while len(words) > 1 and not words[-1]:
        words.pop()
    return " ".join(f"{bits:x}" for bits in reversed(words)) + "\n"


@given(st.frozensets(st.integers(0, e.KEY_MAX)))
def test_a_bitmap_is_read_as_the_kernel_writes_it(codes: frozenset[int]) -> None:
    assert bitmap(written(codes, classify._WORD)) == codes


def test_four_arrows_and_any_ok_make_a_remote() -> None:
    for ok in (e.KEY_OK, e.KEY_SELECT, e.KEY_ENTER, e.KEY_KPENTER):
        assert kind(*ARROWS, ok) is Kind.REMOTE
        for arrow in ARROWS:
            assert kind(*(ARROWS - {arrow}), ok) is Kind.UNKNOWN
    assert kind(*ARROWS) is Kind.UNKNOWN


def test_a_volume_wheel_does_not_unmake_it_but_a_pointer_or_a_gamepad_does() -> None:
    assert kind(*REMOTE, axes=frozenset({e.ABS_VOLUME, e.ABS_MISC})) is Kind.REMOTE
    assert kind(*REMOTE, axes=frozenset({e.ABS_X, e.ABS_Y})) is Kind.NEVER
    assert kind(*REMOTE, axes=frozenset({e.ABS_MT_POSITION_X})) is Kind.NEVER
    pointers = (e.BTN_LEFT, e.BTN_SIDE, e.BTN_TOUCH, e.BTN_TOOL_FINGER, e.BTN_STYLUS)
    gamepads = (e.BTN_TRIGGER, e.BTN_SOUTH, e.BTN_START, e.BTN_DPAD_UP)
    for button in (*pointers, *gamepads):
        assert kind(*REMOTE, button) is Kind.NEVER
    assert kind(e.KEY_BACK, rels=POINTER) is Kind.NEVER


def test_a_receiver_of_rc_core_is_a_remote_whatever_its_table_says() -> None:
    assert kind(path=INFRARED, rels=POINTER) is Kind.REMOTE, "its table is empty yet"
    assert kind(e.KEY_POWER, path=INFRARED) is Kind.REMOTE
    assert kind(*REMOTE, e.BTN_LEFT, path=INFRARED) is Kind.REMOTE, "a remote that has a mouse's buttons"
    assert kind(path="/sys/devices/platform/rc/x/input5") is Kind.NEVER
    assert kind(path="/sys/devices/platform/src/rc0/input5") is Kind.NEVER


@pytest.mark.parametrize(
    "keys",
    [
        (),
        (e.KEY_POWER,),
        (e.KEY_SLEEP, e.KEY_WAKEUP, e.KEY_POWER),
        (e.KEY_VOLUMEUP, e.KEY_VOLUMEDOWN),
        (e.KEY_PLAYPAUSE, e.KEY_VOICECOMMAND, e.KEY_VOLUMEUP, e.KEY_VOLUMEDOWN),
    ],
)
def test_the_boxs_own_buttons_and_a_headsets_are_not_even_taught(keys: tuple[int, ...]) -> None:
    assert kind(*keys) is Kind.NEVER


def test_other_keys_may_be_taught() -> None:
    assert kind(e.KEY_BACK, e.KEY_HOMEPAGE, e.KEY_VOLUMEUP) is Kind.UNKNOWN
    assert kind(e.KEY_UNKNOWN) is Kind.UNKNOWN


def test_the_way_to_the_box_is_told_by_bus_and_receiver() -> None:
    buses = {e.BUS_USB: Bus.USB, e.BUS_BLUETOOTH: Bus.BLUETOOTH, e.BUS_CEC: Bus.CEC, e.BUS_HOST: Bus.OTHER}
    for code, bus in buses.items():
        assert bus_of(Facts(REMOTE, bus=code, path="/sys/devices/x/input/input1")) is bus
    assert bus_of(Facts(REMOTE, bus=e.BUS_CEC, path=INFRARED)) is Bus.CEC
    assert bus_of(Facts(REMOTE, bus=e.BUS_USB, path=INFRARED)) is Bus.INFRARED, "a USB receiver of infrared"


def test_every_name_is_one_and_the_one_keymaps_use() -> None:
    assert NAMES[113] == "KEY_MUTE"
    assert NAMES[0x174] == "KEY_ZOOM"
    assert NAMES[0x177] == "KEY_SCREEN"
    assert NAMES[0x110] == "BTN_LEFT"
    assert all(isinstance(name, str) for name in NAMES.values())
    assert len(set(NAMES.values())) == len(NAMES)
    assert scan_name(0x800F0400) == "SCAN_800f0400"
