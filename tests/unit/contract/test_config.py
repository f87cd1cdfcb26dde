"""The operator's configuration: layers, and errors that name file and line."""

from pathlib import Path

import pytest

from stb_agent.contract import words
from stb_agent.contract.appearance import Appearance, Calendar, Profile
from stb_agent.contract.config import Config, ConfigError, ConfigUnreadable, load
from stb_agent.contract.levels import Lifespan


def write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def test_nothing_configured_is_the_defaults() -> None:
    assert load() == Config()


def test_later_files_win_key_by_key(tmp_path: Path) -> None:
    operator = write(tmp_path / "operator.toml", '[operator]\nname = "A"\nphone = "0120"\n[remote]\nsocket = true\n')
    household = write(tmp_path / "household.toml", '[operator]\nname = "B"\n')
    config = load(operator, household)
    assert (config.operator.name, config.operator.phone, config.remote.socket) == ("B", "0120", True)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[box]\nstate = "/x"\nruntme = "/y"\n', 3),
        ("[card]\ntest = 1\n", 2),
        ("[bogus]\n", 1),
        ('[box]\nstate = "/x"\n\n[remote]\nevdev = "yes"\n', 5),
        ("[box]\nstate = \n", 2),
    ],
)
def test_an_error_names_file_and_line(tmp_path: Path, text: str, line: int) -> None:
    path = write(tmp_path / "operator.toml", text)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert caught.value.args_["file"] == str(path)
    assert caught.value.args_["line"] == line


def test_a_file_that_cannot_be_read_is_told_without_a_line(tmp_path: Path) -> None:
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff")
    for path in (tmp_path / "none.toml", tmp_path, binary):
        with pytest.raises(ConfigUnreadable) as caught:
            load(path)
        cause, _ = words.told(caught.value.code, caught.value.args_)
        assert str(path) in cause


def test_the_screens_profile_is_one_of_four(tmp_path: Path) -> None:
    chosen = load(write(tmp_path / "a.toml", '[screen]\nprofile = "colour_blind"\n'))
    assert chosen.screen == Appearance(Profile.COLOUR_BLIND)
    assert load().screen == Appearance(Profile.STANDARD, furigana=False)
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path / "b.toml", '[screen]\nprofile = "pink"\n'))
    assert caught.value.args_["line"] == 2


def test_language_and_calendar_are_the_screens(tmp_path: Path) -> None:
    path = tmp_path / "operator.toml"
    path.write_text('[screen]\nlanguage = "ja-simple"\ncalendar = "japanese"\n', "utf-8")
    screen = load(path).screen
    assert (screen.language, screen.calendar, screen.reads) == ("ja-simple", Calendar.JAPANESE, True)


@pytest.mark.parametrize("line", ['language = "../en"', 'language = "Japanese!"', 'calendar = "lunar"'])
def test_what_is_no_language_or_calendar_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "operator.toml"
    path.write_text(f"[screen]\n{line}\n", "utf-8")
    with pytest.raises(ConfigError) as raised:
        load(path)
    assert raised.value.args_["line"] == 2


def test_a_policy_keeps_what_the_operators_table_leaves_out(tmp_path: Path) -> None:
    operator = write(tmp_path / "operator.toml", '[levels.health]\nmax_age = 60\nlifespan = "once"\n')
    household = write(
        tmp_path / "household.toml", "[levels.health]\nrevocation = 120\n[levels.booking]\nlifespan = 300\n"
    )
    levels = load(operator, household).levels
    health = levels.health
    assert (health.max_age, health.revocation, health.lifespan, health.at_box) == (60, 120, Lifespan.ONCE, True)
    assert (levels.booking.lifespan, levels.booking.max_age) == (300, load().levels.booking.max_age)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[levels.health]\nmax_age = 60\nmaxage = 60\n", 3),
        ("[levels.heath]\nmax_age = 60\n", 1),
        ("[levels.booking]\nmax_age = 60\n\n[levels.health]\nmax_age = 1\n", 5),
        ('[levels.health]\nlifespan = "forever"\n', 2),
        ('[levels.health]\nlevel = "sure"\n', 2),
        ("[levels]\nhealth = { max_age = 1 }\n", 2),
    ],
)
def test_a_mistake_in_a_policy_is_found_where_it_is(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path / "operator.toml", text))
    assert caught.value.args_["line"] == line
