"""What the headers of an answer say, and which addresses are spoken to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from stb_agent.cable_id.errors import UnsafeAddress
from stb_agent.cable_id.transport import BadReply, Reply, check_address


def reply(body: bytes = b"", status: int = 200, **headers: str) -> Reply:
    return Reply(
        status, CIMultiDictProxy(CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})), body
    )


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120.0), (" 0 ", 0.0), ("Sun, 06 Nov 1994 08:49:37 GMT", 37.0), ("Sun, 06 Nov 1994 08:40:00 GMT", 0.0)],
)
def test_retry_after(value: str, seconds: float) -> None:
    """RFC 9110 §10.2.3, with the date of its §5.6.7 as 37 s after `now`."""
    assert reply(Retry_After=value).retry_after(784111740.0) == seconds


@pytest.mark.parametrize("value", ["", "-1", "soon", "1.5", "٣", "Sun, 99 Nov 1994 08:49:37 GMT"])
def test_retry_after_that_says_nothing(value: str) -> None:
    assert reply(Retry_After=value).retry_after(0.0) is None


@given(st.text(st.characters(codec="latin-1", exclude_characters="\r\n")))
def test_any_header_is_survived(value: str) -> None:
    found = reply(Retry_After=value, WWW_Authenticate=value)
    found.retry_after(0.0)
    found.challenge()


def test_challenge() -> None:
    """The example of RFC 9470 §3 with two schemes."""
    found = reply(
        WWW_Authenticate='DPoP error="insufficient_user_authentication", '
        'error_description="A different authentication level is required", acr_values="authenticated", max_age=5'
    ).challenge()
    assert (found["error"], found["acr_values"], found["max_age"]) == (
        "insufficient_user_authentication",
        "authenticated",
        "5",
    )


@pytest.mark.parametrize("media", ["application/json", "Application/JSON; charset=utf-8", "application/fhir+json"])
def test_json(media: str) -> None:
    assert reply(b'{"error": "nonce", "detail": 1}', Content_Type=media).problem().error == "nonce"


@pytest.mark.parametrize(
    ("body", "media"),
    [
        (b"{}", "text/html"),
        (b"{}", ""),
        (b"<html>", "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"[]", "application/json"),
    ],
)
def test_not_the_json_promised(body: bytes, media: str) -> None:
    with pytest.raises(BadReply):
        reply(body, Content_Type=media).json(dict)
    assert reply(body, Content_Type=media).problem() is None


@pytest.mark.parametrize(
    "address", ["https://a.example/", "http://127.0.0.1:80/", "http://[::1]/x", "http://localhost/"]
)
def test_safe(address: str) -> None:
    check_address(URL(address))


@pytest.mark.parametrize(
    "address",
    [
        "http://a.example/",
        "http://127.0.0.1.a.example/",
        "http://10.0.0.1/",
        "ftp://localhost/",
        "/path",
        "https:///x",
        "",
    ],
)
def test_unsafe(address: str) -> None:
    with pytest.raises(UnsafeAddress):
        check_address(URL(address))
