"""Where a person decides: the pages on a phone (device grant, authorization endpoint), and the television for CIBA.

`POST /_sim/decide {"user_code" | "auth_req_id" | "request_uri": …, "card"?, "decision"?, "number"?}` decides without a page; the card is
one of the test authority's people, and without `number` the right one is given.
"""

import html
import json
from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec
from aiohttp import web
from yarl import URL

from simulators import web as shared
from simulators.authority import Authority
from simulators.platform.card import Cards
from simulators.platform.clients import Clients
from simulators.platform.operators import Operators
from simulators.platform.pending import Pending, Waiting
from simulators.platform.seed import Operator
from simulators.platform.sessions import SignIn
from simulators.platform.store import Store
from simulators.web import Clock, Problem

_PAGE = """<!doctype html><html lang="ja"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><body style="font:1.2em sans-serif;max-width:30em;margin:1em auto"><h1>{title}</h1>{body}</body></html>"""
_ASK = """<p style="border-left:.3em solid {colour};padding-left:.6em">{operator}のテレビ{place}が、{what}を求めています。
心当たりがなければ「断る」を押してください。</p>
<p>お電話: {phone}</p>
<form method="post">{hidden}{number}
<p>カード <select name="card"><option>linked</option><option>new</option><option>blocked</option></select></p>
<p><button name="decision" value="approve">カードで確認する</button> <button name="decision" value="deny">断る</button></p></form>"""
_NUMBER = '<p>テレビに出ている2けたの数字 <input name="number" inputmode="numeric" autocomplete="off" required></p>'


class Decision(msgspec.Struct, forbid_unknown_fields=True):
    """What a person decided, without a page."""

    user_code: str = ""
    auth_req_id: str = ""
    request_uri: str = ""
    card: str = "linked"
    decision: str = "approve"
    number: str | None = None


class Desk:
    """Let people decide about requests, each with a card of the test authority."""

    def __init__(
        self, issuer: str, pending: Pending, clients: Clients, cards: Cards, store: Store, authority: Authority | None,
        operators: Operators, clock: Clock,
    ) -> None:  # fmt: skip
        self._issuer, self._pending, self._clients, self._cards = issuer, pending, clients, cards
        self._store, self._authority, self._operators, self._clock = store, authority, operators, clock

    async def device_page(self, request: web.Request) -> web.Response:
        """Show the verification page (RFC 8628, clause 3.3), with what helps against phishing (RFC 10027)."""
        code = request.query.get("user_code", "")
        if not code:
            body = '<form><p>テレビに出ている文字 <input name="user_code" required></p><button>次へ</button></form>'
            return _page("テレビの確認", body)
        waiting = self._pending.by_user_code(code)
        return _page("テレビの確認", self._ask(waiting, {"user_code": code}))

    async def device_decision(self, request: web.Request) -> web.Response:
        """Take the verification page's answer."""
        form = _strings(await request.post())
        await self._decide(self._pending.by_user_code(form.get("user_code", "")), form)
        return _page("終わりました", "<p>テレビをご覧ください。</p>")

    async def authorize_page(self, request: web.Request) -> web.Response:
        """Show the authorization endpoint's page; only pushed requests are taken (FAPI 2.0 Security Profile, clause 5.3.2.2)."""
        if "request_uri" not in request.query:
            raise Problem(400, "invalid_request", "pushed authorization requests only")
        uri, client_id = request.query["request_uri"], request.query.get("client_id", "")
        waiting = self._pending.by_request_uri(uri, client_id)
        return _page("ご本人の確認", self._ask(waiting, {"request_uri": uri, "client_id": client_id}))

    async def authorize_decision(self, request: web.Request) -> web.Response:
        """Take that page's answer and send the browser back (RFC 6749, clause 4.1.2; RFC 9207)."""
        form = _strings(await request.post())
        waiting = self._pending.by_request_uri(form.get("request_uri", ""), form.get("client_id", ""))
        return web.Response(status=303, headers={"Location": await self._back(waiting, form)})

    async def decide(self, request: web.Request) -> web.Response:
        """Decide without a page; for a pushed request answers where the browser would go."""
        order = await shared.json_body(request, Decision)
        if order.user_code:
            waiting = self._pending.by_user_code(order.user_code)
        else:
            found = self._pending.by_handle(order.auth_req_id or order.request_uri.rpartition(":")[2])
            if found is None:
                raise Problem(404, "nothing_waits")
            waiting = found
        number = waiting.number if order.number is None else order.number
        form = {"card": order.card, "decision": order.decision, "number": number}
        if order.request_uri:
            return web.json_response({"location": await self._back(waiting, form)})
        await self._decide(waiting, form)
        return web.json_response({"decided": order.decision})

    async def _back(self, waiting: Waiting, form: Mapping[str, str]) -> str:
        code = await self._decide(waiting, form)
        answer = {"code": code} if code else {"error": "access_denied"}
        state = {"state": waiting.details["state"]} if "state" in waiting.details else {}
        where = URL(waiting.details["redirect_uri"])
        return f"{where}{'&' if where.query else '?'}{urlencode({**answer, **state, 'iss': self._issuer})}"

    async def _decide(self, waiting: Waiting, form: Mapping[str, str]) -> str | None:
        if form.get("decision") != "approve":
            return self._pending.decide(waiting, None)
        return self._pending.decide(
            waiting, await self._signed_in(form.get("card", ""), self._operator(waiting)), form.get("number", "")
        )

    async def _signed_in(self, card: str, operator: Operator) -> SignIn:
        """Let the phone read a card: the authority is asked as ever. Raises Problem."""
        if self._authority is None:
            raise Problem(404, "card_unknown")
        certificate = self._authority.identity(card).certificate
        verdict = await self._cards.ask_authority(certificate, self._operators.policy(operator.name))
        person = self._store.person(verdict.issuer_key, certificate.serial_number)
        now = int(self._clock().timestamp())
        return SignIn(person, now, ("mca", "sc", "pin"), revocation=json.dumps(verdict.finding.body()))

    def _operator(self, waiting: Waiting) -> Operator:
        client = self._clients.find(waiting.client_id)
        return self._operators.of(client.operator if client else None)

    def _ask(self, waiting: Waiting, hidden: Mapping[str, str]) -> str:
        fields = "".join(f'<input type="hidden" name="{k}" value="{html.escape(v)}">' for k, v in hidden.items())
        operator = self._operator(waiting)
        place = self._store.place_of(waiting.jkt, operator.area)
        return _ASK.format(
            operator=html.escape(operator.title),
            colour=html.escape(operator.colour),
            phone=html.escape(f"{operator.phone}（{operator.hours}）"),
            place=html.escape(f"（{place}）" if place else ""),
            what=html.escape(waiting.message or "ご本人の確認"),
            hidden=fields,
            number=_NUMBER if waiting.number else "",
        )


def _strings(form: Mapping[str, object]) -> dict[str, str]:
    return {name: value for name, value in form.items() if isinstance(value, str)}


def _page(title: str, body: str) -> web.Response:
    headers = {"Cache-Control": "no-store", "X-Frame-Options": "DENY"}
    return web.Response(text=_PAGE.format(title=title, body=body), content_type="text/html", headers=headers)
