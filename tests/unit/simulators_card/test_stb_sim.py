import pytest

from simulators.__main__ import main, programs


def test_the_list_is_made_of_the_folders() -> None:
    assert "card" in programs()
    assert "authority" not in programs()  # a room, and not a program


@pytest.mark.parametrize(("words", "status"), [([], 2), (["nobody"], 2), (["--help"], 0)])
def test_what_there_is_is_said(words: list[str], status: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == status
    said = "".join(capsys.readouterr())
    assert "\n  card " in said
    assert ("'nobody'" in said) == (words == ["nobody"])
