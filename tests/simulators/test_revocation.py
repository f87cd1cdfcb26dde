"""What the platform makes of what the authority says, and of what it does not say: every state under every policy."""

import pytest
from cryptography.x509 import ReasonFlags

from tests.support.world import unverified

DAY = 86400
NO_LIST, LIST = {"crl_age": 0}, {"crl_age": 2 * DAY}
REASONS = [it.value for it in ReasonFlags if it is not ReasonFlags.remove_from_crl]


async def signed_in(town, policy=NO_LIST, card=None):
    assert (await town.control("platform", "POST", "/_sim/policy", policy)).status == 204
    return await town.box().sign_in(card or town.card("linked"))


def told(reply):
    body = reply.body
    return reply.status, body.get("reason"), {k: v for k, v in body["revocation"].items() if k != "checked_at"}


async def revoke(town, **how):
    assert (await town.control("validation", "POST", "/_sim/revoke", {"identity": "linked", **how})).status == 204


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("source", ["ocsp", "crl"])
async def test_each_reason_from_each_source(town, reason, source):
    await revoke(town, reason=reason)
    town.later(DAY)
    if source == "crl":
        await town.fault("validation", "down", "/ocsp")
    reply = await signed_in(town, LIST)
    assert told(reply) == (400, "certificate_revoked", {"status": "revoked", "source": source, "reason": reason})


async def test_what_the_authority_does_not_know_no_list_makes_good(town):
    await revoke(town, status="unknown")
    for policy in (NO_LIST, LIST):
        known = {"status": "unknown", "source": "ocsp", "cause": "not_known"}
        assert told(await signed_in(town, policy)) == (400, "revocation_unknown", known)


LIES = [
    ("unauthorized", "refused"), ("malformed", "malformed"), ("wrong_key", "signature"), ("stranger", "responder"),
    ("not_a_responder", "responder"), ("other_serial", "other_certificate"), ("other_issuer", "other_issuer"),
    ("other_nonce", "nonce"), ("stale", "stale"), ("old", "stale"), ("early", "early"),
]  # fmt: skip


@pytest.mark.parametrize(("lie", "cause"), LIES)
async def test_an_answer_that_cannot_be_believed_is_no_answer(town, lie, cause):
    await town.fault("validation", "lie", lie=lie, times=2)
    unknown = {"status": "unknown", "source": "ocsp", "cause": cause}
    assert told(await signed_in(town)) == (400, "revocation_unknown", unknown)
    reply = await signed_in(town, LIST)
    assert reply.status == 200, "the list says so, and may"


DOWN = [
    {"kind": "down"}, {"kind": "reset"}, {"kind": "half"}, {"kind": "status", "status": 500},
    {"kind": "status", "status": 503, "seconds": 60}, {"kind": "lie", "lie": "try_later"},
    {"kind": "lie", "lie": "internal_error"},
]  # fmt: skip


@pytest.mark.parametrize("fault", DOWN, ids=str)
async def test_an_authority_that_does_not_answer_uses_nothing_up(town, fault):
    box = town.box()
    assertion = await box.assertion(town.card("linked"), await box.card_nonce())
    await town.control("validation", "POST", "/_sim/faults", {**fault, "path": "/ocsp"})
    reply = await box.card_grant(assertion)
    unreachable = {"status": "unknown", "source": "ocsp", "cause": "unreachable"}
    assert told(reply) == (503, "revocation_unknown", unreachable)
    assert reply.headers["Retry-After"] == "5"
    await town.control("validation", "DELETE", "/_sim/faults")
    assert (await box.card_grant(assertion)).status == 200


async def test_a_list_says_since_when_it_speaks(town):
    await town.fault("validation", "down", "/ocsp")
    said = await signed_in(town, LIST)
    midnight = int(town.now.timestamp()) - int(9.5 * 3600)
    claims = unverified(said.body["id_token"])
    assert claims["revocation"] == {"status": "good", "source": "crl", "checked_at": midnight}


async def test_a_card_revoked_today_is_on_no_list_yet_and_on_tomorrows(town):
    await revoke(town, reason="keyCompromise")
    assert (await signed_in(town, LIST)).body["reason"] == "certificate_revoked", "OCSP knows at once"
    await town.fault("validation", "down", "/ocsp")
    assert (await signed_in(town, LIST)).status == 200, "as of last night, as the policy allows"
    assert (await signed_in(town, {"crl_age": 3600})).body["reason"] == "revocation_unknown"
    town.later(DAY)
    assert (await signed_in(town, LIST)).body["reason"] == "certificate_revoked"


@pytest.mark.parametrize(
    ("lie", "cause"), [("crl_stale", "stale"), ("crl_earlier", "stale"), ("crl_wrong_key", "signature")]
)
async def test_a_list_that_cannot_be_believed(town, lie, cause):
    await town.fault("validation", "down", "/ocsp")
    await town.fault("validation", "lie", lie=lie)
    unknown = {"status": "unknown", "source": "crl", "cause": cause}
    reply = await signed_in(town, LIST)
    assert told(reply) == (503, "revocation_unknown", unknown)
    age = town.now.timestamp() - reply.body["revocation"].get("checked_at", town.now.timestamp())
    assert (age > 2 * DAY) == (cause == "stale"), "how old the news is, is told"


async def test_an_older_list_does_not_take_a_newer_ones_place(town):
    await revoke(town, reason="superseded")
    town.later(DAY)
    await town.fault("validation", "down", "/ocsp")
    assert (await signed_in(town, LIST)).body["reason"] == "certificate_revoked"
    town.later(DAY)
    await town.fault("validation", "lie", lie="crl_earlier")
    old = {"crl_age": 30 * DAY}
    assert (await signed_in(town, old)).body["reason"] == "certificate_revoked", (
        "the list of five days ago is not taken"
    )


async def test_when_lists_are_down_too_last_nights_serves_until_it_is_too_old(town):
    await town.fault("validation", "down", "/ocsp")
    assert (await signed_in(town, LIST)).status == 200
    await town.fault("validation", "down", "/crl/*")
    town.later(DAY)
    assert (await signed_in(town, LIST)).status == 200
    town.later(DAY)
    reply = await signed_in(town, LIST)
    assert told(reply) == (503, "revocation_unknown", {"status": "unknown", "source": "crl", "cause": "stale"})


async def test_news_may_be_as_old_as_the_operator_says(town):
    await town.control("validation", "POST", "/_sim/clock", {"skew": -200})
    assert (await signed_in(town)).status == 200
    reply = await signed_in(town, {"ocsp_age": 100})
    assert (reply.status, reply.body["revocation"]["cause"]) == (400, "stale")
    assert reply.body["revocation"]["checked_at"] == int(town.now.timestamp()) - 200


async def test_generations_are_asked_about_apart(make_town, other_authority):
    town = await make_town(generations=(other_authority.folder,))
    card = town.card("linked")
    twin = other_authority.issue(
        "twin", not_before=town.now, not_after=town.now.replace(year=2030), serial=card.certificate.serial_number
    )
    await revoke(town, reason="superseded")
    town.later(DAY)
    for fault in (None, "/ocsp"):
        if fault:
            await town.fault("validation", "down", fault)
        assert (await signed_in(town, LIST)).body["reason"] == "certificate_revoked"
        assert (await signed_in(town, LIST, twin)).status == 200


async def test_an_authority_without_a_list_here_has_no_second_source(make_town, other_authority):
    town = await make_town(trusted=(other_authority.certificate,))
    card = other_authority.identity("new")
    assert (await signed_in(town, LIST, card)).status == 200, "the responder that was agreed on"
    await town.fault("validation", "down", "/ocsp")
    assert (await signed_in(town, LIST, card)).status == 503
