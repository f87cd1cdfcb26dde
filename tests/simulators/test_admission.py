"""More at once than the platform can do: who is sent away hears so at once, nothing took effect, and comes in later."""

import asyncio
from dataclasses import replace

import aiohttp
import pytest

from simulators.platform import app as platform
from tests.support.world import CLIENT


async def test_too_many_at_once_are_told_to_come_later(town):
    town.builds["platform"] = platform.build(
        town.address["validation"], {}, town.clock, authority=town.authority.folder, at_once=4
    )
    await town.restart("platform")
    boxes = [replace(town.box(), described=None) for _ in range(40)]
    url = f"{town.address['platform']}/card-nonce"
    replies = await asyncio.gather(*(box.send("POST", url, data={"client_id": CLIENT}) for box in boxes))
    away = [box for box, reply in zip(boxes, replies, strict=True) if reply.status == 503]
    assert len(away) > 1
    assert {reply.status for reply in replies} == {200, 503}
    for reply in replies:
        if reply.status == 503:
            assert (reply.body["error"], reply.headers["Retry-After"]) == ("temporarily_unavailable", "2")
    for box in away:
        assert (await box.send("POST", url, data={"client_id": CLIENT})).status == 200


async def test_who_asks_one_after_the_other_is_never_sent_away(town):
    town.builds["platform"] = platform.build(
        town.address["validation"], {}, town.clock, authority=town.authority.folder, at_once=1
    )
    await town.restart("platform")
    box = town.box()
    assert (await box.sign_in(town.card("linked"))).status == 200
    await town.fault("platform", "drop_after", "/card-nonce")
    with pytest.raises(aiohttp.ClientError):
        await box.card_nonce()
    assert (await box.sign_in(town.card("linked"))).status == 200, "a request that broke off has left"
