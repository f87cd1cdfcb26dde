"""Who is let in: the loopback, the right token, our own page."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.support.ports import free_port
from tests.support.screen import Screen
from tests.tv.conftest import Television, television

PATHS = ("", "control", "screen", "page/main.js", "novnc/core/rfb.js")


async def status(url: str, **headers: str) -> int:
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        return answer.status


async def test_a_visitor_needs_the_token(tv: Television) -> None:
    parts = urlsplit(tv.url)
    assert await status(tv.url) == 200
    assert await status(tv.url + "page/style.css") == 200
    token = parts.path.strip("/")
    assert len(token) >= 32
    for wrong in ("", "x" * len(token), token[:-1], token + "x", "%00"):
        for path in PATHS:
            url = f"{parts.scheme}://{parts.netloc}/{wrong}/{path}"
            assert await status(url, Upgrade="websocket", Connection="Upgrade") == 403, url
    assert await status(f"{parts.scheme}://{parts.netloc}/") == 403


async def test_other_hosts_and_origins_are_refused(tv: Television) -> None:
    port = urlsplit(tv.url).port
    for path in PATHS:
        for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", f"127.0.0.1:{port}.evil.example", ""):
            assert await status(tv.url + path, Host=host) in (400, 403), (path, host)
        for origin in ("http://evil.example", "null", f"https://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}"):
            assert await status(tv.url + path, Origin=origin) == 403, (path, origin)
        assert await status(tv.url + path, **{"Sec-Fetch-Site": "cross-site"}) == 403
    async with aiohttp.ClientSession() as session:
        for origin in ("http://evil.example", "null"):
            for path in ("control", "screen"):
                with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                    await session.ws_connect(tv.url + path, headers={"Origin": origin})
                assert refused.value.status == 403
        async with session.ws_connect(tv.url + "control", headers={"Origin": f"http://localhost:{port}"}) as control:
            assert (await control.receive_json(timeout=5))["type"] == "state"


async def test_nothing_outside_the_page_can_be_read(tv: Television) -> None:
    for path in ("page/../app.py", "page/%2e%2e/app.py", "novnc/core/../../../../pyvenv.cfg", "page/", "novnc/core/"):
        reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(tv.url).port)
        request = f"GET {urlsplit(tv.url).path}{path} HTTP/1.1\r\nHost: {urlsplit(tv.url).netloc}\r\nConnection: close\r\n\r\n"
        writer.write(request.encode())
        assert b" 200 " not in (await reader.read()).split(b"\r\n")[0], path
        writer.close()


async def test_the_page_may_load_nothing_from_elsewhere_and_is_not_kept(tv: Television) -> None:
    async with aiohttp.ClientSession() as session, session.get(tv.url) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert re.findall(r"https?:|\*|unsafe", policy) == []
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


async def test_a_wish_that_is_not_of_the_page_ends_the_connection_and_does_nothing(tv: Television) -> None:
    wishes = (
        "no JSON",
        "[]",
        '{"type":"key","key":"KEY_OK\\n","value":1}',
        '{"type":"key","key":"KEY_OK","value":2}',
        '{"type":"x"}',
    )
    async with aiohttp.ClientSession() as session:
        for wish in wishes:
            async with session.ws_connect(tv.url + "control") as control:
                await control.receive_json(timeout=5)
                await control.send_str(wish)
                assert (await control.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE, wish
    assert tv.box.keys.empty()


def _listening(pids: set[int]) -> list[str]:
    """Give the addresses that processes listen at, as /proc/net/tcp writes them."""
    descriptors = [entry for pid in pids for entry in Path(f"/proc/{pid}/fd").iterdir()]
    inodes = set(re.findall(r"socket:\[(\d+)\]", " ".join(os.readlink(entry) for entry in descriptors)))
    rows = [row.split() for kind in ("tcp", "tcp6") for row in Path(f"/proc/net/{kind}").read_text().splitlines()[1:]]
    return [row[1] for row in rows if row[3] == "0A" and row[9] in inodes]


async def test_only_the_loopback_hears_the_page_and_nobody_the_screen(tv: Television) -> None:
    listening = _listening({tv.process.pid, tv.xvnc})
    assert listening == [f"0100007F:{urlsplit(tv.url).port:04X}"]


async def test_the_vnc_door_takes_no_keys(tv: Television) -> None:
    """A viewer that goes round the page's script still cannot type into the box."""
    from Xlib import X
    from Xlib.display import Display

    display = Display(tv.display)
    root = display.screen().root
    window = root.create_window(
        0, 0, 1920, 1080, 0, 24, event_mask=X.KeyPressMask | X.ButtonPressMask, override_redirect=True
    )
    window.map()
    display.sync()
    async with aiohttp.ClientSession() as session, session.ws_connect(tv.url + "screen") as screen:

        async def expect(length: int) -> bytes:
            data = b""
            while len(data) < length:
                data += await screen.receive_bytes(timeout=5)
            return data

        assert (await expect(12)).startswith(b"RFB 003.008")
        await screen.send_bytes(b"RFB 003.008\n")
        assert await expect(2) == b"\x01\x01"
        await screen.send_bytes(b"\x01")
        await expect(4)
        await screen.send_bytes(b"\x01")
        await expect(24)
        await screen.send_bytes(b"\x04\x01\x00\x00\x00\x00\xff\x0d" + b"\x05\x01\x00\x64\x00\x64")  # Return; a click
        await screen.send_bytes(b"\x03\x00\x00\x00\x00\x00\x00\x10\x00\x10")  # answered after them
        await expect(16)
        display.sync()
        assert display.pending_events() == 0
    display.close()


async def test_a_busy_port_and_display_move_on(tmp_path: Path) -> None:
    port = free_port()
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        (tmp_path / "a").mkdir()
        (tmp_path / "b").mkdir()
        async with (
            television(tmp_path / "a", "--port", str(port)) as first,
            television(tmp_path / "b", "--port", str(port)) as second,
        ):
            ports = [port, urlsplit(first.url).port, urlsplit(second.url).port]
            assert ports == sorted(set(ports))
            assert first.display != second.display
            assert await status(second.url) == 200


def _alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def test_killed_it_leaves_no_x_server(tmp_path: Path) -> None:
    async with television(tmp_path) as running:
        with Screen(running.display) as screen:
            assert screen.size == (1920, 1080)
        running.process.send_signal(signal.SIGKILL)
        await running.process.wait()
        for _ in range(100):
            if not _alive(running.xvnc):
                return
            await asyncio.sleep(0.05)
        pytest.fail("Xvnc is still there")


async def test_the_middleware_socket_is_private_and_keeps_its_protocol(tv: Television) -> None:
    path = tv.folder / "tv.sock"
    assert path.stat().st_mode & 0o777 == 0o600
    for nonsense in (b"no JSON\n", b'{"type":"screen"}\n', b'{"type":"yield","active":true}\n', b"[]\n"):
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(nonsense)
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()
    async with aiohttp.ClientSession() as session, session.ws_connect(tv.url + "control") as control:
        assert (await control.receive_json(timeout=5))["box"] is False
        await control.send_str(json.dumps({"type": "yield", "active": True}))
        await tv.box.connect(path)
        assert await tv.box.told() == {"type": "yield", "active": True}  # a box that comes late hears it too
