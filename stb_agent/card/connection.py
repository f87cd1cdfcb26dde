"""One connection to the card in the slot: opened by its first verb, every step bounded, unpowered at its end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from stb_agent.card import errors
from stb_agent.card.apdu import SW, Buffer, Command, Ins
from stb_agent.card.certificate import AuthenticationCertificate, Trust, days_until_end
from stb_agent.card.diagnosis import diagnosed
from stb_agent.card.jpki import WHOLE_FILE, Feature, Session, Token, Ways
from stb_agent.card.pin import Pin
from stb_agent.card.reader import Reader, ReaderSource
from stb_agent.card.worker import Steps

Payload = bytes | Callable[[AuthenticationCertificate], bytes]


@dataclass(frozen=True)
class Limits:
    """Seconds a step may take before the person is told.

    ``whole_file``: a certificate in one command takes up to 2 s on a contact card at 9600 bit/s. ``settle``: how long a failed exchange
    may turn out to have been a removal, which pcscd sees when it next polls the reader.
    """

    connect: float = 3.0
    command: float = 2.0
    whole_file: float = 2.8
    sign: float = 10.0
    settle: float = 1.0

    def of(self, apdu: Buffer) -> float:
        """Give the limit of a command."""
        if apdu[1] == Ins.PERFORM_SECURITY_OPERATION:
            return self.sign
        return self.whole_file if Command.decode(apdu).le == WHOLE_FILE else self.command


@dataclass(frozen=True)
class Tools:
    """What every connection of a slot shares. ``ways``: by reader and answer-to-reset, what was found to be lacking."""

    trust: Trust
    clock: Callable[[], datetime]
    limits: Limits
    ways: dict[tuple[str, bytes], Ways] = field(default_factory=dict)


@dataclass(frozen=True)
class Inspection:
    """What can be told of a card without telling whose it is.

    ``level``: the reader's, or which length of commands it carries where a service hides that. ``token``: None if the card does not say.
    ``tries``: None if it does not tell. ``days_left``: of the certificate, negative once it is out of date, None without one.
    ``trouble``: why it cannot be used here.
    """

    reader: str
    protocol: str
    level: str
    token: Token | None
    tries: int | None
    days_left: int | None
    trouble: errors.CardError | None


class Connection:
    """The verbs a slot offers, each in one go. ``known``: the certificate of this insertion, once it was read and checked."""

    def __init__(self, source: ReaderSource, name: str, tools: Tools, known: AuthenticationCertificate | None) -> None:
        self.known = known
        self._source = source
        self._name = name
        self._tools = tools
        self._reader: Reader | None = None

    @contextlib.contextmanager
    def bounded(self, steps: Steps) -> Iterator[None]:
        """Run the verbs inside with these steps, and unpower the card at the end."""
        self._steps = steps
        try:
            yield
        finally:
            self._close()

    def certificate(self) -> AuthenticationCertificate:
        """Read and check the certificate."""
        return self._certificate(self._open())

    def tries(self) -> int:
        """Ask the tries left. Raises PinBlocked if there is none, PinUnusable if there never was one, KeyUnsupported if they are of no use."""
        if self.known is not None:
            _check_key(self.known)
        return self._tries(self._open())[1]

    def minor(self) -> bool:
        """Tell whether there is an authentication certificate and no signature certificate; False if the card does not say."""
        there = self._open().availability()
        return there is not None and there.authentication and not there.signature

    def inspect(self) -> Inspection:
        """Look at all that needs no PIN."""
        session, reader = self._open(), self._reader
        token = session.token()
        days_left: int | None = None
        trouble: errors.CardError | None = None
        now = self._tools.clock()
        try:
            der = session.read_certificate()
            days_left = days_until_end(der, now)
            _check_key(self._tools.trust.check(der, now))
        except (errors.CertificateError, errors.KindError, errors.UnexpectedStatus) as error:
            trouble = diagnosed(session, error)
        tries: int | None = None
        try:
            tries = session.tries()
            if tries == 0:
                trouble = trouble or diagnosed(session, errors.PinBlocked())
        except (errors.CertificateAbsent, errors.UnexpectedStatus) as error:
            trouble = trouble or error
        assert reader is not None
        level = reader.level or ("extended" if self._ways(reader).has(Feature.EXTENDED) else "short")
        return Inspection(reader.name, reader.protocol, level, token, tries, days_left, trouble)

    def authenticate(self, pin: Pin, payload: Payload, expected_tries: int | None) -> bytes:
        """Verify and sign: with a known certificate four commands, else five."""
        session = self._open()
        certificate = self._certificate(session)
        _check_key(certificate)
        data = payload if isinstance(payload, bytes) else payload(certificate)
        session, left = self._tries(session)
        if expected_tries is not None and left < expected_tries:
            raise errors.PinChanged(left)
        session.verify(pin)
        return session.sign(data, certificate)

    def _certificate(self, session: Session) -> AuthenticationCertificate:
        if self.known is None:
            try:
                self.known = self._tools.trust.check(session.read_certificate(), self._tools.clock())
            except (errors.CertificateError, errors.UnexpectedStatus) as error:
                raise diagnosed(session, error) from None
        return self.known

    def _tries(self, session: Session) -> tuple[Session, int]:
        left = session.tries()
        if left is None:
            # Another program left the card with its PIN verified; without power it forgets that.
            self._close()
            session = self._open()
            left = session.tries()
        if left is None:
            raise errors.UnexpectedStatus(SW.OK)
        if left == 0:
            raise diagnosed(session, errors.PinBlocked())
        return session, left

    def _open(self) -> Session:
        with self._steps.step(self._tools.limits.connect):
            reader = self._reader = self._source.connect(self._name)
        session = Session(_Bounded(reader, self._steps, self._tools.limits), self._ways(reader))
        session.select()
        return session

    def _ways(self, reader: Reader) -> Ways:
        return self._tools.ways.setdefault((reader.name, reader.atr), Ways())

    def _close(self) -> None:
        reader, self._reader = self._reader, None
        if reader:
            with self._steps.step(self._tools.limits.command, last=True):
                reader.close(unpower=True)


def _check_key(certificate: AuthenticationCertificate) -> None:
    if not certificate.signs:
        raise errors.KeyUnsupported


class _Bounded:
    """A reader whose every exchange is a step."""

    def __init__(self, reader: Reader, steps: Steps, limits: Limits) -> None:
        self.name, self.atr, self.protocol, self.level = reader.name, reader.atr, reader.protocol, reader.level
        self._reader = reader
        self._steps = steps
        self._limits = limits

    def transmit(self, apdu: Buffer) -> bytes:
        with self._steps.step(self._limits.of(apdu)):
            return self._reader.transmit(apdu)

    def close(self, unpower: bool = True) -> None:
        self._reader.close(unpower)
