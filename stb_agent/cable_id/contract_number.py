"""The number of a household's contract with its cable operator."""

from __future__ import annotations

from stb_agent.cable_id.errors import ContractNumberMistyped

GROUPS = (4, 4, 2)
"""How the ten digits stand in groups on the contract's paper."""
LENGTH = sum(GROUPS)


def check(digits: str) -> None:
    """Return if the check digit fits (Luhn, ISO/IEC 7812-1 annex B). Raises ContractNumberMistyped."""
    if len(digits) != LENGTH or not (digits.isascii() and digits.isdigit()):
        raise ContractNumberMistyped
    total = 0
    for place, digit in enumerate(map(int, reversed(digits))):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    if total % 10:
        raise ContractNumberMistyped
