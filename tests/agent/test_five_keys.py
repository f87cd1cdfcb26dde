"""The whole evening with four arrows and OK: home, signing in, linking, booking, records, back, and to the programme again."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

from stb_agent.contract.actions import Action
from stb_agent.contract.appearance import Appearance
from stb_agent.contract.messages import ActionMessage, Intent, ViewMessage, decode_from_agent, encode
from stb_agent.contract.views import Form, TextField
from tests.support.box import PIN, Box, code, running_box
from tests.support.typeface import measure
from ui.screens.kinds import drawer
from ui.stage import Stage

_PATIENCE = 15.0
_KEYS = {Action.UP: "UP", Action.DOWN: "DOWN", Action.LEFT: "LEFT", Action.RIGHT: "RIGHT", Action.OK: "OK"}
_PIN = {"1": "UP LEFT", "2": "UP UP", "3": "UP RIGHT", "4": "LEFT LEFT"}
"""The arrows of a digit: the group, then its left, middle or right one."""


def _place(stage: Stage) -> tuple[object, ...]:
    return stage.focused, stage.nodes


class Sofa:
    """A person with five keys, before the UI without its pixels."""

    def __init__(self, box: Box, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._box = box
        self._writer = writer
        self._stage = Stage(drawer(measure))
        self._changed = asyncio.Condition()
        self.message: ViewMessage | None = None
        self.reading = asyncio.create_task(self._read(reader))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        async for line in reader:
            message = decode_from_agent(line)
            async with self._changed:
                if (intent := self._stage.receive(message)) is not None:
                    self._writer.write(encode(intent))
                if isinstance(message, ViewMessage):
                    self.message = message
                self._changed.notify_all()

    async def _until(self, true: Callable[[], object]) -> None:
        try:
            async with asyncio.timeout(_PATIENCE), self._changed:
                await self._changed.wait_for(true)
        except TimeoutError:
            raise AssertionError(f"waited in vain; last: {self.message}") from None

    async def sees(self, kind: str, title: str | None = None) -> dict[str, Any]:
        """Wait for a view of a kind (and the code of its title) on the screen; give it."""

        def there() -> bool:
            view = self.view
            return bool(
                self.message
                and self.message.shown
                and view["kind"] == kind
                and (title is None or code(view["title"]) == title)
            )

        await self._until(there)
        return self.view

    @property
    def view(self) -> dict[str, Any]:
        """Give the view as it is on the wire."""
        return json.loads(encode(self.message))["view"] if self.message else {}

    async def programme(self) -> None:
        """Wait until the programme has the screen."""
        await self._until(lambda: self.message and not self.message.shown)

    async def hold_ok(self) -> None:
        """Hold OK down over the programme."""
        await self._box.hold("OK", 1.1)

    async def press(self, keys: str) -> None:
        """Press keys that the page itself takes."""
        await self._box.press(*keys.split())

    async def chooses(self, id_: str, value: str = "") -> None:
        """Walk to where OK means this intent, and press it."""
        await self._until(lambda: self._way(id_, value) is not None)
        way = self._way(id_, value)
        assert way is not None
        for key in way:
            walked = copy.deepcopy(self._stage)
            walked.receive(ActionMessage(key))
            there = _place(walked)
            await self._box.press(_KEYS[key])
            await self._until(lambda there=there: _place(self._stage) == there)  # type: ignore[misc]
        rev = self.message.rev if self.message else 0
        await self._box.press("OK")
        await self._until(lambda: self.message and self.message.rev != rev)

    async def takes(self, word: str) -> None:
        """Take a candidate for what is written."""

        def offered() -> str | None:
            field = self.message.view.field if self.message and isinstance(self.message.view, Form) else None
            items = field.candidates if isinstance(field, TextField) else ()
            return next((item.id for item in items if item.label == word), None)

        await self._until(lambda: offered() is not None)
        await self.chooses("take", offered() or "")

    def _way(self, id_: str, value: str) -> list[Action] | None:
        """Search the keys from here to where OK means this intent; the stage is asked, not the test's idea of geometry."""
        begun = copy.deepcopy(self._stage)
        ways, been = deque([(begun, list[Action]())]), {_place(begun)}
        while ways:
            stage, way = ways.popleft()
            meant = copy.deepcopy(stage).receive(ActionMessage(Action.OK))
            if isinstance(meant, Intent) and (meant.id, meant.value) == (id_, value):
                return way
            for key in _KEYS:  # OK too: it may turn a page
                further = copy.deepcopy(stage)
                if further.receive(ActionMessage(key)) is None and _place(further) not in been:
                    been.add(_place(further))
                    ways.append((further, [*way, key]))
        return None


@contextlib.asynccontextmanager
async def on_the_sofa(box: Box) -> AsyncIterator[Sofa]:
    reader, writer = await asyncio.open_unix_connection(box.runtime / "ui.sock")
    writer.write(b'{"type":"hello","version":1}\n')
    sofa = Sofa(box, reader, writer)
    try:
        yield sofa
    finally:
        writer.close()
        sofa.reading.cancel()
        await asyncio.gather(sofa.reading, return_exceptions=True)


async def test_four_arrows_and_ok_are_enough_for_the_whole_evening() -> None:
    async with running_box() as box, on_the_sofa(box) as sofa:
        await sofa.hold_ok()
        await sofa.sees("home")
        await box.tray.insert("new")
        await sofa.chooses("sign_in")
        await sofa.sees("consent", "sign_in.title")
        await sofa.chooses("back")
        await sofa.sees("home")
        await sofa.chooses("sign_in")
        await sofa.sees("consent")
        await sofa.chooses("agree")
        await sofa.sees("pin")
        for digit in PIN:
            await sofa.press(_PIN[digit])
        await sofa.press("OK")
        await sofa.sees("consent", "link.title")
        await sofa.chooses("agree")
        await sofa.sees("form")
        for digit in box.world.describe()["contract_number"]:
            await sofa.chooses("digit", digit)
        await sofa.chooses("submit")
        await sofa.sees("message", "link.done.title")
        await sofa.chooses("ok")
        await sofa.sees("home")
        await sofa.chooses("booking")
        facilities = await sofa.sees("list")
        await sofa.chooses(facilities["items"][-1]["id"])
        calendar = await sofa.sees("calendar")
        await sofa.chooses([cell["id"] for cell in calendar["cells"] if cell["state"] == "free"][-1])
        await sofa.sees("form", "booking.usage_title")
        await sofa.chooses("choose", "own")
        await sofa.sees("form")
        for kana in "かいき":
            await sofa.chooses("key", kana)
        await sofa.chooses("change")
        await sofa.takes("会議")
        await sofa.chooses("submit")
        await sofa.sees("form")
        await sofa.chooses("digit", "2")
        await sofa.chooses("submit")
        await sofa.sees("form")
        await sofa.chooses("choose", "self")
        question = await sofa.sees("choice", "booking.confirm")
        assert question["rows"][2]["value"]["args"] == {"purpose": "会議", "people": 2}
        await sofa.chooses("book")
        await sofa.sees("detail", "booking.slip")
        await sofa.chooses("done")
        await sofa.sees("home")
        await sofa.chooses("health")
        await sofa.sees("detail", "health.title")
        await sofa.chooses("uncover")
        await sofa.chooses("cover")
        await sofa.chooses("chart")
        await sofa.sees("chart")
        await sofa.chooses("uncover")
        await sofa.chooses("back")
        await sofa.sees("detail", "health.title")
        await sofa.chooses("tv")
        await sofa.programme()
        await sofa.hold_ok()
        await sofa.sees("pin")


async def _tries(sofa: Sofa, option: str, end: str, pause: float = 0.0) -> None:
    """Try an option of the aspect that is open, and keep or undo it."""
    await sofa.chooses("choose", option)
    await sofa.sees("choice")
    await asyncio.sleep(pause)
    await sofa.chooses(end)
    await sofa.sees("form")


async def test_four_arrows_and_ok_are_enough_for_the_settings() -> None:
    async with running_box() as box, on_the_sofa(box) as sofa:
        await sofa.hold_ok()
        await sofa.sees("home")
        await sofa.chooses("settings")
        await sofa.sees("list", "settings.title")
        await sofa.chooses("set:look")
        await sofa.sees("form")
        await _tries(sofa, "large", "undo")
        await _tries(sofa, "large", "keep")
        for aspect, option, end, pause in (
            ("language", "en", "keep", 0.0),
            ("pace", "slow", "undo", 0.5),  # in the slow pace no press before that counts for this view
        ):
            await sofa.chooses("back")
            await sofa.sees("list")
            await sofa.chooses(f"set:{aspect}")
            await sofa.sees("form")
            await _tries(sofa, option, end, pause)
        await sofa.chooses("back")
        await sofa.sees("list")
        await sofa.chooses("reset")
        await sofa.sees("choice", "settings.reset.title")
        await sofa.chooses("reset")
        await sofa.sees("list", "settings.title")
        assert sofa.message is not None
        assert sofa.message.status.appearance == Appearance()
        await sofa.chooses("tv")
        await sofa.programme()
