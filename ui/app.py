"""The loop: wait for the agent or the window, take what came, draw once; sleep otherwise."""

from __future__ import annotations

import contextlib
import logging
import select
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from stb_agent.contract.messages import ActionMessage, FromAgent, ViewMessage
from ui import lean
from ui.client import Client, LostError
from ui.earcons import Earcons, earcon
from ui.scene import Scene
from ui.screens.kinds import drawer
from ui.speech.announcer import Announcer
from ui.speech.voice import Voice
from ui.stage import Stage
from ui.widgets.painter import Painter
from ui.widgets.text import measure
from ui.widgets.window import Happened, Surface

_RETRY = 0.2
"""Seconds between attempts to reach the agent."""
_STOPPED = 0.15
"""Seconds for which is shown that a key led nowhere."""
_REST = 2.0
"""Seconds without anything new after which memory that is free goes back to the system."""

log = logging.getLogger(__name__)


class App:
    """Puts client, stage and window together."""

    def __init__(self, path: Path, patience: float) -> None:
        """Make the window, hidden; ``patience``: seconds without an agent after which the programme gets the screen back."""
        self._client = Client(path)
        self._stage = Stage(drawer(measure))
        self._surface = Surface()
        self._painter = Painter(self._surface.canvas)
        self._patience = patience
        self._lost_at: float | None = None
        self._announcer = Announcer(Voice(time.monotonic))
        self._earcons = Earcons()
        self._try_at = 0.0
        self._rest_at: float | None = None
        self._stopped_until: float | None = None
        self._running = True

    def run(self) -> None:
        """Serve until the window is closed or SIGTERM or SIGINT comes."""
        with _signals() as wake:
            while self._running:
                self._reach()
                self._wait(wake)
        self._announcer.close()
        self._earcons.close()
        self._client.close()
        self._surface.close()

    def _reach(self) -> None:
        now = time.monotonic()
        if self._client.connected or now < self._try_at:
            return
        self._try_at = now + _RETRY
        if self._client.connect():
            log.info("connected to the agent")

    def _wait(self, wake: socket.socket) -> None:
        sources: list[socket.socket | Surface | Client | Voice] = [wake, self._surface]
        if self._client.connected:
            sources.append(self._client)
        settled = self._client.connected and self._lost_at is None
        voice = self._announcer.voice
        if voice.running:
            sources.append(voice)
        rest = None if self._rest_at is None else max(self._rest_at - time.monotonic(), 0.0)
        stopped = None if self._stopped_until is None else max(self._stopped_until - time.monotonic(), 0.0)
        patience = (None if settled else _RETRY, voice.patience, rest, stopped)
        ready, _, _ = select.select(sources, [], [], min((it for it in patience if it is not None), default=None))
        if rest == 0 and not ready:
            lean.tidy()
            self._rest_at = None
        if stopped == 0 and self._client not in ready:
            self._stage.rest()
            self._stopped_until = None
            self._refresh()
        if voice in ready or voice.patience == 0:
            voice.look()
        if wake in ready:
            self._running = False
            return
        if self._client in ready:
            self._converse()
        if self._lost_at is not None and time.monotonic() - self._lost_at > self._patience:
            self._stage.hide()
            self._refresh()
            self._announcer.hear(self._stage.heard())
        told = self._surface.happened()
        self._running = Happened.CLOSED not in told
        if Happened.EXPOSED in told and self._surface.shown:
            self._surface.draw(None)

    def _converse(self) -> None:
        """Take what the agent says; when it is gone, say so and try again in a while."""
        key, sound = False, None
        self._rest_at = time.monotonic() + _REST
        try:
            for message in _latest(self._client.receive()):
                before, answers = self._stage.state, self._stage.answers
                intent = self._stage.receive(message)
                if isinstance(message, ActionMessage):
                    key = message.action is not None
                    if answers:
                        sound = earcon(message.action, intent, changed=self._stage.state != before)
                self._lost_at = None
                if intent:
                    self._client.send(intent)
        except LostError:
            self._client.close()
            self._try_at = time.monotonic() + _RETRY
            if self._lost_at is None:
                log.warning("the agent is lost")
                self._lost_at = time.monotonic()
                self._stage.lose()
        self._refresh()
        self._stopped_until = time.monotonic() + _STOPPED if self._stage.stopped else None
        if sound is not None and (status := self._stage.sounds) is not None:
            self._earcons.play(sound, status.sounds.level, status.speech.output)
        self._announcer.hear(self._stage.heard(), key=key)  # what is seen comes first, by a few ms

    def _refresh(self) -> None:
        """Bring the screen to what the stage says."""
        if not self._stage.shown:
            self._surface.hide()
            self._painter.paint(Scene())  # what nobody sees is not kept
            return
        damage = self._painter.paint(self._stage.scene())
        if not self._surface.shown:
            self._surface.show()
        elif damage:
            self._surface.draw(damage)


def _latest(messages: list[FromAgent]) -> list[FromAgent]:
    """Leave out views that the next message replaces: nobody would see them."""
    following = [*messages[1:], None]
    return [
        one
        for one, other in zip(messages, following, strict=True)
        if not isinstance(one, ViewMessage) or not isinstance(other, ViewMessage)
    ]


@contextlib.contextmanager
def _signals() -> Iterator[socket.socket]:
    """Turn SIGTERM and SIGINT into a byte to wait for: a signal alone does not end a select."""
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    old = signal.set_wakeup_fd(writer.fileno())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    try:
        yield reader
    finally:
        signal.set_wakeup_fd(old)
        reader.close()
        writer.close()
