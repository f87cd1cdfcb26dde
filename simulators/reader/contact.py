"""A contact card at its eight contacts: reset, protocol and parameters selection, and one of the protocols."""

from dataclasses import replace

from simulators.card import Slot
from simulators.reader.atr import DEFAULT_FIDI, Atr, D, F
from simulators.reader.blocks import edc
from simulators.reader.faults import BlockScript
from simulators.reader.t0card import T0Card
from simulators.reader.t1card import Reply, T1Card

CLOCK = 4e6
"""Hertz that readers give (their dwDefaultClock is about that)."""
_PPS = 0xFF


class Contact:
    """A card that a reader powers and talks to in TPDUs. It hears nothing that comes at another rate than its own.

    `voltages` are the classes in which the card works; `bwt` overrules the ATR's block waiting time, in seconds.
    """

    def __init__(
        self, slot: Slot, *, voltages: frozenset[float] = frozenset({5.0, 3.0, 1.8}), bwt: float | None = None,
        blocks: BlockScript | None = None,
    ) -> None:  # fmt: skip
        self.slot = slot
        self._voltages, self._bwt = voltages, bwt
        self._blocks = blocks or BlockScript()
        self.atr = Atr(slot.atr)
        self._fidi, self._speaks = DEFAULT_FIDI, 0
        self._protocol: T1Card | T0Card | None = None

    def power_on(self, volts: float) -> bytes | None:
        """Reset the card, warm if it has power; return the ATR, or None if this is not its voltage.

        Raises ValueError if what the card says is no ATR.
        """
        if volts not in self._voltages:
            return None
        self.slot.reset()
        self.atr = Atr.parse(self.slot.atr)
        self._fidi = self.atr.fidi if self.atr.specific else DEFAULT_FIDI
        self._protocol, self._speaks = None, self.atr.protocols[0]
        return self.atr.raw

    def power_off(self) -> None:
        """Take the power."""
        self.slot.power_off()
        self._protocol = None

    @property
    def fidi(self) -> int:
        """Return the rate in force."""
        return self._fidi

    @property
    def protocol(self) -> int:
        """Return T in force."""
        return self._speaks

    @property
    def waiting(self) -> float:
        """Seconds in which the card answers, or asks for more time."""
        if self._bwt is not None:
            return self._bwt
        return self.atr.bwt(self._fidi, CLOCK) if self._speaks == 1 else self.atr.wt(self._fidi, CLOCK)

    def exchange(self, raw: bytes) -> Reply:
        """Take what the reader sends and answer it."""
        if self._protocol is None and raw[:1] == bytes([_PPS]):
            return self._timed(raw, self._select(raw))
        if self._protocol is None:
            self._protocol = (
                T1Card(self.slot.begin, ifsc=self.atr.ifsc, bwt=lambda: self.waiting, script=self._blocks)
                if self._speaks == 1
                else T0Card(self.slot.begin)
            )
        return self._timed(raw, self._protocol.receive(raw))

    def _timed(self, raw: bytes, reply: Reply) -> Reply:
        octets = len(raw) + len(reply.octets or b"")
        return replace(reply, after=reply.after + self.slot.link.exchange(octets))

    def _select(self, raw: bytes) -> Reply:
        """Answer a PPS (clause 9): agree to what the ATR offers, be silent at what is wrong."""
        if len(raw) < 3 or edc(raw) or self.atr.specific:
            return Reply(None)
        wanted = raw[1] & 0x0F
        present = [bit for bit in (4, 5, 6) if raw[1] >> bit & 1]
        if len(raw) != 3 + len(present) or raw[1] & 0x80 or wanted not in self.atr.protocols:
            return Reply(None)
        fidi = raw[2] if 4 in present else DEFAULT_FIDI
        offered = self.atr.fidi
        known = fidi >> 4 in F and fidi & 15 in D
        if not known or fidi not in (DEFAULT_FIDI, offered):
            # PPS1 left out of the answer says: the default rates.
            answer = bytes([_PPS, wanted])
            fidi = DEFAULT_FIDI
            answer += bytes([edc(answer)])
        else:
            answer = raw
        self._fidi, self._speaks = fidi, wanted
        return Reply(answer)
