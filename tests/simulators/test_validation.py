"""The validation service: chain, use, validity, list."""

import base64

import pytest


async def check(town, der, purpose="liveness_check"):
    body = {"certificate": base64.b64encode(der).decode(), "purpose": purpose}
    return await town.control("validation", "POST", "/check", body)


async def test_good_and_out_of_date(town):
    for name in ("linked", "new", "blocked"):
        body = (await check(town, town.card(name).der)).body
        assert (body["status"], body["checked_at"]) == ("good", "2026-11-24T00:30:00Z")
        assert "reason" not in body
    body = (await check(town, town.card("expired").der)).body
    assert (body["status"], body["reason"]) == ("unknown", "expired")


async def test_not_yet_valid(town):
    town.later(-3600 * 24 * 365)
    body = (await check(town, town.card("new").der)).body
    assert (body["status"], body["reason"]) == ("unknown", "not_yet_valid")


async def test_not_chained(town, other_authority):
    for der in (other_authority.identity("new").der, other_authority.root.der):
        body = (await check(town, der)).body
        assert (body["status"], body["reason"]) == ("unknown", "untrusted")


async def test_another_authority_can_be_trusted_too(make_town, other_authority):
    town = await make_town(trusted=(other_authority.certificate,))
    theirs = (await check(town, other_authority.identity("new").der)).body
    ours = (await check(town, town.card("new").der)).body
    assert (theirs["status"], ours["status"]) == ("good", "good")
    assert theirs["issuer_key"] != ours["issuer_key"]


async def test_certificates_for_something_else(make_town, signature_authority):
    town = await make_town(trusted=(signature_authority.certificate,))
    for der in (signature_authority.identity("new").der, town.authority.root.der):
        body = (await check(town, der)).body
        assert (body["status"], body["reason"]) == ("unknown", "not_authentication")


async def test_the_list_and_back_and_after_a_restart(town):
    der = town.card("linked").der
    listing = {"certificate": base64.b64encode(der).decode(), "reason": "affiliation_changed"}
    assert (await town.control("validation", "POST", "/_sim/revoke", listing)).status == 204
    await town.restart("validation")
    body = (await check(town, der)).body
    assert (body["status"], body["reason"]) == ("revoked", "affiliation_changed")
    assert (await check(town, town.card("new").der)).body["status"] == "good"
    await town.control("validation", "POST", "/_sim/revoke", {"identity": "linked", "status": "good"})
    assert (await check(town, der)).body["status"] == "good"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"certificate": "AAAA", "purpose": "liveness_check"},
        {"certificate": "*", "purpose": "liveness_check"},
        {"certificate": "AAAA", "purpose": "curiosity"},
    ],
)
async def test_a_bad_question(town, body):
    reply = await town.control("validation", "POST", "/check", body)
    assert (reply.status, reply.body["error"]) == (400, "invalid_request")


async def test_listing_needs_a_certificate_of_ours(town, other_authority):
    assert (await town.control("validation", "POST", "/_sim/revoke", {"reason": "superseded"})).status == 400
    foreign = {"certificate": base64.b64encode(other_authority.identity("new").der).decode()}
    assert (await town.control("validation", "POST", "/_sim/revoke", foreign)).status == 404


async def test_checks_are_counted_without_saying_about_whom(town):
    await check(town, town.card("linked").der)
    await check(town, town.card("expired").der, "signature_verification")
    assert (await town.control("validation", "GET", "/_sim/checks")).body == {
        "checks": [
            {"at": "2026-11-24T00:30:00Z", "purpose": "liveness_check", "status": "good"},
            {"at": "2026-11-24T00:30:00Z", "purpose": "signature_verification", "status": "unknown"},
        ]
    }
