"""The box's configuration, as an operator would write it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path


def configuration(
    runtime: Path,
    state: Path,
    tv: Path,
    world: Mapping[str, str],
    private_authorities: Sequence[Path],
    screen: Mapping[str, str],
) -> str:
    """Give the TOML of a box in this house; ``world`` is what stb-sim world prints, ``screen`` how the household wants to see it."""
    tables: dict[str, Mapping[str, str | bool | list[str]]] = {
        "box": {"runtime": str(runtime), "state": str(state)},
        "card": {
            "authorities": [world["ca"]],
            "test": True,
            "private_authorities": [str(file) for file in private_authorities],
        },
        "platform": {"issuer": world["platform"], "client_id": "stb-demo"},
        "services": {"booking": world["booking"], "health": world["health"]},
        "operator": {"name": world["operator"], "phone": "0120-000-000", "hours": "9:00〜18:00"},
        "tv": {"socket": str(tv)},
        "remote": {"evdev": False, "socket": True},
        "screen": screen,
    }
    lines = []
    for name, table in tables.items():
        # A JSON string, boolean or list of strings is the same in TOML.
        lines += [
            f"[{name}]",
            *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in table.items()),
            "",
        ]
    return "\n".join(lines)
