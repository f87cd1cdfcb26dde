"""Certificates that are not what they seem, and each state of one that is under each policy."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from simulators.authority import Authority, Identity, Purpose, profile
from simulators.authority.people import PEOPLE
from tests.faults.negatives.played import ASSERTION, GRANT, UNTRUSTED, assertion
from tests.faults.negatives.scene import Scene
from tests.faults.negatives.table import Group, Negative, Refusal, Who, enter, negative
from tests.support.world import Box

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
