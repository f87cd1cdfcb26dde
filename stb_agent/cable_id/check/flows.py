"""The flows, each a sequence of steps: what begins a sign-in."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol
from urllib.parse import urlencode

from yarl import URL

from stb_agent.cable_id.check.provider import Json, Provider, Refused, Tokens
from stb_agent.cable_id.check.report import Flow, FlowStopped, Report, Result, Step
from stb_agent.cable_id.dpop import base64url
from stb_agent.cable_id.errors import RequestExpired, UnsafeAddress
from stb_agent.cable_id.polling import DEFAULT_INTERVAL, Sleep, SlowDown, StillPending, poll
from stb_agent.cable_id.transport import BadReply, check_address

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
CIBA_GRANT = "urn:openid:params:grant-type:ciba"
_REQUIRED = (
    "issuer",
    "token_endpoint",
    "jwks_uri",
    "response_types_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
)
_PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "k"}
_REPLAYED = ("invalid_grant", "expired_token")


class Person(Protocol):
    """Somebody who acts where the flow needs them."""

    def visit(self, uri: str, user_code: str, complete: str) -> None:
        """Tell them to open ``uri`` on another device and enter ``user_code``; ``complete`` does both, or is ""."""
        ...

    def confirm(self, message: str) -> None:
        """Tell them to approve what shows ``message`` on their own device."""
        ...

    async def authorize(self, address: str, redirect_uri: str) -> Mapping[str, str]:
        """Have them open ``address``; gives the parameters with which their browser came to ``redirect_uri``."""
        ...


class Check:
    """One run over a provider: what was got so far, and who helps."""

    def __init__(
        self, provider: Provider, report: Report, person: Person, *, clock: Callable[[], float], sleep: Sleep
    ) -> None:
        self.provider = provider
        self.report = report
        self.person = person
        self.clock = clock
        self.sleep = sleep
        self.held: list[Tokens] = []
        """Sessions that were got, to be used by the flows that need one."""
        self._used: list[tuple[Flow, Mapping[str, str], Step]] = []

    # -- what the provider says of itself

    async def discovery(self) -> None:
        """Read and judge metadata and keys."""
        provider, report = self.provider, self.report
        url = provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
        provider.metadata = await self._read(url, Step.METADATA)
        metadata = provider.metadata
        report.need(Step.ISSUER, "" if metadata.get("issuer") == provider.issuer else repr(metadata.get("issuer")))
        missing = [name for name in _REQUIRED if name not in metadata]
        report.need(Step.MEMBERS, ", ".join(missing))
        report.settle(Step.ADDRESSES, ", ".join(sorted(_unsafe(metadata))))
        methods = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        method = provider.client.token_endpoint_auth_method
        report.settle(Step.AUTHENTICATION, "" if method in methods else f"{method}: {methods}")
        algorithms = metadata.get("dpop_signing_alg_values_supported")
        if algorithms is None:
            report.add(Step.ALGORITHMS, Result.SKIPPED, "dpop_signing_alg_values_supported")
        else:
            report.settle(Step.ALGORITHMS, "" if "ES256" in algorithms else str(algorithms))
        report.settle(Step.KEYS, _wrong_keys((await self._read(metadata["jwks_uri"], None)).get("keys")))

    async def _read(self, url: str, step: Step | None) -> Json:
        try:
            found = await self.provider.read(url)
        except (Refused, BadReply) as error:
            self.report.need(step or Step.KEYS, _told(error))
            raise FlowStopped from None
        if step is not None:
            self.report.settle(step, "")
        return found

    # -- the ways to a token

    async def device(self) -> None:
        """Run a device grant."""
        provider, report = self.provider, self.report
        endpoint = self.offered("device_authorization")
        answer = await self._begin(endpoint, {"scope": provider.client.scope}, Step.DEVICE_RESPONSE, 200)
        names = ("device_code", "user_code", "verification_uri")
        wrong = [name for name in names if not isinstance(answer.get(name), str)]
        report.need(Step.DEVICE_RESPONSE, ", ".join(wrong + _wrong_times(answer)))

        def tell() -> None:
            complete = str(answer.get("verification_uri_complete", ""))
            self.person.visit(answer["verification_uri"], answer["user_code"], complete)

        form = {"grant_type": DEVICE_GRANT, "device_code": answer["device_code"]}
        await self._wait(form, answer, tell, Step.DEVICE_PENDING, Step.DEVICE_TOKEN, Step.DEVICE_ONCE)

    async def ciba(self) -> None:
        """Run a backchannel authentication in poll mode."""
        provider, report, client = self.provider, self.report, self.provider.client
        endpoint = self.offered("backchannel_authentication")
        message = base64url(provider.random(3))
        form = {"scope": client.scope, "binding_message": message}
        if client.acr_values:
            form["acr_values"] = client.acr_values
        unhinted = await provider.post(endpoint, form)
        refused = Refused(unhinted)
        report.settle(Step.CIBA_HINT, "" if refused.status == 400 and refused.name else str(refused))
        answer = await self._begin(endpoint, {**form, "login_hint": client.login_hint}, Step.CIBA_RESPONSE, 200)
        wrong = [] if isinstance(answer.get("auth_req_id"), str) else ["auth_req_id"]
        report.need(Step.CIBA_RESPONSE, ", ".join(wrong + _wrong_times(answer)))
        token = {"grant_type": CIBA_GRANT, "auth_req_id": answer["auth_req_id"]}
        await self._wait(
            token, answer, lambda: self.person.confirm(message), Step.CIBA_PENDING, Step.CIBA_TOKEN, Step.CIBA_ONCE
        )

    async def par(self) -> None:
        """Push an authorization request, with PKCE, and take the code."""
        provider, report = self.provider, self.report
        endpoint = self.offered("pushed_authorization_request")
        form, _, _ = self._request()
        pushed = await provider.post(endpoint, {**form, "request_uri": "urn:ietf:params:oauth:request_uri:x"})
        refused = Refused(pushed)
        report.settle(Step.PAR_REQUEST_URI, "" if refused.status == 400 and refused.name else str(refused))
        code, verifier, nonce = await self._code(endpoint, first=True)
        token = {"grant_type": "authorization_code", "redirect_uri": form["redirect_uri"], "code": code}
        try:
            await provider.token({**token, "code_verifier": base64url(provider.random(32))})
            report.add(Step.PKCE, Result.FAILED, "code_verifier")
            raise FlowStopped
        except Refused as error:
            report.settle(Step.PKCE, "" if error.name == "invalid_grant" else _told(error))
        except BadReply as error:
            report.need(Step.PKCE, _told(error))
        try:
            tokens = await provider.token({**token, "code_verifier": verifier})
        except Refused:
            # The wrong verifier used the code up, which a provider may do: once more from the start.
            code, verifier, nonce = await self._code(endpoint, first=False)
            token["code"] = code
            tokens = await self.token({**token, "code_verifier": verifier}, Step.CODE_TOKEN)
        report.settle(Step.CODE_TOKEN, "")
        await self.take(tokens, nonce)
        self.once({**token, "code_verifier": verifier}, Step.CODE_ONCE)

    async def _code(self, endpoint: str, *, first: bool) -> tuple[str, str, str]:
        """Give a code, its verifier and the nonce."""
        provider, report = self.provider, self.report
        form, verifier, nonce = self._request()
        answer = await self._begin(endpoint, form, Step.PAR_RESPONSE, 201)
        right = isinstance(answer.get("request_uri"), str) and _positive(answer.get("expires_in"))
        if first or not right:
            report.need(Step.PAR_RESPONSE, "" if right else "request_uri, expires_in")
        query = urlencode({"client_id": provider.client.client_id, "request_uri": answer["request_uri"]})
        address = provider.endpoint("authorization")
        came = await self.person.authorize(
            f"{address}{'&' if URL(address).query else '?'}{query}", form["redirect_uri"]
        )
        wrong = came.get("error", "") or ("" if came.get("code") else "code") or (
            "" if came.get("state") == form["state"] else "state"
        )  # fmt: skip
        if first or wrong:
            report.need(Step.CODE_RESPONSE, wrong)
        if first and not provider.metadata.get("authorization_response_iss_parameter_supported"):
            report.add(Step.CODE_ISSUER, Result.SKIPPED, "authorization_response_iss_parameter_supported")
        elif first:
            report.need(Step.CODE_ISSUER, "" if came.get("iss") == provider.issuer else repr(came.get("iss")))
        return came["code"], verifier, nonce

    def _request(self) -> tuple[dict[str, str], str, str]:
        """Make an authorization request; gives it with its code_verifier and nonce."""
        provider, client = self.provider, self.provider.client
        verifier, nonce = base64url(provider.random(32)), base64url(provider.random(16))
        form = {
            "client_id": client.client_id,  # RFC 9126 §2.1: a parameter of its own, also where the header says who asks
            "response_type": "code",
            "redirect_uri": client.redirect_uris[0] if client.redirect_uris else "",
            "scope": client.scope,
            "state": base64url(provider.random(16)),
            "nonce": nonce,
            "code_challenge": base64url(hashlib.sha256(verifier.encode("ascii")).digest()),
            "code_challenge_method": "S256",
        }
        if "offline_access" in client.scope.split():
            form["prompt"] = "consent"  # OpenID Connect Core 1.0 §11
        return form, verifier, nonce

    # -- what they share

    def offered(self, name: str) -> str:
        """Give an endpoint. Raises FlowStopped when the provider has none, or none that may be spoken to."""
        endpoint = self.provider.endpoint(name)
        try:
            check_address(URL(endpoint))
        except (UnsafeAddress, ValueError):
            self.report.add(Step.OFFERED, Result.FAILED, f"{name}_endpoint")
            raise FlowStopped from None
        return endpoint

    async def _begin(self, endpoint: str, form: Mapping[str, str], step: Step, status: int) -> Json:
        reply = await self.provider.post(endpoint, form)
        if reply.status != status:
            self.report.need(step, _told(Refused(reply)))
        try:
            return reply.json(Json)
        except BadReply as error:
            self.report.need(step, _told(error))
            raise FlowStopped from None

    async def _wait(
        self, form: Mapping[str, str], answer: Json, tell: Callable[[], None], pending: Step, token: Step, once: Step
    ) -> None:
        """Poll before anybody knows of it, tell the person, poll until they have decided, and take the tokens."""

        async def ask() -> Tokens:
            try:
                return await self.provider.token(form)
            except Refused as error:
                match error.name:
                    case "authorization_pending":
                        raise StillPending from None
                    case "slow_down":
                        raise SlowDown from None
                raise

        expires_at = self.clock() + float(answer["expires_in"])
        interval = float(answer.get("interval") or DEFAULT_INTERVAL)
        try:
            tokens = await ask()
        except (StillPending, SlowDown):
            self.report.settle(pending, "")
            tell()
            tokens = await self._decided(ask, interval, expires_at, token)
        except (Refused, BadReply) as error:
            self.report.need(pending, _told(error))
            raise FlowStopped from None
        else:
            self.report.add(pending, Result.SKIPPED, "authorization_pending")  # decided already: nobody had to be asked
        self.report.settle(token, "")
        await self.take(tokens, None)
        self.once(form, once)

    async def _decided(
        self, ask: Callable[[], Awaitable[Tokens]], interval: float, expires_at: float, step: Step
    ) -> Tokens:
        try:
            return await poll(ask, interval=interval, expires_at=expires_at, clock=self.clock, sleep=self.sleep)
        except RequestExpired:
            self.report.need(step, "expired_token")
        except (Refused, BadReply) as error:
            self.report.need(step, _told(error))
        raise FlowStopped

    async def token(self, form: Mapping[str, str], step: Step) -> Tokens:
        """Ask for tokens. Raises FlowStopped when they are refused."""
        try:
            return await self.provider.token(form)
        except (Refused, BadReply) as error:
            self.report.need(step, _told(error))
            raise FlowStopped from None

    async def take(self, tokens: Tokens, nonce: str | None) -> None:
        """Judge what a grant gave, and hold it for the flows that need it."""
        kind = tokens.token_type
        self.report.settle(Step.TOKEN_TYPE, "" if kind.lower() == "dpop" else kind or "token_type")
        try:
            wrong = await self.provider.wrong_with(tokens.id_token, nonce)
        except (Refused, BadReply, KeyError, TypeError) as error:
            wrong = f"jwks_uri: {_told(error)}"
        self.report.settle(Step.ID_TOKEN, wrong)
        if kind.lower() == "dpop":
            self.held.append(tokens)

    def once(self, form: Mapping[str, str], step: Step) -> None:
        """Have what was used shown again at the end: many a provider ends the session for it."""
        self._used.append((self.report.flow, form, step))

    async def finish(self) -> None:
        """Show again what was used: it must not be worth tokens."""
        for flow, form, step in self._used:
            self.report.flow = flow
            try:
                await self.provider.token(form)
            except Refused as error:
                self.report.settle(step, "" if error.name in _REPLAYED else _told(error))
            except BadReply as error:
                self.report.settle(step, _told(error))
            else:
                self.report.add(step, Result.FAILED, "HTTP 200")
        self._used.clear()


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, Refused) else f"{type(error).__name__} {error}".strip()


def _positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _wrong_times(answer: Json) -> list[str]:
    wrong = [] if _positive(answer.get("expires_in")) else ["expires_in"]
    return wrong if "interval" not in answer or _positive(answer["interval"]) else [*wrong, "interval"]


def _unsafe(metadata: Json) -> set[str]:
    """Give the names of the addresses that are neither HTTPS nor loopback."""
    wrong = set()
    for name, value in metadata.items():
        if name.endswith("_endpoint") or name in ("jwks_uri", "issuer"):
            try:
                check_address(URL(str(value)))
            except (UnsafeAddress, ValueError):
                wrong.add(name)
    return wrong


def _wrong_keys(keys: Any) -> str:
    if not isinstance(keys, list) or not all(isinstance(jwk, dict) for jwk in keys):
        return "keys"
    signing = [jwk for jwk in keys if jwk.get("kty") in ("EC", "RSA", "OKP") and jwk.get("use", "sig") == "sig"]
    if not signing:
        return "use: sig"
    if any(_PRIVATE & jwk.keys() for jwk in keys):
        return ", ".join(sorted(_PRIVATE & {name for jwk in keys for name in jwk}))
    kids = [jwk.get("kid") for jwk in signing]
    if len(signing) > 1 and (None in kids or len(set(kids)) < len(kids)):
        return "kid"
    return ""
