"""The fixtures of these tests: a card at QEMU's reader."""

from tests.support.cards import folder, line, qemu, trust
from tests.support.cards import qemu_tray as tray

__all__ = ["folder", "line", "qemu", "tray", "trust"]
