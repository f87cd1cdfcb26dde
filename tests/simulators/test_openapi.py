"""The description that the platform serves says what the platform does; every request of these tests is held against it (conftest)."""

import copy

import pytest

from tests.support.described import Described

PAGES = {("GET", "/device"), ("POST", "/device"), ("GET", "/authorize"), ("POST", "/authorize")}
PAGES |= {("GET", "/write"), ("GET", "/write.js"), ("GET", "/write.css")}


async def test_every_address_is_described_and_there(town):
    routes = {
        (route.method, route.resource.canonical)
        for route in town.apps["platform"].router.routes()
        if route.method != "HEAD" and not route.resource.canonical.startswith("/_sim/")
    }
    assert routes - PAGES - {("GET", "/openapi.json")} == Described().operations()


async def test_it_is_served(town):
    served = (await town.control("platform", "GET", "/openapi.json")).body
    assert served == Described().document
    assert served["openapi"].startswith("3.1")


async def test_what_the_platform_says_of_itself(town):
    described = Described()
    for path in ("/.well-known/openid-configuration", "/jwks"):
        reply = await town.control("platform", "GET", path)
        described.check("GET", path, reply.status, reply.body, {})


async def test_every_endpoint_of_the_metadata_is_described(town):
    found = (await town.control("platform", "GET", "/.well-known/openid-configuration")).body
    paths = {path for _, path in Described().operations()}
    for name, address in found.items():
        if name.endswith("_endpoint") and name != "authorization_endpoint":
            assert address.removeprefix(found["issuer"]) in paths, name


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda body: body.pop("access_token"), "access_token"),
        (lambda body: body.update(token_type="Bearer"), "token_type"),  # noqa: S106
        (lambda body: body.update(password="1"), "properties"),  # noqa: S106
        (lambda body: body.update(expires_in="600"), "expires_in"),
    ],
)
async def test_a_wrong_answer_would_be_noticed(town, change, told):
    box = town.box()
    reply = await box.sign_in(town.card("linked"))
    body = copy.deepcopy(reply.body)
    change(body)
    form = {"client_id": "x", "grant_type": "refresh_token", "refresh_token": "y"}
    Described().check("POST", "/token", 200, reply.body, {"data": form})
    with pytest.raises(AssertionError, match=told):
        Described().check("POST", "/token", 200, body, {"data": form})
    with pytest.raises(AssertionError, match="not described"):
        Described().check("POST", "/token", 418, body, {"data": form})
    with pytest.raises(AssertionError, match="request of"):
        Described().check("POST", "/token", 200, reply.body, {"data": {"grant_type": "password"}})
