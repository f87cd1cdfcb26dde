"""ATRs of real cards, decoded by hand; protocol and parameters selection (ISO/IEC 7816-3:2006, clause 9)."""

import asyncio
from collections.abc import Callable
from functools import reduce
from operator import xor
from pathlib import Path

import pytest
import usb.core
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulators.card import Accident, Fault, Quirks, Tray
from simulators.reader import Backend, Device, DeviceSlot, Hand
from simulators.reader.atr import Atr
from simulators.reader.contact import Contact
from simulators.reader.models import MODELS
from tests.support.ccid_host import POWER_ON, XFR, Host
from tests.support.reader import NOW

Make = Callable[..., Hand]
AP = bytes.fromhex("00A4040C0AD392F000260100000001")


@pytest.mark.parametrize(
    ("atr", "protocols", "fidi", "guard", "ifsc", "bwi_cwi", "specific", "historical"),
    [
        ("3BE000FF8131FE4514", (1,), 0x11, 0xFF, 254, 0x45, False, ""),
        ("3BDA13FF8131FB468012392F31C173C601C03B", (1,), 0x13, 0xFF, 251, 0x46, False, "8012392F31C173C601C0"),
        ("3BC5FF8131FB458073C6010000", (1,), 0x11, 0xFF, 251, 0x45, False, "8073C60100"),
        ("3B6B00008073C60100900000000000", (0,), 0x11, 0, 32, 0x4D, False, "8073C60100900000000000"),
        ("3B9F9581", None, 0, 0, 0, 0, False, ""),
        ("3B", None, 0, 0, 0, 0, False, ""),
        ("3B80801F0F10", (0,), 0x11, 0, 32, 0x4D, False, ""),  # global bytes after T=15 call for a check character
        ("3C00", None, 0, 0, 0, 0, False, ""),
        ("3BE000FF8131FE4515", None, 0, 0, 0, 0, False, ""),
        ("3BE000FF8131FE451400", None, 0, 0, 0, 0, False, ""),
    ],
)
def test_atrs(
    atr: str, protocols: tuple[int, ...] | None, fidi: int, guard: int, ifsc: int, bwi_cwi: int, specific: bool,
    historical: str,
) -> None:  # fmt: skip
    raw = bytes.fromhex(atr)
    if protocols is None:
        with pytest.raises(ValueError, match=raw.hex()):
            Atr.parse(raw)
        return
    found = Atr.parse(raw)
    assert (found.protocols, found.fidi, found.guard, found.ifsc, found.bwi_cwi, found.specific) == (
        protocols, fidi, guard, ifsc, bwi_cwi, specific,
    )  # fmt: skip
    assert found.historical == bytes.fromhex(historical)


def test_waiting_times() -> None:
    atr = Atr.parse(bytes.fromhex("3BE000FF8131FE4514"))
    # BWI 4 at 4 MHz: 16 * 960 * 372 / 4e6 s and 11 etu of 372 / 4e6 s.
    assert atr.bwt(0x11, 4e6) == pytest.approx(1.42848 + 0.001023)
    assert atr.etu(0x13, 4e6) == pytest.approx(372 / 4 / 4e6)
    assert Atr(b"").wt(0x11, 4e6) == pytest.approx(10 * 960 * 372 / 4e6)


@given(st.binary(max_size=40) | st.binary(max_size=38).map(lambda rest: b"\x3b" + rest))
def test_of_any_octets_comes_an_atr_or_an_error(raw: bytes) -> None:
    try:
        Atr.parse(raw)
    except ValueError:
        return


def pps(*body: int) -> bytes:
    return bytes([0xFF, *body, reduce(xor, body, 0xFF)])


@pytest.mark.parametrize(
    ("atr", "request_", "answer", "fidi", "protocol"),
    [
        (Quirks().atr, pps(0x11, 0x13), pps(0x11, 0x13), 0x13, 1),
        (Quirks().atr, pps(0x11, 0x11), pps(0x11, 0x11), 0x11, 1),
        (Quirks().atr, pps(0x01), pps(0x01), 0x11, 1),
        (Quirks().atr, pps(0x11, 0x95), pps(0x01), 0x11, 1),  # not its rate: the default one
        (Quirks().atr, pps(0x10, 0x13), None, 0x11, 1),  # not its protocol
        (Quirks().atr, pps(0x11, 0x13)[:-1] + b"\x00", None, 0x11, 1),
        (Quirks().atr, pps(0x11), None, 0x11, 1),
    ],
)
def test_pps(make_hand: Make, atr: str, request_: bytes, answer: bytes | None, fidi: int, protocol: int) -> None:
    hand = make_hand()
    hand.quirks(Quirks(atr=atr))
    contact = Contact(hand.take("linked"))
    contact.power_on(5.0)
    assert contact.exchange(request_).octets == answer
    assert (contact.fidi, contact.protocol) == (fidi, protocol)


def test_a_card_in_specific_mode_begins_at_its_rate(make_hand: Make) -> None:
    hand = make_hand()
    body = bytes.fromhex("F01300FF918131FE45")
    atr = b"\x3b" + body + bytes([reduce(xor, body)])
    hand.quirks(Quirks(atr=atr.hex()))
    contact = Contact(hand.take("linked"))
    assert contact.power_on(5.0) == atr
    assert (contact.fidi, contact.protocol) == (0x13, 1)
    assert contact.exchange(pps(0x11, 0x13)).octets is None


MESSAGES = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.tuples(st.sampled_from([0x61, 0x62, 0x63, 0x65, 0x6C, 0x6D, 0x6F, 0x72]), st.binary(max_size=20)).map(
            lambda made: bytes([made[0]]) + len(made[1]).to_bytes(4, "little") + bytes(5) + made[1]
        ),
    ),
    max_size=20,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(MODELS)), MESSAGES)
def test_every_whole_message_is_answered(make_hand: Make, model: str, messages: list[bytes]) -> None:
    hand = make_hand(model, bwt=0.001)
    hand.insert("linked")
    host = Host(hand.backend)
    for message in messages:
        host.device.write(1, message)
        if len(message) < 10 or message[0] == 0x72:
            with pytest.raises(usb.core.USBTimeoutError):
                host.receive(1)
        else:
            while (reply := host.receive(1000)).status & 0x80:
                pass
            assert (reply.slot, reply.sequence) == (message[5], message[6])


async def test_a_tray_may_stand_at_a_device(folder: Path) -> None:
    device = Device(MODELS["rc-s300"])
    async with Tray(folder, clock=lambda: NOW, reader=DeviceSlot(device)) as tray:
        host = Host(Backend(device))
        await tray.insert("new")
        await asyncio.wait_for(tray.connected.wait(), 5)
        assert host.ask(POWER_ON).data.hex() == Quirks().atr
        assert host.xfr(AP).data == b"\x90\x00"
        await tray.pull()
        assert host.ask(POWER_ON).status == 0x42
        await tray.insert("new")
        await asyncio.wait_for(tray.connected.wait(), 5)
        tray.fault(Fault(do=Accident.PULL_AFTER))
        host.ask(POWER_ON)
        assert (await asyncio.to_thread(host.ask, XFR, AP)).data == b"\x90\x00"
        for _ in range(100):
            if tray.state().inserted is None:
                break
            await asyncio.sleep(0.01)
        assert tray.state().inserted is None
