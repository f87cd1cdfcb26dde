"""Hand-offs to a phone at the platform: whose they are, how long they live, what is taken once, what the page may do."""

import pytest

from simulators.platform.handoff import sealed_length
from tests.support.world import CLIENT

MOST = 40
SEALED = {"sealed": "A" * sealed_length(MOST)}


async def begin(town, box, **bent):
    form = {"client_id": CLIENT, "asked": "booking.group", "most": str(MOST), **bent}
    return await box.send("POST", f"{town.address['platform']}/handoff", data=form)


async def begun(town, box):
    reply = await begin(town, box)
    assert reply.status == 201, reply
    assert 0 < reply.body["expires_in"] <= 300
    return f"{town.address['platform']}/handoff/{reply.body['id']}"


async def test_it_is_taken_once_given_to_its_box_and_erased(town):
    box, other, phone = town.box(), town.box(), town.box()
    address = await begun(town, box)
    assert (await box.send("GET", address)).status == 204
    asked = await phone.send("GET", f"{address}/asked")
    assert (asked.body["asked"], asked.body["most"]) == ("団体の名前", MOST)
    assert (await phone.send("POST", address, json={"sealed": "AAAA"})).status == 400
    assert (await phone.send("POST", address, json=SEALED)).status == 204
    assert (await phone.send("POST", address, json=SEALED)).status == 409
    assert (await phone.send("GET", f"{address}/asked")).status == 409
    assert (await other.send("GET", address)).status == 404
    assert (await other.send("DELETE", address)).status == 404
    town.later(2)
    for _ in range(2):  # an answer may be lost on its way
        assert (await box.send("GET", address)).body == SEALED
        town.later(2)
    assert (await box.send("DELETE", address)).status == 204
    assert (await box.send("GET", address)).status == 404
    await town.stop("platform")
    assert SEALED["sealed"].encode() not in (town.state / "platform.sqlite").read_bytes()


async def test_it_ends_by_itself(town):
    box = town.box()
    address = await begun(town, box)
    town.later(299)
    assert (await box.send("GET", address)).status == 204
    assert (await box.send("POST", address, json=SEALED)).status == 204
    town.later(1)
    assert (await box.send("GET", address)).status == 404
    assert (await box.send("POST", address, json=SEALED)).status == 404
    assert (await box.send("GET", f"{address}/asked")).body["error"] == "handoff_unknown"


async def test_a_box_has_one_at_a_time_and_not_endlessly_many(town):
    box = town.box()
    first = await begun(town, box)
    await begun(town, box)
    assert (await box.send("GET", first)).status == 404
    for _ in range(18):
        await begun(town, box)
    refused = await begin(town, box)
    assert refused.status == 429
    await begun(town, town.box())
    town.later(int(refused.headers["Retry-After"]))
    await begun(town, box)


async def test_who_asks_too_fast_is_slowed_down(town):
    box = town.box()
    address = await begun(town, box)
    assert (await box.send("GET", address)).status == 204
    hasty = await box.send("GET", address)
    assert (hasty.status, hasty.body["error"]) == (429, "slow_down")
    assert int(hasty.headers["Retry-After"]) > 0


@pytest.mark.parametrize("bent", [{"most": "0"}, {"most": "201"}, {"most": "4x"}, {"asked": "a" * 65}])
async def test_a_question_that_is_none_is_refused(town, bent):
    assert (await begin(town, town.box(), **bent)).status == 400


async def test_where_every_box_registers_no_other_begins_one(make_town):
    town = await make_town(registered_only=True)
    assert (await begin(town, town.box())).status == 401


async def test_the_page_loads_nothing_of_anybody_elses_and_is_kept_nowhere(town):
    for path, kind in (("/write", "html"), ("/write.js", "javascript"), ("/write.css", "css")):
        async with town.http.get(f"{town.address['platform']}{path}") as answer:
            text = await answer.text()
            assert answer.content_type.endswith(f"/{kind}")
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert "http:" not in text
        assert "https:" not in text
