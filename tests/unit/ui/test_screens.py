"""Every screen as a picture in numbers: legible, in its place, and with no words of its own."""

from __future__ import annotations

import ast
import itertools
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from stb_agent.contract.appearance import Appearance, Profile
from stb_agent.contract.level import Level
from stb_agent.contract.messages import CardState, Status
from stb_agent.contract.readings import readings
from stb_agent.contract.text import Word, word
from stb_agent.contract.views import Base, PadStage, View
from tests.support import views
from tests.support.screens import CASES, SAFE
from tests.support.typeface import lacks, measure
from ui import theme
from ui.ruby import Reading, found_in
from ui.screens.chart import scale
from ui.screens.kinds import drawer
from ui.sketch import Place, Sketch

_WORST = Status(
    CardState.NO_READER,
    Level.AUTHENTICATED,
    practice=True,
    notice=word("remote.notice.battery_of", name="Voice Remote II"),
)
_NOTICES = [word(f"remote.notice.{name}") for name in ("connected", "awake", "resting", "asleep", "lost", "battery")]


def _lay_out(view: View, profile: Profile = Profile.STANDARD) -> Sketch:
    return drawer(measure)(view, msgspec.structs.replace(_WORST, appearance=Appearance(profile)), Place())


each_profile = pytest.mark.parametrize("profile", Profile)


@each_profile
@pytest.mark.parametrize("name", CASES)
def test_text_is_large_and_what_can_be_chosen_is_larger(name: str, profile: Profile) -> None:
    sketch = _lay_out(CASES[name], profile)
    assert all(label.size >= theme.SMALL for label in sketch.scene().labels)
    assert all(node.box.h * sketch.style.scale >= theme.TARGET for node in sketch.nodes)
    for one, other in itertools.combinations(sketch.nodes, 2):
        assert not one.box.overlaps(other.box)


@each_profile
@pytest.mark.parametrize("name", CASES)
def test_a_notice_moves_nothing_and_covers_nothing(name: str, profile: Profile) -> None:
    quiet = msgspec.structs.replace(_WORST, notice=None, appearance=Appearance(profile))
    calm = drawer(measure)(CASES[name], quiet, Place())
    said = _lay_out(CASES[name], profile)
    assert said.buttons == calm.buttons
    assert said.pages == calm.pages
    before, after = calm.scene(), said.scene()
    assert set(before.labels) < set(after.labels)
    notice = [label for label in after.labels if label not in before.labels]
    assert len(notice) == 2, "a sign and the words"
    for mark in (*before.panels, *before.strokes, *before.dots):
        assert not any(label.box.overlaps(mark.box) for label in notice)


@pytest.mark.parametrize("notice", _NOTICES, ids=lambda notice: notice.code)
def test_a_notice_is_said_whole(notice: Word) -> None:
    sketch = drawer(measure)(views.HOME, Status(notice=notice), Place())
    text = "".join(sketch.words(notice).split())
    assert text in ["".join(label.lines) for label in sketch.scene().labels]


@each_profile
@pytest.mark.parametrize("name", views.ALL)
def test_nothing_is_cut_short_with_believable_words(name: str, profile: Profile) -> None:
    assert not [
        label.lines for label in _lay_out(views.ALL[name], profile).scene().labels if label.lines[-1].endswith("…")
    ]


@each_profile
@pytest.mark.parametrize("name", CASES)
def test_furigana_fits_in_and_moves_no_button(name: str, profile: Profile) -> None:
    status = msgspec.structs.replace(_WORST, appearance=Appearance(profile, furigana=True))
    sketch = drawer(measure)(CASES[name], status, Place())
    plain = _lay_out(CASES[name], profile)
    labels = sketch.scene().labels
    for one, other in itertools.combinations(labels, 2):
        assert not one.box.grown(-3).overlaps(other.box.grown(-3)), (one.lines, other.lines)
    assert all(label.box.union(SAFE) == SAFE for label in labels)
    assert all(label.size >= theme.RUBY for label in labels)
    assert {line for label in plain.scene().labels for line in label.lines} <= {
        line for label in labels for line in label.lines
    }


def test_furigana_stands_above_its_word_at_its_first_place_alone() -> None:
    status = Status(appearance=Appearance(furigana=True))
    labels = drawer(measure)(views.PIN, status, Place()).scene().labels
    kana = [label for label in labels if label.lines == ("りようしゃしょうめいよう",)]
    lead = next(label for label in labels if label.lines[0].startswith("利用者証明用の"))
    assert len(kana) == 1
    assert kana[0].box.bottom <= lead.box.y + 1
    assert abs(kana[0].box.x + kana[0].box.w / 2 - lead.box.x - measure("利用者証明用", lead.size, lead.bold) / 2) < 60
    assert not [label for label in drawer(measure)(views.PIN, Status(), Place()).scene().labels if label in kana]


def test_the_longest_word_has_its_reading_and_each_has_it_once() -> None:
    known = {"予約": "よやく", "予約票": "よやくひょう"}
    assert found_in(("予約票と予約", "の予約"), known, set()) == [
        Reading(0, 0, 3, "よやくひょう"),
        Reading(0, 4, 6, "よやく"),
    ]
    assert found_in(("予約",), known, {"予約"}) == []
    assert found_in(("予約",), {}, set()) == []


def test_every_reading_is_kana_and_its_word_is_not() -> None:
    for word_, kana in readings().items():
        assert all("ぁ" <= char <= "ん" or char == "ー" for char in kana), word_
        assert all("一" <= char <= "龠" for char in word_), word_


def test_the_pin_picture_is_a_function_of_its_fields() -> None:
    """The same stage and the same dots are the same picture, whichever keys led there."""
    for pad in PadStage:
        for dots in range(5):
            one = msgspec.structs.replace(views.PIN, pad=pad, dots=dots)
            assert _lay_out(one).scene() == _lay_out(msgspec.structs.replace(one)).scene()
    group, member = (
        _lay_out(msgspec.structs.replace(views.PIN, pad=pad)).scene() for pad in (PadStage.GROUP, PadStage.MEMBER)
    )
    assert group != member
    shown = {line for label in member.labels for line in label.lines}
    assert not any(line in shown for line in ("1 2 3", "4 5 6", "7 8 9"))


def test_every_kind_is_among_the_examples() -> None:
    kinds = set(Base.__subclasses__())
    assert {type(view) for view in views.ALL.values()} == kinds


def test_the_font_check_notices_a_missing_character() -> None:
    assert lacks("\u1f60", False)  # Greek with accents is not Japanese
    assert not lacks("茶", True)


def test_no_sentence_stands_in_the_code() -> None:
    for path in sorted(Path("ui").rglob("*.py")):
        if path.name in ("lines.py", "glyphs.py", "plain.py", "kana.py"):
            continue  # the characters that these are about
        tree = ast.parse(path.read_text("utf-8"))
        documents = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents:
                assert not any("\u3040" <= char <= "\u9fff" for char in node.value), (
                    f"{path}:{node.lineno} {node.value}"
                )


@pytest.mark.parametrize(("low", "high"), [(60, 145), (128, 128.5), (0, 0), (-3, 7), (1, 100_000)])
def test_the_scale_holds_all_values_in_few_steps(low: float, high: float) -> None:
    bottom, top, step = scale(low, high)
    assert bottom <= low <= high <= top
    assert 1 <= round((top - bottom) / step) <= 7


def test_only_what_draws_imports_kivy_and_nothing_imports_the_agent() -> None:
    """In a process of its own: the pure part of the UI, all its screens included."""
    code = "import sys, ui.__main__, ui.client, ui.screens.kinds, ui.stage; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "ui.sketch" in modules
    assert not [name for name in modules if name.split(".")[0] in ("kivy", "simulators", "firmware_bridge")]
    assert not [name for name in modules if name.startswith("stb_agent.") and not name.startswith("stb_agent.contract")]
