"""One reader as long as it is plugged in: its driver, what its slots hold, and the thread that hears its notices."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from stb_agent.card.reader import Sight, SlotState
from stb_agent.card.readers.ccid import exchange, messages
from stb_agent.card.readers.ccid.driver import Driver
from stb_agent.card.readers.ccid.faults import Failed, Fault, Garbled, Gone, Late
from stb_agent.card.readers.ccid.messages import Icc
from stb_agent.card.readers.ccid.transport import Found, Port

_LISTEN = 0.5
"""Seconds of one wait for a notice: the longest that closing takes."""
_DEAF_AFTER = 3
"""Failed waits in a row after which a reader's notices are given up and its slots polled."""
_BOUNCE = 0.1
"""Seconds that a card must stay in before it counts: the contacts of a card on its way in open and close again."""
_TRUST = 5.0
"""Seconds after which a slot whose reader tells of changes is asked all the same."""
_POLL = 0.4
"""Seconds between two questions to a reader that tells nothing, as pcscd has it."""

log = logging.getLogger(__name__)


@dataclass
class Place:
    """A slot. ``held``: by the connection or the first power-on of a card that has it to itself."""

    name: str
    number: int
    state: SlotState = SlotState.ABSENT
    insertion: int = 0
    left: bool = False
    due: float = 0.0
    held: threading.Lock = field(default_factory=threading.Lock)

    @property
    def sight(self) -> Sight:
        """What is seen in it."""
        return Sight(self.state, self.name, self.insertion)


class Bay:
    """A claimed reader. ``changed`` is called from its listening thread; all else from the thread that watches."""

    def __init__(
        self,
        found: Found,
        names: Callable[[], Iterator[str]],
        insertions: Iterator[int],
        changed: Callable[[], None],
        clock: Callable[[], float],
        pause: Callable[[float], object],
        answer_limit: float,
    ) -> None:
        """Claim it. Raises Taken, Refused, Gone, Garbled."""
        self._port = Port(found)
        self.driver = Driver(self._port, found.descriptor, clock, answer_limit=answer_limit)
        self.places = [Place(name, slot) for slot, name in zip(range(found.descriptor.slots), names(), strict=False)]
        self._insertions = insertions
        self._changed = changed
        self._clock = clock
        self._pause = pause
        self._closing = threading.Event()
        self._hears = found.interrupt is not None
        self._ear = threading.Thread(target=self._listen, name="card-notices", daemon=True)
        if self._hears:
            self._ear.start()

    @property
    def usable(self) -> bool:
        """Tell whether the reader is there and answers; one that does not is closed, and opened anew if it is there."""
        return not (self.driver.gone or self.driver.broken)

    def look(self) -> None:
        """Ask the slots that are due."""
        for place in self.places:
            if self.usable and self._clock() >= place.due:
                try:
                    self._ask(place)
                except (Gone, Garbled, Late):
                    self._lost_touch(place)
                except Fault as error:
                    log.warning("%s: %s", place.name, error)

    def close(self) -> None:
        """Let the reader go."""
        self._closing.set()
        if self._ear.is_alive():
            self._ear.join(2 * _LISTEN)
        self.driver.close()

    def look_again(self, place: Place) -> None:
        """Have a slot asked at the next look."""
        place.due = 0.0
        self._changed()

    def _ask(self, place: Place) -> None:
        left, place.left = place.left, False
        icc = self._status(place)
        if icc is None:
            place.left = left
            place.due = self._clock() + _BOUNCE
            return
        place.due = self._clock() + (_TRUST if self._hears else _POLL)
        if icc is Icc.ABSENT:
            place.state, place.insertion = SlotState.ABSENT, 0
        elif place.insertion == 0 or left:
            self._greet(place)

    def _greet(self, place: Place) -> None:
        """Count a card that came, once it lies still, and see whether it answers; another's connection to a former card ends first."""
        if not place.held.acquire(blocking=False):
            self._not_yet(place)
            return
        try:
            self._pause(_BOUNCE)
            if self._status(place) in (Icc.ABSENT, None):
                self._not_yet(place)
                return
            place.left = False
            try:
                exchange.power(self.driver, place.number)
                state = SlotState.PRESENT
            except Failed as error:
                if error.absent:
                    self._not_yet(place)
                    return
                state = SlotState.MUTE
            except (Gone, Garbled):
                raise
            except Late:
                self._lost_touch(place)
                state = SlotState.MUTE
            except Fault:
                state = SlotState.MUTE
            # It has power only while it is worked with.
            exchange.unpower(self.driver, place.number)
            place.state, place.insertion = state, next(self._insertions)
        finally:
            place.held.release()

    def _not_yet(self, place: Place) -> None:
        place.state, place.insertion, place.due = SlotState.ABSENT, 0, self._clock() + _BOUNCE

    def _status(self, place: Place) -> Icc | None:
        """Ask for the slot's state; None while a command is under way. A failed command, too, tells the state."""
        try:
            answer = self.driver.status(place.number)
        except Failed as error:
            return Icc.ABSENT if error.absent else Icc.INACTIVE
        return answer.icc if answer else None

    def _lost_touch(self, place: Place) -> None:
        """Try to find back to a reader that did not answer; else it is for the source to open it anew."""
        place.due = self._clock() + _POLL
        if self.usable:
            try:
                self.driver.recover(place.number)
            except Fault as error:
                log.warning("%s: %s", place.name, error)

    def _listen(self) -> None:
        failures = 0
        while not self._closing.is_set() and self.usable:
            try:
                notice = self._port.listen(_LISTEN)
            except Gone:
                self.driver.gone = True
                break
            except Fault:
                failures += 1
                if failures == _DEAF_AFTER:
                    break
                self._closing.wait(_LISTEN)
                continue
            failures = 0
            if notice:
                self._heard(notice)
        self._hears = False
        self._look_at_all()

    def _heard(self, notice: bytes) -> None:
        slots = messages.decode_notice(notice, len(self.places))
        for place, (present, changed) in zip(self.places, slots or (), strict=False):
            if not present and changed:
                place.left = True
            place.due = 0.0
        self._changed()

    def _look_at_all(self) -> None:
        for place in self.places:
            place.due = 0.0
        self._changed()
