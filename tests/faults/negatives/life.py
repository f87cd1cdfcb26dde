"""The life of a link, a box that begins anew, and the box's own socket: what a stranger tries."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

from stb_agent import ipc
from stb_agent.cable_id.life import _MEANINGS
from stb_agent.contract.messages import VERSION
from tests.faults.negatives.played import sign, sign_in
from tests.faults.negatives.scene import Scene
from tests.faults.negatives.table import Group, Refusal, Who, negative
from tests.support.world import CLIENT, Box, Reply

SUSPENDED = "cable_id.link.suspended"
GONE = "cable_id.link.gone"
NUMBER_UNKNOWN = "cable_id.link.contract_not_found"
_NOBODY = 65534
"""nobody (Debian's base-passwd)."""


async def _linked(scene: Scene) -> tuple[Box, dict[str, Any], str, Any]:
    """Give a box where somebody new is linked, their tokens, the link's id and the card."""
    card = next(scene.town.new)
    box, tokens = await sign_in(scene, card)
    reply = await box.link(tokens["access_token"], scene.town.world.describe()["contract_number"])
    assert reply.status == 201, reply
    again = await box.sign_in(card)
    return box, again.body, reply.body["link_id"], card


async def _act(box: Box, path: str, *, token: str | None = None, **body: Any) -> Reply:
    how: dict[str, Any] = {"json": body} if token else {"data": {"client_id": CLIENT, **body}}
    headers = {"Idempotency-Key": f'"{secrets.token_hex(8)}"'}
    return await box.send("POST", f"{box.platform}/link/{path}", token=token, headers=headers, **how)


async def _stop(scene: Scene, box: Box, link: str) -> None:
    number = scene.town.world.describe()["contract_number"]
    reply = await _act(box, "suspension", link_id=link, contract_number=number)
    assert reply.status == 200, reply


@negative(
    "suspended-service",
    Group.RIGHTS,
    "A suspended card asks for a service",
    SUSPENDED,
    wire="400 invalid_request link_suspended",
)
async def _(scene: Scene) -> Refusal | None:
    box, _, link, card = await _linked(scene)
    await _stop(scene, box, link)
    token = (await box.sign_in(card)).body["access_token"]
    return scene.refused(await box.exchange(token, scene.town.world.booking))


@negative(
    "suspended-old-session",
    Group.RIGHTS,
    "A session from before the suspension",
    "cable_id.session.ended",
    wire="401 invalid_token",
)
async def _(scene: Scene) -> Refusal | None:
    box, tokens, link, _ = await _linked(scene)
    await _stop(scene, box, link)
    return scene.refused(await box.send("GET", f"{box.platform}/link", token=tokens["access_token"]))


@negative("suspended-end", Group.RIGHTS, "A thief ends a suspended link, to hide", SUSPENDED, wire="409 link_suspended")
async def _(scene: Scene) -> Refusal | None:
    box, _, link, card = await _linked(scene)
    await _stop(scene, box, link)
    token = (await box.sign_in(card)).body["access_token"]
    return scene.refused(await _act(box, "end", token=token, link_id=link), meanings=_MEANINGS)


@negative(
    "resumption-elsewhere",
    Group.SUBSTITUTION,
    "A suspension is taken back at a box that is none of the person's",
    NUMBER_UNKNOWN,
    wire="404 contract_not_found",
)
async def _(scene: Scene) -> Refusal | None:
    box, _, link, card = await _linked(scene)
    await _stop(scene, box, link)
    thief = scene.box()
    token = (await thief.sign_in(card)).body["access_token"]
    number = scene.town.world.describe()["contract_number"]
    return scene.refused(await _act(thief, "resumption", token=token, contract_number=number), meanings=_MEANINGS)


@negative(
    "suspension-elsewhere",
    Group.SUBSTITUTION,
    "Another household's box suspends a card",
    NUMBER_UNKNOWN,
    wire="404 contract_not_found",
)
async def _(scene: Scene) -> Refusal | None:
    _, _, link, _ = await _linked(scene)
    number = scene.town.world.describe()["contract_number"]
    return scene.refused(
        await _act(scene.box(), "suspension", link_id=link, contract_number=number), meanings=_MEANINGS
    )


@negative("end-of-anothers-link", Group.SUBSTITUTION, "Somebody ends another's link", GONE, wire="404 link_unknown")
async def _(scene: Scene) -> Refusal | None:
    _, _, link, _ = await _linked(scene)
    box, tokens, _, _ = await _linked(scene)
    return scene.refused(await _act(box, "end", token=tokens["access_token"], link_id=link), meanings=_MEANINGS)


@negative(
    "release-elsewhere",
    Group.SUBSTITUTION,
    "A box forgets a link that is none of its own",
    GONE,
    wire="404 link_unknown",
)
async def _(scene: Scene) -> Refusal | None:
    _, _, link, _ = await _linked(scene)
    return scene.refused(await _act(scene.box(), "release", link_id=link), meanings=_MEANINGS)


@negative(
    "contract-numbers-guessed",
    Group.RIGHTS,
    "Contract numbers are guessed at a box",
    "cable_id.link.too_many_tries",
    wire="429 too_many_requests",
)
async def _(scene: Scene) -> Refusal | None:
    box = scene.box()
    for _ in range(5):
        assert (await _act(box, "household", contract_number="0000000000")).status == 404
    number = scene.town.world.describe()["contract_number"]
    return scene.refused(await _act(box, "household", contract_number=number), meanings=_MEANINGS)


@negative(
    "replacement-made-up",
    Group.SUBSTITUTION,
    "A card takes a link's place without the authority saying so",
    "cable_id.link.nothing_to_replace",
    wire="404 nothing_to_replace",
)
async def _(scene: Scene) -> Refusal | None:
    await _linked(scene)
    box, tokens = await sign_in(scene, next(scene.town.new))
    return scene.refused(await _act(box, "replacement", token=tokens["access_token"]), meanings=_MEANINGS)


async def _notice(scene: Scene, box: Box, signer: Box, **bent: Any) -> Refusal:
    claims = {
        "sub": f"urn:ietf:params:oauth:jwk-thumbprint:sha-256:{box.jkt}", "aud": scene.platform, "iat": int(box.now()),
        "jti": secrets.token_hex(8), **bent,
    }  # fmt: skip
    header = {"typ": "reset-notice+jwt", "alg": "ES256", "jwk": signer.key.as_dict(private=False)}
    text = sign(header, json.dumps(claims), signer.key)
    address, media = f"{scene.platform}/reset-notice", {"Content-Type": "application/jwt"}
    async with scene.http.post(address, data=text, headers=media) as answer:
        return Refusal(f"{answer.status} {(await answer.json())['error']}", "")


@negative(
    "reset-of-another-box",
    Group.SUBSTITUTION,
    "A box says that another one has begun anew",
    "",
    wire="400 invalid_notice",
)
async def _(scene: Scene) -> Refusal | None:
    box, _ = await sign_in(scene)
    return await _notice(scene, box, scene.box())


@negative(
    "reset-elsewhere", Group.MIX_UP, "The notice of a reset was for another platform", "", wire="400 invalid_notice"
)
async def _(scene: Scene) -> Refusal | None:
    box, _ = await sign_in(scene)
    return await _notice(scene, box, box, aud="https://other.example")


_CHILD = """
import os, socket, sys
uid, path = int(sys.argv[1]), sys.argv[2]
if uid:
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
line = socket.socket(socket.AF_UNIX)
line.connect(path)
try:
    line.sendall(sys.argv[3].encode() + b"\\n")
    shown = line.recv(1)
except (BrokenPipeError, ConnectionResetError):
    shown = b""
sys.exit(3 if shown else 4)
"""


@negative("ui-of-another-user", Group.SOCKETS, "Another user of the box connects to the UI's socket", "", by=Who.BOX)
async def _(scene: Scene) -> Refusal | None:
    root = os.getuid() == 0
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)  # noqa: S103 # others may look for the socket
        path = Path(name) / "ui.sock"

        def never() -> Any:
            raise AssertionError("another user is shown nothing")

        ready = asyncio.Event()
        server = asyncio.create_task(ipc.UiServer(path, never, lambda intent: None).run(ready))
        try:
            await ready.wait()
            os.chmod(path, 0o666)  # noqa: S103 # as if the folder's and the socket's modes were wrong: the peer's user decides
            hello = json.dumps({"type": "hello", "version": VERSION})
            # Root may become anybody; anybody else is another user for a box that is not theirs.
            with patch.object(ipc.os, "getuid", lambda: 0 if root else _NOBODY):
                child = await asyncio.create_subprocess_exec(
                    sys.executable, "-c", _CHILD, str(_NOBODY if root else 0), str(path), hello
                )
                shown = await asyncio.wait_for(child.wait(), 20)
        finally:
            server.cancel()
            with suppress(asyncio.CancelledError):
                await server
    assert shown in (3, 4), "the other user did not get that far"
    return None if shown == 3 else Refusal("", "")
