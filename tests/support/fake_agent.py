"""An agent of few words: a socket server that sends a UI the views that a test chooses and keeps what comes back."""

from __future__ import annotations

import socket
import time
from pathlib import Path

from stb_agent.contract.actions import Action
from stb_agent.contract.messages import (
    ActionMessage,
    CardState,
    Hello,
    Intent,
    Status,
    ViewMessage,
    decode_from_ui,
    encode,
)
from stb_agent.contract.views import View


class FakeAgent:
    """Listens at ``path``; one UI at a time."""

    def __init__(self, path: Path, timeout: float = 10.0) -> None:
        """Listen; ``timeout`` is how many seconds any wait may take before TimeoutError."""
        self.intents: list[Intent] = []
        self.rev = 0
        self._timeout = timeout
        self._ui: socket.socket | None = None
        self._rest = b""
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen()
        self._server.settimeout(timeout)

    def accept(self) -> Hello:
        """Wait for a UI; give its hello."""
        self.drop()
        self._ui, _ = self._server.accept()
        self._rest = b""
        hello = decode_from_ui(self._line(self._timeout))
        assert isinstance(hello, Hello)
        return hello

    def show(self, view: View, *, shown: bool = True, personal: bool = False, status: Status | None = None) -> int:
        """Send a view under a new rev; give the rev."""
        self.rev += 1
        status = status or Status(CardState.ABSENT, practice=True)
        self._send(encode(ViewMessage(self.rev, shown, personal, status, view)))
        return self.rev

    def press(self, *actions: Action) -> None:
        """Send actions, one message each."""
        for action in actions:
            self._send(encode(ActionMessage(action)))

    def intent(self) -> Intent:
        """Wait for the next intent."""
        message = decode_from_ui(self._line(self._timeout))
        assert isinstance(message, Intent)
        self.intents.append(message)
        return message

    def quiet(self, seconds: float) -> bool:
        """Tell whether nothing comes for so long."""
        try:
            self.intents.append(decode_from_ui(self._line(seconds)))  # type: ignore[arg-type]
        except TimeoutError:
            return True
        return False

    def drop(self) -> None:
        """End the connection, as an agent that dies does."""
        if self._ui:
            self._ui.close()
        self._ui = None

    def close(self) -> None:
        """End everything."""
        self.drop()
        self._server.close()

    def _send(self, line: bytes) -> None:
        assert self._ui
        self._ui.sendall(line)

    def _line(self, seconds: float) -> bytes:
        assert self._ui
        end = time.monotonic() + seconds
        while b"\n" not in self._rest:
            self._ui.settimeout(max(end - time.monotonic(), 0.001))
            chunk = self._ui.recv(4096)
            assert chunk, "the UI has gone"
            self._rest += chunk
        line, self._rest = self._rest.split(b"\n", 1)
        return line
