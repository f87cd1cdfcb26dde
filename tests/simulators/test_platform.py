"""The common platform against docs/cable-id-profile.md."""

import asyncio
import base64
import json

import aiohttp
import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from simulators.platform import app as platform
from simulators.platform.seed import CONTRACT_NUMBER, CONTRACTS, OPERATOR
from tests.support.world import ACCESS_TOKEN, CLIENT, EXCHANGE, b64url, unverified


async def jwks(town):
    reply = await town.control("platform", "GET", "/jwks")
    keys = {key["alg"]: key for key in reply.body["keys"]}
    return {"sig": keys["ES256"], "enc": keys["RSA-OAEP-256"], "support": keys["ECDH-ES"]}


async def test_discovery_names_everything_the_client_needs(town):
    issuer = town.address["platform"]
    found = (await town.control("platform", "GET", "/.well-known/openid-configuration")).body
    assert found["issuer"] == issuer
    assert set(found["acr_values_supported"]) == {"present", "authenticated", "signature"}
    assert found["dpop_signing_alg_values_supported"] == ["ES256"]
    assert len(found["grant_types_supported"]) == 7
    for name in ("jwks_uri", "token_endpoint", "card_nonce_endpoint", "link_endpoint"):
        assert found[name].startswith(f"{issuer}/")
    keys = await jwks(town)
    assert (keys["sig"]["crv"], keys["sig"]["alg"]) == ("P-256", "ES256")
    assert (keys["enc"]["kty"], keys["enc"]["alg"]) == ("RSA", "RSA-OAEP-256")
    assert (keys["support"]["crv"], keys["support"]["use"]) == ("P-256", "enc")
    assert not {"d", "p", "q"} & {name for key in keys.values() for name in key}
    assert len({key["kid"] for key in keys.values()}) == 3


async def test_every_key_is_challenged_for_a_nonce_once(town):
    box = town.box()
    reply = await box.send("POST", f"{box.platform}/card-nonce", repeat=False, data={"client_id": CLIENT})
    assert (reply.status, reply.body["error"]) == (400, "use_dpop_nonce")
    sent = box.sent
    assert len(base64.urlsafe_b64decode(await box.card_nonce() + "==")) >= 32
    assert box.sent == sent + 1
    other = town.box()
    other.nonces = dict(box.nonces)
    reply = await other.send("POST", f"{box.platform}/card-nonce", repeat=False, data={"client_id": CLIENT})
    assert reply.body["error"] == "use_dpop_nonce", "a nonce is for one key"
    town.later(700)
    reply = await box.send("POST", f"{box.platform}/card-nonce", repeat=False, data={"client_id": CLIENT})
    assert reply.body["error"] == "use_dpop_nonce", "a nonce ages"


async def test_a_linked_card_signs_in(town):
    box = town.box()
    nonce = await box.card_nonce()
    reply = await box.card_grant(await box.assertion(town.card("linked"), nonce))
    assert reply.status == 200, reply
    assert reply.headers["Cache-Control"] == "no-store"
    assert (reply.body["token_type"], reply.body["expires_in"]) == ("DPoP", 600)
    assert reply.body["scope"] == "openid link services"
    key = ECKey.import_key((await jwks(town))["sig"])
    identity = jws.deserialize_compact(reply.body["id_token"], key, algorithms=["ES256"])
    claims = json.loads(identity.payload)
    now = int(town.now.timestamp())
    assert claims.pop("sub") == unverified(reply.body["access_token"])["sub"]
    assert claims.pop("sid") == unverified(reply.body["access_token"])["sid"]
    assert claims == {
        "iss": box.platform, "aud": CLIENT, "amr": ["sc", "pin"], "iat": now, "exp": now + 600, "auth_time": now, "acr": "authenticated",
        "nonce": nonce, "link": "linked", "revocation": {"status": "good", "source": "ocsp", "checked_at": now},
    }  # fmt: skip
    access = jws.deserialize_compact(reply.body["access_token"], key, algorithms=["ES256"])
    assert access.headers()["typ"] == "at+jwt"
    claims = json.loads(access.payload)
    assert (claims["aud"], claims["cnf"], claims["acr"]) == (box.platform, {"jkt": box.jkt}, "authenticated")
    assert {"iss", "sub", "client_id", "iat", "exp", "jti", "auth_time", "scope"} <= set(claims)


async def test_a_new_card_gets_no_services(town):
    assert (await town.box().sign_in(town.card("new"))).body["scope"] == "openid link"


async def bent(town, **claims):
    box = town.box()
    claims = {"nonce": await box.card_nonce(), **claims}
    return await box.card_grant(await box.assertion(town.card("linked"), **claims))


@pytest.mark.parametrize(
    ("reason", "claims"),
    [
        ("nonce", {"nonce": "A" * 43}),
        ("audience", {"aud": "http://127.0.0.1:9"}),
        ("device_key", {"cnf": {"jkt": "A" * 43}}),
        ("assertion", {"sub": "A" * 43}),
        ("assertion", {"iss": "another-client"}),
        ("assertion", {"exp": 4102444800}),
        ("assertion", {"iat": 1, "exp": 100}),
        ("assertion", {"cnf": None}),
        ("assertion", {"header": {"typ": "JWT"}}),
        ("assertion", {"header": {"x5c": []}}),
        ("assertion", {"header": {"x5c": ["AAAA"]}}),
    ],
)
async def test_a_bent_assertion_is_refused_by_its_reason(town, reason, claims):
    reply = await bent(town, **claims)
    assert (reply.status, reply.body["error"], reply.body["reason"]) == (400, "invalid_grant", reason)
    assert reply.body["error_description"]


async def test_another_cards_signature_is_refused(town):
    assert (await bent(town, signer=town.card("new"))).body["reason"] == "assertion"


async def test_an_envelope_for_a_key_that_is_gone_uses_nothing_up(town):
    box, card = town.box(), town.card("linked")
    under_way = await box.assertion(card, await box.card_nonce())
    await town.control("platform", "POST", "/_sim/rotate", {"use": "enc"})
    assert (await box.card_grant(under_way)).status == 200, "kept for envelopes under way"
    nonce = await box.card_nonce()
    late = await box.assertion(card, nonce)
    await town.control("platform", "POST", "/_sim/rotate", {"use": "enc", "keep": False})
    assert (await box.card_grant(late)).body["reason"] == "encryption_key"
    assert (await box.card_grant(await box.assertion(card, nonce))).status == 200


@pytest.mark.parametrize("assertion", ["", "a.b.c", "a.b.c.d.e", "ü"])
async def test_what_is_no_envelope_is_refused(town, assertion):
    assert (await town.box().card_grant(assertion)).body["reason"] == "assertion"


async def test_an_unencrypted_assertion_is_refused(town):
    header = {"alg": "none", "typ": "card-assertion+jwt"}
    plain = ".".join(b64url(json.dumps(part).encode()) for part in (header, {"iss": CLIENT})) + "."
    assert (await town.box().card_grant(plain)).body["reason"] == "assertion"


async def test_a_nonce_is_good_once_for_one_key_and_two_minutes(town):
    box, card = town.box(), town.card("linked")
    nonce = await box.card_nonce()
    assert (await box.card_grant(await box.assertion(card, nonce))).status == 200
    assert (await box.card_grant(await box.assertion(card, nonce))).body["reason"] == "nonce"
    nonce = await town.box().card_nonce()
    assert (await box.card_grant(await box.assertion(card, nonce))).body["reason"] == "nonce"
    nonce = await box.card_nonce()
    town.later(121)
    assert (await box.card_grant(await box.assertion(card, nonce))).body["reason"] == "nonce"


async def test_an_assertion_is_good_once(town):
    box, card = town.box(), town.card("linked")
    assert (await box.card_grant(await box.assertion(card, await box.card_nonce(), jti="one"))).status == 200
    reply = await box.card_grant(await box.assertion(card, await box.card_nonce(), jti="one"))
    assert (reply.body["reason"], reply.body["error_description"]) == ("assertion", "jti was used before")


async def test_the_authority_decides_about_the_certificate(town, other_authority):
    box = town.box()
    assert (await box.sign_in(town.card("blocked"))).status == 200, "a blocked PIN is the card's business"
    assert (await box.sign_in(town.card("expired"))).body["reason"] == "certificate_expired"
    assert (await box.sign_in(other_authority.identity("new"))).body["reason"] == "certificate_untrusted"
    await town.control("validation", "POST", "/_sim/revoke", {"identity": "linked", "reason": "superseded"})
    reply = await box.sign_in(town.card("linked"))
    assert (reply.body["reason"], reply.body["error_description"]) == ("certificate_revoked", "superseded")
    refused = await box.assertion(town.card("linked"), await box.card_nonce())
    assert (await box.card_grant(refused)).body["reason"] == "certificate_revoked"
    assert (await box.card_grant(refused)).body["reason"] == "nonce", "a refusal uses the nonce up"
    await town.control("validation", "POST", "/_sim/revoke", {"identity": "linked", "status": "unknown"})
    assert (await box.sign_in(town.card("linked"))).body["reason"] == "revocation_unknown"
    await town.control("validation", "POST", "/_sim/revoke", {"identity": "linked", "status": "good"})
    assert (await box.sign_in(town.card("linked"))).status == 200


async def test_another_trusted_authoritys_card_is_another_person(make_town, other_authority):
    town = await make_town(trusted=(other_authority.certificate,))
    box, card = town.box(), town.card("linked")
    now = town.now
    twin = other_authority.issue(
        "twin", not_before=now, not_after=now.replace(year=2030), serial=card.certificate.serial_number
    )
    reply = await box.sign_in(twin)
    assert (reply.status, reply.body["scope"]) == (200, "openid link"), "same serial number, another issuer key"


async def test_an_authority_that_cannot_be_asked_uses_nothing_up(town):
    box = town.box()
    assertion = await box.assertion(town.card("linked"), await box.card_nonce())
    await town.stop("validation")
    reply = await box.card_grant(assertion)
    assert (reply.status, reply.headers["Retry-After"]) == (503, "5")
    await town.start("validation")
    assert (await box.card_grant(assertion)).status == 200
    assert (await box.card_grant(assertion)).body["reason"] == "nonce"


@pytest.mark.parametrize(
    "change",
    [{"htm": "GET"}, {"htu": "http://127.0.0.1:9/token"}, {"iat": 1}, {"jti": None}, {"iat": "now"}, {"htu": 7}],
)
async def test_a_bent_proof_is_refused(town, change):
    box = town.box()
    await box.card_nonce()
    reply = await box.send("POST", f"{box.platform}/card-nonce", bent=change, data={"client_id": CLIENT})
    assert (reply.status, reply.body["error"]) == (400, "invalid_dpop_proof")


async def test_a_proof_is_good_once_even_after_a_restart(town):
    box, url = town.box(), f"{town.address['platform']}/card-nonce"
    await box.card_nonce()
    proof = {"DPoP": box.proof("POST", url)}
    form = {"client_id": CLIENT}
    async with town.http.post(url, headers=proof, data=form) as answer:
        assert answer.status == 200
    async with town.http.post(url, headers=proof, data=form) as answer:
        assert (await answer.json())["error_description"] == "jti was used before"
    await town.restart("platform")
    async with town.http.post(url, headers=proof, data=form) as answer:
        assert (await answer.json())["error_description"] == "jti was used before"


async def test_a_request_without_proof_is_refused(town):
    for path in ("/card-nonce", "/token"):
        async with town.http.post(town.address["platform"] + path, data={"client_id": CLIENT}) as answer:
            assert (answer.status, (await answer.json())["error"]) == (400, "invalid_dpop_proof")


async def test_a_proof_that_shows_a_private_key_is_refused(town):
    box, url = town.box(), f"{town.address['platform']}/card-nonce"
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": box.key.as_dict(private=True)}
    claims = {"jti": "x", "htm": "POST", "htu": url, "iat": int(town.now.timestamp())}
    proof = jws.serialize_compact(header, json.dumps(claims), box.key, algorithms=["ES256"])
    async with town.http.post(url, headers={"DPoP": proof}, data={"client_id": CLIENT}) as answer:
        assert (await answer.json())["error"] == "invalid_dpop_proof"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_client"),
        ({"client_id": CLIENT}, "invalid_request"),
        ({"client_id": CLIENT, "grant_type": "password"}, "unsupported_grant_type"),
        ({"client_id": CLIENT, "grant_type": EXCHANGE}, "invalid_request"),
        ({"client_id": CLIENT, "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer"}, "invalid_scope"),
    ],
)
async def test_a_form_that_lacks_something_is_refused(town, form, error):
    reply = await town.box().send("POST", f"{town.address['platform']}/token", data=form)
    assert (reply.status, reply.body["error"]) == (400, error)


async def test_linking_once(town):
    box = town.box()
    token = await box.token(town.card("new"))
    link = f"{box.platform}/link"
    assert (await box.send("GET", link, token=token)).body == {"linked": False}
    first = await box.link(token, CONTRACT_NUMBER, "key-1")
    assert first.status == 201
    assert first.body == {
        "link_id": first.body["link_id"], "linked_at": "2026-11-24T00:30:00Z", "operator": OPERATOR,
    }  # fmt: skip
    town.later(60)
    again = await box.link(token, CONTRACT_NUMBER, "key-1")
    assert (again.status, again.body) == (201, first.body)
    reply = await box.link(token, CONTRACTS[1].number, "key-1")
    assert (reply.status, reply.body) == (422, {"error": "idempotency_key_reused"})
    reply = await box.link(token, CONTRACT_NUMBER, "key-2")
    assert (reply.status, reply.body) == (
        409,
        {"error": "already_linked", "operator": OPERATOR, "linked_at": first.body["linked_at"]},
    )
    assert (await box.send("GET", link, token=token)).body == {
        "linked": True, **first.body, "state": "linked", "contract": True,
    }  # fmt: skip
    await town.restart("platform")
    again = await box.link(token, CONTRACT_NUMBER, "key-1")
    assert (again.status, again.body) == (201, first.body)
    assert (await town.box().sign_in(town.card("new"))).body["scope"] == "openid link services"


async def test_linking_with_a_wrong_number(town):
    box = town.box()
    token = await box.token(town.card("new"))
    unknown = "0000000000"
    assert unknown not in {contract.number for contract in CONTRACTS}
    reply = await box.link(token, unknown, "key")
    assert (reply.status, reply.body) == (404, {"error": "contract_not_found"})
    for number in ("123", "12345678901", "３１０００４１７２６", "31000417a6"):
        assert (await box.link(token, number)).status == 400
    reply = await box.send("POST", f"{box.platform}/link", token=token, json={"contract_number": CONTRACT_NUMBER})
    assert (reply.status, reply.body["error"]) == (400, "invalid_request")
    assert (await box.link(token, CONTRACT_NUMBER, "key")).status == 201, "a refusal is not kept for its key"


async def test_a_link_whose_answer_was_lost_is_made_once(town):
    box = town.box()
    token = await box.token(town.card("new"))
    await town.fault("platform", "drop_after", "/link", method="POST")
    with pytest.raises(aiohttp.ClientError):
        await box.link(token, CONTRACT_NUMBER, "key")
    assert (await box.link(token, CONTRACT_NUMBER, "key")).status == 201
    ledger = (await town.control("platform", "GET", "/_sim/ledger")).body["ledger"]
    assert [row["unit"] for row in ledger].count("link") == 1


async def test_a_stolen_token_is_worth_nothing(town):
    box, thief = town.box(), town.box()
    token = await box.token(town.card("linked"))
    link = f"{box.platform}/link"
    async with town.http.get(link, headers={"Authorization": f"Bearer {token}"}) as answer:
        assert answer.status == 401
        assert 'DPoP error="invalid_token"' in answer.headers["WWW-Authenticate"]
    async with town.http.get(link) as answer:
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, 'DPoP algs="ES256"')
    await thief.card_nonce()
    reply = await thief.send("GET", link, token=token)
    assert (reply.status, reply.body["error_description"]) == (401, "bound to another key")
    reply = await thief.exchange(token, town.address["booking"])
    assert (reply.status, reply.body["reason"]) == (400, "subject_token")
    for wrong in ({"ath": None}, {"ath": "A" * 43}):
        reply = await box.send("GET", link, token=token, bent=wrong)
        assert (reply.status, reply.body["error"]) == (401, "invalid_dpop_proof")
    head, claims, signature = token.split(".")
    forged = ".".join((head, b64url(base64.urlsafe_b64decode(claims + "==").replace(b"link", b"pink")), signature))
    assert (await box.send("GET", link, token=forged)).status == 401
    town.later(601)
    assert (await box.send("GET", link, token=token)).body["error_description"] == "expired"


async def test_exchange_needs_a_link_and_a_known_service(town):
    box = town.box()
    token = await box.token(town.card("new"))
    booking = town.address["booking"]
    reply = await box.exchange(token, booking)
    assert (reply.status, reply.body["error"], reply.body["reason"]) == (400, "invalid_request", "link_required")
    await box.link(token, CONTRACT_NUMBER)
    reply = await box.exchange(token, "http://127.0.0.1:9")
    assert (reply.status, reply.body["error"]) == (400, "invalid_target")
    town.later(100)
    reply = await box.exchange(token, booking)
    assert reply.status == 200, "the token of the sign-in in which the link was made will do"
    assert reply.body["issued_token_type"] == ACCESS_TOKEN
    claims = unverified(reply.body["access_token"])
    assert (claims["aud"], claims["cnf"]) == (booking, {"jkt": box.jkt})
    assert claims["auth_time"] == unverified(token)["auth_time"] == claims["iat"] - 100
    service_token = reply.body["access_token"]
    reply = await box.exchange(service_token, booking)
    assert reply.body["reason"] == "subject_token", "a service cannot pass its token on"
    town.later(600)
    assert (await box.exchange(token, booking)).body["reason"] == "subject_token"


async def test_nobody_can_tell_that_two_subjects_are_one_person(town):
    box = town.box()
    seen = []
    for name in ("linked", "new"):
        token = await box.token(town.card(name))
        await box.link(token, CONTRACT_NUMBER)
        services = [(await box.exchange(token, town.address[s])).body["access_token"] for s in ("booking", "health")]
        seen += [unverified(t)["sub"] for t in (token, *services)]
    assert len(set(seen)) == 6
    again = await town.box().token(town.card("linked"))
    assert unverified(again)["sub"] == seen[0], "the same person on another box"


async def test_every_use_that_costs_is_in_the_ledger(town):
    box = town.box()
    assert (await town.control("platform", "GET", "/_sim/ledger")).body == {"ledger": []}
    token = await box.token(town.card("linked"))
    await box.exchange(token, town.address["health"])
    await box.sign_in(town.card("expired"))
    await bent(town, aud="elsewhere")
    rows = (await town.control("platform", "GET", "/_sim/ledger")).body["ledger"]
    assert [(row["category"], row["unit"], row["count"]) for row in rows] == [
        ("jpki", "liveness_check", 1), ("platform", "sign_in", 1), ("platform", "token_exchange", 1),
    ], "an expired card needs no asking"  # fmt: skip


async def test_the_platform_keeps_neither_certificate_nor_serial_number(town):
    box, card = town.box(), town.card("linked")
    await box.token(card)
    await town.stop("platform")
    kept = b"".join(path.read_bytes() for path in town.state.glob("platform.sqlite*"))
    serial = card.certificate.serial_number
    assert OPERATOR.encode() in kept or CONTRACT_NUMBER.encode() in kept
    for secret in (card.der, base64.b64encode(card.der), f"{serial:x}".encode(), str(serial).encode()):
        assert secret not in kept


async def test_tokens_outlive_a_restart(town):
    box = town.box()
    token = await box.token(town.card("linked"))
    await town.restart("platform")
    assert (await box.exchange(token, town.address["booking"])).status == 200


async def test_equal_seeds_make_equal_bytes(make_town, tmp_path):
    town = await make_town(seed=7)
    box = town.box()

    async def walk():
        box.nonces.clear()
        reply = await box.sign_in(town.card("new"))
        linked = await box.link(reply.body["access_token"], CONTRACT_NUMBER)
        exchanged = await box.exchange(reply.body["access_token"], town.address["booking"])
        return await jwks(town), reply.body, linked.body, exchanged.body, dict(box.nonces)

    async def fresh(folder):
        await town.stop("platform")
        town.state = tmp_path / folder
        await town.start("platform")

    first = await walk()
    await fresh("again")
    assert await walk() == first
    town.builds["platform"] = platform.build(
        town.address["validation"],
        {"booking": town.address["booking"]},
        town.clock,
        seed=8,
        others=(town.authority.certificate,),
    )
    await fresh("other")
    assert (await walk())[0] != first[0]


async def test_with_a_seed_nothing_is_drawn_twice(make_town):
    town = await make_town(seed=7)
    first = await town.box().card_nonce()
    await town.restart("platform")
    assert await town.box().card_nonce() != first


async def test_two_boxes_at_once(town):
    replies = await asyncio.gather(*(town.box().sign_in(town.card(name)) for name in ("linked", "new", "blocked")))
    assert [reply.status for reply in replies] == [200, 200, 200]
