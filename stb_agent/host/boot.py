"""Which start of the machine this is."""

from __future__ import annotations

from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""random(4): another UUID for each start of the kernel."""


def boot_id(path: Path = BOOT_ID) -> str:
    """Give the kernel's name for it; "" where it has none."""
    try:
        return path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
