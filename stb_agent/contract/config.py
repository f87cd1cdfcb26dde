"""The operator's configuration: TOML, one schema. Defaults < operator's file < household's file."""

from __future__ import annotations

import re
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Struct, field

from stb_agent.contract.appearance import Appearance
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.levels import Levels
from stb_agent.contract.privacy import Privacy
from stb_agent.contract.retention import Retention
from stb_agent.contract.sounds import Sounds
from stb_agent.contract.speech import Speech


class ConfigError(ChanomaError):
    """A configuration file cannot be used: file, line, key and what was expected."""

    code: ClassVar[str] = "config.invalid"


class ConfigUnreadable(ConfigError):
    """A configuration file is not there, may not be read, or is no text: file and reason."""

    code: ClassVar[str] = "config.unreadable"


class Box(Struct, frozen=True, forbid_unknown_fields=True):
    """The box: ``runtime`` holds the sockets, ``state`` the device key and the database."""

    runtime: str = "/run/chanoma"
    state: str = "/var/lib/chanoma"


class ReaderChoice(StrEnum):
    """Who drives the card reader: pcscd, we ourselves over USB, or whichever finds one, pcscd first."""

    AUTO = "auto"
    PCSC = "pcsc"
    CCID = "ccid"


class Card(Struct, frozen=True, forbid_unknown_fields=True):
    """The card: ``reader`` says who drives the reader; ``authorities`` are PEM files of the certification authorities whose cards are accepted.

    Without any, J-LIS's as they come with Chanoma. ``test`` says that these issue test cards; real and test cards are never accepted
    together. ``private_authorities`` are trusted with certificates of a profile of their own, for trials with cards of another authority.
    """

    reader: ReaderChoice = ReaderChoice.AUTO
    authorities: tuple[str, ...] = ()
    test: bool = False
    private_authorities: tuple[str, ...] = ()


class Platform(Struct, frozen=True, forbid_unknown_fields=True):
    """The common platform (docs/cable-id-profile.md): its ``issuer``, and who the box is there.

    Either the box registers itself, with the operator's ``software_statement`` (a file), or all boxes are the public client ``client_id``.
    ``events_every``: seconds between questions whether something happened elsewhere, while nobody is signed in.
    """

    issuer: str = ""
    client_id: str = ""
    software_statement: str = ""
    events_every: Annotated[float, msgspec.Meta(ge=1)] = 900.0


class Services(Struct, frozen=True, forbid_unknown_fields=True):
    """Base addresses of the services (docs/service-contracts.md)."""

    booking: str = ""
    health: str = ""


class Operator(Struct, frozen=True, forbid_unknown_fields=True):
    """Whom the household calls; without a ``name``, the cable television company.

    ``reset_keys``: a file with the public keys (JWK Set) that may order a box to begin anew; without it nobody may.
    """

    name: str = ""
    phone: str = ""
    hours: str = ""
    reset_keys: str = ""


class Tv(Struct, frozen=True, forbid_unknown_fields=True):
    """The box's television middleware: its Unix socket (docs/architecture.md)."""

    socket: str = ""


class PaceChoice(StrEnum):
    """How the household's hands move: as most do, or slowly or trembling."""

    DEFAULT = "default"
    SLOW = "slow"


class Remote(Struct, frozen=True, forbid_unknown_fields=True):
    """Where keys come from: the kernel's input devices, and ``remote.sock`` for a simulated or a phone's remote.

    ``keymaps``: files and folders of keymaps, over ours and under what the household taught. ``long_ok``: holding 決定 over the
    programme opens Chanoma; not where the television has a use for that itself.
    """

    evdev: bool = True
    socket: bool = False
    keymaps: tuple[str, ...] = ()
    pace: PaceChoice = PaceChoice.DEFAULT
    long_ok: bool = True


_SKK = "/usr/share/skk/SKK-JISYO."
"""Where Debian's packages skkdic (L) and skkdic-extra (the others) put the SKK project's dictionaries."""


class Typing(Struct, frozen=True, forbid_unknown_fields=True):
    """Where kanji are looked up: dictionaries in the SKK form, asked in their order. Without any, texts are written in kana and letters."""

    dictionaries: tuple[str, ...] = tuple(_SKK + name for name in ("L", "jinmei", "geo", "propernoun", "station"))


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole configuration of a box."""

    box: Box = field(default_factory=Box)
    card: Card = field(default_factory=Card)
    platform: Platform = field(default_factory=Platform)
    services: Services = field(default_factory=Services)
    operator: Operator = field(default_factory=Operator)
    tv: Tv = field(default_factory=Tv)
    remote: Remote = field(default_factory=Remote)
    screen: Appearance = field(default_factory=Appearance)
    speech: Speech = field(default_factory=Speech)
    typing: Typing = field(default_factory=Typing)
    privacy: Privacy = field(default_factory=Privacy)
    sounds: Sounds = field(default_factory=Sounds)
    levels: Levels = field(default_factory=Levels)
    retention: Retention = field(default_factory=Retention)


def load(*paths: Path) -> Config:
    """Read the files in order, later ones over earlier ones. Raises ConfigError naming file and line."""
    # A policy's default is its service's own: what the operator's table leaves out stays as strict as it was.
    merged: dict[str, Any] = {"levels": msgspec.to_builtins(Levels())}
    for path in paths:
        try:
            text = path.read_text("utf-8")
            table = tomllib.loads(text)
        except OSError as error:
            raise ConfigUnreadable(file=str(path), what=error.strerror or "unreadable") from error
        except UnicodeDecodeError as error:
            raise ConfigUnreadable(file=str(path), what=str(error)) from error
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(file=str(path), line=line_of(error, text), what=str(error)) from error
        try:
            msgspec.convert(table, Config)
        except msgspec.ValidationError as error:
            raise ConfigError(file=str(path), line=_line(text, str(error)), what=str(error)) from error
        merged = _over(merged, table)
    return msgspec.convert(merged, Config)


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Lay one table over another, key by key, however deep."""
    return below | {
        key: _over(below[key], value) if isinstance(value, dict) and isinstance(below.get(key), dict) else value
        for key, value in above.items()
    }


def line_of(error: tomllib.TOMLDecodeError, text: str) -> int:
    """Find the line that a TOML parser's error speaks of; "at end of document" is the last."""
    found = re.search(r"line (\d+)", str(error))
    return int(found[1]) if found else max(1, len(text.splitlines()))


def _line(text: str, message: str) -> int:
    """Find the line that a validation message speaks of (``unknown field `x` - at `$.box` ``); 0 if it cannot be told."""
    unknown = re.search(r"unknown field `([^`]+)`", message)
    path = re.search(r"at `\$\.?([^`]*)`", message)
    names = [
        name for name in re.split(r"[.\[\]]", path[1] if path else "") if name and not name.isdigit() and name != "..."
    ]
    if unknown:
        names.append(unknown[1])
    return next((line for depth in range(len(names), 0, -1) if (line := _line_of_key(text, names[:depth]))), 0)


def _line_of_key(text: str, names: list[str]) -> int:
    """Find the line of a table's header, or of a key in its table; 0 if there is none."""
    wanted, section = ".".join(names), ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\s*([\w.-]+)\s*\]", line):
            section = header[1]
            found = section
        else:
            key = re.match(r"\s*([\w-]+)\s*=", line)
            found = f"{section}.{key[1]}".lstrip(".") if key else ""
        if found == wanted:
            return number
    return 0
