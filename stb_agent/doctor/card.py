"""The card's part of the box: service or USB, reader, card, permissions, authorities."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from pathlib import Path

from stb_agent.card.certificate import Trust
from stb_agent.card.generations import missing
from stb_agent.card.reader import Sight, SlotState
from stb_agent.card.readers.ccid.source import CcidSource
from stb_agent.card.readers.pcsc import diagnose
from stb_agent.contract import words
from stb_agent.contract.config import Config, ReaderChoice
from stb_agent.contract.errors import ChanomaError
from stb_agent.doctor.finding import Finding
from stb_agent.doctor.rules import permissions
from stb_agent.host.clock import SystemClock

_PARTS = ("pcscd", "reader", "card")
_SERVED = (SlotState.ABSENT, SlotState.MUTE, SlotState.PRESENT, SlotState.DENIED)


def look(config: Config) -> list[Finding]:
    """Check what the card needs, from the service up; no card is not a fault."""
    sight, names, direct = _seen(config.card.reader)
    return [*_way(sight, names, direct, config), permissions(config.card.reader, direct=direct), _authorities(config)]


def _seen(choice: ReaderChoice) -> tuple[Sight, tuple[str, ...], bool]:
    """Look once, without touching a card: what is seen, the readers' names, and whether over USB ourselves."""
    if choice is not ReaderChoice.CCID:
        sight, names = diagnose()
        if choice is ReaderChoice.PCSC or sight.state in _SERVED:
            return sight, names, False
        over_usb = CcidSource().look_once()
        if over_usb.state in (SlotState.NO_READER, SlotState.NO_USB):
            return sight, names, False
    else:
        over_usb = CcidSource().look_once()
    return over_usb, (over_usb.reader,), True


def _way(sight: Sight, names: tuple[str, ...], direct: bool, config: Config) -> list[Finding]:
    """Tell of service, reader and card, each only if the one before is there."""
    first = Finding("pcscd", True, words.text("doctor.direct") if direct else "")
    readers = Finding("reader", True, ", ".join(names))
    match sight.state:
        case SlotState.PRESENT:
            return [first, readers, Finding("card", True, words.text("doctor.card_in"))]
        case SlotState.ABSENT:
            return [first, readers, Finding("card", True, words.text("doctor.card_out"))]
        case SlotState.HELD if _agent_runs(config):
            own = words.text("doctor.with_agent")
            return [first, Finding("reader", True, own), Finding("card", True, own)]
        case SlotState.MUTE:
            bad = 2
        case SlotState.NO_SERVICE | SlotState.DENIED if not direct:
            bad = 0
        case _:
            bad = 1
    error = sight.error()
    assert error is not None
    return [
        Finding(part, True, first.detail if place == 0 else "")
        if place < bad
        else Finding(part, False, code=error.code if place == bad else f"doctor.{part}_unknown")
        for place, part in enumerate(_PARTS)
    ]


def _agent_runs(config: Config) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(str(Path(config.box.runtime) / "ui.sock")) == 0


def _authorities(config: Config) -> Finding:
    try:
        trust = Trust.configured(config.card)
    except ChanomaError as error:
        return Finding("authorities", False, code=error.code, args=error.args_)
    if not trust.authorities:
        return Finding("authorities", False, code="doctor.authorities_unset")
    if config.card.authorities and not config.card.test:
        unknown = missing(trust, datetime.fromtimestamp(SystemClock().time(), UTC))
        if unknown:
            numbers = "、".join(map(str, unknown))
            return Finding("authorities", False, code="doctor.authorities_missing", args={"numbers": numbers})
    kind = words.text("doctor.authorities_test" if config.card.test else "doctor.authorities_real")
    return Finding("authorities", True, f"{len(trust.authorities)} {kind}")
