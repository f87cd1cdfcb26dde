"""Say *not now* in time: a server that is asked for more than it can do answers 503 rather than late or never (RFC 9110, clause 15.6.4)."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from simulators.web import Problem

AT_ONCE = 64
"""Requests that are inside at once; some milliseconds of work each, so the last waits well under a second."""
RETRY_AFTER = 2
"""Seconds after which who was sent away may come again."""


@dataclass
class _Inside:
    count: int = 0


_inside: ContextVar[_Inside | None] = ContextVar("inside", default=None)


@contextmanager
def waiting() -> Iterator[None]:
    """Let another request in while this one waits for something to happen: a held poll is no work."""
    inside = _inside.get()
    if inside is None:
        yield
        return
    inside.count -= 1
    try:
        yield
    finally:
        inside.count += 1


def admission(at_once: int = AT_ONCE) -> Middleware:
    """Make a middleware that lets so many requests in at once, and sends the others away before they take effect."""
    inside = _Inside()

    @web.middleware
    async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith("/_sim/"):
            return await handler(request)
        if inside.count >= at_once:
            wait = {"Retry-After": str(RETRY_AFTER)}
            raise Problem(503, "temporarily_unavailable", "too many requests at once", headers=wait)
        inside.count += 1
        _inside.set(inside)
        try:
            await asyncio.sleep(0)  # whoever came at the same moment is counted before the first one's work begins
            return await handler(request)
        finally:
            inside.count -= 1

    return admit
