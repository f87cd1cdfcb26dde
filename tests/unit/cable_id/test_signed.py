"""One check for all that the platform signs: form, type, extensions, key and signature, each refused as what it is."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from stb_agent.cable_id.dpop import base64url
from stb_agent.cable_id.signed import NotSigned, Why, payload

KEY, OTHER = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")


class Discovery:
    """Keys of which one is known only when they are read anew."""

    def __init__(self) -> None:
        self.fresh = 0

    async def keys(self, *, fresh: bool = False) -> Any:
        self.fresh += fresh
        return SimpleNamespace(signing={"old": OTHER, **({"new": KEY} if fresh else {})})


def token(key: ECKey = KEY, **header: Any) -> str:
    said = {"alg": "ES256", "kid": "new", "typ": "JWT", **header}
    return jws.serialize_compact({k: v for k, v in said.items() if v is not None}, json.dumps({"a": 1}), key)


async def why(text: str, *types: str) -> Why:
    with pytest.raises(NotSigned) as caught:
        await payload(text, Discovery(), types=types)  # type: ignore[arg-type]
    return caught.value.why


async def test_what_the_platform_signed_is_given_also_with_a_key_that_is_new() -> None:
    discovery = Discovery()
    assert await payload(token(), discovery) == b'{"a": 1}'  # type: ignore[arg-type]
    assert await payload(token(OTHER, kid="old"), discovery) == b'{"a": 1}'  # type: ignore[arg-type]
    assert await payload(token(typ="SecEvent+JWT"), discovery, types=("secevent+jwt",))  # type: ignore[arg-type]
    assert discovery.fresh == 2, "for the unknown key alone"


async def test_what_it_did_not_sign_is_refused_as_what_it_is() -> None:
    assert await why("no.token") is Why.FORM
    assert await why("") is Why.FORM
    assert await why(token(OTHER)) is Why.KEY
    assert await why(token(kid="nobody's")) is Why.KEY
    assert await why(token(kid=None)) is Why.KEY
    head, _, signature = token().split(".")
    assert await why(f"{head}.e30.{signature}") is Why.KEY
    assert await why(token(typ="JWT"), "secevent+jwt") is Why.TYPE
    assert await why(token(typ=None), "secevent+jwt") is Why.TYPE
    unsigned = base64url(b'{"alg":"none","kid":"new"}')
    assert await why(f"{unsigned}.e30.") is Why.KEY


async def test_an_extension_that_has_to_be_understood_is_refused() -> None:
    registry = jws.JWSRegistry(algorithms=["ES256"])
    registry.check_header = lambda header: None  # type: ignore[method-assign]
    header = {"alg": "ES256", "kid": "new", "crit": ["b64"], "b64": True}
    assert await why(jws.serialize_compact(header, b"{}", KEY, registry=registry)) is Why.EXTENSION
