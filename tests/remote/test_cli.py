"""``stb-agent remote list | watch | teach`` with devices of the kernel, or as good as."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from evdev import ecodes as e

from stb_agent.contract.actions import Action
from stb_agent.remote.keymaps import load, read
from stb_agent.remote.sources import Bus, Device
from tests.support.input_devices import CEC, GAMEPAD, IR_REMOTE, UNTAUGHT, Devices, Simulated

_PATIENCE = 15.0


@contextmanager
def agent(devices: Devices, folder: Path, *verb: str) -> Iterator[subprocess.Popen[str]]:
    """Run a verb of ``remote``."""
    config = folder / "box.toml"
    config.write_text(f'[box]\nruntime = "{folder}"\nstate = "{folder}"\n', "utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "stb_agent", "remote", verb[0], "--config", str(config), *verb[1:]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=1,
        env=devices.environment(),
    )
    limit = threading.Timer(4 * _PATIENCE, process.kill)
    limit.start()
    try:
        yield process
    finally:
        limit.cancel()
        process.kill()
        process.communicate()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    said = process.stdout.readline()
    assert said, "nothing is said"
    return said


def press(devices: Devices, node: str, code: int, scan: int = 0) -> None:
    for value in (1, 0):
        devices.emit(node, [*([(e.EV_MSC, e.MSC_SCAN, scan)] if scan else []), (e.EV_KEY, code, value)])


def test_list_tells_the_remotes_and_what_they_reach(simulated: Simulated, tmp_path: Path) -> None:
    node = simulated.plug(CEC)
    simulated.plug(GAMEPAD)
    with agent(simulated, tmp_path, "list", "--json") as process:
        said, errors = process.communicate(timeout=_PATIENCE)
    assert (process.returncode, errors) == (0, "")
    (found,) = map(json.loads, said.splitlines())
    assert (found["id"], found["name"], found["bus"], found["usable"]) == (node, "vc4-hdmi-0", "cec", True)
    assert found["actions"]["ok"] == ["KEY_OK"]
    assert found["comfort"] == {"back": True, "home": False, "digits": False, "colours": False}
    assert any(file.endswith("/kernel.toml") for file in found["keymaps"])
    assert found["battery"] is None
    assert found["readable"] is True


def test_list_without_a_remote_says_so(simulated: Simulated, tmp_path: Path) -> None:
    simulated.plug(GAMEPAD)
    with agent(simulated, tmp_path, "list") as process:
        said, errors = process.communicate(timeout=_PATIENCE)
    assert (process.returncode, said) == (1, "")
    assert "stb-agent doctor" in errors


def test_watch_tells_keys_and_ends_when_told(devices: Devices, tmp_path: Path) -> None:
    node = devices.plug(IR_REMOTE)
    with agent(devices, tmp_path, "watch", "--json") as process:
        came = json.loads(line(process))
        assert (came["device"], came["event"]) == (node, "came")
        press(devices, node, e.KEY_OK)
        press(devices, node, e.KEY_MUTE)
        told = [json.loads(line(process)) for _ in range(4)]
        assert [(it["key"], it["event"], it["means"]) for it in told] == [
            ("KEY_OK", "down", "ok"),
            ("KEY_OK", "up", "ok"),
            ("KEY_MUTE", "down", "television"),
            ("KEY_MUTE", "up", "television"),
        ]
        devices.unplug(node)
        assert json.loads(line(process))["event"] == "went"
        process.send_signal(signal.SIGTERM)
        assert process.wait(_PATIENCE) == 0


def test_watch_names_what_is_no_remote_only_if_asked(devices: Devices, tmp_path: Path) -> None:
    unknown, pad, node = devices.plug(UNTAUGHT), devices.plug(GAMEPAD), devices.plug(IR_REMOTE)
    with agent(devices, tmp_path, "watch") as process:
        assert line(process).split()[:2] == [node, "came"]
        press(devices, unknown, e.KEY_UNKNOWN, 0xC0041)
        press(devices, node, e.KEY_OK)
        assert line(process).split()[:2] == [node, "down"]
    with agent(devices, tmp_path, "watch", "--all") as process:
        came = {line(process), line(process)}
        assert came == {f"{unknown} came unknown ({UNTAUGHT.name})\n", f"{node} came ({IR_REMOTE.name})\n"}
        press(devices, pad, e.BTN_SOUTH)
        press(devices, unknown, e.KEY_UNKNOWN, 0xC0041)
        assert line(process) == f"{unknown} down SCAN_c0041 unknown ({UNTAUGHT.name})\n"
        assert not devices.grabbed(unknown)


def test_watch_says_who_has_the_remote(simulated: Simulated, tmp_path: Path) -> None:
    simulated.plug(IR_REMOTE)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "ui.sock"))
        server.listen()
        with agent(simulated, tmp_path, "watch") as process:
            line(process)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=_PATIENCE)
            assert process.returncode == 0
            assert "エージェントが動いています" in errors
        with agent(simulated, tmp_path, "teach") as process:
            _, errors = process.communicate(timeout=_PATIENCE)
            assert process.returncode == 3
            assert "remote.agent_runs" in errors


def taught(process: subprocess.Popen[str], devices: Devices, node: str) -> str:
    """Press what is asked for, as far as the remote has it; give what is said at the end."""
    assert process.stdin is not None
    keys = {"決定": 0xC0041, "上": 0xC0042, "下": 0xC0043, "左": 0xC0044, "右": 0xC0045, "戻る": 0xC0046}
    while "「" in (asked := line(process)):
        wanted = asked.split("「")[1].split("」")[0].split()[0]
        time.sleep(0.5)  # as long as a hand takes: sooner would be the same press as the key before
        if wanted == "下" and "覚えました" not in asked:
            press(devices, node, e.KEY_UNKNOWN, keys["上"])
            assert "「上" in line(process), "a key that has a meaning is refused"
            time.sleep(0.5)
        if wanted in keys:
            press(devices, node, e.KEY_UNKNOWN, keys[wanted])
        else:
            process.stdin.write("\n")
    assert process.stdout is not None
    rest = process.stdout.read()
    process.wait(_PATIENCE)
    return asked + rest


def test_teach_learns_an_unknown_remote_by_its_scancodes(devices: Devices, tmp_path: Path) -> None:
    node = devices.plug(UNTAUGHT)
    out = tmp_path / "cheap.toml"
    with agent(devices, tmp_path, "teach", "--out", str(out)) as process:
        said = taught(process, devices, node)
    assert process.returncode == 0
    assert "usable: True" in said
    assert f"file: {out}" in said
    device = Device("event9", UNTAUGHT.name, Bus.USB, UNTAUGHT.vendor, UNTAUGHT.product)
    meaning = load([out]).of(device)
    assert meaning.action("SCAN_c0041") is Action.OK
    assert meaning.action("SCAN_c0046") is Action.BACK
    assert read(out).match.fits(device)
    assert not read(out).match.fits(Device("event9", "Another", Bus.USB, UNTAUGHT.vendor, UNTAUGHT.product))


@pytest.mark.parametrize("out", ["missing/cheap.toml", "box.toml/cheap.toml", ""])
def test_teach_asks_for_nothing_that_it_could_not_keep(simulated: Simulated, tmp_path: Path, out: str) -> None:
    with agent(simulated, tmp_path, "teach", "--out", str(tmp_path / out)) as process:
        said, errors = process.communicate(timeout=_PATIENCE)
    assert (process.returncode, said) == (2, "")
    assert "remote.keymap.unwritable" in errors
    assert str(tmp_path / out) in errors
    assert [file.name for file in tmp_path.iterdir()] == ["box.toml"]


def test_teach_wants_the_household_s_folder_too(simulated: Simulated, tmp_path: Path) -> None:
    (tmp_path / "keymaps").write_text("")
    with agent(simulated, tmp_path, "teach") as process:
        _, errors = process.communicate(timeout=_PATIENCE)
    assert process.returncode == 2
    assert "remote.keymap.unwritable" in errors


def test_who_has_read_enough_may_hang_up(tmp_path: Path) -> None:
    tables = [str(file) for file in (Path(__file__).parents[2] / "stb_agent/remote/keymaps").glob("*.toml")]
    process = subprocess.Popen(
        [sys.executable, "-m", "stb_agent", "remote", "check", *tables * 200],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    )
    assert process.stdout is not None
    assert process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(_PATIENCE) == 0
