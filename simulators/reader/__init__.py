"""A simulated CCID reader where pyusb keeps its back ends, and the card's side of T=1 and T=0."""

from simulators.reader.backend import Backend
from simulators.reader.device import Device
from simulators.reader.faults import BlockAccident, BlockFault, BlockScript, UsbAccident, UsbFault
from simulators.reader.hand import Hand
from simulators.reader.models import MODELS, Model

__all__ = [
    "MODELS",
    "Backend",
    "BlockAccident",
    "BlockFault",
    "BlockScript",
    "Device",
    "Hand",
    "Model",
    "UsbAccident",
    "UsbFault",
]
