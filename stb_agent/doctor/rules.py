"""Whether the service user may use card readers: the rules for polkit (pcscd asks it) and udev (USB without pcscd)."""

from __future__ import annotations

import os
import shutil
import subprocess
from enum import Enum
from pathlib import Path

from stb_agent.contract import words
from stb_agent.contract.config import ReaderChoice
from stb_agent.doctor.finding import Finding

_OURS = Path(__file__).parents[1] / "host" / "rules"
_POLKIT = "50-chanoma.rules"
_UDEV = "70-chanoma.rules"
_ACTIONS = ("org.debian.pcsc-lite.access_pcsc", "org.debian.pcsc-lite.access_card")
_PATIENCE = 5.0
"""Seconds for polkit to answer."""


class _Rule(Enum):
    """How a rule file on the box compares with ours."""

    SAME = "same"
    OTHER = "rules_old"
    MISSING = "rules_missing"
    UNREADABLE = "unreadable"


def permissions(choice: ReaderChoice, *, direct: bool, root: Path = Path("/")) -> Finding:
    """Check the rule that this box needs; ``direct``: the reader is driven over USB; ``root``: of the file system looked at."""
    if direct or choice is ReaderChoice.CCID:
        folders: tuple[str, ...] = ("etc/udev/rules.d", "usr/lib/udev/rules.d", "lib/udev/rules.d")
        ours = _OURS / "udev" / _UDEV
    elif (root / "usr/share/polkit-1/actions/org.debian.pcsc-lite.policy").exists():
        folders = ("etc/polkit-1/rules.d", "usr/share/polkit-1/rules.d")
        ours = _OURS / "polkit" / _POLKIT
    else:
        # Debian 12's pcscd is built without polkit: whoever reaches its socket is let in.
        return Finding("rules", True, words.text("doctor.rules_unneeded"))
    found = _compare(ours, [root / folder / ours.name for folder in folders])
    if found is _Rule.SAME:
        return Finding("rules", True, ours.name)
    if found is _Rule.UNREADABLE:  # polkitd's folders are its own on Debian: ask it, for the user that we are
        if _may_use_pcscd():
            return Finding("rules", True, words.text("doctor.rules_asked"))
        found = _Rule.MISSING
    target = f"/{folders[0]}/{ours.name}"
    return Finding("rules", False, code=f"doctor.{found.value}", args={"source": str(ours), "target": target})


def _compare(ours: Path, places: list[Path]) -> _Rule:
    """Compare the first of the places that has the file."""
    unreadable = False
    for place in places:
        try:
            return _Rule.SAME if place.read_bytes() == ours.read_bytes() else _Rule.OTHER
        except PermissionError:
            unreadable = True
        except OSError:
            continue
    return _Rule.UNREADABLE if unreadable else _Rule.MISSING


def _may_use_pcscd() -> bool:
    """Ask polkit whether this process may use pcscd and its cards."""
    program = shutil.which("pkcheck")
    if program is None:
        return False
    try:
        return all(
            subprocess.run(
                [program, "--action-id", action, "--process", str(os.getpid())], timeout=_PATIENCE, capture_output=True
            ).returncode == 0
            for action in _ACTIONS
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return False
