"""What there is to set: of each aspect its options, how it is read from and written to the choices, and what shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from stb_agent.contract import words
from stb_agent.contract.appearance import Appearance, Calendar, Profile
from stb_agent.contract.choices import Choices, Tempo
from stb_agent.contract.config import PaceChoice
from stb_agent.contract.privacy import Privacy
from stb_agent.contract.speech import Engine, Speech
from stb_agent.contract.text import Text, Word, word
from stb_agent.contract.views import Row

_OFF = "off"
_LOCKS = (120, 300, 600)
"""Seconds: a room where people come and go, and one where somebody reads slowly."""


@dataclass(frozen=True)
class Option:
    """One of what there is to choose from."""

    id: str
    label: Text
    detail: Text | None = None


@dataclass(frozen=True)
class Aspect:
    """One thing to set. ``name`` is the code of its texts; ``sample`` are rows that show a choice, ``warning`` gives what to think of before it.

    ``estranges``: who chose the wrong one may be unable to read the way back. ``moves``: what is set is how the arrows feel.
    """

    name: str
    options: tuple[Option, ...]
    read: Callable[[Choices], str] = field(repr=False)
    write: Callable[[Choices, str], Choices] = field(repr=False)
    sample: tuple[Row, ...] = ()
    warning: Callable[[str], Word | None] = field(default=lambda _: None, repr=False)
    estranges: bool = False
    moves: bool = False

    @property
    def title(self) -> Word:
        """Give what it is called."""
        return word(f"settings.{self.name}.title")

    def option(self, id_: str) -> Option | None:
        """Give an option, None for one that there is not."""
        return next((it for it in self.options if it.id == id_), None)

    def label(self, id_: str) -> Text:
        """Give an option in words; the id of what is not among the options (any more)."""
        option = self.option(id_)
        return option.label if option else id_


def settable(screen: Appearance, speech: Speech, privacy: Privacy, home_key: Callable[[], bool]) -> tuple[Aspect, ...]:
    """Give what can be set on this box: all but ``home_key`` (a remote with 茶の間 is there, or may be) as the operator has it."""
    voice = () if speech.engine is Engine.NONE else (_voice(),)
    return (
        _of("look", "profile", Profile, sample=(_TEXT,)),
        *voice,
        _language(screen.languages),
        _of("pace", "pace", PaceChoice, moves=True),
        _of("furigana", "furigana", bool, sample=(_TEXT,)),
        _of("calendar", "calendar", Calendar, sample=(_BIRTHDAY,)),
        _of("curtain", "curtain", bool),
        _of("sounds", "sounds", bool),
        _lock(privacy),
        _of("long", "long_ok", bool, warning=lambda id_: None if id_ == "on" or home_key() else _NO_HOME),
    )


_TEXT = Row(word("settings.sample.what"), word("settings.sample.text"))
_TIME = Row(word("settings.sample.when"), word("settings.sample.time", at="2026-11-25T10:00:00+09:00"))
_BIRTHDAY = Row(word("settings.sample.birthday"), word("settings.sample.date", at="1951-09-29"))
_NO_HOME = word("settings.long.no_home")


def _of(name: str, member: str, kind: type[Any], **more: Any) -> Aspect:
    """Give the aspect that is one member of the choices: an enum's, or a truth's (``on`` and ``off``)."""
    values: dict[str, Any] = {"on": True, _OFF: False} if kind is bool else {it.value: it for it in kind}
    ids = {value: id_ for id_, value in values.items()}
    return Aspect(
        name,
        tuple(Option(id_, word(f"settings.{name}.{id_}"), word(f"settings.{name}.{id_}_detail")) for id_ in values),
        read=lambda choices: ids[getattr(choices, member)],
        write=lambda choices, id_: msgspec.structs.replace(choices, **{member: values[id_]}),
        **more,
    )


def _voice() -> Aspect:
    def read(choices: Choices) -> str:
        return choices.tempo.value if choices.voice else _OFF

    def write(choices: Choices, id_: str) -> Choices:
        if id_ == _OFF:
            return msgspec.structs.replace(choices, voice=False)
        return msgspec.structs.replace(choices, voice=True, tempo=Tempo(id_))

    ids = (_OFF, *Tempo)
    options = tuple(Option(it, word(f"settings.voice.{it}"), word(f"settings.voice.{it}_detail")) for it in ids)
    return Aspect("voice", options, read, write, sample=(_TEXT,))


def _lock(privacy: Privacy) -> Aspect:
    """Give the times without a key after which what is personal is put away; a warning has to find room in them."""
    times = sorted({*(it for it in _LOCKS if it > privacy.warning), privacy.lock_after})
    return Aspect(
        "lock",
        tuple(Option(str(it), _duration(it)) for it in times),
        read=lambda choices: str(choices.lock_after),
        write=lambda choices, id_: msgspec.structs.replace(choices, lock_after=int(id_)),
    )


def _duration(seconds: int) -> Word:
    minutes, rest = divmod(seconds, 60)
    return word("settings.lock.seconds", seconds=seconds) if rest else word("settings.lock.minutes", minutes=minutes)


def _language(further: str) -> Aspect:
    """Give the languages by their own names: who has lost the way finds one that they know."""
    options = tuple(Option(it, words.own_name(it, further)) for it in words.languages(further))
    return Aspect(
        "language",
        options,
        read=lambda choices: choices.language,
        write=lambda choices, id_: msgspec.structs.replace(choices, language=id_),
        sample=(_TIME,),
        estranges=True,
    )
