"""The television's own side of the remote: volume, mute and channel."""

from __future__ import annotations

CHANNELS = ("011", "021", "031", "041", "051")
"""What the channel keys step through; in practice every one of them shows the same programme."""
_FULL, _STEP = 60, 2


class Tuner:
    """The television's settings; they are the same whether Chanoma or the programme has the screen."""

    def __init__(self) -> None:
        self.volume = 20
        self.muted = False
        self.channel = CHANNELS[0]
        self.last = "volume"
        """What the last key was about: volume, mute or channel."""

    @property
    def loudness(self) -> float:
        """Give the volume as a part of the loudest, 0 to 1."""
        return self.volume / _FULL

    def press(self, key: str, value: int) -> bool:
        """Take a key event (the kernel's name; 1 down, 2 repeat, 0 up); tell whether it was the television's and did something."""
        match key, value:
            case "KEY_VOLUMEUP" | "KEY_VOLUMEDOWN", 1 | 2:
                step = _STEP if key == "KEY_VOLUMEUP" else -_STEP
                self.volume = min(max(self.volume + step, 0), _FULL)
                self.muted, self.last = False, "volume"
            case "KEY_MUTE", 1:
                self.muted, self.last = not self.muted, "mute"
            case "KEY_CHANNELUP" | "KEY_CHANNELDOWN", 1:
                step = 1 if key == "KEY_CHANNELUP" else -1
                self.channel = CHANNELS[(CHANNELS.index(self.channel) + step) % len(CHANNELS)]
                self.last = "channel"
            case _:
                return False
        return True
