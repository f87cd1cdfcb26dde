"""The operators' policies of links, which can be changed while the platform runs."""

from aiohttp import web

from simulators import web as shared
from simulators.platform.link_policy import LinkPolicy, LinkPolicyChange
from simulators.platform.operators import Operators
from simulators.web import Problem


class Policies:
    """Which policy counts where."""

    def __init__(self, operators: Operators) -> None:
        self._operators = operators
        self._now = {it.name: it.link for it in operators.known}

    def at(self, operator: str | None) -> LinkPolicy:
        """Give the policy at an operator's box; the first operator's at a box that is none's."""
        return self._now[self._operators.of(operator).name]

    async def change(self, request: web.Request) -> web.Response:
        """Set a policy (`POST /_sim/link-policy`)."""
        change = await shared.json_body(request, LinkPolicyChange)
        changed = [it for it in self._operators.known if change.operator in ("", it.name)]
        if not changed:
            raise Problem(404, "operator_unknown")
        self._now.update({it.name: change.over(it.link) for it in changed})
        return web.Response(status=204)
