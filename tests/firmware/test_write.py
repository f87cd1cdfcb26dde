"""stb-flash against the practice board, each a process, over a real serial seam."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from firmware_bridge import boards
from tests.firmware.conftest import IMAGE_SIZE, Outcome, flash, flash_command
from tests.support.board import FIRST_BYTE, faults, running_board, wait_until

CHUNK = 262144
FIRST_BLOCK = 0x800


def assert_error(outcome: Outcome, status: int, code: str) -> None:
    """Check what every failure must give: status, code, cause and remedy, Japanese before English."""
    assert (outcome.status, outcome.answer["code"]) == (status, code), outcome.told
    assert outcome.answer["ok"] is False
    last = outcome.told.rstrip().splitlines()[-2:]
    assert last[0] == f"stb-flash: {code}: {outcome.answer['cause']}{outcome.answer['remedy']}"
    assert last[1] == f"({outcome.answer['en']['cause']} {outcome.answer['en']['remedy']})"


def untouched(storage: Path) -> bool:
    """Tell whether nothing was ever written."""
    return not any(storage.read_bytes())


@pytest.mark.parametrize("seam", [[], ["--pty"]], ids=["socket", "pty"])
def test_an_image_is_written_and_then_there_is_nothing_left_to_do(image: Path, storage: Path, seam: list[str]) -> None:
    with running_board(storage, *seam) as board:
        first = flash(image, board.port)
        assert first.status == 0, first.told
        assert board.holds(IMAGE_SIZE + 1000) == image.read_bytes() + bytes(1000)
        assert not any(storage.read_bytes()[:FIRST_BYTE])
        again = flash(image, board.port)
    assert first.answer | {"seconds": 0, "line_bytes": 0, "sent": 0} == {
        "ok": True,
        "board": "sim",
        "size": IMAGE_SIZE,
        "chunks": 3,
        "skipped": 0,
        "retries": 0,
        "sent": 0,
        "line_bytes": 0,
        "seconds": 0,
    }
    assert IMAGE_SIZE <= first.answer["sent"] < first.answer["line_bytes"] < IMAGE_SIZE * 1.02
    assert "100 %" in first.told
    assert (again.status, again.answer["skipped"], again.answer["sent"]) == (0, 3, 0)
    assert again.answer["line_bytes"] < 2000


def test_only_the_chunk_that_changed_is_sent(image: Path, storage: Path) -> None:
    with running_board(storage) as board:
        assert flash(image, board.port).status == 0
        changed = bytearray(image.read_bytes())
        changed[CHUNK + 5] ^= 1
        image.write_bytes(changed)
        again = flash(image, board.port)
        assert board.holds(IMAGE_SIZE) == changed
    assert (again.answer["skipped"], again.answer["sent"]) == (2, CHUNK)


def test_a_silent_line_is_told_in_bounded_time(image: Path, storage: Path) -> None:
    with running_board(storage, *faults("silent")) as board:
        outcome = flash(image, board.port, "--wait", "3")
    assert_error(outcome, 4, "flash.line.silent")
    assert outcome.seconds < 6
    assert "電源" in outcome.told


def test_a_board_that_falls_silent_on_the_way_is_told_in_bounded_time(image: Path, storage: Path) -> None:
    hasty = storage.with_name("hasty.toml")
    hasty.write_text(
        (Path(boards.__file__).parent / "sim.toml").read_text().replace("[identity]", "reply_seconds = 1\n[identity]")
    )
    with running_board(storage, *faults("silent-after=300000")) as board:
        outcome = flash(image, board.port, "--board", str(hasty), "--wait", "3")
        assert_error(outcome, 4, "flash.line.silent")
        # 2 × 1 s for the block, 3 s for the prompt, and the start.
        assert outcome.seconds < 10
        assert board.holds(CHUNK) == image.read_bytes()[:CHUNK]
        assert not any(board.holds(IMAGE_SIZE)[CHUNK:])


def test_another_board_gets_nothing(image: Path, storage: Path) -> None:
    with running_board(storage, *faults("board=other-stb")) as board:
        outcome = flash(image, board.port)
    assert_error(outcome, 5, "flash.board.wrong")
    assert outcome.answer["data"] == {"expected": "chanoma-sim", "found": "other-stb"}
    assert "other-stb" in outcome.answer["cause"]
    assert untouched(storage)


def test_a_board_without_its_boot_loaders_prompt(image: Path, storage: Path) -> None:
    with running_board(storage, *faults("boots")) as board:
        outcome = flash(image, board.port, "--wait", "4")
    assert_error(outcome, 4, "flash.prompt.missing")
    assert outcome.answer["data"]["heard"] == "stb login:"
    assert untouched(storage)


def test_a_noisy_line_is_mended(image: Path, storage: Path) -> None:
    with running_board(storage, *faults("noise=5e-5"), "--seed", "3") as board:
        outcome = flash(image, board.port)
        assert outcome.status == 0, outcome.told
        assert board.holds(IMAGE_SIZE) == image.read_bytes()
    # About every twentieth block met a changed byte: without noise the line carries under 1.02 of the image.
    assert outcome.answer["line_bytes"] > IMAGE_SIZE * 1.03


def test_a_cut_connection_is_told_and_the_second_run_goes_on(image: Path, storage: Path) -> None:
    with running_board(storage, *faults("cut=560000")) as board:
        cut = flash(image, board.port)
        assert_error(cut, 4, "flash.line.lost")
        assert board.holds(2 * CHUNK) == image.read_bytes()[: 2 * CHUNK]
        resumed = flash(image, board.port)
        assert resumed.status == 0, resumed.told
        assert board.holds(IMAGE_SIZE) == image.read_bytes()
    assert (resumed.answer["skipped"], resumed.answer["chunks"]) == (2, 3)
    assert resumed.answer["line_bytes"] < (IMAGE_SIZE - 2 * CHUNK) * 1.1


def test_a_board_that_loses_power_on_the_way_is_found_again(image: Path, storage: Path) -> None:
    with running_board(storage, *faults("brownout=400000")) as board:
        outcome = flash(image, board.port)
        assert outcome.status == 0, outcome.told
        assert board.holds(IMAGE_SIZE) == image.read_bytes()
    assert outcome.answer["retries"] == 1
    assert outcome.answer["line_bytes"] < IMAGE_SIZE + CHUNK


@pytest.mark.parametrize(
    ("how", "status"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)], ids=["kill -9", "Ctrl-C"]
)
def test_a_run_that_is_stopped_midway_is_resumed(image: Path, storage: Path, how: signal.Signals, status: int) -> None:
    # 400 kB/s: the second chunk is under way when it is stopped.
    with running_board(storage, "--rate", "400000") as board:
        # A shell's background job is born deaf to Ctrl-C, and so would be what it starts.
        command = ["env", "--default-signal=INT", *flash_command(image, board.port)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as first:
            wait_until(lambda: board.holds(CHUNK) == image.read_bytes()[:CHUNK])
            assert first.stderr
            assert any(b"60 %" in line for line in first.stderr)
            first.send_signal(how)
            first.communicate(timeout=20)
        assert first.returncode == status
        assert not any(board.holds(IMAGE_SIZE)[CHUNK:]), "an unfinished chunk was written"
        resumed = flash(image, board.port)
        assert resumed.status == 0, resumed.told
        assert board.holds(IMAGE_SIZE) == image.read_bytes()
    assert resumed.answer["skipped"] == 1
    assert resumed.answer["sent"] < IMAGE_SIZE - CHUNK + 1024


def test_what_arrives_damaged_in_ram_is_never_written(image: Path, storage: Path) -> None:
    with running_board(storage, *faults("ram-flip")) as board:
        small = image.with_name("small.bin")
        small.write_bytes(image.read_bytes()[:20_000])
        outcome = flash(small, board.port)
    assert_error(outcome, 7, "flash.checksum.ram")
    assert outcome.told.count("やり直します") == 4
    assert untouched(storage)


def test_a_bit_that_flips_once_in_storage_is_mended(image: Path, storage: Path) -> None:
    with running_board(storage, *faults(f"bit-flip-once={FIRST_BLOCK + 600}")) as board:
        outcome = flash(image, board.port)
        assert outcome.status == 0, outcome.told
        assert board.holds(IMAGE_SIZE) == image.read_bytes()
    assert outcome.answer["retries"] == 1


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("bit-flip", 7, "flash.checksum.storage"),
        ("write-error", 8, "flash.storage.refused"),
        ("read-error", 8, "flash.storage.refused"),
    ],
)
def test_broken_storage_is_told(image: Path, storage: Path, fault: str, status: int, code: str) -> None:
    image.write_bytes(image.read_bytes()[:20_000])
    with running_board(storage, *faults(f"{fault}={FIRST_BLOCK + 3}")) as board:
        outcome = flash(image, board.port)
    assert_error(outcome, status, code)


def test_a_port_that_is_not_there(image: Path, tmp_path: Path) -> None:
    for port in (str(tmp_path / "ttyUSB9"), "socket://127.0.0.1:1", "nosuch://x"):
        assert_error(flash(image, port), 4, "flash.port.unavailable")


def test_a_wrong_image_or_board_is_told_before_the_port_is_opened(image: Path) -> None:
    assert_error(flash(image.with_name("absent"), "no-port"), 3, "flash.image.unreadable")
    assert_error(flash(image, "no-port", "--board", "nosuch"), 2, "flash.board.unknown")


def test_a_port_in_use_is_refused_and_the_first_user_is_not_disturbed(image: Path, storage: Path) -> None:
    with running_board(storage, "--pty", "--rate", "400000") as board:
        with subprocess.Popen(
            flash_command(image, board.port), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as first:
            wait_until(lambda: any(board.holds(CHUNK)))
            assert_error(flash(image, board.port), 4, "flash.port.unavailable")
            first.communicate(timeout=60)
        assert first.returncode == 0
        assert board.holds(IMAGE_SIZE) == image.read_bytes()
