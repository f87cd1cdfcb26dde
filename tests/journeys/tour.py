"""A tour: what a step does, what is written down of it, and when it fails."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from PIL import Image, ImageChops, ImageStat

from stb_agent.contract import words as catalogue
from stb_agent.contract.appearance import JAPANESE, SIMPLE, Appearance
from stb_agent.contract.text import Word
from tests.journeys import ocr
from tests.journeys.guide import Guide, Where
from tests.support.house import House, Witness
from tests.support.screen import Screen

PROGRAMME = "programme"
"""The kind that is written down while the agent says that nothing of ours is shown."""
_SIZE = (1920, 1080)
_FRAME, _VIEW = 3.0, 15.0
"""Seconds until a key must have changed the screen; and until the right view must be there, network included."""
_QUIET = 0.25
"""Seconds without damage after which the picture stands. The programme moves twice a second."""

_LOOKS, _AGAIN = 3, 1.0
"""Times that a picture is looked at, and seconds between."""
_PATIENCE = 3
"""Steps in a row that may fail before the walk is given up: it has lost its way."""

_MODEL = "eng"
_MODELS = {JAPANESE: "jpn", SIMPLE: "jpn"}
"""tesseract's, by language."""

View = dict[str, Any]


class LostError(Exception):
    """The walk has lost its way."""


class Tour:
    """Walks step by step; ``steps`` is what tour.json holds. A step that fails is written down, and the walk goes on."""

    def __init__(self, house: House, screen: Screen, witness: Witness, out: Path, name: str) -> None:
        self.house, self.screen, self.witness = house, screen, witness
        self._out, self._name = out, name
        self._guide = Guide(witness)
        self._before: Image.Image | None = None
        self.steps: list[dict[str, Any]] = []

    def step(
        self,
        name: str,
        *keys: str,
        kind: str,
        to: Where | None = None,
        choose: Where | None = None,
        act: Callable[[], object] | None = None,
        right: Callable[[View], bool] = lambda message: True,
        words: Sequence[str | Word] = (),
        literal: Sequence[str] = (),
        not_words: Sequence[str | Word] = (),
        within_ms: float | None = None,
        area: int = 1,
    ) -> None:
        """Press ``keys`` (or ``act``, if something else happens), wait for the right view of ``kind``, and keep its picture.

        ``to``: the keys that take the focus there; ``choose``: these and 決定. ``words`` (a catalogue's code, or a Word with what it is filled
        with) must be readable on it in the household's language and ``not_words`` not; so must what is ``literal``, in no catalogue.
        The first damage of at least ``area`` pixels must come ``within_ms`` of the last key or act, where that is asked.
        """
        wrong: list[str] = []
        where = to if to is not None else choose
        if where is not None:
            try:
                keys = tuple(self._guide.way(where, press=choose is not None))
            except LookupError as error:
                wrong.append(str(error))
        waited: float | None = None
        for at in self._happenings(keys, act):
            change = self.screen.first_change(at, _FRAME, area)
            waited = None if change is None else (change.at - at) * 1000
            if change is None:
                wrong.append("the screen did not change")
        if within_ms is not None and (waited is None or waited > within_ms):
            wrong.append(f"not on the screen within {within_ms} ms")

        def is_right(message: View) -> bool:
            return _kind(message) == kind and right(message)

        if self.witness.until(is_right, _VIEW) is None:
            wrong.append(f"the view is not the right one: {self.witness.latest()}")
        if not self.screen.settle(_QUIET):
            wrong.append("the picture does not come to rest")
        for _ in range(_LOOKS):
            picture = self.screen.picture()
            seen = self._look(picture, words, literal, not_words)
            if not seen:
                break
            time.sleep(_AGAIN)  # what comes without a key, a warning of the television, may not have been drawn yet
        wrong += seen
        shot = f"{self._name}-{len(self.steps) + 1:02d}-{name}.png"
        picture.save(self._out / shot)
        self._before = picture
        self._write_down(
            {
                "step": name,
                "keys": list(keys),
                "kind": _kind(self.witness.latest()),
                "ok": not wrong,
                "key_to_frame_ms": None if waited is None or not keys else round(waited, 1),
                "shot": shot,
            },
            wrong,
        )
        if not any(step["ok"] for step in self.steps[-_PATIENCE:]):
            raise LostError(f"{_PATIENCE} steps in a row failed")

    def _happenings(self, keys: Sequence[str], act: Callable[[], object] | None) -> Sequence[float] | Any:
        if act is not None:
            at = time.monotonic()
            told = act()
            yield told if isinstance(told, float) else at
        for key in keys:
            yield self.house.key(key)

    def _look(
        self,
        picture: Image.Image,
        words: Sequence[str | Word],
        literal: Sequence[str],
        not_words: Sequence[str | Word],
    ) -> list[str]:
        wrong = []
        if picture.size != _SIZE:
            wrong.append(f"the picture is {picture.size}")
        if ImageStat.Stat(picture.convert("L")).stddev[0] < 2:
            wrong.append("the picture is black, or of one colour")
        if self._before is not None and ImageChops.difference(picture, self._before).getbbox() is None:
            wrong.append("the picture is the one before")
        if words or not_words:
            model = _MODELS.get(self._appearance().language, _MODEL)
            missing, text = ocr.missing([self._said(it) for it in words], picture, model)
            lingering = [it for it in map(self._said, not_words) if ocr.plain(it) in text]
            wrong += [f"not to be read: {it}" for it in missing] + [f"still to be read: {it}" for it in lingering]
            wrong += [f"it reads: {text}"] if missing or lingering else []
        if literal:
            missing, text = ocr.missing(literal, picture, _MODELS[JAPANESE])
            wrong += [f"not to be read: {it}" for it in missing] + ([f"it reads: {text}"] if missing else [])
        return wrong

    def _said(self, word: str | Word) -> str:
        """Give what a person reads of a code: where it is filled, the longest part that is the same whatever it is filled with."""
        if isinstance(word, Word):
            return catalogue.render(word, self._appearance())
        if not catalogue.has(word):
            raise LookupError(f"no text for {word}")
        return max(re.split(r"\{[^}]*\}", catalogue.pattern(word, self._appearance())), key=len)

    def _appearance(self) -> Appearance:
        """Give how the screen is drawn now: a household may change that on its way."""
        return msgspec.convert(self.witness.latest()["status"].get("appearance", {}), Appearance)

    def _write_down(self, step: dict[str, Any], wrong: Sequence[str]) -> None:
        self.steps.append(step)
        waited = step["key_to_frame_ms"]
        print(f"{len(self.steps):3} {'ok  ' if step['ok'] else 'FAIL'} {step['step']:<22} {step['kind']:<10}"
              f" {'' if waited is None else f'{waited:6.1f} ms'}", flush=True)  # fmt: skip
        for line in wrong:
            print(f"      {line}", flush=True)


def _kind(message: View) -> str:
    return str(message["view"]["kind"]) if message["shown"] else PROGRAMME
