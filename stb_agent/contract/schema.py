"""The sockets' messages as JSON Schema (2020-12), for whoever writes another UI, remote or television middleware."""

from __future__ import annotations

from typing import Any

import msgspec

from stb_agent.contract.messages import FromAgent, FromTv, FromUi, RemoteEvent, ToTv


def schema() -> dict[str, Any]:
    """Give one schema whose ``$defs`` hold every message and view."""
    names = (
        "ui.sock: agent to UI",
        "ui.sock: UI to agent",
        "remote.sock",
        "tv.sock: agent to TV",
        "tv.sock: TV to agent",
    )
    types = (FromAgent, FromUi, RemoteEvent, ToTv, FromTv)
    roots, definitions = msgspec.json.schema_components(types, ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Chanoma's sockets",
        "properties": dict(zip(names, roots, strict=True)),
        "$defs": definitions,
    }
