"""What the doctor sees of remotes, from a process that sees the simulated devices."""

import os
import subprocess
import sys
from typing import Any

from tests.support.input_devices import BLUETOOTH_REMOTE, IR_REMOTE, MOUSE, ROOT, Simulated, reading, until

LOOK = """
import sys
from pathlib import Path
from stb_agent.remote.sources.diagnosis import diagnose
print(diagnose(try_grab=True, udevd=Path(sys.argv[1])))
"""


def diagnosed(simulated: Simulated, *, udevd: str = "/", as_anyone: bool = False) -> Any:
    obey = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if as_anyone and os.geteuid() == 0 else []
    run = subprocess.run(
        [*obey, sys.executable, "-c", LOOK, udevd],
        env=simulated.environment(), cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return run.stdout.strip()


def test_a_box_without_remotes_and_then_with_two(simulated: Simulated) -> None:
    assert diagnosed(simulated) == "Diagnosis(remotes={}, denied=(), without_node=(), held={}, deaf='', adapters={})"
    simulated.plug(MOUSE)
    ours = {simulated.plug(kind): kind.name for kind in (IR_REMOTE, BLUETOOTH_REMOTE)}
    assert f"remotes={ours}, denied=()" in diagnosed(simulated)


def test_permission_node_udevd_and_another_program_are_each_told(simulated: Simulated) -> None:
    node = simulated.plug(IR_REMOTE)
    assert "deaf='no udevd'" in diagnosed(simulated, udevd="/nowhere")
    simulated.path(node).chmod(0)
    assert f"denied=('{node}',)" in diagnosed(simulated, as_anyone=True)
    simulated.path(node).chmod(0o600)
    with reading(simulated) as reader:
        until(lambda: reader.has(node))
        reader.say("grab")
        until(lambda: simulated.grabbed(node))
        assert f"held={{'{node}': (" in diagnosed(simulated)
    until(lambda: not simulated.grabbed(node))
    assert "held={}" in diagnosed(simulated)
    assert not simulated.grabbed(node), "it was only tried"
    simulated.path(node).unlink()
    assert f"without_node=('{node}',)" in diagnosed(simulated)


def test_a_cec_adapter_is_ready_once_it_has_a_logical_address_and_a_television(simulated: Simulated) -> None:
    for physical, logical, state in ((0xFFFF, 0, "ALONE"), (0x1000, 0, "UNREGISTERED"), (0x1000, 1 << 4, "READY")):
        simulated.cec("cec0", physical=physical, logical=logical)
        assert f"'cec0': <Adapter.{state}" in diagnosed(simulated)
