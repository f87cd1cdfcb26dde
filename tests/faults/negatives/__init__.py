"""Attacks and faults, each refused with its own code and words: one table, which docs/negatives.md shows."""
