"""What the household chose, over what the operator configured: kept field by field, so that the operator's later changes reach the rest."""

from __future__ import annotations

import logging
from collections.abc import Callable

import msgspec

from stb_agent.contract.choices import Choices
from stb_agent.store.errors import StoreError
from stb_agent.store.settings import Json, Settings

_NAME = "household"

log = logging.getLogger(__name__)


class Household:
    """Read once, kept at every change. ``language_known``: whether there is a catalogue of a language still."""

    def __init__(self, settings: Settings, operator: Choices, language_known: Callable[[str], bool]) -> None:
        self._settings = settings
        self._operator = operator
        self._language_known = language_known
        self._own = self._read()
        self._choices = msgspec.convert({**msgspec.to_builtins(operator), **self._own}, Choices)

    @property
    def choices(self) -> Choices:
        """Give how the household has it."""
        return self._choices

    def keep(self, choices: Choices) -> None:
        """Keep what is chosen. Raises StoreError; then it holds until the agent ends.

        What was never changed here stays the operator's to change; so does everything once all is as the operator has it.
        """
        before, now = msgspec.to_builtins(self._choices), msgspec.to_builtins(choices)
        changed = {name: value for name, value in now.items() if before[name] != value}
        self._choices = choices
        self._own = {} if choices == self._operator else {**self._own, **changed}
        self._settings.set(_NAME, self._own)

    def _read(self) -> dict[str, Json]:
        """Give what is kept and can be understood. A box starts whatever is written there: what it is, is logged."""
        try:
            kept = self._settings.get(_NAME, {})
        except StoreError as error:
            log.error("what the household chose cannot be read: %s", error.code)
            return {}
        if not isinstance(kept, dict):
            log.warning("what the household chose is no table")
            return {}
        return {name: value for name, value in kept.items() if self._understood(name, value)}

    def _understood(self, name: str, value: Json) -> bool:
        try:
            one = msgspec.convert({name: value}, Choices)
        except msgspec.ValidationError as error:
            log.warning("of what the household chose, %.40s is left out: %s", name, error)
            return False
        if name == "language" and not self._language_known(one.language):
            log.warning("the household's language is not on this box any more: %.40s", one.language)
            return False
        return True
