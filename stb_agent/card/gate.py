"""The session's only way to the card: what the table of ``allowed`` does not list raises Forbidden before a byte reaches the reader."""

from __future__ import annotations

import logging

from stb_agent.card.allowed import GET_RESPONSE, RULES, SELECT_APPLICATION, Effect, File, Rule, short_id
from stb_agent.card.apdu import SW, Buffer, Command, Ins, Response
from stb_agent.card.errors import Forbidden
from stb_agent.card.reader import Reader

_log = logging.getLogger(__name__)
TRAFFIC = 5
"""Log level of commands and status words, below DEBUG; never data of an answer, never the body of VERIFY."""
logging.addLevelName(TRAFFIC, "TRAFFIC")

_WHOLE_FILE = 0x10000


class Gate:
    """Let through to a reader what the rules allow.

    Besides the form of a command it watches the order: nothing before the JPKI application is selected, no read or use of
    "the current file" unless that is an allowed one, GET RESPONSE only when the card announced more data.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._application = False
        self._current: int | None = None
        self._more = False

    def transmit(self, apdu: Buffer) -> bytes:
        """Exchange an allowed APDU. Raises Forbidden, and what the reader raises."""
        effect = self._effect(apdu)
        short_file = apdu[2]
        file = int.from_bytes(apdu[5:7], "big") if effect is Effect.FILE else None
        if effect is Effect.APPLICATION:
            self._application = False
        if effect is not Effect.NONE:
            self._current = None
        self._more = False
        answer = self._reader.transmit(apdu)
        sw = Response.decode(answer).sw
        if _log.isEnabledFor(TRAFFIC):
            _log.log(TRAFFIC, "%s -> %04X, %d bytes", _shown(apdu), sw, len(answer) - 2)
        self._more = sw >> 8 == 0x61
        if sw in (SW.OK, SW.END_OF_FILE) or self._more:
            if effect is Effect.APPLICATION:
                self._application = True
            elif effect is Effect.FILE:
                self._current = file
            elif effect is Effect.SHORT_FILE:
                self._current = next(it for it in File if short_id(it) == short_file)
        return answer

    def _effect(self, apdu: Buffer) -> Effect:
        try:
            command = Command.decode(apdu)
        except ValueError:
            raise Forbidden from None
        if _allows(SELECT_APPLICATION, command):
            return SELECT_APPLICATION.effect
        if self._more and _allows(GET_RESPONSE, command):
            return GET_RESPONSE.effect
        if self._application:
            for rule in RULES:
                if rule.current in (None, self._current) and _allows(rule, command):
                    return rule.effect
        raise Forbidden


def _allows(rule: Rule, command: Command) -> bool:
    """Tell whether header, body and lengths fit."""
    whole_file = rule.whole_file and command.le == _WHOLE_FILE
    return (
        (command.cla, command.ins) == (rule.cla, rule.ins)
        and command.p1 in rule.p1
        and command.p2 in rule.p2
        and (whole_file if command.extended else command.le in rule.le)
        and any(body.fits(command.data) for body in rule.bodies)
    )


def _shown(apdu: Buffer) -> str:
    """Write a command for the log, the body of VERIFY masked."""
    shown = 5 if apdu[1] == Ins.VERIFY else len(apdu)
    return bytes(apdu[:shown]).hex(" ").upper() + " **" * (len(apdu) - shown)
