"""Small values that the household or the agent chose."""

from __future__ import annotations

import msgspec

from stb_agent.store.database import Database

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

MAX_BYTES = 4096
"""The longest value, as JSON: settings are small."""


class _Setting(msgspec.Struct, frozen=True):
    name: str
    value: msgspec.Raw


class Settings:
    """Keep JSON values by name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str, default: Json = None) -> Json:
        """Give a value, or ``default`` when it was never set."""
        key = self._key(name)
        rows = self._database.rows("SELECT sealed FROM settings WHERE name = ?", key)
        if not rows:
            return default
        value: Json = msgspec.json.decode(self._database.opened(_Setting, rows[0][0], "settings", key).value)
        return value

    def set(self, name: str, value: Json) -> None:
        """Keep a value. Raises ValueError when it is longer than 4096 bytes as JSON."""
        key, encoded = self._key(name), msgspec.json.encode(value)
        if len(encoded) > MAX_BYTES:
            raise ValueError(f"the setting {name} is too long")
        record = _Setting(name, msgspec.Raw(encoded))
        with self._database.transaction():
            self._database.rows(
                "INSERT OR REPLACE INTO settings VALUES (?, ?)", key, self._database.sealed(record, "settings", key)
            )

    def _key(self, name: str) -> bytes:
        return self._database.seal.index("setting", name)
