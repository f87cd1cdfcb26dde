"""Every error of the room can be told to a person, without jargon."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from stb_agent.cable_id.errors import CableIdError
from stb_agent.contract import words


def every(root: type[CableIdError]) -> Iterator[type[CableIdError]]:
    for kind in root.__subclasses__():
        yield kind
        yield from every(kind)


KINDS = list(every(CableIdError))


@pytest.mark.parametrize("kind", KINDS)
def test_cause_and_remedy(kind: type[CableIdError]) -> None:
    for part in ("cause", "remedy"):
        text = words.text(f"{kind.code}.{part}")
        assert text.endswith("。")
        assert len(text) <= 80
        # No Latin letters, and none of the words that only a developer knows.
        assert not re.search(
            r"[A-Za-z]|トークン|サーバ|認証局|エラー|リクエスト|タイムアウト|プロトコル|アクセス", text
        )


def test_codes_are_one_to_one_with_the_catalogue() -> None:
    codes = [kind.code for kind in KINDS]
    assert len(codes) == len(set(codes))
    catalogue = {
        code.rpartition(".")[0] for code in words.codes() if re.fullmatch(r"cable_id\..*\.(cause|remedy)", code)
    }
    assert catalogue == set(codes)
