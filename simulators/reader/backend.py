"""Simulated readers where pyusb keeps its back ends: `usb.core.find(backend=Backend(device), find_all=True)`.

Errors are those of pyusb's libusb 1.0 back end: USBError with errno, USBTimeoutError for a timeout.
"""

import array
import errno
import os
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import usb.backend
from usb.core import USBError, USBTimeoutError

from simulators.reader.ccid import ClassRequest
from simulators.reader.device import Device

BULK_OUT, BULK_IN, INTERRUPT_IN = 0x01, 0x82, 0x83
_CONFIGURATION = 1
_LIBUSB = {
    errno.EIO: -1, errno.EINVAL: -2, errno.EACCES: -3, errno.ENODEV: -4, errno.ENOENT: -5, errno.EBUSY: -6,
    errno.ETIMEDOUT: -7, errno.EOVERFLOW: -8, errno.EPIPE: -9,
}  # fmt: skip
_STRING, _ENGLISH = 0x03, 0x0409
_GET_DESCRIPTOR = 0x06
_STANDARD_IN, _CLASS_IN, _CLASS_OUT = 0x80, 0xA1, 0x21
"""bmRequestType: to the device, and to its interface (USB 2.0, table 9-2)."""


def _error(number: int) -> USBError:
    kind = USBTimeoutError if number == errno.ETIMEDOUT else USBError
    return kind(os.strerror(number), _LIBUSB[number], number)


@dataclass(frozen=True)
class _Descriptor:
    """Any descriptor: its fields by the names of the USB specification."""

    fields: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        try:
            return self.fields[name]
        except KeyError:
            raise AttributeError(name) from None


@dataclass(frozen=True)
class _Identity:
    """A device at an address: what a bus enumerates. The same device plugged in again is another one."""

    device: Device
    address: int


@dataclass(eq=False)
class _Handle:
    """An open device."""

    identity: _Identity
    claimed: bool = field(default=False)

    def alive(self) -> Device:
        device = self.identity.device
        if not device.plugged or device.address != self.identity.address:
            raise _error(errno.ENODEV)
        return device

    def ready(self) -> Device:
        device = self.alive()
        if not self.claimed:
            raise _error(errno.EBUSY if device.taken_by_others else errno.EIO)
        return device


class Backend(usb.backend.IBackend):  # type: ignore[misc]  # pyusb has no types
    """A bus with readers on it."""

    def __init__(self, *devices: Device) -> None:
        self.devices = devices
        self._owners: dict[_Identity, _Handle] = {}

    def enumerate_devices(self) -> Iterable[_Identity]:
        """Yield those that are plugged in."""
        return [_Identity(device, device.address) for device in self.devices if device.plugged]

    def get_parent(self, dev: _Identity) -> None:
        """No hub is in between."""

    def get_device_descriptor(self, dev: _Identity) -> _Descriptor:
        """Return the device descriptor."""
        model = dev.device.model
        return _Descriptor(
            {
                "bLength": 18, "bDescriptorType": 1, "bcdUSB": 0x0200, "bDeviceClass": 0, "bDeviceSubClass": 0,
                "bDeviceProtocol": 0, "bMaxPacketSize0": 64, "idVendor": model.vendor, "idProduct": model.product,
                "bcdDevice": model.release, "iManufacturer": 1, "iProduct": 2, "iSerialNumber": 0,
                "bNumConfigurations": 1, "bus": 1, "address": dev.address, "port_number": 1, "port_numbers": (1,),
                "speed": 3 if model.packet == 512 else 2,
            }
        )  # fmt: skip

    def get_configuration_descriptor(self, dev: _Identity, config: int) -> _Descriptor:
        """Return the only configuration; IndexError for another."""
        _only(config)
        model = dev.device.model
        endpoints = 2 + model.interrupt
        return _Descriptor(
            {
                "bLength": 9, "bDescriptorType": 2, "wTotalLength": 9 + 9 + 54 + 7 * endpoints, "bNumInterfaces": 1,
                "bConfigurationValue": _CONFIGURATION, "iConfiguration": 0, "bmAttributes": 0x80, "bMaxPower": 50,
                "extra_descriptors": [],
            }
        )  # fmt: skip

    def get_interface_descriptor(self, dev: _Identity, intf: int, alt: int, config: int) -> _Descriptor:
        """Return the only interface; IndexError for another."""
        _only(config, intf, alt)
        model = dev.device.model
        return _Descriptor(
            {
                "bLength": 9, "bDescriptorType": 4, "bInterfaceNumber": 0, "bAlternateSetting": 0,
                "bNumEndpoints": 2 + model.interrupt, "bInterfaceClass": model.interface_class,
                "bInterfaceSubClass": 0, "bInterfaceProtocol": 0, "iInterface": 0,
                "extra_descriptors": [] if model.descriptor_at_endpoint else list(model.class_descriptor),
            }
        )  # fmt: skip

    def get_endpoint_descriptor(self, dev: _Identity, ep: int, intf: int, alt: int, config: int) -> _Descriptor:
        """Return one of two or three; IndexError for another."""
        _only(config, intf, alt)
        model = dev.device.model
        address, attributes, size, interval = (
            (BULK_OUT, 2, model.packet, 0),
            (BULK_IN, 2, model.packet, 0),
            (INTERRUPT_IN, 3, 8, 24),
        )[: 2 + model.interrupt][ep]
        glued = model.descriptor_at_endpoint and ep == 1 + model.interrupt
        return _Descriptor(
            {
                "bLength": 7, "bDescriptorType": 5, "bEndpointAddress": address, "bmAttributes": attributes,
                "wMaxPacketSize": size, "bInterval": interval, "bRefresh": 0, "bSynchAddress": 0,
                "extra_descriptors": list(model.class_descriptor) if glued else [],
            }
        )  # fmt: skip

    def open_device(self, dev: _Identity) -> _Handle:
        """Open a device; EACCES if the user may not."""
        handle = _Handle(dev)
        if handle.alive().forbidden:
            raise _error(errno.EACCES)
        return handle

    def close_device(self, dev_handle: _Handle) -> None:
        """Close it, releasing what it has claimed."""
        self._release(dev_handle)

    def set_configuration(self, dev_handle: _Handle, config_value: int) -> None:
        """Set the only configuration; EBUSY while somebody has claimed the interface."""
        device = dev_handle.alive()
        if config_value != _CONFIGURATION:
            raise _error(errno.ENOENT)
        if device.taken_by_others or dev_handle.identity in self._owners:
            raise _error(errno.EBUSY)

    def get_configuration(self, dev_handle: _Handle) -> int:
        """Return the only configuration's value."""
        dev_handle.alive()
        return _CONFIGURATION

    def set_interface_altsetting(self, dev_handle: _Handle, intf: int, altsetting: int) -> None:
        """Accept the only setting."""
        dev_handle.ready()
        if intf or altsetting:
            raise _error(errno.ENOENT)

    def claim_interface(self, dev_handle: _Handle, intf: int) -> None:
        """Claim the interface; EBUSY if somebody has it."""
        device = dev_handle.alive()
        if intf:
            raise _error(errno.ENOENT)
        owner = self._owners.get(dev_handle.identity, dev_handle)
        if device.taken_by_others or owner is not dev_handle:
            raise _error(errno.EBUSY)
        self._owners[dev_handle.identity] = dev_handle
        dev_handle.claimed = True

    def release_interface(self, dev_handle: _Handle, intf: int) -> None:
        """Release it; ENOENT if it was not claimed."""
        dev_handle.alive()
        if intf or not dev_handle.claimed:
            raise _error(errno.ENOENT)
        self._release(dev_handle)

    def _release(self, handle: _Handle) -> None:
        handle.claimed = False
        if self._owners.get(handle.identity) is handle:
            del self._owners[handle.identity]

    def bulk_write(self, dev_handle: _Handle, ep: int, intf: int, data: "array.array[int]", timeout: int) -> int:
        """Send a message; EPIPE while the endpoint is halted."""
        device = dev_handle.ready()
        if ep != BULK_OUT:
            raise _error(errno.ENOENT)
        with device.changed:
            if not device.halted_out and data:
                device.receive(data.tobytes())
            if device.halted_out:
                raise _error(errno.EPIPE)
        return len(data)

    def bulk_read(self, dev_handle: _Handle, ep: int, intf: int, buff: "array.array[int]", timeout: int) -> int:
        """Receive packets until one is short or the buffer is full; timeout in milliseconds, 0 for none."""
        device = dev_handle.ready()
        if ep != BULK_IN:
            raise _error(errno.ENOENT)
        deadline, got, space = _deadline(timeout), 0, len(buff)
        with device.changed:
            while True:
                dev_handle.alive()
                if device.halted_in:
                    raise _error(errno.EPIPE)
                now = time.monotonic()
                if device.bulk_in and device.bulk_in[0].due <= now:
                    packet = device.bulk_in.popleft()
                    if len(packet.octets) > space - got:
                        raise _error(errno.EOVERFLOW)
                    buff[got : got + len(packet.octets)] = array.array("B", packet.octets)
                    got += len(packet.octets)
                    if packet.taken is not None:
                        packet.taken()
                    if len(packet.octets) < device.model.packet or got == space:
                        return got
                    continue
                if now >= deadline:
                    if got:
                        return got
                    raise _error(errno.ETIMEDOUT)
                until = min([deadline, *(one.due for one in list(device.bulk_in)[:1])])
                device.changed.wait(None if until == float("inf") else until - now)

    def intr_read(self, dev_handle: _Handle, ep: int, intf: int, buff: "array.array[int]", timeout: int) -> int:
        """Receive a notification; timeout in milliseconds, 0 for none."""
        device = dev_handle.ready()
        if ep != INTERRUPT_IN or not device.model.interrupt:
            raise _error(errno.ENOENT)
        deadline = _deadline(timeout)
        with device.changed:
            while not device.interrupts:
                dev_handle.alive()
                now = time.monotonic()
                if now >= deadline:
                    raise _error(errno.ETIMEDOUT)
                device.changed.wait(None if deadline == float("inf") else deadline - now)
            message = device.interrupts.popleft()
        if len(message) > len(buff):
            raise _error(errno.EOVERFLOW)
        buff[: len(message)] = array.array("B", message)
        return len(message)

    def ctrl_transfer(
        self, dev_handle: _Handle, bmRequestType: int, bRequest: int, wValue: int, wIndex: int,
        data: "array.array[int]", timeout: int,
    ) -> int:  # fmt: skip
        """Answer string descriptors and CCID's class requests; all others stall."""
        device = dev_handle.alive()
        match bmRequestType, bRequest:
            case _, _ if bmRequestType == _STANDARD_IN and bRequest == _GET_DESCRIPTOR and wValue >> 8 == _STRING:
                answer = _string(device, wValue & 0xFF)
            case _, ClassRequest.ABORT if bmRequestType == _CLASS_OUT:
                with dev_handle.ready().changed:
                    device.abort(wValue & 0xFF, wValue >> 8)
                return 0
            case _, ClassRequest.GET_CLOCK_FREQUENCIES if bmRequestType == _CLASS_IN and device.model.clocks:
                answer = struct.pack(f"<{len(device.model.clocks)}I", *device.model.clocks)
            case _, ClassRequest.GET_DATA_RATES if bmRequestType == _CLASS_IN and device.model.rates:
                answer = struct.pack(f"<{len(device.model.rates)}I", *device.model.rates)
            case _:
                raise _error(errno.EPIPE)
        part = answer[: len(data)]
        data[: len(part)] = array.array("B", part)
        return len(part)

    def clear_halt(self, dev_handle: _Handle, ep: int) -> None:
        """Let an endpoint go on."""
        device = dev_handle.ready()
        with device.changed:
            if ep == BULK_IN:
                device.halted_in = False
            if ep == BULK_OUT:
                device.halted_out = False

    def reset_device(self, dev_handle: _Handle) -> None:
        """Reset the port; the device comes back at the same address."""
        device = dev_handle.alive()
        with device.changed:
            device.reset()

    def is_kernel_driver_active(self, dev_handle: _Handle, intf: int) -> bool:
        """Linux has no driver for smart card readers."""
        dev_handle.alive()
        return False

    def detach_kernel_driver(self, dev_handle: _Handle, intf: int) -> None:
        """There is none to detach."""
        dev_handle.alive()
        raise _error(errno.ENOENT)

    def attach_kernel_driver(self, dev_handle: _Handle, intf: int) -> None:
        """There is none to attach."""
        dev_handle.alive()
        raise _error(errno.ENOENT)


def _only(*indexes: int) -> None:
    if any(indexes):
        raise IndexError(f"no descriptor {indexes}")


def _deadline(timeout: int) -> float:
    return time.monotonic() + timeout / 1000 if timeout else float("inf")


def _string(device: Device, index: int) -> bytes:
    if index == 0:
        body = struct.pack("<H", _ENGLISH)
    elif index in (1, 2):
        body = (device.model.manufacturer if index == 1 else device.model.name).encode("utf-16-le")
    else:
        raise _error(errno.EPIPE)
    return bytes([2 + len(body), _STRING]) + body
