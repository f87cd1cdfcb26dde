"""The first evening: a card is linked, a room booked, the blood pressure read; and what can go wrong on the way."""

from __future__ import annotations

from typing import Any

from tests.journeys.tour import PROGRAMME, Tour

_WHOLE = 1920 * 1080 // 2
"""Pixels of a change that is more than a part of the programme moving."""
_ARROWS = {"1": ("UP", "LEFT"), "2": ("UP", "UP"), "3": ("UP", "RIGHT"), "4": ("LEFT", "LEFT")}
"""The presses that enter a digit on a remote without digits: the group, then its left, middle or right one."""


def _level(level: int) -> Any:
    """Tell whether a view message is of this level, and, without a PIN, shows nothing personal."""
    return lambda message: message["status"].get("level", 0) == level and (level > 1 or not message["personal"])


def _title(code: str) -> Any:
    """Tell whether the view has this title."""
    return lambda message: message["view"]["title"] == {"code": code}


def walk(tour: Tour) -> None:
    """Walk the evening."""
    pin, contract = tour.house.facts["pin"], tour.house.facts["world"]["contract_number"]
    _arrive(tour)
    _sign_in_and_link(tour, pin, contract)
    _book(tour)
    _read_health_and_pull(tour)
    _come_back(tour, pin)
    _record_service_down(tour)
    _yield_and_leave(tour)


def _arrive(tour: Tour) -> None:
    tour.step("programme", kind=PROGRAMME, words=["テスト放送"])
    tour.step(
        "home",
        "HOMEPAGE",
        kind="home",
        right=_level(0),
        area=_WHOLE,
        words=["マイナンバーカードを入れると", "施設の予約"],
    )
    tour.step(
        "card-in",
        kind="home",
        act=lambda: tour.house.card(insert="new"),
        right=_level(1),
        words=["カードを読み取りました"],
    )
    tour.step("focus", "RIGHT", kind="home")
    tour.step("focus-back", "LEFT", kind="home")


def _sign_in_and_link(tour: Tour, pin: str, contract: str) -> None:
    wrong = "".join(str((int(digit) + 5) % 10) for digit in pin)
    tour.step(
        "sign-in-consent", "OK", kind="consent", right=_level(1), words=["送るもの", "使いみち", "だれにも送りません"]
    )
    tour.step("pin", "OK", kind="pin", right=lambda m: m["view"]["tries"] == 3, words=["暗証番号", "あと3回"])
    tour.step("pin-wrong-dots", *wrong, kind="pin", right=lambda m: m["view"]["dots"] == 4)
    tour.step(
        "pin-wrong", "OK", kind="pin", words=["暗証番号がちがいます", "あと2回"],
        right=lambda m: m["view"]["tries"] == 2 and m["view"]["dots"] == 0 and "error" in m["view"],
    )  # fmt: skip
    tour.step("pin-right-dots", *pin, kind="pin", right=lambda m: m["view"]["dots"] == 4)
    tour.step("link-consent", "OK", kind="consent", right=_level(2), words=["送るもの", "使いみち"])
    tour.step("contract-number", "OK", kind="form", right=lambda m: m["view"]["field"]["value"] == "")
    tour.step("contract-typed", *contract, kind="form", right=lambda m: m["view"]["field"]["value"] == contract)
    tour.step("linked", "OK", kind="message", right=_title("link.done.title"), words=["つながりました"])
    tour.step("home-signed-in", "OK", kind="home", right=_level(2), words=["ご本人を確認しました"])


def _book(tour: Tour) -> None:
    tour.step("facilities", "OK", kind="list", words=["どの施設を使いますか", "公民館"])
    tour.step("facility-focus", "DOWN", kind="list")
    tour.step(
        "days", "OK", kind="calendar", right=lambda m: any(cell["state"] == "free" for cell in m["view"]["cells"])
    )
    tour.step(
        "confirm", "OK", kind="choice", right=_title("booking.confirm"), words=["この内容で予約しますか", "予約する"]
    )
    tour.step(
        "slip", "OK", kind="detail", words=["予約できました", "届きました", "予約番号"],
        right=lambda m: m["view"].get("delivery") == "sent",
    )  # fmt: skip
    tour.step("home-after-booking", "OK", kind="home", right=_level(2))


def _read_health_and_pull(tour: Tour) -> None:
    tour.step("health-focus", "RIGHT", "RIGHT", kind="home")
    tour.step(
        "health-covered", "OK", kind="detail", right=_title("health.title"), words=["血圧", "隠しています"],
        not_words=["mmHg"],
    )  # fmt: skip
    tour.step("health", "OK", kind="detail", right=_title("health.title"), words=["血圧", "mmHg"])
    tour.step("chart", "OK", kind="chart", words=["うつりかわり", "mmHg"])
    tour.step(
        "card-pulled", kind="message", act=lambda: tour.house.card(pull=True), right=_level(0), within_ms=1500,
        words=["カードが抜かれました"], not_words=["mmHg", "うつりかわり"],
    )  # fmt: skip
    tour.step("home-without-card", "OK", kind="home", right=_level(0))


def _come_back(tour: Tour, pin: str) -> None:
    tour.step("card-again", kind="home", act=lambda: tour.house.card(insert="new"), right=_level(1))
    tour.step("sign-in-focus", "UP", kind="home")
    tour.step("pin-again", "OK", kind="pin", right=lambda m: m["view"]["tries"] == 3)
    tour.step(
        "pin-by-arrows", *(arrow for digit in pin for arrow in _ARROWS[digit]),
        kind="pin", right=lambda m: m["view"]["dots"] == 4,
    )  # fmt: skip
    tour.step("home-known-card", "OK", kind="home", right=_level(2), words=["ご本人を確認しました"])


def _record_service_down(tour: Tour) -> None:
    tour.house.fault("health", {"kind": "down"})
    tour.step("records-focus", "RIGHT", "RIGHT", kind="home")
    tour.step("records-down", "OK", kind="message", words=["できませんでした", "つながりません"])
    tour.house.fault("health", None)
    tour.step("records-back", "OK", kind="detail", right=_title("health.title"), words=["隠しています"])
    tour.step("records-seen", "OK", kind="detail", right=_title("health.title"), words=["mmHg"])


def _yield_and_leave(tour: Tour) -> None:
    tour.step(
        "yield-now", kind=PROGRAMME, act=lambda: tour.house.yield_now(True), within_ms=200, area=_WHOLE,
        words=["地震速報", "これは訓練です"], not_words=["mmHg"],
    )  # fmt: skip
    tour.step("after-yield", kind="pin", act=lambda: tour.house.yield_now(False), not_words=["mmHg"])
    tour.step("back-to-programme", "HOMEPAGE", kind=PROGRAMME, area=_WHOLE, words=["テスト放送"])
