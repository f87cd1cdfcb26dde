"""The command line's promises that need no reader: every error has its exit status, in the help and in the handbook."""

from pathlib import Path

import pytest

from stb_agent.__main__ import main
from stb_agent.card import errors
from stb_agent.card_cli import EXITS, status_of

DOCS = Path(__file__).parents[3] / "docs" / "operations.md"
ROOTS = {"card", "card.pin", "card.certificate", "card.kind"}


def every(root: type[errors.CardError]) -> list[type[errors.CardError]]:
    return [root, *(one for child in root.__subclasses__() for one in every(child))]


@pytest.mark.parametrize("error", every(errors.CardError)[1:], ids=lambda it: it.code)
def test_every_error_of_the_card_belongs_to_one_class(error: type[errors.CardError]):
    assert sum(issubclass(error, classes) for _, _, classes in EXITS) == 1


def test_an_error_of_another_room_is_one_thing_else():
    assert status_of(errors.PinWrong(2)) == 7
    assert status_of(errors.CardError()) == 1


def test_the_statuses_are_in_the_help_and_in_the_handbook(capsys: pytest.CaptureFixture[str]):
    handbook = DOCS.read_text("utf-8")
    for verb in ([], ["info"], ["sign"], ["watch"], ["doctor"], ["descriptor"]):
        with pytest.raises(SystemExit) as left:
            main(["card", *verb, "--help"])
        assert left.value.code == 0
        told = capsys.readouterr().out
        for status, text, _ in EXITS:
            assert f"  {status}  {text}" in told
            assert f"| {status} | {text} |" in handbook


@pytest.mark.parametrize("challenge", ["", "0", "xyz", "00 g0"])
def test_a_challenge_that_is_not_hexadecimal_is_a_wrong_call(challenge: str):
    with pytest.raises(SystemExit) as left:
        main(["card", "sign", "--challenge", challenge, "--pin-fd", "0"])
    assert left.value.code == 2
