"""Keymaps over one another: ours < the operator's < the household's; what a remote's keys mean by all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stb_agent.contract.actions import Action
from stb_agent.remote.keymaps.keymap import Form, Keymap, KeymapError, KeymapUnreadable, read
from stb_agent.remote.sources import Device
from stb_agent.remote.sources.names import canonical, scancode

OURS = Path(__file__).parent
_REMEMBERED = 64


@dataclass(frozen=True)
class Meaning:
    """What the keys of one remote mean, by ``files``."""

    files: tuple[Keymap, ...]
    actions: dict[str, Action | None]
    scancodes: dict[int, str]

    def key(self, name: str) -> str:
        """Give a key's one name: a scancode's too, where a keymap knows it."""
        code = scancode(name)
        if code is not None:
            return self.scancodes.get(code, name)
        return canonical(name) or name

    def action(self, name: str) -> Action | None:
        """Give what a key means, or None."""
        return self.actions.get(self.key(name))

    def knows(self, name: str) -> bool:
        """Tell whether a keymap speaks of the key, if only to leave it alone."""
        return self.key(name) in self.actions


class Keymaps:
    """Layers of keymaps, the weakest first. ``errors``: of files that could not be used, and were left out."""

    def __init__(self, layers: Iterable[Sequence[Keymap]], errors: Iterable[KeymapError] = ()) -> None:
        # Within a layer the file that says more of the remote it is for wins, and of equals the last one by name.
        self.files = tuple(
            one for layer in layers for one in sorted(layer, key=lambda one: (len(one.match), one.file.name))
        )
        self.errors = tuple(errors)
        self._known: dict[Device, Meaning] = {}

    def of(self, device: Device) -> Meaning:
        """Give what the keys of a remote mean."""
        # What a keymap can match is the same after a new id, a charge, or other keys.
        kind = replace(device, id="", keys=frozenset(), battery=None)
        if (known := self._known.get(kind)) is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[kind] = merged(one for one in self.files if one.match.fits(device))
        return known

    def taught(self, device: Device) -> bool:
        """Tell whether a file of the operator's or the household's is for this remote and others like it alone."""
        return any(
            len(one.match) and one.form is Form.OURS and one.file.parent != OURS and one.match.fits(device)
            for one in self.files
        )

    def over(self, keymap: Keymap, device: Device) -> Meaning:
        """Give what keys mean if ``keymap`` were above all others, whatever it matches."""
        return merged((*self.of(device).files, keymap))


def merged(files: Iterable[Keymap]) -> Meaning:
    """Put files over one another, key by key."""
    chosen = tuple(files)
    actions: dict[str, Action | None] = {}
    scancodes: dict[int, str] = {}
    for one in chosen:
        actions |= one.actions
        scancodes |= one.scancodes
    # The kernel's files only name scancodes, and only those of infrared and CEC reach us without a name.
    used = tuple(one for one in chosen if one.form is Form.OURS or one.scancodes)
    return Meaning(used, actions, scancodes)


def load(operator: Iterable[str | Path] = (), household: Path | None = None) -> Keymaps:
    """Read the three layers. A file that cannot be used is told in ``errors``, and the others are used.

    ``operator``: files and folders of the configuration; ``household``: the folder that teaching writes to, if it is there.
    """
    errors: list[KeymapError] = []
    layers = [
        _layer([OURS], errors),
        _layer([Path(one) for one in operator], errors),
        _layer([household] if household is not None and household.is_dir() else [], errors),
    ]
    return Keymaps(layers, errors)


def _layer(paths: Iterable[Path], errors: list[KeymapError]) -> list[Keymap]:
    found = []
    for path in paths:
        try:
            files = sorted(path.glob("*.toml")) if path.is_dir() else [path]
        except OSError as error:
            errors.append(KeymapUnreadable(file=str(path), what=error.strerror or "unreadable"))
            continue
        for file in files:
            try:
                found.append(read(file))
            except KeymapError as error:
                errors.append(error)
    return found
