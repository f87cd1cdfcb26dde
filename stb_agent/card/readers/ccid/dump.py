"""A reader's USB descriptors as people send them: the text of ``lsusb -v``, or of libccid's ``parse`` (its ``readers/*.txt``)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from stb_agent.card.readers.ccid.descriptor import (
    INTERFACE_CLASS,
    Descriptor,
    Feature,
    Protocol,
    Reason,
    find,
    speaks_ccid,
)
from stb_agent.card.readers.ccid.faults import Malformed

_NUMBER = re.compile(r"0x[0-9a-fA-F]+|\d+(?:\.\d+)?")
_LSUSB = re.compile(r"^\s*(?:Device|Interface|Endpoint|Configuration|ChipCard Interface) Descriptor:", re.MULTILINE)
_QUOTED = re.compile(r"^[ \t]*(?:>[ \t]?)+", re.MULTILINE)
"""What a mail program puts before the lines of a mail that is answered."""
_NEEDED = ("dwProtocols", "dwFeatures", "dwMaxCCIDMessageLength")
_FIRST = frozenset({"bcdCCID", "bMaxSlotIndex"})
_HEAD = b"\x36\x21"
_NAMES = {
    "nMaxSlotIndex": "bMaxSlotIndex",
    "dwMaxCCIDMsgLen": "dwMaxCCIDMessageLength",
}
"""What lsusb calls otherwise than the standard."""


@dataclass(frozen=True)
class Described:
    """One interface of a device, as a dump tells it.

    ``interrupt``: it announces cards coming and going by itself; ``begun``: the text has at least the beginning of the class
    descriptor; ``cut``: it lacks a part of that, or of the endpoints.
    """

    vendor: int
    product: int
    name: str
    interface: int
    interface_class: int
    bulk: bool
    interrupt: bool
    descriptor: Descriptor | None
    begun: bool
    cut: bool

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why it cannot be used; empty if it can."""
        found = {
            Reason.CLASS: not speaks_ccid(self.interface_class, self.vendor, self.product),
            Reason.CUT: self.cut,
            Reason.ENDPOINTS: not self.bulk and not self.cut,
            Reason.DESCRIPTOR: self.descriptor is None and not self.cut,
        }
        own = self.descriptor.unfit() if self.descriptor else ()
        return tuple(reason for reason, true in found.items() if true) + own

    def line(self) -> str:
        """Give the line that ``stb-agent card descriptor`` prints without ``--json``."""
        head = f"{'×' if self.reasons else '○'} {self.vendor:04X}:{self.product:04X} {self.name} [{self.interface}]: "
        if self.reasons or self.descriptor is None:
            return head + "; ".join(self.reasons)
        extended = "" if self.descriptor.carries_extended else "no "
        return head + f"{self.descriptor.level} level, {extended}extended length, presence by {self._presence}"

    @property
    def _presence(self) -> str:
        return "interrupt" if self.interrupt else "polling"

    def as_json(self) -> dict[str, object]:
        """Give what ``stb-agent card descriptor --json`` prints of an interface."""
        told: dict[str, object] = {
            "vendor": f"{self.vendor:04X}",
            "product": f"{self.product:04X}",
            "name": self.name,
            "interface": self.interface,
            "class": f"{self.interface_class:02X}",
            "works": not self.reasons,
            "why": [reason.name.lower() for reason in self.reasons],
            "reasons": [str(reason) for reason in self.reasons],
            "presence": self._presence,
        }
        if (it := self.descriptor) is not None:
            told |= {
                "level": str(it.level),
                "extended_length": it.carries_extended,
                "protocols": [
                    name for flag, name in ((Protocol.T0, "T=0"), (Protocol.T1, "T=1")) if flag in it.protocols
                ],
                "voltages": [supply.value[2] for supply in it.supplies],
                "automatic_voltage": Feature.AUTO_VOLTAGE in it.features,
                "slots": it.slots,
                "max_message": it.max_message,
                "max_ifsd": it.max_ifsd,
                "max_rate": it.max_rate,
                "features": f"{int(it.features):08X}",
            }
        return told


def read(text: str) -> tuple[Described, ...]:
    """Read a dump, an item for each interface that is or calls itself a card reader. Raises Malformed if there is none."""
    text = _QUOTED.sub("", text)
    interfaces = _of_lsusb(text) if _LSUSB.search(text) else _of_libccid(text)
    found = tuple(it for it in interfaces if it.begun or it.interface_class == INTERFACE_CLASS)
    if not found:
        raise Malformed("no smart card reader in the text")
    return found


@dataclass
class _Block:
    """The fields of one interface while its lines are read."""

    device: dict[str, str]
    fields: dict[str, str] = field(default_factory=dict)
    endpoints: list[str] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)

    def number(self, name: str, default: int = 0) -> int:
        """Give a field's number; the last one on its line for dwProtocols, which libccid prints in two halves."""
        value = self.fields.get(name, self.device.get(name, ""))
        found = _NUMBER.findall(value)
        if not found:
            return default
        text = found[1] if name == "dwProtocols" and len(found) > 1 and found[1].startswith("0x") else found[0]
        if text.startswith("0x"):
            return int(text, 16)
        if "MHz" in value:
            return round(float(text) * 1000)
        return int(text.split(".")[0])

    def hexadecimal(self, name: str) -> int:
        """Give a field that is printed in hexadecimal, with or without 0x."""
        match = re.match(r"(?:0x)?([0-9a-fA-F]{1,8})\b", self.fields.get(name, ""))
        return int(match[1], 16) if match else 0

    def described(self, *, interface_class: int, name: str, bulk: bool, interrupt: bool, unsaid: int) -> Described:
        """Sum up. ``unsaid``: endpoints that are counted, but of which the text does not tell what they are."""
        descriptor = self._descriptor()
        begun = descriptor is not None or not _FIRST.isdisjoint(self.fields) or self._bytes()[:2] == _HEAD
        return Described(
            vendor=self.number("idVendor"),
            product=self.number("idProduct"),
            name=name,
            interface=self.number("bInterfaceNumber"),
            interface_class=interface_class,
            bulk=bulk,
            interrupt=interrupt,
            descriptor=descriptor,
            begun=begun,
            cut=(begun and descriptor is None) or (not bulk and unsaid > 0),
        )

    def _bytes(self) -> bytes:
        """Give the bytes that lsusb did not recognise."""
        digits = re.sub(r"[^0-9a-fA-F]", "", "".join(self.raw))
        return bytes.fromhex(digits[: len(digits) // 2 * 2])

    def _descriptor(self) -> Descriptor | None:
        """Give the class descriptor: from its fields, if all that count are there, or from the bytes."""
        if not all(_NUMBER.search(self.fields.get(name, "")) for name in _NEEDED):
            return find(self._bytes())
        return Descriptor(
            max_slot=self.number("bMaxSlotIndex"),
            voltages=self.number("bVoltageSupport"),
            protocols=Protocol(self.number("dwProtocols") & 0x03),
            clock=self.number("dwDefaultClock"),
            max_rate=self.number("dwMaxDataRate"),
            max_ifsd=self.number("dwMaxIFSD"),
            features=Feature(self.hexadecimal("dwFeatures")),
            max_message=self.number("dwMaxCCIDMessageLength"),
            busy_slots=self.number("bMaxCCIDBusySlots", 1),
        )


def _of_libccid(text: str) -> Iterator[Described]:
    block: _Block | None = None
    blocks: list[_Block] = []
    for line in text.splitlines():
        name, colon, value = line.strip().partition(":")
        if name == "idVendor" and colon:
            block = _Block({})
            blocks.append(block)
        if block is not None and colon and " " not in name:
            block.fields.setdefault(name, value.strip())
        elif block is not None and line.strip().lower().startswith(("bulk-", "interrupt-")):
            block.endpoints.append(line.strip().lower())
    for it in blocks:
        told = " ".join(it.endpoints)
        # Older dumps have only the number: a bulk pair, and the interrupt endpoint if there are three.
        count = it.number("bNumEndpoints")
        yield it.described(
            interface_class=it.hexadecimal("bInterfaceClass"),
            name=_name(it.fields.get("iManufacturer", ""), it.fields.get("iProduct", "")),
            bulk=count >= 2,
            interrupt="interrupt-in" in told or (not told and count >= 3),
            unsaid=0,
        )


def _of_lsusb(text: str) -> Iterator[Described]:
    device: dict[str, str] = {}
    blocks: list[_Block] = []
    section = "device"
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("Bus ") and " ID " in stripped:
            device, section = {}, "device"
        elif stripped.endswith("Descriptor:"):
            section = stripped
            if section == "Device Descriptor:":
                device = {}
            elif section == "Interface Descriptor:":
                blocks.append(_Block(device))
        elif "UNRECOGNIZED:" in stripped and blocks:
            section = "raw"
            blocks[-1].raw.append(stripped.partition("UNRECOGNIZED:")[2])
        elif section == "raw" and re.fullmatch(r"(?:[0-9a-fA-F]{2}\s*)+", stripped):
            blocks[-1].raw.append(stripped)
        else:
            _note(section, stripped, device, blocks)
    for it in blocks:
        kinds = [endpoint.split() for endpoint in it.endpoints]
        yield it.described(
            interface_class=it.number("bInterfaceClass"),
            name=_name(_words(it.device.get("iManufacturer", "")), _words(it.device.get("iProduct", "")))
            or _words(it.device.get("idProduct", "")),
            bulk=["IN", "Bulk"] in kinds and ["OUT", "Bulk"] in kinds,
            interrupt=["IN", "Interrupt"] in kinds,
            unsaid=it.number("bNumEndpoints") - sum(len(kind) == 2 for kind in kinds),
        )


def _note(section: str, line: str, device: dict[str, str], blocks: list[_Block]) -> None:
    name, _, value = line.partition(" ")
    value = value.strip()
    if section == "Device Descriptor:":
        device.setdefault(name, value)
    elif not blocks:
        return
    elif section == "Endpoint Descriptor:":
        if name == "bEndpointAddress":
            blocks[-1].endpoints.append(value.split()[-1] if value else "")
        elif line.startswith("Transfer Type") and blocks[-1].endpoints:
            blocks[-1].endpoints[-1] += " " + line.split()[-1]
    elif section in ("Interface Descriptor:", "ChipCard Interface Descriptor:"):
        blocks[-1].fields.setdefault(_NAMES.get(name, name), value)


def _words(value: str) -> str:
    """Give what stands behind the index or the identifier of a name."""
    return value.partition(" ")[2].strip()


def _name(maker: str, product: str) -> str:
    return product if product.startswith(maker) else f"{maker} {product}".strip()
