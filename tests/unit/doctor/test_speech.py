"""What the doctor says of the voice: what is missing, and how it comes here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stb_agent.contract.sounds import Sounds
from stb_agent.contract.speech import Engine, Output, Speech
from stb_agent.doctor import speech


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def _put(folder: Path, name: str, line: str = "") -> None:
    (folder / name).write_text(f"#!/bin/sh\n{line}\n")
    (folder / name).chmod(0o755)


def _codes(wanted: Speech) -> list[str]:
    findings = speech.look(wanted, Path(os.devnull))
    for finding in findings:
        assert finding.ok or "\n    → " in finding.line()
        assert "{" not in finding.line()
    return [finding.code for finding in findings if not finding.ok]


def test_espeak_needs_readings_and_a_player(programs: Path) -> None:
    assert _codes(Speech()) == ["doctor.speech_program"] * 3
    for name in ("espeak-ng", "aplay"):
        _put(programs, name)
    _put(programs, "mecab", "exit 1")
    assert _codes(Speech()) == ["doctor.speech_readings"]
    _put(programs, "mecab", "printf 音声案内")
    assert _codes(Speech()) == ["doctor.speech_readings"], "a dictionary that does not know it"
    _put(programs, "mecab", "printf コエ")
    assert _codes(Speech()) == []
    assert _codes(Speech(output=Output.PULSE)) == ["doctor.speech_program"]


def test_open_jtalk_needs_the_operator_s_voice(programs: Path, tmp_path: Path) -> None:
    wanted = Speech(engine=Engine.OPEN_JTALK, dictionary=str(tmp_path / "dic"), output=Output.PULSE)
    _put(programs, "paplay")
    assert _codes(wanted) == ["doctor.speech_program", "doctor.speech_dictionary", "doctor.speech_no_voice"]
    _put(programs, "open_jtalk")
    (tmp_path / "dic").mkdir()
    (tmp_path / "dic" / "sys.dic").touch()
    voice = tmp_path / "mei.htsvoice"
    wanted = Speech(engine=Engine.OPEN_JTALK, dictionary=wanted.dictionary, voice=str(voice), output=Output.PULSE)
    assert _codes(wanted) == ["doctor.speech_voice"]
    voice.write_bytes(b"RIFF")
    assert _codes(wanted) == ["doctor.speech_voice"]
    voice.write_bytes(b"[GLOBAL]\nHTS_VOICE_VERSION:1.0\n")
    assert _codes(wanted) == []


def test_no_sound_card_is_told_and_is_no_fault(programs: Path, tmp_path: Path) -> None:
    for name in ("espeak-ng", "aplay"):
        _put(programs, name)
    _put(programs, "mecab", "printf コエ")
    cards = tmp_path / "cards"
    cards.write_text("--- no soundcards ---\n")
    (finding,) = speech.look(Speech(), cards)
    assert finding.ok
    assert "音を出す機器" in finding.line()
    cards.write_text(" 0 [vc4hdmi        ]: vc4-hdmi - vc4-hdmi\n")
    (finding,) = speech.look(Speech(), cards)
    assert finding.detail == "espeak"
    (finding,) = speech.look(Speech(engine=Engine.NONE), cards)
    assert "使わない" in finding.line()


def test_sounds_need_a_player_and_only_where_they_are_wanted(programs: Path) -> None:
    (missing,) = speech.look_sounds(Sounds(on=True), Speech(output=Output.PULSE))
    assert (missing.code, missing.args["program"]) == ("doctor.speech_program", "paplay")
    assert not speech.look_sounds(Sounds(), Speech())
    _put(programs, "paplay")
    assert not speech.look_sounds(Sounds(on=True), Speech(output=Output.PULSE))
