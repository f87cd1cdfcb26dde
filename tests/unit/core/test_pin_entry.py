"""Entering a PIN, and that nothing but the buffer depends on which one."""

from hypothesis import given
from hypothesis import strategies as st

from stb_agent.contract.actions import Action
from stb_agent.contract.views import PadStage
from stb_agent.core.pin_entry import KEYS, Outcome, PinEntry


class Buffer:
    """A buffer that can be read, for the test."""

    def __init__(self) -> None:
        self.digits: list[int] = []

    def append(self, digit: int) -> None:
        self.digits.append(digit)

    def pop(self) -> None:
        self.digits.pop()

    def clear(self) -> None:
        self.digits.clear()

    def __len__(self) -> int:
        return len(self.digits)


ARROWS_OF = {
    digit: (group, member)
    for group, digits in (
        (Action.UP, "123"),
        (Action.LEFT, "456"),
        (Action.RIGHT, "789"),
        (Action.DOWN, "0"),
    )
    for digit, member in zip(digits, (Action.LEFT, Action.UP, Action.RIGHT), strict=False)
}
pins = st.text("0123456789", min_size=4, max_size=4)


def entry() -> PinEntry:
    return PinEntry(Buffer(), 4)


def walk(keys: list[Action]) -> tuple[PinEntry, list[Outcome], list[tuple[int, PadStage]]]:
    here, outcomes, seen = entry(), [], []
    for key in keys:
        here, outcome = here.press(key)
        outcomes.append(outcome)
        seen.append((len(here.digits), here.stage))
    return here, outcomes, seen


def by_digits(pin: str) -> list[Action]:
    return [*(Action(digit) for digit in pin), Action.OK]


def by_arrows(pin: str) -> list[Action]:
    return [*(key for digit in pin for key in ARROWS_OF[digit]), Action.OK]


@given(pins)
def test_both_ways_reach_every_pin(pin: str) -> None:
    for keys in (by_digits(pin), by_arrows(pin)):
        here, outcomes, _ = walk(keys)
        assert "".join(map(str, here.digits.digits)) == pin  # type: ignore[attr-defined]
        assert outcomes[-1] is Outcome.SUBMIT
        assert set(outcomes[:-1]) == {Outcome.GOING_ON}


@given(pins, pins)
def test_what_is_shown_does_not_depend_on_the_pin(one: str, other: str) -> None:
    for way in (by_digits, by_arrows):
        assert walk(way(one))[2] == walk(way(other))[2]
        assert repr(walk(way(one))[0]).replace(f"{len(one)}", "") == repr(walk(way(other))[0]).replace(
            f"{len(other)}", ""
        )


def test_repr_tells_neither_digits_nor_group() -> None:
    here, _ = entry().press(Action.UP)
    assert repr(here) == repr(entry())


def test_a_remote_without_back_erases_and_leaves() -> None:
    erase = [Action.DOWN, Action.UP]
    here, outcomes, _ = walk([Action.DIGIT_7, *erase, *erase])
    assert not len(here.digits)
    assert outcomes[-1] is Outcome.GOING_ON
    _, outcome = walk([Action.DOWN])[0].press(Action.RIGHT)
    assert outcome is Outcome.LEAVE


def test_down_in_the_second_press_picks_another_group() -> None:
    here, _, seen = walk([Action.UP, Action.DOWN, Action.LEFT, Action.LEFT])
    assert here.digits.digits == [4]  # type: ignore[attr-defined]
    assert [stage for _, stage in seen] == [PadStage.MEMBER, PadStage.GROUP, PadStage.MEMBER, PadStage.GROUP]


def test_four_dots_take_no_fifth_and_wait_for_ok() -> None:
    here, outcomes, _ = walk([Action.DIGIT_1] * 6)
    assert here.digits.digits == [1] * 4  # type: ignore[attr-defined]
    assert here.stage is PadStage.CONFIRM
    assert Outcome.SUBMIT not in outcomes
    for mend in (Action.BACK, Action.DOWN):
        assert len(walk([Action.DIGIT_1] * 4 + [mend])[0].digits) == 3


@given(st.lists(st.sampled_from(sorted(KEYS)), max_size=40))
def test_any_keys_keep_the_entry_within_four_digits(keys: list[Action]) -> None:
    here = entry()
    for key in keys:
        here, outcome = here.press(key)
        assert len(here.digits) <= 4
        assert (outcome is Outcome.SUBMIT) <= (len(here.digits) == 4)
        if outcome is not Outcome.GOING_ON:
            break


@given(st.text("0123456789", max_size=3))
def test_ok_before_the_last_digit_leads_to_help_and_leaves_nothing_typed(typed: str) -> None:
    here, outcomes, _ = walk([*(Action(digit) for digit in typed), Action.OK])
    assert outcomes[-1] is Outcome.HELP
    assert len(here.digits) == 0
