"""The font that the screen is drawn in, and those that are asked for a character that it lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple


class Typeface(NamedTuple):
    """Two files, by Debian's paths, and the package they are in."""

    package: str
    regular: Path
    bold: Path

    @property
    def there(self) -> bool:
        """Tell whether both files are there."""
        return self.regular.is_file() and self.bold.is_file()


def _typeface(package: str, folder: str, regular: str, bold: str = "") -> Typeface:
    return Typeface(package, Path(folder) / regular, Path(folder) / (bold or regular))


MAIN: Final = _typeface(
    "fonts-morisawa-bizud-gothic",
    "/usr/share/fonts/truetype/bizud-gothic",
    "BIZUDPGothic-Regular.ttf",
    "BIZUDPGothic-Bold.ttf",
)
"""All of JIS X 0208, all kanji of JIS X 0213, and so all of 常用漢字 and 人名用漢字."""
FURTHER: Final = (
    _typeface("fonts-noto-cjk", "/usr/share/fonts/opentype/noto", "NotoSansCJK-Regular.ttc", "NotoSansCJK-Bold.ttc"),
    _typeface("fonts-ipamj-mincho", "/usr/share/fonts/truetype/ipamj", "ipamjm.ttf"),
)
"""Asked in this order, where they are installed: the first looks like ours, the second has every character of the family registers (文字情報基盤)."""
