"""The whole evening with the screen ignored: four arrows and OK, and what is said. Nothing of the view is looked at."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence

from stb_agent.contract.messages import decode_from_agent, encode
from tests.support.box import PIN, Box, running_box
from tests.support.ear import Ear

_PATIENCE = 20.0
_ARROWS = ("DOWN", "RIGHT", "UP", "LEFT")
_GROUPS = {"UP": "上は", "LEFT": "左は", "RIGHT": "右は", "DOWN": "下は"}
"""How it is said what an arrow picks while the PIN is typed."""
_MEMBERS = ("LEFT", "UP", "RIGHT")
_LOST = 400
"""Keys after which one has been everywhere."""


class Listener:
    """A person who hears, presses, and remembers where which arrow led."""

    def __init__(self, box: Box, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._box, self._writer = box, writer
        self._ear = Ear()
        self._news = asyncio.Condition()
        self._heard: list[list[str]] = []
        """Utterances, the newest last."""
        self._ways: dict[str, dict[str, str]] = {}
        """In this view: from what was said of a place, by an arrow, to what was said of the next one."""
        self.keys = 0
        self.reading = asyncio.create_task(self._read(reader))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        async for line in reader:
            async with self._news:
                before = len(self._ear.paper.said)
                if (intent := self._ear.take(decode_from_agent(line))) is not None:
                    self._writer.write(encode(intent))
                self._heard += self._ear.paper.said[before:]
                self._news.notify_all()

    async def hears(self, *wanted: str) -> list[str]:
        """Wait until all of these are said in one breath, since the last key; give that utterance."""

        def said() -> list[str] | None:
            return next((it for it in self._heard if all(any(word in one for one in it) for word in wanted)), None)

        try:
            async with asyncio.timeout(_PATIENCE), self._news:
                await self._news.wait_for(said)
        except TimeoutError:
            raise AssertionError(f"waited in vain for {wanted}; heard {self._heard[-3:]}") from None
        self._ways = {}
        found = said()
        assert found is not None
        return found

    async def press(self, *keys: str) -> None:
        """Press keys that lead to something."""
        for key in keys:
            self._heard.clear()
            self.keys += 1
            await self._box.press(key)

    async def step(self, key: str) -> list[str]:
        """Press an arrow; give what is said then."""
        self._heard.clear()
        self.keys += 1
        await self._box.press(key)
        async with asyncio.timeout(_PATIENCE), self._news:
            await self._news.wait_for(lambda: any(self._heard))
        return next(it for it in self._heard if it)

    async def finds(self, wanted: str) -> None:
        """Walk about until the place that is said begins with these words, and press OK. What was learnt of the way is used again."""
        at = await self._here()
        for _ in range(_LOST):
            if at.startswith(wanted):
                await self.press("OK")
                return
            way = self._way(at, lambda place: place.startswith(wanted)) or self._way(at, self._unknown)
            assert way, f"{wanted} is nowhere; there is {sorted(self._ways)}"
            for key in way:
                after = _place(await self.step(key))
                self._ways.setdefault(at, {})[key] = after
                at = after
        raise AssertionError(f"{wanted} was not found with {_LOST} keys")

    async def _here(self) -> str:
        """Find out where one is: an arrow that leads nowhere says it, and one that leads somewhere leads back."""
        at = _place(await self.step("UP"))
        self._ways.setdefault(at, {})
        return at

    def _unknown(self, place: str) -> bool:
        return len(self._ways.get(place, {})) < len(_ARROWS)

    def _way(self, at: str, there: Callable[[str], bool]) -> list[str] | None:
        """Give the shortest known way to such a place, and if that is one where an arrow was not tried, that arrow."""
        ways, been = deque([(at, list[str]())]), {at}
        while ways:
            place, keys = ways.popleft()
            known = self._ways.get(place, {})
            if there(place):
                untried = [key for key in _ARROWS if key not in known]
                if there != self._unknown:
                    return keys
                return [*keys, untried[0]]
            for key, further in known.items():
                if further not in been:
                    been.add(further)
                    ways.append((further, [*keys, key]))
        return None

    async def enters_pin(self, pin: str, how: Sequence[str]) -> None:
        """Enter the PIN by the arrows, as it was said how."""
        said = next(it for it in how if all(word in it for word in _GROUPS.values()))
        groups = {key: re.findall(r"\d", said.split(word)[1].split("。")[0]) for key, word in _GROUPS.items()}
        for at, digit in enumerate(pin, 1):
            group = next(key for key, digits in groups.items() if digit in digits)
            await self.press(group)
            await self.hears("組の左の数字は左")
            await self.press(_MEMBERS[groups[group].index(digit)])
            await self.hears(f"4けたのうち{at}けた入りました")


def _place(said: Sequence[str]) -> str:
    """Give what was said of a place without what leads up to it: the group's name, the page."""
    return "".join(it for it in said if it not in ("下のボタン。", "ページ送り。") and not it.endswith("ページめ。"))


@contextlib.asynccontextmanager
async def listening(box: Box) -> AsyncIterator[Listener]:
    reader, writer = await asyncio.open_unix_connection(box.runtime / "ui.sock")
    writer.write(b'{"type":"hello","version":1}\n')
    listener = Listener(box, reader, writer)
    try:
        yield listener
    finally:
        writer.close()
        listener.reading.cancel()
        await asyncio.gather(listener.reading, return_exceptions=True)


async def test_the_evening_by_ear() -> None:
    async with running_box() as box, listening(box) as person:
        await box.hold("OK", 1.1)
        await asyncio.sleep(0.5)
        assert not any(person._heard), "nobody asked for a voice yet"
        await person.press("BLUE")
        await person.hears("音声案内を始めます", "カードは入っていません", "マイナンバーカードを入れると")
        await box.tray.insert("new")
        await person.hears("サインインを選んでください")
        await person.finds("サインイン、")
        await person.hears("送るものは、カードの電子証明書", "だれにも送りません", "送って進む")
        await person.finds("送って進む")
        how = await person.hears("暗証番号、数字4けた", "あと3回まで入力できます")
        await person.enters_pin("".join(str((int(digit) + 5) % 10) for digit in PIN), how)
        await person.press("OK")
        how = await person.hears("暗証番号がちがいます", "あと2回まで入力できます")
        await person.enters_pin(PIN, how)
        await person.hears("よければ決定")
        await person.press("OK")
        await person.hears("送るものは、ご契約番号")
        await person.finds("送ってつなぐ")
        await person.hears("10けたのうち0けた入りました")
        number = box.world.describe()["contract_number"]
        for at, digit in enumerate(number, 1):
            await person.finds(f"{digit}。")
            await _typed(person, f"10けたのうち{at}けた入りました")
        await person.finds("これでよい")
        await person.hears("できました", "つながりました")
        await person.finds("はじめる")
        await person.hears("ご本人を確認しました")
        await person.finds("施設の予約")
        await person.hears("どの施設を使いますか")
        await person.finds("総合体育館")
        await person.hears("予約できる時間は")
        await person.finds("")
        heard = await person.hears("この内容で予約しますか", "日時、", "料金、")
        booked = next(it for it in heard if it.startswith("日時、"))
        await person.finds("予約する")
        await person.hears("届きました", "中身は、声に出していません")
        await person.finds("声で聞く")
        assert booked in await person.hears("予約番号、", "日時、")
        await person.finds("はじめの画面へ")
        await person.hears("ご本人を確認しました")
        await person.finds("健康の記録")
        heard = await person.hears("いちばん新しい血圧です")
        assert not any("ミリエイチジー" in it for it in heard), "the room does not hear what nobody asked for"
        assert any("中身は、隠しています" in it for it in heard)
        await person.finds("見る")
        await person.hears("上の血圧、", "ミリエイチジー")
        await person.finds("グラフを見る")
        await person.hears("血圧のうつりかわり", "上の血圧は、いちばん新しい値が")
        await box.tray.pull()
        await person.hears("カードが抜かれました")
        await person.finds("わかりました")
        await person.hears("マイナンバーカードを入れると")
        await box.tray.insert("new")
        await person.hears("おかえりなさい")
        await person.finds("サインイン、")
        how = await person.hears("暗証番号、数字4けた", "あと3回まで入力できます")
        await person.enters_pin(PIN, how)
        await person.press("OK")
        await person.hears("ご本人を確認しました")
        await box.world.stop("health")
        await person.finds("健康の記録")
        await person.hears("できませんでした", "つながりません", "お問い合わせ番号は")
        await person.finds("困ったとき")
        await person.hears("電話番号は", "電話で伝える確認番号は")
        await person.finds("戻る")
        await person.hears("できませんでした")
        await box.world.start("health")
        await person.finds("もう一度")
        await person.hears("いちばん新しい血圧です")
        await person.finds("戻る")
        await person.hears("ご本人を確認しました")
        await person.finds("音声を切る")
        await person.hears("音声案内を終わります")
        await person.press("BLUE")
        await person.hears("音声案内を始めます")
        print(f"{person.keys} keys")
        await box.stop()
        await box.start()
        async with listening(box) as again:
            await again.press("HOMEPAGE")
            await again.hears("音声案内を始めます", "茶の間")


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
        await person.hears(
            "ゆっくりにしてみました", "見本、公民館の会議室を予約できます", "あと30秒で、もとにもどります"
        )
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


async def _typed(person: Listener, sentence: str) -> None:
    """Hear that a digit came in; the view is the same, and so is what is known of it."""
    ways = person._ways
    await person.hears(sentence)
    person._ways = ways
