"""EvdevSource in a process of its own, on devices that come and go."""

import time

import pytest
from evdev import ecodes as e

from tests.support.input_devices import (
    BLUETOOTH_REMOTE,
    GAMEPAD,
    HEADSET,
    IR_REMOTE,
    MOUSE,
    NAMELESS,
    POWER_BUTTON,
    TOUCHPAD,
    UNTAUGHT,
    Devices,
    Simulated,
    reading,
    until,
)

YIELD_S = 0.2
"""The remote goes back to the television within this, for an emergency warning."""


def press(devices: Devices, node: str, *codes: int) -> None:
    for code in codes:
        devices.emit(node, [(e.EV_KEY, code, 1)])
        devices.emit(node, [(e.EV_KEY, code, 0)])


def test_a_remotes_keys_come_by_their_kernel_names(devices: Devices) -> None:
    node = devices.plug(IR_REMOTE)
    with reading(devices) as reader:
        until(lambda: reader.has(node))
        press(devices, node, NAMELESS, e.KEY_UP, e.KEY_OK, e.KEY_NUMERIC_0, e.KEY_BACK, e.KEY_MUTE, e.KEY_ZOOM)
        names = ["KEY_UP", "KEY_OK", "KEY_NUMERIC_0", "KEY_BACK", "KEY_MUTE", "KEY_ZOOM"]
        assert reader.keys(12) == [f"{name} {value}" for name in names for value in (1, 0)]


def test_what_is_not_a_remote_is_not_opened(devices: Devices) -> None:
    others = [devices.plug(kind) for kind in (MOUSE, TOUCHPAD, GAMEPAD, POWER_BUTTON, HEADSET, UNTAUGHT)]
    remotes = {devices.plug(IR_REMOTE), devices.plug(BLUETOOTH_REMOTE)}
    with reading(devices) as reader:
        until(lambda: remotes <= reader.nodes())
        time.sleep(0.2)
        assert reader.nodes().isdisjoint(others)


def test_a_device_that_goes_leaves_nothing_and_its_held_key_is_let_go(devices: Devices) -> None:
    with reading(devices) as reader:
        other = devices.plug(BLUETOOTH_REMOTE)
        until(lambda: reader.has(other))
        before = reader.at_rest()
        node = devices.plug(IR_REMOTE)
        until(lambda: reader.has(node))
        devices.emit(node, [(e.EV_KEY, e.KEY_DOWN, 1)])
        assert reader.key() == "KEY_DOWN 1"
        devices.unplug(node)
        assert reader.key() == "KEY_DOWN 0"
        until(lambda: reader.at_rest() == before)
        used = reader.cpu_s()
        time.sleep(1)
        assert reader.cpu_s() - used < 0.2
        press(devices, other, e.KEY_SELECT)
        assert reader.keys(2) == ["KEY_SELECT 1", "KEY_SELECT 0"]


def test_it_comes_back_as_often_as_it_goes_and_no_descriptor_is_lost(devices: Devices) -> None:
    with reading(devices, look_s=0.01) as reader:
        before = None
        for _ in range(10):
            node = devices.plug(IR_REMOTE)
            until(lambda node=node: reader.has(node))
            press(devices, node, e.KEY_OK)
            assert reader.keys(2) == ["KEY_OK 1", "KEY_OK 0"]
            devices.unplug(node)
            until(lambda node=node: node not in reader.nodes())
            before = before or reader.at_rest()
        until(lambda: reader.at_rest() == before)


def test_a_node_comes_back_under_the_same_name(simulated: Simulated) -> None:
    node = simulated.plug(IR_REMOTE)
    with reading(simulated) as reader:
        for code, name in ((e.KEY_OK, "KEY_OK"), (e.KEY_LEFT, "KEY_LEFT")):
            assert reader.news().what == "came"
            press(simulated, node, code)
            assert reader.keys(2) == [f"{name} 1", f"{name} 0"]
            simulated.unplug(node)
            simulated.plug(IR_REMOTE, node)
            assert reader.news().what == "went"


def test_a_device_that_ends_without_an_error_is_dropped_too(simulated: Simulated) -> None:
    node = simulated.plug(IR_REMOTE)
    with reading(simulated, look_s=0.3) as reader:
        until(lambda: reader.has(node))
        simulated.path(node).unlink()
        simulated.end(node)
        until(lambda: node not in reader.nodes())


def test_permission_may_come_after_the_node(devices: Devices) -> None:
    node = devices.plug(IR_REMOTE)
    devices.path(node).chmod(0)
    with reading(devices, look_s=0.2, as_anyone=True) as reader:
        later = devices.plug(BLUETOOTH_REMOTE)
        until(lambda: reader.has(later))
        assert node not in reader.nodes()
        devices.path(node).chmod(0o600)
        until(lambda: reader.has(node))
        press(devices, node, e.KEY_OK)
        assert reader.keys(2) == ["KEY_OK 1", "KEY_OK 0"]


def test_the_grab_is_taken_kept_for_newcomers_and_given_back_in_time(devices: Devices) -> None:
    node = devices.plug(IR_REMOTE)
    mouse = devices.plug(MOUSE)
    with reading(devices) as reader:
        until(lambda: reader.has(node))
        assert not devices.grabbed(node)
        for _ in range(3):
            reader.say("grab")
            until(lambda: devices.grabbed(node))
            newcomer = devices.plug(BLUETOOTH_REMOTE)
            until(lambda newcomer=newcomer: devices.grabbed(newcomer))
            assert not devices.grabbed(mouse)
            reader.say("yield")
            assert until(lambda newcomer=newcomer: not (devices.grabbed(node) or devices.grabbed(newcomer))) < YIELD_S
            press(devices, node, e.KEY_OK)
            assert reader.keys(2) == ["KEY_OK 1", "KEY_OK 0"], "the key that calls us back is still heard"
            devices.unplug(newcomer)


def test_a_release_lost_in_an_overflow_is_made_good(devices: Devices) -> None:
    node = devices.plug(IR_REMOTE)
    with reading(devices) as reader:
        until(lambda: reader.has(node))
        devices.emit(node, [(e.EV_KEY, e.KEY_DOWN, 1)])
        assert reader.key() == "KEY_DOWN 1"
        devices.lose(node, e.KEY_DOWN, reader)
        press(devices, node, e.KEY_OK)
        told = []
        while not told or told[-1] != "KEY_OK 0":
            told.append(reader.key())
        assert [key for key in told if key.startswith("KEY_DOWN")] == ["KEY_DOWN 0"]
        assert told[-2:] == ["KEY_OK 1", "KEY_OK 0"]


def test_a_key_still_down_after_an_overflow_stays_down(simulated: Simulated) -> None:
    node = simulated.plug(IR_REMOTE)
    with reading(simulated) as reader:
        until(lambda: reader.has(node))
        simulated.emit(node, [(e.EV_KEY, e.KEY_DOWN, 1)])
        simulated.emit(node, [(e.EV_KEY, e.KEY_LEFT, 1)])
        assert reader.keys(2) == ["KEY_DOWN 1", "KEY_LEFT 1"]
        simulated.lose(node, e.KEY_LEFT, reader)
        press(simulated, node, e.KEY_OK)
        assert reader.keys(3) == ["KEY_LEFT 0", "KEY_OK 1", "KEY_OK 0"]
        simulated.unplug(node)
        assert reader.key() == "KEY_DOWN 0", "the one that is still held, and no other"


@pytest.mark.parametrize("held", [False, True])
def test_the_source_ends_when_it_is_cancelled(devices: Devices, held: bool) -> None:
    node = devices.plug(IR_REMOTE)
    with reading(devices) as reader:
        until(lambda: reader.has(node))
        if held:
            reader.say("grab")
            until(lambda: devices.grabbed(node))
    until(lambda: not devices.grabbed(node))
