"""Keys going down, staying down and going up, to actions: cases, and any interleaving against a model written another way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stb_agent.contract.actions import ARROWS, Action
from stb_agent.remote.gestures import DEFAULT, HELD_PATH, SAME_PRESS, SLOW, Gestures, Long, Pace
from stb_agent.remote.sources import DOWN, REPEAT, STILL, UP

PACE = Pace(delay=0.7, period=0.2, bounce=0.05, settle=0.1)
LONG = {Action.OK: Long(1.0, Action.HOME)}


def play(*steps: tuple[Any, ...], long: bool = False) -> list[Action | None]:
    """Play (at, "A.ok", value), (at, "tick"), (at, "view") and (at, "lost", device); give what each step gave.

    The remotes I and J say anew that a key is down.
    """
    gestures = Gestures(PACE, LONG if long else {})
    given: list[Action | None] = []
    for at, what, *rest in steps:
        if what == "tick":
            given.append(gestures.tick(at))
        elif what == "view":
            given.append(gestures.new_view(at))  # type: ignore[func-returns-value]
        elif what == "lost":
            given.append(gestures.lost(rest[0]))  # type: ignore[func-returns-value]
        else:
            device, action = what.split(".")
            given.append(gestures.key(device, f"KEY_{action}", Action(action), rest[0], at, anew=device in "IJ"))
    return given


OK, UP_, DOWN_, HOME, NO = Action.OK, Action.UP, Action.DOWN, Action.HOME, None


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param([(0, "A.ok", 1), (0.3, "A.ok", 2), (0.6, "A.ok", 2), (0.9, "A.ok", 0)],
            [OK, NO, NO, NO], id="once a press"),
        pytest.param([(0, "A.ok", 1), (0.7, "tick"), (9, "tick")], [OK, NO, NO], id="OK never repeats"),
        pytest.param([(0, "A.back", 1), (9, "tick")], [Action.BACK, NO], id="back never repeats"),
        pytest.param([(0, "A.1", 1), (9, "tick")], [Action.DIGIT_1, NO], id="digits never repeat"),
        pytest.param(
            [(0, "A.up", 1), (0.69, "tick"), (0.7, "tick"), (0.89, "tick"), (0.9, "tick"), (0.95, "A.up", 0), (9, "tick")],
            [UP_, NO, UP_, NO, UP_, NO, NO], id="an arrow repeats at our pace",
        ),
        pytest.param([(0, "A.up", 1), (5, "tick"), (5.1, "tick"), (5.2, "tick")],
            [UP_, UP_, NO, UP_], id="a late tick repeats once"),
        pytest.param([(0, "A.up", 1), (0.1, "A.down", 1), (0.7, "tick"), (0.8, "tick")],
            [UP_, DOWN_, NO, DOWN_], id="the last arrow repeats"),
        pytest.param([(0, "A.up", 1), (0.1, "A.down", 1), (0.2, "A.down", 0), (9, "tick")],
            [UP_, DOWN_, NO, NO], id="the one before does not begin again"),
        pytest.param([(0, "A.up", 1), (0.1, "A.ok", 1), (9, "tick")], [UP_, OK, NO], id="OK ends a repeat"),
        pytest.param([(0, "A.ok", 1), (0.1, "A.ok", 1)], [OK, NO], id="down twice is one press"),
        pytest.param([(0, "A.ok", 0), (0.01, "A.ok", 1)], [NO, OK], id="a release of no press"),
        pytest.param([(0, "A.ok", 1), (0.1, "A.ok", 0), (0.14, "A.ok", 1)], [OK, NO, NO], id="bounce"),
        pytest.param([(0, "A.ok", 1), (0.1, "A.ok", 0), (0.16, "A.ok", 1)], [OK, NO, OK], id="no bounce any more"),
        pytest.param([(0, "A.1", 1), (0.1, "A.1", 0), (0.11, "A.2", 1)],
            [Action.DIGIT_1, NO, Action.DIGIT_2], id="another key does not bounce"),
        pytest.param([(0, "A.ok", 1), (0.1, "A.ok", 0), (0.14, "A.ok", 1), (0.16, "A.ok", 0), (0.2, "A.ok", 1)],
            [OK, NO, NO, NO, NO], id="it goes on bouncing"),
        pytest.param([(0, "A.up", 1), (0.1, "A.up", 0), (0.12, "A.up", 1), (9, "tick")],
            [UP_, NO, NO, NO], id="a bounce does not repeat"),
        pytest.param([(0, "A.ok", 1), (0.05, "A.ok", 0), (0.19, "B.ok", 1)], [OK, NO, NO], id="two paths"),
        pytest.param([(0, "A.ok", 1), (0.05, "A.ok", 0), (0.2, "B.ok", 1)], [OK, NO, OK], id="two people"),
        pytest.param([(0, "A.ok", 1), (0.5, "B.ok", 1), (0.6, "A.ok", 0), (0.7, "B.ok", 0), (0.8, "B.ok", 1)],
            [OK, NO, NO, NO, OK], id="while the first is held"),
        pytest.param([(0, "A.ok", 1), (1.99, "B.ok", 1), (2.5, "B.ok", 0), (2.6, "B.ok", 1), (2.7, "C.ok", 1)],
            [OK, NO, NO, OK, NO], id="but not if it is held for ever"),
        pytest.param([(0, "A.up", 1), (2, "B.up", 1), (2.1, "A.up", 0), (2.7, "tick")],
            [UP_, UP_, NO, UP_], id="the second is then the one that repeats"),
        pytest.param([(0, "A.up", 1), (0.1, "B.up", 1), (0.2, "B.up", 0), (0.7, "tick")],
            [UP_, NO, NO, UP_], id="the second path's release is dropped too"),
        pytest.param([(0, "A.up", 1), (0.1, "B.down", 1)], [UP_, DOWN_], id="another action is no second path"),
        pytest.param([(1, "view"), (1.05, "A.ok", 1), (1.12, "B.ok", 1)],
            [NO, NO, NO], id="the same press by two paths at a new view"),
        pytest.param([(1, "view"), (0.9, "A.ok", 1)], [NO, NO], id="pressed before the view"),
        pytest.param([(1, "view"), (1.09, "A.ok", 1), (1.2, "A.ok", 0), (1.3, "A.ok", 1)],
            [NO, NO, NO, OK], id="pressed before it can be seen"),
        pytest.param([(1, "view"), (1.1, "A.ok", 1)], [NO, OK], id="pressed after"),
        pytest.param([(1, "view"), (0.9, "A.home", 1)], [NO, HOME], id="HOME reaches any view"),
        pytest.param([(0, "A.up", 1), (0.5, "view"), (9, "tick"), (9.1, "A.up", 0), (9.2, "A.up", 1), (9.9, "tick")],
            [UP_, NO, NO, NO, UP_, UP_], id="a held key does not leak"),
        pytest.param([(0, "A.up", 1), (0.5, "lost", "A"), (9, "tick"), (9, "A.up", 1)],
            [UP_, NO, NO, UP_], id="a device goes"),
        pytest.param([(0, "A.up", 1), (0.5, "lost", "B"), (0.7, "tick")], [UP_, NO, UP_], id="another device goes"),
        pytest.param([(0, "A.ok", 1), (0.5, "lost", "A"), (0.6, "B.ok", 1)],
            [OK, NO, OK], id="what a lost device held blocks no other"),
        pytest.param([(0, "A.ok", 1), (0.1, "A.ok", 0), (0.11, "lost", "A"), (0.12, "A.ok", 1)],
            [OK, NO, NO, OK], id="another device under the same id"),
        pytest.param([(0, "I.up", 1), (0.6, "I.up", 3), (0.7, "tick"), (9, "tick"), (9.1, "I.up", 0)],
            [UP_, NO, NO, NO, NO], id="let go before it is due, told late"),
        pytest.param([(0, "I.up", 1), (0.65, "I.up", 3), (0.75, "I.up", 3), (0.85, "I.up", 3), (0.95, "I.up", 3)],
            [UP_, NO, UP_, NO, UP_], id="it repeats when it is heard, at our pace"),
        pytest.param([(0, "I.up", 1), (5.05, "I.up", 3), (5.06, "I.up", 3), (5.11, "I.up", 3)],
            [UP_, UP_, NO, UP_], id="what went unheard is not made up for"),
        pytest.param([(0, "I.up", 1), (0.1, "J.down", 1), (0.8, "I.up", 3), (0.81, "J.down", 3)],
            [UP_, DOWN_, NO, DOWN_], id="the last arrow repeats, of two that are heard"),
        pytest.param([(0, "I.up", 1), (0.5, "view"), (0.8, "I.up", 3)], [UP_, NO, NO], id="a heard key does not leak"),
        pytest.param([(0, "A.up", 1), (0.7, "A.up", 3), (0.7, "tick")],
            [UP_, NO, UP_], id="of other remotes the clock alone counts"),
        pytest.param([(0, "I.up", 3), (0, "I.ok", 1), (9, "I.ok", 3)], [NO, OK, NO], id="OK is heard in vain"),
    ],
)  # fmt: skip
def test_cases(steps: list[tuple[Any, ...]], expected: list[Action | None]) -> None:
    assert play(*steps) == expected


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param([(0, "A.ok", 1), (0.9, "tick"), (1, "tick"), (9, "tick"), (9, "A.ok", 0)],
            [OK, NO, HOME, NO, NO], id="long press, once"),
        pytest.param([(0, "A.ok", 1), (0.9, "A.ok", 0), (1, "tick")], [OK, NO, NO], id="not long enough"),
        pytest.param([(0, "A.ok", 1), (1.2, "A.ok", 0), (1.3, "tick")], [OK, HOME, NO], id="nobody ticked"),
        pytest.param([(0, "A.ok", 1), (0.5, "view"), (1, "tick"), (2, "A.ok", 0)],
            [OK, NO, NO, NO], id="held into another view"),
        pytest.param([(0, "A.ok", 1), (0.5, "lost", "A"), (1, "tick")], [OK, NO, NO], id="its device went"),
        pytest.param([(0, "A.ok", 1), (0.1, "B.ok", 1), (1.1, "tick"), (1.2, "tick")],
            [OK, NO, HOME, NO], id="by two paths, once"),
        pytest.param([(0, "I.ok", 1), (0.99, "I.ok", 3), (1.1, "tick"), (1.2, "I.ok", 0)],
            [OK, NO, NO, NO], id="heard not long enough"),
        pytest.param([(0, "I.ok", 1), (1, "I.ok", 3), (1.1, "I.ok", 3), (1.2, "I.ok", 0)],
            [OK, HOME, NO, NO], id="heard long enough, once"),
        pytest.param([(0, "A.back", 1), (9, "tick")], [Action.BACK, NO], id="another key"),
    ],
)  # fmt: skip
def test_long_presses(steps: list[tuple[Any, ...]], expected: list[Action | None]) -> None:
    assert play(*steps, long=True) == expected


def test_due_is_when_something_is_to_be_said() -> None:
    gestures = Gestures(PACE, LONG)
    assert gestures.due is None
    gestures.key("A", "KEY_OK", OK, DOWN, 5.0)
    assert gestures.due == 6.0
    gestures.key("A", "KEY_UP", UP_, DOWN, 5.2)
    assert gestures.due == pytest.approx(5.9)
    assert gestures.tick(5.9) is UP_
    assert gestures.due == 6.0
    gestures.new_view(5.95)
    assert gestures.due is None
    gestures.key("I", "KEY_OK", OK, DOWN, 6.5, anew=True)
    gestures.key("I", "KEY_UP", UP_, DOWN, 6.6, anew=True)
    assert gestures.due is None, "only what is heard says more of these"


def test_slow_hands_are_given_more_time_throughout() -> None:
    assert (SLOW.delay, SLOW.period, SLOW.bounce, SLOW.settle) == (0.9, 0.3, 0.25, 0.4)
    for name in ("delay", "period", "bounce", "settle"):
        assert getattr(SLOW, name) > getattr(DEFAULT, name)


# -- any interleaving -------------------------------------------------------------------------------------------------


@dataclass
class Pressed:
    """A time that a key was down, by the places in the history where it went down and up."""

    device: str
    key: str
    action: Action
    place: int
    at: float
    anew: bool = False
    up_place: float = float("inf")
    up_at: float = float("inf")
    lost: bool = False
    verdict: str = ""
    said: list[tuple[int, float]] = field(default_factory=list)
    """Where and when it repeated, or its long press was told."""


class Model:
    """The rules read off the whole history of presses, step by step: no state but what happened."""

    def __init__(self, pace: Pace, long: dict[Action, Long], anew: str) -> None:
        self.pace, self.long, self.anew = pace, long, anew
        self.presses: list[Pressed] = []
        self.views: list[tuple[int, float]] = []

    def step(self, place: int, step: tuple[Any, ...]) -> Action | None:
        at, what, *rest = step
        if what == "view":
            self.views.append((place, at))
        elif what == "lost":
            for press in self.presses:
                if press.device == rest[0]:
                    press.lost = True
                    if press.up_place > place:
                        press.up_place, press.up_at = place, float("inf")
        elif what == "tick":
            return self.tick(place, at)
        elif rest[-1] == DOWN and not self.down(what, rest[0], place):
            press = Pressed(what, rest[0], rest[1], place, at, what in self.anew)
            press.verdict = self.judge(press)
            self.presses.append(press)
            return press.action if press.verdict == "acts" else None
        elif rest[-1] == UP and (down := self.down(what, rest[0], place)):
            down[0].up_place, down[0].up_at = place, at
            return None if down[0].anew else self.told_long(down[0], place, at)
        elif rest[-1] == STILL and what in self.anew and (down := self.down(what, rest[0], place)):
            return self.told_long(down[0], place, at) or self.heard(down[0], place, at)
        return None

    def heard(self, press: Pressed, place: int, at: float) -> Action | None:
        """Tell a repeat if one fell due since the last that was told."""
        if self.repeating(place) is not press:
            return None
        due = max((n for n in range(1000) if press.at + self.pace.delay + n * self.pace.period <= at), default=None)
        if due is None or (press.said and press.said[-1][1] >= press.at + self.pace.delay + due * self.pace.period):
            return None
        press.said.append((place, at))
        return press.action

    def down(self, device: str, key: str, place: int) -> list[Pressed]:
        return [p for p in self.presses if (p.device, p.key) == (device, key) and p.place < place < p.up_place]

    def judge(self, press: Pressed) -> str:
        same = [p for p in self.presses if (p.device, p.key) == (press.device, press.key) and not p.lost]
        if same and press.at - same[-1].up_at < self.pace.bounce:
            return "bounce"
        owners = [p for p in self.presses if p.action is press.action and p.verdict in ("acts", "settle")]
        if owners and owners[-1].device != press.device:
            held = owners[-1].place < press.place < owners[-1].up_place
            if press.at - owners[-1].at < (HELD_PATH if held else SAME_PRESS):
                return "path"
        if self.views and press.at < self.views[-1][1] + self.pace.settle and press.action is not Action.HOME:
            return "settle"
        return "acts"

    def fresh(self, press: Pressed, place: int) -> bool:
        """Tell whether no view began since the press."""
        return press.verdict == "acts" and not any(press.place < view < place for view, _ in self.views)

    def told_long(self, press: Pressed, place: int, at: float) -> Action | None:
        long = self.long.get(press.action)
        if long is None or press.said or not self.fresh(press, place) or at < press.at + long.after:
            return None
        press.said.append((place, at))
        return long.means

    def tick(self, place: int, now: float) -> Action | None:
        for press in self.presses:
            if press.up_place > place and not press.anew and (means := self.told_long(press, place, now)) is not None:
                return means
        last = self.repeating(place)
        if last is None or last.anew:
            return None
        due = last.said[-1][1] + self.pace.period if last.said else last.at + self.pace.delay
        if now < due:
            return None
        last.said.append((place, now))
        return last.action

    def repeating(self, place: int) -> Pressed | None:
        acted = [p for p in self.presses if p.verdict == "acts"]
        if not acted or acted[-1].action not in ARROWS or acted[-1].up_place < place:
            return None
        return acted[-1] if self.fresh(acted[-1], place) else None


KEYS = {
    "KEY_OK": Action.OK,
    "KEY_ENTER": Action.OK,
    "KEY_UP": Action.UP,
    "KEY_DOWN": Action.DOWN,
    "KEY_BACK": Action.BACK,
    "KEY_HOMEPAGE": Action.HOME,
    "KEY_1": Action.DIGIT_1,
}

PAUSES = [0, 0, 0, 1, 1, 7, 8, 9, 15, 16, 17, 25, 26, 31, 32, 33, 64, 96, 128, 200]
"""In 128ths of a second, like the paces below: what lies exactly on a limit is decided, not rounded."""


def story(seed: int) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Tell an evening of two or three hands on three remotes: 128ths since the step before, and the step."""
    chance = Random(seed)
    devices, keys = "ABC"[: chance.randint(1, 3)], chance.sample(list(KEYS), chance.randint(1, len(KEYS)))
    for _ in range(150):
        device, key = chance.choice(devices), chance.choice(keys)
        yield (
            chance.choice(PAUSES),
            chance.choices(
                [
                    (device, key, KEYS[key], DOWN),
                    (device, key, KEYS[key], UP),
                    (device, key, KEYS[key], REPEAT),
                    (device, key, KEYS[key], STILL),
                    ("tick",),
                    ("view",),
                    ("lost", device),
                ],
                [8, 8, 1, 6, 4, 1, 0.5],
            )[0],
        )


PACES = [
    Pace(delay=0.75, period=0.25, bounce=0.0625, settle=0.125),
    Pace(delay=1.0, period=0.5, bounce=0.25, settle=0.5),
    Pace(delay=0.75, period=0.25, bounce=0.0, settle=0.0),
]


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(PACES), st.booleans(), st.sampled_from(["", "A", "AB", "ABC"]))
def test_any_interleaving_means_what_the_model_says(seed: int, pace: Pace, long: bool, anew: str) -> None:
    given_long = LONG if long else {}
    gestures, model, now = Gestures(pace, given_long), Model(pace, given_long, anew), 0
    acted = 0
    for place, (pause, step) in enumerate(story(seed)):
        now += pause
        at = now / 128
        expected = model.step(place, (at, *step))
        match step:
            case ("tick",):
                meant = gestures.tick(at)
                assert meant is None or meant in ARROWS or (long and meant is HOME)
            case ("view",):
                meant = None
                gestures.new_view(at)
            case ("lost", device):
                meant = None
                gestures.lost(device)
            case (device, key, action, value):
                meant = gestures.key(device, key, action, value, at, anew=device in anew)
                repeated = value == STILL and device in anew and action in ARROWS
                assert meant is None or value == DOWN or repeated or (long and meant is HOME)
                acted += meant is not None and value == DOWN
        assert meant == expected, (place, at, step)
        due = gestures.due
        assert due is None or any(p.up_place == float("inf") and not p.anew for p in model.presses), (
            "only what is held falls due, and of no remote that says so itself"
        )
    counted = [press.verdict for press in model.presses]
    assert acted == counted.count("acts"), (
        "each press that is no bounce, no second path and not too early acts exactly once"
    )


def test_nothing_is_kept_of_devices_that_went() -> None:
    gestures = Gestures(PACE)
    for n in range(1000):
        gestures.key(f"socket{n}", "KEY_OK", OK, DOWN, n)
        gestures.key(f"socket{n}", "KEY_OK", OK, UP, n + 0.1)
        gestures.key(f"socket{n}", "KEY_UP", UP_, DOWN, n + 0.2)
        gestures.lost(f"socket{n}")
    assert not gestures._held
    assert not gestures._released
    assert len(gestures._first) == 2
