"""QEMU's own CCID device, `usb-ccid`, on pyusb's bus, without a guest: a reader that nobody here has written.

A machine with an idle processor is started; its OHCI host controller (OpenHCI 1.0a) is driven from here, register by
register, over QEMU's qtest protocol (docs/devel/qtest.rst), and what it carries is offered as a back end to pyusb.
The card is the one behind the device's chardev: `QemuReader.port` is where it connects.
"""

import array
import contextlib
import errno
import os
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import usb.backend
from usb.core import USBError, USBTimeoutError

from tests.support.ports import free_port

PROGRAM = "qemu-system-arm"
_OHCI = 0x01C1C400
"""The second host controller of the Allwinner A10, where QEMU's cubieboard puts a full-speed device."""
_IDLE = 0xEAFFFFFDE320F003
"""At the reset vector: wfi, and a branch back to it."""
_CONTROL, _COMMAND, _HCCA_REGISTER, _CONTROL_HEAD, _BULK_HEAD, _PORT = 0x04, 0x08, 0x18, 0x20, 0x28, 0x54
_MEMORY = 0x40000000
_HCCA, _EDS, _TDS, _BUFFER = _MEMORY, _MEMORY + 0x1000, _MEMORY + 0x2000, _MEMORY + 0x10000
_PAGE, _PACKET = 0x1000, 64
_SETUP, _OUT, _IN = 0, 1, 2
"""Direction of a transfer descriptor (4.3.1)."""
_STALL = 4
_INTERRUPT_IN = 0x81
_ADDRESS = 1
_FRAMES = 0.003
"""Seconds after which the controller has let go of an endpoint that it is to skip."""
_SLICE = 0.004
"""Seconds that a transfer is left with the controller before another thread's may come in between."""
_PAUSE = 0.02
"""Seconds between two looks for a notification."""


@contextlib.contextmanager
def qemu_reader() -> Iterator["QemuReader"]:
    """Run a QEMU with a reader until the block ends."""
    port = free_port()
    process = subprocess.Popen(
        [PROGRAM, "-M", "cubieboard,usb=on", "-nodefaults", "-nic", "none", "-display", "none",
         "-device", f"loader,addr=0,data={_IDLE:#x},data-len=8", "-qtest", "stdio", "-qtest-log", "/dev/null",
         "-chardev", f"socket,id=ccid,server=on,wait=off,host=127.0.0.1,port={port}",
         "-device", "usb-ccid", "-device", "ccid-card-passthru,chardev=ccid"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield QemuReader(process, port)
    finally:
        process.terminate()
        process.communicate(timeout=10)


def _error(number: int) -> USBError:
    return (USBTimeoutError if number == errno.ETIMEDOUT else USBError)(os.strerror(number), -1, number)


@dataclass
class _Endpoint:
    """An endpoint descriptor in the controller's memory."""

    at: int
    flags: int
    carry: int = 0


class QemuReader(usb.backend.IBackend):
    """A bus with one device on it."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        self.port = port
        self._process, self._lock = process, threading.Lock()
        self._endpoints: dict[int, _Endpoint] = {}
        self._write(_OHCI + _HCCA_REGISTER, _HCCA)
        self._write(_OHCI + _CONTROL, 2 << 6 | 1 << 5 | 1 << 4)  # operational, bulk and control lists
        self._write(_OHCI + _PORT, 1 << 4)  # reset the port, which enables it
        self._address = 0
        self._control(0x00, 5, _ADDRESS, 0, b"")
        self._address = _ADDRESS
        self._control(0x00, 9, 1, 0, b"")
        self._device = self._control(0x80, 6, 1 << 8, 0, 18)
        length = struct.unpack("<H", self._control(0x80, 6, 2 << 8, 0, 9)[2:4])[0]
        self._configuration = self._control(0x80, 6, 2 << 8, 0, length)

    # --- qtest

    def _ask(self, *words: object) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(" ".join(map(str, words)).encode() + b"\n")
        self._process.stdin.flush()
        while line := self._process.stdout.readline().decode().split():
            if line[0] == "OK":
                return line[1] if len(line) > 1 else ""
            if line[0] in ("FAIL", "ERR"):
                break
        raise RuntimeError(f"qtest: {words}: {line}")

    def _write(self, at: int, value: int) -> None:
        self._ask("writel", hex(at), hex(value))

    def _read(self, at: int) -> int:
        return int(self._ask("readl", hex(at)), 16)

    def _put(self, at: int, octets: bytes) -> None:
        if octets:
            self._ask("write", hex(at), len(octets), "0x" + octets.hex())

    def _get(self, at: int, length: int) -> bytes:
        return bytes.fromhex(self._ask("read", hex(at), length)[2:]) if length else b""

    # --- OHCI

    def _endpoint(self, number: int) -> _Endpoint:
        if number not in self._endpoints:
            direction = 0 if number == 0 else 2 if number & 0x80 else 1
            flags = (number & 0x0F) << 7 | direction << 11 | _PACKET << 16
            self._endpoints[number] = _Endpoint(_EDS + 16 * len(self._endpoints), flags)
        return self._endpoints[number]

    def _run(self, number: int, stages: list[tuple[int, int, bytes | int]], timeout: float) -> list[bytes]:
        """Have stages (direction, toggle, octets to send or count to receive) done; give what each received."""
        endpoint, tail = self._endpoint(number), _TDS + 16 * len(stages)
        for index, (direction, toggle, what) in enumerate(stages):
            count = what if isinstance(what, int) else len(what)
            start = _BUFFER + _PAGE * index
            if isinstance(what, bytes):
                self._put(start, what)
            flags = 0xF << 28 | toggle << 24 | 7 << 21 | direction << 19 | 1 << 18
            buffer, end = (start, start + count - 1) if count else (0, 0)
            self._put(_TDS + 16 * index, struct.pack("<IIII", flags, buffer, _TDS + 16 * (index + 1), end))
        flags = endpoint.flags | self._address
        self._put(endpoint.at, struct.pack("<IIII", flags, tail, _TDS | endpoint.carry, 0))
        self._write(_OHCI + (_BULK_HEAD if number else _CONTROL_HEAD), endpoint.at)
        self._write(_OHCI + _COMMAND, 1 << (2 if number else 1))
        deadline, skipped = time.monotonic() + timeout, False
        while True:
            head = self._read(endpoint.at + 8)
            if head & 1 or head & ~0xF == tail:
                break
            if skipped:
                raise _error(errno.ETIMEDOUT)
            if time.monotonic() > deadline:
                self._put(endpoint.at, struct.pack("<I", flags | 1 << 14))
                time.sleep(_FRAMES)
                skipped = True
            time.sleep(0.0005)
        endpoint.carry = head & 2
        received = []
        for index, (_, _, what) in enumerate(stages):
            word, at = struct.unpack("<II", self._get(_TDS + 16 * index, 8))
            if word >> 28 not in (0, 9):
                raise _error(errno.EPIPE if word >> 28 == _STALL else errno.EIO)
            start = _BUFFER + _PAGE * index
            if isinstance(what, int):
                received.append(self._get(start, at - start if at else what))
        return received

    def _control(self, kind: int, request: int, value: int, index: int, what: bytes | int) -> bytes:
        with self._lock:
            return self._stages(kind, request, value, index, what)

    def _stages(self, kind: int, request: int, value: int, index: int, what: bytes | int) -> bytes:
        count = what if isinstance(what, int) else len(what)
        setup = struct.pack("<BBHHH", kind, request, value, index, count)
        data = [(_IN if isinstance(what, int) else _OUT, 3, what)] if count else []
        status: tuple[int, int, bytes | int] = (_OUT, 3, b"") if isinstance(what, int) and count else (_IN, 3, 0)
        received = self._run(0, [(_SETUP, 2, setup), *data, status], 1.0)
        return received[0] if received else b""

    # --- pyusb

    def _descriptors(self, kind: int) -> list[tuple[bytes, bytes]]:
        """List descriptors of a kind, each with the class descriptors behind it."""
        found: list[tuple[bytes, bytes]] = []
        at, wanted = 0, False
        while at < len(self._configuration):
            one = self._configuration[at : at + self._configuration[at]]
            if one[1] in (2, 4, 5):
                wanted = one[1] == kind
                if wanted:
                    found.append((one, b""))
            elif wanted:
                found[-1] = found[-1][0], found[-1][1] + one
            at += len(one)
        return found

    def enumerate_devices(self) -> list[str]:
        return ["usb-ccid"]

    def get_parent(self, dev: str) -> None:
        return None

    def get_device_descriptor(self, dev: str) -> SimpleNamespace:
        names = (
            "bLength bDescriptorType bcdUSB bDeviceClass bDeviceSubClass bDeviceProtocol bMaxPacketSize0 idVendor"
            " idProduct bcdDevice iManufacturer iProduct iSerialNumber bNumConfigurations"
        )
        values = struct.unpack("<BBHBBBBHHHBBBB", self._device)
        place = {"bus": 1, "address": _ADDRESS, "port_number": 1, "port_numbers": (1,), "speed": 2}
        return SimpleNamespace(**dict(zip(names.split(), values, strict=True)), **place)

    def get_configuration_descriptor(self, dev: str, config: int) -> SimpleNamespace:
        names = "bLength bDescriptorType wTotalLength bNumInterfaces bConfigurationValue iConfiguration bmAttributes bMaxPower"
        return self._named(names, "<BBHBBBBB", 2, config)

    def get_interface_descriptor(self, dev: str, intf: int, alt: int, config: int) -> SimpleNamespace:
        if alt or config:
            raise IndexError(alt)
        names = (
            "bLength bDescriptorType bInterfaceNumber bAlternateSetting bNumEndpoints bInterfaceClass"
            " bInterfaceSubClass bInterfaceProtocol iInterface"
        )
        return self._named(names, "<BBBBBBBBB", 4, intf)

    def get_endpoint_descriptor(self, dev: str, ep: int, intf: int, alt: int, config: int) -> SimpleNamespace:
        made = self._named(
            "bLength bDescriptorType bEndpointAddress bmAttributes wMaxPacketSize bInterval", "<BBBBHB", 5, ep
        )
        made.bRefresh = made.bSynchAddress = 0
        return made

    def _named(self, names: str, form: str, kind: int, index: int) -> SimpleNamespace:
        octets, extra = self._descriptors(kind)[index]
        values = dict(zip(names.split(), struct.unpack_from(form, octets), strict=True))
        return SimpleNamespace(**values, extra_descriptors=list(extra))

    def open_device(self, dev: str) -> str:
        return dev

    def close_device(self, dev_handle: str) -> None:
        pass

    def get_configuration(self, dev_handle: str) -> int:
        return 1

    def set_configuration(self, dev_handle: str, config_value: int) -> None:
        self._control(0x00, 9, config_value, 0, b"")

    def claim_interface(self, dev_handle: str, intf: int) -> None:
        pass

    def release_interface(self, dev_handle: str, intf: int) -> None:
        pass

    def is_kernel_driver_active(self, dev_handle: str, intf: int) -> bool:
        return False

    def clear_halt(self, dev_handle: str, ep: int) -> None:
        self._control(0x02, 1, 0, ep, b"")
        self._endpoint(ep).carry = 0

    def bulk_write(self, dev_handle: str, ep: int, intf: int, data: Any, timeout: int) -> int:
        with self._lock:
            self._run(ep, [(_OUT, 0, data.tobytes())], timeout / 1000 or float("inf"))
        return len(data)

    def bulk_read(self, dev_handle: str, ep: int, intf: int, buff: Any, timeout: int) -> int:
        """Receive packet by packet, as a controller does, until one is short or the buffer is full."""
        deadline, got = time.monotonic() + timeout / 1000 if timeout else float("inf"), 0
        while got < len(buff):
            wanted = min(len(buff) - got, _PACKET)
            try:
                with self._lock:
                    (octets,) = self._run(ep, [(_IN, 0, wanted)], _SLICE)
            except USBTimeoutError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE if ep == _INTERRUPT_IN else 0)
                continue
            buff[got : got + len(octets)] = array.array("B", octets)
            got += len(octets)
            if len(octets) < _PACKET:
                break
        return got

    intr_read = bulk_read

    def ctrl_transfer(
        self, dev_handle: str, bmRequestType: int, bRequest: int, wValue: int, wIndex: int, data: Any, timeout: int
    ) -> int:
        if not bmRequestType & 0x80:
            self._control(bmRequestType, bRequest, wValue, wIndex, data.tobytes())
            return len(data)
        octets = self._control(bmRequestType, bRequest, wValue, wIndex, len(data))
        data[: len(octets)] = array.array("B", octets)
        return len(octets)
