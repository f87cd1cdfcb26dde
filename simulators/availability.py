"""Answer while the database is gone: *not now* where nothing has happened, and nothing at all where that is not known."""

from aiohttp import web
from aiohttp.typedefs import Handler

from simulators.database import Unavailable, keeping
from simulators.problem import Problem

RETRY_AFTER = 2
"""Seconds after which who was sent away may come again."""


@web.middleware
async def availability(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 503 to a request that has not taken effect (RFC 9110, clause 15.6.4); one that may have loses its connection, as in a crash."""
    with keeping() as kept:
        try:
            return await handler(request)
        except Unavailable as lost:
            if kept.anything or lost.doubtful:
                if request.transport is not None:
                    request.transport.abort()
                return web.Response(status=499)
            wait = {"Retry-After": str(RETRY_AFTER)}
            raise Problem(503, "temporarily_unavailable", "the database is not there", headers=wait) from None
