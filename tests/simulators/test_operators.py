"""Several operators on one platform: each has its own contracts, its own name for a person, its own rules."""

import argparse

import msgspec
import pytest

from simulators.platform.seed import OPERATORS, operators_of
from tests.simulators.test_clients import JWT_BEARER, Registered
from tests.support.world import CLIENT, unverified

SHIOMI, MINATO = OPERATORS
CIBA = "backchannel_authentication"


class At:
    """A registered box of an operator: signs in, links."""

    def __init__(self, town, operator):
        self.one, self.town, self.operator = Registered(town), town, operator

    async def registered(self):
        assert (await self.one.register(operator=self.operator.name)).status == 201
        return self

    def form(self, **more):
        return {
            "client_id": self.one.client["client_id"],
            "client_assertion_type": JWT_BEARER,
            "client_assertion": self.one.assertion(),
            **more,
        }

    async def sign_in(self, card):
        box, client = self.one.box, self.one.client["client_id"]
        nonce = (await box.send("POST", f"{box.platform}/card-nonce", data=self.form())).body["nonce"]
        assertion = await box.assertion(card, nonce, iss=client)
        grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
        form = self.form(grant_type=grant, assertion=assertion, scope="openid link services")
        return await box.send("POST", f"{box.platform}/token", data=form)


@pytest.fixture
async def boxes(town):
    return [await At(town, operator).registered() for operator in OPERATORS]


async def test_each_box_links_under_its_operators_contracts_alone(town, boxes):
    for n, (here, there) in enumerate((boxes, boxes[::-1])):
        token = (await here.sign_in(town.card(f"person{n}"))).body["access_token"]
        foreign = await here.one.box.link(token, there.operator.contracts[1].number)
        assert (foreign.status, foreign.body) == (404, {"error": "contract_not_found"}), "as if there were none such"
        linked = await here.one.box.link(token, here.operator.contracts[1].number)
        assert (linked.status, linked.body["operator"]) == (201, here.operator.title)
        shown = await here.one.box.send("GET", f"{here.one.box.platform}/link", token=token)
        assert shown.body["operator"] == here.operator.title


async def test_a_box_that_is_no_operators_may_try_every_contract(town):
    box = town.box()
    linked = await box.link(await box.token(town.card("new")), MINATO.contracts[0].number)
    assert linked.body["operator"] == MINATO.title


async def test_a_person_has_another_name_for_each_operator(town, boxes):
    names = [unverified((await one.sign_in(town.card("linked"))).body["id_token"])["sub"] for one in boxes]
    assert len(set(names)) == 2
    assert unverified((await boxes[0].sign_in(town.card("linked"))).body["id_token"])["sub"] == names[0]


@pytest.mark.parametrize("area", ["しおみ市とその周り", ""])
async def test_before_anybody_links_the_place_is_what_the_operator_calls_its_area(make_town, area):
    town = await make_town(operators=(msgspec.structs.replace(SHIOMI, area=area),))
    box = town.box()
    form = {"client_id": CLIENT, "scope": "openid link services"}
    begun = await box.send("POST", f"{box.platform}/device_authorization", data=form)
    assert begun.body.get("place", "") == area
    async with town.http.get(begun.body["verification_uri_complete"]) as answer:
        page = await answer.text()
    assert f"{SHIOMI.title}のテレビ{'（しおみ市とその周り）' if area else ''}が、" in page
    assert CLIENT not in page


async def test_the_phones_page_names_operator_telephone_and_place(town, boxes):
    for one, card in zip(boxes, ("person0", "person1"), strict=True):
        token = (await one.sign_in(town.card(card))).body["access_token"]
        assert (await one.one.box.link(token, one.operator.contracts[2].number)).status == 201
        box = one.one.box
        form = one.form(scope="openid link services")
        begun = await box.send("POST", f"{box.platform}/device_authorization", data=form)
        async with town.http.get(begun.body["verification_uri_complete"]) as answer:
            page = await answer.text()
        assert begun.body["place"] == one.operator.contracts[2].area, "the television says the same"
        other = MINATO if one.operator is SHIOMI else SHIOMI
        for text in (one.operator.title, one.operator.phone, one.operator.colour, one.operator.contracts[2].area):
            assert text in page
        assert other.title not in page


async def test_a_hand_off_is_in_the_name_of_the_boxs_operator(town, boxes):
    for one in boxes:
        box = one.one.box
        begun = await box.send("POST", f"{box.platform}/handoff", data=one.form(asked="booking.group", most="40"))
        async with town.http.get(f"{box.platform}/handoff/{begun.body['id']}/asked") as answer:
            assert (await answer.json())["operator"] == one.operator.title


async def test_a_call_centre_asks_about_its_own_contracts(town, boxes):
    for n, one in enumerate(boxes):
        token = (await one.sign_in(town.card(f"person{n}"))).body["access_token"]
        assert (await one.one.box.link(token, one.operator.contracts[1].number)).status == 201
    for operator in OPERATORS:
        centre = {"client_id": operator.name, "token_endpoint_auth_method": "none", "operator": operator.name}
        assert (await town.control("platform", "POST", "/_sim/clients", centre)).status == 201
        for asked in OPERATORS:
            hint = {"client_id": operator.name, "scope": "openid", "login_hint": asked.contracts[1].number}
            async with town.http.post(f"{town.address['platform']}/{CIBA}", data=hint) as answer:
                told = (answer.status, (await answer.json()).get("error"))
            assert told == ((200, None) if asked is operator else (400, "unknown_user_id"))


FILE = """
[[operator]]
name = "yamate"
title = "やまて光テレビ"
phone = "0120-000-063"
hours = "9:00–17:00"
contracts = [{ number = "5100000016", area = "山手町", plan = "テレビ基本" }]

[[operator]]
name = "hamabe"
title = "はまべケーブル"
phone = "0120-000-074"
hours = "9:00–17:00"
colour = "#2a6a4a"
area = "浜辺市"
contracts = [{ number = "5200000015", area = "浜辺", plan = "テレビ基本" }]
crl_age = 172800

[operator.link]
people_per_contract = 2
boxes_per_person = 1
adults_only = []

[link]
people_per_contract = 1
without_contract = false
"""


async def test_operators_from_a_file_each_with_its_own_policy(make_town, tmp_path):
    file = tmp_path / "operators.toml"
    file.write_text(FILE)
    operators = operators_of(str(file))
    town = await make_town(operators=operators)
    assert (await town.control("platform", "POST", "/_sim/software-statement", {"operator": "shiomi"})).status == 404
    await town.fault("validation", "down", "/ocsp")
    strict, lenient = [await At(town, operator).registered() for operator in operators]
    assert (await strict.sign_in(town.card("new"))).status == 503
    reply = await lenient.sign_in(town.card("new"))
    assert (reply.status, unverified(reply.body["id_token"])["revocation"]["source"]) == (200, "crl")
    linked = await lenient.one.box.link(reply.body["access_token"], "5200000015")
    assert linked.body["operator"] == "はまべケーブル"


async def test_each_operator_allows_of_links_what_it_says_and_what_all_say(make_town, tmp_path):
    file = tmp_path / "operators.toml"
    file.write_text(FILE)
    operators = operators_of(str(file))
    town = await make_town(operators=operators)
    yamate, hamabe = [await At(town, operator).registered() for operator in operators]

    async def linked(at, name, contract):
        token = (await at.sign_in(town.card(name))).body["access_token"]
        reply = await at.one.box.link(token, contract)
        return reply.body.get("error", reply.status)

    # The card `linked` is the first under the first one's contract, and the only one that it allows.
    assert await linked(yamate, "one", operators[0].contracts[0].number) == "contract_full"
    found = [await linked(hamabe, name, operators[1].contracts[0].number) for name in ("one", "two", "three")]
    assert found == [201, 201, "contract_full"]
    for at in (yamate, hamabe):  # neither says anything of it, so both are as all
        assert await linked(at, "four", "") == "contract_needed"
    # A person of the one is at home at the other as well, but not the other way round: it allows one box in all.
    assert unverified((await yamate.sign_in(town.card("one"))).body["id_token"])["link"] == "linked"
    again = await At(town, operators[1]).registered()
    reply = await again.sign_in(town.card("one"))
    assert unverified(reply.body["id_token"])["link"] == "too_many_boxes"
    shown = await again.one.box.send("GET", f"{again.one.box.platform}/link/boxes", token=reply.body["access_token"])
    assert shown.body["most"] == 1
    assert {it["operator"] for it in shown.body["boxes"]} == {it.title for it in operators}


async def test_a_childs_card_opens_what_the_box_s_operator_says(make_town, tmp_path):
    file = tmp_path / "operators.toml"
    file.write_text(FILE)
    operators = operators_of(str(file))
    town = await make_town(operators=operators)
    yamate, hamabe = [await At(town, operator).registered() for operator in operators]
    token = (await hamabe.sign_in(town.card("child"))).body["access_token"]
    body = {"contract_number": operators[1].contracts[0].number, "guardian": True}
    platform, key = hamabe.one.box.platform, {"Idempotency-Key": "g"}
    made = await hamabe.one.box.send("POST", f"{platform}/link", token=token, headers=key, json=body)
    assert made.status == 201
    told = []
    for at in (hamabe, yamate):
        token = (await at.sign_in(town.card("child"))).body["access_token"]
        form = at.form(
            grant_type="urn:ietf:params:oauth:grant-type:token-exchange", subject_token=token,
            subject_token_type="urn:ietf:params:oauth:token-type:access_token",  # noqa: S106
            audience=town.address["booking"],
        )  # fmt: skip
        told.append((await at.one.box.send("POST", f"{platform}/token", data=form)).body.get("reason"))
    assert told == [None, "guardian_required"]


async def test_a_policy_of_links_is_changed_for_one_or_for_all(town, boxes):
    async def made(at, name):
        token = (await at.sign_in(town.card(name))).body["access_token"]
        return (await at.one.box.link(token, "")).body.get("error")

    order = {"operator": "minato", "without_contract": False}
    assert (await town.control("platform", "POST", "/_sim/link-policy", order)).status == 204
    assert [await made(at, "new") for at in boxes[::-1]] == ["contract_needed", None]
    assert (await town.control("platform", "POST", "/_sim/link-policy", {"without_contract": False})).status == 204
    assert [await made(at, "another") for at in boxes] == ["contract_needed"] * 2
    assert (await town.control("platform", "POST", "/_sim/link-policy", {})).status == 204
    assert await made(boxes[1], "another") is None, "as they began"
    assert (await town.control("platform", "POST", "/_sim/link-policy", {"operator": "nobody"})).status == 404
    assert (await town.control("platform", "POST", "/_sim/link-policy", {"boxes_per_person": -1})).status == 400


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('name = "yamate"', 'name = "hamabe"', "operator twice"),
        ("5200000015", "5100000016", "contract twice"),
        ("5100000016", "5100000017", "check digit"),
        ('name = "yamate"', 'name = "Yamate!"', "small letters"),
        ('phone = "0120-000-063"', "", "phone"),
        ('hours = "9:00–17:00"', 'hour = "9"', "hour"),
        ("[[operator]]", "[operators]", "operators"),
        ("boxes_per_person = 1", "boxes_per_person = -1", "operator.*boxes_per_person"),
        ("without_contract = false", "without = false", "without"),
        ("[link]", "[link", "operators.toml"),
        ('area = "浜辺市"', f'area = "{"浜" * 41}"', "operator.*area"),
    ],
)
def test_a_file_that_is_wrong_is_told_where(tmp_path, old, new, told):
    file = tmp_path / "operators.toml"
    file.write_text(FILE.replace(old, new, 1))
    with pytest.raises(argparse.ArgumentTypeError, match=told):
        operators_of(str(file))
    with pytest.raises(argparse.ArgumentTypeError, match="nowhere"):
        operators_of(str(tmp_path / "nowhere.toml"))
