"""What the PC/SC layer makes of libpcsclite's answers, with the library played by a script."""

import pytest
from smartcard import scard

from stb_agent.card import errors
from stb_agent.card.reader import Sight, SlotState
from stb_agent.card.readers import pcsc

PRESENT, EMPTY, MUTE = scard.SCARD_STATE_PRESENT, scard.SCARD_STATE_EMPTY, scard.SCARD_STATE_MUTE
OK = scard.SCARD_S_SUCCESS


class Daemon:
    """libpcsclite's functions over a dictionary of readers; ``then`` is what happens during each wait."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.readers: dict[str, int] = {}
        self.establish = self.status = OK
        self.connects: list[int] = [OK]
        self.then: list[object] = []
        self.contexts = 0
        self.disconnected: list[int] = []
        for name in ("EstablishContext", "ReleaseContext", "ListReaders", "GetStatusChange", "Connect", "Disconnect",
                     "Status", "Transmit", "Cancel"):  # fmt: skip
            monkeypatch.setattr(scard, f"SCard{name}", getattr(self, name))
        for pause in ("_AGAIN", "_HELD_PAUSE", "_DENIED_PAUSE"):
            monkeypatch.setattr(pcsc, pause, 0.001)

    def EstablishContext(self, scope):
        self.contexts += self.establish == OK
        return self.establish, 1

    def ReleaseContext(self, context):
        self.contexts -= 1
        return OK

    def ListReaders(self, context, groups):
        return (OK, list(self.readers)) if self.readers else (scard.SCARD_E_NO_READERS_AVAILABLE, [])

    def GetStatusChange(self, context, timeout, states):
        if timeout:
            self.then.pop(0)()
            return self.status, []
        return self.status, [(name, self.readers[name] | scard.SCARD_STATE_CHANGED, []) for name, _ in states]

    def Connect(self, context, name, mode, protocols):
        assert mode == scard.SCARD_SHARE_EXCLUSIVE
        return self.connects.pop(0) if len(self.connects) > 1 else self.connects[0], 7, scard.SCARD_PROTOCOL_T1

    def Disconnect(self, card, disposition):
        self.disconnected.append(disposition)
        return OK

    def Status(self, card):
        return self.status, "reader", 0, 2, [0x3B, 0]

    def Transmit(self, card, protocol, command):
        return self.status, [0x90, 0x00]

    def Cancel(self, context):
        return OK


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Daemon:
    return Daemon(monkeypatch)


def watch(daemon: Daemon, *happenings) -> list[Sight]:
    source = pcsc.PcscSource()
    daemon.then = [*happenings, source.stop]
    seen = list(source.sights())
    assert daemon.contexts == 0
    return seen


def states(seen: list[Sight]) -> list[SlotState]:
    return [one.state for one in seen]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (scard.SCARD_E_NO_SERVICE, errors.ServiceMissing),
        (scard.SCARD_F_COMM_ERROR, errors.ServiceMissing),
        (scard.SCARD_W_SECURITY_VIOLATION, errors.Denied),
        (scard.SCARD_E_NO_READERS_AVAILABLE, errors.NoReader),
        (scard.SCARD_E_UNKNOWN_READER, errors.NoReader),
        (scard.SCARD_E_NO_SMARTCARD, errors.NoCard),
        (scard.SCARD_W_REMOVED_CARD, errors.Removed),
        (scard.SCARD_W_UNRESPONSIVE_CARD, errors.Mute),
        (scard.SCARD_E_SHARING_VIOLATION, errors.Busy),
        (scard.SCARD_E_NOT_TRANSACTED, errors.ExchangeFailed),
        (0x80100099, errors.ExchangeFailed),
    ],
)
def test_each_cause_has_its_own_error_and_leaves_nothing_open(daemon, code, error):
    daemon.connects = [code]
    with pytest.raises(error):
        pcsc.PcscSource().connect("reader")
    assert (daemon.contexts, daemon.disconnected) == (0, [])
    assert type(pcsc.error_of(code)) is error


def test_a_card_that_is_held_for_a_moment_is_waited_for(daemon):
    daemon.connects = [scard.SCARD_E_SHARING_VIOLATION] * 3 + [OK]
    reader = pcsc.PcscSource().connect("reader")
    assert reader.transmit(bytearray(b"\x00\x20\x00\x98")) == b"\x90\x00"
    for code in (scard.SCARD_E_NO_SMARTCARD, scard.SCARD_E_READER_UNAVAILABLE, scard.SCARD_W_REMOVED_CARD):
        daemon.status = code
        with pytest.raises(errors.Removed):
            reader.transmit(b"\x00\x20\x00\x98")
    reader.close()
    reader.close()
    assert (daemon.disconnected, daemon.contexts) == ([scard.SCARD_UNPOWER_CARD], 0)


def test_readers_and_cards_come_and_go(daemon):
    def put(**readers: int):
        return lambda: setattr(daemon, "readers", readers)

    seen = watch(daemon, put(a=EMPTY), put(a=EMPTY, b=EMPTY | 1 << 16), put(a=EMPTY, b=PRESENT | 2 << 16),
                 put(a=PRESENT | 1 << 16, b=PRESENT | 2 << 16), put(a=PRESENT | 1 << 16, b=EMPTY | 3 << 16),
                 put(a=PRESENT | MUTE | 1 << 16), put())  # fmt: skip
    assert [(one.state.value, one.reader) for one in seen] == [
        ("no_reader", ""), ("absent", "a"), ("present", "b"), ("absent", "b"), ("present", "a"), ("mute", "a"), ("no_reader", ""),
    ]  # fmt: skip
    assert seen[2].insertion != seen[4].insertion


def test_a_card_exchanged_between_two_looks_is_a_removal(daemon):
    daemon.readers = {"a": PRESENT | 1 << 16}
    seen = watch(daemon, lambda: daemon.readers.update(a=PRESENT | scard.SCARD_STATE_INUSE | 1 << 16),
                 lambda: daemon.readers.update(a=PRESENT | 3 << 16))  # fmt: skip
    assert states(seen) == [SlotState.PRESENT, SlotState.ABSENT, SlotState.PRESENT]
    assert seen[0].insertion != seen[2].insertion


def test_a_service_that_ends_denies_and_returns_is_told_apart(daemon, monkeypatch):
    daemon.readers = {"a": PRESENT | 1 << 16}
    answers = iter([OK, scard.SCARD_E_NO_SERVICE, scard.SCARD_E_NO_SERVICE, scard.SCARD_W_SECURITY_VIOLATION,
                    scard.SCARD_W_SECURITY_VIOLATION, scard.SCARD_W_SECURITY_VIOLATION, OK, OK])  # fmt: skip
    real = daemon.EstablishContext

    def establish(scope):
        daemon.establish, daemon.status = next(answers), OK
        return real(scope)

    monkeypatch.setattr(scard, "SCardEstablishContext", establish)
    seen = watch(daemon, lambda: setattr(daemon, "status", scard.SCARD_E_NO_SERVICE))
    assert states(seen) == [SlotState.PRESENT, SlotState.NO_SERVICE, SlotState.DENIED, SlotState.PRESENT]
    assert [type(one.error()) for one in seen[1:3]] == [errors.ServiceMissing, errors.Denied]
    assert seen[0].insertion != seen[3].insertion


def test_one_denial_is_a_daemon_on_its_way_out(daemon, monkeypatch):
    answers = iter([scard.SCARD_W_SECURITY_VIOLATION, scard.SCARD_E_NO_SERVICE])
    monkeypatch.setattr(scard, "SCardEstablishContext", lambda scope: (next(answers), 0))
    assert pcsc.diagnose() == (Sight(SlotState.NO_SERVICE), ())


def test_diagnose_names_the_readers(daemon):
    daemon.readers = {"a": EMPTY, "b": PRESENT | MUTE}
    sight, names = pcsc.diagnose()
    assert (sight.state, sight.reader, names, daemon.contexts) == (SlotState.MUTE, "b", ("a", "b"), 0)
    assert type(sight.error()) is errors.Mute
