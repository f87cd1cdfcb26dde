"""QR codes (ISO/IEC 18004) of addresses."""

from __future__ import annotations

import functools

import segno

QUIET = 4
"""Modules of light around the code (ISO/IEC 18004, 6.3.8)."""


@functools.lru_cache(1)
def modules(address: str) -> tuple[tuple[bool, ...], ...]:
    """Give the modules, dark ones True, with the quiet zone around them; error correction of level M, for a screen seen at an angle."""
    code = segno.make_qr(address, error="m", boost_error=False)
    return tuple(tuple(module == 1 for module in row) for row in code.matrix_iter(border=QUIET))
