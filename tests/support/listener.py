"""A person who only hears: presses four arrows and OK by what was said, and looks at nothing."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence

from stb_agent.contract.appearance import JAPANESE
from stb_agent.contract.messages import decode_from_agent, encode
from tests.support.box import Box
from tests.support.ear import Ear
from tests.support.tongue import Tongue

_PATIENCE = 20.0
_ARROWS = ("DOWN", "RIGHT", "UP", "LEFT")
_GROUPS = {"UP": "up", "LEFT": "west", "RIGHT": "east", "DOWN": "down"}
"""What an arrow picks while the PIN is typed, by the names in the text that says so."""
_MEMBERS = ("LEFT", "UP", "RIGHT")
_LOST = 400
"""Keys after which one has been everywhere."""

Wanted = str | re.Pattern[str]
"""Words that are said, or what matches them."""


class Listener:
    """A person who hears, presses, and remembers where which arrow led."""

    def __init__(
        self, box: Box, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, language: str = JAPANESE
    ) -> None:
        self.said = Tongue(language)
        self.transcript: list[str] = []
        """Everything that was heard, and every key, for a person to read."""
        self._box, self._writer = box, writer
        self._ear = Ear()
        self._news = asyncio.Condition()
        self._heard: list[list[str]] = []
        """Utterances, the newest last."""
        self._ways: dict[str, dict[str, str]] = {}
        """In this view: from what was said of a place, by an arrow, to what was said of the next one."""
        self.keys = 0
        self.reading = asyncio.create_task(self._read(reader))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        async for line in reader:
            async with self._news:
                before = len(self._ear.paper.said)
                if (intent := self._ear.take(decode_from_agent(line))) is not None:
                    self._writer.write(encode(intent))
                news = self._ear.paper.said[before:]
                self._heard += news
                self.transcript += [" ".join(it) for it in news if it]
                self._news.notify_all()

    async def hears(self, *wanted: Wanted) -> list[str]:
        """Wait until all of these are said in one breath, since the last key; give that utterance."""

        def said() -> list[str] | None:
            return next((it for it in self._heard if all(any(_in(word, one) for one in it) for word in wanted)), None)

        try:
            async with asyncio.timeout(_PATIENCE), self._news:
                await self._news.wait_for(said)
        except TimeoutError:
            raise AssertionError(f"waited in vain for {wanted}; heard {self._heard[-3:]}") from None
        self._ways = {}
        found = said()
        assert found is not None
        return found

    async def press(self, *keys: str) -> None:
        """Press keys that lead to something."""
        for key in keys:
            await self._press(key)

    async def _press(self, key: str) -> None:
        self._heard.clear()
        self.keys += 1
        self.transcript.append(f"    [{key}]")
        await self._box.press(key)

    async def step(self, key: str) -> list[str]:
        """Press an arrow; give what is said then."""
        await self._press(key)
        async with asyncio.timeout(_PATIENCE), self._news:
            await self._news.wait_for(lambda: any(self._heard))
        return next(it for it in self._heard if it)

    async def finds(self, wanted: Wanted) -> None:
        """Walk about until the place that is said begins with these words, and press OK. What was learnt of the way is used again."""
        at = await self._here()
        for _ in range(_LOST):
            if _begins(wanted, at):
                await self.press("OK")
                return
            way = self._way(at, lambda place: _begins(wanted, place)) or self._way(at, self._unknown)
            assert way, f"{wanted} is nowhere; there is {sorted(self._ways)}"
            for key in way:
                after = self._place(await self.step(key))
                self._ways.setdefault(at, {})[key] = after
                at = after
        raise AssertionError(f"{wanted} was not found with {_LOST} keys")

    async def _here(self) -> str:
        """Find out where one is: an arrow that leads nowhere says it, and one that leads somewhere leads back."""
        at = self._place(await self.step("UP"))
        self._ways.setdefault(at, {})
        return at

    def _unknown(self, place: str) -> bool:
        return len(self._ways.get(place, {})) < len(_ARROWS)

    def _way(self, at: str, there: Callable[[str], bool]) -> list[str] | None:
        """Give the shortest known way to such a place, and if that is one where an arrow was not tried, that arrow."""
        ways, been = deque([(at, list[str]())]), {at}
        while ways:
            place, keys = ways.popleft()
            known = self._ways.get(place, {})
            if there(place):
                untried = [key for key in _ARROWS if key not in known]
                if there != self._unknown:
                    return keys
                return [*keys, untried[0]]
            for key, further in known.items():
                if further not in been:
                    been.add(further)
                    ways.append((further, [*keys, key]))
        return None

    def _place(self, said: Sequence[str]) -> str:
        """Give what was said of a place without what leads up to it: the group's name, the page."""
        leads = [self.said(f"speech.{code}") for code in ("group.bar", "group.pages", "group.candidates", "page")]
        return "".join(it for it in said if not any(lead.match(it) for lead in leads))

    async def typed(self, *wanted: Wanted) -> None:
        """Hear that something came in; the view is the same, and so is what is known of it."""
        ways = self._ways
        await self.hears(*wanted)
        self._ways = ways

    async def enters_pin(self, pin: str, how: Sequence[str]) -> None:
        """Enter the PIN by the arrows, as it was said how."""
        said = next(found for it in how if (found := self.said("speech.pin.group").search(it)))
        groups = {key: re.findall(r"\d", said[name]) for key, name in _GROUPS.items()}
        for at, digit in enumerate(pin, 1):
            group = next(key for key, digits in groups.items() if digit in digits)
            await self.press(group)
            await self.hears(self.said("speech.pin.member"))
            await self.press(_MEMBERS[groups[group].index(digit)])
            await self.hears(self.said("speech.pin.dots", length=len(pin), dots=at))


def _in(wanted: Wanted, sentence: str) -> bool:
    return wanted in sentence if isinstance(wanted, str) else wanted.search(sentence) is not None


def _begins(wanted: Wanted, place: str) -> bool:
    """Tell whether a place is called so: by these first words, or by all of its name."""
    if isinstance(wanted, str):
        return place.startswith(wanted)
    found = wanted.match(place)
    return found is not None and place[found.end() : found.end() + 1] in ("", "。", "、", ".")


@contextlib.asynccontextmanager
async def listening(box: Box, language: str = JAPANESE) -> AsyncIterator[Listener]:
    reader, writer = await asyncio.open_unix_connection(box.runtime / "ui.sock")
    writer.write(b'{"type":"hello","version":1}\n')
    listener = Listener(box, reader, writer, language)
    try:
        yield listener
    finally:
        writer.close()
        listener.reading.cancel()
        await asyncio.gather(listener.reading, return_exceptions=True)
