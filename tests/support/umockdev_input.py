"""Simulated input devices by umockdev: sysfs, event nodes, and the kernel's answers to evdev's ioctls.

Run by Debian's Python, which has umockdev's bindings, with umockdev's library preloaded, since udev's events are sent
to what it finds of devices. Prints the test bed's folder, then answers each command, one JSON list a line:
["plug", node, {kind}], ["emit", node, [[type, code, value, at?] ...]], ["lose", node, up, down] (keys are let go and
pressed, but the reader's queue has overflowed), ["table", node, keys] (a receiver's table is loaded), ["charge", node,
{attribute: text}] (its battery), ["tell", node, action] (udev tells of it), ["unplug", node], ["end", node] (reads give
nothing, as no kernel does), ["hold", node, on] (another program has it for itself), ["grabbed", node] (answers whether
a reader has), ["asked", node] (answers how often the state of the keys was asked). ["cec", node, physical, logical] makes an HDMI-CEC
adapter, or gives it another address of its own and another mask of logical ones.
A node is a FIFO, so that a reader waits for it as for a device; read() itself is answered here when the device is gone.
"""

import errno
import json
import os
import select
import struct
import sys
import time

import gi

gi.require_version("UMockdev", "1.0")
from gi.repository import GLib, UMockdev  # noqa: E402

# linux/input.h: the number within type 'E' of each ioctl, its size and direction aside.
EVIOCGVERSION, EVIOCGID, EVIOCGNAME, EVIOCGPHYS, EVIOCGUNIQ, EVIOCGKEY = 0x01, 0x02, 0x06, 0x07, 0x08, 0x18
EVIOCGBIT, EVIOCGABS, EVIOCGEFFECTS, EVIOCGRAB, EVIOCSCLOCKID = 0x20, 0x40, 0x84, 0x90, 0xA0
EV_SYN, EV_KEY, EV_REL, EV_ABS, EV_MSC, SYN_REPORT, SYN_DROPPED, MSC_SCAN = 0, 1, 2, 3, 4, 0, 3, 4
BUS_USB = 3
WORD = 8 * struct.calcsize("l")


def bits(codes):
    """Give codes as the kernel's bitmap."""
    return sum(1 << code for code in codes).to_bytes(96, "little")


def words(codes):
    """Give codes as sysfs writes a bitmap."""
    whole = sum(1 << code for code in codes)
    parts = [whole >> shift & (1 << WORD) - 1 for shift in range(0, max(whole.bit_length(), 1), WORD)]
    return " ".join(f"{part:x}" for part in reversed(parts))


class Device:
    """One event node."""

    def __init__(self, bed, node, name, keys, rels, axes, bus, folder, vendor, product, clock, told):
        self.bed, self.node, self.name, self.bus, self.told = bed, node, name, bus, told
        self.codes = {EV_KEY: keys, EV_REL: rels, EV_ABS: axes, EV_MSC: [MSC_SCAN]}
        self.down, self.grabbed_by, self.gone, self.held, self.asked = set(), None, False, False, 0
        self.clock, self.monotonic, self.battery = clock, False, None
        number = node.removeprefix("event")
        self.hardware = f"/devices/{folder}" if folder else None
        self.parent = f"{self.hardware or '/devices/virtual'}/input/input{number}"
        up = "../../.."
        if folder and "/rc/" in f"/{folder}":
            self.parent, up = f"{self.hardware}/input{number}", "../.."
        self.path = os.path.join(bed.get_root_dir(), "dev/input", node)
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        os.mkfifo(self.path)
        self.fifo = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)
        self.handler = UMockdev.IoctlBase.new()
        self.handler.connect("handle-ioctl", self.ioctl)
        self.handler.connect("handle-read", self.read)
        self.readers = set()
        self.handler.connect("client-connected", lambda _, client: self.readers.add(client))
        self.handler.connect("client-vanished", lambda _, client: self.readers.discard(client))
        bed.attach_ioctl(f"/dev/input/{node}", self.handler)
        # Last, since it is by sysfs that a reader finds the device.
        usb = os.path.dirname(os.path.dirname(self.hardware)) if folder and bus == BUS_USB else None
        if usb and not os.path.exists(f"{bed.get_root_dir()}/sys{usb}"):
            bed.add_from_string(f"P: {usb}\nE: SUBSYSTEM=usb\nA: idVendor={vendor:04x}\\n\n")
        if self.hardware and not os.path.exists(f"{bed.get_root_dir()}/sys{self.hardware}"):
            bed.add_from_string(f"P: {self.hardware}\nE: SUBSYSTEM=hid\n")
        link = f"L: device={up}/{os.path.basename(folder)}\n" if folder else ""
        bed.add_from_string(
            f"P: {self.parent}\nE: SUBSYSTEM=input\n{link}A: name={name}\\n\nA: capabilities/key={words(keys)}\\n\n"
            f"A: capabilities/abs={words(axes)}\\n\nA: capabilities/rel={words(rels)}\\n\n"
            f"A: id/bustype={bus:04x}\\n\nA: id/vendor={vendor:04x}\\n\nA: id/product={product:04x}\\n\n"
        )
        bed.add_from_string(
            f"P: {self.parent}/{node}\nE: DEVNAME=/dev/input/{node}\nE: SUBSYSTEM=input\n"
            f"L: device=../../input{number}\n"
        )
        if told:
            self.tell("add")

    def tell(self, action):
        """Have udev tell of the device."""
        self.bed.uevent(f"/sys{self.parent}", action)
        self.bed.uevent(f"/sys{self.parent}/{self.node}", action)

    def table(self, keys):
        """Load another table of keys: the kernel tells nobody."""
        self.codes[EV_KEY] = keys
        self.bed.set_attribute(f"/sys{self.parent}", "capabilities/key", words(keys) + "\n")

    def charge(self, attributes):
        """Put a battery in the hardware, or change what it says."""
        if self.battery is None:
            self.battery = f"{self.hardware}/power_supply/hid-{self.node}-battery"
            self.bed.add_from_string(
                f"P: {self.battery}\nE: SUBSYSTEM=power_supply\nA: type=Battery\\n\nA: scope=Device\\n\n"
                f"L: device=../../../{os.path.basename(self.hardware)}\n"
            )
        for name, text in attributes.items():
            self.bed.set_attribute(f"/sys{self.battery}", name, text + "\n")
        if self.told:
            self.bed.uevent(f"/sys{self.battery}", "change")

    def ioctl(self, _handler, client):
        """Answer as the kernel's drivers/input/evdev.c."""
        request = client.get_request()
        number, size = request & 0xFF, request >> 16 & 0x3FFF
        if self.gone:
            client.complete(-1, errno.ENODEV)
            return True
        if number == EVIOCGRAB:
            wanted = struct.unpack("l", bytes(client.get_arg().retrieve()))[0]
            refused = errno.EBUSY if wanted and (self.held or self.grabbed()) else 0
            if not wanted and self.grabbed_by is not client:
                refused = errno.EINVAL
            if not refused:
                self.grabbed_by = client if wanted else None
            client.complete(-1 if refused else 0, refused)
            return True
        if number == EVIOCSCLOCKID:
            self.monotonic = self.clock
            client.complete(0 if self.clock else -1, 0 if self.clock else errno.EINVAL)
            return True
        if number == EVIOCGKEY:
            self.asked += 1
        answer = self.answer(number)
        if answer is None:
            client.complete(-1, errno.EINVAL)
            return True
        answer = answer[:size]
        client.get_arg().resolve(0, size).update(0, answer)
        client.complete(len(answer) if number in {EVIOCGNAME, EVIOCGKEY} or EVIOCGBIT <= number < EVIOCGABS else 0, 0)
        return True

    def answer(self, number):
        """Give the bytes an ioctl reads, or None."""
        if EVIOCGBIT <= number < EVIOCGABS:
            kind = number - EVIOCGBIT
            return bits(
                self.codes.get(kind, ()) if kind else [EV_SYN, *(k for k, codes in self.codes.items() if codes)]
            )
        if EVIOCGABS <= number < EVIOCGABS + 0x40:
            return struct.pack("6i", 0, 0, 255, 0, 0, 0)
        return {
            EVIOCGVERSION: struct.pack("i", 0x010001),
            EVIOCGID: struct.pack("4H", self.bus, 1, 1, 1),
            EVIOCGNAME: self.name.encode() + b"\0",
            EVIOCGPHYS: b"\0",
            EVIOCGUNIQ: b"\0",
            EVIOCGEFFECTS: struct.pack("i", 0),
            EVIOCGKEY: bits(self.down),
        }.get(number)

    def read(self, _handler, client):
        """Leave a read to the FIFO, unless the device is gone."""
        if self.gone:
            client.complete(-1, errno.ENODEV)
        return self.gone

    def grabbed(self):
        """Tell whether a reader has the device for itself; the grab of one that closed it has ended."""
        return self.grabbed_by is not None and self.grabbed_by.get_connected()

    def hold(self, on):
        """Let another program have the device for itself."""
        self.held = on

    def emit(self, events):
        """Send events, and keep the state of the keys."""
        for kind, code, value, *_ in events:
            if kind == EV_KEY:
                (self.down.add if value else self.down.discard)(code)
        self.send(events)

    def send(self, events):
        """Put events in the reader's queue, if there is one, at the times they bear or now."""
        if not self.readers:
            return
        now = time.clock_gettime(time.CLOCK_MONOTONIC if self.monotonic else time.CLOCK_REALTIME)
        out = bytearray()
        for kind, code, value, *at in events:
            seconds, rest = divmod(round((at[0] if at else now) * 1_000_000), 1_000_000)
            out += struct.pack("llHHI", seconds, rest, kind, code, value & 0xFFFFFFFF)
        while out:
            try:
                # Whole events, as the kernel gives them: a pipe writes this much at once or not at all.
                del out[: os.write(self.fifo, out[: select.PIPE_BUF // 24 * 24])]
            except BlockingIOError:
                GLib.MainContext.default().iteration(False)  # the reader's reads are answered there
                time.sleep(0.0005)

    def lose(self, up, down, at=None):
        """Let keys go up and down unseen: the queue overflows, and what is left of it is the end of a packet."""
        self.down = self.down - set(up) | set(down)
        garbage = [
            [EV_MSC, MSC_SCAN, 0xDEAD],
            *([EV_KEY, code, 1] for code in up),
            *([EV_KEY, code, 0] for code in down),
        ]
        events = [[EV_SYN, SYN_DROPPED, 0], *garbage, [EV_SYN, SYN_REPORT, 0]]
        self.send([[*event, at] for event in events] if at else events)

    def unplug(self):
        """Take the device away as the kernel does: readers are woken and told ENODEV, the node is gone."""
        if self.told:
            self.tell("remove")
        self.bed.remove_device(f"/sys{self.parent}/{self.node}")
        self.bed.remove_device(f"/sys{self.parent}")
        if self.battery:
            self.bed.remove_device(f"/sys{self.battery}")
        os.unlink(self.path)
        self.gone = True
        self.end()

    def end(self):
        """Close the node's far end."""
        os.close(self.fifo)


class Cec:
    """An HDMI-CEC adapter's node (linux/cec.h)."""

    def __init__(self, bed, node):
        self.answers = {}
        path = os.path.join(bed.get_root_dir(), "dev", node)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.mkfifo(path)
        self.handler = UMockdev.IoctlBase.new()
        self.handler.connect("handle-ioctl", self.ioctl)
        bed.attach_ioctl(f"/dev/{node}", self.handler)

    def addresses(self, physical, logical):
        """Take other addresses: CEC_ADAP_G_PHYS_ADDR and CEC_ADAP_G_LOG_ADDRS answer with them."""
        self.answers = {1: struct.pack("H", physical), 3: struct.pack("4xH86x", logical)}

    def ioctl(self, _handler, client):
        """Answer as the kernel's drivers/media/cec/core/cec-api.c."""
        request = client.get_request()
        answer = self.answers[request & 0xFF]
        client.get_arg().resolve(0, request >> 16 & 0x3FFF).update(0, answer)
        client.complete(0, 0)
        return True


def main():
    """Serve until standard input ends."""
    bed, devices, loop = UMockdev.Testbed.new(), {}, GLib.MainLoop()

    def do(verb, node, *args):
        if verb == "plug":
            if node in devices:
                bed.detach_ioctl(f"/dev/input/{node}")
            devices[node] = Device(bed, node, **args[0])
            return None
        if verb == "cec":
            devices[node] = devices.get(node) or Cec(bed, node)
            return devices[node].addresses(*args)
        if verb == "asked":
            return devices[node].asked
        return getattr(devices[node], verb)(*args)

    def serve(*_):
        line = sys.stdin.readline()
        if not line:
            loop.quit()
            return False
        print(json.dumps(do(*json.loads(line))), flush=True)
        return True

    print(json.dumps(bed.get_root_dir()), flush=True)
    GLib.io_add_watch(sys.stdin.fileno(), GLib.PRIORITY_DEFAULT, GLib.IOCondition.IN | GLib.IOCondition.HUP, serve)
    loop.run()


main()
