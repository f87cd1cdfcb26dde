"""A whole living room: box, television, remote, card, and the world around them.

Every part is a process of its own, ended with the house whatever way that ends.
"""

from simulators.house.app import main

__all__ = ["main"]
