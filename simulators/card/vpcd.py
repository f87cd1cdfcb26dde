"""A card for vpcd, the virtual reader of vsmartcard.

Protocol: frankmorgner.github.io/vsmartcard, "Creating a virtual smart card".

Frames in both directions: length (2 octets, big-endian), payload. One octet is a control, which only ATR answers.
A closed connection is an empty slot.
"""

import asyncio
import contextlib
import socket
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

PORT = 35963
"""vpcd's own default, 0x8C7B."""
RETRY = 0.1
"""Seconds between attempts to reach a reader that is not there."""
EMPTY = 0.6
"""Seconds the slot stays empty between two cards. pcscd looks every 0.4 s (PCSCLITE_STATUS_POLL_RATE); a card that
was changed in between can stay unnoticed for ever, if a command found the slot empty meanwhile."""


class Control(IntEnum):
    """Controls of one octet."""

    POWER_OFF = 0
    POWER_ON = 1
    RESET = 2
    ATR = 4


class Pulled(Exception):
    """The card left the slot; `answer` still reached the reader."""

    def __init__(self, answer: bytes | None = None) -> None:
        super().__init__()
        self.answer = answer


class Inserted(Protocol):
    """What lies in the slot."""

    @property
    def atr(self) -> bytes:
        """Answer to reset."""

    def power_off(self) -> None:
        """End the power."""

    def reset(self) -> None:
        """Reset without a loss of power."""

    async def transmit(self, command: bytes) -> bytes:
        """Answer a command, or raise Pulled."""


@dataclass(frozen=True)
class Reader:
    """vpcd's slot at a host and port."""

    host: str
    port: int
    empty: float = EMPTY

    async def hold(self, slot: Inserted, connected: asyncio.Event) -> None:
        """Keep a card in the slot until cancelled or Pulled is raised."""
        await hold(slot, self.host, self.port, connected)


async def hold(card: Inserted, host: str, port: int, connected: asyncio.Event) -> None:
    """Keep a card in the slot until cancelled or Pulled is raised; connects again when the reader comes back."""
    while True:
        try:
            reader, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(RETRY)
            continue
        connected.set()
        try:
            await _serve(card, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            await asyncio.sleep(RETRY)
        finally:
            connected.clear()
            card.power_off()
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def _serve(card: Inserted, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        payload = await _receive(reader, writer)
        match list(payload):
            case [Control.POWER_OFF]:
                card.power_off()
            case [Control.RESET]:
                card.reset()
            case [Control.ATR]:
                await _send(writer, card.atr)
            case [] | [_]:
                pass  # Power on says nothing to a card that is simulated; other controls are not defined.
            case _:
                try:
                    await _send(writer, await card.transmit(payload))
                except Pulled as pulled:
                    if pulled.answer is not None:
                        await _send(writer, pulled.answer)
                    raise


async def _receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    length = int.from_bytes(await reader.readexactly(2))
    # vpcd writes the length and the payload apart, with Nagle's algorithm on: without an acknowledgement at once
    # every command would wait 40 ms for the delayed one (RFC 1122, 4.2.3.2 and 4.2.3.4).
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
    return await reader.readexactly(length)


async def _send(writer: asyncio.StreamWriter, payload: bytes) -> None:
    writer.write(len(payload).to_bytes(2) + payload)
    await writer.drain()
