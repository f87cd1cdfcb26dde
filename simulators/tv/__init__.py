"""The television: a screen, the programme on it, its middleware, and a page to sit in front of.

The box's own television middleware is the operator's; what stands here keeps to the same socket.
"""

from simulators.tv.app import main

__all__ = ["main"]
