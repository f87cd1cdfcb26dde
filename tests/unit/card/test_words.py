"""Every error a person can meet has its cause and its remedy."""

import string

import pytest

from stb_agent.card.errors import CardError, PinChanged, PinWrong, UnexpectedStatus
from stb_agent.contract import words


def every(root: type[CardError]) -> list[type[CardError]]:
    return [root, *(one for child in root.__subclasses__() for one in every(child))]


ALL = every(CardError)
KNOWN_ARGS = {
    "card.pin.wrong": {"left"},
    "card.pin.changed": {"left"},
    "card.status": {"sw"},
    "card.anchors": {"file"},
    "card.descriptor": {"file"},
}


@pytest.mark.parametrize("error", ALL, ids=lambda it: it.code)
@pytest.mark.parametrize("part", ["cause", "remedy"])
def test_it_has_words_that_need_no_more_than_it_carries(error: type[CardError], part: str):
    code = f"{error.code}.{part}"
    wanted = KNOWN_ARGS.get(error.code, set())
    text = words.text(code, **dict.fromkeys(wanted, 1))
    assert text.endswith(("。", "）。"))
    assert "{" not in text


def test_each_error_has_a_code_of_its_own():
    assert len({one.code for one in ALL}) == len(ALL)


def test_the_words_hold_no_code_that_no_error_has():
    known = {f"{one.code}.{part}" for one in ALL for part in ("cause", "remedy")}
    assert {code for code in words.codes() if code.startswith("card.")} == known


@pytest.mark.parametrize("error", [PinWrong(2), PinChanged(1), UnexpectedStatus(0x6F00)])
def test_what_an_error_carries_fills_its_words(error: CardError):
    assert str(next(iter(error.args_.values()))) in words.text(error.code + ".cause", **error.args_)
    fields = {
        name for _, name, _, _ in string.Formatter().parse(words.text(error.code + ".remedy", **error.args_)) if name
    }
    assert not fields


@pytest.mark.parametrize("code", ["card.pin.format.remedy", "card.pin.wrong.remedy", "card.pin.blocked.cause"])
def test_the_pin_is_named_in_full(code: str):
    assert "利用者証明用電子証明書の暗証番号（数字4けた）" in words.text(code)
    assert "窓口" in words.text("card.pin.blocked.remedy")
