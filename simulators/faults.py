"""Faults that every simulator can be told to have (`POST /_sim/faults`, `docs/simulators.md`)."""

import math
from enum import Enum
from fnmatch import fnmatchcase

import msgspec

from simulators.problem import Problem


class FaultKind(Enum):
    """What goes wrong: before the request takes effect, after it did, all the time, or in what is said (`docs/simulators.md`)."""

    STATUS = "status"
    DELAY_BEFORE = "delay_before"
    DELAY_AFTER = "delay_after"
    DROP_BEFORE = "drop_before"
    DROP_AFTER = "drop_after"
    RESET = "reset"
    """Closed by RST, before the effect."""
    HALF = "half"
    """After the effect: half an answer, then the connection is closed."""
    SILENT = "silent"
    """Before the effect: accepted and never answered."""
    STALL = "stall"
    """After the effect: half an answer, and the rest never comes."""
    DOWN = "down"
    LIE = "lie"
    """An answer that says what is not so; which ones there are is each simulator's own."""


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """One scripted fault: `path` is a shell pattern, `times` none means until cleared; left out it is once, but for `down`, which stays.

    `seconds` is the delay (2) or `Retry-After` (2 with 429 and 503, else none; null for none). `error` and `reason` name what `status`
    answers, `lie` what is said that is not so.
    """

    kind: FaultKind
    path: str = "*"
    method: str | None = None
    status: int = 503
    seconds: float | msgspec.UnsetType | None = msgspec.UNSET
    times: int | msgspec.UnsetType | None = msgspec.UNSET
    error: str = ""
    reason: str = ""
    lie: str = ""

    def __post_init__(self) -> None:
        if self.times is msgspec.UNSET:
            self.times = None if self.kind is FaultKind.DOWN else 1

    def take(self, method: str, path: str) -> bool:
        """Tell whether this fault strikes the request, and count it."""
        if self.kind is FaultKind.LIE or self.method not in (None, method) or not fnmatchcase(path, self.path):
            return False
        return self.count()

    def count(self) -> bool:
        """Tell whether it strikes once more, and count it."""
        if self.times == 0:
            return False
        if isinstance(self.times, int):
            self.times -= 1
        return True

    @property
    def delay(self) -> float:
        """Give the seconds of a delay."""
        return self.seconds if isinstance(self.seconds, int | float) else 2.0

    def problem(self) -> Problem:
        """Give what a `status` answers."""
        names = {429: "too_many_requests", 503: "temporarily_unavailable"}
        usual = 2.0 if self.status in names else None
        wait = usual if isinstance(self.seconds, msgspec.UnsetType) else self.seconds
        headers = {} if wait is None else {"Retry-After": str(math.ceil(wait))}
        name = self.error or names.get(self.status, "simulated_fault")
        return Problem(
            self.status, name, "scripted", headers=headers, **({"reason": self.reason} if self.reason else {})
        )


class Faults:
    """The faults of a simulator; `lies` are the ones that it can tell."""

    def __init__(self, lies: type[Enum] | None = None) -> None:
        self._lies = {lie.value for lie in lies} if lies else set()
        self._scripted: list[Fault] = []

    def add(self, fault: Fault) -> int:
        """Script one; gives how many there are. Raises Problem for a lie that this simulator does not tell."""
        if fault.kind is FaultKind.LIE and fault.lie not in self._lies:
            raise Problem(400, "invalid_request", f"lies here: {', '.join(sorted(self._lies)) or 'none'}")
        self._scripted.append(fault)
        return len(self._scripted)

    def clear(self) -> None:
        """Have none any more."""
        self._scripted.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """Give the fault that strikes a request, and count it."""
        return next((fault for fault in self._scripted if fault.take(method, path)), None)

    def due(self, lie: Enum) -> bool:
        """Tell whether a lie is due now, and count it."""
        return any(f.kind is FaultKind.LIE and f.lie == lie.value and f.count() for f in self._scripted)

    def told(self, lie: Enum, truth: str) -> str:
        """Return the truth, or when the lie is due something else of its kind."""
        return truth[::-1] if self.due(lie) else truth
