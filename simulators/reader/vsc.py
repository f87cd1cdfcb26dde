"""A card behind QEMU's `usb-ccid`: the virtual smart card protocol of libcacard (vscard_common.h).

QEMU: `-chardev socket,id=ccid,server=on,wait=off,host=127.0.0.1,port=2001 -device usb-ccid -device
ccid-card-passthru,chardev=ccid`. The device that the guest sees is at TPDU level and passes TPDUs on as they are
(hw/usb/dev-smartcard-reader.c), so this is the card's side of T=1.
"""

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass, field
from enum import IntEnum

from simulators.card import Slot
from simulators.card.vpcd import RETRY, Pulled
from simulators.reader.contact import Contact
from simulators.reader.faults import BlockScript

PORT = 2001
"""That of QEMU's documentation (docs/system/devices/ccid.rst)."""
HEADER = struct.Struct(">III")
"""Type, reader, length of what follows."""
_MAGIC, _VERSION = b"VSCD", 2
"""VSCARD_MAGIC, and version 0.0.2."""
_UNDEFINED, _READER = 0xFFFFFFFF, 0
_LONGEST = 0x10000


class Kind(IntEnum):
    """VSCMsgType."""

    INIT = 1
    ERROR = 2
    READER_ADD = 3
    READER_REMOVE = 4
    ATR = 5
    CARD_REMOVE = 6
    APDU = 7
    FLUSH = 8
    FLUSH_COMPLETE = 9


class VscError(Exception):
    """QEMU refused something; `code` is VSCErrorCode."""

    def __init__(self, code: int) -> None:
        super().__init__(f"VSC error {code}")
        self.code = code


@dataclass(frozen=True)
class Reader:
    """The slot of a QEMU at a host and port; `blocks` are the accidents on the line to the card."""

    host: str = "127.0.0.1"
    port: int = PORT
    empty: float = 0.0
    bwt: float | None = None
    blocks: BlockScript = field(default_factory=BlockScript)

    async def hold(self, slot: Slot, connected: asyncio.Event) -> None:
        """Keep a card in the slot until cancelled or Pulled is raised; connects again when QEMU comes back."""
        while True:
            try:
                reader, writer = await asyncio.open_connection(self.host, self.port)
            except OSError:
                await asyncio.sleep(RETRY)
                continue
            line = _Line(reader, writer, Contact(slot, bwt=self.bwt, blocks=self.blocks))
            try:
                await line.insert()
                connected.set()
                await line.serve()
            except (asyncio.IncompleteReadError, ConnectionError):
                await asyncio.sleep(RETRY)
            finally:
                connected.clear()
                slot.end(seen=False)
                slot.power_off()
                await line.remove()


class _Line:
    """A connection with a card at its end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, contact: Contact) -> None:
        self._reader, self._writer, self._contact = reader, writer, contact

    async def insert(self) -> None:
        """Introduce the reader and the card."""
        self._send(Kind.INIT, _MAGIC + struct.pack(">II", _VERSION, 0), _UNDEFINED)
        self._send(Kind.READER_ADD, b"", _UNDEFINED)
        self._send(Kind.ATR, self._contact.power_on(5.0) or b"")
        await self._writer.drain()

    async def serve(self) -> None:
        """Answer what comes for the card."""
        while True:
            kind, payload = await self._receive()
            match kind:
                case Kind.ERROR if (code := int.from_bytes(payload[:4])) != 0:
                    raise VscError(code)
                case Kind.FLUSH:
                    self._send(Kind.FLUSH_COMPLETE, b"")
                case Kind.APDU:
                    await self._exchange(payload)
            await self._writer.drain()

    async def _exchange(self, payload: bytes) -> None:
        time = asyncio.get_running_loop().time
        came = time()
        reply = self._contact.exchange(payload)
        if reply.after:
            await asyncio.sleep(reply.after + came - time())
        if reply.octets is not None:
            self._send(Kind.APDU, reply.octets)
        if reply.settled:
            self._contact.slot.end()
        if reply.pulled:
            raise Pulled(None)

    async def remove(self) -> None:
        """Say that card and reader are gone, if anybody still listens."""
        with contextlib.suppress(OSError):
            self._send(Kind.CARD_REMOVE, b"")
            self._send(Kind.READER_REMOVE, b"")
            await self._writer.drain()
            self._writer.close()
            await self._writer.wait_closed()

    def _send(self, kind: Kind, payload: bytes, reader: int = _READER) -> None:
        self._writer.write(HEADER.pack(kind, reader, len(payload)) + payload)

    async def _receive(self) -> tuple[int, bytes]:
        kind, _, length = HEADER.unpack(await self._reader.readexactly(HEADER.size))
        # QEMU writes header and payload apart: without an acknowledgement at once each block would wait 40 ms for the
        # delayed one (RFC 1122, 4.2.3.2 and 4.2.3.4).
        self._writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        if length > _LONGEST:
            raise ConnectionError(f"a message of {length} octets")
        return kind, await self._reader.readexactly(length)
