"""The boards' descriptions, and the words of every error."""

from __future__ import annotations

import string
import tomllib
from pathlib import Path

import pytest

import firmware_bridge.errors
from firmware_bridge import boards
from firmware_bridge.errors import BoardFileWrong, BoardUnknown, ExitStatus, FlashError, ImageEmpty, ImageTooBig
from firmware_bridge.errors import ImageUnreadable as Unreadable
from firmware_bridge.station.write import image_size
from stb_agent.contract import words

SIM = (Path(boards.__file__).parent / "sim.toml").read_text()
ERRORS = [e for e in vars(firmware_bridge.errors).values() if isinstance(e, type) and issubclass(e, FlashError)]
LEAVES = [e for e in ERRORS if e is not FlashError]


@pytest.mark.parametrize("name", boards.names())
def test_every_board_that_comes_with_us_is_right(name: str) -> None:
    board = boards.load(name)
    tomllib.loads((Path(boards.__file__).parent / f"{name}.toml").read_text())
    assert board.storage.blocks * board.storage.block_size >= board.transfer.chunk_size


def test_an_unknown_board_names_the_known() -> None:
    with pytest.raises(BoardUnknown) as error:
        boards.load("nosuch")
    assert error.value.args_ == {"board": "nosuch", "known": ", ".join(boards.names())}


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("block_size = 512", "block_size = 512\nblok = 1", "blok"),
        ("baud = 115200", 'baud = "fast"', "$.console.baud"),
        ("chunk_size = 262144", "chunk_size = 1000", "chunk_size"),
        ("verify_address = 0x43000000", "verify_address = 0x42000200", "verify_address"),
        ("{block:x}", "{blok:x}", "blok"),
        (r"(\S+)", r"\S+", "group"),
        ('"=> "', "=>", "Invalid"),
    ],
)
def test_a_wrong_description_names_what_is_wrong(tmp_path: Path, old: str, new: str, why: str) -> None:
    assert old in SIM
    path = tmp_path / "own.toml"
    path.write_text(SIM.replace(old, new))
    with pytest.raises(BoardFileWrong) as error:
        boards.load(str(path))
    assert why in str(error.value.args_["why"])


def test_a_board_may_come_from_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(SIM)
    assert boards.load(str(path)) == boards.load("sim")
    with pytest.raises(BoardFileWrong):
        boards.load(str(tmp_path / "absent.toml"))


def test_an_image_must_be_readable_have_bytes_and_fit(tmp_path: Path) -> None:
    board = boards.load("sim")
    room = board.storage.blocks * board.storage.block_size
    image = tmp_path / "image"
    with pytest.raises(Unreadable):
        image_size(image, board)
    with pytest.raises(Unreadable):
        image_size(tmp_path, board)
    image.touch()
    with pytest.raises(ImageEmpty):
        image_size(image, board)
    with image.open("wb") as file:
        file.truncate(room)
    assert image_size(image, board) == room
    with image.open("ab") as file:
        file.write(b"x")
    with pytest.raises(ImageTooBig):
        image_size(image, board)


@pytest.mark.parametrize("error", LEAVES, ids=lambda e: e.__name__)
def test_every_error_has_its_words_in_both_languages(error: type[FlashError]) -> None:
    wanted = []
    for lang in ("ja", "en"):
        for part in ("cause", "remedy"):
            text = words.pattern(f"{error.code}.{part}", lang)
            assert len(text) > 5
            wanted.append({name for _, name, _, _ in string.Formatter().parse(text) if name})
    assert wanted[0] | wanted[1] == wanted[2] | wanted[3], "the two languages tell different data"


def test_codes_are_unique_and_exit_statuses_told() -> None:
    assert len({e.code for e in LEAVES}) == len(LEAVES) > 15
    for status in ExitStatus:
        assert words.has(f"flash.exit.{status:d}")
