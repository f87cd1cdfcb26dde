"""What is told of sessions, cards and boxes, forged or misused: security events at the box, logout tokens at a service, orders to begin anew."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey, OctKey

from simulators.platform.keys import load_keys
from simulators.platform.logout import EVENT
from simulators.web import database
from stb_agent.cable_id.authority import Authority
from stb_agent.cable_id.client import PlatformClient
from stb_agent.cable_id.client_auth import PublicClient
from stb_agent.cable_id.errors import ResetOrderRefused, SessionUnknown
from stb_agent.cable_id.event_stream import _MEANINGS, EventStream, Polled
from stb_agent.cable_id.listening import Listening
from stb_agent.cable_id.reset import LONGEST_ORDER, check_order
from stb_agent.cable_id.security_event import SESSION_REVOKED, Wrong
from stb_agent.store.store import Store
from stb_agent.told import Told
from tests.faults.negatives.played import ELSEWHERE, HOUR, sign, sign_in
from tests.faults.negatives.scene import Scene
from tests.faults.negatives.table import Group, Negative, Refusal, Who, enter, negative
from tests.support.world import CLIENT, Box, unverified

THUMBPRINT = "urn:ietf:params:oauth:jwk-thumbprint:sha-256:"
STRANGER = ECKey.import_key(ec.generate_private_key(ec.SECP256R1()))


def _platforms(scene: Scene) -> tuple[ECKey, str]:
    """Give the platform's own key and its name: what it signs with it is all that a thief of nothing else can have."""
    with closing(database(scene.town.world.state, "platform", "")) as db:
        keys = load_keys(db, None)
    return ECKey.import_key(keys.signing), keys.signing_id


# -- security events


class Handed(EventStream):
    """A box's stream of which somebody in between answers the polls; what the box says of each SET is kept."""

    sets: Mapping[str, str] = {}
    took: Sequence[str] = ()
    refused: Mapping[str, Wrong] = {}

    async def poll(self, ack: Sequence[str], wrong: Mapping[str, Wrong], *, hold: bool) -> Polled:
        """Give what was put in, once."""
        self.took, self.refused = ack, wrong
        given, self.sets = self.sets, {}
        return Polled(given, more=False)

    async def verify(self, state: str) -> None:
        """Ask for nothing."""


class Ear:
    """A box with somebody signed in, and what ends their session."""

    def __init__(self, scene: Scene, store: Store) -> None:
        clock = scene.town.clock
        client = PlatformClient(scene.platform, PublicClient(CLIENT), scene._transport(clock), random=os.urandom)
        self.stream = Handed(client.asker)
        self.store = store
        told = Told(
            store, Authority(client, clock), "operator",
            end=lambda cause, page: None, changed=lambda: None, left=lambda handle: None, obey=lambda order: None,
        )  # fmt: skip
        self.listening = Listening(
            self.stream, client.asker.discovery, told,
            every=60, ready=lambda: True, attentive=lambda: False, clock=clock, random=os.urandom,
        )  # fmt: skip

    async def hears(self, name: str, token: str) -> Refusal | None:
        """Hear one SET and say what is said of it; None where it had an effect."""
        before = len(self.store.news.all())
        self.stream.sets = {name: token}
        await self.listening.once()
        await self.listening.once()
        if len(self.store.news.all()) != before:
            return None
        if name in self.stream.refused:
            return Refusal(f"setErrs {self.stream.refused[name].err}", "")
        return Refusal("ack", "") if name in self.stream.took else None


def _set(
    scene: Scene, stream: EventStream, *, header: Mapping[str, Any] | None = None, key: Any = None, **bent: Any
) -> tuple[str, str]:
    """Give a SET that ends somebody's session, and its jti; bent as told."""
    own, kid = _platforms(scene)
    jti = secrets.token_hex(8)
    claims = {
        "iss": scene.platform, "aud": stream.audience, "iat": int(scene.town.clock()), "jti": jti,
        "sub_id": {"format": "iss_sub", "iss": scene.platform, "sub": "somebody"},
        "events": {SESSION_REVOKED: {"initiating_entity": "admin"}}, **bent,
    }  # fmt: skip
    whole = {"alg": "ES256", "typ": "secevent+jwt", "kid": kid, **(header or {})}
    return jti, sign(whole, json.dumps(claims), key or own)


def event(name: str, group: Group, what: str, err: str, **how: Any) -> None:
    """Enter a SET that the box does not take; ``how`` may hold functions of the scene."""

    async def attack(scene: Scene) -> Refusal | None:
        with closing(Store.open(scene.folder / "store", clock=scene.town.clock, random=os.urandom)) as store:
            ear = Ear(scene, store)
            good, token = _set(scene, ear.stream)
            assert await ear.hears(good, token) is None, "as it is, it has an effect"
            return await ear.hears(
                *_set(scene, ear.stream, **{k: v(scene) if callable(v) else v for k, v in how.items()})
            )

    enter(Negative(name, group, what, Who.BOX, "", f"setErrs {err}", attack))


event(
    "event-other-key",
    Group.JOSE,
    "A security event by a stranger's key under the platform's kid",
    "invalid_key",
    key=STRANGER,
)
event(
    "event-strange-kid",
    Group.JOSE,
    "A security event under a kid that the platform does not publish",
    "invalid_key",
    header={"kid": "x"},
    key=STRANGER,
)
event("event-none", Group.JOSE, "A security event with alg none", "invalid_key", header={"alg": "none"})
event(
    "event-hs256", Group.JOSE, "A security event with HS256, the platform's public key taken for the secret", "invalid_key",
    header={"alg": "HS256"}, key=lambda scene: OctKey.import_key(str(_platforms(scene)[0].as_dict(private=False)["x"])),
)  # fmt: skip
event(
    "event-type",
    Group.JOSE,
    "Another kind of JWT in a security event's place",
    "invalid_request",
    header={"typ": "logout+jwt"},
)
event(
    "event-crit",
    Group.JOSE,
    "A security event with an extension that must be understood (crit)",
    "invalid_request",
    header={"crit": ["b64"], "b64": True},
)
event("event-audience", Group.MIX_UP, "A security event for somebody else", "invalid_audience", aud=ELSEWHERE)
event(
    "event-other-box",
    Group.SUBSTITUTION,
    "A security event for another box",
    "invalid_audience",
    aud=THUMBPRINT + "A" * 43,
)
event(
    "event-two-boxes",
    Group.SUBSTITUTION,
    "A security event for this box and another",
    "invalid_audience",
    aud=[THUMBPRINT + "A" * 43, ELSEWHERE],
)
event(
    "event-issuer",
    Group.MIX_UP,
    "A security event of another issuer, by the platform's key",
    "invalid_issuer",
    iss=ELSEWHERE,
)
event(
    "event-future",
    Group.TIME,
    "A security event of the future",
    "invalid_request",
    iat=lambda scene: int(scene.town.clock()) + HOUR,
)
event(
    "event-two",
    Group.RESOURCES,
    "Two events in one",
    "invalid_request",
    events={SESSION_REVOKED: {}, "urn:another": {}},
)
event(
    "event-subject",
    Group.MIX_UP,
    "A security event about another issuer's person",
    "invalid_request",
    sub_id={"format": "iss_sub", "iss": ELSEWHERE, "sub": "s"},
)
event(
    "event-long",
    Group.RESOURCES,
    "A security event of a hundred thousand characters",
    "invalid_request",
    more="x" * 100_000,
)


@negative(
    "event-renamed",
    Group.SUBSTITUTION,
    "A security event under another name than its own (jti)",
    "",
    by=Who.BOX,
    wire="setErrs invalid_request",
)
async def _(scene: Scene) -> Refusal | None:
    with closing(Store.open(scene.folder / "store", clock=scene.town.clock, random=os.urandom)) as store:
        ear = Ear(scene, store)
        return await ear.hears("another", _set(scene, ear.stream)[1])


@negative(
    "event-twice",
    Group.REPLAY,
    "A security event comes again, also after a restart: it has no second effect",
    "",
    by=Who.BOX,
    wire="ack",
)
async def _(scene: Scene) -> Refusal | None:
    with closing(Store.open(scene.folder / "store", clock=scene.town.clock, random=os.urandom)) as store:
        ear = Ear(scene, store)
        name, token = _set(scene, ear.stream)
        assert await ear.hears(name, token) is None
        first = await ear.hears(name, token)
        assert await Ear(scene, store).hears(name, token) == first
        return first


async def _stream(scene: Scene) -> tuple[Box, str, str]:
    """Give a box, its own token for events and its stream."""
    box = scene.box()
    form = {"grant_type": "client_credentials", "scope": "ssf.read ssf.manage", "client_id": CLIENT}
    token = (await box.send("POST", f"{scene.platform}/token", data=form)).body["access_token"]
    wanted = {"delivery": {"method": "urn:ietf:rfc:8936"}, "events_requested": [SESSION_REVOKED]}
    made = await box.send("POST", f"{scene.platform}/ssf/stream", token=token, json=wanted)
    assert made.status == 201, made
    return box, token, made.body["delivery"]["endpoint_url"]


@negative(
    "stream-of-another-box",
    Group.SUBSTITUTION,
    "A box polls another box's events",
    "cable_id.stream.gone",
    wire="404 stream_unknown",
)
async def _(scene: Scene) -> Refusal | None:
    _, _, theirs = await _stream(scene)
    box, token, _ = await _stream(scene)
    reply = await box.send("POST", theirs, token=token, json={"returnImmediately": True})
    return scene.refused(reply, meanings=_MEANINGS)


@negative(
    "stream-token-stolen",
    Group.SUBSTITUTION,
    "A box's token for events is shown by another device",
    "cable_id.session.ended",
    wire="401 invalid_token",
)
async def _(scene: Scene) -> Refusal | None:
    _, token, theirs = await _stream(scene)
    return scene.refused(await scene.box().send("POST", theirs, token=token, json={"returnImmediately": True}))


# -- the end of a session


@negative(
    "end-of-anothers-session",
    Group.SUBSTITUTION,
    "A box ends a session of another box",
    "cable_id.end.unknown",
    wire="404 session_unknown",
)
async def _(scene: Scene) -> Refusal | None:
    _, tokens = await sign_in(scene)
    box = scene.box()
    form = {
        "client_id": CLIENT,
        "sid": unverified(tokens["id_token"])["sid"],
        "cause": "user",
        "ended_at": str(int(box.now())),
    }
    reply = await box.send("POST", f"{scene.platform}/session/end", data=form)
    return scene.refused(reply, meanings={"session_unknown": SessionUnknown})


async def _evening(scene: Scene) -> tuple[Box, dict[str, str]]:
    """Give a box where somebody uses both services, and the services' tokens; the services know how late it has become."""
    box, tokens = await sign_in(scene)
    found = {}
    for name in ("booking", "health"):
        await scene.town.world.control(name, "POST", "/_sim/clock", {"skew": scene.town.clock.skew})
        reply = await box.exchange(tokens["access_token"], getattr(scene.town.world, name))
        found[name] = reply.body["access_token"]
    return box, found


async def _logged_out(scene: Scene, token: str) -> Refusal:
    address = f"{scene.town.world.booking}/backchannel-logout"
    async with scene.http.post(address, data={"logout_token": token}) as answer:
        return Refusal(f"{answer.status} {(await answer.json())['error']}" if answer.status != 204 else "204", "")


def logout(
    name: str, group: Group, what: str, *, wire: str = "400 invalid_request", header: Mapping[str, Any] | None = None,
    key: ECKey | None = None, twice: bool = False, bent: Callable[[Scene, dict[str, Any]], dict[str, Any]] = lambda scene, other: {},
) -> None:  # fmt: skip
    """Enter a logout token that signs nobody out of booking; ``bent`` is given what the person is called at the other service."""

    async def attack(scene: Scene) -> Refusal | None:
        box, found = await _evening(scene)
        own, kid = _platforms(scene)
        known, other, now = unverified(found["booking"]), unverified(found["health"]), int(box.now())
        claims = {
            "iss": scene.platform, "aud": scene.town.world.booking, "iat": now, "exp": now + 120, "jti": secrets.token_hex(8),
            "sub": known["sub"], "sid": known["sid"], "events": {EVENT: {}}, **bent(scene, other),
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        whole = {"alg": "ES256", "typ": "logout+jwt", "kid": kid, **(header or {})}
        token = sign(whole, json.dumps(claims), key or own)
        if twice:
            assert (await _logged_out(scene, token)).wire == "204"
            return await _logged_out(scene, token)
        refusal = await _logged_out(scene, token)
        reply = await box.send("GET", f"{scene.town.world.booking}/orders", token=found["booking"])
        return refusal if reply.status == 200 else None

    enter(Negative(name, group, what, Who.SERVICE, "", wire, attack))


logout(
    "logout-nonce",
    Group.MIX_UP,
    "An ID token's nonce in a logout token (Back-Channel Logout 1.0 §2.4)",
    bent=lambda scene, other: {"nonce": "n"},
)
logout(
    "logout-audience",
    Group.MIX_UP,
    "A logout token for another service",
    bent=lambda scene, other: {"aud": scene.town.world.health},
)
logout(
    "logout-audiences",
    Group.MIX_UP,
    "A logout token for this service and another",
    bent=lambda scene, other: {"aud": [scene.town.world.booking, ELSEWHERE]},
)
logout("logout-issuer", Group.MIX_UP, "A logout token of another issuer", bent=lambda scene, other: {"iss": ELSEWHERE})
logout("logout-twice", Group.REPLAY, "A logout token is shown twice", twice=True)
logout("logout-expired", Group.TIME, "A logout token that has expired", bent=lambda scene, other: {"exp": 1})
logout(
    "logout-future",
    Group.TIME,
    "A logout token of the future",
    bent=lambda scene, other: {"iat": int(scene.town.clock()) + HOUR, "exp": int(scene.town.clock()) + HOUR + 60},
)
logout("logout-no-event", Group.MIX_UP, "A logout token without its event", bent=lambda scene, other: {"events": {}})
logout(
    "logout-nobody",
    Group.MIX_UP,
    "A logout token that names neither session nor person",
    bent=lambda scene, other: {"sid": None, "sub": None},
)
logout("logout-other-key", Group.JOSE, "A logout token by a stranger's key", key=STRANGER)
logout("logout-none", Group.JOSE, "A logout token with alg none", header={"alg": "none"})
logout("logout-type", Group.JOSE, "A security event in a logout token's place", header={"typ": "secevent+jwt"})
logout(
    "logout-crit",
    Group.JOSE,
    "A logout token with an extension that must be understood (crit)",
    header={"crit": ["b64"], "b64": True},
)
logout(
    "logout-other-sid", Group.SUBSTITUTION, "A logout token with the session's name at another service: nobody is signed out here", wire="204",
    bent=lambda scene, other: {"sid": other["sid"], "sub": other["sub"]},
)  # fmt: skip


# -- what a service asks of a sign-in


def falls_short(name: str, group: Group, what: str, code: str, wire: str, seconds: float = 0, **policy: Any) -> None:
    """Enter an exchange for booking under a policy that the sign-in falls short of, after so many seconds; before, the same sign-in will do."""

    async def attack(scene: Scene) -> Refusal | None:
        box, tokens = await sign_in(scene)
        usual = {"service": "booking", "acr": "authenticated", "max_age": 3600, "revocation": 3600, "at_box": False}
        assert (await box.exchange(tokens["access_token"], scene.town.world.booking)).status == 200
        await scene.platform_control("levels", **{**usual, **policy})
        try:
            await scene.town.pass_time(seconds)
            return scene.refused(await box.exchange(tokens["access_token"], scene.town.world.booking))
        finally:
            await scene.platform_control("levels", **usual)

    enter(Negative(name, group, what, Who.PLATFORM, code, wire, attack))


falls_short(
    "exchange-old",
    Group.RIGHTS,
    "A service that wants a fresh sign-in, an older one",
    "cable_id.service.step_up",
    "400 invalid_request too_old",
    31,
    max_age=30,
)
falls_short(
    "exchange-level",
    Group.RIGHTS,
    "A service that wants a signature, a sign-in without",
    "cable_id.service.step_up",
    "400 invalid_request level",
    acr="signature",
)
falls_short(
    "exchange-revocation-old",
    Group.REVOCATION,
    "A service that wants the certificate checked just now, an older check",
    "cable_id.revocation.old",
    "400 invalid_request revocation_old",
    31,
    revocation=30,
)


@negative(
    "exchange-by-phone",
    Group.RIGHTS,
    "A service that wants the card at the box, a sign-in by phone",
    "cable_id.card_required",
    wire="400 invalid_request card_required",
)
async def _(scene: Scene) -> Refusal | None:
    box = scene.box()
    begun = (
        await box.send(
            "POST",
            f"{scene.platform}/device_authorization",
            data={"client_id": CLIENT, "scope": "openid link services"},
        )
    ).body
    await scene.platform_control("decide", user_code=begun["user_code"], card="linked")
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": begun["device_code"],
        "client_id": CLIENT,
    }
    token = (await box.send("POST", f"{scene.platform}/token", data=form)).body["access_token"]
    assert (await box.exchange(token, scene.town.world.booking)).status == 200
    return scene.refused(await box.exchange(token, scene.town.world.health))


# -- an operator's order to begin anew


def order(
    name: str, group: Group, what: str, *, header: Mapping[str, Any] | None = None, key: ECKey | None = None, obeyed: bool = False, **bent: Any
) -> None:  # fmt: skip
    """Enter an order that the box does not obey; ``bent`` in seconds from now for times. ``obeyed``: the box has, and has another key since."""

    async def attack(scene: Scene) -> Refusal | None:
        own, box, now = ECKey.import_key(ec.generate_private_key(ec.SECP256R1())), scene.box(), int(scene.town.clock())
        keys = scene.folder / "operator.json"
        keys.write_text(json.dumps({"keys": [{**own.as_dict(private=False), "kid": "op-1"}]}))
        times = {name: now + seconds for name, seconds in bent.items() if isinstance(seconds, int)}
        whole = {"typ": "reset-order+jwt", "alg": "ES256", "kid": "op-1"}
        claims = {
            "iss": "https://operator.example",
            "sub": THUMBPRINT + box.jkt,
            "iat": now,
            "exp": now + HOUR,
            "jti": "1",
        }
        check_order(sign(whole, json.dumps(claims), own), keys, box.jkt, now)
        text = sign({**whole, **(header or {})}, json.dumps({**claims, **bent, **times}), key or own)
        try:
            check_order(text, keys, scene.box().jkt if obeyed else box.jkt, now)
        except ResetOrderRefused as refused:
            return Refusal("", refused.code)
        return None

    enter(Negative(name, group, what, Who.BOX, "cable_id.reset.order", attack=attack))


order(
    "reset-order-other-box",
    Group.SUBSTITUTION,
    "An order to begin anew that is for another box",
    sub=THUMBPRINT + "A" * 43,
)
order("reset-order-twice", Group.REPLAY, "An order to begin anew that the box has obeyed already", obeyed=True)
order("reset-order-expired", Group.TIME, "An order to begin anew that has expired", iat=-HOUR, exp=-1)
order("reset-order-future", Group.TIME, "An order to begin anew of the future", iat=HOUR, exp=2 * HOUR)
order(
    "reset-order-years",
    Group.TIME,
    "An order to begin anew that is good for longer than a week",
    exp=LONGEST_ORDER + HOUR,
)
order(
    "reset-order-stranger",
    Group.JOSE,
    "An order to begin anew by a stranger's key, under the operator's kid",
    key=STRANGER,
)
order(
    "reset-order-kid",
    Group.JOSE,
    "An order to begin anew under a kid that the box does not know",
    header={"kid": "op-2"},
)
order("reset-order-none", Group.JOSE, "An order to begin anew with alg none", header={"alg": "none"})
order("reset-order-type", Group.JOSE, "Another kind of JWT in the order's place", header={"typ": "JWT"})
order(
    "reset-order-crit",
    Group.JOSE,
    "An order to begin anew with an extension that must be understood (crit)",
    header={"crit": ["b64"], "b64": True},
)
