"""What a household may set for itself on the screen. The operator's configuration says how it is where nobody did."""

from __future__ import annotations

from enum import StrEnum

import msgspec
from msgspec import Struct

from stb_agent.contract.appearance import JAPANESE, Appearance, Calendar, Language, Profile
from stb_agent.contract.config import PaceChoice, Remote
from stb_agent.contract.privacy import LockAfter, Privacy
from stb_agent.contract.sounds import Sounds
from stb_agent.contract.speech import Speech


class Tempo(StrEnum):
    """How fast it is spoken, beside the operator's ``[speech] rate``."""

    SLOW = "slow"
    NORMAL = "normal"
    FAST = "fast"


_PERCENT = {Tempo.SLOW: 75, Tempo.NORMAL: 100, Tempo.FAST: 135}
_LEAST_RATE, _MOST_RATE = 50, 300
"""Of `Speech.rate`."""


class Choices(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that a household may set: the look, the words, the voice (``voice``: whether it speaks), the remote, the curtain,
    the lock and the sounds.
    """

    profile: Profile = Profile.STANDARD
    furigana: bool = False
    language: Language = JAPANESE
    calendar: Calendar = Calendar.GREGORIAN
    voice: bool = False
    tempo: Tempo = Tempo.NORMAL
    pace: PaceChoice = PaceChoice.DEFAULT
    long_ok: bool = True
    curtain: bool = True
    lock_after: LockAfter = Privacy().lock_after
    sounds: bool = False

    def appearance(self, configured: Appearance) -> Appearance:
        """Give how the screen is drawn: as configured, but for what is chosen here."""
        return msgspec.structs.replace(
            configured,
            profile=self.profile,
            furigana=self.furigana,
            language=self.language,
            calendar=self.calendar,
        )

    def speech(self, configured: Speech) -> Speech:
        """Give how it is spoken: as configured, but for what is chosen here."""
        rate = configured.rate * _PERCENT[self.tempo] // 100
        return msgspec.structs.replace(configured, on=self.voice, rate=min(max(rate, _LEAST_RATE), _MOST_RATE))


def configured(
    screen: Appearance,
    speech: Speech,
    remote: Remote = Remote(),
    privacy: Privacy = Privacy(),
    sounds: Sounds = Sounds(),
) -> Choices:
    """Give the operator's values."""
    return Choices(
        profile=screen.profile,
        furigana=screen.furigana,
        language=screen.language,
        calendar=screen.calendar,
        voice=speech.on,
        pace=remote.pace,
        long_ok=remote.long_ok,
        curtain=privacy.curtain,
        sounds=sounds.on,
        lock_after=privacy.lock_after,
    )
