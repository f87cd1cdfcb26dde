"""Which authorities issue households' cards today, and which of them a box does not know."""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from functools import cache
from pathlib import Path

import msgspec

from stb_agent.card.certificate import ORGANIZATIONS, Environment, Trust


class Generation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}):
    """A generation of J-LIS's user authentication authority; ``serial`` is its certificate's, hexadecimal."""

    number: int
    serial: str
    start: date
    end: date


@cache
def generations() -> tuple[Generation, ...]:
    """Read the list."""
    text = Path(__file__).with_name("generations.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text)["generation"], tuple[Generation, ...])


def missing(trust: Trust, now: datetime) -> tuple[Generation, ...]:
    """Give the generations that are in force and not among a box's authorities. ``now``: aware."""
    known = {
        one.certificate.serial_number
        for one in trust.authorities
        if one.organization == ORGANIZATIONS[Environment.PRODUCTION]
    }
    return tuple(it for it in generations() if it.start <= now.date() <= it.end and int(it.serial, 16) not in known)
