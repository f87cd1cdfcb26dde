"""Readers of the PC/SC service (pcscd), on pyscard's thin layer over libpcsclite.

pyscard's own monitors end silently when pcscd restarts (LudovicRousseau/pyscard#82, #128), so the watch here is our own,
around SCardGetStatusChange.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from smartcard import scard

from stb_agent.card import errors
from stb_agent.card.apdu import Buffer
from stb_agent.card.reader import Sight, SlotState

_PNP = "\\\\?PnP?\\Notification"
"""The reader that stands for "readers came or went" (pcsc-lite, SCardGetStatusChange)."""
_WAIT = 1_000
"""Milliseconds of one wait for a change; a reader that came between two waits is seen at the latest then."""
_AGAIN = 0.5
"""Seconds until a service that is gone is asked again."""
_HELD_TRIES = 10
_HELD_PAUSE = 0.1
"""Attempts, and seconds between them, to get a card that another program holds."""
_DENIED_PAUSE = 0.2
"""Seconds to the second question when the first was denied."""
_COUNTER = 16
"""Bits to the right of the insertion and removal counter in dwEventState (pcsc-lite winscard.c)."""

_BY_CODE: dict[int, type[errors.CardError]] = {
    scard.SCARD_E_NO_SERVICE: errors.ServiceMissing,
    scard.SCARD_E_SERVICE_STOPPED: errors.ServiceMissing,
    scard.SCARD_F_COMM_ERROR: errors.ServiceMissing,
    scard.SCARD_E_INVALID_HANDLE: errors.ServiceMissing,
    scard.SCARD_W_SECURITY_VIOLATION: errors.Denied,
    scard.SCARD_E_NO_ACCESS: errors.Denied,
    scard.SCARD_E_NO_READERS_AVAILABLE: errors.NoReader,
    scard.SCARD_E_UNKNOWN_READER: errors.NoReader,
    scard.SCARD_E_READER_UNAVAILABLE: errors.NoReader,
    scard.SCARD_E_NO_SMARTCARD: errors.NoCard,
    scard.SCARD_W_REMOVED_CARD: errors.Removed,
    scard.SCARD_W_UNRESPONSIVE_CARD: errors.Mute,
    scard.SCARD_W_UNPOWERED_CARD: errors.Mute,
    scard.SCARD_E_PROTO_MISMATCH: errors.Mute,
    scard.SCARD_E_SHARING_VIOLATION: errors.Busy,
}
_GONE = (errors.NoReader, errors.NoCard)
"""What means "gone" once a card was held."""


def error_of(code: int) -> errors.CardError:
    """Give the error for a PC/SC return code; ExchangeFailed for one that says no more than "it did not work"."""
    return _BY_CODE.get(code, errors.ExchangeFailed)()


class PcscReader:
    """A card held exclusively through PC/SC. Made by ``PcscSource.connect``."""

    level = ""

    def __init__(self, name: str) -> None:
        self.name = name
        self._context = _establish()
        try:
            self._card, self._protocol = self._hold()
            self.protocol = "T=0" if self._protocol == scard.SCARD_PROTOCOL_T0 else "T=1"
            code, _, _, _, atr = scard.SCardStatus(self._card)
            if code != scard.SCARD_S_SUCCESS:
                scard.SCardDisconnect(self._card, scard.SCARD_UNPOWER_CARD)
                raise error_of(code)
            self.atr = bytes(atr)
        except errors.CardError:
            scard.SCardReleaseContext(self._context)
            raise
        self._open = True

    def _hold(self) -> tuple[int, int]:
        either = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        for attempt in range(_HELD_TRIES):
            if attempt:
                time.sleep(_HELD_PAUSE)
            code, card, protocol = scard.SCardConnect(self._context, self.name, scard.SCARD_SHARE_EXCLUSIVE, either)
            if code != scard.SCARD_E_SHARING_VIOLATION:
                break
        if code != scard.SCARD_S_SUCCESS:
            raise error_of(code)
        return card, protocol

    def transmit(self, apdu: Buffer) -> bytes:
        """Exchange one APDU. Raises Removed, ExchangeFailed, ServiceMissing."""
        # A list of small integers that Python shares: emptied below, it leaves no copy of a PIN here; libpcsclite's buffer is its own.
        command = list(apdu)
        try:
            code, answer = scard.SCardTransmit(self._card, self._protocol, command)
        finally:
            command.clear()
        if code == scard.SCARD_S_SUCCESS:
            return bytes(answer)
        error = error_of(code)
        raise errors.Removed if isinstance(error, _GONE) else error

    def close(self, unpower: bool = True) -> None:
        """Let the card go. Failing means that the card, the reader or the service is gone, and the card's power with it."""
        if self._open:
            self._open = False
            scard.SCardDisconnect(self._card, scard.SCARD_UNPOWER_CARD if unpower else scard.SCARD_LEAVE_CARD)
            scard.SCardReleaseContext(self._context)


@dataclass(frozen=True)
class _Seen:
    """A reader's last word: the event state that pcscd is told we know, and the number of the insertion."""

    event: int
    insertion: int

    @property
    def state(self) -> SlotState:
        if not self.event & scard.SCARD_STATE_PRESENT:
            return SlotState.ABSENT
        return SlotState.MUTE if self.event & scard.SCARD_STATE_MUTE else SlotState.PRESENT


class PcscSource:
    """The readers of the system's PC/SC service; of several the one with a card wins, and keeps winning while it has it."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._context: int | None = None
        self._readers: dict[str, _Seen] = {}
        self._insertions = 0

    def connect(self, name: str) -> PcscReader:
        """Power the card in a reader and hold it exclusively; a card that another program holds is tried for a second."""
        return PcscReader(name)

    def sights(self) -> Iterator[Sight]:
        """Give the state and each change, until ``stop``; outlives pcscd, readers and cards."""
        last: Sight | None = None
        while not self._stopped.is_set():
            sight = self._look(last)
            if sight != last:
                # A card exchanged between two looks is a removal too.
                if last and last.insertion and sight.insertion and last.insertion != sight.insertion:
                    yield Sight(SlotState.ABSENT, last.reader)
                yield sight
                last = sight
            if self._context is None:
                self._stopped.wait(_AGAIN)
        self._release()

    def stop(self) -> None:
        """End ``sights``; to be called again until it has ended, since a cancel between two waits is lost."""
        self._stopped.set()
        context = self._context
        if context is not None:
            scard.SCardCancel(context)

    @property
    def names(self) -> tuple[str, ...]:
        """The readers seen at the last look."""
        return tuple(self._readers)

    def look_once(self) -> Sight:
        """Give what is to be seen now, and let the service go."""
        sight = self._look(None)
        self._release()
        return sight

    def _look(self, last: Sight | None) -> Sight:
        """Wait for a change unless this is the first look, and give what is to be seen."""
        try:
            return self._ask(last)
        except errors.CardError as error:
            self._release()
            self._readers = {}
            return Sight(SlotState.DENIED if isinstance(error, errors.Denied) else SlotState.NO_SERVICE)

    def _ask(self, last: Sight | None) -> Sight:
        if self._context is None:
            self._context = _establish()
        else:
            self._wait()
        names = _list(self._context)
        self._readers = {name: self._readers.get(name, _Seen(scard.SCARD_STATE_UNAWARE, 0)) for name in names}
        self._refresh()
        return self._choose(last)

    def _wait(self) -> None:
        known = [(name, seen.event) for name, seen in self._readers.items()]
        code, _ = scard.SCardGetStatusChange(self._context, _WAIT, [*known, (_PNP, scard.SCARD_STATE_UNAWARE)])
        if code not in (scard.SCARD_S_SUCCESS, scard.SCARD_E_TIMEOUT, scard.SCARD_E_CANCELLED):
            self._check(code)

    def _refresh(self) -> None:
        """Ask for all readers' states as they are now."""
        if not self._readers:
            return
        code, states = scard.SCardGetStatusChange(
            self._context, 0, [(name, scard.SCARD_STATE_UNAWARE) for name in self._readers]
        )
        if code != scard.SCARD_S_SUCCESS:
            self._check(code)
            return
        for name, event, _ in states:
            self._readers[name] = self._numbered(self._readers[name], event & ~scard.SCARD_STATE_CHANGED)

    def _numbered(self, before: _Seen, event: int) -> _Seen:
        if not event & scard.SCARD_STATE_PRESENT:
            return _Seen(event, 0)
        if before.insertion and before.event >> _COUNTER == event >> _COUNTER:
            return _Seen(event, before.insertion)
        self._insertions += 1
        return _Seen(event, self._insertions)

    def _check(self, code: int) -> None:
        """Raise if a code means that the service is lost; a reader that vanished under the question is seen at the next look."""
        error = error_of(code)
        if isinstance(error, errors.ServiceMissing | errors.Denied):
            raise error
        self._stopped.wait(0.05)

    def _choose(self, last: Sight | None) -> Sight:
        sights = [Sight(seen.state, name, seen.insertion) for name, seen in self._readers.items()]
        if last in sights and last.state is SlotState.PRESENT:
            return last
        rank = (SlotState.PRESENT, SlotState.MUTE, SlotState.ABSENT)
        return min(sights, key=lambda sight: rank.index(sight.state), default=Sight(SlotState.NO_READER))

    def _release(self) -> None:
        context, self._context = self._context, None
        if context is not None:
            scard.SCardReleaseContext(context)


def diagnose() -> tuple[Sight, tuple[str, ...]]:
    """Look once, without touching a card: what is seen (``Sight.error`` says why no card can be used) and the readers' names."""
    source = PcscSource()
    return source.look_once(), source.names


def _establish() -> int:
    code, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    if code == scard.SCARD_W_SECURITY_VIOLATION:
        # pcscd denies by hanging up, which is also what it does as it ends: only the second time it is meant.
        time.sleep(_DENIED_PAUSE)
        code, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    if code != scard.SCARD_S_SUCCESS:
        raise error_of(code)
    return int(context)


def _list(context: int) -> list[str]:
    code, names = scard.SCardListReaders(context, [])
    if code == scard.SCARD_E_NO_READERS_AVAILABLE:
        return []
    if code != scard.SCARD_S_SUCCESS:
        raise error_of(code)
    return list(names)
