"""The remote's part of the box: receivers and who may read them, udev, HDMI-CEC."""

from __future__ import annotations

import socket
from pathlib import Path

from stb_agent.contract import words
from stb_agent.contract.config import Config
from stb_agent.doctor.finding import Finding
from stb_agent.remote.keymaps import load
from stb_agent.remote.sources.diagnosis import Adapter, Diagnosis, diagnose
from stb_agent.remote.sources.hotplug import NO_UDEVD


def look(config: Config) -> list[Finding]:
    """Check what the remotes need; where the kernel's are not used, only that the socket is."""
    return [*_sources(config), *_keymaps(config)]


def _keymaps(config: Config) -> list[Finding]:
    """Tell of each keymap that is not used; nothing where none was given or taught."""
    maps = load(config.remote.keymaps, Path(config.box.state) / "keymaps")
    bad = [Finding("keymaps", False, code=error.code, args=error.args_) for error in maps.errors]
    others = len(maps.files) - len(load().files)
    return bad or ([Finding("keymaps", True, str(others))] if others else [])


def _sources(config: Config) -> list[Finding]:
    if not config.remote.evdev:
        if config.remote.socket:
            return [Finding("remote", True, words.text("doctor.remote_socket"))]
        return [Finding("remote", False, code="doctor.remote_off")]
    # The agent has the remotes for itself while Chanoma is on the screen: trying it then would say nothing.
    return told(diagnose(try_grab=not _agent_runs(config)), by_socket=config.remote.socket)


def told(seen: Diagnosis, *, by_socket: bool) -> list[Finding]:
    """Say what a look has seen; ``by_socket``: remotes may come by ``remote.sock`` as well."""
    findings = [_remotes(seen, by_socket=by_socket)]
    if not seen.deaf:
        findings.append(Finding("hotplug", True))
    elif seen.deaf == NO_UDEVD:
        findings.append(Finding("hotplug", False, code="doctor.hotplug_without_udevd"))
    else:
        findings.append(Finding("hotplug", False, code="doctor.hotplug_refused", args={"why": seen.deaf}))
    if seen.adapters:
        findings.append(_cec(seen.adapters))
    return findings


def _remotes(seen: Diagnosis, *, by_socket: bool) -> Finding:
    def bad(code: str, **args: str) -> Finding:
        return Finding("remote", False, code=code, args=dict(args))

    def names(*nodes: str) -> str:
        return "、".join(f"{seen.remotes[node]}（/dev/input/{node}）" for node in nodes)

    if seen.denied:
        return bad("doctor.remote_denied", remotes=names(*seen.denied))
    if seen.without_node:
        return bad("doctor.remote_without_node", remotes=names(*seen.without_node))
    if seen.held:
        programs = sorted({program for found in seen.held.values() for program in found})
        some = "、".join(programs) or words.text("doctor.somebody")
        return bad("doctor.remote_held", remotes=names(*seen.held), programs=some)
    if seen.remotes:
        return Finding("remote", True, ", ".join(seen.remotes.values()))
    if by_socket:
        return Finding("remote", True, words.text("doctor.remote_socket"))
    return bad("doctor.remote_missing")


def _cec(adapters: dict[str, Adapter]) -> Finding:
    if Adapter.READY in adapters.values():
        return Finding("cec", True, ", ".join(name for name, it in adapters.items() if it is Adapter.READY))
    for state in (Adapter.UNREGISTERED, Adapter.DENIED, Adapter.ALONE):
        if found := [f"/dev/{name}" for name, it in adapters.items() if it is state]:
            break
    return Finding("cec", False, code=f"doctor.cec_{state.value}", args={"adapter": found[0]})


def _agent_runs(config: Config) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(str(Path(config.box.runtime) / "ui.sock")) == 0
