"""Colours as others see them: dichromats by Machado, Oliveira and Fernandes (2009), and the distance between two in CIE L*a*b*."""

from __future__ import annotations

import math

from ui.theme import Rgb

# A Physiologically-based Model for Simulation of Color Vision Deficiency (IEEE TVCG 15/6), table of severity 1.0, for linear RGB.
_MATRICES = {
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
}
# sRGB (IEC 61966-2-1) to CIE XYZ over the white of D65.
_XYZ = ((0.4339499, 0.3762098, 0.1898403), (0.2126729, 0.7151522, 0.0721750), (0.0177568, 0.1094680, 0.8727752))


def seen(colour: Rgb, kind: str) -> Rgb:
    """Give a colour as one who is ``protan`` or ``deutan`` sees it."""
    linear = [_linear(part) for part in colour]
    return Rgb(*(_encoded(sum(m * c for m, c in zip(row, linear, strict=True))) for row in _MATRICES[kind]))


def difference(one: Rgb, other: Rgb) -> float:
    """Give ΔE*ab (CIE 1976); 2 is just noticeable side by side."""
    return math.dist(_lab(one), _lab(other))


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _encoded(part: float) -> float:
    part = min(max(part, 0.0), 1.0)
    return part * 12.92 if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055


def _lab(colour: Rgb) -> tuple[float, float, float]:
    linear = [_linear(part) for part in colour]
    x, y, z = (_root(sum(m * c for m, c in zip(row, linear, strict=True))) for row in _XYZ)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _root(part: float) -> float:
    return part ** (1 / 3) if part > (6 / 29) ** 3 else part / (3 * (6 / 29) ** 2) + 4 / 29
