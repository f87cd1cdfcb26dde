"""What the doctor says of remotes: for each trouble its cause and its remedy."""

from pathlib import Path

import pytest

from stb_agent.contract.config import Box, Config, Remote
from stb_agent.doctor import remote
from stb_agent.doctor.finding import Finding
from stb_agent.remote.sources.diagnosis import Adapter, Diagnosis
from stb_agent.remote.sources.hotplug import NO_UDEVD

REMOTES = {"event3": "gpio_ir_recv"}


def findings(seen: Diagnosis, *, by_socket: bool = False) -> dict[str, Finding]:
    return {finding.part: finding for finding in remote.told(seen, by_socket=by_socket)}


@pytest.mark.parametrize(
    ("seen", "part", "code", "words"),
    [
        (Diagnosis(), "remote", "doctor.remote_missing", "/proc/bus/input/devices"),
        (Diagnosis(REMOTES, denied=("event3",)), "remote", "doctor.remote_denied", "gpio_ir_recv（/dev/input/event3）"),
        (Diagnosis(REMOTES, without_node=("event3",)), "remote", "doctor.remote_without_node", "/dev/input"),
        (Diagnosis(REMOTES, held={"event3": ("kodi",)}), "remote", "doctor.remote_held", "kodi"),
        (Diagnosis(REMOTES, held={"event3": ()}), "remote", "doctor.remote_held", "分かりません"),
        (Diagnosis(REMOTES, deaf=NO_UDEVD), "hotplug", "doctor.hotplug_without_udevd", "systemd-udevd"),
        (Diagnosis(REMOTES, deaf="EPERM"), "hotplug", "doctor.hotplug_refused", "EPERM"),
        (Diagnosis(adapters={"cec0": Adapter.UNREGISTERED}), "cec", "doctor.cec_unregistered", "cec-ctl -d /dev/cec0"),
        (Diagnosis(adapters={"cec1": Adapter.ALONE}), "cec", "doctor.cec_alone", "/dev/cec1"),
        (Diagnosis(adapters={"cec0": Adapter.DENIED}), "cec", "doctor.cec_denied", "/dev/cec0"),
    ],
)
def test_every_trouble_has_its_cause_and_its_remedy(seen: Diagnosis, part: str, code: str, words: str) -> None:
    finding = findings(seen)[part]
    assert (finding.ok, finding.code) == (False, code)
    cause, remedy = finding.line().split("\n    → ")
    assert words in cause + remedy
    assert "{" not in cause + remedy


def test_what_is_well_is_named_and_what_is_not_there_is_not_missed() -> None:
    told = findings(Diagnosis(REMOTES, adapters={"cec0": Adapter.ALONE, "cec1": Adapter.READY}))
    assert {part: (finding.ok, finding.detail) for part, finding in told.items()} == {
        "remote": (True, "gpio_ir_recv"),
        "hotplug": (True, ""),
        "cec": (True, "cec1"),
    }
    assert "cec" not in findings(Diagnosis(REMOTES))
    assert findings(Diagnosis(), by_socket=True)["remote"].ok, "a phone's or a simulated remote is enough"


def test_without_the_kernels_remotes_only_the_socket_counts() -> None:
    for by_socket in (True, False):
        (finding,) = remote.look(Config(remote=Remote(evdev=False, socket=by_socket)))
        assert finding.ok is by_socket
        assert finding.line()


def test_a_keymap_that_is_not_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "good.toml").write_text('[actions]\nok = ["KEY_F1"]', "utf-8")
    config = Config(box=Box(state=str(tmp_path)), remote=Remote(evdev=False, socket=True, keymaps=(str(tmp_path),)))
    assert [(it.part, it.ok, it.detail) for it in remote.look(config)][1:] == [("keymaps", True, "1")]
    (tmp_path / "bad.toml").write_text("[actions]\ndance = []", "utf-8")
    (found,) = remote.look(config)[1:]
    assert (found.part, found.ok, found.code) == ("keymaps", False, "remote.keymap.invalid")
    assert "bad.toml" in found.line()
