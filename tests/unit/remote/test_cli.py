"""``stb-agent remote check``, over files of ours, of the kernel's developers, and of nobody's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stb_agent.__main__ import main
from stb_agent.remote.keymaps.layers import OURS

USABLE = '[actions]\nup = ["KEY_F1"]\ndown = ["KEY_F2"]\nleft = ["KEY_F3"]\nright = ["KEY_F4"]\nok = ["KEY_F5"]\n'
KERNEL = """
[[protocols]]
name = "sofa"
protocol = "nec"
[protocols.scancodes]
0x01 = "KEY_UP"
0x02 = "KEY_DOWN"
0x03 = "KEY_LEFT"
0x04 = "KEY_RIGHT"
0x05 = "KEY_VOLUMEUP"
0x06 = "KEY_MACRO9"
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name, text in {"usable": USABLE, "kernel": KERNEL, "ill": "[actions]\ndance = []", "box": ""}.items():
        (tmp_path / f"{name}.toml").write_text(text, "utf-8")
    return tmp_path


def check(capsys: pytest.CaptureFixture[str], folder: Path, *names: str) -> tuple[int, list[dict[str, Any]], str]:
    config = folder / "box.toml"
    status = main(["remote", "check", "--json", "--config", str(config), *(str(folder / name) for name in names)])
    said = capsys.readouterr()
    return status, [json.loads(line) for line in said.out.splitlines()], said.err


def test_a_usable_keymap_of_ours(capsys: pytest.CaptureFixture[str], files: Path) -> None:
    status, (found,), errors = check(capsys, files, "usable.toml")
    assert (status, errors) == (0, "")
    assert found["file"] == str(files / "usable.toml")
    assert (found["name"], found["form"], found["usable"]) == ("usable", "ours", True)
    assert found["keys"] == ["KEY_F1", "KEY_F2", "KEY_F3", "KEY_F4", "KEY_F5"]
    assert found["actions"]["ok"] == ["KEY_F5"]
    assert {"back", "home", "blue", "0", "12"} < set(found["missing"])
    assert found["unknown"] == found["television"] == []


def test_a_table_of_the_kernels_form_that_lacks_ok(capsys: pytest.CaptureFixture[str], files: Path) -> None:
    status, (found,), errors = check(capsys, files, "kernel.toml")
    assert (status, errors) == (1, "")
    assert (found["name"], found["form"], found["usable"]) == ("sofa", "kernel", False)
    assert "ok" in found["missing"]
    assert found["television"] == ["KEY_VOLUMEUP"]
    assert found["unknown"] == ["KEY_MACRO9"]


def test_an_ill_formed_or_missing_file_is_told_and_the_others_are_checked(
    capsys: pytest.CaptureFixture[str], files: Path
) -> None:
    status, found, errors = check(capsys, files, "usable.toml", "ill.toml", "none.toml", "kernel.toml")
    assert status == 2
    assert [it.get("usable") for it in found] == [True, None, None, False]
    assert [it.get("error") for it in found] == [None, "remote.keymap.invalid", "remote.keymap.unreadable", None]
    assert found[1]["line"] == 2
    assert "remote.keymap.invalid: " in errors
    assert errors.count("→") == 2


def test_as_text(capsys: pytest.CaptureFixture[str], files: Path) -> None:
    config = ["--config", str(files / "box.toml")]
    assert main(["remote", "check", *config, str(files / "kernel.toml"), str(OURS / "kernel.toml")]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "usable: False" in lines
    assert "usable: True" in lines
    assert "unknown: KEY_MACRO9" in lines


def test_all_real_tables_at_once(capsys: pytest.CaptureFixture[str], files: Path) -> None:
    tables = sorted(Path("/lib/udev/rc_keymaps").glob("*.toml"))
    status, found, errors = check(capsys, files, *map(str, tables))
    assert (status, errors) == (1, "")
    assert len(found) == len(tables) > 100
    assert sum(it["usable"] for it in found) >= 90
