"""When to speak: after every message of the agent, what became of what the person heard before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from stb_agent.contract.speech import Engine, Speech
from ui.speech.spoken import Heard, announced, follows, spoken


class Speaker(Protocol):
    """Something that speaks."""

    def say(
        self, sentences: Sequence[str], speech: Speech, language: str, *, follow: bool = False, last: bool = False
    ) -> None:
        """Cut short what is being said, and say this; or let this ``follow`` it. ``last``: nothing comes after it for now."""

    def hush(self) -> None:
        """Be silent at once."""

    def close(self) -> None:
        """Be silent for good."""


S = TypeVar("S", bound=Speaker)


class Announcer(Generic[S]):
    """Speaks what is on the screen while voice guidance is on."""

    def __init__(self, voice: S) -> None:
        """Take what speaks."""
        self.voice = voice
        self._before: Heard | None = None
        self._on = False

    def hear(self, now: Heard | None, *, key: bool = False) -> None:
        """Take what there is to be spoken of, or None while the programme has the screen; ``key``: a key of the person led to it.

        A key cuts short what is being said. Nothing is said over the programme: it may be a warning.
        """
        before, self._before = self._before, now
        if now is None:
            self.voice.hush()
            return
        speech, was = now.status.speech, self._on
        self._on = speech.on and speech.engine is not Engine.NONE
        if not self._on:
            if was:
                self._say(announced(now, on=False), now, last=True)
            return
        if not was:
            self._say((*announced(now, on=True), *spoken(None, now, key=False)), now)
            return
        if sentences := spoken(before, now, key=key):
            self._say(sentences, now, follow=not key and before is not None and follows(before, now))
        elif key:
            self.voice.hush()

    def close(self) -> None:
        """Be silent for good."""
        self.voice.close()

    def _say(self, sentences: Sequence[str], now: Heard, *, follow: bool = False, last: bool = False) -> None:
        self.voice.say(sentences, now.status.speech, now.sketch.appearance.language, follow=follow, last=last)
