"""The life of a link at the platform, against docs/cable-id-profile.md: what holds, what is refused, and what happens once."""

import pytest

from simulators.platform.seed import CONTRACT_NUMBER, CONTRACTS, OPERATOR
from tests.simulators.conftest import START
from tests.support.world import CLIENT, unverified

OTHER = CONTRACTS[1].number
ME = {"client_id": CLIENT}


async def linked(town, name="new", contract=CONTRACT_NUMBER, box=None):
    """Link a card; gives the box, the token and the link's id."""
    box = box or town.box()
    token = await box.token(town.card(name))
    reply = await box.link(token, contract)
    assert reply.status == 201, reply
    return box, token, reply.body["link_id"]


async def standing(box, card):
    reply = await box.sign_in(card)
    assert reply.status == 200, reply
    return unverified(reply.body["id_token"])["link"], reply.body["access_token"]


async def renew(town, old, new):
    order = {"identity": old, "successor": new}
    assert (await town.control("validation", "POST", "/_sim/renew", order)).status == 204


async def test_a_household_without_a_contract_and_the_contract_later(town):
    box = town.box()
    token = await box.token(town.card("new"))
    first = await box.send("POST", f"{box.platform}/link", token=token, headers={"Idempotency-Key": "a"}, json={})
    assert first.status == 201
    state = (await box.send("GET", f"{box.platform}/link", token=token)).body
    assert (state["contract"], state["state"], state["link_id"]) == (False, "linked", first.body["link_id"])
    assert (await box.exchange(token, town.address["health"])).status == 200
    later = await box.link(token, CONTRACT_NUMBER)
    assert later.body == first.body, "the same link, now under a contract"
    assert (await box.send("GET", f"{box.platform}/link", token=token)).body["contract"] is True
    await town.control("platform", "POST", "/_sim/link-policy", {"without_contract": False})
    token = await box.token(town.card("another"))
    refused = await box.send("POST", f"{box.platform}/link", token=token, headers={"Idempotency-Key": "b"}, json={})
    assert (refused.status, refused.body) == (409, {"error": "contract_needed"})


async def test_who_is_linked_elsewhere_is_told_where(town):
    box, token, _ = await linked(town)
    for number, name in ((CONTRACT_NUMBER, "already_linked"), (OTHER, "linked_elsewhere")):
        refused = await box.link(token, number)
        assert (refused.status, refused.body["error"], refused.body["operator"]) == (409, name, OPERATOR)


async def test_a_contract_has_as_many_people_as_the_operator_allows(town):
    await town.control("platform", "POST", "/_sim/link-policy", {"people_per_contract": 2})
    box, _, _ = await linked(town)  # the card `linked` is the first
    refused = await box.link(await box.token(town.card("third")), CONTRACT_NUMBER)
    assert (refused.status, refused.body) == (409, {"error": "contract_full"})
    assert (await box.link(await box.token(town.card("third")), OTHER)).status == 201


async def test_boxes_of_a_person_and_the_end_of_one(town):
    await town.control("platform", "POST", "/_sim/link-policy", {"boxes_per_person": 2})
    box, token, _ = await linked(town)
    await box.exchange(token, town.address["health"])
    town.later(60)
    away = town.box()
    await linked(town, "neighbour", OTHER, away)
    away_token = await away.token(town.card("new"))
    found = (await box.send("GET", f"{box.platform}/link/boxes", token=await box.token(town.card("new")))).body
    assert [it["here"] for it in found["boxes"]] == [True, False]
    assert [it["place"] for it in found["boxes"]] == [CONTRACTS[0].area, CONTRACTS[1].area]
    assert found["most"] == 2
    third = town.box()
    state, token3 = await standing(third, town.card("new"))
    assert state == "too_many_boxes"
    refused = await third.exchange(token3, town.address["health"])
    assert (refused.status, refused.body["reason"]) == (400, "too_many_boxes")
    other = found["boxes"][1]["id"]
    ended = await third.send("DELETE", f"{box.platform}/link/boxes/{other}", token=token3)
    assert ended.status == 204
    assert (await third.send("DELETE", f"{box.platform}/link/boxes/{other}", token=token3)).status == 404
    assert (await away.send("GET", f"{box.platform}/link", token=away_token)).status == 401, "its sessions ended"
    assert (await third.exchange(token3, town.address["health"])).status == 200


async def test_nobody_ends_another_persons_box(town):
    box, token, _ = await linked(town)
    await box.exchange(token, town.address["health"])
    mine = (await box.send("GET", f"{box.platform}/link/boxes", token=token)).body["boxes"][0]["id"]
    stranger, other, _ = await linked(town, "neighbour", OTHER)
    assert (await stranger.send("DELETE", f"{box.platform}/link/boxes/{mine}", token=other)).status == 404
    assert (await box.exchange(token, town.address["health"])).status == 200


async def test_a_renewed_card_takes_the_old_ones_place_once_the_person_says_so(town):
    box, old_token, link_id = await linked(town, "before")
    name_at_service = unverified((await box.exchange(old_token, town.address["health"])).body["access_token"])["sub"]
    await renew(town, "before", "between")
    await renew(town, "between", "after")  # one in between was never used here
    assert (await box.sign_in(town.card("before"))).body["reason"] == "certificate_revoked"
    state, token = await standing(box, town.card("after"))
    assert state == "replaces"
    told = (await box.send("GET", f"{box.platform}/link", token=token)).body
    assert told == {"linked": False, "replaces": {"operator": OPERATOR, "linked_at": "2026-11-24T00:30:00Z"}}
    assert (await box.exchange(token, town.address["health"])).body["reason"] == "link_required", (
        "nothing before the word"
    )
    first = await box.act("replacement", token, key="k", json={})
    assert (first.status, first.body["link_id"]) == (200, link_id)
    assert (await box.act("replacement", token, key="k", json={})).body == first.body
    assert (await box.send("GET", f"{box.platform}/link", token=old_token)).status == 401
    exchanged = await box.exchange(token, town.address["health"])
    assert unverified(exchanged.body["access_token"])["sub"] == name_at_service, "services know the same person"
    assert (await standing(box, town.card("after")))[0] == "linked"
    again = await box.act("replacement", await box.token(town.card("after")), json={})
    assert (again.status, again.body["error"]) == (404, "nothing_to_replace")


async def test_a_replacement_that_cannot_be_read_changes_nothing(town):
    box, _, link_id = await linked(town, "before")
    await renew(town, "before", "after")
    _, token = await standing(box, town.card("after"))
    for wrong in ([], {"guardian": "yes"}):
        assert (await box.act("replacement", token, key="k", json=wrong)).status == 400
    assert (await standing(box, town.card("after")))[0] == "replaces"
    assert (await box.act("replacement", token, key="k", json={})).body["link_id"] == link_id


async def test_a_new_card_is_nobodys_successor_unless_the_authority_says_so(town):
    await linked(town, "victim")
    state, token = await standing(town.box(), town.card("thief"))
    assert state == "none"
    box = town.box()
    token = await box.token(town.card("thief"))
    assert (await box.act("replacement", token, json={})).status == 404


async def test_an_authority_that_is_silent_about_successors_uses_up_nothing(town):
    box = town.box()
    town.card("new")
    await town.fault("validation", "status", "/predecessors", status=500)
    assertion = await box.assertion(town.card("new"), await box.card_nonce())
    assert (await box.card_grant(assertion)).status == 503
    assert (await box.card_grant(assertion)).status == 200


async def test_a_lost_card_is_suspended_by_the_contract_number_at_its_own_box(town):
    box, token, link_id = await linked(town)
    await box.exchange(token, town.address["health"])
    found = await box.send("POST", f"{box.platform}/link/household", data={**ME, "contract_number": CONTRACT_NUMBER})
    assert found.body == {"links": [{"link_id": link_id, "linked_at": "2026-11-24T00:30:00Z", "state": "linked"}]}
    form = {**ME, "link_id": link_id, "contract_number": CONTRACT_NUMBER}
    done = await box.act("suspension", key="s", data=form)
    assert (done.status, done.body["state"]) == (200, "suspended")
    assert (await box.send("GET", f"{box.platform}/link", token=token)).status == 401, "sessions ended at once"
    state, token = await standing(box, town.card("new"))
    assert state == "suspended"
    assert (await box.exchange(token, town.address["health"])).body["reason"] == "link_suspended"
    assert (await box.send("GET", f"{box.platform}/link/boxes", token=token)).status == 409
    assert (await box.act("end", token, json={"link_id": link_id})).status == 409, "a thief destroys nothing"
    # Found again: at a box of the household, with the card, its PIN and the contract number.
    elsewhere = town.box()
    away = await elsewhere.token(town.card("new"))
    assert (await elsewhere.act("resumption", away, json={"contract_number": CONTRACT_NUMBER})).status == 404
    assert (await box.act("resumption", token, json={"contract_number": OTHER})).status == 404
    resumed = await box.act("resumption", token, json={"contract_number": CONTRACT_NUMBER})
    assert (resumed.status, resumed.body["link_id"]) == (200, link_id)
    assert (await box.exchange(token, town.address["health"])).status == 200
    # What was sent before comes once more: it is the same act, and suspends nothing again.
    assert (await box.act("suspension", key="s", data=form)).body == done.body
    assert (await standing(box, town.card("new")))[0] == "linked"


async def test_a_suspension_needs_this_box_and_this_household(town):
    box, token, link_id = await linked(town)
    await box.exchange(token, town.address["health"])
    stranger, other, _ = await linked(town, "neighbour", OTHER)
    await stranger.exchange(other, town.address["health"])
    for contract, expected in ((CONTRACT_NUMBER, 404), (OTHER, 404)):
        form = {**ME, "link_id": link_id, "contract_number": contract}
        assert (await stranger.act("suspension", data=form)).status == expected
    by_token = await stranger.act("suspension", other, data={"link_id": link_id})
    assert (by_token.status, by_token.body["error"]) == (404, "link_unknown")
    assert (await standing(box, town.card("new")))[0] == "linked"


async def test_contract_numbers_are_not_guessed(town):
    box, token, _ = await linked(town)
    await box.exchange(token, town.address["health"])
    ask = f"{box.platform}/link/household"
    for _ in range(5):
        assert (await box.send("POST", ask, data={**ME, "contract_number": OTHER})).status == 404
    right = {**ME, "contract_number": CONTRACT_NUMBER}
    refused = await box.send("POST", ask, data=right)
    assert (refused.status, refused.headers["Retry-After"]) == (429, "3600")
    town.later(3601)
    assert (await box.send("POST", ask, data=right)).status == 200


async def test_another_of_the_household_suspends_without_a_number(town):
    box, token, link_id = await linked(town)
    await box.exchange(token, town.address["health"])
    _, other, _ = await linked(town, "wife", CONTRACT_NUMBER, box)
    await box.exchange(other, town.address["health"])
    assert (await box.act("suspension", other, data={"link_id": link_id})).status == 200
    assert (await standing(box, town.card("new")))[0] == "suspended"
    assert (await standing(box, town.card("wife")))[0] == "linked"


async def test_a_household_without_a_contract_stops_and_takes_back_a_card_at_its_own_box(town):
    ask = f"{town.address['platform']}/link/household"
    box, token, link_id = await linked(town, contract="")
    _, _, under_one = await linked(town, "neighbour", OTHER, box)
    found = await box.send("POST", ask, data=ME)
    assert found.body == {"links": [{"link_id": link_id, "linked_at": "2026-11-24T00:30:00Z", "state": "linked"}]}
    stranger = town.box()
    assert (await stranger.send("POST", ask, data=ME)).body == {"links": []}
    form = {**ME, "link_id": link_id}
    assert (await stranger.act("suspension", data=form)).status == 404, "it is not of that box"
    assert (await box.act("suspension", data={**ME, "link_id": under_one})).status == 404, "that one needs its number"
    done = await box.act("suspension", key="s", data=form)
    assert (done.status, done.body["state"]) == (200, "suspended")
    assert (await box.send("GET", f"{box.platform}/link", token=token)).status == 401, "sessions ended at once"
    assert (await box.send("POST", ask, data=ME)).body["links"][0]["state"] == "suspended"
    # Found again: the card and its PIN, at a box of the person's.
    away = await stranger.token(town.card("new"))
    assert (await stranger.act("resumption", away, json={})).status == 404
    state, token = await standing(box, town.card("new"))
    assert state == "suspended"
    assert (await box.send("GET", f"{box.platform}/link", token=token)).body["contract"] is False
    assert (await box.act("resumption", token, json={})).body["link_id"] == link_id
    assert (await standing(box, town.card("new")))[0] == "linked"


async def test_a_member_stops_a_card_without_a_contract_and_a_number_is_needed_for_one_with(town):
    box, token, link_id = await linked(town, contract="")
    for name, contract in (("wife", CONTRACT_NUMBER), ("guest", "")):
        _, member, theirs = await linked(town, name, contract, box)
        assert (await box.act("suspension", member, data={"link_id": link_id})).status == 200
        if contract:
            under_one = theirs
        order = {"act": "resume", "link_id": link_id}
        assert (await town.control("platform", "POST", "/_sim/call-centre", order)).status == 200
    refused = await box.act("suspension", member, data={"link_id": under_one})
    assert (refused.status, refused.body["error"]) == (404, "link_unknown")
    await town.control("platform", "POST", "/_sim/call-centre", {"act": "suspend", "link_id": under_one})
    _, token = await standing(box, town.card("wife"))
    assert (await box.act("resumption", token, json={})).status == 404, "what is under a contract needs its number"


async def test_the_call_centre_suspends_and_resumes(town):
    box, token, link_id = await linked(town)
    call = {"act": "suspend", "link_id": link_id}
    assert (await town.control("platform", "POST", "/_sim/call-centre", call)).status == 200
    assert (await box.send("GET", f"{box.platform}/link", token=token)).status == 401
    assert (await standing(box, town.card("new")))[0] == "suspended"
    await town.control("platform", "POST", "/_sim/call-centre", {**call, "act": "resume"})
    assert (await standing(box, town.card("new")))[0] == "linked"


async def test_a_reissued_card_ends_the_suspension(town):
    box, token, link_id = await linked(town, "lost")
    await town.control("platform", "POST", "/_sim/call-centre", {"act": "suspend", "link_id": link_id})
    await renew(town, "lost", "reissued")
    state, token = await standing(box, town.card("reissued"))
    assert state == "replaces"
    assert (await box.act("replacement", token, json={})).body["link_id"] == link_id
    assert (await standing(box, town.card("reissued")))[0] == "linked"


async def test_leaving_gives_a_receipt_and_the_person_is_nobody(town):
    box, token, link_id = await linked(town)
    before = unverified((await box.exchange(token, town.address["health"])).body["access_token"])["sub"]
    done = await box.act("end", token, key="e", json={"link_id": link_id})
    assert (done.status, done.body["services"], len(done.body["receipt"])) == (200, ["health"], 8)
    assert (await box.act("end", token, key="e", json={"link_id": link_id})).body == done.body, "the answer got lost"
    assert (await box.act("end", token, key="e", json={"link_id": "other"})).status == 422
    assert (await box.send("GET", f"{box.platform}/link", token=token)).status == 401
    state, token = await standing(box, town.card("new"))
    assert state == "none"
    assert (await box.link(token, CONTRACT_NUMBER)).status == 201
    after = unverified((await box.exchange(token, town.address["health"])).body["access_token"])["sub"]
    assert after != before, "who comes back is somebody new to every service"


async def test_an_end_may_be_told_late_by_the_box_that_it_was_confirmed_at(town):
    box, token, link_id = await linked(town)
    town.later(29 * 86400)
    assert (await box.act("end", token, json={"link_id": "another"})).status == 404
    assert (await town.box().act("end", token, json={"link_id": link_id})).status == 401, "another device's key"
    assert (await box.act("resumption", token, json={"contract_number": CONTRACT_NUMBER})).status == 401, "nothing else"
    assert (await box.act("end", token, json={"link_id": link_id})).status == 200
    box, token, link_id = await linked(town)
    town.later(31 * 86400)
    assert (await box.act("end", token, json={"link_id": link_id})).status == 401


async def test_a_box_that_is_given_away_forgets_and_the_link_stays(town):
    box, token, link_id = await linked(town)
    await box.exchange(token, town.address["health"])
    assert (await town.box().act("release", data={**ME, "link_id": link_id})).status == 404, "not of that box"
    done = await box.act("release", key="r", data={**ME, "link_id": link_id})
    assert (done.status, done.body["services"]) == (200, [])
    assert (await box.act("release", key="r", data={**ME, "link_id": link_id})).body == done.body
    assert (await box.send("GET", f"{box.platform}/link", token=token)).status == 401
    assert (await standing(town.box(), town.card("new")))[0] == "linked"


async def test_what_an_under_15s_card_opens_is_the_operators_to_say(town):
    box = town.box()
    token = await box.token(town.card("child"))
    body = {"contract_number": CONTRACT_NUMBER, "guardian": True}
    made = await box.send("POST", f"{box.platform}/link", token=token, headers={"Idempotency-Key": "g"}, json=body)
    assert made.status == 201
    assert (await box.exchange(token, town.address["booking"])).body["reason"] == "guardian_required"
    assert (await box.exchange(token, town.address["health"])).status == 200


@pytest.mark.parametrize("path", ["replacement", "suspension", "resumption", "end", "release"])
async def test_every_change_needs_a_key(town, path):
    box, token, link_id = await linked(town)
    forms = {
        "suspension": {"data": {**ME, "link_id": link_id, "contract_number": CONTRACT_NUMBER}},
        "release": {"data": {**ME, "link_id": link_id}},
    }
    how = forms.get(path) or {"token": token, "json": {"link_id": link_id, "contract_number": CONTRACT_NUMBER}}
    reply = await box.send("POST", f"{box.platform}/link/{path}", **how)
    assert (reply.status, reply.body["error"]) == (400, "invalid_request")


async def test_a_serial_number_that_two_generations_share_is_two_people(make_town, other_authority, authority):
    twin = other_authority.issue(
        "twin", not_before=START.replace(year=2025), not_after=START.replace(year=2029),
        serial=authority.identity("linked").certificate.serial_number,
    )  # fmt: skip
    both = await make_town(trusted=(other_authority.certificate,))
    box = both.box()
    assert (await standing(box, twin))[0] == "none"
    token = await box.token(twin)
    assert (await box.link(token, OTHER)).status == 201
    links = [
        (await box.send("GET", f"{box.platform}/link", token=await box.token(it))).body["link_id"]
        for it in (twin, both.card("linked"))
    ]
    assert len(set(links)) == 2


async def test_a_persons_boxes_are_told(town):
    box, token, link_id = await linked(town)
    await box.exchange(token, town.address["health"])
    form = {"grant_type": "client_credentials", "scope": "ssf.read ssf.manage", "client_id": CLIENT}
    mine = (await box.send("POST", f"{box.platform}/token", data=form)).body["access_token"]
    asked = [f"https://schemas.openid.net/secevent/caep/event-type/{it}" for it in ("credential-change",)]
    asked.append("https://chanoma.example/secevent/event-type/link-status-change")
    body = {"delivery": {"method": "urn:ietf:rfc:8936"}, "events_requested": asked}
    stream = (await box.send("POST", f"{box.platform}/ssf/stream", token=mine, json=body)).body
    for act in ("suspend", "resume", "end"):
        order = {"act": act, "link_id": link_id}
        assert (await town.control("platform", "POST", "/_sim/call-centre", order)).status == 200
    poll = {"returnImmediately": True}
    sets = (await box.send("POST", stream["delivery"]["endpoint_url"], token=mine, json=poll)).body["sets"]
    told = [unverified(it) for it in sets.values()]
    assert {it["sub_id"]["id"] for it in told} == {link_id}
    assert [next(iter(it["events"].values())).get("status", "card") for it in told] == ["card", "active", "ended"]
