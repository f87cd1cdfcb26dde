"""A slot of the reader and the cards that can be put in it."""

import asyncio
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType

import msgspec

from simulators.card import files, vpcd
from simulators.card.applet import Card, Quirks
from simulators.card.errors import CardError
from simulators.card.faults import Accident, Fault, Script
from simulators.card.files import Pin
from simulators.card.profile import PROFILES
from simulators.card.recorder import Recorder
from simulators.card.vpcd import Pulled

EMPTY = 0.6
"""Seconds the slot stays empty between two cards. pcscd looks every 0.4 s (PCSCLITE_STATUS_POLL_RATE); a card that
was changed in between can stay unnoticed for ever, if a command found the slot empty meanwhile."""


class Tries(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Tries left for each PIN; None changes nothing."""

    authentication: int | None = None
    signature: int | None = None


class State(msgspec.Struct, frozen=True):
    """What lies in the slot, whether a reader is attached to it, and what could lie in it."""

    inserted: str | None
    connected: bool
    profiles: list[str]
    tries: Tries


class Slot:
    """A card under the recorder's eye, with accidents."""

    def __init__(self, card: Card, script: Script, recorder: Recorder, done: Callable[[], None]) -> None:
        self.card = card
        self._script, self._recorder, self._done = script, recorder, done

    @property
    def atr(self) -> bytes:
        """Return the card's ATR."""
        return bytes.fromhex(self.card.quirks.atr)

    def power_off(self) -> None:
        """Take the card's power."""
        self.card.power_off()

    def reset(self) -> None:
        """Reset the card."""
        self.card.reset()

    async def transmit(self, command: bytes) -> bytes:
        """Have the card answer, unless something happens; raises Pulled."""
        faults = {fault.do: fault for fault in self._script.due(command)}
        if Accident.PULL_BEFORE in faults:
            raise Pulled
        if instead := faults.get(Accident.ANSWER):
            answer = bytes.fromhex(instead.answer)
        else:
            answer = self.card.execute(command)
            self._done()
        if slow := faults.get(Accident.SLOW):
            try:
                await asyncio.sleep(slow.seconds)
            except asyncio.CancelledError:  # pulled by hand meanwhile
                self._recorder.add(command, None)
                raise
        if cut := faults.get(Accident.CUT):
            answer = answer[:-2][: cut.keep] + answer[-2:]
        lost = Accident.PULL_INSIDE in faults
        self._recorder.add(command, None if lost else answer)
        if lost or Accident.PULL_AFTER in faults:
            raise Pulled(None if lost else answer)
        return answer


class Tray:
    """The reader's slot, its cards, and the verbs of the card tray.

    A card keeps its retry counters while the tray lives; with `keep_tries` also in `tries.json` of the folder.
    Use as an asynchronous context manager.
    """

    def __init__(
        self, folder: Path, *, clock: Callable[[], datetime], port: int = vpcd.PORT, host: str = "127.0.0.1",
        pin: str = "1234", recorder: Recorder | None = None, keep_tries: bool = False,
    ) -> None:  # fmt: skip
        self.recorder = recorder or Recorder(clock)
        self.connected = asyncio.Event()
        self._folder, self._clock, self._host, self._port, self._pin = folder, clock, host, port, pin
        self._kept = folder / "tries.json" if keep_tries else None
        self._script = Script()
        self._quirks = Quirks()
        self._cards: dict[str, Card] = {}
        self._inserted: str | None = None
        self._holding: asyncio.Task[None] | None = None
        self._hand = asyncio.Lock()
        self._emptied = float("-inf")

    async def __aenter__(self) -> "Tray":
        """Return the empty tray."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Pull the card."""
        await self.pull()
        self.recorder.close()

    async def insert(self, profile: str, pin: str | None = None) -> None:
        """Put a card in, pulling the one there; `pin` changes the card's authentication PIN for good.

        Raises CardError `card.profile` for an unknown name.
        """
        if profile not in PROFILES:
            raise CardError("card.profile", profile=profile, known=sorted(PROFILES))
        async with self._hand:
            await self._take_out()
            if profile not in self._cards:
                applications = await asyncio.to_thread(
                    PROFILES[profile].applications, self._folder, self._clock(), self._pin.encode()
                )
                self._cards[profile] = Card(applications)
                self._recall(profile)
            card = self._cards[profile]
            card.quirks = self._quirks
            if pin is not None:
                _pin(card, files.AUTHENTICATION_PIN).value = pin.encode()
            self._inserted = profile
            slot = Slot(card, self._script, self.recorder, self._remember)
            self._holding = asyncio.create_task(self._hold(slot))

    async def pull(self) -> None:
        """Take the card out, if there is one; the reader has seen it when this returns."""
        async with self._hand:
            await self._take_out()

    def state(self) -> State:
        """Say what is there."""
        card = self._cards.get(self._inserted or "")
        return State(self._inserted, self.connected.is_set(), sorted(PROFILES), _tries(card) if card else Tries())

    def fault(self, fault: Fault) -> None:
        """Arrange an accident; it outlives the card in the slot."""
        self._script.add(fault)

    def quirks(self, quirks: Quirks) -> None:
        """Give these quirks, and no others, to the card in the slot and to those to come."""
        self._quirks = quirks
        if self._inserted is not None:
            self._cards[self._inserted].quirks = quirks

    def tries(self, tries: Tries) -> None:
        """Set the retry counters of the card in the slot; raises CardError `card.absent`."""
        if self._inserted is None:
            raise CardError("card.absent")
        _set_tries(self._cards[self._inserted], tries)
        self._remember()

    async def _hold(self, slot: Slot) -> None:
        time = asyncio.get_running_loop().time
        await asyncio.sleep(self._emptied + EMPTY - time())
        try:
            await vpcd.hold(slot, self._host, self._port, self.connected)
        except Pulled:
            self._inserted = None
        finally:
            self._emptied = time()

    async def _take_out(self) -> None:
        if self._holding is not None:
            self._holding.cancel()
            await asyncio.wait([self._holding])
            if not self._holding.cancelled():
                self._holding.result()
        self._holding = self._inserted = None

    def _recall(self, profile: str) -> None:
        if self._kept is not None and self._kept.exists():
            kept = msgspec.json.decode(self._kept.read_bytes(), type=dict[str, Tries])
            _set_tries(self._cards[profile], kept.get(profile, Tries()))

    def _remember(self) -> None:
        if self._kept is None:
            return
        known = msgspec.json.decode(self._kept.read_bytes(), type=dict[str, Tries]) if self._kept.exists() else {}
        now = known | {name: _tries(card) for name, card in self._cards.items()}
        if now != known:
            draft = self._kept.with_suffix(".new")
            draft.write_bytes(msgspec.json.encode(now))
            os.replace(draft, self._kept)


def _pin(card: Card, fid: int) -> Pin:
    pin = card.applications[files.JPKI][fid]
    if not isinstance(pin, Pin):
        raise TypeError(f"EF {fid:04X} is no PIN")
    return pin


def _tries(card: Card) -> Tries:
    return Tries(_pin(card, files.AUTHENTICATION_PIN).left, _pin(card, files.SIGNATURE_PIN).left)


def _set_tries(card: Card, tries: Tries) -> None:
    for fid, count in ((files.AUTHENTICATION_PIN, tries.authentication), (files.SIGNATURE_PIN, tries.signature)):
        if count is not None:
            pin = _pin(card, fid)
            pin.left = max(0, min(count, pin.limit))
