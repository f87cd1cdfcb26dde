"""Who else is in the world while somebody sits before the television: a further television of theirs, a phone, and a call centre."""

from __future__ import annotations

import asyncio
import html.parser
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import aiohttp
from PIL import Image

from simulators.authority import Authority
from tests.support.world import Box, single_attempts

T = TypeVar("T")


class Elsewhere:
    """A client of the platform with a device key of its own; each errand is whole when it comes back."""

    def __init__(self, world: Mapping[str, str]) -> None:
        self._world = world
        self._box: Box | None = None
        self.skew = 0.0
        """Seconds that its clock goes before ours, as the world's was set."""

    def errand(self, do: Callable[[Box], Awaitable[T]]) -> T:
        """Do it and give its answer."""

        async def go() -> T:
            async with single_attempts() as http:
                box = self._with(http)
                return await do(box)

        return asyncio.run(go())

    def _with(self, http: aiohttp.ClientSession) -> Box:
        if self._box is None:
            self._box = Box(http, self._world["platform"], lambda: time.time() + self.skew)
        self._box.http = http
        return self._box


class Television(Elsewhere):
    """A further television, at which the same card is used."""

    def uses(self, card: str, contract: str = "") -> None:
        """Sign in with a card there, and where a contract is given link it under that. Raises AssertionError if the platform does not let it."""
        identity = Authority.open(Path(self._world["authority"]), now=datetime.now(UTC)).identity(card)

        async def do(box: Box) -> None:
            token = await box.token(identity)
            if contract:
                reply = await box.link(token, contract)
                assert reply.status == 201, reply
                await box.token(identity)  # from now on the platform knows who uses this television

        self.errand(do)


class CallCentre(Elsewhere):
    """Somebody on the telephone, who asks the television to confirm (CIBA, poll)."""

    def asks(self, message: str) -> str:
        """Ask the household of the world's contract; give the request's id."""
        form = {"scope": "openid", "binding_message": message, "login_hint": self._world["contract_number"]}
        reply = self.errand(lambda box: box.send("POST", f"{box.platform}/backchannel_authentication", data=_by(form)))
        assert reply.status == 200, reply
        return str(reply.body["auth_req_id"])

    def hears(self, request: str) -> str:
        """Ask what became of a request: ``yes``, or the platform's error."""
        form = {"grant_type": "urn:openid:params:grant-type:ciba", "auth_req_id": request}
        reply = self.errand(lambda box: box.send("POST", f"{box.platform}/token", data=_by(form)))
        return "yes" if reply.status == 200 else str(reply.body["error"])


def _by(form: Mapping[str, str]) -> dict[str, str]:
    return {"client_id": "call-centre", **form}


class _Form(html.parser.HTMLParser):
    """The fields of a page's form."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.hidden: dict[str, str] = {}
        self.named: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in ("input", "select", "button") and "name" in given:
            self.named.add(given["name"])
            if given.get("type") == "hidden":
                self.hidden[given["name"]] = given["value"]


class Phone:
    """A phone's camera and browser: it reads the code off the picture of the screen, and sends the form of the page that this leads to."""

    def __init__(self, picture: Image.Image, folder: Path) -> None:
        """Look at the screen. Raises AssertionError if no camera reads the one code on it."""
        file = folder / "seen-by-the-phone.png"
        picture.save(file)
        read = subprocess.run(["zbarimg", "--raw", "-q", file], capture_output=True, text=True, check=False).stdout
        file.unlink()
        assert len(read.splitlines()) == 1, f"the camera reads {read!r}"
        self.address = read.strip()

    def decides(self, number: str, decision: str = "approve", card: str = "linked") -> None:
        """Answer on the page, with the number that the television shows. Raises HTTPError if the platform refuses."""
        with urllib.request.urlopen(self.address, timeout=10) as page:
            form = _Form(page.read().decode())
        assert {"number", "card", "decision"} <= form.named, form.named
        told = {**form.hidden, "number": number, "card": card, "decision": decision}
        where = urllib.parse.urlsplit(self.address)._replace(query="").geturl()
        body = urllib.parse.urlencode(told).encode()
        with urllib.request.urlopen(urllib.request.Request(where, data=body), timeout=10):
            pass
