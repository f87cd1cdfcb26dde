"""What a source makes of a descriptor that is none any more."""

import os
from pathlib import Path

from evdev import ecodes as e

from stb_agent.remote.sources import Bus, Device, KeyEvent
from stb_agent.remote.sources.classify import Kind
from stb_agent.remote.sources.evdev import EvdevSource, _Open
from stb_agent.remote.sources.frames import Frames
from stb_agent.remote.sources.node import Node
from stb_agent.remote.sources.sysfs import Seen

SOFA = Device("event9", "Sofa", Bus.USB)


class Ear:
    def __init__(self) -> None:
        self.told: list[object] = []

    def came(self, device: Device) -> None:
        self.told.append(("came", device))

    def went(self, device: Device) -> None:
        self.told.append(("went", device))

    def key(self, event: KeyEvent) -> None:
        self.told.append((event.key, event.value))


async def test_a_descriptor_that_is_none_any_more_is_a_device_that_went_and_its_held_key_is_let_go(
    tmp_path: Path,
) -> None:
    os.mkfifo(tmp_path / "event9")
    node, frames, ear, source = Node(tmp_path / "event9"), Frames(), Ear(), EvdevSource()
    frames.event(e.EV_KEY, e.KEY_OK, 1, 0.0, lambda: ())
    source._open["event9"] = _Open(node, Seen(tmp_path, Kind.REMOTE, False, SOFA, None), SOFA, frames)
    os.close(node.fd)
    source._read("event9", ear)
    assert ear.told == [("KEY_OK", 0), ("went", SOFA)]
    assert not source._open
