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


async def test_retry_after_is_said_or_left_out_and_errors_are_named(town):
    for order, told in (
        ({"status": 502}, None),
        ({"status": 502, "seconds": 7}, "7"),
        ({"status": 503}, "2"),
        ({"status": 503, "seconds": None}, None),
    ):
        await town.fault("booking", "status", "/facilities", **order)
        status, headers = await get(town)
        assert (status, headers.get("Retry-After")) == (order["status"], told)
    named = {"status": 400, "error": "slow_down", "reason": "nonce"}
    await town.fault("platform", "status", "/token", **named)
    async with town.http.post(town.address["platform"] + "/token") as answer:
        assert answer.status == 400
        body = await answer.json()
    assert (body["error"], body["reason"]) == ("slow_down", "nonce")


@pytest.mark.parametrize(("kind", "begun"), [("silent", False), ("stall", True)])
async def test_half_open_connections(town, kind, begun):
    await town.fault("booking", kind, "/facilities")
    host, port = town.address["booking"].removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET /facilities HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    if begun:
        head = await reader.readuntil(b"\r\n\r\n")
        (length,) = [
            int(line.split(b":")[1]) for line in head.splitlines() if line.lower().startswith(b"content-length")
        ]
        assert len(await reader.readexactly(length // 2)) == length // 2
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), 0.3)
    writer.close()
    await writer.wait_closed()
    assert (await get(town))[0] == 200


async def test_a_connection_that_is_reset(town):
    await town.fault("booking", "reset", "/facilities")
    host, port = town.address["booking"].removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET /facilities HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    with pytest.raises(ConnectionResetError):
        await reader.read(1)
    writer.close()


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
    for kind in ("drop_before", "drop_after"):
        await town.fault("validation", kind)
        with pytest.raises(aiohttp.ClientError):
            await town.control("validation", "POST", "/ocsp", {})
    seen = (await town.control("validation", "GET", "/_sim/requests")).body["requests"]
    assert seen == [{"method": "POST", "path": "/ocsp", "status": None, "size": 2, "inside": False}] * 2


async def test_down_until_cleared(town):
    await town.fault("booking", "down")
    for _ in range(3):
        with pytest.raises(aiohttp.ClientError):
            await get(town)
    assert (await town.control("booking", "DELETE", "/_sim/faults")).status == 204
    assert (await get(town))[0] == 200


async def test_an_unknown_fault_is_refused(town):
    bad: tuple[dict[str, str], ...] = (
        {},
        {"kind": "flood"},
        {"kind": "down", "colour": "red"},
        {"kind": "lie", "lie": "nonce"},
    )
    for body in bad:
        assert (await town.control("booking", "POST", "/_sim/faults", body)).status == 400


async def test_requests_are_listed_without_queries_or_bodies(town):
    box = town.box()
    await box.sign_in(town.card("linked"))
    await get(town, "/facilities/F01/slots?days=3")
    seen = (await town.control("platform", "GET", "/_sim/requests")).body["requests"]
    assert {**seen[-1], "size": 0} == {"method": "POST", "path": "/token", "status": 200, "size": 0, "inside": False}
    assert seen[-1]["size"] > 4000, "an assertion with a certificate in it"
    assert {"method": "POST", "path": "/card-nonce", "status": 400, "size": 25, "inside": False} in seen, (
        "the challenge is seen too"
    )
    assert (await town.control("booking", "GET", "/_sim/requests")).body["requests"] == [
        {"method": "GET", "path": "/facilities/F01/slots", "status": 200, "size": 0, "inside": False}
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
