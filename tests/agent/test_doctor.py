"""``stb-agent doctor``: a line for each part, with the remedy."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from tests.support.box import Box, running_box

PARTS = [
    "pcscd",
    "reader",
    "card",
    "rules",
    "authorities",
    "remote",
    "language",
    "speech",
    "fonts",
    "dictionary",
    "clock",
    "socket",
    "platform",
]


async def doctor(config: Path, environment: dict[str, str], *options: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "stb_agent", "doctor", "--config", str(config), *options,
        env=environment, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode()


async def looked_at(box: Box) -> tuple[int, dict[str, dict[str, Any]]]:
    status, out = await doctor(box.folder / "box.toml", box.pcscd.environment, "--json")
    return status, {finding["part"]: finding for finding in json.loads(out)}


async def test_a_well_box_and_then_one_thing_after_another_is_missing() -> None:
    async with running_box() as box:
        status, found = await looked_at(box)
        assert list(found) == PARTS
        assert status == 0, found
        await box.tray.insert("linked")
        await asyncio.sleep(1.0)
        status, found = await looked_at(box)
        assert (status, found["card"]["detail"]) == (0, "入っています")
        await box.world.stop("platform")
        await box.stop()
        status, found = await looked_at(box)
        assert status == 1
        assert {part: found[part]["code"] for part in PARTS if not found[part]["ok"]} == {
            "socket": "doctor.agent_down",
            "platform": "cable_id.platform.unreachable",
        }


async def test_without_a_daemon_every_line_has_its_remedy(tmp_path: Path) -> None:
    config = tmp_path / "box.toml"
    config.write_text(f'[box]\nruntime = "{tmp_path}"\n', "utf-8")
    status, out = await doctor(config, {"PCSCLITE_CSOCK_NAME": str(tmp_path / "none")})
    assert status == 1
    bad = [line for line in out.splitlines() if line.startswith("×")]
    assert len(bad) == out.count("    → ")
    assert out.splitlines()[0].startswith("× カードの受付係（pcscd）")


async def test_a_mistake_in_the_configuration_is_told_with_its_line(tmp_path: Path) -> None:
    config = tmp_path / "box.toml"
    config.write_text("[box]\nruntme = 1\n", "utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "stb_agent", "run", "--config", str(config), stderr=asyncio.subprocess.PIPE
    )
    _, err = await process.communicate()
    assert process.returncode == 2
    assert f"{config} の 2 行目" in err.decode()
