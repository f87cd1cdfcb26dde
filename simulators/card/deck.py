"""The cards at hand, and what is to happen to them."""

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec

from simulators.card import files
from simulators.card.applet import Card, Quirks
from simulators.card.errors import CardError
from simulators.card.faults import Fault, Script
from simulators.card.files import Pin
from simulators.card.link import Link
from simulators.card.profile import PROFILES
from simulators.card.recorder import Recorder
from simulators.card.slot import Slot


class Tries(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Tries left for each PIN; None changes nothing."""

    authentication: int | None = None
    signature: int | None = None


class Deck:
    """Cards by profile, one of which may be inserted somewhere.

    A card keeps its retry counters while the deck lives; with `keep_tries` also in `tries.json` of the folder.
    """

    def __init__(
        self, folder: Path, *, clock: Callable[[], datetime], pin: str = "1234", recorder: Recorder | None = None,
        keep_tries: bool = False, link: Link | None = None,
    ) -> None:  # fmt: skip
        self.recorder = recorder or Recorder(clock)
        self.inserted: str | None = None
        self._folder, self._clock, self._pin, self._link = folder, clock, pin, link or Link()
        self._kept = folder / "tries.json" if keep_tries else None
        self._script = Script()
        self._quirks = Quirks()
        self._cards: dict[str, Card] = {}

    def take(self, profile: str, pin: str | None = None) -> Slot:
        """Take a card to put it somewhere; the first time it is made, which takes a second.

        `pin` changes the card's authentication PIN for good. Raises CardError `card.profile` for an unknown name.
        """
        if profile not in PROFILES:
            raise CardError("card.profile", profile=profile, known=sorted(PROFILES))
        if profile not in self._cards:
            self._cards[profile] = Card(PROFILES[profile].applications(self._folder, self._clock(), self._pin.encode()))
            self._recall(profile)
        card = self._cards[profile]
        card.quirks = self._quirks
        if pin is not None and (file := _pin(card, files.AUTHENTICATION_PIN)) is not None:
            file.value = pin.encode()
        self.inserted = profile
        return Slot(card, self._script, self.recorder, self._remember, self._link)

    def count(self) -> Tries:
        """Tell the tries that the inserted card has left."""
        card = self._cards.get(self.inserted or "")
        return _tries(card) if card else Tries()

    def fault(self, fault: Fault) -> None:
        """Arrange an accident; it outlives the card in the slot."""
        self._script.add(fault)

    def quirks(self, quirks: Quirks) -> None:
        """Give these quirks, and no others, to the card in the slot and to those to come."""
        self._quirks = quirks
        if self.inserted is not None:
            self._cards[self.inserted].quirks = quirks

    def tries(self, tries: Tries) -> None:
        """Set the retry counters of the card in the slot; raises CardError `card.absent`."""
        if self.inserted is None:
            raise CardError("card.absent")
        _set_tries(self._cards[self.inserted], tries)
        self._remember()

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


def _pin(card: Card, fid: int) -> Pin | None:
    pin = card.applications.get(files.JPKI, {}).get(fid)
    return pin if isinstance(pin, Pin) else None


def _tries(card: Card) -> Tries:
    authentication, signature = _pin(card, files.AUTHENTICATION_PIN), _pin(card, files.SIGNATURE_PIN)
    return Tries(authentication.left if authentication else None, signature.left if signature else None)


def _set_tries(card: Card, tries: Tries) -> None:
    for fid, count in ((files.AUTHENTICATION_PIN, tries.authentication), (files.SIGNATURE_PIN, tries.signature)):
        pin = _pin(card, fid)
        if pin is not None and count is not None:
            pin.left = max(0, min(count, pin.limit))
