"""The voice's part of the box: the engine that is set, what it needs, and the player."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from stb_agent.contract import words
from stb_agent.contract.appearance import JAPANESE
from stb_agent.contract.sounds import Sounds
from stb_agent.contract.speech import Engine, Output, Speech
from stb_agent.doctor.finding import Finding

_PATIENCE = 5.0
"""Seconds for MeCab to read its dictionary."""
_CARDS = Path("/proc/asound/cards")
_PLAYERS = {Output.ALSA: ("aplay", "alsa-utils"), Output.PULSE: ("paplay", "pulseaudio-utils")}
_VOICE_HEAD = b"[GLOBAL]"
"""The first line of an HTS voice (hts_engine API 1.10, HTS_ModelSet_load)."""


def look(speech: Speech, cards: Path = _CARDS) -> list[Finding]:
    """Check what voice guidance needs; a finding for each thing that is not there."""
    if speech.engine is Engine.NONE:
        return [Finding("speech", True, words.text("doctor.speech_none"))]
    bad = _espeak() if speech.engine is Engine.ESPEAK else _open_jtalk(speech)
    bad += _program(*_PLAYERS[speech.output])
    if bad:
        return bad
    return [
        Finding("speech", True, speech.engine.value if _card(speech, cards) else words.text("doctor.speech_no_card"))
    ]


def look_sounds(sounds: Sounds, speech: Speech) -> list[Finding]:
    """Check that what a key did can be heard, where it is to be."""
    return _program(*_PLAYERS[speech.output]) if sounds.on else []


def _bad(code: str, **args: str) -> Finding:
    return Finding("speech", False, code=f"doctor.speech_{code}", args=dict(args))


def _program(program: str, package: str) -> list[Finding]:
    return [] if shutil.which(program) else [_bad("program", program=program, package=package)]


def _espeak() -> list[Finding]:
    bad = _program("espeak-ng", "espeak-ng") + _program("mecab", "mecab")
    if bad:
        return bad
    command, trial = ["mecab", "-F", "%f[8]", "-E", ""], words.text("doctor.speech", JAPANESE)
    try:
        read = subprocess.run(
            command, input=trial, capture_output=True, text=True, timeout=_PATIENCE, check=True
        ).stdout
    except (OSError, UnicodeDecodeError, subprocess.SubprocessError):
        read = ""
    return [] if read.strip() not in ("", trial) else [_bad("readings", package="mecab-ipadic-utf8")]


def _open_jtalk(speech: Speech) -> list[Finding]:
    bad = _program("open_jtalk", "open-jtalk")
    if not (Path(speech.dictionary) / "sys.dic").is_file():
        bad.append(_bad("dictionary", folder=speech.dictionary, package="open-jtalk-mecab-naist-jdic"))
    if not speech.voice:
        bad.append(_bad("no_voice"))
    elif not _is_voice(Path(speech.voice)):
        bad.append(_bad("voice", file=speech.voice))
    return bad


def _is_voice(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_VOICE_HEAD)) == _VOICE_HEAD
    except OSError:
        return False


def _card(speech: Speech, cards: Path) -> bool:
    """Tell whether ALSA has a card; a sound server's are its own."""
    if speech.output is not Output.ALSA:
        return True
    try:
        return "[" in cards.read_text()
    except OSError:
        return False
