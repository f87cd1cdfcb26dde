"""A reader's interface on the bus: pyusb's calls, and its errors told apart."""

from __future__ import annotations

import array
import contextlib
import errno
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import usb.core
import usb.util

from stb_agent.card.readers.ccid import descriptor
from stb_agent.card.readers.ccid.descriptor import Descriptor, Reason
from stb_agent.card.readers.ccid.faults import Fault, Garbled, Gone, Late, Refused, Taken

_ABORT = 0x01
"""bRequest of the class request ABORT (CCID 1.1, 5.3.1)."""
_CONTROL_LIMIT = 1.0
_WRITE_LIMIT = 2.0
_BULK, _INTERRUPT = 2, 3
_BY_ERRNO: dict[int | None, type[Fault]] = {
    errno.ENODEV: Gone,
    errno.ENOENT: Gone,
    errno.ESHUTDOWN: Gone,
    errno.EBUSY: Taken,
    errno.EACCES: Refused,
    errno.EPERM: Refused,
    errno.ETIMEDOUT: Late,
}


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Turn what pyusb raises into a Fault; a halted endpoint and any other failure are Garbled."""
    try:
        yield
    except usb.core.USBTimeoutError as error:
        raise Late from error
    except usb.core.USBError as error:
        raise _BY_ERRNO.get(error.errno, Garbled)(str(error)) from error
    except (NotImplementedError, ValueError) as error:
        raise Garbled(str(error)) from error


@dataclass(frozen=True)
class Found:
    """A CCID interface of a device, not yet claimed. ``reasons``: why it cannot be used, if so."""

    device: Any
    interface: int
    descriptor: Descriptor
    bulk_in: int
    bulk_out: int
    interrupt: int | None
    packet: int
    reasons: tuple[Reason, ...] = field(default=())

    def name(self) -> str:
        """Ask the device what it is called; its numbers if it does not tell."""
        told = [_string(self.device, index) for index in (self.device.iManufacturer, self.device.iProduct)]
        maker, product = (text.strip() for text in told)
        name = product if maker and product.startswith(maker) else f"{maker} {product}".strip()
        return name or f"{self.device.idVendor:04X}:{self.device.idProduct:04X}"


def interfaces(device: Any) -> tuple[Found, ...]:
    """Give a device's CCID interfaces from its descriptors, which need no permission. Raises Fault if it left meanwhile."""
    found = []
    with _told():
        for configuration in device:
            for interface in configuration:
                if interface.bAlternateSetting == 0 and (it := _ccid(device, interface)):
                    found.append(it)
    return tuple(found)


def _ccid(device: Any, interface: Any) -> Found | None:
    if not descriptor.speaks_ccid(interface.bInterfaceClass, device.idVendor, device.idProduct):
        return None
    endpoints = list(interface)
    extras = [bytes(it.extra_descriptors) for it in (interface, *endpoints)]
    known = descriptor.find(*extras)
    if known is None:
        return None
    by_kind = {(it.bmAttributes & 0x03, it.bEndpointAddress & 0x80): it for it in reversed(endpoints)}
    inward, outward, interrupt = (by_kind.get(kind) for kind in ((_BULK, 0x80), (_BULK, 0), (_INTERRUPT, 0x80)))
    reasons = known.unfit() + (() if inward is not None and outward is not None else (Reason.ENDPOINTS,))
    return Found(
        device,
        interface.bInterfaceNumber,
        known,
        inward.bEndpointAddress if inward is not None else 0,
        outward.bEndpointAddress if outward is not None else 0,
        interrupt.bEndpointAddress if interrupt is not None else None,
        (inward.wMaxPacketSize & 0x7FF if inward is not None else 0) or 64,
        reasons,
    )


def _string(device: Any, index: int) -> str:
    if not index:
        return ""
    try:
        return usb.util.get_string(device, index) or ""
    except (usb.core.USBError, ValueError, NotImplementedError):
        return ""


class Port:
    """A claimed interface. Times in seconds; the claim of another program is respected, never taken away."""

    def __init__(self, found: Found) -> None:
        """Claim. Raises Taken, Refused, Gone, Garbled."""
        self._found = found
        self._device = found.device
        size = found.descriptor.max_message
        # A whole number of packets, so that a reader that sends more than it may cannot overflow the transfer.
        self._size = -(-size // found.packet) * found.packet
        self._open = True
        with _told():
            try:
                self._configure()
                usb.util.claim_interface(self._device, found.interface)
            except BaseException:
                usb.util.dispose_resources(self._device)
                raise

    def _configure(self) -> None:
        try:
            self._device.get_active_configuration()
        except usb.core.USBError as error:
            if error.errno is not None:
                raise
            # Only a device without a configuration is given one: to set it anew would disturb its other interfaces.
            self._device.set_configuration()

    def write(self, message: bytearray) -> None:
        """Send a message, and wipe it. Raises Late, Garbled, Gone."""
        buffer = array.array("B", message)
        try:
            with _told():
                if self._device.write(self._found.bulk_out, buffer, _ms(_WRITE_LIMIT)) != len(buffer):
                    raise Garbled("sent in part")
        finally:
            buffer[:] = array.array("B", bytes(len(buffer)))
            message[:] = bytes(len(message))

    def read(self, limit: float) -> bytes:
        """Receive a message. Raises Late, Garbled, Gone."""
        with _told():
            return bytes(self._device.read(self._found.bulk_in, self._size, _ms(limit)))

    def listen(self, limit: float) -> bytes | None:
        """Wait for a notice of the interrupt endpoint; None if none came. Raises Garbled, Gone."""
        assert self._found.interrupt is not None
        size = max(8, 1 + (self._found.descriptor.slots + 3) // 4)
        try:
            with _told():
                return bytes(self._device.read(self._found.interrupt, size, _ms(limit)))
        except Late:
            return None

    def abort(self, slot: int, seq: int) -> None:
        """Send the class request ABORT; the bulk message of the same number has to follow. Raises Garbled, Gone."""
        kind = usb.util.build_request_type(
            usb.util.CTRL_OUT, usb.util.CTRL_TYPE_CLASS, usb.util.CTRL_RECIPIENT_INTERFACE
        )
        with _told():
            self._device.ctrl_transfer(kind, _ABORT, seq << 8 | slot, self._found.interface, None, _ms(_CONTROL_LIMIT))

    def clear(self) -> None:
        """Clear halted endpoints. Raises Gone."""
        for endpoint in (self._found.bulk_in, self._found.bulk_out):
            with contextlib.suppress(Garbled, Late), _told():
                self._device.clear_halt(endpoint)

    def close(self) -> None:
        """Let the interface and the device go; a second call does nothing. Never raises."""
        if self._open:
            self._open = False
            with contextlib.suppress(Fault), _told():
                usb.util.dispose_resources(self._device)


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))
