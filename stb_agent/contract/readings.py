"""How Japanese words that not everybody reads are read, in kana: `readings.toml` beside this file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path


@cache
def readings() -> Mapping[str, str]:
    """Give the reading of each word that is known."""
    known: dict[str, str] = tomllib.loads(Path(__file__).with_name("readings.toml").read_text("utf-8"))
    return known
