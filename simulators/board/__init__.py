"""A board with a boot loader's console, on a TCP port or a pty, with faults to order."""

from simulators.board.program import main

__all__ = ["main"]
