"""The agent's socket seen from the UI."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from stb_agent.contract.actions import Action
from stb_agent.contract.messages import VERSION, ActionMessage, Hello, Intent, decode_from_ui, encode
from tests.support import views
from tests.support.fake_agent import FakeAgent
from ui.client import Client, LostError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ui.sock"


@pytest.fixture
def agent(path: Path) -> Iterator[FakeAgent]:
    agent = FakeAgent(path)
    yield agent
    agent.close()


def test_nobody_there_is_no_error(path: Path) -> None:
    client = Client(path)
    assert not client.connect()
    assert not client.connected


def test_hello_views_and_intents(path: Path, agent: FakeAgent) -> None:
    client = Client(path)
    assert client.connect()
    assert agent.accept() == Hello(VERSION)
    agent.show(views.HOME)
    agent.press(Action.OK)
    view, action = client.receive()
    assert getattr(view, "view", None) == views.HOME
    assert action == ActionMessage(Action.OK)
    client.send(Intent(1, "booking"))
    assert agent.intent() == Intent(1, "booking")
    client.close()


def test_a_message_may_come_in_pieces(tmp_path: Path) -> None:
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "s"))
    server.listen()
    client = Client(tmp_path / "s")
    assert client.connect()
    link, _ = server.accept()
    assert decode_from_ui(link.recv(1000)) == Hello(VERSION)
    line = encode(ActionMessage(Action.UP))
    link.sendall(line[:7])
    assert client.receive() == []
    link.sendall(line[7:] + line)
    assert client.receive() == [ActionMessage(Action.UP)] * 2
    link.sendall(b"{}\n")
    with pytest.raises(LostError):
        client.receive()
    for end in (link, server):
        end.close()
    client.close()


def test_the_end_of_the_agent_is_noticed(path: Path, agent: FakeAgent) -> None:
    client = Client(path)
    assert client.connect()
    agent.accept()
    agent.drop()
    with pytest.raises(LostError):
        client.receive()
    client.close()
