"""A card, speaking T=1, in a reader on pyusb's bus (in a test) or in QEMU's usb-ccid (as a program)."""

from simulators.reader.backend import Backend
from simulators.reader.device import Device
from simulators.reader.faults import BlockAccident, BlockFault, BlockScript, UsbAccident, UsbFault
from simulators.reader.hand import DeviceSlot, Hand
from simulators.reader.models import MODELS, Model
from simulators.reader.program import main

__all__ = [
    "MODELS",
    "Backend",
    "BlockAccident",
    "BlockFault",
    "BlockScript",
    "Device",
    "DeviceSlot",
    "Hand",
    "Model",
    "UsbAccident",
    "UsbFault",
    "main",
]
