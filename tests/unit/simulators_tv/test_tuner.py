"""The television's own keys."""

import pytest
from PIL import ImageChops

from simulators.tv import sign
from simulators.tv.tuner import CHANNELS, Tuner


@pytest.mark.parametrize(
    ("keys", "volume", "muted", "channel"),
    [
        ([("KEY_VOLUMEUP", 1), ("KEY_VOLUMEUP", 2), ("KEY_VOLUMEUP", 0)], 24, False, "011"),
        ([("KEY_VOLUMEDOWN", 1)] * 50, 0, False, "011"),
        ([("KEY_VOLUMEUP", 1)] * 50, 60, False, "011"),
        ([("KEY_MUTE", 1), ("KEY_MUTE", 2), ("KEY_MUTE", 0)], 20, True, "011"),
        ([("KEY_MUTE", 1), ("KEY_VOLUMEUP", 1)], 22, False, "011"),
        ([("KEY_CHANNELUP", 1), ("KEY_CHANNELUP", 2)], 20, False, "021"),
        ([("KEY_CHANNELDOWN", 1)], 20, False, CHANNELS[-1]),
    ],
)
def test_its_keys_do_what_they_say(keys: list[tuple[str, int]], volume: int, muted: bool, channel: str) -> None:
    tuner = Tuner()
    for key, value in keys:
        tuner.press(key, value)
    assert (tuner.volume, tuner.muted, tuner.channel) == (volume, muted, channel)


@pytest.mark.parametrize("key", ["KEY_OK", "KEY_1", "KEY_POWER", "SCAN_1"])
def test_other_keys_are_not_the_televisions(key: str) -> None:
    assert not Tuner().press(key, 1)


def test_every_change_is_another_picture() -> None:
    tuner = Tuner()
    before = sign.draw(tuner)
    for key in ("KEY_VOLUMEUP", "KEY_MUTE", "KEY_CHANNELUP", "KEY_CHANNELUP"):
        assert tuner.press(key, 1)
        after = sign.draw(tuner)
        assert after.size == (sign.WIDTH, sign.HEIGHT)
        assert ImageChops.difference(before, after).getbbox()
        before = after
