"""Devices that come, change and go, heard of through udev, or without it."""

import asyncio
import os
import random
import statistics
import time
from pathlib import Path

import pytest
from evdev import ecodes as e

from stb_agent.remote.sources.hotplug import Hotplug
from tests.support.input_devices import (
    ARROWS,
    BLUETOOTH_CONSUMER,
    BLUETOOTH_POWER,
    BLUETOOTH_REMOTE,
    CEC,
    EMPTY_RECEIVER,
    GAMEPAD,
    HEADSET,
    IR_REMOTE,
    MOUSE,
    POWER_BUTTON,
    UNTAUGHT,
    USB_CONSUMER,
    USB_REMOTE,
    Devices,
    Simulated,
    reading,
    until,
)

NEVER_LOOK = 3600.0
"""Nothing is found but by udev's word."""
PLUG_TO_KEY_S = 0.3


def press(devices: Devices, node: str, code: int) -> None:
    devices.emit(node, [(e.EV_KEY, code, 1)])
    devices.emit(node, [(e.EV_KEY, code, 0)])


def test_the_first_key_of_a_remote_that_is_plugged_in_comes_in_time(devices: Devices) -> None:
    # udevd itself runs only where the kernel's own devices are tried.
    took = []
    with reading(devices, look_s=NEVER_LOOK, udevd=True) as reader:
        time.sleep(0.5)  # it listens, and has looked once
        for _ in range(8):
            start = time.monotonic()
            node = devices.plug(IR_REMOTE)
            until(lambda node=node: reader.has(node))
            press(devices, node, e.KEY_OK)
            assert reader.keys(2) == ["KEY_OK 1", "KEY_OK 0"]
            took.append(time.monotonic() - start)
            devices.unplug(node)
            until(lambda node=node: node not in reader.nodes())
    assert statistics.median(took) < PLUG_TO_KEY_S, took


def test_permission_that_comes_later_is_used_when_udev_tells_of_it(simulated: Simulated) -> None:
    with reading(simulated, look_s=NEVER_LOOK, udevd=True, as_anyone=True) as reader:
        node = simulated.plug(IR_REMOTE, told=False)
        simulated.path(node).chmod(0)
        time.sleep(0.2)
        simulated.tell(node, "add")
        until(lambda: any("may not be read" in line for line in reader.log))
        assert node not in reader.nodes()
        simulated.path(node).chmod(0o600)
        simulated.tell(node, "change")
        assert until(lambda: reader.has(node)) < 1.0


def test_an_event_that_was_lost_costs_no_more_than_a_look(simulated: Simulated) -> None:
    with reading(simulated, look_s=0.4, udevd=True) as reader:
        node = simulated.plug(IR_REMOTE, told=False)
        until(lambda: reader.has(node))
        press(simulated, node, e.KEY_OK)
        assert reader.keys(2) == ["KEY_OK 1", "KEY_OK 0"]


def test_without_udev_it_looks_and_says_so_once(devices: Devices) -> None:
    with reading(devices, look_s=0.05) as reader:
        for _ in range(3):
            node = devices.plug(IR_REMOTE)
            until(lambda node=node: reader.has(node))
            devices.unplug(node)
            until(lambda node=node: node not in reader.nodes())
    assert len([line for line in reader.log if "udev is not heard" in line]) == 1


async def test_a_monitor_that_fails_is_opened_anew_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    looks = asyncio.Event()
    hotplug = Hotplug(looks.set, lambda: None, udevd=Path("/"))
    for _ in range(3):
        assert hotplug.listen()
        assert hotplug.listen(), "the second time it is open already"
        assert hotplug._monitor is not None
        # Another thing under its descriptor: libudev's recvmsg fails, as when netlink has lost messages (ENOBUFS).
        other = os.eventfd(1)
        os.dup2(other, hotplug._monitor.fileno())
        os.close(other)
        hotplug._hear()
        assert hotplug._monitor is None
        async with asyncio.timeout(1):
            await looks.wait()
        looks.clear()
    hotplug.close()
    assert len(caplog.records) == 1


def test_a_burst_of_events_makes_no_burst_of_looks(simulated: Simulated) -> None:
    node = simulated.plug(IR_REMOTE)
    with reading(simulated, look_s=NEVER_LOOK, udevd=True) as reader:
        until(lambda: reader.has(node))
        used = reader.cpu_s()
        for _ in range(300):
            simulated.tell(node, "change")
            time.sleep(0.002)  # umockdev's queue is short
        press(simulated, node, e.KEY_OK)
        assert reader.keys(2) == ["KEY_OK 1", "KEY_OK 0"]
        assert reader.cpu_s() - used < 1.0
    assert [heard.what for heard in reader.told] == ["came", "key", "key"], "nothing about it has changed"


def test_what_comes_is_described(simulated: Simulated) -> None:
    with reading(simulated, look_s=NEVER_LOOK, udevd=True) as reader:
        time.sleep(0.5)
        for kind, bus in ((IR_REMOTE, "infrared"), (CEC, "cec"), (BLUETOOTH_REMOTE, "bluetooth"), (USB_REMOTE, "usb")):
            node = simulated.plug(kind)
            told = reader.news()
            assert (told.what, told.device, told.name, told.bus) == ("came", node, kind.name, bus)
            assert told.keys == len(set(kind.keys) & set(e.KEY))
            assert told.battery is None


def test_a_receiver_without_a_table_is_there_and_is_told_anew_when_its_table_is_loaded(simulated: Simulated) -> None:
    node = simulated.plug(EMPTY_RECEIVER)
    with reading(simulated, look_s=NEVER_LOOK, udevd=True) as reader:
        assert (reader.news().keys, reader.has(node)) == (0, True)
        simulated.emit(node, [(e.EV_MSC, e.MSC_SCAN, 0x40BF12)])
        assert reader.keys(2) == ["SCAN_40bf12 1", "SCAN_40bf12 0"]
        simulated.table(node, IR_REMOTE.keys)
        simulated.tell(node, "change")
        again = reader.news()
        assert (again.what, again.device) == ("came", node)
        assert again.keys > 10
        simulated.emit(node, [(e.EV_MSC, e.MSC_SCAN, 0x40BF12), (e.EV_KEY, e.KEY_OK, 1)])
        assert reader.key() == "KEY_OK 1"


def test_the_other_keys_of_a_remotes_hardware_are_a_remotes_too(simulated: Simulated) -> None:
    ours = [simulated.plug(kind) for kind in (BLUETOOTH_CONSUMER, USB_CONSUMER)]
    with reading(simulated) as reader:
        time.sleep(0.2)
        assert not reader.nodes(), "no arrows anywhere"
        power = simulated.plug(BLUETOOTH_POWER)
        ours += [simulated.plug(kind) for kind in (BLUETOOTH_REMOTE, USB_REMOTE)]
        until(lambda: reader.nodes() == set(ours))
        reader.say("grab")
        until(lambda: all(simulated.grabbed(node) for node in ours))
        assert not simulated.grabbed(power)
        press(simulated, ours[0], e.KEY_BACK)
        assert reader.keys(2) == ["KEY_BACK 1", "KEY_BACK 0"]
        simulated.unplug(ours[2])
        until(lambda: reader.nodes() == {ours[1], ours[3]})


def test_what_may_be_taught_is_read_while_it_is_wanted_but_never_grabbed(devices: Devices) -> None:
    remote, untaught = devices.plug(IR_REMOTE), devices.plug(UNTAUGHT)
    never = {devices.plug(kind) for kind in (MOUSE, GAMEPAD, POWER_BUTTON, HEADSET)}
    with reading(devices) as reader:
        until(lambda: reader.has(remote))
        reader.say("grab")
        reader.say("wide")
        until(lambda: reader.has(untaught))
        until(lambda: devices.grabbed(remote))
        assert not devices.grabbed(untaught)
        assert reader.nodes().isdisjoint(never)
        devices.emit(untaught, [(e.EV_MSC, e.MSC_SCAN, 0xC0041), (e.EV_KEY, e.KEY_UNKNOWN, 1)])
        assert reader.key() == "SCAN_c0041 1"
        reader.say("narrow")
        assert reader.key() == "SCAN_c0041 0"
        until(lambda: untaught not in reader.nodes())
        reader.say(f"taught {UNTAUGHT.name}")
        until(lambda: devices.grabbed(untaught))
        reader.say("taught another")
        until(lambda: untaught not in reader.nodes())
        assert devices.grabbed(remote)


def test_what_another_program_holds_is_asked_for_again_and_said_once(simulated: Simulated) -> None:
    node = simulated.plug(IR_REMOTE)
    with reading(simulated) as reader:
        until(lambda: reader.has(node))
        simulated.emit(node, [(e.EV_KEY, e.KEY_DOWN, 1)])
        assert reader.key() == "KEY_DOWN 1"
        simulated.hold(node, True)
        reader.say("grab")
        assert reader.key() == "KEY_DOWN 0", "its release goes to the other program"
        time.sleep(0.3)
        assert not simulated.grabbed(node)
        simulated.hold(node, False)
        until(lambda: simulated.grabbed(node))
        press(simulated, node, e.KEY_DOWN)
        assert reader.keys(2) == ["KEY_DOWN 1", "KEY_DOWN 0"]
    assert len([line for line in reader.log if "another program's (EBUSY)" in line]) == 1


def test_a_battery_is_told_when_it_comes_and_when_it_changes(simulated: Simulated) -> None:
    node = simulated.plug(BLUETOOTH_REMOTE)
    other = simulated.plug(IR_REMOTE)
    with reading(simulated, look_s=NEVER_LOOK, udevd=True) as reader:
        assert {reader.news().device, reader.news().device} == {node, other}
        simulated.charge(node, capacity="80")
        first = reader.news()
        assert (first.what, first.device, first.battery) == ("came", node, 80)
        simulated.charge(node, capacity="12")
        assert reader.news().battery == 12
        simulated.charge(node, capacity="12")
        simulated.charge(node, capacity="11")
        assert reader.news().battery == 11, "what has not changed is not told"
    with reading(simulated) as reader:
        told = [reader.news() for _ in range(3)]
        assert [heard.battery for heard in told if heard.device == node] == [None, 11]


def test_a_battery_that_tells_words_alone_is_understood(simulated: Simulated) -> None:
    node = simulated.plug(USB_REMOTE)
    with reading(simulated, look_s=NEVER_LOOK, udevd=True) as reader:
        assert reader.news().battery is None
        simulated.charge(node, capacity_level="Low")
        assert reader.news().battery == 15
        simulated.charge(node, capacity_level="Unknown")
        assert reader.news().battery is None


def test_the_time_of_a_key_is_the_kernels(devices: Devices) -> None:
    node = devices.plug(USB_REMOTE)
    with reading(devices) as reader:
        assert reader.news().device == node
        before = time.monotonic()
        devices.emit(node, [(e.EV_KEY, e.KEY_UP, 1)])
        after = time.monotonic()
        event = reader.event()
        assert before <= event.at <= after
        assert event.at <= event.heard
        devices.unplug(node)
        assert reader.event().at >= after, "the release of a device that goes is when it goes"


def test_where_the_kernel_cannot_tell_the_time_it_is_that_of_reading(simulated: Simulated) -> None:
    node = simulated.plug(USB_REMOTE, clock=False)
    with reading(simulated) as reader:
        assert reader.news().device == node
        before = time.monotonic()
        press(simulated, node, e.KEY_UP)
        event = reader.event()
        assert before <= event.at <= event.heard


def test_a_key_that_was_held_before_it_was_opened_is_not_pressed(devices: Devices) -> None:
    node = devices.plug(USB_REMOTE)
    devices.emit(node, [(e.EV_KEY, e.KEY_DOWN, 1)])
    with reading(devices) as reader:
        assert reader.news().device == node
        devices.emit(node, [(e.EV_KEY, e.KEY_DOWN, 2)])
        devices.emit(node, [(e.EV_KEY, e.KEY_DOWN, 0)])
        press(devices, node, e.KEY_DOWN)
        assert reader.keys(2) == ["KEY_DOWN 1", "KEY_DOWN 0"]
        assert reader.none()


def test_nothing_is_lost_or_doubled_as_remotes_come_and_go_with_keys_held(devices: Devices) -> None:
    """Only what any kernel would send: the long run, with losses and scancodes, is for the simulated one."""
    chance = random.Random(4)
    with reading(devices, look_s=0.05) as reader:
        for kind in (USB_REMOTE, BLUETOOTH_REMOTE, USB_REMOTE, BLUETOOTH_REMOTE):
            node, expected, down = devices.plug(kind), [], set[int]()
            assert reader.news().device == node
            for _ in range(60):
                code = chance.choice(ARROWS)
                value = chance.choice((0, 2)) if code in down else 1
                (down.discard if value == 0 else down.add)(code)
                devices.emit(node, [(e.EV_KEY, code, value)])
                expected.append(f"{e.KEY[code]} {value}")
            assert reader.keys(60) == expected
            devices.unplug(node)
            assert reader.keys(len(down)) == [f"{e.KEY[code]} 0" for code in sorted(down)]
            assert reader.news().what == "went"
            assert reader.none(0.05)


def test_a_device_that_goes_while_it_is_being_opened_is_no_accident(devices: Devices) -> None:
    with reading(devices, look_s=0.01) as reader:
        kept = devices.plug(USB_REMOTE)
        until(lambda: reader.has(kept))
        before = reader.at_rest()
        for pause in range(40):
            node = devices.plug(IR_REMOTE)
            time.sleep(pause / 2000)
            devices.unplug(node)
        until(lambda: reader.nodes() == {kept} and reader.at_rest() == before)
        press(devices, kept, e.KEY_UP)
        assert reader.keys(2) == ["KEY_UP 1", "KEY_UP 0"]
