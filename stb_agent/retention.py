"""What the box need not remember any more goes, a little at a time; what still waits never does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from stb_agent.contract.retention import Retention
from stb_agent.host.clock import EARLIEST
from stb_agent.store import audit
from stb_agent.store.errors import StoreError
from stb_agent.store.store import Store

FIRST_S = 600.0
"""Seconds after the start: what a person waits for comes first."""
EVERY_S = 86400.0
_DAY_S = 86400.0

log = logging.getLogger(__name__)


async def keep_within(
    store: Store, limits: Retention, *, clock: Callable[[], float], sleep: Callable[[float], Awaitable[object]]
) -> None:
    """Let what is older than ``limits`` go, once a day; not while the box does not know the time."""
    wait = FIRST_S
    while True:
        await sleep(wait)
        wait = EVERY_S
        now = clock()
        if now < EARLIEST:
            wait = FIRST_S
            continue
        try:
            await prune(store, limits, now)
        except StoreError as error:  # a trail that does not hold is left as it is: its evidence is not thrown away
            log.error("nothing is forgotten: %s", error.code)


async def prune(store: Store, limits: Retention, now: float) -> None:
    """Let what is older go now. Raises StoreError."""
    gone = store.outbox.prune(now - limits.outbox * _DAY_S)
    if gone:
        log.info("%d settled changes are forgotten", gone)
    if gone := store.ledger.fold(now - limits.ledger * _DAY_S):
        log.info("%d rows of the cost ledger are added to their month's", gone)
    gone = audit.STEP
    while gone == audit.STEP:
        gone = store.audit.prune(now - limits.audit * _DAY_S, EARLIEST)
        log.info("%d entries of the audit trail are forgotten", gone)
        await asyncio.sleep(0)  # between two steps the television goes on
