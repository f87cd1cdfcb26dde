"""The agent's two sockets: who may connect, what is refused, and that a stranger's line harms nobody else."""

import asyncio
import json
import stat
from pathlib import Path

from stb_agent.contract.actions import Action
from stb_agent.contract.messages import CardState, Intent, Status, ViewMessage, Why
from stb_agent.contract.views import Home
from stb_agent.host.tv import SocketTelevision
from stb_agent.ipc import UiServer
from stb_agent.remote import keymaps
from stb_agent.remote.remote import Remote
from stb_agent.remote.sources.socket import SocketSource

VIEW = ViewMessage(7, True, False, Status(CardState.ABSENT), Home(title="茶の間"))


class Served:
    """A UI server in this loop."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.intents: list[Intent] = []
        self.server = UiServer(path, lambda: VIEW, self.intents.append)

    async def __aenter__(self) -> "Served":
        ready = asyncio.Event()
        self.task = asyncio.create_task(self.server.run(ready))
        await ready.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def connect(self, *lines: object) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_unix_connection(self.path)
        for line in lines:
            writer.write(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n")
        return reader, writer


HELLO = {"type": "hello", "version": 1}


async def test_hello_is_answered_with_the_current_view(tmp_path: Path) -> None:
    async with Served(tmp_path / "ui.sock") as served:
        reader, writer = await served.connect(HELLO)
        message = json.loads(await reader.readline())
        assert (message["type"], message["rev"], message["view"]["kind"]) == ("view", 7, "home")
        assert stat.S_IMODE(served.path.stat().st_mode) == 0o600
        writer.close()
    assert not served.path.exists()


async def test_what_is_not_of_the_contract_ends_that_connection_alone(tmp_path: Path) -> None:
    async with Served(tmp_path / "ui.sock") as served:
        good, good_writer = await served.connect(HELLO)
        await good.readline()
        for first in (
            {"type": "hello", "version": 2},
            {"type": "intent", "rev": 1, "id": "x"},
            b"\x00\n",
            b"x" * 70000,
        ):
            reader, writer = await served.connect(first)
            assert await reader.read() == b""
            writer.close()
        reader, writer = await served.connect(HELLO, {"type": "nonsense"})
        await reader.readline()
        assert await reader.read() == b""
        writer.close()
        good_writer.write(b'{"type":"intent","rev":7,"id":"booking"}\n')
        async with asyncio.timeout(5):
            while not served.intents:
                await asyncio.sleep(0.01)
        assert served.intents == [Intent(7, "booking")]
        good_writer.close()


async def test_a_ui_that_does_not_read_is_dropped_and_the_others_go_on(tmp_path: Path) -> None:
    async with Served(tmp_path / "ui.sock") as served:
        stuck, stuck_writer = await served.connect(HELLO)
        good, good_writer = await served.connect(HELLO)
        await stuck.readline()
        await good.readline()
        big = ViewMessage(8, True, False, Status(), Home(title="あ" * 20000))
        stuck._transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(60):
            served.server.send(big)
            await good.readuntil(b"\n")
        stuck._transport.resume_reading()  # type: ignore[attr-defined]
        async with asyncio.timeout(5):
            while await stuck.read(65536):
                pass
        stuck_writer.close()
        good_writer.close()


async def test_keys_come_through_remote_sock_and_nothing_goes_back(tmp_path: Path) -> None:
    path, heard = tmp_path / "remote.sock", list[Action]()
    remote = Remote([SocketSource(path)], keymaps.load(), on_action=heard.append)
    task = asyncio.create_task(remote.run())
    async with asyncio.timeout(5):
        while not path.exists():
            await asyncio.sleep(0.01)
        _, bad = await asyncio.open_unix_connection(path)
        bad.write(b'{"key": 5}\n')
        reader, writer = await asyncio.open_unix_connection(path)
        for key in ("KEY_UP", "KEY_VOLUMEUP", "KEY_NO_SUCH", "KEY_NUMERIC_0"):
            for value in (1, 2, 0):
                writer.write(json.dumps({"key": key, "value": value}).encode() + b"\n")
        while len(heard) < 2:
            await asyncio.sleep(0.01)
        writer.write_eof()
        assert await reader.read() == b""
    bad.close()
    writer.close()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert heard == [Action.UP, Action.DIGIT_0]


class Heard:
    """Who listens to the television: yields, and ``open``."""

    def __init__(self) -> None:
        self.heard: list[bool | str] = []

    def yield_screen(self, active: bool, why: Why = Why.WARNING) -> None:
        self.heard.append(active)

    def open_screen(self) -> None:
        self.heard.append("open")


async def test_a_television_that_talks_nonsense_or_hangs_up_is_found_again(tmp_path: Path) -> None:
    listener = Heard()
    calls = 0
    found = asyncio.Event()

    async def middleware(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        assert json.loads(await reader.readline()) == {"type": "screen", "shown": True}
        if calls == 1:
            writer.write(b"x" * 100_000 + b"\n")  # longer than any line of the contract
        elif calls == 3:
            writer.write(b'nonsense\n{"type":"yield","active":true}\n')
            writer.close()  # it dies during its own yield
        elif calls == 4:
            found.set()
            await reader.read()
        writer.close()

    async with await asyncio.start_unix_server(middleware, tmp_path / "tv.sock"):
        television = SocketTelevision(tmp_path / "tv.sock", retry_s=0.05)
        television.screen(True)
        task = asyncio.create_task(television.run(listener))
        async with asyncio.timeout(5):
            await found.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert listener.heard == [True, False]
    assert calls == 4


async def test_the_television_is_handed_its_keys_and_says_that_it_was_chosen(tmp_path: Path) -> None:
    listener, lines = Heard(), asyncio.Queue[object]()

    async def middleware(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'{"type":"open"}\n')
        async for line in reader:
            lines.put_nowait(json.loads(line))
        writer.close()

    television = SocketTelevision(tmp_path / "tv.sock", retry_s=0.05)
    television.key("KEY_VOLUMEUP", 1)  # nobody is there: it must not come later
    async with await asyncio.start_unix_server(middleware, tmp_path / "tv.sock"), asyncio.timeout(5):
        task = asyncio.create_task(television.run(listener))
        assert await lines.get() == {"type": "screen", "shown": False}
        television.key("KEY_VOLUMEUP", 1)
        television.key("KEY_VOLUMEUP", 2)
        told = [await lines.get(), await lines.get()]
        while not listener.heard:
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert told == [{"type": "key", "key": "KEY_VOLUMEUP", "value": value} for value in (1, 2)]
    assert listener.heard == ["open"]
