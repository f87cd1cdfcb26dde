"""A simulated USB reader for tests: `simulated_reader(folder, "acr39u")` gives the bus for pyusb, a hand and a record.

`hand.backend` goes to `usb.core.find(backend=…)`; `hand.insert("linked")`, `pull`, `unplug` and `plug` are what people
do; `hand.fault`, `usb` and `block` arrange accidents of the card, of the cable and of the line to the card;
`hand.recorder` has every command that reached a card.
"""

from datetime import UTC, datetime
from pathlib import Path

from simulators.card import Link
from simulators.reader import MODELS, Hand, Model

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
SHORT_WAIT = 0.05
"""Seconds of block waiting time, where the real 1.4 would make tests slow."""


def simulated_reader(
    folder: Path, model: str | Model = "scr3310-nttcom", *, pin: str = "1234", link: Link | None = None,
    bwt: float | None = SHORT_WAIT,
) -> Hand:  # fmt: skip
    """Make a reader of a model (a name in MODELS, or one's own), plugged in and empty.

    `folder` is the authority's, made if absent; `bwt=None` waits as long as the card's ATR says.
    """
    return Hand(folder, clock=lambda: NOW, model=model, pin=pin, link=link, bwt=bwt)


__all__ = ["MODELS", "NOW", "SHORT_WAIT", "simulated_reader"]
