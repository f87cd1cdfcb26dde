"""Somebody who plays a box, and what the platform and the services say; the code is what an honest box that got this answer would tell."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jwe, jws
from joserfc.jwk import ECKey, OctKey, RSAKey

from simulators.authority import Authority, Identity, Purpose, profile
from simulators.authority.people import PEOPLE
from stb_agent.cable_id.phone import _MEANINGS as PHONE
from tests.faults.negatives.scene import Scene
from tests.faults.negatives.table import Group, Negative, Refusal, Who, enter, negative
from tests.support.world import CLIENT, Box, Reply, b64url

ELSEWHERE = "https://other.example"
HOUR = 3600
ASSERTION = "cable_id.assertion"
PROOF = "cable_id.proof.refused"
ENDED = "cable_id.session.ended"
UNTRUSTED = "cable_id.certificate.untrusted"
NONCE, GRANT = "400 invalid_grant nonce", "400 invalid_grant assertion"
STALE = "401 invalid_token"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"

Make = Callable[[Scene, Box], Awaitable[str]]
"""Make an envelope with an assertion in it."""


# -- what a card signs


def assertion(name: str, group: Group, what: str, wire: str, code: str) -> Callable[[Make], Make]:
    """Enter an attempt to sign in by an assertion that the decorated function makes."""

    def entered(make: Make) -> Make:
        async def attack(scene: Scene) -> Refusal | None:
            box = scene.box()
            return scene.refused(await box.card_grant(await make(scene, box)))

        enter(Negative(name, group, what, Who.PLATFORM, code, wire, attack))
        return make

    return entered


def bent(name: str, group: Group, what: str, wire: str, code: str, **claims: Any) -> None:
    """Enter an assertion with claims bent, or its `header`."""

    async def make(scene: Scene, box: Box) -> str:
        given = {key: value(scene, box) if callable(value) else value for key, value in claims.items()}
        return await box.assertion(next(scene.town.new), **{"nonce": await box.card_nonce(), **given})

    assertion(name, group, what, wire, code)(make)


bent(
    "assertion-audience",
    Group.SUBSTITUTION,
    "The card signed for another platform",
    "400 invalid_grant audience",
    "cable_id.audience",
    aud=ELSEWHERE,
)
bent(
    "assertion-client", Group.SUBSTITUTION, "The card signed for another client", GRANT, ASSERTION, iss="another-client"
)
bent(
    "assertion-device",
    Group.SUBSTITUTION,
    "The card signed for another box's key",
    "400 invalid_grant device_key",
    "cable_id.device_key.another",
    cnf={"jkt": "A" * 43},
)
bent("assertion-subject", Group.SUBSTITUTION, "The card signed for another certificate", GRANT, ASSERTION, sub="A" * 43)
bent("assertion-unbound", Group.DOWNGRADE, "What the card signed is bound to no device", GRANT, ASSERTION, cnf=None)
bent("assertion-long", Group.TIME, "What the card signed is good for years", GRANT, ASSERTION, exp=4102444800)
bent("assertion-old", Group.TIME, "The card signed in 1970", GRANT, ASSERTION, iat=1, exp=100)
bent(
    "assertion-tomorrow",
    Group.TIME,
    "The card will sign in an hour",
    GRANT,
    ASSERTION,
    iat=lambda scene, box: int(box.now()) + HOUR,
    exp=lambda scene, box: int(box.now()) + HOUR + 60,
)
bent(
    "nonce-made-up", Group.REPLAY, "A card nonce that the platform never gave", NONCE, "cable_id.nonce", nonce="A" * 43
)
bent(
    "assertion-type", Group.JOSE, "What the card signed is another kind of JWT", GRANT, ASSERTION, header={"typ": "JWT"}
)
bent("x5c-empty", Group.CERTIFICATE, "No certificate", GRANT, ASSERTION, header={"x5c": []})
bent("x5c-nonsense", Group.CERTIFICATE, "A certificate that is none", GRANT, ASSERTION, header={"x5c": ["AAAA"]})


@assertion(
    "nonce-of-another-box", Group.SUBSTITUTION, "The card nonce was given to another box", NONCE, "cable_id.nonce"
)
async def _(scene: Scene, box: Box) -> str:
    return await box.assertion(next(scene.town.new), await scene.box().card_nonce())


@assertion("nonce-twice", Group.REPLAY, "A card nonce is signed twice", NONCE, "cable_id.nonce")
async def _(scene: Scene, box: Box) -> str:
    nonce, card = await box.card_nonce(), next(scene.town.new)
    assert (await box.card_grant(await box.assertion(card, nonce))).status == 200
    return await box.assertion(card, nonce)


@assertion("assertion-twice", Group.REPLAY, "What the card signed is shown twice", NONCE, "cable_id.nonce")
async def _(scene: Scene, box: Box) -> str:
    made = await box.assertion(next(scene.town.new), await box.card_nonce())
    assert (await box.card_grant(made)).status == 200
    return made


@assertion(
    "assertion-jti-twice", Group.REPLAY, "What the card signed has an identifier that was used", GRANT, ASSERTION
)
async def _(scene: Scene, box: Box) -> str:
    card, jti = next(scene.town.new), secrets.token_urlsafe(8)
    assert (await box.card_grant(await box.assertion(card, await box.card_nonce(), jti=jti))).status == 200
    return await box.assertion(card, await box.card_nonce(), jti=jti)


@assertion("nonce-expired", Group.TIME, "The card nonce has run out", NONCE, "cable_id.nonce")
async def _(scene: Scene, box: Box) -> str:
    nonce = await box.card_nonce()
    await scene.town.pass_time(121)
    return await box.assertion(next(scene.town.new), nonce)


@assertion(
    "another-cards-signature",
    Group.SUBSTITUTION,
    "Another card signed than the one whose certificate is shown",
    GRANT,
    ASSERTION,
)
async def _(scene: Scene, box: Box) -> str:
    return await box.assertion(scene.town.linked, await box.card_nonce(), signer=next(scene.town.new))


# -- its JOSE


async def _forged(
    scene: Scene, box: Box, *, inner: Mapping[str, Any] | None = None, key: Any = None, outer: Mapping[str, Any] | None = None,
) -> str:  # fmt: skip
    """Make an assertion of a good card with headers and keys as given; what joserfc would not make is put together by hand."""
    card = next(scene.town.new)
    whole = await box.assertion(card, await box.card_nonce())
    if outer is not None and "alg" in outer:
        header = {**json.loads(base64.urlsafe_b64decode(whole.split(".")[0] + "==")), **outer}
        return ".".join([b64url(json.dumps(header).encode()), *whole.split(".")[1:]])
    claims = {
        "iss": CLIENT, "sub": b64url(_digest(card.der)), "aud": scene.platform, "iat": int(box.now()), "exp": int(box.now()) + 100,
        "jti": secrets.token_urlsafe(8), "nonce": await box.card_nonce(), "cnf": {"jkt": box.jkt},
    }  # fmt: skip
    header = {
        "alg": "RS256", "typ": "card-assertion+jwt", "x5c": [base64.b64encode(card.der).decode()], **(inner or {}),
    }  # fmt: skip
    signed = _signed(header, json.dumps(claims), key or RSAKey.import_key(card.key))
    return await _sealed(scene, signed, outer or {})


def _signed(header: Mapping[str, Any], payload: str, key: Any) -> str:
    registry = jws.JWSRegistry(algorithms=["RS256", "HS256", "ES256", "none"])
    registry.max_header_length = 1 << 16
    return jws.serialize_compact(dict(header), payload, key, registry=registry)


async def _sealed(scene: Scene, signed: str, outer: Mapping[str, Any]) -> str:
    found = (await scene.town.world.control("platform", "GET", "/jwks"))["keys"]
    envelope = next(key for key in found if key["alg"] == "RSA-OAEP-256")
    header = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "cty": "JWT", "kid": envelope["kid"], **outer}
    public = RSAKey.import_key({name: envelope[name] for name in ("kty", "n", "e")})
    allowed = [header["alg"], header["enc"], *([header["zip"]] if "zip" in header else [])]
    return jwe.encrypt_compact(header, signed, public, algorithms=allowed)


def _digest(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(data)
    return digest.finalize()


def jose(name: str, what: str, wire: str = GRANT, code: str = ASSERTION, **how: Any) -> None:
    """Enter an assertion with forged headers or keys."""

    async def make(scene: Scene, box: Box) -> str:
        return await _forged(scene, box, **how)

    assertion(name, Group.JOSE, what, wire, code)(make)


jose("assertion-none", "What the card signed has alg none", inner={"alg": "none"})
jose("assertion-hs256", "HS256, with a secret of the box's own", inner={"alg": "HS256"}, key=OctKey.generate_key(256))
jose("assertion-es256", "ES256 by a key that is no card's", inner={"alg": "ES256"}, key=ECKey.generate_key("P-256"))
jose(
    "assertion-jwk",
    "The key lies in the header (jwk)",
    inner={"jwk": RSAKey.generate_key(2048).as_dict(private=False)},
    key=RSAKey.generate_key(2048),
)
jose("assertion-crit", "An extension that must be understood (crit)", inner={"crit": ["b64"], "b64": True})
jose("envelope-zip", "The envelope is compressed: a few bytes that become many (zip)", outer={"zip": "DEF"})
jose(
    "envelope-p2c",
    "The envelope's key is to be derived by two thousand million rounds (p2c)",
    outer={"alg": "PBES2-HS256+A128KW", "p2c": 2**31 - 1, "p2s": "AAAA"},
)
jose("envelope-rsa1_5", "The envelope by RSA1_5 (Bleichenbacher)", outer={"alg": "RSA1_5"})
jose("envelope-oaep-sha1", "The envelope by RSA-OAEP with SHA-1", outer={"alg": "RSA-OAEP"})
jose("envelope-dir", "The envelope with a key agreed by nobody (dir)", outer={"alg": "dir"})
jose("envelope-cbc", "The envelope by another content encryption", outer={"enc": "A128CBC-HS256"})
jose("envelope-cty", "The envelope holds something else than a JWT", outer={"cty": "text/plain"})
jose(
    "envelope-kid",
    "The envelope is for a key that the platform does not have",
    "400 invalid_grant encryption_key",
    "cable_id.key_changed",
    outer={"kid": "../../keys/private"},
)


async def _text(scene: Scene, box: Box, text: str) -> str:
    return text


for name, text in (
    ("envelope-nothing", ""),
    ("envelope-three-parts", "a.b.c"),
    ("envelope-five-parts", "a.b.c.d.e"),
    ("envelope-not-ascii", "ü"),
):
    assertion(name, Group.JOSE, f"An envelope that is none: {text or 'nothing'}", GRANT, ASSERTION)(
        lambda scene, box, text=text: _text(scene, box, text)
    )


# -- certificates


def _issued(
    scene: Scene, name: str, *, by: Authority | None = None, start: int = -1, days: int = 1000, bits: int = 2048,
    serial: int = 0,
) -> Identity:  # fmt: skip
    authority = by or Authority.open(scene.town.world.authority, now=datetime.now(UTC))
    key = rsa.generate_private_key(65537, bits)
    begin = datetime.now(UTC).replace(microsecond=0) + timedelta(days=start)
    description = profile.resident_certificate(
        authority.purpose, authority.certificate, key.public_key(), PEOPLE["linked"], serial or secrets.randbits(60),
        begin, begin + timedelta(days=days),
    )  # fmt: skip
    return Identity(name, key, description.sign(authority.root.key, hashes.SHA256()))


def _other(scene: Scene, purpose: Purpose = Purpose.AUTHENTICATION) -> Authority:
    return Authority.open(scene.folder / purpose.name, now=datetime.now(UTC), purpose=purpose)


def _self_signed(scene: Scene, name: x509.Name) -> Identity:
    key = rsa.generate_private_key(65537, 2048)
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, now - timedelta(days=1), now + timedelta(days=9))
    return Identity("self", key, builder.sign(key, hashes.SHA256()))


def certificate(name: str, what: str, wire: str, code: str, make: Callable[[Scene], Identity]) -> None:
    """Enter a card with a certificate that should not be taken."""

    async def made(scene: Scene, box: Box) -> str:
        return await box.assertion(make(scene), await box.card_nonce())

    assertion(name, Group.CERTIFICATE, what, wire, code)(made)


def _as_before(scene: Scene) -> x509.Name:
    return Authority.open(scene.town.world.authority, now=datetime.now(UTC)).certificate.subject


FOREIGN = "400 invalid_grant certificate_untrusted"
certificate(
    "certificate-expired",
    "An expired certificate",
    "400 invalid_grant certificate_expired",
    "cable_id.certificate.expired",
    lambda it: _issued(it, "old", start=-99, days=9),
)
certificate(
    "certificate-early",
    "A certificate that is not valid yet",
    "400 invalid_grant certificate_expired",
    "cable_id.certificate.expired",
    lambda it: _issued(it, "early", start=9),
)
certificate(
    "certificate-foreign",
    "A certificate of an authority that nobody trusts",
    FOREIGN,
    UNTRUSTED,
    lambda it: _issued(it, "foreign", by=_other(it)),
)
certificate(
    "certificate-forged-issuer",
    "A certificate that bears the authority's name and another key's signature",
    FOREIGN,
    UNTRUSTED,
    lambda it: _self_signed(it, _as_before(it)),
)
certificate(
    "certificate-self-signed",
    "A certificate that vouches for itself",
    FOREIGN,
    UNTRUSTED,
    lambda it: _self_signed(it, x509.Name([])),
)
certificate(
    "certificate-for-signatures",
    "The certificate that is for signatures, which names its holder",
    FOREIGN,
    UNTRUSTED,
    lambda it: _issued(it, "signer", by=_other(it, Purpose.SIGNATURE)),
)
certificate(
    "certificate-authority",
    "The authority's own certificate",
    FOREIGN,
    UNTRUSTED,
    lambda it: Authority.open(it.town.world.authority, now=datetime.now(UTC)).root,
)
certificate(
    "certificate-weak",
    "A certificate for an RSA key of 1024 bits",
    FOREIGN,
    UNTRUSTED,
    lambda it: _issued(it, "weak", bits=1024),
)


@assertion("x5c-chain", Group.CERTIFICATE, "A chain with the authority put into it", GRANT, ASSERTION)
async def _(scene: Scene, box: Box) -> str:
    card, foreign = next(scene.town.new), _other(scene)
    chain = [base64.b64encode(one).decode() for one in (card.der, foreign.root.der)]
    return await box.assertion(card, await box.card_nonce(), header={"x5c": chain})


@negative(
    "serial-collision",
    Group.CERTIFICATE,
    "Another generation's card with the serial number of a linked one asks for a service",
    "cable_id.link.required",
    wire="400 invalid_request link_required",
)
async def _(scene: Scene) -> Refusal | None:
    box, serial = scene.box(), scene.town.linked.certificate.serial_number
    twin = _issued(scene, "twin", by=scene.town.generation, serial=serial)
    reply = await box.sign_in(twin)
    assert (reply.status, reply.body["scope"]) == (200, "openid link"), "a person of its own"
    return scene.refused(await box.exchange(reply.body["access_token"], scene.town.world.booking))


# -- revocation, under each policy

POLICIES = {"OCSP alone": 0, "OCSP, then lists": 7 * 86400}
FRESH_LISTS = "OCSP, then lists no older than a second"
AGES = {**POLICIES, FRESH_LISTS: 1}
"""How old a list may be (seconds; 0: none will do), by policy."""
REVOKED = "cable_id.certificate.revoked"
UNKNOWN = "cable_id.revocation.unknown"


ALONE, BOTH = ("OCSP alone",), tuple(POLICIES)
LISTED = {"reason": "keyCompromise", "since": (datetime.now(UTC) - timedelta(days=3)).strftime("%Y-%m-%dT%H:%M:%SZ")}
"""On every list since days."""
_LISTED: dict[Path, Identity] = {}


async def _listed(scene: Scene) -> Identity:
    """Give a world's card that is on every list: one, since a platform reads a list once a night."""
    world = scene.town.world
    if world.state not in _LISTED:
        card = _LISTED[world.state] = _issued(scene, "listed")
        await scene.validation("revoke", {"certificate": base64.b64encode(card.der).decode(), **LISTED})
    return _LISTED[world.state]


def revocation(
    name: str, what: str, wire: str, code: str, *, policies: tuple[str, ...] = tuple(POLICIES),
    state: Mapping[str, Any] | None = None, lie: str = "", kind: str = "lie", listed: bool = True,
) -> None:  # fmt: skip
    """Enter a state of a certificate at its authority, under each policy: what is listed, and what OCSP says or does."""
    for policy in policies:

        async def attack(scene: Scene, policy: str = policy) -> Refusal | None:
            card, box = await _listed(scene) if state is LISTED else _issued(scene, "card"), scene.box()
            await scene.platform_control("policy", crl_age=AGES[policy])
            try:
                if state is not None and state is not LISTED:
                    listing = {"certificate": base64.b64encode(card.der).decode(), **state}
                    await scene.validation("revoke", listing)
                if lie or kind != "lie":
                    fault = {"kind": kind, "lie": lie} if kind == "lie" else {"kind": kind, "path": "/ocsp*"}
                    await scene.validation("faults", {**fault, "times": None})
                if not listed:
                    await scene.validation("faults", {"kind": "down", "path": "/crl*"})
                return scene.refused(await box.sign_in(card))
            finally:
                await scene.town.world.control("validation", "DELETE", "/_sim/faults")
                await scene.platform_control("policy", crl_age=0)

        suffix = "" if policy == "OCSP alone" else "-with-lists"
        enter(
            Negative(
                f"revocation-{name}{suffix}", Group.REVOCATION, f"{what} ({policy})", Who.PLATFORM, code, wire, attack
            )
        )


REASONS = (
    "unspecified", "keyCompromise", "cACompromise", "affiliationChanged", "superseded", "cessationOfOperation", "certificateHold",
    "privilegeWithdrawn", "aACompromise",
)  # fmt: skip
"""Every one that a certificate can be revoked for (RFC 5280 §5.3.1; removeFromCRL takes one back)."""
for reason in REASONS:
    revocation(
        reason,
        f"The certificate is revoked: {reason}",
        "400 invalid_grant certificate_revoked",
        REVOKED,
        state={"reason": reason},
    )
revocation(
    "unknown",
    "The authority does not know the certificate",
    "400 invalid_grant revocation_unknown",
    UNKNOWN,
    state={"status": "unknown"},
)
for lie, what in (
    ("malformed", "The authority's answer is none"), ("wrong_key", "The authority's answer has another key's signature"),
    ("stranger", "A responder that certified itself answers"), ("not_a_responder", "A card's holder answers for the authority"),
    ("other_serial", "The authority's answer is about another certificate"), ("other_issuer", "The answer is about another generation's card"),
    ("other_nonce", "The authority's answer is an old one, to another question"), ("stale", "The authority's answer is out of date"),
    ("old", "The authority's answer is two days old"), ("early", "The authority's answer is of the future"),
    ("unauthorized", "The authority refuses to answer"),
):  # fmt: skip
    revocation(lie, what, "400 invalid_grant revocation_unknown", UNKNOWN, lie=lie, policies=ALONE)
revocation(
    "down",
    "The authority does not answer",
    "503 temporarily_unavailable revocation_unknown",
    UNKNOWN,
    kind="down",
    policies=ALONE,
)
revocation(
    "down-and-lists",
    "Neither the authority nor its lists can be had",
    "503 temporarily_unavailable revocation_unknown",
    UNKNOWN,
    kind="down",
    policies=("OCSP, then lists",),
    listed=False,
)
# Before any row that reads a list: the platform keeps the one of the night.
for lie in ("stale", "malformed", "wrong_key", "unauthorized"):
    revocation(
        f"{lie}-no-list",
        f"What the authority answers is not to be believed ({lie}), and its list cannot be had",
        "400 invalid_grant revocation_unknown",
        UNKNOWN,
        lie=lie,
        policies=BOTH[1:],
        listed=False,
    )
revocation(
    "hidden",
    "Revoked days ago, and somebody keeps the authority from answering",
    "400 invalid_grant certificate_revoked",
    REVOKED,
    kind="down",
    policies=("OCSP, then lists",),
    state=LISTED,
)
for lie in ("stale", "malformed", "wrong_key", "unauthorized"):
    revocation(
        f"hidden-by-{lie}",
        f"Revoked days ago, and what the authority answers is not to be believed: {lie}",
        "400 invalid_grant certificate_revoked",
        REVOKED,
        lie=lie,
        policies=BOTH[1:],
        state=LISTED,
    )
revocation(
    "list-too-old",
    "The authority does not answer, and its list is older than the policy allows",
    "503 temporarily_unavailable revocation_unknown",
    UNKNOWN,
    kind="down",
    policies=(FRESH_LISTS,),
)
revocation(
    "hidden-no-lists",
    "Revoked days ago, somebody keeps the authority from answering, and lists are not enough",
    "503 temporarily_unavailable revocation_unknown",
    UNKNOWN,
    kind="down",
    policies=ALONE,
    state=LISTED,
)


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
    return _signed(whole, json.dumps(claims), key or box.key)


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


# -- tokens


async def _tokens(scene: Scene, card: Identity | None = None) -> tuple[Box, dict[str, Any]]:
    box = scene.box()
    reply = await box.sign_in(card or scene.town.linked)
    assert reply.status == 200, reply
    return box, reply.body


async def _with(
    scene: Scene, method: str, url: str, headers: Mapping[str, str], *, service: bool = False
) -> Refusal | None:
    async with scene.http.request(method, url, headers=headers) as answer:
        return scene.refused(Reply(answer.status, answer.headers.copy(), await answer.json()), service=service)


@negative(
    "bearer-platform", Group.DOWNGRADE, "A bound token is shown to the platform as a bearer token", ENDED, wire=STALE
)
async def _(scene: Scene) -> Refusal | None:
    _, tokens = await _tokens(scene)
    return await _with(scene, "GET", f"{scene.platform}/link", {"Authorization": f"Bearer {tokens['access_token']}"})


@negative(
    "token-without-proof",
    Group.DOWNGRADE,
    "A bound token without a proof",
    "cable_id.proof.refused",
    wire="401 invalid_dpop_proof",
)
async def _(scene: Scene) -> Refusal | None:
    _, tokens = await _tokens(scene)
    return await _with(scene, "GET", f"{scene.platform}/link", {"Authorization": f"DPoP {tokens['access_token']}"})


@negative("token-of-another-device", Group.SUBSTITUTION, "A token is shown by another device", ENDED, wire=STALE)
async def _(scene: Scene) -> Refusal | None:
    _, tokens = await _tokens(scene)
    return scene.refused(await scene.box().send("GET", f"{scene.platform}/link", token=tokens["access_token"]))


@negative(
    "token-other-hash",
    Group.SUBSTITUTION,
    "A proof made for another token (ath)",
    "cable_id.proof.refused",
    wire="401 invalid_dpop_proof",
)
async def _(scene: Scene) -> Refusal | None:
    box, tokens = await _tokens(scene)
    other = {"ath": b64url(_digest(b"another"))}
    return scene.refused(await box.send("GET", f"{scene.platform}/link", token=tokens["access_token"], bent=other))


@negative("token-changed", Group.JOSE, "A token with one claim changed", ENDED, wire=STALE)
async def _(scene: Scene) -> Refusal | None:
    box, tokens = await _tokens(scene, next(scene.town.new))
    header, payload, signature = tokens["access_token"].split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    forged = f"{header}.{b64url(json.dumps({**claims, 'scope': 'openid link services'}).encode())}.{signature}"
    return scene.refused(await box.send("GET", f"{scene.platform}/link", token=forged))


@negative("id-token-as-access-token", Group.SUBSTITUTION, "An ID token is shown as an access token", ENDED, wire=STALE)
async def _(scene: Scene) -> Refusal | None:
    box, tokens = await _tokens(scene)
    return scene.refused(await box.send("GET", f"{scene.platform}/link", token=tokens["id_token"]))


@negative("token-after-revocation", Group.RIGHTS, "A token of a session that was ended", ENDED, wire=STALE)
async def _(scene: Scene) -> Refusal | None:
    box, tokens = await _tokens(scene)
    form = {"token": tokens["refresh_token"], "client_id": CLIENT}
    assert (await box.send("POST", f"{scene.platform}/revoke", data=form)).status == 200
    return scene.refused(await box.send("GET", f"{scene.platform}/link", token=tokens["access_token"]))


async def _refreshed(scene: Scene, box: Box, token: str, **more: str) -> Reply:
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": CLIENT, **more}
    return await box.send("POST", f"{scene.platform}/token", data=form)


@negative(
    "refresh-twice",
    Group.REPLAY,
    "A refresh token is shown again after its successor was used: the session ends",
    ENDED,
    wire="400 invalid_grant",
)
async def _(scene: Scene) -> Refusal | None:
    box, tokens = await _tokens(scene)
    second = (await _refreshed(scene, box, tokens["refresh_token"])).body["refresh_token"]
    third = (await _refreshed(scene, box, second)).body["refresh_token"]
    first = scene.refused(await _refreshed(scene, box, tokens["refresh_token"]))
    assert first == scene.refused(await _refreshed(scene, box, third)), "who is the thief cannot be told: both are out"
    return first


@negative(
    "refresh-of-another-device",
    Group.SUBSTITUTION,
    "A refresh token is shown by another device",
    ENDED,
    wire="400 invalid_grant",
)
async def _(scene: Scene) -> Refusal | None:
    _, tokens = await _tokens(scene)
    return scene.refused(await _refreshed(scene, scene.box(), tokens["refresh_token"]))


@negative(
    "refresh-of-another-client",
    Group.SUBSTITUTION,
    "A refresh token is shown by another client",
    ENDED,
    wire="400 invalid_grant",
)
async def _(scene: Scene) -> Refusal | None:
    box, tokens = await _tokens(scene)
    return scene.refused(await _refreshed(scene, box, tokens["refresh_token"], client_id="another"))


@negative(
    "refresh-more",
    Group.RIGHTS,
    "A refresh asks for more than was granted",
    "cable_id.client.refused",
    wire="400 invalid_scope",
)
async def _(scene: Scene) -> Refusal | None:
    box, tokens = await _tokens(scene, next(scene.town.new))
    return scene.refused(await _refreshed(scene, box, tokens["refresh_token"], scope="openid link services"))


# -- token exchange and services


@negative(
    "exchange-stolen",
    Group.SUBSTITUTION,
    "Another device exchanges a token",
    ENDED,
    wire="400 invalid_request subject_token",
)
async def _(scene: Scene) -> Refusal | None:
    _, tokens = await _tokens(scene)
    return scene.refused(await scene.box().exchange(tokens["access_token"], scene.town.world.booking))


@negative(
    "exchange-onward", Group.RIGHTS, "A service passes its token on", ENDED, wire="400 invalid_request subject_token"
)
async def _(scene: Scene) -> Refusal | None:
    box, tokens = await _tokens(scene)
    service = (await box.exchange(tokens["access_token"], scene.town.world.booking)).body["access_token"]
    return scene.refused(await box.exchange(service, scene.town.world.health))


@negative(
    "exchange-nowhere",
    Group.MIX_UP,
    "A token for a service that the platform does not know",
    "cable_id.service.unknown",
    wire="400 invalid_target",
)
async def _(scene: Scene) -> Refusal | None:
    box, tokens = await _tokens(scene)
    return scene.refused(await box.exchange(tokens["access_token"], "https://evil.example"))


@negative(
    "exchange-unlinked",
    Group.RIGHTS,
    "A card that is not linked asks for a service",
    "cable_id.link.required",
    wire="400 invalid_request link_required",
)
async def _(scene: Scene) -> Refusal | None:
    box, tokens = await _tokens(scene, next(scene.town.new))
    return scene.refused(await box.exchange(tokens["access_token"], scene.town.world.booking))


@negative(
    "service-of-another-service",
    Group.SUBSTITUTION,
    "A token for one service is shown to another",
    ENDED,
    by=Who.SERVICE,
    wire=STALE,
)
async def _(scene: Scene) -> Refusal | None:
    box = scene.box()
    token = await box.service_token(scene.town.linked, scene.town.world.health)
    return scene.refused(await box.send("GET", f"{scene.town.world.booking}/orders", token=token), service=True)


@negative(
    "service-platforms-token",
    Group.SUBSTITUTION,
    "The platform's own token is shown to a service",
    ENDED,
    by=Who.SERVICE,
    wire=STALE,
)
async def _(scene: Scene) -> Refusal | None:
    box, tokens = await _tokens(scene)
    reply = await box.send("GET", f"{scene.town.world.booking}/orders", token=tokens["access_token"])
    return scene.refused(reply, service=True)


@negative(
    "service-another-device",
    Group.SUBSTITUTION,
    "A service's token is shown by another device",
    ENDED,
    by=Who.SERVICE,
    wire=STALE,
)
async def _(scene: Scene) -> Refusal | None:
    token = await scene.box().service_token(scene.town.linked, scene.town.world.booking)
    return scene.refused(await scene.box().send("GET", f"{scene.town.world.booking}/orders", token=token), service=True)


@negative(
    "service-bearer", Group.DOWNGRADE, "A service's token is shown as a bearer token", ENDED, by=Who.SERVICE, wire=STALE
)
async def _(scene: Scene) -> Refusal | None:
    token = await scene.box().service_token(scene.town.linked, scene.town.world.booking)
    return await _with(
        scene, "GET", f"{scene.town.world.booking}/orders", {"Authorization": f"Bearer {token}"}, service=True
    )


@negative("service-nobody", Group.RIGHTS, "No token at all", ENDED, by=Who.SERVICE, wire=STALE)
async def _(scene: Scene) -> Refusal | None:
    return await _with(scene, "GET", f"{scene.town.world.booking}/orders", {}, service=True)


@negative(
    "order-of-another-person",
    Group.SUBSTITUTION,
    "Another person's order is sent again with another content",
    "cable_id.service.refused",
    by=Who.SERVICE,
    wire="409 OrderAlreadyExistsError",
)
async def _(scene: Scene) -> Refusal | None:
    base = scene.town.world.booking
    async with scene.http.get(f"{base}/facilities/F01/slots", params={"days": "28"}) as answer:
        slot = [it["id"] for it in (await answer.json())["slots"] if it["free"]][scene.town.turn()]
    url = f"{base}/orders/{secrets.token_hex(16)}"
    body = {"slot": slot, "purpose": "会議", "people": 2}
    box, thief = scene.box(), scene.box()
    token = await box.service_token(scene.town.linked, base)
    assert (await box.send("PUT", url, token=token, json=body)).status == 201
    stranger = next(scene.town.new)
    await thief.link(await thief.token(stranger), scene.town.world.describe()["contract_number"])
    token = await thief.service_token(stranger, base)
    return scene.refused(await thief.send("PUT", url, token=token, json=body), service=True)


# -- a phone, and the call centre


async def _begun(scene: Scene) -> tuple[Box, dict[str, Any]]:
    box = scene.box()
    form = {"client_id": CLIENT, "scope": "openid link services"}
    reply = await box.send("POST", f"{scene.platform}/device_authorization", data=form)
    assert reply.status == 200, reply
    return box, reply.body


async def _polled(scene: Scene, box: Box, code: str, client: str = CLIENT) -> Refusal | None:
    form = {"grant_type": DEVICE_GRANT, "device_code": code, "client_id": client}
    reply = await box.send("POST", f"{scene.platform}/token", data=form)
    return scene.refused(reply, meanings=PHONE)


@negative(
    "device-code-twice",
    Group.REPLAY,
    "A device code is taken up twice",
    "cable_id.request.expired",
    wire="400 invalid_grant",
)
async def _(scene: Scene) -> Refusal | None:
    box, begun = await _begun(scene)
    await scene.platform_control("decide", user_code=begun["user_code"])
    assert await _polled(scene, box, begun["device_code"]) is None
    return await _polled(scene, box, begun["device_code"])


@negative(
    "device-code-of-another-device",
    Group.SUBSTITUTION,
    "A device code is taken up by another device",
    "cable_id.request.expired",
    wire="400 invalid_grant",
)
async def _(scene: Scene) -> Refusal | None:
    _, begun = await _begun(scene)
    await scene.platform_control("decide", user_code=begun["user_code"])
    return await _polled(scene, scene.box(), begun["device_code"])


@negative(
    "device-code-of-another-client",
    Group.SUBSTITUTION,
    "A device code is taken up by another client",
    "cable_id.request.expired",
    wire="400 invalid_grant",
)
async def _(scene: Scene) -> Refusal | None:
    box, begun = await _begun(scene)
    await scene.platform_control("decide", user_code=begun["user_code"])
    return await _polled(scene, box, begun["device_code"], "another")


@negative(
    "device-code-denied",
    Group.RIGHTS,
    "The person declined on the phone",
    "cable_id.request.denied",
    wire="400 access_denied",
)
async def _(scene: Scene) -> Refusal | None:
    box, begun = await _begun(scene)
    await scene.platform_control("decide", user_code=begun["user_code"], decision="deny")
    return await _polled(scene, box, begun["device_code"])


@negative(
    "match-number-guessed",
    Group.RIGHTS,
    "The number on the television is guessed: five wrong ones end it",
    "cable_id.request.denied",
    wire="400 access_denied",
)
async def _(scene: Scene) -> Refusal | None:
    box, begun = await _begun(scene)
    form = {"user_code": begun["user_code"], "decision": "approve", "card": "linked", "number": "00"}
    for _ in range(5):
        async with scene.http.post(begun["verification_uri"], data=form) as answer:
            assert answer.status == 400
    return await _polled(scene, box, begun["device_code"])


@negative(
    "device-code-expired",
    Group.TIME,
    "A device code is taken up too late",
    "cable_id.request.expired",
    wire="400 expired_token",
)
async def _(scene: Scene) -> Refusal | None:
    box, begun = await _begun(scene)
    await scene.platform_control("decide", user_code=begun["user_code"])
    await scene.town.pass_time(301)
    return await _polled(scene, box, begun["device_code"])


@negative(
    "device-code-fast", Group.RESOURCES, "A box asks about a device code without a pause", "", wire="400 slow_down"
)
async def _(scene: Scene) -> Refusal | None:
    box, begun = await _begun(scene)
    form = {"grant_type": DEVICE_GRANT, "device_code": begun["device_code"], "client_id": CLIENT}
    replies = [await box.send("POST", f"{scene.platform}/token", data=form) for _ in range(2)]
    return Refusal(f"{replies[1].status} {replies[1].body['error']}", "")


async def _asked(scene: Scene) -> tuple[Box, dict[str, str]]:
    centre = scene.box()
    form = {
        "client_id": "call-centre", "scope": "openid", "binding_message": secrets.token_hex(4),
        "login_hint": scene.town.world.describe()["contract_number"],
    }  # fmt: skip
    reply = await centre.send("POST", f"{scene.platform}/backchannel_authentication", data=form)
    assert reply.status == 200, reply
    grant = "urn:openid:params:grant-type:ciba"
    return centre, {"client_id": "call-centre", "grant_type": grant, "auth_req_id": reply.body["auth_req_id"]}


@negative("auth-req-id-twice", Group.REPLAY, "An auth_req_id is taken up twice", ENDED, wire="400 invalid_grant")
async def _(scene: Scene) -> Refusal | None:
    centre, form = await _asked(scene)
    await scene.platform_control("decide", auth_req_id=form["auth_req_id"])
    assert (await centre.send("POST", f"{scene.platform}/token", data=form)).status == 200
    return scene.refused(await centre.send("POST", f"{scene.platform}/token", data=form))


@negative(
    "auth-req-id-of-another-client",
    Group.SUBSTITUTION,
    "Another client takes up an auth_req_id",
    ENDED,
    wire="400 invalid_grant",
)
async def _(scene: Scene) -> Refusal | None:
    centre, form = await _asked(scene)
    await scene.platform_control("decide", auth_req_id=form["auth_req_id"])
    return scene.refused(await centre.send("POST", f"{scene.platform}/token", data={**form, "client_id": CLIENT}))


@negative(
    "confirmation-of-another-person",
    Group.SUBSTITUTION,
    "Another person confirms what one is asked",
    "cable_id.answer.invalid",
    wire="404 nothing_waits",
)
async def _(scene: Scene) -> Refusal | None:
    _, form = await _asked(scene)
    box, tokens = await _tokens(scene, next(scene.town.new))
    url = f"{scene.platform}/confirmations/{form['auth_req_id']}"
    return scene.refused(await box.send("POST", url, token=tokens["access_token"], json={"decision": "approve"}))


@negative(
    "confirmation-stale",
    Group.RIGHTS,
    "Something is confirmed six minutes after the card was there",
    "cable_id.service.step_up",
    wire="401 insufficient_user_authentication",
)
async def _(scene: Scene) -> Refusal | None:
    box, tokens = await _tokens(scene)
    await scene.town.pass_time(301)
    _, form = await _asked(scene)
    url = f"{scene.platform}/confirmations/{form['auth_req_id']}"
    return scene.refused(await box.send("POST", url, token=tokens["access_token"], json={"decision": "approve"}))


# -- links


@negative(
    "link-key-again",
    Group.REPLAY,
    "An idempotency key is used for another contract",
    "cable_id.answer.invalid",
    wire="422 idempotency_key_reused",
)
async def _(scene: Scene) -> Refusal | None:
    from simulators.platform.seed import CONTRACTS

    box, tokens = await _tokens(scene, next(scene.town.new))
    assert (await box.link(tokens["access_token"], CONTRACTS[0].number, "key")).status == 201
    return scene.refused(await box.link(tokens["access_token"], CONTRACTS[1].number, "key"))


@negative(
    "link-twice", Group.RIGHTS, "A linked card is linked again", "cable_id.link.already", wire="409 already_linked"
)
async def _(scene: Scene) -> Refusal | None:
    box, tokens = await _tokens(scene)
    return scene.refused(await box.link(tokens["access_token"], scene.town.world.describe()["contract_number"]))


@negative(
    "link-no-contract",
    Group.RIGHTS,
    "A contract that there is not",
    "cable_id.link.contract_not_found",
    wire="404 contract_not_found",
)
async def _(scene: Scene) -> Refusal | None:
    box, tokens = await _tokens(scene, next(scene.town.new))
    return scene.refused(await box.link(tokens["access_token"], "0000000000"))


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
    signed = _signed({"alg": "ES256", "kid": own.thumbprint(), **(header or {})}, json.dumps(claims), key or own)
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
