"""The television's sockets: the remote's, the middleware's, the tray's."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.tv.living_room import LivingRoom, Notes
from simulators.tv.middleware import middleware
from simulators.tv.remote import Remote
from simulators.tv.tray import Reader, Tray

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.sampled_from(["key", "card", "yield", "open", "KEY_OK"]),
    lambda inner: st.dictionaries(st.sampled_from(["type", "key", "value", "insert", "pull", "active"]) | st.text(max_size=4), inner),
    max_leaves=8,
)  # fmt: skip


class Ear:
    """A box that listens at remote.sock."""

    def __init__(self, path: Path) -> None:
        self.path, self.heard = path, asyncio.Queue[Any]()
        self.writers: list[asyncio.StreamWriter] = []

    async def open(self) -> None:
        self.server = await asyncio.start_unix_server(self.hear, self.path)

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        while line := await reader.readline():
            self.heard.put_nowait(json.loads(line))
        writer.close()

    async def close(self) -> None:
        self.server.close()
        for writer in self.writers:
            writer.close()
        self.path.unlink()
        await asyncio.sleep(0.02)


async def test_the_remote_finds_the_box_again(tmp_path: Path) -> None:
    ear, remote = Ear(tmp_path / "r"), Remote(tmp_path / "r")
    assert await remote.send("KEY_OK", 1) is False  # nobody there: lost, without harm
    for _ in range(3):
        await ear.open()
        assert await remote.send("KEY_OK", 1)
        assert await remote.send("KEY_OK", 0)
        assert [await ear.heard.get(), await ear.heard.get()] == [{"key": "KEY_OK", "value": v} for v in (1, 0)]
        await ear.close()
        assert await remote.send("KEY_UP", 1) is False
    await remote.close()


async def test_the_middleware_tells_every_change_once_and_forgets_who_left(tmp_path: Path) -> None:
    changes, news = 0, asyncio.Event()

    def changed() -> None:
        nonlocal changes
        changes += 1
        news.set()

    async with middleware(tmp_path / "tv", changed, nobody) as tv:
        reader, writer = await asyncio.open_unix_connection(tmp_path / "tv")
        writer.write(b'{"type":"screen","shown":true}\n')
        while not tv.shown:
            news.clear()
            await news.wait()
        for active in (True, True, False):
            tv.set_yield(active)
        assert [json.loads(await reader.readline())["active"] for _ in range(2)] == [True, False]
        writer.close()
        while tv.connected:
            news.clear()
            await news.wait()
        assert not tv.shown
        assert changes == 5  # came, shown, yield on, yield off, left
    assert not (tmp_path / "tv").exists()


def nobody(key: str, value: int) -> None:
    pytest.fail(f"no key was pressed: {key} {value}")


async def test_the_box_hands_keys_on_and_is_told_that_it_was_chosen(tmp_path: Path) -> None:
    pressed: asyncio.Queue[tuple[str, int]] = asyncio.Queue()
    async with middleware(tmp_path / "tv", lambda: None, lambda key, value: pressed.put_nowait((key, value))) as tv:
        reader, writer = await asyncio.open_unix_connection(tmp_path / "tv")
        for key, value in (("KEY_VOLUMEUP", 1), ("KEY_VOLUMEUP", 2), ("SCAN_800f041e", 0)):
            writer.write(json.dumps({"type": "key", "key": key, "value": value}).encode() + b"\n")
            assert await pressed.get() == (key, value)
        tv.open()
        assert json.loads(await reader.readline()) == {"type": "open"}
        writer.write(b'{"type":"key","key":"no such key","value":1}\n')
        assert await reader.read() == b"", "what is not of the protocol ends the connection"
        writer.close()


async def test_the_tray_reads_the_reader_and_survives_its_absence(tmp_path: Path) -> None:
    inserted: str | None = None

    async def card(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal inserted
        match json.loads(await reader.readline()):
            case {"insert": str(profile)}:
                inserted = profile
            case {"pull": True}:
                inserted = None
        writer.write(
            json.dumps({"ok": True, "inserted": inserted, "profiles": ["linked", "new"], "tries": {}}).encode() + b"\n"
        )
        writer.close()

    seen: list[Reader | None] = []
    tray = Tray(tmp_path / "card", lambda: seen.append(tray.reader))
    await tray.look()
    server = await asyncio.start_unix_server(card, tmp_path / "card")
    await tray.look()
    await tray.insert("new")
    await tray.look()
    await tray.pull()
    server.close()
    (tmp_path / "card").unlink()
    await tray.look()
    profiles = ("linked", "new")
    assert seen == [Reader(None, profiles), Reader("new", profiles), Reader(None, profiles), None]


@given(anything)
def test_a_wish_that_is_not_one_is_refused_and_nothing_is_done(wish: Any) -> None:
    room = LivingRoom(Notes("", ""))  # unfurnished: doing anything would raise AttributeError
    try:
        asyncio.run(room.do(wish))
    except ValueError:
        return
    except AttributeError:
        assert wish["type"] in ("key", "card", "yield", "open")
        return
    pytest.fail("a wish was done without furniture")


@pytest.mark.parametrize(
    "key", ["key_ok", "KEY_", "KEY_OK ", "KEY_OK\n", 'KEY_OK","value":1}\n{"key":"KEY_1', "KEY_" + "A" * 25]
)
async def test_a_key_is_a_kernels_name(key: str) -> None:
    with pytest.raises(ValueError, match="wish"):
        await LivingRoom(Notes("", "")).do({"type": "key", "key": key, "value": 1})
