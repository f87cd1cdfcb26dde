"""The fixtures of these tests: a card at pcscd, or at QEMU's reader."""

from tests.support.cards import folder, line, pcscd, qemu, qemu_tray, trust
from tests.support.cards import pcsc_tray as tray

__all__ = ["folder", "line", "pcscd", "qemu", "qemu_tray", "tray", "trust"]
