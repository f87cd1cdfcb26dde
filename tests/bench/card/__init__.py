"""Reading the certificate and signing, beside Debian's OpenSC: the same card, link, reader and pcscd, turn about in one run.

The card is simulated with a modelled link: 106 kbit/s, 8 ms from a command to its answer, 400 ms for a private key. What the model
says of the commands that reached the card is the card's own time (``card_ms``); ours is what passes in this process from the first
command to the result and is not within an exchange or the power's end (``own_ms``); ``wall_ms`` is all, power on and off included.
OpenSC's wall time is its program's, from start to end, since that is how it is used.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from simulators.card import Link
from stb_agent.card.apdu import Buffer
from stb_agent.card.certificate import Environment, Trust
from stb_agent.card.pin import Pin
from stb_agent.card.reader import Reader, Sight, SlotState
from stb_agent.card.readers.pcsc import PcscSource
from stb_agent.card.slot import Slot
from tests.support.pcsc import Pcscd, private_pcscd

BUDGETS = {
    "extended.read.ours.commands": 2,
    "extended.sign.ours.commands": 5,
    "short.read.ours.commands": 8,
    "short.sign.ours.commands": 11,
    **{
        f"{form}.{act}.{figure}": most
        for form in ("extended", "short")
        for act in ("read", "sign")
        for figure, most in (("own_percent", 5.0), ("wall_over_opensc", 0.25))
    },
    **{f"{form}.sign.wall_over_opensc_beside_key": 0.25 for form in ("extended", "short")},
}
"""The project's own: commands for a certificate of 1.5 kB; our time over the card's; our wall time over OpenSC's.

Not every quarter can be had on this link, as ``floor_over_opensc`` tells, which is the card's own time for our commands over OpenSC's
wall time: signing costs both the same 400 ms of the private key (``beside_key``: without them), and a certificate without extended
length is most of what OpenSC reads.
"""

_ROUNDS = 5
_PATIENCE = 20.0
_PIN = "1234"
_LINK = Link(106_000, 0.008, 0.4)
_SIGN = 0x2A
_WORDS = b"header.claims"

Figures = dict[str, float]


def measure() -> dict[str, dict[str, dict[str, Figures | float]]]:
    """Measure with a pcscd of its own."""
    with tempfile.TemporaryDirectory() as name, private_pcscd() as pcscd:
        pcscd.adopt()
        folder = Path(name)
        with _card(folder, pcscd) as card:
            trust = Trust.load([folder / "authority" / "ca.pem"], Environment.TEST)
            return {
                "extended": asyncio.run(_form(card, trust, extended=True)),
                "short": asyncio.run(_form(card, trust, extended=False)),
            }


@dataclass
class Times:
    """Where the time of one piece of work went: seconds within exchanges and for the power's end, and when the first exchange began."""

    exchanges: float = 0.0
    power: float = 0.0
    begun: float = 0.0


@dataclass
class _Card:
    """The card's process, seen from outside: its control socket, its record, and OpenSC's surroundings."""

    folder: Path
    control: Path
    record: Path
    environment: dict[str, str]
    seen: int = 0

    async def ask(self, **request: object) -> None:
        """Have something done to the card."""
        reader, writer = await asyncio.open_unix_connection(self.control)
        writer.write(json.dumps(request).encode() + b"\n")
        reply = json.loads(await reader.readline())
        writer.close()
        if not reply["ok"]:
            raise RuntimeError(f"the card does not do {request}: {reply}")

    def traffic(self) -> Figures:
        """Count what reached the card since last asked; ``card_ms``: what it takes by the model."""
        lines = self.record.read_text().splitlines() if self.record.exists() else []
        new, self.seen = [json.loads(line) for line in lines[self.seen :]], len(lines)
        pairs = [(bytes.fromhex(it["command"]), bytes.fromhex(it["answer"])) for it in new]
        seconds = sum(_LINK.exchange(len(command) + len(answer)) for command, answer in pairs)
        seconds += _LINK.rsa * sum(command[1] == _SIGN and len(answer) > 2 for command, answer in pairs)
        count = sum(len(command) + len(answer) for command, answer in pairs)
        return {"commands": len(pairs), "bytes": count, "card_ms": seconds * 1000}

    def opensc(self, *words: str | Path) -> Figures:
        """Run one of OpenSC's programs."""
        begun = time.monotonic()
        subprocess.run(words, env=self.environment, cwd=self.folder, check=True, capture_output=True)
        wall = time.monotonic() - begun
        return {**self.traffic(), "wall_ms": wall * 1000}


@contextlib.contextmanager
def _card(folder: Path, pcscd: Pcscd) -> Iterator[_Card]:
    control, record = folder / "control", folder / "record"
    options = {
        "--port": pcscd.port, "--authority": folder / "authority", "--control": control, "--record": record, "--pin": _PIN,
        "--link": _LINK.bits_per_second, "--turnaround-ms": _LINK.turnaround * 1000, "--rsa-ms": _LINK.rsa * 1000,
    }  # fmt: skip
    words = [str(word) for option in options.items() for word in option]
    process = subprocess.Popen(
        [sys.executable, "-m", "simulators", "card", *words, "--insert", "linked"], stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        if not process.stdout.readline():
            raise RuntimeError("the card does not start")
        (folder / "message").write_bytes(_WORDS)
        # OpenSC keeps what it has read under HOME only when told to; this one is empty all the same.
        yield _Card(folder, control, record, {**pcscd.environment, "HOME": str(folder)})
    finally:
        process.terminate()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


class _TimedReader:
    """A reader whose exchanges and end are timed."""

    def __init__(self, reader: Reader, times: Times) -> None:
        self.name, self.atr, self.protocol, self.level = reader.name, reader.atr, reader.protocol, reader.level
        self._reader = reader
        self._times = times

    def transmit(self, apdu: Buffer) -> bytes:
        begun = time.monotonic()
        self._times.begun = self._times.begun or begun
        try:
            return self._reader.transmit(apdu)
        finally:
            self._times.exchanges += time.monotonic() - begun

    def close(self, unpower: bool = True) -> None:
        begun = time.monotonic()
        self._reader.close(unpower)
        self._times.power += time.monotonic() - begun


@dataclass
class _TimedSource:
    """pcscd's readers, timed."""

    times: Times = field(default_factory=Times)
    source: PcscSource = field(default_factory=PcscSource)

    def sights(self) -> Iterator[Sight]:
        return self.source.sights()

    def stop(self) -> None:
        self.source.stop()

    def connect(self, name: str) -> _TimedReader:
        return _TimedReader(self.source.connect(name), self.times)


async def _form(card: _Card, trust: Trust, *, extended: bool) -> dict[str, dict[str, Figures | float]]:
    await card.ask(quirks={"extended": extended})
    ours: dict[str, list[Figures]] = {"read": [], "sign": []}
    theirs: dict[str, list[Figures]] = {"read": [], "sign": []}
    async with _slot(trust) as (slot, source, inserted):
        # A card or reader without extended length is found out once; then it is known.
        await inserted(card)
        first = await _ours(card, source, slot.identify)
        for _ in range(_ROUNDS):
            for act, work in (("read", slot.identify), ("sign", lambda: slot.authenticate(_pin(), _WORDS))):
                await inserted(card)
                ours[act].append(await _ours(card, source, work))
            theirs["read"].append(await asyncio.to_thread(card.opensc, "pkcs15-tool", "--read-certificate", "1"))
            theirs["sign"].append(
                await asyncio.to_thread(
                    card.opensc, "pkcs11-tool", "--login", "--pin", _PIN, "--sign", "--id", "01", "--mechanism",
                    "SHA256-RSA-PKCS", "--input-file", "message", "--output-file", os.devnull,
                )
            )  # fmt: skip
    keys = {"read": 0.0, "sign": _LINK.rsa * 1000}
    figures = {act: _compared(_median(ours[act]), _median(theirs[act]), key) for act, key in keys.items()}
    figures["read"]["first_time_commands"] = first["commands"]
    return figures


@contextlib.asynccontextmanager
async def _slot(trust: Trust) -> AsyncIterator[tuple[Slot, _TimedSource, Callable[[_Card], Awaitable[None]]]]:
    source = _TimedSource()
    told = asyncio.Event()
    slot = Slot(source, trust, lambda: datetime.now(UTC), lambda state: told.set())

    async def reaches(state: SlotState) -> None:
        async with asyncio.timeout(_PATIENCE):
            while slot.state is not state:
                told.clear()
                await told.wait()

    async def inserted(card: _Card) -> None:
        await card.ask(pull=True)
        await reaches(SlotState.ABSENT)
        await card.ask(insert="linked")
        await reaches(SlotState.PRESENT)
        # pcscd tries a card's power once when it comes; that is over now.
        await asyncio.sleep(0.5)
        card.traffic()

    await slot.start()
    try:
        yield slot, source, inserted
    finally:
        await slot.stop()


async def _ours(card: _Card, source: _TimedSource, work: Callable[[], Awaitable[object]]) -> Figures:
    times = source.times = Times()
    begun = time.monotonic()
    await work()
    end = time.monotonic()
    own = end - times.begun - times.exchanges - times.power
    return {
        **card.traffic(),
        "own_ms": own * 1000,
        "exchanges_ms": times.exchanges * 1000,
        "wall_ms": (end - begun) * 1000,
    }


def _pin() -> Pin:
    pin = Pin()
    for digit in _PIN:
        pin.append(int(digit))
    return pin


def _median(rounds: list[Figures]) -> Figures:
    return {name: round(statistics.median(one[name] for one in rounds), 1) for name in rounds[0]}


def _compared(ours: Figures, theirs: Figures, key: float) -> dict[str, Figures | float]:
    """Give both and their ratios; ``key``: milliseconds of the private key in either."""
    beside = (
        {"wall_over_opensc_beside_key": round((ours["wall_ms"] - key) / (theirs["wall_ms"] - key), 3)} if key else {}
    )
    return {
        "ours": ours,
        "opensc": theirs,
        "own_percent": round(ours["own_ms"] / ours["card_ms"] * 100, 2),
        "commands_over_opensc": round(ours["commands"] / theirs["commands"], 3),
        "bytes_over_opensc": round(ours["bytes"] / theirs["bytes"], 3),
        "card_over_opensc": round(ours["card_ms"] / theirs["card_ms"], 3),
        "floor_over_opensc": round(ours["card_ms"] / theirs["wall_ms"], 3),
        "wall_over_opensc": round(ours["wall_ms"] / theirs["wall_ms"], 3),
        **beside,
    }
