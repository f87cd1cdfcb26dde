"""What a card signs, bent; and what it is wrapped in."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from typing import Any

from joserfc import jwe
from joserfc.jwk import ECKey, OctKey, RSAKey

from tests.faults.negatives.played import ASSERTION, ELSEWHERE, GRANT, HOUR, NONCE, assertion, digest, sign
from tests.faults.negatives.scene import Scene
from tests.faults.negatives.table import Group
from tests.support.world import CLIENT, Box, b64url

# -- what a card signs


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
        "iss": CLIENT, "sub": b64url(digest(card.der)), "aud": scene.platform, "iat": int(box.now()), "exp": int(box.now()) + 100,
        "jti": secrets.token_urlsafe(8), "nonce": await box.card_nonce(), "cnf": {"jkt": box.jkt},
    }  # fmt: skip
    header = {
        "alg": "RS256", "typ": "card-assertion+jwt", "x5c": [base64.b64encode(card.der).decode()], **(inner or {}),
    }  # fmt: skip
    signed = sign(header, json.dumps(claims), key or RSAKey.import_key(card.key))
    return await _sealed(scene, signed, outer or {})


async def _sealed(scene: Scene, signed: str, outer: Mapping[str, Any]) -> str:
    found = (await scene.town.world.control("platform", "GET", "/jwks"))["keys"]
    envelope = next(key for key in found if key["alg"] == "RSA-OAEP-256")
    header = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "cty": "JWT", "kid": envelope["kid"], **outer}
    public = RSAKey.import_key({name: envelope[name] for name in ("kty", "n", "e")})
    allowed = [header["alg"], header["enc"], *([header["zip"]] if "zip" in header else [])]
    return jwe.encrypt_compact(header, signed, public, algorithms=allowed)


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
