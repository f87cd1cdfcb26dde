"""What makes sound of a sentence: a program for each sentence, fed by its standard input, so that no other process reads it in a command line."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from stb_agent.contract.readings import readings
from ui.speech.kana import hiragana, parts, spaced

_WPM = 175
"""espeak-ng's own speed, words a minute (espeak-ng(1), -s)."""
_LONGEST = 300
"""Characters at once: Open JTalk reads a line of 1,023 bytes."""


class EngineError(Exception):
    """The engine's program is not there, or did not give sound."""


class Sound(NamedTuple):
    """Mono samples of 16 bits, little-endian, so many a second."""

    rate: int
    samples: bytes


class SpeechEngine(Protocol):
    """Makes sound."""

    async def synthesise(self, text: str) -> Sound:
        """Give a sentence's sound. Raises EngineError; when it is cancelled no process is left."""

    async def close(self) -> None:
        """End what runs for it."""


class Espeak:
    """espeak-ng; Japanese in kana alone, which MeCab gives it, since it knows no kanji."""

    def __init__(self, language: str, voice: str, rate: int) -> None:
        """Take a language tag, the name of a voice or nothing, and percent of its own speed."""
        self._voice = voice or language.partition("-")[0]
        self._speed = str(_WPM * rate // 100)
        self._readings = Readings() if language.partition("-")[0] == "ja" else None

    async def synthesise(self, text: str) -> Sound:
        """Give a sentence's sound."""
        said = await self._readings.kana(text) if self._readings else text
        wave = await run(["espeak-ng", "-v", self._voice, "-s", self._speed, "--stdin", "--stdout"], said)
        return sound(wave)

    async def close(self) -> None:
        """End MeCab."""
        if self._readings:
            await self._readings.close()


class OpenJtalk:
    """Open JTalk with an HTS voice; it reads kanji and numbers by itself."""

    def __init__(self, dictionary: str, voice: str, rate: int) -> None:
        """Take the folder of the dictionary, the file of the voice, and percent of its own speed."""
        self._command = ["open_jtalk", "-x", dictionary, "-m", voice, "-r", f"{rate / 100:g}", "-ow", "/dev/stdout"]

    async def synthesise(self, text: str) -> Sound:
        """Give a sentence's sound."""
        line = " ".join(text.split())
        lines = [line[at : at + _LONGEST] for at in range(0, len(line), _LONGEST)] or [""]
        sounds = [sound(await run(self._command, part + "\n")) for part in lines]
        return Sound(sounds[0].rate, b"".join(it.samples for it in sounds))

    async def close(self) -> None:
        """Nothing runs between sentences."""


class Readings:
    """MeCab: from kanji and kana to kana as they are pronounced, は and へ as particles too. One process for all sentences."""

    _COMMAND = ("mecab", "-F", r"%f[0],%f[8]\s", "-U", r"?,%m\s", "-E", r"\n", "-b", "65536")

    def __init__(self) -> None:
        """Begin without a process."""
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def kana(self, text: str) -> str:
        """Give what espeak-ng can read of a sentence. Raises EngineError without MeCab or its dictionary."""
        # An answer is read also when nobody waits for it any more: the next one would be taken for it.
        return await asyncio.shield(asyncio.get_running_loop().create_task(self._said(text)))

    async def _said(self, text: str) -> str:
        said = []
        async with self._turn:
            for part, said_so in parts(" ".join(text.split()), readings()):
                said.append(part if said_so else spaced(await self._ask(part)))
        return hiragana("".join(said))

    async def _ask(self, line: str) -> str:
        if self._process is None or self._process.returncode is not None:
            self._process = await start(self._COMMAND)
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.write(line.encode() + b"\n")
            answer = await self._process.stdout.readline()
        except (OSError, ValueError) as error:
            raise EngineError("mecab") from error
        if not answer:
            await self._process.wait()
            raise EngineError("mecab")
        return answer.decode(errors="replace")

    async def close(self) -> None:
        """End it."""
        if self._process is not None:
            await stop(self._process)


def sound(wave: bytes) -> Sound:
    """Give the samples of a RIFF file of 16 bits mono, whatever it says of its length: it was written to a pipe. Raises EngineError for another."""
    at, rate = 12, 0
    while wave[:4] == b"RIFF" and at + 8 <= len(wave):
        name, size = struct.unpack_from("<4sI", wave, at)
        if name == b"fmt ":
            if at + 24 > len(wave):
                break
            kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", wave, at + 8)
            if (kind, channels, bits) != (1, 1, 16):
                break
        if name == b"data" and rate:
            samples = wave[at + 8 : at + 8 + size]
            return Sound(rate, samples[: len(samples) // 2 * 2])
        at += 8 + size
    raise EngineError("no sound")


async def start(command: Sequence[str]) -> asyncio.subprocess.Process:
    """Start a program with pipes. Raises EngineError if it is not there."""
    pipe, null = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    try:
        return await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=null, limit=1 << 20)
    except OSError as error:
        raise EngineError(command[0]) from error


async def stop(process: asyncio.subprocess.Process) -> None:
    """End a program at once."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()


async def run(command: Sequence[str], text: str) -> bytes:
    """Give what a program writes for a text; cancelled, it ends with the caller. Raises EngineError if it fails."""
    process = await start(command)
    try:
        output, _ = await process.communicate(text.encode())
    finally:
        if process.returncode is None:
            await stop(process)
    if process.returncode or not output:
        raise EngineError(command[0])
    return output
