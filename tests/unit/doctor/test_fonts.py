"""What the doctor says of the screen's fonts."""

from pathlib import Path

import pytest

from stb_agent import doctor
from stb_agent.contract.fonts import MAIN, Typeface

_NOWHERE = Typeface("fonts-nowhere", Path("/nowhere/a.ttf"), Path("/nowhere/b.ttf"))


def test_without_a_further_font_all_is_well_and_what_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "FURTHER", (_NOWHERE,))
    found = doctor._fonts()
    assert found.ok
    assert "〓" in found.line()
    assert "fonts-nowhere" in found.line()


def test_a_further_font_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "FURTHER", (_NOWHERE, MAIN))
    assert doctor._fonts().detail == f"{MAIN.package}, {MAIN.package}"


def test_without_the_font_nothing_can_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "MAIN", _NOWHERE)
    found = doctor._fonts()
    assert not found.ok
    assert "apt-get install fonts-nowhere" in found.line()
