"""From power-on to an APDU: voltage, parameters, and the three levels of exchange (CCID 1.1, 3.2 and 6.1.4)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from stb_agent.card.apdu import Command
from stb_agent.card.readers.ccid.atr import Atr, Choice, Transmission, choose
from stb_agent.card.readers.ccid.descriptor import Feature, Level
from stb_agent.card.readers.ccid.driver import Driver
from stb_agent.card.readers.ccid.faults import (
    Failed,
    Fault,
    Garbled,
    Incomplete,
    Late,
    Lost,
    Malformed,
    SlotError,
    Unfit,
)
from stb_agent.card.readers.ccid.messages import Buffer, Chain, Out
from stb_agent.card.readers.ccid.t0 import T0
from stb_agent.card.readers.ccid.t1 import T1, NoBlock

_MOST_PARTS = 0x1000
_MOST_BYTES = 0x10000 + 2


@dataclass(frozen=True)
class Powered:
    """A card that is ready. ``transmit`` raises Fault: Unfit before anything was sent, Incomplete where the next command may do."""

    atr: bytes
    transmit: Callable[[Buffer], bytes]
    protocol: Transmission | None


def power(driver: Driver, slot: int) -> bytes:
    """Power the card, with the reader's own choice of voltage or the lowest class last, and give its answer-to-reset.

    Raises Failed (``absent`` if there is no card), Malformed for an empty answer, Late, Garbled, Gone.
    """
    supplies = driver.descriptor.supplies
    selections = [0] if Feature.AUTO_VOLTAGE in driver.descriptor.features else [it.value[1] for it in supplies]
    fault: Fault = Malformed("no answer-to-reset")
    for selection in selections:
        try:
            answer = driver.command(Out.POWER_ON, slot, bytes((selection, 0, 0)), limit=driver.answer_limit)
            if answer.data:
                return answer.data
        except Failed as error:
            if error.absent:
                raise
            fault = error
        unpower(driver, slot)
    raise fault


def unpower(driver: Driver, slot: int) -> None:
    """Take the card's power, if the reader is still there to do it."""
    with contextlib.suppress(Fault):
        driver.command(Out.POWER_OFF, slot)


def connect(driver: Driver, slot: int) -> Powered:
    """Power a card and agree on how to talk; a card that does not agree on speed is powered again and kept at its own.

    Raises as ``power``, and Malformed or Lost if reader and card do not come together.
    """
    for fast in (True, False):
        raw = power(driver, slot)
        link = _Link(driver, slot)
        try:
            return link.open(raw, fast)
        except (Failed, Malformed, Lost) as error:
            unpower(driver, slot)
            if not fast or (isinstance(error, Failed) and error.absent):
                raise
    raise AssertionError


class _Link:
    """One powered card at the reader's level."""

    def __init__(self, driver: Driver, slot: int) -> None:
        self._driver = driver
        self._slot = slot
        self._it = driver.descriptor
        self._waiting = 1.5

    def open(self, raw: bytes, fast: bool) -> Powered:
        """Set protocol and parameters where the reader leaves that to the host."""
        level = self._it.level
        try:
            atr = Atr.parse(raw)
        except Malformed:
            # A reader that speaks APDUs makes its own sense of an odd answer-to-reset.
            if level is Level.TPDU:
                raise
            return Powered(raw, self._by_level(level), None)
        self._waiting = atr.block_waiting(self._it.clock)
        protocol = self._agree(atr, fast)
        if level is not Level.TPDU:
            return Powered(raw, self._by_level(level), protocol)
        if protocol is Transmission.T0:
            return Powered(raw, T0(self._tpdu).transmit, protocol)
        return Powered(raw, self._t1(atr).transmit, protocol)

    def _by_level(self, level: Level) -> Callable[[Buffer], bytes]:
        return self._short if level is Level.SHORT else self._extended

    def _t1(self, atr: Atr) -> T1:
        overhead = 3 + (2 if atr.crc else 1)
        most = min(254, self._it.room - overhead, self._it.max_ifsd or 254)
        ifsd = None if Feature.AUTO_IFSD in self._it.features else most
        return T1(self._block, atr.ifsc, ifsd, crc=atr.crc, longest=min(254, self._it.room - overhead))

    def _agree(self, atr: Atr, fast: bool) -> Transmission:
        features = self._it.features
        if Feature.AUTO_NEGOTIATION in features:
            return self._active(atr)
        choice = choose(atr, self._it, fast)
        automatic = Feature.AUTO_PARAMETERS in features
        if choice.ask and Feature.AUTO_PPS not in features:
            choice = self._pps(choice)
        elif self._it.level is not Level.TPDU and automatic and choice.protocol is atr.offered[0]:
            return choice.protocol
        try:
            self._driver.command(Out.SET_PARAMETERS, self._slot, bytes((choice.protocol, 0, 0)), choice.parameters(atr))
        except Failed:
            # Nothing is lost if the reader has set from the answer-to-reset what we would set, or if all is as after reset.
            if choice.ask and not (automatic and Feature.AUTO_PPS in features and choice.protocol is atr.offered[0]):
                raise
        return choice.protocol

    def _active(self, atr: Atr) -> Transmission:
        """Ask which protocol the reader has chosen."""
        with contextlib.suppress(Failed, ValueError):
            return Transmission(self._driver.command(Out.GET_PARAMETERS, self._slot).parameter)
        return choose(atr, self._it, fast=False).protocol

    def _pps(self, choice: Choice) -> Choice:
        answer = self._send(choice.request())
        return choice.agreed(answer)

    def _send(self, data: Buffer, waits: int = 1) -> bytes:
        return self._message(data, Chain.WHOLE, waits)[0]

    def _message(self, data: Buffer, chain: Chain, waits: int = 1) -> tuple[bytes, int]:
        """Send one XfrBlock; ``waits`` waiting times are granted to the card. A lost message is recovered from, and told as Late."""
        if len(data) > self._it.room:
            raise Unfit("longer than a message")
        specific = bytes((waits if waits > 1 else 0, chain, 0))
        limit = max(self._driver.answer_limit, self._waiting * waits + 1)
        try:
            answer = self._driver.command(Out.XFR_BLOCK, self._slot, specific, data, limit=limit, waiting=self._waiting)
        except Late:
            self._driver.recover(self._slot)
            raise
        return answer.data, answer.parameter

    def _block(self, block: Buffer, waits: int) -> bytes:
        try:
            return self._send(block, waits)
        except Failed as error:
            if error.absent or error.error not in (SlotError.MUTE, SlotError.PARITY, SlotError.OVERRUN):
                raise
            raise NoBlock(parity=error.error != SlotError.MUTE) from None
        except (Late, Garbled):
            raise NoBlock(parity=False) from None

    def _tpdu(self, tpdu: Buffer) -> bytes:
        return self._send(tpdu)

    def _short(self, apdu: Buffer) -> bytes:
        try:
            command = Command.decode(apdu)
        except ValueError:
            raise Unfit("no command of ISO/IEC 7816-4") from None
        if command.extended:
            raise Unfit("extended length at the short level")
        return self._send(apdu)

    def _extended(self, apdu: Buffer) -> bytes:
        """Send in parts where one message does not hold the command, and collect the answer's parts (CCID 1.1, 6.1.4 and 6.2.1)."""
        room = self._it.room
        parts = [apdu[place : place + room] for place in range(0, len(apdu), room)] or [b""]
        for place, part in enumerate(parts):
            last = place == len(parts) - 1
            chain = _CHAIN[place > 0, not last]
            data, parameter = self._message(part, chain)
            if not last and (data or parameter != Chain.GO_ON):
                raise Incomplete("the reader does not take a command in parts")
        answer = bytearray(data)
        for _ in range(_MOST_PARTS):
            if parameter not in (Chain.BEGINS, Chain.CONTINUES):
                return bytes(answer)
            data, parameter = self._message(b"", Chain.GO_ON)
            answer += data
            if len(answer) > _MOST_BYTES:
                break
        raise Incomplete("an answer without end")


_CHAIN = {
    (False, False): Chain.WHOLE,
    (False, True): Chain.BEGINS,
    (True, True): Chain.CONTINUES,
    (True, False): Chain.ENDS,
}
"""By whether parts came before and whether parts follow."""
