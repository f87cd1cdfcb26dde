"""The schema that is given away says what is on the wire."""

import json

from stb_agent.__main__ import main
from stb_agent.contract.schema import schema
from stb_agent.contract.views import View


def test_every_view_kind_is_in_the_schema(capsys: object) -> None:
    assert main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)  # type: ignore[attr-defined]
    kinds = {
        it["properties"]["kind"]["enum"][0] for it in schema["$defs"].values() if "kind" in it.get("properties", ())
    }
    assert kinds == {kind.__struct_config__.tag for kind in View.__args__}
    assert set(schema["properties"]) == {
        "ui.sock: agent to UI",
        "ui.sock: UI to agent",
        "remote.sock",
        "tv.sock: agent to TV",
        "tv.sock: TV to agent",
    }


def test_both_sides_of_the_television_are_told_apart_by_type() -> None:
    definitions = schema()["$defs"]
    types = {
        name: definitions[name]["properties"]["type"]["enum"] for name in ("TvScreen", "TvKey", "TvYield", "TvOpen")
    }
    assert types == {"TvScreen": ["screen"], "TvKey": ["key"], "TvYield": ["yield"], "TvOpen": ["open"]}
