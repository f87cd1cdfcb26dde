"""The voice with the real espeak-ng and MeCab: text in, sound out; cut short, killed, and for hours."""

from __future__ import annotations

import array
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stb_agent.contract.speech import Engine, Output, Speech
from tests.speech.conftest import ON, Loudspeaker, until
from ui.speech.child import KEPT, Phrases
from ui.speech.engines import EngineError, Espeak, OpenJtalk, Sound
from ui.speech.sinks import Player, SinkError
from ui.speech.voice import Voice

_LONG = ["本日の予約の内容を、はじめから終わりまで、ゆっくりと読み上げます。" * 3]


def _loudest(sound: Sound) -> int:
    return max(abs(sample) for sample in array.array("h", sound.samples))


def _seconds(sound: Sound) -> float:
    return len(sound.samples) / 2 / sound.rate


async def test_kanji_are_spoken_as_they_are_read() -> None:
    engine = Espeak("ja", "", 100)
    kanji, kana = await engine.synthesise("施設の予約。"), await engine.synthesise("しせつのよやく。")
    await engine.close()
    assert _loudest(kanji) > 3000
    assert 0.5 < _seconds(kanji) < 3
    assert abs(_seconds(kanji) - _seconds(kana)) < 0.3, "espeak-ng alone would say 'Chinese letter' four times"


async def test_speed_and_language_are_the_household_s() -> None:
    slow, fast, english = Espeak("ja", "", 60), Espeak("ja", "", 200), Espeak("en", "", 100)
    text = "暗証番号を入れてください。"
    assert _seconds(await slow.synthesise(text)) > 1.5 * _seconds(await fast.synthesise(text))
    assert _loudest(await english.synthesise("Please insert your card.")) > 3000
    for engine in (slow, fast, english):
        await engine.close()


class _Counting:
    def __init__(self) -> None:
        self.asked: list[str] = []

    async def synthesise(self, text: str) -> Sound:
        self.asked.append(text)
        return Sound(1000, bytes(400))

    async def close(self) -> None:
        pass


async def test_what_was_said_is_kept_as_far_as_there_is_room() -> None:
    engine = _Counting()
    phrases = Phrases(engine, kept=1000)
    for text in ("a", "b", "a", "c", "a", "b"):
        await phrases.synthesise(text)
    assert engine.asked == ["a", "b", "c", "b"], "b was heard longest ago when c came"


_OPEN_JTALK = """#!{python} -IS
import struct, sys
assert sys.argv[1:] == ["-x", "/dic", "-m", "/mei.htsvoice", "-r", "0.8", "-ow", "/dev/stdout"], sys.argv
line = sys.stdin.buffer.readline()
assert len(line) < 1024 and not sys.stdin.buffer.read()
head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(line) * 2, b"WAVE", b"fmt ", 16, 1, 1, 48000, 96000, 2, 16, b"data", len(line) * 2)
open("/dev/stdout", "wb").write(head + b"".join(struct.pack("<h", byte * 99) for byte in line))
"""
"""Reads one line and writes a RIFF file where it is told, as Open JTalk 1.11 does (open_jtalk -h)."""


async def test_open_jtalk_is_called_as_it_wants_to_be(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "open_jtalk").write_text(_OPEN_JTALK.format(python=sys.executable))
    (tmp_path / "open_jtalk").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    engine = OpenJtalk("/dic", "/mei.htsvoice", 80)
    assert await engine.synthesise("ab") == Sound(
        48000, b"".join((byte * 99).to_bytes(2, "little") for byte in b"ab\n")
    )
    assert len((await engine.synthesise("長い文。" * 200)).samples) == 2 * (3 * 800 + 3), "all of it, in three parts"


async def test_an_engine_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(EngineError):
        await OpenJtalk(str(tmp_path), str(tmp_path / "none.htsvoice"), 100).synthesise("声")
    monkeypatch.setenv("PATH", str(tmp_path))
    for engine in (Espeak("ja", "", 100), Espeak("en", "", 100), OpenJtalk("", "", 100)):
        with pytest.raises(EngineError):
            await engine.synthesise("声")
    with pytest.raises(SinkError):
        await Player(Output.PULSE).begin(22050)


async def test_a_real_player_gets_the_sound(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """ALSA's file plugin stands where the sound card would: aplay itself runs."""
    heard, asoundrc = tmp_path / "heard.raw", tmp_path / "asoundrc"
    asoundrc.write_text(
        f'pcm.!default {{ type file\nslave.pcm null\nfile "{heard}"\nformat raw }}\npcm.null {{ type null }}\n'
    )
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(asoundrc))
    engine = Espeak("ja", "", 100)
    sound = await engine.synthesise("茶の間。")
    await engine.close()
    player = Player(Output.ALSA)
    await player.begin(sound.rate)
    await player.write(sound.samples)
    await player.finish()
    assert heard.read_bytes()[: len(sound.samples)] == sound.samples


async def test_without_a_sound_card_the_player_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    empty = tmp_path / "asoundrc"
    empty.write_text("")
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(empty))
    player = Player(Output.ALSA)
    await player.begin(22050)
    with pytest.raises(SinkError):
        await player.finish()


def test_the_next_key_cuts_short_what_is_said(voice: Voice, loudspeaker: Loudspeaker) -> None:
    silent, heard = [], []
    voice.say(["一。"], ON, "ja")
    until(lambda: loudspeaker.played)
    for at in range(10):
        before = len(loudspeaker.utterances())
        voice.say(_LONG, ON, "ja")
        until(lambda before=before: len(loudspeaker.utterances()) > before)  # type: ignore[misc]
        time.sleep(0.2)
        long = loudspeaker.utterances()[-1]
        pressed = time.monotonic()
        voice.say([f"{at}。"], ON, "ja")
        until(lambda long=long: loudspeaker.utterances()[-1] != long)  # type: ignore[misc]
        time.sleep(0.15)
        silent.append(max(when for pid, when, *_ in loudspeaker.played if pid == long) + 0.02 - pressed)
        heard.append(min(when for pid, when, *_ in loudspeaker.played if pid == loudspeaker.utterances()[-1]) - pressed)
    print(
        f"silent after {statistics.median(silent):.3f} s, at most {max(silent):.3f}; the next word after {statistics.median(heard):.3f} s"
    )
    assert max(silent) < 0.1
    before = len(loudspeaker.utterances())
    voice.say(_LONG, ON, "ja")
    until(lambda: len(loudspeaker.utterances()) > before)
    pressed = time.monotonic()
    voice.hush()
    time.sleep(0.3)
    assert loudspeaker.played[-1][1] + 0.02 - pressed < 0.1


def test_sentences_follow_one_another_and_are_not_silent(voice: Voice, loudspeaker: Loudspeaker) -> None:
    voice.say(["施設の予約。", "3のうち1番め。"], ON, "ja")
    until(lambda: sum(size for *_, size, _ in loudspeaker.played) / 2 / 22050 > 2)
    assert len(loudspeaker.utterances()) == 1
    assert max(loud for *_, loud in loudspeaker.played) > 3000


def test_what_follows_waits_for_what_is_being_said(voice: Voice, loudspeaker: Loudspeaker) -> None:
    voice.say(["施設の予約を、はじめます。"], ON, "ja")
    until(lambda: loudspeaker.played)
    voice.say(["電話で伝える確認番号は、よんはちにー。"], ON, "ja", follow=True)
    until(lambda: sum(size for *_, size, _ in loudspeaker.played) / 2 / 22050 > 4, 15)
    spoken = loudspeaker.played
    assert all(spoken[at + 1][1] - spoken[at][1] < 0.3 for at in range(len(spoken) - 1)), "nothing was cut"
    voice.hush()
    voice.say(["一。"], ON, "ja", follow=True)
    before = len(loudspeaker.utterances())
    until(lambda: len(loudspeaker.utterances()) > before)


def test_a_voice_that_is_killed_comes_back_and_says_it(voice: Voice, loudspeaker: Loudspeaker) -> None:
    voice.say(["一。"], ON, "ja")
    until(lambda: loudspeaker.played)
    first = voice.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)

    def seen() -> bool:
        voice.look()
        return not voice.running

    until(seen)
    assert voice.patience is not None
    assert 0 < voice.patience <= 0.5
    before = len(loudspeaker.utterances())
    voice.say(["二。"], ON, "ja")
    assert not voice.running, "not before its time"
    until(lambda: voice.patience == 0)
    voice.look()
    assert voice.pid not in (None, first)
    until(lambda: len(loudspeaker.utterances()) > before)


def test_a_voice_that_dies_at_once_is_tried_less_and_less_often() -> None:
    now = [0.0]
    voice = Voice(lambda: now[0], lambda speech, language: ("false",))
    delays = []
    voice.say(["一。"], ON, "ja")
    for _ in range(9):
        until(lambda: voice._process is not None and voice._process.poll() is not None)
        voice.look()
        assert voice.patience is not None
        delays.append(voice.patience)
        now[0] += voice.patience
        voice.look()
    voice.close()
    assert delays == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_the_last_word_ends_the_process_and_it_does_not_come_back(voice: Voice, loudspeaker: Loudspeaker) -> None:
    voice.say(["終わります。"], ON, "ja", last=True)
    assert voice.running
    process = voice._process
    assert process is not None
    until(lambda: process.poll() is not None)
    assert sum(size for *_, size, _ in loudspeaker.played) / 2 / 22050 > 0.5, "all of it was heard"
    voice.look()
    assert not voice.running
    assert voice.patience is None
    voice.say(["始めます。"], ON, "ja")
    assert voice.running


def test_another_speed_is_another_voice(voice: Voice, loudspeaker: Loudspeaker) -> None:
    voice.say(["一。"], ON, "ja")
    first = voice.pid
    voice.say(["一。"], Speech(on=True, rate=150), "ja")
    assert voice.pid != first
    until(lambda: loudspeaker.played)


def test_an_engine_that_is_missing_costs_nothing(loudspeaker: Loudspeaker, voice: Voice, tmp_path: Path) -> None:
    missing = Speech(on=True, engine=Engine.OPEN_JTALK, voice=str(tmp_path / "none.htsvoice"))
    for _ in range(3):
        voice.say(["声。"], missing, "ja")
        time.sleep(0.2)
    assert voice.running, "it waits, and does not spin"
    assert voice.pid is not None
    assert _cpu(voice.pid) < 1.0
    assert loudspeaker.played == []


def test_the_voice_ends_with_a_ui_that_is_killed(loudspeaker: Loudspeaker) -> None:
    program = """
import time
from stb_agent.contract.speech import Speech
from ui.speech.voice import Voice
voice = Voice(time.monotonic)
voice.say(["施設の予約を、はじめます。" * 5], Speech(on=True), "ja")
print(voice.pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as ui:
        assert ui.stdout is not None
        pid = int(ui.stdout.readline())
        until(lambda: loudspeaker.played)
        ui.kill()
    until(lambda: not _lives(pid), 2)
    player = loudspeaker.utterances()[-1]
    until(lambda: not _lives(player), 2)


def test_two_thousand_sentences_leave_the_memory_flat(voice: Voice, loudspeaker: Loudspeaker) -> None:
    sizes = []
    voice.say(["始めます。"], ON, "ja")
    until(lambda: loudspeaker.played)
    assert voice.pid is not None
    for at in range(2000):
        voice.say([f"{at}番めの施設。"], ON, "ja")
        time.sleep(0.012)
        if at % 200 == 0:
            sizes.append(_resident(voice.pid))
    before = len(loudspeaker.utterances())
    voice.say(["終わり。"], ON, "ja")
    until(lambda: len(loudspeaker.utterances()) > before)
    print(f"resident {sizes} kB")
    cache = KEPT >> 10  # how soon it is full depends on how many sentences the machine makes before they are cut
    assert max(sizes) - min(sizes) < cache + 10_240
    assert max(sizes) < 60_000
    children = subprocess.run(
        ["ps", "--ppid", str(voice.pid), "-o", "comm="], capture_output=True, text=True, check=False
    ).stdout
    assert len(children.split()) <= 3, f"MeCab, a player and perhaps an engine: {children}"


def _lives(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "State:\tZ" not in status.read_text()


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()[0])


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
