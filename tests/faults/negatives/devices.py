"""What a device key proves, and what a box says of itself, bent."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey, OctKey, RSAKey

from tests.faults.negatives.played import ELSEWHERE, HOUR, PROOF, sign
from tests.faults.negatives.scene import Scene
from tests.faults.negatives.table import Group, Negative, Refusal, Who, enter, negative
from tests.support.world import CLIENT, Box, Reply

# -- proofs of the device key


def proof(
    name: str, group: Group, what: str, wire: str = "400 invalid_dpop_proof", code: str = PROOF, **claims: Any
) -> None:
    """Enter a proof with claims bent."""

    async def attack(scene: Scene) -> Refusal | None:
        box = scene.box()
        await box.card_nonce()
        given = {key: value(box) if callable(value) else value for key, value in claims.items()}
        url = f"{box.platform}/card-nonce"
        return scene.refused(await box.send("POST", url, repeat=False, bent=given, data={"client_id": CLIENT}))

    enter(Negative(name, group, what, Who.PLATFORM, code, wire, attack))


proof("proof-method", Group.SUBSTITUTION, "A proof for another method", htm="GET")
proof("proof-address", Group.SUBSTITUTION, "A proof for another address", htu="https://other.example/card-nonce")
proof("proof-old", Group.TIME, "A proof of an hour ago", iat=lambda box: int(box.now()) - HOUR)
proof("proof-tomorrow", Group.TIME, "A proof of the future", iat=lambda box: int(box.now()) + HOUR)
proof("proof-without-jti", Group.REPLAY, "A proof that cannot be told from another", jti=None)
proof("proof-without-nonce", Group.REPLAY, "A proof without the server's nonce", "400 use_dpop_nonce", nonce=None)
proof(
    "proof-foreign-nonce",
    Group.SUBSTITUTION,
    "A proof with another box's server nonce",
    "400 use_dpop_nonce",
    nonce="A" * 43,
)


async def _shown(scene: Scene, box: Box, *proofs: str) -> Refusal | None:
    url = f"{scene.platform}/card-nonce"
    headers = [("DPoP", it) for it in proofs]
    async with scene.http.post(url, headers=headers, data={"client_id": CLIENT}) as answer:
        return scene.refused(Reply(answer.status, answer.headers.copy(), await answer.json()))


def raw(name: str, what: str, make: Callable[[Box, dict[str, Any]], list[str]], group: Group = Group.JOSE) -> None:
    """Enter proofs made by hand from good claims."""

    async def attack(scene: Scene) -> Refusal | None:
        box = scene.box()
        await box.card_nonce()
        claims = {
            "jti": secrets.token_urlsafe(8), "htm": "POST", "htu": f"{scene.platform}/card-nonce", "iat": int(box.now()),
            "nonce": next(iter(box.nonces.values())),
        }  # fmt: skip
        return await _shown(scene, box, *make(box, claims))

    enter(Negative(name, group, what, Who.PLATFORM, PROOF, "400 invalid_dpop_proof", attack))


def _proof(box: Box, claims: Mapping[str, Any], key: Any = None, **header: Any) -> str:
    whole = {"typ": "dpop+jwt", "alg": "ES256", "jwk": box.key.as_dict(private=False), **header}
    whole = {name: value for name, value in whole.items() if value is not None}
    return sign(whole, json.dumps(claims), key or box.key)


raw("proof-none", "A proof with alg none", lambda box, claims: [_proof(box, claims, alg="none")])
raw(
    "proof-hs256",
    "A proof with HS256, its public key taken for the secret",
    lambda box, claims: [_proof(box, claims, OctKey.import_key(box.key.as_dict(private=False)["x"]), alg="HS256")],
)
raw(
    "proof-private",
    "A proof that shows its private key",
    lambda box, claims: [_proof(box, claims, jwk=box.key.as_dict(private=True))],
)
raw("proof-type", "A proof that is another kind of JWT", lambda box, claims: [_proof(box, claims, typ="JWT")])
raw("proof-without-key", "A proof without a key", lambda box, claims: [_proof(box, claims, jwk=None)])
raw(
    "proof-other-key",
    "A proof by another key than it shows",
    lambda box, claims: [_proof(box, claims, ECKey.generate_key("P-256"))],
)
raw(
    "proof-rsa",
    "A proof by an RSA key",
    lambda box, claims: [_proof(box, claims, RSAKey.generate_key(2048), alg="RS256")],
)
raw(
    "proof-crit",
    "A proof with an extension that must be understood (crit)",
    lambda box, claims: [_proof(box, claims, crit=["b64"], b64=True)],
)
raw("proof-two", "Two proofs", lambda box, claims: [_proof(box, claims), _proof(box, {**claims, "jti": "other"})])
raw("proof-missing", "No proof", lambda box, claims: [], Group.DOWNGRADE)


@negative("proof-twice", Group.REPLAY, "A proof is shown twice", PROOF, wire="400 invalid_dpop_proof")
async def _(scene: Scene) -> Refusal | None:
    box = scene.box()
    await box.card_nonce()
    seen = box.proof("POST", f"{scene.platform}/card-nonce")
    assert await _shown(scene, box, seen) is None
    return await _shown(scene, box, seen)


# -- what a box says of itself


@negative(
    "grant-unknown",
    Group.DOWNGRADE,
    "A password is offered instead of a card",
    "cable_id.client.refused",
    wire="400 unsupported_grant_type",
)
async def _(scene: Scene) -> Refusal | None:
    form = {"grant_type": "password", "client_id": CLIENT, "username": "u", "password": "p"}
    return scene.refused(await scene.box().send("POST", f"{scene.platform}/token", data=form))


async def _register(scene: Scene, box: Box, **bent: Any) -> Reply:
    order = await scene.town.platform("software-statement", bent.pop("order", {}))
    key = ECKey.import_key(ec.generate_private_key(ec.SECP256R1()))
    jwks = {"keys": [{**key.as_dict(private=False), "kid": key.thumbprint()}]}
    body = {"software_statement": order["software_statement"], "jwks": jwks, **bent}
    reply = await box.send("POST", f"{scene.platform}/register", json=body)
    if reply.status == 201:
        box.client_key, box.client_id = key, reply.body["client_id"]  # type: ignore[attr-defined]
    return reply


def _client_assertion(
    box: Box, key: Any = None, header: Mapping[str, Any] | None = None, **bent: Any
) -> dict[str, str]:
    client, own = box.client_id, box.client_key  # type: ignore[attr-defined]
    claims = {
        "iss": client, "sub": client, "aud": box.platform, "iat": int(box.now()), "exp": int(box.now()) + 60,
        "jti": secrets.token_urlsafe(8), **bent,
    }  # fmt: skip
    signed = sign({"alg": "ES256", "kid": own.thumbprint(), **(header or {})}, json.dumps(claims), key or own)
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    return {"client_assertion_type": kind, "client_assertion": signed, "client_id": client}


def client(
    name: str, what: str, *, group: Group = Group.REGISTRATION, other_device: bool = False, twice: bool = False,
    left_out: bool = False, **how: Any,
) -> None:  # fmt: skip
    """Enter a registered box's client assertion, bent."""

    async def attack(scene: Scene) -> Refusal | None:
        box = scene.box()
        assert (await _register(scene, box)).status == 201
        form = _client_assertion(box, **how)
        if left_out:
            form = {"client_id": form["client_id"]}
        url, who = f"{scene.platform}/card-nonce", scene.box() if other_device else box
        await who.card_nonce()
        if twice:
            assert (await who.send("POST", url, data=form)).status == 200
        return scene.refused(await who.send("POST", url, data=form))

    enter(Negative(name, group, what, Who.PLATFORM, "cable_id.client.unknown", "401 invalid_client", attack))


client("client-assertion-twice", "A client's assertion is shown twice", group=Group.REPLAY, twice=True)
client(
    "client-assertion-audience", "A client's assertion for another platform", group=Group.SUBSTITUTION, aud=ELSEWHERE
)
client(
    "client-assertion-audiences",
    "A client's assertion for this platform and another",
    group=Group.MIX_UP,
    aud=[ELSEWHERE],
)
client("client-assertion-expired", "A client's assertion that has expired", group=Group.TIME, exp=1)
client("client-assertion-long", "A client's assertion that is good for years", group=Group.TIME, exp=4102444800)
client(
    "client-assertion-other-key",
    "A client's assertion by another key",
    group=Group.JOSE,
    key=ECKey.generate_key("P-256"),
)
client("client-assertion-none", "A client's assertion with alg none", group=Group.JOSE, header={"alg": "none"})
client("client-assertion-kid", "A client's assertion under another kid", group=Group.JOSE, header={"kid": "another"})
client("client-assertion-left-out", "A registered box leaves its assertion out", group=Group.DOWNGRADE, left_out=True)
client("client-key-stolen", "A box's client key on another device", group=Group.SUBSTITUTION, other_device=True)


def statement(name: str, what: str, wire: str, **bent: Any) -> None:
    """Enter a registration with a statement or keys that should not be taken."""

    async def attack(scene: Scene) -> Refusal | None:
        reply = await _register(scene, scene.box(), **json.loads(json.dumps(bent)))
        refused = scene.refused(reply)
        return refused and Refusal(refused.wire, scene.registration_code(reply))

    code = "cable_id.client.refused" if "metadata" in wire else "cable_id.registration.statement"
    enter(Negative(name, Group.REGISTRATION, what, Who.PLATFORM, code, wire, attack))


statement(
    "statement-unknown-operator",
    "A statement of an operator that the platform does not know",
    "400 unapproved_software_statement",
    order={"claims": {"iss": "https://unknown.example"}},
)
statement(
    "statement-of-another",
    "A statement in another operator's name",
    "400 invalid_software_statement",
    order={"claims": {"iss": "https://minato.example"}},
)
statement(
    "statement-expired", "A statement that has expired", "400 invalid_software_statement", order={"claims": {"exp": 1}}
)
statement(
    "statement-weaker",
    "A statement for boxes without a key",
    "400 unapproved_software_statement",
    order={"claims": {"token_endpoint_auth_method": "none"}},
)
statement("statement-none", "No statement", "400 invalid_software_statement", software_statement="")
statement(
    "statement-unsigned",
    "A statement that nobody signed",
    "400 invalid_software_statement",
    software_statement="e30.e30.",
)
statement(
    "registration-private-key",
    "A box registers a private key",
    "400 invalid_client_metadata",
    jwks={"keys": [{**ECKey.generate_key("P-256").as_dict(private=True), "kid": "k"}]},
)
statement("registration-no-key", "A box registers no key", "400 invalid_client_metadata", jwks={"keys": []})
