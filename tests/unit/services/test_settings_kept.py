"""What the household chose: over the operator's values, through every restart, and whatever is written there."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec
import pytest

from stb_agent.contract.appearance import Appearance, Profile
from stb_agent.contract.choices import Choices, Tempo, configured
from stb_agent.contract.config import PaceChoice, Remote
from stb_agent.contract.speech import Engine, Speech
from stb_agent.services.settings.kept import Household
from stb_agent.store.errors import NotWritten, StoreError
from stb_agent.store.settings import Json, Settings
from stb_agent.store.store import Store

OPERATOR = configured(Appearance(profile=Profile.CONTRAST), Speech(rate=90), Remote(pace=PaceChoice.SLOW))


class Kept:
    """Settings in memory, which fail when they are told to."""

    def __init__(self, **values: Json) -> None:
        self.values = values
        self.error: StoreError | None = None

    def get(self, name: str, default: Json = None) -> Json:
        if self.error is not None:
            raise self.error
        return self.values.get(name, default)

    def set(self, name: str, value: Json) -> None:
        if self.error is not None:
            raise self.error
        self.values[name] = value


def household(kept: Kept | Settings, operator: Choices = OPERATOR) -> Household:
    return Household(kept, operator, lambda language: language in ("ja", "en"))  # type: ignore[arg-type]


def test_without_a_choice_everything_is_the_operator_s() -> None:
    assert household(Kept()).choices == OPERATOR
    assert OPERATOR.profile is Profile.CONTRAST
    assert OPERATOR.pace is PaceChoice.SLOW


def test_what_was_chosen_wins_and_the_rest_follows_the_operator() -> None:
    kept = Kept()
    household(kept).keep(msgspec.structs.replace(OPERATOR, language="en"))
    changed = msgspec.structs.replace(OPERATOR, profile=Profile.LARGE, language="ja")
    again = household(kept, changed).choices
    assert again.language == "en", "the household's"
    assert again.profile is Profile.LARGE, "the operator's new one, since nobody here chose"


def test_a_choice_that_equals_the_operator_s_is_one_too() -> None:
    kept = Kept()
    first = household(kept)
    first.keep(msgspec.structs.replace(OPERATOR, language="en", profile=Profile.LARGE))
    first.keep(msgspec.structs.replace(OPERATOR, language="en"))
    changed = msgspec.structs.replace(OPERATOR, profile=Profile.COLOUR_BLIND)
    assert household(kept, changed).choices.profile is Profile.CONTRAST


def test_going_back_to_the_operator_s_values_leaves_nothing_behind() -> None:
    kept = Kept()
    first = household(kept)
    first.keep(msgspec.structs.replace(OPERATOR, language="en", voice=True))
    first.keep(OPERATOR)
    assert kept.values == {"household": {}}


@pytest.mark.parametrize(
    "written",
    [
        None,
        "text",
        ["large"],
        {"profile": "gigantic"},
        {"profile": 3, "voice": "yes"},
        {"language": "tlh"},
        {"language": "../../etc"},
        {"unheard_of": 1},
    ],
)
def test_what_cannot_be_understood_is_left_out_and_logged(written: Json, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert household(Kept(household=written)).choices == OPERATOR
    assert caplog.messages


def test_one_bad_value_takes_no_other_with_it() -> None:
    kept = Kept(household={"profile": "gigantic", "furigana": True, "unheard_of": 1})
    first = household(kept)
    assert first.choices == msgspec.structs.replace(OPERATOR, furigana=True)
    first.keep(msgspec.structs.replace(first.choices, tempo=Tempo.SLOW))
    assert kept.values == {"household": {"furigana": True, "tempo": "slow"}}, "what was not understood is not kept on"


def test_a_store_that_cannot_be_read_is_no_reason_not_to_start(caplog: pytest.LogCaptureFixture) -> None:
    kept = Kept(household={"furigana": True})
    kept.error = NotWritten()
    assert household(kept).choices == OPERATOR
    assert "store.not_written" in caplog.text


def test_what_could_not_be_written_is_written_with_the_next_choice() -> None:
    kept = Kept()
    first = household(kept)
    kept.error = NotWritten()
    with pytest.raises(NotWritten):
        first.keep(msgspec.structs.replace(OPERATOR, furigana=True))
    kept.error = None
    first.keep(msgspec.structs.replace(first.choices, voice=True))
    assert kept.values == {"household": {"furigana": True, "voice": True}}


def test_the_real_store_keeps_it(tmp_path: Path) -> None:
    chosen = msgspec.structs.replace(OPERATOR, language="en", tempo=Tempo.FAST, long_ok=False)
    store = Store.open(tmp_path, clock=lambda: 0.0, random=lambda count: bytes(range(count)))
    household(store.settings).keep(chosen)
    store.close()
    store = Store.open(tmp_path, clock=lambda: 0.0, random=lambda count: bytes(range(count)))
    assert household(store.settings).choices == chosen
    store.close()


@pytest.mark.parametrize(("rate", "tempo", "spoken"), [(100, "slow", 75), (90, "normal", 90), (60, "slow", 50)])
def test_the_voice_s_speed_is_beside_the_operator_s(rate: int, tempo: str, spoken: int) -> None:
    said = Choices(voice=True, tempo=Tempo(tempo)).speech(Speech(rate=rate, engine=Engine.OPEN_JTALK, voice="/v"))
    assert said == Speech(on=True, rate=spoken, engine=Engine.OPEN_JTALK, voice="/v")
