"""The world around the box: common platform, validation, booking and health records, each a process."""

from simulators.world.world import NAMES, World, WorldError, main

__all__ = ["NAMES", "World", "WorldError", "main"]
