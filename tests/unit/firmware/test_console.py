"""The console against a scripted shell, with a clock that only waiting moves."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from firmware_bridge.errors import LineNoisy, LineSilent, PromptMissing, ReplyMissing
from firmware_bridge.protocols.console import INTERRUPT, Console

PROMPT = b"=> "


class Shell:
    """A line to a shell that runs nothing: it notes what was entered and answers by ``reply``."""

    def __init__(self, reply: Callable[[str], bytes], garble: int = 0) -> None:
        self.now = 0.0
        self.entered: list[str] = []
        self._reply, self._garble = reply, garble
        self._typed, self._out = bytearray(), bytearray()

    def clock(self) -> float:
        return self.now

    def read(self, size: int, timeout: float) -> bytes:
        if not self._out:
            self.now += timeout
        data = bytes(self._out[:size])
        del self._out[:size]
        return data

    def write(self, data: bytes) -> None:
        self.now += 0.001
        for byte in data:
            if bytes([byte]) == INTERRUPT:
                self._typed.clear()
                self._out += b"<INTERRUPT>\r\n" + PROMPT
            elif byte == 0x0D:
                self.entered.append(self._typed.decode())
                self._out += b"\r\n" + self._reply(self._typed.decode())
                self._typed.clear()
            elif byte >= 0x20:
                if byte == ord("m") and self._garble:
                    self._garble -= 1
                    byte = ord("n")
                self._typed.append(byte)
                self._out.append(byte)


def echoing(status: int, printed: bytes = b"") -> Callable[[str], bytes]:
    """Answer as hush does: print, then what the echo behind the command asks for."""

    def reply(line: str) -> bytes:
        tag = re.findall(r"'(\w+)'", line)[-1]
        assert line.endswith(f"; echo 'stb''{tag}' $?")
        return printed + f"stb{tag} {status}\r\n".encode() + PROMPT

    return reply


def console(shell: Shell, tag: int = 0) -> Console:
    return Console(shell, "=> ", 5.0, tag, shell.clock)


def test_a_reply_is_what_was_printed_and_the_status() -> None:
    reply = console(Shell(echoing(1, b"one\r\ntwo\r\n"))).run("mmc dev 9")
    assert reply.status == 1
    assert reply.text.strip() == "one\ntwo"


def test_numbers_of_commands_wrap() -> None:
    shell = Shell(echoing(0))
    talk = console(shell, tag=0xFFFE)
    for _ in range(3):
        talk.run("version")
    assert [re.findall(r"''(\w+)'", line)[0] for line in shell.entered] == ["ffff", "0000", "0001"]


def test_a_command_changed_on_the_way_is_never_entered() -> None:
    shell = Shell(echoing(0), garble=2)
    assert console(shell).run("mmc write 0 0 1").status == 0
    assert [line.split(";")[0] for line in shell.entered] == ["mmc write 0 0 1"]


def test_a_line_that_always_changes_what_is_typed_is_told() -> None:
    shell = Shell(echoing(0), garble=1000)
    with pytest.raises(LineNoisy):
        console(shell).run("mmc write 0 0 1")
    assert shell.entered == []


def test_the_echo_of_the_command_is_not_its_reply() -> None:
    with pytest.raises(ReplyMissing) as error:
        console(Shell(lambda line: line.encode() + b"\r\n")).run("version", 3.0)
    assert error.value.args_ == {"command": "version", "seconds": 3}


def test_waking_a_ready_board_takes_one_key() -> None:
    shell = Shell(echoing(0))
    hints: list[int] = []
    console(shell).wake(INTERRUPT, 8.0, lambda: hints.append(1))
    assert not hints
    assert shell.now < 1
    assert shell.entered == []


class Deaf(Shell):
    """Says ``heard`` again and again, whatever it is sent."""

    def __init__(self, heard: bytes) -> None:
        super().__init__(echoing(0))
        self._heard = heard

    def write(self, data: bytes) -> None:
        self.now += 0.001
        self._out += self._heard


def test_silence_ends_in_bounded_time_with_one_hint() -> None:
    shell = Deaf(b"")
    hints: list[int] = []
    with pytest.raises(LineSilent) as error:
        console(shell).wake(INTERRUPT, 8.0, lambda: hints.append(1))
    assert error.value.args_ == {"seconds": 8}
    assert hints == [1]
    assert 8 <= shell.now < 9


def test_another_prompt_is_told_with_what_was_heard() -> None:
    with pytest.raises(PromptMissing) as error:
        console(Deaf(b"\r\nstb login: \x07")).wake(INTERRUPT, 4.0, lambda: None)
    assert error.value.args_ == {"seconds": 4, "heard": "stb login: ·"}
