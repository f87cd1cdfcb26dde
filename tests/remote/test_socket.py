"""The socket of a phone's or a simulated remote, used as no remote of ours would."""

import asyncio
from pathlib import Path

import pytest

from stb_agent.remote.sources import Device, KeyEvent
from stb_agent.remote.sources.socket import SocketSource


class Story:
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.times: list[float] = []

    def came(self, device: Device) -> None:
        self.told.append(f"{device.id} came")

    def went(self, device: Device) -> None:
        self.told.append(f"{device.id} went")

    def key(self, event: KeyEvent) -> None:
        self.told.append(f"{event.device} {event.key} {event.value}")
        self.times.append(event.at)

    async def until(self, count: int) -> list[str]:
        async with asyncio.timeout(5):
            while len(self.told) < count:
                await asyncio.sleep(0.005)
        return self.told


async def connect(path: Path) -> asyncio.StreamWriter:
    async with asyncio.timeout(5):
        while True:
            try:
                return (await asyncio.open_unix_connection(path))[1]
            except OSError:  # not there yet
                await asyncio.sleep(0.005)


def line(key: str, value: int) -> bytes:
    return b'{"key":"%s","value":%d}\n' % (key.encode(), value)


@pytest.mark.parametrize(
    "bad",
    [b"\n", b"[]\n", b'{"key":"KEY_OK"}\n', b'{"key":1,"value":1}\n', b"\xff\xfe\n", b"x" * 9000 + b"\n", b'{"key":"K'],
)
async def test_who_sends_what_is_not_of_the_contract_is_dropped_and_lets_go_what_it_held(
    tmp_path: Path, bad: bytes
) -> None:
    story, path = Story(), tmp_path / "remote.sock"
    source = asyncio.create_task(SocketSource(path).run(story))
    phone, rogue = await connect(path), await connect(path)
    rogue.write(line("KEY_UP", 1) + line("KEY_OK", 1) + bad)
    if not bad.endswith(b"\n"):
        rogue.write_eof()
    told = await story.until(7)
    assert told[-5:] == ["socket1 KEY_UP 1", "socket1 KEY_OK 1", "socket1 KEY_OK 0", "socket1 KEY_UP 0", "socket1 went"]
    phone.write(line("KEY_LEFT", 1) + line("KEY_LEFT", 0))
    assert (await story.until(9))[-2:] == ["socket0 KEY_LEFT 1", "socket0 KEY_LEFT 0"], "others go on"
    assert story.times == sorted(story.times)
    source.cancel()
    await asyncio.wait([source])
    for writer in (phone, rogue):
        writer.close()


async def test_nobody_is_heard_any_more_once_the_source_has_ended(tmp_path: Path) -> None:
    story, path = Story(), tmp_path / "remote.sock"
    source = asyncio.create_task(SocketSource(path).run(story))
    phone = await connect(path)
    phone.write(line("KEY_UP", 1))
    await story.until(2)
    source.cancel()
    await asyncio.wait([source])
    assert await story.until(4) == ["socket0 came", "socket0 KEY_UP 1", "socket0 KEY_UP 0", "socket0 went"]
    assert not path.exists()
    phone.write(line("KEY_DOWN", 1))
    await asyncio.sleep(0.05)
    assert len(story.told) == 4
    phone.close()
