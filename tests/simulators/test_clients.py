"""How boxes prove themselves to the platform: private_key_jwt (RFC 7523), registration (RFC 7591, RFC 7592)."""

import json
import secrets

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws
from joserfc.jwk import ECKey

from tests.support.world import CLIENT

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Registered:
    """A box with a client key of its own."""

    def __init__(self, town):
        self.town, self.box = town, town.box()
        self.key = ECKey.import_key(ec.generate_private_key(ec.SECP256R1()))
        self.client = {}

    @property
    def jwks(self):
        return {"keys": [{**self.key.as_dict(private=False), "kid": self.key.thumbprint()}]}

    async def register(self, box=None, operator="", **more):
        order = await self.town.control("platform", "POST", "/_sim/software-statement", {"operator": operator})
        body = {"software_statement": order.body["software_statement"], "jwks": self.jwks, **more}
        reply = await (box or self.box).send("POST", f"{self.box.platform}/register", json=body)
        if reply.status == 201:
            self.client = reply.body
        return reply

    def assertion(self, key=None, header=None, **bent):
        now = int(self.town.now.timestamp())
        claims = {
            "iss": self.client["client_id"], "sub": self.client["client_id"], "aud": self.box.platform, "iat": now,
            "exp": now + 60, "jti": secrets.token_urlsafe(12), **bent,
        }  # fmt: skip
        key = key or self.key
        head = {"alg": "ES256", "kid": self.key.thumbprint(), **(header or {})}
        text = json.dumps({k: v for k, v in claims.items() if v is not None})
        return jws.serialize_compact(head, text, key, algorithms=["ES256"])

    async def ask(self, assertion, box=None, kind=JWT_BEARER):
        form = {"client_assertion_type": kind, "client_assertion": assertion}
        return await (box or self.box).send("POST", f"{self.box.platform}/card-nonce", data=form)


@pytest.fixture
async def registered(town):
    one = Registered(town)
    assert (await one.register()).status == 201
    return one


async def test_a_registered_box_proves_itself(registered):
    assert (await registered.ask(registered.assertion())).status == 200
    assert registered.client["subject_type"] == "pairwise"
    assert registered.client["dpop_bound_access_tokens"] is True


async def test_an_assertion_is_good_once(registered):
    assertion = registered.assertion()
    assert (await registered.ask(assertion)).status == 200
    reply = await registered.ask(assertion)
    assert (reply.status, reply.body["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    "bent",
    [
        {"aud": "https://other.example"},
        {"aud": None},
        {"iss": CLIENT},
        {"sub": "nobody"},
        {"exp": 1},
        {"exp": 4102444800},
        {"exp": None},
        {"iat": 4102444800},
        {"jti": None},
        {"key": ECKey.generate_key("P-256")},
        {"header": {"kid": "another"}},
    ],
)
async def test_a_bent_assertion_is_refused(registered, bent):
    reply = await registered.ask(registered.assertion(**bent))
    assert (reply.status in (400, 401), reply.body["error"]) == (True, "invalid_client")


async def test_the_audience_is_the_issuer_and_nothing_besides(registered, town):
    issuer = town.address["platform"]
    for audience in ([issuer], [issuer, "https://other.example"], f"{issuer}/token"):
        assert (await registered.ask(registered.assertion(aud=audience))).status == 401


async def test_without_its_assertion_a_registered_box_is_nobody(registered):
    form = {"client_id": registered.client["client_id"]}
    reply = await registered.box.send("POST", f"{registered.box.platform}/card-nonce", data=form)
    assert (reply.status, reply.body["error"]) == (401, "invalid_client")
    assert (await registered.ask(registered.assertion(), kind="urn:other")).status == 401


async def test_the_client_key_works_with_its_device_alone(registered, town):
    reply = await registered.ask(registered.assertion(), box=town.box())
    assert (reply.status, reply.body["error_description"]) == (401, "another device's key")


async def test_a_statement_is_needed(town):
    one = Registered(town)
    assert (await one.register(software_statement="")).body["error"] == "invalid_software_statement"
    assert (await one.register(jwks={"keys": []})).body["error"] == "invalid_client_metadata"
    private = {"keys": [{**one.key.as_dict(private=True), "kid": "x"}]}
    assert (await one.register(jwks=private)).body["error"] == "invalid_client_metadata"
    assert (await one.register(jwks=7)).body["error"] == "invalid_client_metadata"


async def test_the_registration_is_the_boxs_own(registered, town):
    address = registered.client["registration_client_uri"]
    token = registered.client["registration_access_token"]
    shown = await registered.box.send("GET", address, token=token)
    assert (shown.status, shown.body["jwks"]) == (200, registered.jwks)
    assert "registration_access_token" not in shown.body
    for box, stolen in ((town.box(), token), (registered.box, "guess")):
        assert (await box.send("GET", address, token=stolen)).status == 401
        assert (await box.send("PUT", address, token=stolen, json={"jwks": registered.jwks})).status == 401
    async with town.http.get(address, headers={"Authorization": f"Bearer {token}"}) as answer:
        assert answer.status == 401
    body = {"client_id": "another", "jwks": registered.jwks}
    assert (await registered.box.send("PUT", address, token=token, json=body)).status == 400
    assert (await registered.box.send("DELETE", address, token=token)).status == 204
    assert (await registered.ask(registered.assertion())).body["error"] == "invalid_client"


async def test_registration_survives_a_restart(registered, town):
    await town.restart("platform")
    assert (await registered.ask(registered.assertion())).status == 200
    before = registered.client["client_id"]
    await registered.register()
    assert registered.client["client_id"] == before


async def test_a_platform_may_want_every_box_registered(make_town):
    town = await make_town(registered_only=True)
    box = town.box()
    reply = await box.send("POST", f"{box.platform}/card-nonce", data={"client_id": CLIENT})
    assert (reply.status, reply.body["error"]) == (401, "invalid_client")
    one = Registered(town)
    await one.register()
    assert (await one.ask(one.assertion())).status == 200
