"""The page in Chromium, clicked through from the programme to a booked time."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from tests.support.browser import Browser, chromium
from tests.support.house import House, Witness


async def test_a_visitor_books_a_room_by_clicks_alone(standing: House, witness: Witness, tmp_path: Path) -> None:
    async def until(kind: str, **wanted: Any) -> dict[str, Any]:
        def right(message: dict[str, Any]) -> bool:
            view = message["view"]
            return (
                message["shown"]
                and view["kind"] == kind
                and all(view.get(key) == value for key, value in wanted.items())
            )

        message = await asyncio.to_thread(witness.until, right, 20)
        assert message is not None, (kind, wanted, witness.latest())
        return message

    async def click(browser: Browser, *keys: str) -> None:
        for key in keys:
            await browser.click(f'[data-key="KEY_{key}"]')
            await asyncio.sleep(0.15)

    async with chromium(tmp_path / "chromium") as page:
        await page.open(standing.facts["url"])
        await page.until("document.querySelector('#screen').dataset.live === 'yes'")
        pin = await page.evaluate("document.querySelector('#note-pin').textContent")
        contract = await page.evaluate("document.querySelector('#note-contract').textContent")
        await click(page, "HOMEPAGE")
        await until("home")
        await page.click('[data-card="new"]')
        await page.until("document.querySelector('#reader').dataset.inserted === 'new'")
        while (await until("home"))["status"].get("level", 0) != 1:
            await asyncio.sleep(0.05)
        await click(page, "OK")
        await until("consent")
        await click(page, "OK")
        await until("pin", dots=0)
        await click(page, *pin)
        await until("pin", dots=4)
        await click(page, "OK")
        await until("consent", title={"code": "link.title"})
        await click(page, "OK")
        await until("form")
        number = contract.replace(" ", "")
        await click(page, *number)
        await until("form", value=number)
        await click(page, "OK")
        await until("message")
        await click(page, "OK")
        await until("home")
        await click(page, "OK")
        await until("list")
        await click(page, "OK")
        await until("calendar")
        await click(page, "OK")
        await until("choice")
        await click(page, "OK")
        slip = await until("detail", delivery="sent")
        assert any(row["label"] == {"code": "booking.number"} and row["value"] for row in slip["view"]["rows"])
        await page.picture(tmp_path / "slip.png")
        await page.click("#pull")
        await page.until("document.querySelector('#reader').dataset.inserted === ''")
        await until("message")
        assert page.console == []
        await click(page, "HOMEPAGE")
        await page.until("document.body.dataset.shown === 'programme'")
