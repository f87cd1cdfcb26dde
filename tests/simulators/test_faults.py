"""The faults that every simulator can be told to have, and who may tell it."""

import asyncio

import aiohttp
import pytest


async def get(town, path="/facilities", **headers):
    async with town.http.get(town.address["booking"] + path, headers=headers) as answer:
        return answer.status, dict(answer.headers)


async def test_a_status_as_often_as_asked(town):
    await town.fault("booking", "status", "/facilities", status=429, seconds=0.5, times=2)
    for _ in range(2):
        status, headers = await get(town)
        assert (status, headers["Retry-After"]) == (429, "1")
    assert (await get(town))[0] == 200


async def test_an_answer_that_breaks_off(town):
    await town.fault("booking", "half", "/facilities")
    async with town.http.get(town.address["booking"] + "/facilities") as answer:
        assert answer.status == 200
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()
    assert (await get(town))[0] == 200


async def test_answers_are_dated_by_the_simulators_own_clock(town):
    assert (await get(town))[1]["Date"] == "Tue, 24 Nov 2026 00:30:00 GMT"
    await town.control("booking", "POST", "/_sim/clock", {"skew": 60})
    assert (await get(town))[1]["Date"] == "Tue, 24 Nov 2026 00:31:00 GMT"


async def test_path_and_method_choose(town):
    await town.fault("booking", "status", "/facilities/*/slots", status=500)
    await town.fault("booking", "status", method="PUT")
    assert (await get(town))[0] == 200
    assert (await get(town, "/facilities/F01/slots"))[0] == 500
    assert (await get(town, "/facilities/F01/slots"))[0] == 200


@pytest.mark.parametrize("kind", ["delay_before", "delay_after"])
async def test_a_delay(town, kind):
    await town.fault("booking", kind, seconds=1.0)
    loop = asyncio.get_running_loop()
    before = loop.time()
    assert (await get(town))[0] == 200
    assert loop.time() - before >= 1.0
    before = loop.time()
    assert (await get(town))[0] == 200
    assert loop.time() - before < 1.0


async def test_dropped_before_and_after_the_effect(town):
    revoked = {"certificate": "AAAA", "purpose": "liveness_check"}
    for kind in ("drop_before", "drop_after"):
        await town.fault("validation", kind)
        with pytest.raises(aiohttp.ClientError):
            await town.control("validation", "POST", "/check", revoked)
    seen = (await town.control("validation", "GET", "/_sim/requests")).body["requests"]
    assert seen == [{"method": "POST", "path": "/check", "status": None}] * 2


async def test_down_until_cleared(town):
    await town.fault("booking", "down")
    for _ in range(3):
        with pytest.raises(aiohttp.ClientError):
            await get(town)
    assert (await town.control("booking", "DELETE", "/_sim/faults")).status == 204
    assert (await get(town))[0] == 200


async def test_an_unknown_fault_is_refused(town):
    for body in ({}, {"kind": "flood"}, {"kind": "down", "colour": "red"}):
        assert (await town.control("booking", "POST", "/_sim/faults", body)).status == 400


async def test_requests_are_listed_without_queries_or_bodies(town):
    box = town.box()
    await box.sign_in(town.card("linked"))
    await get(town, "/facilities/F01/slots?days=3")
    seen = (await town.control("platform", "GET", "/_sim/requests")).body["requests"]
    assert seen[-1] == {"method": "POST", "path": "/token", "status": 200}
    assert {"method": "POST", "path": "/card-nonce", "status": 400} in seen, "the challenge is seen too"
    assert (await town.control("booking", "GET", "/_sim/requests")).body["requests"] == [
        {"method": "GET", "path": "/facilities/F01/slots", "status": 200}
    ]


@pytest.mark.parametrize("path", ["/facilities", "/_sim/requests"])
async def test_foreign_names_and_origins_are_refused(town, path):
    assert (await get(town, path, Host="stb.example"))[0] == 421
    assert (await get(town, path, Host="127.0.0.1.example:80"))[0] == 421
    assert (await get(town, path, Origin="http://evil.example"))[0] == 403
    assert (await get(town, path, Origin="null"))[0] == 403
    assert (await get(town, path, Origin="http://localhost:8000"))[0] == 200


async def test_other_methods_and_paths(town):
    status, headers = await get(town, "/_sim/faults")
    assert (status, headers["Allow"]) == (405, "DELETE,POST")
    assert (await get(town, "/nothing"))[0] == 404
