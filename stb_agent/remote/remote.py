"""The remote as the agent sees it: sources, keymaps and gestures put together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Protocol

from stb_agent.contract.actions import Action
from stb_agent.remote.gestures import DEFAULT, Gestures, Long, Pace
from stb_agent.remote.keymaps import Keymaps, Meaning
from stb_agent.remote.sources import DOWN, REPEAT, STILL, UP, Bus, Device, KeyEvent, Source
from stb_agent.remote.sources.names import scancode

log = logging.getLogger(__name__)

LONG: Mapping[Action, Long] = MappingProxyType({Action.OK: Long(1.0, Action.HOME)})
"""While the programme has the screen, unless the operator wants none.

Longer than the 0.55 s after which the kernel releases a CEC key whose release it missed.
"""

LEAVE_S = 1.0
"""How long the grab may outlast our screen, for held keys to be let go: the programme shall not get half a press."""
LESSON_S = 0.5
"""How long after a lesson's key no other means anything: the hand is still on the remote."""
_TOLD = 200
"""So many keys without a meaning are logged, each once."""


class Change(Enum):
    """What happened to a device."""

    CAME = "came"
    CHANGED = "changed"
    WENT = "went"


class Timer(Protocol):
    """What can be called off."""

    def cancel(self) -> None:
        """Call it off."""


class Clock(Protocol):
    """Time as an event loop has it: seconds of CLOCK_MONOTONIC."""

    def time(self) -> float:
        """Give the time."""

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Have ``callback`` called at ``when``."""


def ignore_key(_key: str, _value: int) -> None:
    """Leave a key that is not ours."""


def ignore_device(_change: Change, _device: Device) -> None:
    """Leave the news of a device."""


@dataclass
class _Held:
    """A key that is down, and what it meant when it went down. The television knows of it from us (``handed``) or saw it itself."""

    name: str
    action: Action | None
    device: Device
    handed: bool = False
    seen: bool = False


class Remote:
    """Read all sources and tell ``on_action`` what the person means.

    ``on_foreign`` is handed each key (its kernel name; 1 down, 2 still down, 0 up) that is the television's and that we hold back from it;
    ``on_devices`` is told what comes, changes and goes. ``long``: the long presses that count over the programme.
    ``clock``: the running event loop, unless a test has its own.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        keymaps: Keymaps,
        pace: Pace = DEFAULT,
        *,
        on_action: Callable[[Action], None],
        on_foreign: Callable[[str, int], None] = ignore_key,
        on_devices: Callable[[Change, Device], None] = ignore_device,
        long: Mapping[Action, Long] = LONG,
        clock: Clock | None = None,
    ) -> None:
        self._sources = sources
        self._keymaps = keymaps
        self._gestures = Gestures(pace, long)
        self._long = long
        self._on_action = on_action
        self._on_foreign = on_foreign
        self._on_devices = on_devices
        self._clock = clock
        self._devices: dict[str, Device] = {}
        self._meanings: dict[str, Meaning] = {}
        self._held: dict[tuple[str, str], _Held] = {}
        self._shown = False
        self._grabbed = False
        self._tick_timer: Timer | None = None
        self._leave_timer: Timer | None = None
        self._lesson: asyncio.Future[KeyEvent] | None = None
        self._lesson_until = float("-inf")
        self._lesson_timer: Timer | None = None
        self._wide = False
        self._told: set[tuple[str, str]] = set()

    async def run(self) -> None:
        """Serve until cancelled."""
        self.reload(self._keymaps)
        async with asyncio.TaskGroup() as group:
            for source in self._sources:
                group.create_task(source.run(self))

    @property
    def devices(self) -> tuple[Device, ...]:
        """Give the devices that are there."""
        return tuple(self._devices.values())

    @property
    def keymaps(self) -> Keymaps:
        """Give the keymaps in use."""
        return self._keymaps

    def reload(self, keymaps: Keymaps) -> None:
        """Use other keymaps from the next press on."""
        self._keymaps = keymaps
        self._meanings.clear()
        self._told.clear()
        for error in keymaps.errors:
            log.error("remote: %s", error)
        for source in self._sources:
            source.adopt(keymaps.taught)

    def feel(self, pace: Pace, long: Mapping[Action, Long]) -> None:
        """Take another pace and other long presses, from the next press on."""
        self._gestures.pace = pace
        self._long = long
        if not self._shown:
            self._gestures.long = long

    # -- who has the screen ---------------------------------------------------------------------------------------

    def screen(self, shown: bool) -> None:
        """Take the keys for ourselves, or leave them to the programme as soon as those that are held are up."""
        if shown == self._shown:
            return
        self._shown = shown
        self._gestures.long = {} if shown else self._long
        self.new_view()
        self._stay()
        if shown:
            self._grab(True)
            return
        self._end_lesson()
        if self._held:
            self._leave_timer = self._now().call_at(self._now().time() + LEAVE_S, self._leave)
        else:
            self._leave()

    def yield_now(self) -> None:
        """Leave the keys to the programme at once, whatever is held."""
        self._shown = False
        self._gestures.long = self._long
        self.new_view()
        self._end_lesson()
        self._leave()

    def new_view(self) -> None:
        """Begin another view: no press from before reaches it, and nothing that is held repeats in it."""
        self._gestures.new_view(self._now().time())
        self._arm()

    def _grab(self, wanted: bool) -> None:
        if wanted == self._grabbed:
            return
        self._grabbed = wanted
        for held in self._held.values():
            if wanted:
                held.seen = held.device.bus is not Bus.SOCKET  # a socket's keys go nowhere but here
            elif held.handed:
                held.handed = False
                self._hand(held, UP)  # what the programme sees from now on it sees by itself
        for source in self._sources:
            source.grab(wanted)

    def _stay(self) -> None:
        if self._leave_timer is not None:
            self._leave_timer.cancel()
            self._leave_timer = None

    def _leave(self) -> None:
        self._stay()
        self._grab(False)

    # -- devices --------------------------------------------------------------------------------------------------

    def came(self, device: Device) -> None:
        """Take the news that a device is there, or is not as it was."""
        change = Change.CHANGED if device.id in self._devices else Change.CAME
        self._devices[device.id] = device
        self._on_devices(change, device)

    def went(self, device: Device) -> None:
        """Take the news that a device is gone."""
        self._gestures.lost(device.id)
        for place in [place for place in self._held if place[0] == device.id]:
            self._released(place)
        self._arm()
        self._meanings.pop(device.id, None)  # its id may be another's
        if (last := self._devices.pop(device.id, None)) is not None:
            self._on_devices(Change.WENT, last)

    # -- keys -----------------------------------------------------------------------------------------------------

    def key(self, event: KeyEvent) -> None:
        """Take a key."""
        place = (event.device, event.key)
        held = self._held.get(place)
        if event.value == DOWN and held is None:
            self._down(event, place)
        elif event.value == REPEAT and held is not None and held.action is None and (held.handed or held.seen):
            if self._grabbed:
                self._hand(held, REPEAT)
        elif event.value == STILL and held is not None and held.action is not None:
            self._say(self._gestures.key(event.device, event.key, held.action, STILL, event.at))
            self._arm()
        elif event.value == UP and held is not None:
            if held.action is not None:
                self._say(self._gestures.key(event.device, event.key, held.action, UP, event.at))
            self._released(place)
            self._arm()

    def _down(self, event: KeyEvent, place: tuple[str, str]) -> None:
        if (device := self._devices.get(event.device)) is None:
            return
        if (meaning := self._meanings.get(device.id)) is None:
            meaning = self._meanings[device.id] = self._keymaps.of(device)
        held = self._held[place] = _Held(meaning.key(event.key), meaning.action(event.key), device)
        if self._learns(event):
            return
        if held.action is None and not meaning.knows(event.key):
            self._tell_unknown(held)
        leaving = self._grabbed and not self._shown
        if held.action is None or (leaving and held.action is not Action.HOME):
            held.handed = self._grabbed
            if held.handed:
                self._hand(held, DOWN)
        if held.action is not None:
            # Not CEC: televisions need not say anew that a key is down.
            anew = device.bus is Bus.INFRARED
            self._say(self._gestures.key(event.device, event.key, held.action, DOWN, event.at, anew=anew))
            self._arm()

    def _hand(self, held: _Held, value: int) -> None:
        """Hand a key on to the television, which never sees what the kernel has no key for."""
        if scancode(held.name) is None:
            self._on_foreign(held.name, value)

    def _released(self, place: tuple[str, str]) -> None:
        """Forget a held key, give the television the release that it is owed, and leave if this was the last to wait for."""
        held = self._held.pop(place, None)
        if held is not None and (held.handed or held.seen) and self._grabbed:
            self._hand(held, UP)
        if self._leave_timer is not None and not self._held:
            self._leave()

    def _say(self, action: Action | None) -> None:
        if action is not None:
            self._on_action(action)

    def _tick(self) -> None:
        self._tick_timer = None
        self._say(self._gestures.tick(self._now().time()))
        self._arm()

    def _arm(self) -> None:
        if self._tick_timer is not None:
            self._tick_timer.cancel()
        due = self._gestures.due
        self._tick_timer = None if due is None else self._now().call_at(due, self._tick)

    def _now(self) -> Clock:
        return self._clock or asyncio.get_running_loop()

    def _tell_unknown(self, held: _Held) -> None:
        # Not which one while we have the screen: somebody may be trying to enter a PIN with digits that we do not know.
        place = (held.device.name, "" if self._shown else held.name)
        if place in self._told or len(self._told) >= _TOLD:
            return
        self._told.add(place)
        log.info("remote: no keymap speaks of a key (%.64s) of %.64r", place[1] or "not named here", held.device.name)

    # -- lessons --------------------------------------------------------------------------------------------------

    async def next_key(self, timeout_s: float) -> KeyEvent:
        """Give the next key that goes down, on whatever device; meanwhile, and for LESSON_S after, none becomes an action.

        Raises TimeoutError if none comes, if the screen is left, or if another lesson begins.
        """
        self._drop_lesson()
        lesson: asyncio.Future[KeyEvent] = asyncio.get_running_loop().create_future()
        self._lesson = lesson
        self._listen_wide(True)
        try:
            async with asyncio.timeout(timeout_s):
                return await lesson
        finally:
            if self._lesson is lesson:
                self._lesson = None
                self._lesson_until = self._now().time() + LESSON_S
                self._lesson_timer = self._now().call_at(self._lesson_until, self._end_lesson)

    def _learns(self, event: KeyEvent) -> bool:
        """Give a lesson its key; tell whether the key was a lesson's."""
        if self._lesson is None:
            return event.at < self._lesson_until
        if not self._lesson.done():
            self._lesson.set_result(event)
        return True

    def _end_lesson(self) -> None:
        self._drop_lesson()
        self._listen_wide(False)

    def _drop_lesson(self) -> None:
        if self._lesson_timer is not None:
            self._lesson_timer.cancel()
            self._lesson_timer = None
        if self._lesson is not None and not self._lesson.done():
            self._lesson.set_exception(TimeoutError())
        self._lesson, self._lesson_until = None, float("-inf")

    def _listen_wide(self, on: bool) -> None:
        if on is not self._wide:
            self._wide = on
            for source in self._sources:
                source.listen_wide(on)
