import errno
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
import usb.core
import usb.util

from simulators.card import Accident, Fault, Link, Quirks, Tries
from simulators.reader import MODELS, BlockAccident, BlockFault, Hand, UsbAccident, UsbFault
from tests.support.ccid_host import ABORT, ESCAPE, POWER_OFF, POWER_ON, STATUS, XFR, Host, block

Make = Callable[..., Hand]
AP = bytes.fromhex("00A4040C0AD392F000260100000001")
VERIFY, WRONG = bytes.fromhex("002000980431323334"), bytes.fromhex("002000980430303030")
SIGN = bytes.fromhex("802A0097014100")


def ready(hand: Hand, profile: str = "linked") -> Host:
    """Insert a card and power it, in a reader at APDU level or one that negotiates by itself."""
    hand.insert(profile)
    host = Host(hand.backend)
    assert host.ask(POWER_ON, specific=bytes([0 if hand.device.model.features & 8 else 1, 0, 0])).status == 0
    return host


@contextmanager
def error(number: int) -> Iterator[None]:
    with pytest.raises(usb.core.USBError) as raised:
        yield
    assert raised.value.errno == number


# --- the bus


@pytest.mark.parametrize("name", sorted(MODELS))
def test_pyusb_reads_the_descriptors(make_hand: Make, name: str) -> None:
    model = MODELS[name]
    (device,) = usb.core.find(find_all=True, backend=make_hand(name).backend)
    assert (device.idVendor, device.idProduct, device.product) == (model.vendor, model.product, model.name)
    interface = device[0][0, 0]
    assert bytes(interface.extra_descriptors) == model.class_descriptor
    assert len(model.class_descriptor) == model.class_descriptor[0] == 54
    kinds = [usb.util.endpoint_type(endpoint.bmAttributes) for endpoint in interface]
    assert kinds == [usb.util.ENDPOINT_TYPE_BULK] * 2 + [usb.util.ENDPOINT_TYPE_INTR] * model.interrupt


def test_the_class_descriptor_may_be_at_the_endpoint(make_hand: Make) -> None:
    model = replace(MODELS["scr3310-nttcom"], descriptor_at_endpoint=True)
    (device,) = usb.core.find(find_all=True, backend=make_hand(model).backend)
    assert not device[0][0, 0].extra_descriptors
    assert bytes(list(device[0][0, 0])[-1].extra_descriptors) == model.class_descriptor


def test_class_requests(make_hand: Make) -> None:
    host = Host(make_hand("gempc-twin").backend)
    assert bytes(host.device.ctrl_transfer(0xA1, 2, 0, 0, 64)) == (4000).to_bytes(4, "little")
    assert len(host.device.ctrl_transfer(0xA1, 3, 0, 0, 256)) == 4 * 6
    with error(errno.EPIPE):
        Host(make_hand("acr39u").backend).device.ctrl_transfer(0xA1, 2, 0, 0, 64)


def test_one_claim_at_a_time(make_hand: Make) -> None:
    hand = make_hand()
    hand.device.taken_by_others = True
    (device,) = usb.core.find(find_all=True, backend=hand.backend)
    with error(errno.EBUSY):
        usb.util.claim_interface(device, 0)
    hand.device.taken_by_others = False
    usb.util.claim_interface(device, 0)
    (other,) = usb.core.find(find_all=True, backend=hand.backend)
    with error(errno.EBUSY):
        usb.util.claim_interface(other, 0)
    usb.util.dispose_resources(device)
    usb.util.claim_interface(other, 0)


def test_no_permission(make_hand: Make) -> None:
    hand = make_hand()
    hand.device.forbidden = True
    (device,) = usb.core.find(find_all=True, backend=hand.backend)
    with error(errno.EACCES):
        device.ctrl_transfer(0xA1, 2, 0, 0, 64)


def test_unplugged_and_plugged_in_again(make_hand: Make) -> None:
    hand = make_hand()
    host = ready(hand)
    hand.unplug()
    assert list(usb.core.find(find_all=True, backend=hand.backend)) == []
    with error(errno.ENODEV):
        host.send(STATUS)
    hand.plug()
    with error(errno.ENODEV):
        host.send(STATUS)
    again = Host(hand.backend)
    assert again.device.address != host.device.address
    assert again.ask(STATUS).status == 1


def test_unplugged_while_the_host_waits(make_hand: Make) -> None:
    hand = make_hand()
    host = Host(hand.backend)
    threading.Timer(0.05, hand.unplug).start()
    start = time.monotonic()
    with error(errno.ENODEV):
        host.receive(5000)
    assert time.monotonic() - start < 1


def test_a_read_waits_as_long_as_it_says(make_hand: Make) -> None:
    host = Host(make_hand().backend)
    start = time.monotonic()
    with pytest.raises(usb.core.USBTimeoutError):
        host.receive(60)
    assert 0.05 < time.monotonic() - start < 1


def test_an_answer_of_whole_packets_ends_with_an_empty_one(make_hand: Make) -> None:
    for zero_packet in (True, False):
        hand = make_hand(replace(MODELS["rc-s300"], zero_packet=zero_packet))
        host = ready(hand)
        host.xfr(AP)
        host.send(XFR, bytes.fromhex("00B08A0034"))  # 10 + 52 + 2 octets
        assert len(host.device.read(0x82, 1024, 60)) == 64
        with pytest.raises(usb.core.USBTimeoutError):
            host.receive(20)
        host.send(XFR, bytes.fromhex("00B08A0034"))
        assert len(host.device.read(0x82, 64, 60)) == 64
        if zero_packet:
            assert len(host.device.read(0x82, 64, 60)) == 0


def test_a_buffer_that_is_too_small_overflows(make_hand: Make) -> None:
    host = Host(make_hand().backend)
    host.send(STATUS)
    with error(errno.EOVERFLOW):
        host.device.read(0x82, 8, 100)


# --- the slot


def test_insertion_and_removal_are_notified(make_hand: Make) -> None:
    hand = make_hand()
    host = Host(hand.backend)
    with pytest.raises(usb.core.USBTimeoutError):
        host.device.read(0x83, 8, 20)
    hand.insert("linked")
    assert bytes(host.device.read(0x83, 8, 20)) == b"\x50\x03"
    hand.pull()
    assert bytes(host.device.read(0x83, 8, 20)) == b"\x50\x02"
    assert host.ask(STATUS).status == 2
    assert host.ask(POWER_ON).status == 0x42


def test_without_an_interrupt_endpoint_one_has_to_ask(make_hand: Make) -> None:
    hand = make_hand("idprotect-key")
    host = Host(hand.backend)
    assert host.ask(STATUS).status == 2
    hand.insert("linked")
    assert host.ask(STATUS).status == 0  # this one powers a card by itself
    with error(errno.ENOENT):
        hand.backend.intr_read(host.device._ctx.handle, 0x83, 0, usb.util.create_buffer(8), 10)


def test_only_power_off_ends_the_security_status(make_hand: Make) -> None:
    host = ready(make_hand("rc-s300"))
    for command in (AP, VERIFY):
        assert host.xfr(command).data == b"\x90\x00"
    assert host.ask(POWER_ON).status == 0  # a warm reset
    host.xfr(AP)
    assert len(host.xfr(SIGN).data) == 258
    assert host.ask(POWER_OFF).status == 1
    assert host.xfr(AP).status == 0x41
    host.ask(POWER_ON)
    host.xfr(AP)
    assert host.xfr(SIGN).data == b"\x69\x82"


def test_what_is_no_atr(make_hand: Make) -> None:
    hand = make_hand()
    hand.quirks(Quirks(atr="3be000ff8131fe4515"))
    hand.insert("linked")
    assert Host(hand.backend).ask(POWER_ON).error == 0xF7


def test_messages_that_are_wrong(make_hand: Make) -> None:
    host = ready(make_hand())
    assert host.ask(STATUS, slot=1).error == 5
    assert host.ask(ESCAPE).error == 0
    assert host.ask(0x13).kind == 0x81
    assert host.xfr(block(0, AP), level=1).error == 8
    assert host.ask(XFR, bytes(262)).error == 1


@pytest.mark.parametrize("model", ["rc-s300", "scr3310-nttcom"])
@pytest.mark.parametrize(
    ("accident", "tries", "recorded"),
    [(Accident.PULL_BEFORE, 3, None), (Accident.PULL_INSIDE, 2, None), (Accident.PULL_AFTER, 2, "63c2")],
)
def test_a_card_pulled_around_verify(
    make_hand: Make, model: str, accident: Accident, tries: int, recorded: str | None
) -> None:
    hand = make_hand(model)
    host = ready(hand, "new")
    hand.recorder.exchanges.clear()
    hand.tries(Tries(authentication=3))
    tpdu = model == "scr3310-nttcom"
    for number, command in enumerate((AP, WRONG)):
        if number:
            hand.fault(Fault(do=accident, ins="20"))
        reply = host.xfr(block(number << 6, command) if tpdu else command)
    if accident is Accident.PULL_AFTER:
        assert reply.data[3 if tpdu else 0 :][:2] == b"\x63\xc2"
    else:
        assert (reply.status, reply.error) == (0x42, 0xFE)
    assert host.ask(STATUS).status == 2
    assert hand.inserted is None
    hand.insert("new")
    assert hand.count().authentication == tries
    assert [one.answer for one in hand.recorder.exchanges] == ["9000", *([recorded] if tries < 3 else [])]


def test_a_card_pulled_by_hand_while_it_works(make_hand: Make) -> None:
    hand = make_hand("rc-s300", bwt=10.0)
    host = ready(hand)
    hand.fault(Fault(do=Accident.SLOW, seconds=60))
    host.send(XFR, AP)
    threading.Timer(0.05, hand.pull).start()
    reply = host.receive(2000)
    assert (reply.status, reply.error, reply.sequence) == (0x42, 0xFE, host.sequence)
    assert hand.recorder.exchanges[-1].answer is None


# --- accidents on the cable


def test_a_lost_answer(make_hand: Make) -> None:
    hand = make_hand("rc-s300")
    host = ready(hand)
    hand.usb(UsbFault(UsbAccident.LOST, message=XFR))
    host.send(XFR, AP)
    with pytest.raises(usb.core.USBTimeoutError):
        host.receive(30)
    assert host.xfr(AP).data == b"\x90\x00"
    assert len(hand.recorder.commands) == 2


def test_a_slot_that_is_stuck_wants_both_halves_of_an_abort(make_hand: Make) -> None:
    hand = make_hand("rc-s300")
    host = ready(hand)
    hand.usb(UsbFault(UsbAccident.STUCK, message=XFR))
    host.send(XFR, AP)
    with pytest.raises(usb.core.USBTimeoutError):
        host.receive(30)
    assert (host.ask(STATUS).status, host.ask(STATUS).error) == (0x40, 0xE0)
    for control_first in (True, False):
        sequence = host.sequence + 1 & 0xFF
        if control_first:
            host.device.ctrl_transfer(0x21, 1, sequence << 8, 0)
        host.send(ABORT)
        if not control_first:
            with pytest.raises(usb.core.USBTimeoutError):
                host.receive(30)
            host.device.ctrl_transfer(0x21, 1, sequence << 8, 0)
        reply = host.receive()
        assert (reply.kind, reply.sequence, reply.status) == (0x81, sequence, 0)
    assert host.xfr(AP).data == b"\x90\x00"
    assert len(hand.recorder.commands) == 1


def test_a_reset_forgets_a_stuck_command(make_hand: Make) -> None:
    hand = make_hand("rc-s300")
    host = ready(hand)
    hand.usb(UsbFault(UsbAccident.STUCK))
    host.send(STATUS)
    host.device.reset()
    assert host.ask(STATUS).status == 1


def test_a_late_answer_keeps_its_number(make_hand: Make) -> None:
    hand = make_hand("rc-s300")
    host = ready(hand)
    hand.usb(UsbFault(UsbAccident.LATE, seconds=0.1))
    host.send(STATUS)
    late = host.sequence
    with pytest.raises(usb.core.USBTimeoutError):
        host.receive(20)
    time.sleep(0.1)
    host.send(STATUS)
    assert [host.receive().sequence for _ in range(2)] == [late, host.sequence]


@pytest.mark.parametrize(
    ("accident", "sequences", "slots"),
    [(UsbAccident.WRONG_SEQUENCE, [False], [0]), (UsbAccident.STALE, [False, True], [0, 0]),
     (UsbAccident.WRONG_SLOT, [True], [1])],
)  # fmt: skip
def test_answers_to_something_else(
    make_hand: Make, accident: UsbAccident, sequences: list[bool], slots: list[int]
) -> None:
    hand = make_hand()
    host = Host(hand.backend)
    hand.usb(UsbFault(accident))
    host.send(STATUS)
    replies = [host.receive() for _ in sequences]
    assert [reply.sequence == host.sequence for reply in replies] == sequences
    assert [reply.slot for reply in replies] == slots


def test_time_extensions(make_hand: Make) -> None:
    hand = make_hand("rc-s300")
    host = ready(hand)
    hand.usb(UsbFault(UsbAccident.EXTENSION, message=XFR, value=255, times=2, seconds=0.01))
    host.send(XFR, AP)
    replies = [host.receive() for _ in range(3)]
    assert [(reply.status, reply.error, reply.sequence) for reply in replies] == [
        (0x80, 255, host.sequence), (0x80, 255, host.sequence), (0, 0, host.sequence),
    ]  # fmt: skip


def test_a_card_at_work_has_the_reader_ask_for_time(make_hand: Make) -> None:
    hand = make_hand("rc-s300")
    host = ready(hand)
    hand.fault(Fault(do=Accident.SLOW, seconds=0.1))
    host.send(XFR, AP)
    statuses = [host.receive().status for _ in range(3)]
    assert statuses == [0x80, 0x80, 0]


def test_a_failure_is_not_done(make_hand: Make) -> None:
    hand = make_hand("rc-s300")
    host = ready(hand)
    hand.usb(UsbFault(UsbAccident.FAILED, message=XFR, value=0xFB))
    failed = host.xfr(AP)
    assert (failed.status, failed.error) == (0x40, 0xFB)
    assert host.xfr(AP).data == b"\x90\x00"
    assert len(hand.recorder.commands) == 1


def test_halted_endpoints(make_hand: Make) -> None:
    hand = make_hand()
    host = Host(hand.backend)
    hand.usb(UsbFault(UsbAccident.HALT_OUT))
    for _ in range(2):
        with error(errno.EPIPE):
            host.send(STATUS)
    host.device.clear_halt(1)
    hand.usb(UsbFault(UsbAccident.HALT_IN))
    host.send(STATUS)
    with error(errno.EPIPE):
        host.receive()
    host.device.clear_halt(0x82)
    assert host.ask(STATUS).status == 2


def test_a_cut_answer_and_an_unplugged_reader(make_hand: Make) -> None:
    hand = make_hand()
    host = ready(hand)
    hand.usb(UsbFault(UsbAccident.CUT, value=5))
    host.send(STATUS)
    assert len(host.device.read(0x82, 271, 50)) == 5
    hand.usb(UsbFault(UsbAccident.UNPLUG))
    host.send(STATUS)
    with error(errno.ENODEV):
        host.receive()


# --- the line to the card


def test_silence_lasts_as_long_as_bbwi_allows(make_hand: Make) -> None:
    hand = make_hand()
    host = ready(hand)
    for bwi, least in ((0, 0.05), (4, 0.2)):
        hand.block(BlockFault(BlockAccident.LOST))
        start = time.monotonic()
        assert host.xfr(block(0xC1, b"\x20"), bwi=bwi).error == 0xFE
        assert least <= time.monotonic() - start < least + 0.1


def test_a_link_takes_its_time(make_hand: Make) -> None:
    hand = make_hand("rc-s300", link=Link(bits_per_second=106_000, turnaround=0.008, rsa=0.1), bwt=10.0)
    host = ready(hand)
    host.xfr(AP)
    host.xfr(VERIFY)
    start = time.monotonic()
    host.xfr(SIGN)
    took = time.monotonic() - start
    assert 0.0 <= took - (0.1 + 0.008 + (7 + 258) * 8 / 106_000) < 0.5
