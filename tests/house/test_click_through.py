"""The page in Chromium, clicked through from the programme to a booked time: nothing but the drawn remote and the card tray is touched."""

from __future__ import annotations

import asyncio
import contextlib
import io
import itertools
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops

from tests.journeys.ocr import read
from tests.support.browser import Browser, chromium
from tests.support.house import House, Witness
from tests.support.screen import Screen

_SMALL = (480, 270)
_CORNER = (800, 30, 1900, 160)
"""Where 練習用 stands, beside the card's state."""
_BADGE = 168
"""Pixels that its ring is wide; a long title, of the same amber, may come near."""
_PACE = 0.15
"""Seconds between two clicks of a quick finger."""


class Visitor:
    """Somebody in front of the page; ``witness`` and ``screen`` tell what there is to see, the page alone is touched."""

    def __init__(self, page: Browser, witness: Witness, screen: Screen) -> None:
        self.page, self.witness, self.screen = page, witness, screen

    async def click(self, *keys: str) -> None:
        """Click keys of the drawn remote."""
        for key in keys:
            await self.page.click(f'[data-key="KEY_{key}"]')
            await asyncio.sleep(_PACE)

    async def tray(self, selector: str, inserted: str) -> None:
        """Click something of the card tray and wait until the reader shows it."""
        await self.page.click(selector)
        await self.page.until(f"document.querySelector('#reader').dataset.inserted === '{inserted}'")

    async def until(self, kind: str, level: int | None = None, **wanted: Any) -> dict[str, Any]:
        """Wait for a view on the screen, and see that it says 練習用."""

        def right(message: dict[str, Any]) -> bool:
            view = message["view"]
            return bool(
                message["shown"]
                and view["kind"] == kind
                and level in (None, message["status"].get("level", 0))
                and all(view.get(key, view.get("field", {}).get(key)) == value for key, value in wanted.items())
            )

        message = await asyncio.to_thread(self.witness.until, right, 20)
        assert message is not None, (kind, wanted, self.witness.latest())
        view: dict[str, Any] = message["view"]
        return view

    async def seen(self) -> Image.Image:
        """Give the picture in the page, once it is the one that the X server shows: not black, and not another."""
        end = asyncio.get_running_loop().time() + 5
        while True:
            assert await asyncio.to_thread(self.screen.settle)
            there, here = await asyncio.to_thread(self.screen.picture), await self._canvas()
            if (differs := difference(there, here)) < 0.005:
                assert here.convert("L").point(lambda value: 255 if value > 200 else 0).getbbox() is not None
                assert await asyncio.to_thread(read, badge(there), "jpn") == "練習用"
                return here
            assert asyncio.get_running_loop().time() < end, f"{differs:.1%} of the page's picture is not the screen's"

    async def _canvas(self) -> Image.Image:
        x, y, width, height = await self.page.evaluate(
            "(() => { const r = document.querySelector('#screen canvas').getBoundingClientRect();"
            " return [r.x, r.y, r.width, r.height]; })()"
        )
        whole = Image.open(io.BytesIO(await self.page.picture())).convert("RGB")
        return whole.crop((round(x), round(y), round(x + width), round(y + height)))


def difference(one: Image.Image, other: Image.Image) -> float:
    """Give the share of pixels in which two pictures differ clearly, seen from afar."""
    small = (picture.resize(_SMALL, Image.Resampling.BOX) for picture in (one, other))
    clearly = ImageChops.difference(*small).convert("L").point(lambda value: 255 if value > 48 else 0)
    return clearly.histogram()[255] / (_SMALL[0] * _SMALL[1])


def badge(picture: Image.Image) -> Image.Image:
    """Give what the amber ring in the corner stands around."""
    corner = picture.crop(_CORNER)
    red, _, blue = corner.split()
    amber = ImageChops.multiply(
        red.point(lambda value: 255 if value > 200 else 0), blue.point(lambda value: 255 if value < 150 else 0)
    )
    box = amber.getbbox()
    assert box is not None, "no ring"
    return corner.crop((box[2] - _BADGE + 14, 8, box[2] - 14, box[3] - 8))


def orders(state: Path) -> list[tuple[str, str]]:
    """Give slot and number of the orders that the town holds."""
    with contextlib.closing(sqlite3.connect(f"file:{state}/world/booking.sqlite?mode=ro", uri=True)) as town:
        return town.execute("SELECT slot, number FROM orders").fetchall()


@contextlib.asynccontextmanager
async def visitor(room: House, witness: Witness, profile: Path) -> AsyncIterator[Visitor]:
    """Open the house's address and sit down."""
    with Screen(room.facts["display"]) as screen:
        async with chromium(profile) as page:
            await page.open(room.facts["url"])
            await page.until("document.querySelector('#screen').dataset.live === 'yes'")
            yield Visitor(page, witness, screen)
            assert page.console == []
            assert all(url.startswith((room.facts["url"], room.facts["url"].replace("http", "ws"), "data:", "blob:"))
                       for url in page.requests), page.requests  # fmt: skip


async def test_a_visitor_books_a_room_by_clicks_alone(standing: House, witness: Witness, tmp_path: Path) -> None:
    state = Path(standing.facts["state"])
    assert orders(state) == []
    async with visitor(standing, witness, tmp_path / "chromium") as at:
        page, pictures = at.page, dict[str, Image.Image]()
        pin = await page.evaluate("document.querySelector('#note-pin').textContent")
        contract = await page.evaluate("document.querySelector('#note-contract').textContent")
        assert contract.replace(" ", "") == standing.facts["world"]["contract_number"]

        async def look(name: str, kind: str, level: int, **wanted: Any) -> dict[str, Any]:
            view = await at.until(kind, level, **wanted)
            pictures[name] = await at.seen()
            pictures[name].save(tmp_path / f"{name}.png")
            return view

        await at.click("HOMEPAGE")
        await look("home", "home", 0)
        await at.tray('[data-card="new"]', "new")
        await look("card-in", "home", 1)
        await at.click("OK")
        await look("sign-in-consent", "consent", 1)
        await at.click("OK")
        await look("pin", "pin", 1, dots=0)
        await at.click(*pin)
        await look("dots", "pin", 1, dots=4)
        await at.click("OK")
        await look("link-consent", "consent", 2, title={"code": "link.title"})
        await at.click("OK")
        await look("form", "form", 2)
        await at.click(*contract.replace(" ", ""))
        await look("number", "form", 2, value=contract.replace(" ", ""))
        await at.click("OK")
        await look("linked", "message", 2, title={"code": "link.done.title"})
        await at.click("OK")
        await look("home-signed-in", "home", 2)
        await at.click("OK")
        await look("facilities", "list", 2)
        await at.click("OK")
        times = await look("times", "calendar", 2)
        await at.click("OK")
        await look("purpose", "form", 2, title={"code": "booking.usage_title"})
        await at.click("OK")
        await look("people", "form", 2, at=1)
        await at.click("8")
        await look("eight", "form", 2, value="8")
        await at.click("OK")
        await look("user", "form", 2, at=2)
        await at.click("OK")
        await look("confirm", "choice", 2, title={"code": "booking.confirm"})
        assert orders(state) == []
        await at.click("OK")
        slip = await look("slip", "detail", 2, delivery="sent")

        [(slot, number)] = orders(state)
        assert {"label": {"code": "booking.number"}, "value": number} in slip["rows"]
        assert slot in {cell["id"] for cell in times["cells"] if cell["state"] == "free"}
        assert number.lower() in await asyncio.to_thread(read, at.screen.picture(), "jpn")

        await at.tray("#pull", "")
        await look("card-gone", "message", 0, title={"code": "home.card_gone.title"})
        assert not any(difference(pictures["card-gone"], pictures[name]) < 0.005 for name in ("slip", "home"))
        names = list(pictures)
        for before, after in itertools.pairwise(names):
            if {before, after} != {"pin", "dots"}:
                assert difference(pictures[before], pictures[after]) > 0.005, (before, after)
        assert witness.latest()["status"]["practice"] is True
        assert all(told.message["status"].get("practice") for told in witness.told if told.message["type"] == "view")
        await at.click("OK", "HOMEPAGE")
        await page.until("document.body.dataset.shown === 'programme'")
