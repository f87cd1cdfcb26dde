"""Short sounds for what a key did, made here: soft, and at 500 to 1000 Hz, which ears hear longest (ISO 7029: hearing goes from the high end)."""

from __future__ import annotations

import functools
import logging
import math
import struct
import subprocess
from collections.abc import Callable, Sequence
from enum import Enum

from stb_agent.contract.actions import ARROWS, Action
from stb_agent.contract.messages import Intent
from stb_agent.contract.speech import Output
from ui.sketch import BACK
from ui.speech.sinks import command

RATE = 22050
"""Samples a second."""
_MOST = 3
"""Players at once: who holds an arrow hears a few, and nothing piles up."""

log = logging.getLogger(__name__)


class Earcon(Enum):
    """What is heard: pairs of Hz and ms, one after the other."""

    MOVE = ((660, 45),)
    PRESS = ((660, 50), (880, 70))
    BACK = ((880, 50), (660, 70))
    REFUSED = ((520, 45), (520, 45))


def earcon(action: Action | None, intent: Intent | None, *, changed: bool) -> Earcon | None:
    """Give the sound for a key that led to an intent, or ``changed`` what is seen, or neither: then it was refused, at the border say."""
    if action is Action.BACK or (intent is not None and intent.id == BACK):
        return Earcon.BACK
    if action is None or (action in ARROWS | {Action.OK} and not changed and intent is None):
        return Earcon.REFUSED
    if action not in ARROWS | {Action.OK}:
        return None
    return Earcon.PRESS if action is Action.OK else Earcon.MOVE


@functools.cache
def samples(sound: Earcon, level: int) -> bytes:
    """Give the sound as 16-bit mono at RATE; every tone swells and fades, so that nothing clicks."""
    made: list[int] = []
    for hertz, milliseconds in sound.value:
        count = RATE * milliseconds // 1000
        for at in range(count):
            swell = math.sin(math.pi * at / count) ** 2
            made.append(round(32767 * level / 100 * swell * math.sin(2 * math.pi * hertz * at / RATE)))
    return struct.pack(f"<{len(made)}h", *made)


class Earcons:
    """Plays each sound by a player's process of its own, which ends with it: over the voice, and nothing runs in between."""

    def __init__(self, player: Callable[[Output, int], Sequence[str]] = command) -> None:
        """Take what gives the player's command line."""
        self._player = player
        self._playing: list[subprocess.Popen[bytes]] = []
        self._failed = False

    def play(self, sound: Earcon, level: int, output: Output) -> None:
        """Begin to play; never waits. Without a player it is silent, and says so in the log once."""
        self._playing = [it for it in self._playing if it.poll() is None]
        if len(self._playing) >= _MOST:
            return
        null = subprocess.DEVNULL
        try:
            process = subprocess.Popen(
                self._player(output, RATE), stdin=subprocess.PIPE, stdout=null, stderr=null, bufsize=0
            )
        except OSError as error:
            if not self._failed:
                log.warning("sounds cannot be played: %s", error)
            self._failed = True
            return
        self._playing.append(process)
        assert process.stdin
        try:
            process.stdin.write(samples(sound, level))  # less than a pipe holds
            process.stdin.close()
        except BrokenPipeError:
            process.kill()

    def close(self) -> None:
        """End what still plays."""
        for process in self._playing:
            process.kill()
            process.wait()
        self._playing = []
