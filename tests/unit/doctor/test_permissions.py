"""The rule files on a box, compared with ours; a root folder stands for the box."""

import re
from pathlib import Path

import pytest

from stb_agent.contract.config import ReaderChoice
from stb_agent.doctor import rules

OURS = Path(rules.__file__).parents[1] / "host" / "rules"
ACTION = "usr/share/polkit-1/actions/org.debian.pcsc-lite.policy"
POLKIT, UDEV = OURS / "polkit" / "50-chanoma.rules", OURS / "udev" / "70-chanoma.rules"


def put(root: Path, name: str, content: bytes = b"") -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(content)


def test_a_pcscd_that_does_not_ask_polkit_needs_no_rule(tmp_path: Path):
    assert rules.permissions(ReaderChoice.AUTO, direct=False, root=tmp_path).ok


@pytest.mark.parametrize(
    ("choice", "direct", "ours", "folder", "other"),
    [
        (ReaderChoice.PCSC, False, POLKIT, "etc/polkit-1/rules.d", "usr/share/polkit-1/rules.d"),
        (ReaderChoice.AUTO, False, POLKIT, "etc/polkit-1/rules.d", "usr/share/polkit-1/rules.d"),
        (ReaderChoice.CCID, True, UDEV, "etc/udev/rules.d", "usr/lib/udev/rules.d"),
        (ReaderChoice.AUTO, True, UDEV, "etc/udev/rules.d", "lib/udev/rules.d"),
    ],
)
def test_the_rule_that_is_needed_is_missed_or_found(
    choice: ReaderChoice, direct: bool, ours: Path, folder: str, other: str, tmp_path: Path
):
    put(tmp_path, ACTION)
    finding = rules.permissions(choice, direct=direct, root=tmp_path)
    assert (finding.ok, finding.code) == (False, "doctor.rules_missing")
    assert f"install -m 644 {ours} /{folder}/{ours.name}" in finding.line()
    put(tmp_path, f"{other}/{ours.name}", ours.read_bytes())
    assert rules.permissions(choice, direct=direct, root=tmp_path).ok
    put(tmp_path, f"{folder}/{ours.name}", b"another version")  # where the administrator's own stands, it counts
    assert rules.permissions(choice, direct=direct, root=tmp_path).code == "doctor.rules_old"


@pytest.mark.parametrize("allowed", [True, False])
def test_where_polkits_folder_is_closed_polkit_is_asked(allowed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    put(tmp_path, ACTION)

    def closed(path: Path) -> bytes:
        raise PermissionError(path)

    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pkcheck").write_text(f"#!/bin/sh\necho $2 >>{tmp_path}/asked\nexit {int(not allowed)}\n")
    (tmp_path / "bin" / "pkcheck").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    monkeypatch.setattr(Path, "read_bytes", closed)
    finding = rules.permissions(ReaderChoice.PCSC, direct=False, root=tmp_path)
    assert finding.ok is allowed
    asked = (tmp_path / "asked").read_text().split()
    assert asked[0] == "org.debian.pcsc-lite.access_pcsc"
    assert ("org.debian.pcsc-lite.access_card" in asked) is allowed


def test_the_handbook_installs_both_rules_under_the_names_that_are_looked_for():
    handbook = (OURS.parents[2] / "docs" / "operations.md").read_text("utf-8")
    for file, target in ((POLKIT, "/etc/polkit-1/rules.d"), (UDEV, "/etc/udev/rules.d")):
        assert re.search(rf"install -m 644 -D \S+/{file.name} {target}/{file.name}\b", handbook)
        assert "chanoma" in file.read_text("utf-8")
