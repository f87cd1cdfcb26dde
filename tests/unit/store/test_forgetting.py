"""What is left of a person whose link has ended: nothing that is theirs, and what the platform has still to hear."""

from __future__ import annotations

import os
from pathlib import Path

from stb_agent.contract.ending import Cause, Ended
from stb_agent.contract.transmissions import Kind, Result, Transmission
from stb_agent.store import Link, Store
from stb_agent.store.news import Piece

NOW = 1_795_402_800.0


def lived(store: Store, person: str) -> None:
    store.links.add(Link(f"link of {person}", person, "operator", NOW))
    store.transmissions.add([(person, Transmission(NOW, Kind.LINK, "platform.example", 1, Result.SENT))])
    store.news.keep(Piece(jti=f"of {person}", kind="address_change", person=person, at=NOW, issued_at=NOW, open=True))
    for sid in (f"{person} told", f"{person} untold"):
        store.endings.begin(sid, person, "boot")
        store.endings.used(sid, "https://booking.example")
        store.endings.end(sid, Cause.USER)
    store.endings.told(f"{person} told", {"https://booking.example": Ended.PENDING})


def test_nothing_of_a_person_is_left_and_everything_of_the_others(tmp_path: Path) -> None:
    store = Store.open(tmp_path, clock=lambda: NOW, random=os.urandom)
    for person in ("hana", "taro"):
        lived(store, person)
    store.forget("hana")
    assert store.links.find("hana") is None
    assert store.transmissions.of("hana") == []
    assert store.news.open("hana") == []
    assert store.news.heard("of hana", NOW), "it has no effect again"
    assert "hana" not in [it.person for it in store.news.all()]
    assert [it.sid for it in store.endings.all()] == ["hana untold", "taro told", "taro untold"]
    store.endings.told("hana untold", {})
    assert "hana" not in [it.person for it in store.endings.all()]
    assert store.links.find("taro") is not None
    assert len(store.transmissions.of("taro")) == 1
    assert [it.jti for it in store.news.open("taro")] == ["of taro"]
    store.verify()
    store.close()
