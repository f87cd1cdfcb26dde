"""Simulated input devices by umockdev: sysfs, event nodes, and the kernel's answers to evdev's ioctls.

Run by Debian's Python, which has umockdev's bindings. Prints the test bed's folder, then answers each command, one
JSON list a line: ["plug", node, name, keys, rels, axes], ["emit", node, [[type, code, value] ...]],
["lose", node, code] (the key is let go, but the reader's queue has overflowed), ["unplug", node], ["end", node]
(reads give nothing, as no kernel does), ["grabbed", node] (answers whether a reader has it for itself).
A node is a FIFO, so that a reader waits for it as for a device; read() itself is answered here when the device is gone.
"""

import errno
import json
import os
import struct
import sys

import gi

gi.require_version("UMockdev", "1.0")
from gi.repository import GLib, UMockdev  # noqa: E402

# linux/input.h: the number within type 'E' of each ioctl, its size and direction aside.
EVIOCGVERSION, EVIOCGID, EVIOCGNAME, EVIOCGPHYS, EVIOCGUNIQ, EVIOCGKEY = 0x01, 0x02, 0x06, 0x07, 0x08, 0x18
EVIOCGBIT, EVIOCGABS, EVIOCGEFFECTS, EVIOCGRAB = 0x20, 0x40, 0x84, 0x90
EV_SYN, EV_KEY, EV_REL, EV_ABS, SYN_REPORT, SYN_DROPPED = 0, 1, 2, 3, 0, 3
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

    def __init__(self, bed, node, name, keys, rels, axes):
        self.bed, self.node, self.name = bed, node, name
        self.codes = {EV_KEY: keys, EV_REL: rels, EV_ABS: axes}
        self.down, self.grabbed_by, self.gone = set(), None, False
        number = node.removeprefix("event")
        self.parent = f"/devices/virtual/input/input{number}"
        self.path = os.path.join(bed.get_root_dir(), "dev/input", node)
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        os.mkfifo(self.path)
        self.fifo = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)
        self.handler = UMockdev.IoctlBase.new()
        self.handler.connect("handle-ioctl", self.ioctl)
        self.handler.connect("handle-read", self.read)
        bed.attach_ioctl(f"/dev/input/{node}", self.handler)
        # Last, since it is by sysfs that a reader finds the device.
        bed.add_from_string(
            f"P: {self.parent}\nE: SUBSYSTEM=input\nA: name={name}\\n\n"
            f"A: capabilities/key={words(keys)}\\n\nA: capabilities/abs={words(axes)}\\n\n"
            f"A: capabilities/rel={words(rels)}\\n\n"
            f"A: id/bustype={BUS_USB:04x}\\n\nA: id/vendor=0000\\n\nA: id/product=0000\\n\n"
        )
        bed.add_from_string(
            f"P: {self.parent}/{node}\nE: DEVNAME=/dev/input/{node}\nE: SUBSYSTEM=input\n"
            f"L: device=../../input{number}\n"
        )

    def ioctl(self, _handler, client):
        """Answer as the kernel's drivers/input/evdev.c."""
        request = client.get_request()
        number, size = request & 0xFF, request >> 16 & 0x3FFF
        if self.gone:
            client.complete(-1, errno.ENODEV)
            return True
        if number == EVIOCGRAB:
            wanted = struct.unpack("l", bytes(client.get_arg().retrieve()))[0]
            refused = errno.EBUSY if wanted and self.grabbed() else 0
            if not wanted and self.grabbed_by is not client:
                refused = errno.EINVAL
            if not refused:
                self.grabbed_by = client if wanted else None
            client.complete(-1 if refused else 0, refused)
            return True
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
            EVIOCGID: struct.pack("4H", BUS_USB, 1, 1, 1),
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

    def emit(self, events):
        """Send events, and keep the state of the keys."""
        for kind, code, value in events:
            if kind == EV_KEY:
                (self.down.add if value else self.down.discard)(code)
        self.send(events)

    def send(self, events):
        """Put events in the reader's queue."""
        os.write(self.fifo, b"".join(struct.pack("llHHi", 0, 0, *event) for event in events))

    def lose(self, code):
        """Let a key go unseen: the queue overflows, and what is left of it is the end of a packet."""
        self.down.discard(code)
        self.send([[EV_SYN, SYN_DROPPED, 0], [EV_KEY, code, 1], [EV_SYN, SYN_REPORT, 0]])

    def unplug(self):
        """Take the device away as the kernel does: readers are woken and told ENODEV, the node is gone."""
        self.bed.remove_device(f"/sys{self.parent}/{self.node}")
        self.bed.remove_device(f"/sys{self.parent}")
        os.unlink(self.path)
        self.gone = True
        self.end()

    def end(self):
        """Close the node's far end."""
        os.close(self.fifo)


def main():
    """Serve until standard input ends."""
    bed, devices, loop = UMockdev.Testbed.new(), {}, GLib.MainLoop()

    def do(verb, node, *args):
        if verb == "plug":
            if node in devices:
                bed.detach_ioctl(f"/dev/input/{node}")
            devices[node] = Device(bed, node, *args)
            return None
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
