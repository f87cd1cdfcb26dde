"""Wrong answers, each told as often as it was asked for (`POST /_sim/lies {"lie", "times"?: 1}`)."""

from collections import Counter
from enum import Enum

import msgspec
from aiohttp import web

from simulators import web as shared


class Lie(Enum):
    """What is wrong: an ID token for another client, an access token for another device, a card nonce given out before."""

    AUDIENCE = "audience"
    DEVICE = "device"
    NONCE = "nonce"


class _Order(msgspec.Struct, forbid_unknown_fields=True):
    lie: Lie
    times: int = 1


class Lies:
    """The lies to be told."""

    def __init__(self) -> None:
        self._left: Counter[Lie] = Counter()

    def due(self, lie: Lie) -> bool:
        """Tell whether a lie is due now, and count it."""
        if self._left[lie] <= 0:
            return False
        self._left[lie] -= 1
        return True

    def told(self, lie: Lie, truth: str) -> str:
        """Return the truth, or when the lie is due something else of its kind."""
        return truth[::-1] if self.due(lie) else truth

    async def order(self, request: web.Request) -> web.Response:
        """Take an order."""
        order = await shared.json_body(request, _Order)
        self._left[order.lie] = order.times
        return web.Response(status=204)
