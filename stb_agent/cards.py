"""The card in the house's reader as services see it: what the card's own room reads of it, under its handle."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from stb_agent.card.pin import Pin
from stb_agent.card.slot import Slot
from stb_agent.core.pin_entry import Digits


class HouseCard:
    """What signing in and the link need of the card. ``key`` makes its handle, ``now`` the time (UTC) that its days are counted from."""

    def __init__(self, slot: Slot, key: bytes, now: Callable[[], datetime]) -> None:
        self._slot = slot
        self._key = key
        self._now = now
        self._days_left: int | None = None
        self.inserted: str | None = None
        """The handle of the card in the reader, once it has been read."""

    def changed(self) -> None:
        """Know nothing of what was in the reader before."""
        self.inserted = self._days_left = None

    async def recognise(self) -> str:
        """Read the card that was just put in; give its handle. Raises CardError."""
        certificate = await self._slot.identify()
        self._days_left = certificate.days_left(self._now())
        self.inserted = certificate.link_handle(self._key)
        return self.inserted

    async def tries(self) -> int:
        """Give how many PIN tries are left, at least 1."""
        return await self._slot.tries()

    async def certificate(self) -> bytes:
        """Give the authentication certificate (DER)."""
        return (await self._slot.identify()).der

    async def handle(self) -> str:
        """Give the card's handle."""
        return (await self._slot.identify()).link_handle(self._key)

    async def minor(self) -> bool:
        """Tell whether the card has no signature certificate, as those of under-15s."""
        return await self._slot.minor()

    def days_left(self) -> int | None:
        """Give the whole days until the certificate of the card in the reader is out of date."""
        return self._days_left

    async def sign(self, digits: Digits, tries: int, data: bytes) -> bytes:
        """Verify the PIN once and sign."""
        if not isinstance(digits, Pin):
            raise TypeError("a PIN is kept in a Pin")
        return await self._slot.authenticate(digits, data, tries)
