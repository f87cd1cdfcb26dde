"""Which flows are run, in which order, and what each needs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from stb_agent.cable_id.check import held
from stb_agent.cable_id.check.flows import Check
from stb_agent.cable_id.check.held import Signer
from stb_agent.cable_id.check.report import Flow, FlowStopped, Result, Step
from stb_agent.cable_id.errors import PlatformUnreachable
from stb_agent.cable_id.transport import NoReply

ENDPOINTS = {
    Flow.DEVICE: "device_authorization",
    Flow.PAR: "pushed_authorization_request",
    Flow.CIBA: "backchannel_authentication",
    Flow.CARD: "card_nonce",
    Flow.DPOP: "userinfo",
    Flow.LOGOUT: "revocation",
}
SIGN_INS = (Flow.DEVICE, Flow.CIBA, Flow.PAR, Flow.CARD)
_HOLDING = (Flow.DPOP, Flow.REFRESH, Flow.LOGOUT)


async def run(check: Check, wanted: Sequence[Flow], card: tuple[bytes, Signer] | None) -> None:
    """Run the ``wanted`` flows, and a sign-in first where one is needed and none is wanted; ``card`` is a certificate (DER) and its signer.

    Of several flows those are skipped that the provider does not offer, or that the client's file says too little for; of one, that is a
    failure. Raises PlatformUnreachable.
    """
    alone = len(wanted) == 1
    failed: set[Flow] = set()

    async def with_card() -> None:
        assert card is not None
        await held.card(check, *card)

    flows: dict[Flow, Callable[[], Awaitable[None]]] = {
        Flow.DISCOVERY: check.discovery,
        Flow.DEVICE: check.device,
        Flow.PAR: check.par,
        Flow.CIBA: check.ciba,
        Flow.CARD: with_card,
        Flow.DPOP: lambda: held.dpop(check),
        Flow.REFRESH: lambda: held.refresh(check),
        Flow.LOGOUT: lambda: held.logout(check),
    }

    def lacks(flow: Flow) -> str:
        endpoint = ENDPOINTS.get(flow)
        if endpoint and not check.provider.endpoint(endpoint):
            return f"{endpoint}_endpoint"
        client = check.provider.client
        lacking = {
            Flow.PAR: "" if client.redirect_uris else "redirect_uris",
            Flow.CIBA: "" if client.login_hint else "login_hint",
            Flow.CARD: "" if card else "--card-certificate, --card-key",
        }
        return lacking.get(flow, "")

    async def do(flow: Flow) -> bool:
        check.report.flow = flow
        if what := lacks(flow):
            check.report.add(Step.OFFERED, Result.FAILED if alone and flow in wanted else Result.SKIPPED, what)
            return False
        try:
            await flows[flow]()
        except FlowStopped:
            failed.add(flow)
            return False
        except NoReply:
            raise PlatformUnreachable from None
        return True

    if not await do(Flow.DISCOVERY):
        return
    for flow in wanted:
        if flow is Flow.DISCOVERY:
            continue
        if flow in _HOLDING and not check.held:
            for sign_in in SIGN_INS:
                if not check.held and sign_in not in failed and not lacks(sign_in):
                    await do(sign_in)
        await do(flow)
    await check.finish()
