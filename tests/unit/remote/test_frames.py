"""From a device's events to keys, and back from losses."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import pytest
from evdev import ecodes as e
from hypothesis import given
from hypothesis import strategies as st

from stb_agent.contract.actions import ARROWS, Action
from stb_agent.remote.gestures import DEFAULT, SLOW, Gestures, Long, Pace
from stb_agent.remote.sources import Bus
from stb_agent.remote.sources.frames import LATE_S, SILENCE_S, Change, Frames

SYN = (e.EV_SYN, e.SYN_REPORT, 0)
DROPPED = (e.EV_SYN, e.SYN_DROPPED, 0)
CODES = (e.KEY_UP, e.KEY_OK, e.KEY_UNKNOWN)


def key(code: int, value: int) -> tuple[int, int, int]:
    return (e.EV_KEY, code, value)


def scan(code: int) -> tuple[int, int, int]:
    return (e.EV_MSC, e.MSC_SCAN, code)


def feed(frames: Frames, at: float, *events: tuple[int, int, int], down: Iterable[int] = ()) -> list[str]:
    told: list[Change] = []
    for event in events:
        told += frames.event(*event, at, lambda: down)
    return [f"{change.key} {change.value}" for change in told]


def test_a_key_without_a_name_goes_by_its_scancode_and_without_one_by_nothing() -> None:
    frames = Frames()
    assert feed(frames, 0, scan(0xC0041), key(e.KEY_UNKNOWN, 1), SYN) == ["SCAN_c0041 1"]
    assert feed(frames, 0.1, key(e.KEY_UNKNOWN, 2), SYN) == ["SCAN_c0041 2"]
    assert feed(frames, 0.2, scan(0xC0041), key(e.KEY_UNKNOWN, 0), SYN) == ["SCAN_c0041 0"]
    assert feed(frames, 0.3, scan(-1), key(0x2E8, 1), key(0x2E8, 0), SYN) == ["SCAN_ffffffff 1", "SCAN_ffffffff 0"]
    assert feed(frames, 0.4, key(0x2E8, 1), SYN, key(0x2E8, 2), SYN, key(0x2E8, 0), SYN) == []
    assert feed(frames, 0.5, scan(0xC0041), SYN) == [], "only rc-core sends a scancode without a key and means a key"


def test_each_key_of_a_frame_has_its_own_scancode() -> None:
    told = feed(Frames(), 0, scan(1), key(e.KEY_OK, 1), scan(2), key(e.KEY_UNKNOWN, 1), key(0x2E8, 1), SYN)
    assert told == ["KEY_OK 1", "SCAN_2 1"]


def test_a_bare_scancode_is_down_until_it_is_silent() -> None:
    frames = Frames(rc_core=True)
    assert feed(frames, 10.0, scan(0x1F), SYN) == ["SCAN_1f 1"]
    assert feed(frames, 10.11, scan(0x1F), SYN) == ["SCAN_1f 3"]
    assert frames.tick(10.35) == []
    assert frames.due == 10.11 + SILENCE_S
    assert frames.tick(99.0) == [Change("SCAN_1f", 0, 10.11 + SILENCE_S)]
    assert frames.due is None
    assert feed(frames, 20.0, scan(0x1F), SYN) == ["SCAN_1f 1"]
    assert feed(frames, 20.3, scan(0x1F), SYN) == ["SCAN_1f 0", "SCAN_1f 1"], "nobody came to tell the silence"
    assert feed(frames, 20.35, scan(0x20), SYN) == ["SCAN_1f 0", "SCAN_20 1"]
    assert feed(frames, 20.4, scan(0x21), key(e.KEY_OK, 1), SYN) == ["SCAN_20 0", "KEY_OK 1"]
    assert feed(frames, 20.5, key(e.KEY_OK, 0), scan(0x20), SYN) == ["KEY_OK 0", "SCAN_20 1"], "one frame, as rc-core"
    assert [f"{change.key} {change.value}" for change in frames.let_go(20.6)] == ["SCAN_20 0"]
    assert frames.due is None


def test_the_scancode_of_a_key_that_is_held_is_no_other_key() -> None:
    frames = Frames(rc_core=True)
    assert feed(frames, 0, scan(0x21), key(e.KEY_OK, 1), SYN) == ["KEY_OK 1"]
    assert feed(frames, 0.1, scan(0x21), SYN) == ["KEY_OK 3"]
    assert feed(frames, 0.2, scan(0x21), key(e.KEY_OK, 2), SYN) == ["KEY_OK 2", "KEY_OK 3"], (
        "the kernel's own repeat too"
    )
    assert feed(frames, 0.3, key(e.KEY_OK, 0), SYN) == ["KEY_OK 0"]
    assert feed(frames, 0.35, scan(0x21), SYN) == [], "a repeat that the remote sent before it was let go (rc_repeat)"
    frames.forget()
    assert feed(frames, 1.0, scan(0x21), SYN) == ["SCAN_21 1"], "another table has no key for it"


def test_a_key_that_was_down_before_is_not_pressed_until_it_is_pressed() -> None:
    frames = Frames(rc_core=True, down=[e.KEY_OK])
    assert feed(frames, 0, key(e.KEY_OK, 2), SYN, scan(0x21), SYN, DROPPED, SYN, down=[e.KEY_OK]) == []
    assert feed(frames, 1, key(e.KEY_OK, 0), SYN, key(e.KEY_OK, 1), SYN) == ["KEY_OK 1"]


def test_a_loss_is_made_good_both_ways_and_half_a_frame_counts_nothing() -> None:
    frames = Frames(rc_core=True)
    assert feed(frames, 0, key(e.KEY_UP, 1), SYN) == ["KEY_UP 1"]
    told = feed(frames, 1, scan(9), DROPPED, key(e.KEY_LEFT, 1), scan(7), SYN, down=[e.KEY_OK])
    assert told == ["KEY_UP 0", "KEY_OK 1"]
    assert feed(frames, 2, SYN) == []
    assert feed(frames, 3, key(e.KEY_OK, 1), SYN) == [], "it was in the queue behind the loss, and is told already"
    assert feed(frames, 4, key(e.KEY_OK, 0), SYN) == ["KEY_OK 0"]
    assert feed(frames, 4.5, scan(11), DROPPED, scan(7), SYN, SYN) == []
    assert feed(frames, 5, DROPPED, SYN, down=[e.KEY_UNKNOWN]) == []
    assert feed(frames, 6, scan(7), key(e.KEY_UNKNOWN, 0), SYN, scan(7), key(e.KEY_UNKNOWN, 1), SYN) == ["SCAN_7 1"]


def test_what_is_let_go_is_over_until_it_is_pressed_anew() -> None:
    frames = Frames()
    feed(frames, 0, key(e.KEY_UP, 1), scan(1), key(e.KEY_UNKNOWN, 1), SYN)
    assert [change.key for change in frames.let_go(1)] == ["KEY_UP", "SCAN_1"]
    assert frames.let_go(1) == []
    assert feed(frames, 1.5, DROPPED, SYN, down=[e.KEY_UP, e.KEY_UNKNOWN]) == [], "it is the same press after a loss"
    assert feed(frames, 2, key(e.KEY_UP, 2), key(e.KEY_UNKNOWN, 0), SYN) == []
    assert feed(frames, 3, key(e.KEY_UP, 1), SYN) == ["KEY_UP 1"], "its release went elsewhere"


_EVENT = st.one_of(
    st.just(SYN),
    st.just(DROPPED),
    st.builds(scan, st.sampled_from([1, 2, 3])),
    st.builds(key, st.sampled_from([*CODES, 0x2E8]), st.sampled_from([0, 1, 2])),
)


@given(
    st.lists(st.tuples(_EVENT, st.sets(st.sampled_from(CODES)), st.sampled_from([0.0, 0.1, 0.4])), max_size=60),
    st.booleans(),
)
def test_whatever_comes_every_press_has_one_release_and_time_never_runs_back(
    story: list[tuple[tuple[int, int, int], set[int], float]], rc_core: bool
) -> None:
    frames, now, told = Frames(rc_core=rc_core), 0.0, list[Change]()
    for event, down, pause in story:
        now += pause
        told += frames.event(*event, now, lambda down=down: down)  # type: ignore[misc]
    told += frames.let_go(now)
    held: set[str] = set()
    for change in told:
        assert change.at <= now
        assert (change.key in held) is (change.value != 1)
        if change.value < 2:
            held ^= {change.key}
    assert not held
    assert [change.at for change in told] == sorted(change.at for change in told)


REPEAT_S, TIMEOUT_S = 0.11, 0.235
"""Of NEC: between frames of a held key, and after the last until rc-core lets it go (rc-main.c)."""


def rc_core(presses: Iterable[tuple[float, float]], *, toggles: bool) -> list[tuple[float, list[tuple[int, int, int]]]]:
    """Give what rc-core reports of presses (from, until) of a key on an infrared remote, as ir_do_keydown does: when, and which events."""
    frames = sorted(
        (down + n * REPEAT_S, place)
        for place, (down, up) in enumerate(presses)
        for n in range(1 + int((up - down) / REPEAT_S))
    )
    told: list[tuple[float, list[tuple[int, int, int]]]] = []
    last: tuple[float, int] | None = None
    for at, place in frames:
        if last is not None and at > last[0] + TIMEOUT_S:
            told.append((last[0] + TIMEOUT_S, [key(e.KEY_OK, 0), SYN]))
            last = None
        turned = toggles and last is not None and last[1] != place
        up = [key(e.KEY_OK, 0)] if turned else []
        down = [key(e.KEY_OK, 1)] if turned or last is None else []
        told.append((at, [*up, scan(0x40BF12), *down, SYN]))
        last = at, place
    assert last is not None
    return [*told, (last[0] + TIMEOUT_S, [key(e.KEY_OK, 0), SYN])]


def meant(
    pace: Pace,
    presses: Iterable[tuple[float, float]],
    *,
    toggles: bool = False,
    action: Action = Action.OK,
    long: Mapping[Action, Long] = MappingProxyType({}),
) -> list[Action]:
    """Give what the presses mean. Between events time is told whenever that is asked for, as the agent does."""
    frames, gestures, count = Frames(rc_core=True, late_s=LATE_S[Bus.INFRARED]), Gestures(pace, long), list[Action]()
    for at, events in rc_core(presses, toggles=toggles):
        while (due := gestures.due) is not None and due <= at:
            count += filter(None, [gestures.tick(due)])
        for event in events:
            for change in frames.event(*event, at, lambda: ()):
                count += filter(None, [gestures.key("A", change.key, action, change.value, change.at, anew=True)])
    return count


@pytest.mark.parametrize("rate", [1, 2, 2.5, 3, 3.3, 3.5, 3.8, 4, 4.2])
@pytest.mark.parametrize("toggles", [False, True])
def test_no_press_on_infrared_is_taken_for_a_bounce_because_the_kernel_lets_go_late(rate: float, toggles: bool) -> None:
    assert len(meant(DEFAULT, [(n / rate, n / rate + 0.06) for n in range(20)], toggles=toggles)) == 20


@pytest.mark.parametrize("rate", [5, 6, 7, 8])
def test_a_remote_that_tells_its_presses_apart_is_followed_as_fast_as_a_hand_goes(rate: float) -> None:
    assert len(meant(DEFAULT, [(n / rate, n / rate + 0.06) for n in range(20)], toggles=True)) == 20


@pytest.mark.parametrize("rate", [1, 2, 2.5, 3, 3.5])
@pytest.mark.parametrize("toggles", [False, True])
def test_slow_hands_lose_no_press_on_infrared_either(rate: float, toggles: bool) -> None:
    assert len(meant(SLOW, [(n / rate, n / rate + 0.06) for n in range(20)], toggles=toggles)) == 20


def test_what_trembles_on_infrared_is_one_press_for_slow_hands() -> None:
    assert len(meant(SLOW, [(0, 0.05), (0.12, 0.17), (0.3, 0.35), (1, 1.05)], toggles=True)) == 2


HOLDS = [n / 100 for n in range(30, 251)]


@pytest.mark.parametrize("pace", [DEFAULT, SLOW])
@pytest.mark.parametrize("arrow", sorted(ARROWS))
def test_an_arrow_on_infrared_goes_no_step_further_than_the_hand_held_it(pace: Pace, arrow: Action) -> None:
    for hold in HOLDS:
        last = int(hold / REPEAT_S) * REPEAT_S
        steps = len(meant(pace, [(0, hold)], action=arrow))
        assert steps == 1 + repeats(pace, last), hold
        assert repeats(pace, hold) - 1 <= steps - 1 <= repeats(pace, hold), hold


def repeats(pace: Pace, hold: float) -> int:
    """Give how many repeats fall due while a key is held."""
    return 0 if hold < pace.delay else 1 + int((hold - pace.delay) / pace.period + 1e-9)


def test_ok_on_infrared_is_a_long_press_only_if_it_was_heard_so_long() -> None:
    for hold in HOLDS:
        said = meant(DEFAULT, [(0, hold)], long={Action.OK: Long(1.0, Action.HOME)})
        heard = int(hold / REPEAT_S) * REPEAT_S >= 1.0
        assert said == ([Action.OK, Action.HOME] if heard else [Action.OK]), hold


def test_a_release_on_cec_is_the_televisions_own_unless_it_is_missing() -> None:
    frames = Frames(rc_core=True, late_s=LATE_S[Bus.CEC])
    assert feed(frames, 1.0, scan(1), key(e.KEY_OK, 1), SYN) == ["KEY_OK 1"]
    assert frames.event(*key(e.KEY_OK, 0), 1.3, lambda: ()) == [Change("KEY_OK", 0, 1.3)]
    assert feed(frames, 2.0, scan(1), key(e.KEY_OK, 1), SYN) == ["KEY_OK 1"]
    assert feed(frames, 2.4, scan(1), SYN) == ["KEY_OK 3"]
    assert frames.event(*key(e.KEY_OK, 0), 2.95, lambda: ()) == [Change("KEY_OK", 0, 2.4)]


def test_a_release_without_scancodes_is_as_it_is_told() -> None:
    frames = Frames(rc_core=True, late_s=LATE_S[Bus.INFRARED])
    assert feed(frames, 1.0, key(e.KEY_OK, 1), SYN) == ["KEY_OK 1"]
    assert frames.event(*key(e.KEY_OK, 0), 1.3, lambda: ()) == [Change("KEY_OK", 0, 1.3)]
