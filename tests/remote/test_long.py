"""A hundred thousand events of three devices with hot-plug in between, against a model of what was done with the remotes."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from evdev import ecodes as e

from tests.support.input_devices import (
    BLUETOOTH_REMOTE,
    IR_REMOTE,
    NAMELESS,
    USB_REMOTE,
    Kind,
    Reader,
    Simulated,
    reading,
    until,
)

EVENTS = 100_000
BATCH = 400
"""Events between two looks at the result."""
SILENCE_S = 0.25
"""A scancode without a key is let go after this (tests of the source itself say so too)."""
SYN = [e.EV_SYN, e.SYN_REPORT, 0]
SCANS = (0x40BF12, 0x800F0400, 0x1F)
UNKNOWN = 0xC0041
NAMED = {
    e.KEY_UP: "KEY_UP", e.KEY_DOWN: "KEY_DOWN", e.KEY_LEFT: "KEY_LEFT", e.KEY_RIGHT: "KEY_RIGHT", e.KEY_OK: "KEY_OK",
    e.KEY_SELECT: "KEY_SELECT", e.KEY_ENTER: "KEY_ENTER", e.KEY_BACK: "KEY_BACK", e.KEY_MUTE: "KEY_MUTE",
}  # fmt: skip


@dataclass
class Hand:
    """Somebody with a remote: what they do becomes the kernel's events, and, of itself, what is to be told."""

    kind: Kind
    chance: random.Random
    clock: float
    node: str = ""
    down: dict[int, str | None] = field(default_factory=dict)
    """Keys that are physically down, and how the world was told of each; None: it was not."""
    bare: int | None = None
    bare_at: float = 0.0
    heard: float = 0.0
    """When a scancode was last sent, or may have been lost."""
    events: list[list[float]] = field(default_factory=list)
    expected: list[tuple[str, int, float | None]] = field(default_factory=list)

    @property
    def infrared(self) -> bool:
        return self.kind is IR_REMOTE

    def codes(self) -> list[int]:
        return [code for code in (*self.kind.keys, e.KEY_UNKNOWN) if code in NAMED or code in (NAMELESS, e.KEY_UNKNOWN)]

    def frame(self, *events: tuple[int, int, int]) -> None:
        self.events += [[*event, self.clock] for event in (*events, SYN)]

    def tell(self, name: str | None, value: int, at: float | None = None) -> None:
        if name is not None:
            self.expected.append((name, value, self.clock if at is None else at))

    def end_bare(self, at: float | None = None) -> None:
        if self.bare is not None:
            silent = self.bare_at + SILENCE_S
            self.tell(f"SCAN_{self.bare:x}", 0, min(silent, self.clock if at is None else at))
            self.bare = None

    def wait(self) -> None:
        self.clock += self.chance.choice((0.008, 0.05, 0.11, 0.4, 1.5))
        self.clock = round(self.clock, 6)

    def press(self) -> None:
        free = [code for code in self.codes() if code not in self.down]
        if not free or (self.infrared and self.down):
            return  # rc-core has one key down at a time
        code = self.chance.choice(free)
        scan = UNKNOWN if code == e.KEY_UNKNOWN else 0x70000 + code
        bears_scan = self.infrared or self.kind is USB_REMOTE
        name = NAMED.get(code) or (f"SCAN_{scan:x}" if bears_scan else None)
        self.end_bare()
        self.frame(*([(e.EV_MSC, e.MSC_SCAN, scan)] if bears_scan else []), (e.EV_KEY, code, 1))
        self.tell(name, 1)
        self.down[code], self.heard = name, self.clock

    def release(self) -> None:
        """Let a key go: an infrared remote's is told as of when it was last heard."""
        if self.down:
            code = self.chance.choice(sorted(self.down))
            self.frame((e.EV_KEY, code, 0))
            self.tell(self.down.pop(code), 0, self.heard if self.infrared else None)

    def hold(self) -> None:
        """Keep a key down: the kernel repeats it, and a receiver its scancode."""
        if self.down:
            code = self.chance.choice(sorted(self.down))
            self.frame((e.EV_KEY, code, 2))
            self.tell(self.down[code], 2)
            if self.infrared:
                self.frame((e.EV_MSC, e.MSC_SCAN, UNKNOWN if code == e.KEY_UNKNOWN else 0x70000 + code))
                self.heard = self.clock
                self.tell(self.down[code], 3)

    def scan(self) -> None:
        """Press what the receiver's table does not have."""
        if not self.infrared or self.down:
            return
        code = self.chance.choice(SCANS)
        if self.bare is not None and (self.bare != code or self.clock >= self.bare_at + SILENCE_S):
            self.end_bare()
        self.tell(f"SCAN_{code:x}", 1 if self.bare is None else 3)
        self.bare, self.bare_at = code, self.clock
        self.frame((e.EV_MSC, e.MSC_SCAN, code))

    def noise(self) -> None:
        """What no key is: an empty report, a half of one, a volume wheel."""
        self.frame()
        self.frame((e.EV_ABS, e.ABS_VOLUME, 3))

    def act(self) -> None:
        self.wait()
        acts = (self.press, self.press, self.release, self.release, self.hold, self.scan, self.scan, self.noise)
        self.chance.choice(acts)()

    def unseen(self) -> tuple[list[int], list[int]]:
        """Let some keys go and press others while the queue overflows; give which."""
        self.wait()
        self.heard = self.clock
        up = [code for code in sorted(self.down) if self.chance.random() < 0.6]
        left = len(self.down) - len(up)
        room = max(0, 1 - left) if self.infrared else 2
        free = [code for code in self.codes() if code not in self.down]
        down = self.chance.sample(free, min(room, len(free), self.chance.randrange(3)))
        for code in up:
            self.tell(self.down.pop(code), 0)
        for code in sorted(down):
            name = NAMED.get(code)  # of others the scancode is lost
            if name is not None:
                self.end_bare()
            self.tell(name, 1)
            self.down[code] = name
        return up, down

    def go(self) -> None:
        """Be unplugged with whatever is held: in no telling time, but in this order."""
        if self.bare is not None:
            self.expected.append((f"SCAN_{self.bare:x}", 0, None))
            self.bare = None
        for code in sorted(self.down):
            if (name := self.down[code]) is not None:
                self.expected.append((name, 0, None))
        self.down.clear()


def told_of(reader: Reader, node: str) -> Iterator[tuple[str, int, float]]:
    for heard in list(reader.told):
        if heard.what == "key" and heard.device == node:
            yield heard.key, heard.value, heard.at


@pytest.mark.parametrize("seed", [20261122])
def test_what_comes_out_is_what_was_done(simulated: Simulated, seed: int) -> None:
    chance = random.Random(seed)
    # In the kernel's future: only the events themselves, not this machine's speed, say when a scancode has fallen silent.
    start = round(time.monotonic()) + 10_000.0
    hands = [Hand(kind, chance, start) for kind in (IR_REMOTE, USB_REMOTE, BLUETOOTH_REMOTE)]
    sent = lives = overflows = 0
    with reading(simulated, look_s=3600, udevd=True) as reader:
        time.sleep(0.5)
        for hand in hands:
            hand.node = simulated.plug(hand.kind)
        until(lambda: all(reader.has(hand.node) for hand in hands))
        before = reader.at_rest()
        while sent < EVENTS:
            hand = chance.choice(hands)
            while len(hand.events) < BATCH:
                hand.act()
            simulated.send(hand.node, hand.events)
            sent += len(hand.events)
            hand.events.clear()
            fate = chance.random()
            if fate < 0.5:
                continue
            until(lambda hand=hand: len(list(told_of(reader, hand.node))) >= len(hand.expected))
            if fate < 0.85:
                simulated.overflow(hand.node, *hand.unseen(), hand.clock)
                overflows += 1
                continue
            hand.go()
            check(reader, hand, simulated)
            lives += 1
            hand.node = simulated.plug(hand.kind)
            until(lambda hand=hand: reader.has(hand.node))
            hand.expected.clear()
        for hand in hands:
            until(lambda hand=hand: len(list(told_of(reader, hand.node))) >= len(hand.expected))
        assert reader.at_rest() == before
        for hand in hands:
            hand.go()
            check(reader, hand, simulated)
        until(lambda: not reader.nodes())
    assert lives > 10
    assert overflows > 20


def check(reader: Reader, hand: Hand, simulated: Simulated) -> None:
    """Unplug it, and compare all that was told of it, in its whole life, with what was done."""
    simulated.unplug(hand.node)
    until(lambda: any(heard.what == "went" and heard.device == hand.node for heard in reader.told))
    told = list(told_of(reader, hand.node))
    assert [(key, value) for key, value, _ in told] == [(key, value) for key, value, _ in hand.expected]
    for (key, _, at), (_, _, meant) in zip(told, hand.expected, strict=True):
        assert meant is None or abs(at - meant) < 0.00001, key
