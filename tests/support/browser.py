"""A headless Chromium for tests, driven over its DevTools protocol."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

_START, _ANSWER = 30.0, 30.0
"""Seconds Chromium may take to start, and to answer."""

_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-default-browser-check"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
    *(
        "--disable-extensions",
        "--mute-audio",
        "--hide-scrollbars",
        "--proxy-server=direct://",
        "--remote-debugging-port=0",
    ),
)


class Browser:
    """One page of a running Chromium."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket, self._numbers = socket, itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.console: list[str] = []
        self.requests: list[str] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self._socket:
            told = json.loads(message.data)
            if "id" in told:
                self._answers.pop(told["id"]).set_result(told)
            elif told["method"] in ("Log.entryAdded", "Runtime.exceptionThrown"):
                self.console.append(json.dumps(told["params"], ensure_ascii=False))
            elif told["method"] in ("Network.requestWillBeSent", "Network.webSocketCreated"):
                self.requests.append(told["params"].get("url") or told["params"]["request"]["url"])

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a DevTools method; raises RuntimeError with its error."""
        number = next(self._numbers)
        self._answers[number] = answer = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        told = await asyncio.wait_for(answer, _ANSWER)
        if "error" in told:
            raise RuntimeError(f"{method}: {told['error']}")
        result: dict[str, Any] = told["result"]
        return result

    async def open(self, url: str, width: int = 1600, height: int = 900) -> None:
        """Open an address in a window of this size, and wait until its page is there."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.call(f"{domain}.enable")
        await self.resize(width, height)
        await self.call("Page.navigate", url=url)
        await self.until(f"location.href.startsWith({json.dumps(url)}) && document.readyState === 'complete'")

    async def resize(self, width: int, height: int) -> None:
        """Give the page this size in pixels."""
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )

    async def evaluate(self, expression: str) -> Any:
        """Evaluate JavaScript in the page, awaiting promises; raises RuntimeError if it throws."""
        told = await self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in told:
            raise RuntimeError(str(told["exceptionDetails"]))
        return told["result"].get("value")

    async def until(self, expression: str, seconds: float = 20.0) -> None:
        """Wait until a JavaScript expression is true; raises AssertionError."""
        end = asyncio.get_running_loop().time() + seconds
        while not await self.evaluate(f"Boolean({expression})"):
            if asyncio.get_running_loop().time() > end:
                raise AssertionError(f"not within {seconds} s: {expression}")
            await asyncio.sleep(0.05)

    async def centre(self, selector: str) -> tuple[float, float]:
        """Give the middle of an element, in pixels; raises RuntimeError if there is none."""
        x, y = await self.evaluate(
            f"(() => {{ const r = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
            " return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        return x, y

    async def press(self, selector: str) -> None:
        """Put the pointer's button down on an element, as a person would."""
        x, y = await self.centre(selector)
        await self.call(
            "Input.dispatchMouseEvent", type="mousePressed", x=x, y=y, button="left", buttons=1, clickCount=1
        )

    async def release(self, selector: str) -> None:
        """Let the button up again."""
        x, y = await self.centre(selector)
        await self.call("Input.dispatchMouseEvent", type="mouseReleased", x=x, y=y, button="left", clickCount=1)

    async def click(self, selector: str) -> None:
        """Click an element."""
        await self.press(selector)
        await self.release(selector)

    async def picture(self, file: Path | None = None) -> bytes:
        """Take a PNG of the page, and keep it in ``file``."""
        png = base64.b64decode((await self.call("Page.captureScreenshot", format="png"))["data"])
        if file is not None:
            await asyncio.to_thread(file.write_bytes, png)
        return png

    async def close(self) -> None:
        """Stop listening."""
        self._reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reading


@contextlib.asynccontextmanager
async def chromium(profile: Path) -> AsyncIterator[Browser]:
    """Run Chromium with its profile in the empty folder ``profile`` until the block ends."""
    process = await asyncio.create_subprocess_exec(
        *("chromium", *_FLAGS, f"--user-data-dir={profile}", "about:blank"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        port = await _port(profile / "DevToolsActivePort", process)
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                pages = [target for target in await answer.json() if target["type"] == "page"]
            async with session.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                browser = Browser(socket)
                yield browser
                await browser.close()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # its helpers are in its process group
        await process.wait()


async def _port(file: Path, process: asyncio.subprocess.Process) -> int:
    end = asyncio.get_running_loop().time() + _START
    while process.returncode is None and asyncio.get_running_loop().time() < end:
        with contextlib.suppress(OSError, IndexError, ValueError):
            return int((await asyncio.to_thread(file.read_text)).split()[0])
        await asyncio.sleep(0.05)
    raise RuntimeError("Chromium did not start")
