"""An operator's order to begin anew: checked, kept until it is obeyed, and obeyed when nobody is in the middle of anything."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from stb_agent.cable_id.errors import ResetOrderRefused
from stb_agent.cable_id.reset import check_order
from stb_agent.host.clock import EARLIEST
from stb_agent.store.errors import StoreError
from stb_agent.store.store import Store

_ORDER = "reset order"
"""The setting that holds an order until it is obeyed."""
_LOOK_S = 30.0
"""Seconds until it is looked again whether the box knows the time."""

log = logging.getLogger(__name__)


class ResetOrders:
    """Takes orders. ``keys``: the file of the operator's keys; ``jkt``: this device's, which an order names; ``begin`` is what it leads to."""

    def __init__(
        self, store: Store, keys: Path, jkt: str, clock: Callable[[], float], *,
        at_stake: Callable[[], bool], begin: Callable[[], None],
    ) -> None:  # fmt: skip
        self._store = store
        self._keys = keys
        self._jkt = jkt
        self._clock = clock
        self._at_stake = at_stake
        self._begin = begin
        self._ordered = False

    def obey(self, order: str) -> bool:
        """Begin anew as soon as nobody is in the middle of anything; tell whether the order is one to be obeyed."""
        try:
            check_order(order, self._keys, self._jkt, self._clock())
        except ResetOrderRefused as error:
            log.warning("%s", error.code)
            self._store.audit.append("reset.ordered", result="refused", code=error.code)
            return False
        self._store.audit.append("reset.ordered", result="ok")
        # It is not told again, and the box may be switched off before anybody has left it.
        self._store.settings.set(_ORDER, order)
        self._ordered = True
        self.look()
        return True

    def remember(self) -> None:
        """Take up an order that the box was switched off under, as soon as the time is known."""
        if self._clock() < EARLIEST:
            asyncio.get_running_loop().call_later(_LOOK_S, self.remember)
            return
        try:
            order = self._store.settings.get(_ORDER)
            if isinstance(order, str) and order and not self.obey(order):
                self._store.settings.set(_ORDER, "")
        except StoreError as error:
            log.error("whether the box is to begin anew is not known: %s", error.code)

    def look(self) -> None:
        """Begin if that is ordered and nothing is at stake now."""
        if self._ordered and not self._at_stake():
            self._ordered = False
            self._begin()
