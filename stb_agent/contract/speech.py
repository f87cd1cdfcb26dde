"""How Chanoma speaks: the same words in configuration and on the UI's socket."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct


class Engine(StrEnum):
    """What makes sound of text: nothing, espeak-ng with MeCab's readings, or Open JTalk with an HTS voice."""

    NONE = "none"
    ESPEAK = "espeak"
    OPEN_JTALK = "open_jtalk"


class Output(StrEnum):
    """Where the sound goes: ALSA (``aplay``) or PulseAudio and what speaks its protocol (``paplay``)."""

    ALSA = "alsa"
    PULSE = "pulse"


class Speech(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The box's voice.

    ``on``: what is on the screen is spoken, too; the household switches that. ``aloud``: personal values are spoken without being asked for.
    ``voice``: for Open JTalk the file of the HTS voice, for espeak-ng the name of one of its voices, empty for that of the language.
    ``dictionary``: Open JTalk's. ``rate``: percent of the engine's own speed. ``output``: where the sound goes.
    """

    on: bool = False
    aloud: bool = False
    engine: Engine = Engine.ESPEAK
    voice: str = ""
    dictionary: str = "/var/lib/mecab/dic/open-jtalk/naist-jdic"
    rate: Annotated[int, Meta(ge=50, le=300)] = 100
    output: Output = Output.ALSA
