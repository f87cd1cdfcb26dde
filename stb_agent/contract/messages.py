"""The socket's messages: newline-delimited JSON, one object a line, told apart by ``type``."""

from __future__ import annotations

from enum import StrEnum

import msgspec
from msgspec import Struct

from stb_agent.contract.actions import Action
from stb_agent.contract.appearance import Appearance
from stb_agent.contract.level import Level
from stb_agent.contract.sounds import Sounds
from stb_agent.contract.speech import Speech
from stb_agent.contract.text import Word
from stb_agent.contract.views import Contact, View

VERSION = 1
"""The protocol's version; a UI of another version is refused."""


class CardState(StrEnum):
    """Of the card, for the corner of the screen."""

    NO_READER = "no_reader"
    ABSENT = "absent"
    READING = "reading"
    PRESENT = "present"


class Status(Struct, frozen=True, omit_defaults=True):
    """What the frame around every view shows. ``practice``: a demonstration, shown as 練習用. ``notice``: what is to be known of the remote.

    ``contact`` is not drawn: the UI keeps it in memory, to say whom to call when the agent is gone. ``appearance`` is how all of it is drawn; the UI
    changes at once, on the same view. ``speech``: whether it is spoken, too, and by what; ``sounds``: whether keys are heard.
    """

    card: CardState = CardState.ABSENT
    level: Level = Level.NONE
    practice: bool = False
    notice: Word | None = None
    contact: Contact | None = None
    appearance: Appearance = Appearance()
    speech: Speech = Speech()
    sounds: Sounds = Sounds()


class ViewMessage(Struct, frozen=True, tag_field="type", tag="view"):
    """Show this. ``shown`` is false while the television's programme has the screen; ``personal`` views are blanked when the agent is lost.

    ``overlay``: this lies over another view, which comes back as it was left.

    A message with the ``rev`` of the one before it differs from it in the notice alone: a press that is on its way stays good.
    """

    rev: int
    shown: bool
    personal: bool
    status: Status
    view: View
    overlay: bool = False


class ActionMessage(Struct, frozen=True, tag_field="type", tag="action"):
    """A key for the UI: an arrow moves the focus, OK chooses it. BACK, which the agent has answered, comes where it is to be heard.

    ``None``, whatever the key was: it does nothing here, and the person is to see that it was heard. Never while a PIN is typed.
    """

    action: Action | None


class Hello(Struct, frozen=True, tag_field="type", tag="hello"):
    """The UI's first line."""

    version: int


class Intent(Struct, frozen=True, tag_field="type", tag="intent", omit_defaults=True):
    """The person chose ``id`` on the view ``rev``; another rev than the current one is refused."""

    rev: int
    id: str
    value: str = ""


FromAgent = ViewMessage | ActionMessage
FromUi = Hello | Intent


class RemoteEvent(Struct, frozen=True):
    """A key on ``remote.sock``: the kernel's name of it (``KEY_OK``), and 1 for down, 0 for up, 2 for the kernel's repeat."""

    key: str
    value: int


class TvScreen(Struct, frozen=True, tag_field="type", tag="screen"):
    """Agent → television middleware: Chanoma has the screen, or the programme does."""

    shown: bool


class TvKey(Struct, frozen=True, tag_field="type", tag="key"):
    """Agent → television middleware: a key of the television's own (volume, channel, power …) that came while the agent held the remote.

    ``key`` is the kernel's name of it, ``value`` 1 for down, 0 for up, 2 for the kernel's repeat.
    """

    key: str
    value: int


class Why(StrEnum):
    """Why the television takes the screen: an emergency warning, its standby, or another of its inputs."""

    WARNING = "warning"
    STANDBY = "standby"
    INPUT = "input"


class TvYield(Struct, frozen=True, tag_field="type", tag="yield", omit_defaults=True):
    """Television middleware → agent: give the screen back now, or it may be used again. After standby or another input nobody is signed in."""

    active: bool
    why: Why = Why.WARNING


class TvOpen(Struct, frozen=True, tag_field="type", tag="open"):
    """Television middleware → agent: the household chose Chanoma in the television's own menu."""


ToTv = TvScreen | TvKey
FromTv = TvYield | TvOpen


def encode(message: Struct) -> bytes:
    """Give the line for a message, with its newline."""
    return msgspec.json.encode(message) + b"\n"


decode_from_agent = msgspec.json.Decoder(FromAgent).decode
decode_from_ui = msgspec.json.Decoder(FromUi).decode
decode_remote = msgspec.json.Decoder(RemoteEvent).decode
decode_from_tv = msgspec.json.Decoder(FromTv).decode
