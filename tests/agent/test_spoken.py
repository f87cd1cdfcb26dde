"""The whole evening with the screen ignored, and the settings: four arrows and OK, and what is said. Nothing of the view is looked at."""

from __future__ import annotations

import pytest

from stb_agent.contract.appearance import ENGLISH, JAPANESE, SIMPLE
from tests.journeys import by_ear
from tests.support.box import running_box
from tests.support.listener import listening


@pytest.mark.parametrize("language", [JAPANESE, SIMPLE, ENGLISH])
async def test_the_evening_by_ear(language: str) -> None:
    async with running_box(more=by_ear.speaking(language)) as box, listening(box, language) as person:
        await by_ear.evening(box, person)
        print(f"{person.keys} keys")
        await box.stop()
        await box.start()
        async with listening(box, language) as again:
            await again.press("HOMEPAGE")
            await again.hears(again.said("speech.on"), again.said("home.title"))


async def test_the_settings_by_ear() -> None:
    async with running_box() as box, listening(box) as person:
        await box.hold("OK", 1.1)
        await person.press("BLUE")
        await person.hears("音声案内を始めます")
        await person.finds("設定、")
        await person.hears("変えたいものを選んでください")
        await person.finds("声の案内、いまは、ふつうの速さ")
        await person.hears("画面を声で聞きますか")
        await person.finds("ゆっくり、")
        await person.hears("ゆっくりです", "見本、公民館の会議室を予約できます", "あと30秒で、もとにもどります")
        await person.hears("あと20秒で、もとにもどります")
        await person.finds("これにする")
        await person.hears("画面を声で聞きますか", "いまはこれです")
        await person.finds("戻る")
        await person.hears("変えたいものを選んでください")
        await person.finds("ことば、いまは、日本語")
        await person.hears("画面と声のことばを選んでください")
        await person.finds("English")
        await person.hears("If you like it, choose", "もとにもどす")
        await person.press("OK")
        await person.hears("画面と声のことばを選んでください")
