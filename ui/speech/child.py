"""``python -m ui.speech.child``: the voice, one process for as long as voice guidance is on.

A line on standard input says what to do: ``{"say": ["sentence", …]}`` cuts short what is being said and says this, ``{"say": []}`` is silence. With
``"follow": true`` it waits for what is being said; with ``"last": true`` the process ends when that is said. It ends with its standard input, so that
it never outlives the UI. What it says is in no log.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from collections import OrderedDict, deque
from collections.abc import Sequence

from stb_agent.contract.speech import Engine, Output
from ui.speech.engines import EngineError, Espeak, OpenJtalk, Sound, SpeechEngine
from ui.speech.sinks import Player, Sink, SinkError

KEPT = 8 << 20
"""Bytes of sound that are kept: about three minutes."""
_NICE = 5
"""The picture goes first, where there is one core for both."""
_PAUSE = 0.15
"""Seconds between sentences."""

log = logging.getLogger(__name__)


class Phrases:
    """An engine that does not make the same sound twice while it is kept."""

    def __init__(self, engine: SpeechEngine, kept: int = KEPT) -> None:
        """Keep up to ``kept`` bytes, those heard last."""
        self._engine = engine
        self._kept = kept
        self._size = 0
        self._sounds: OrderedDict[str, Sound] = OrderedDict()

    async def synthesise(self, text: str) -> Sound:
        """Give a sentence's sound. Raises EngineError."""
        if text in self._sounds:
            self._sounds.move_to_end(text)
            return self._sounds[text]
        sound = await self._engine.synthesise(text)
        self._sounds[text] = sound
        self._size += len(sound.samples)
        while self._size > self._kept and len(self._sounds) > 1:
            _, oldest = self._sounds.popitem(last=False)
            self._size -= len(oldest.samples)
        return sound

    async def close(self) -> None:
        """End the engine; forget all."""
        self._sounds.clear()
        await self._engine.close()


class Mouth:
    """Says one thing at a time."""

    def __init__(self, engine: SpeechEngine, sink: Sink) -> None:
        """Take what makes sound and where it goes."""
        self._engine, self._sink = engine, sink
        self._saying: asyncio.Task[None] | None = None
        self._coming: deque[str] = deque()
        self._failed: set[str] = set()

    def say(self, sentences: Sequence[str], *, follow: bool = False) -> None:
        """Cut short what is being said, and say this; or let it ``follow``."""
        if follow and self._saying is not None and not self._saying.done():
            self._coming.extend(sentences)
            return
        self.hush()
        if sentences:
            self._coming = deque(sentences)
            self._saying = asyncio.get_running_loop().create_task(self._say(self._coming))

    def hush(self) -> None:
        """Be silent at once."""
        if self._saying is not None:
            self._sink.cut()
            self._saying.cancel()
            self._saying = None

    async def rest(self) -> None:
        """Wait until nothing more is to be said."""
        if self._saying is not None:
            await asyncio.wait([self._saying])

    async def _say(self, sentences: deque[str]) -> None:
        try:
            while sentences:  # also what came while the last one was still to be heard
                await self._play(sentences)
        except (EngineError, SinkError) as error:
            told = f"{type(error).__name__} {error}"
            if told not in self._failed:  # once, not with every key
                self._failed.add(told)
                log.warning("nothing can be heard: %s", told)

    async def _play(self, sentences: deque[str]) -> None:
        """Play each sentence while the next one is made."""
        make = asyncio.get_running_loop().create_task
        coming: asyncio.Task[Sound] | None = make(self._engine.synthesise(sentences.popleft()))
        begun = False
        try:
            while coming is not None:
                sound = await coming
                coming = make(self._engine.synthesise(sentences.popleft())) if sentences else None
                if not begun:
                    await self._sink.begin(sound.rate)
                    begun = True
                await self._sink.write(sound.samples + bytes(2 * int(sound.rate * _PAUSE)))
            await self._sink.finish()
        except asyncio.CancelledError:
            self._sink.cut()  # it may have begun while it was being told to stop
            raise
        finally:
            if coming is not None:
                coming.cancel()
                with contextlib.suppress(asyncio.CancelledError, EngineError):
                    await coming


async def serve(engine: SpeechEngine, sink: Sink) -> None:
    """Do what standard input says, until it ends."""
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    mouth = Mouth(engine, sink)
    try:
        while line := await lines.readline():
            wish = json.loads(line)
            mouth.say(wish["say"], follow=wish.get("follow", False))
            if wish.get("last"):
                ended = loop.create_task(lines.readline())
                await asyncio.wait([ended, loop.create_task(mouth.rest())], return_when=asyncio.FIRST_COMPLETED)
                return
    finally:
        mouth.hush()
        await engine.close()


def main() -> None:
    """Run the voice."""
    parser = argparse.ArgumentParser(prog="stb-ui voice", description=__doc__)
    parser.add_argument("--engine", type=Engine, choices=(Engine.ESPEAK, Engine.OPEN_JTALK), required=True)
    parser.add_argument("--language", default="ja")
    parser.add_argument("--voice", default="")
    parser.add_argument("--dictionary", default="")
    parser.add_argument("--rate", type=int, default=100)
    parser.add_argument("--output", type=Output, default=Output.ALSA)
    options = parser.parse_args()
    os.nice(_NICE)
    logging.basicConfig(level=logging.INFO, format="stb-ui: voice: %(message)s")
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # it wonders at a player that ended while it was being killed
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the UI's, whose end is ours
    engine: SpeechEngine = Espeak(options.language, options.voice, options.rate)
    if options.engine is Engine.OPEN_JTALK:
        engine = OpenJtalk(options.dictionary, options.voice, options.rate)
    asyncio.run(serve(Phrases(engine), Player(options.output)))


if __name__ == "__main__":
    main()
