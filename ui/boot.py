"""Kivy's surroundings, set before it is first imported: Kivy reads them at import and never again."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from ui import theme

_SETTINGS = {
    "KIVY_NO_ARGS": "1",  # sys.argv is ours
    "KIVY_LOG_MODE": "PYTHON",  # so is the root logger
    "KIVY_NO_CONSOLELOG": "1",
    "KIVY_NO_FILELOG": "1",
    "KIVY_METRICS_DENSITY": "1",
    "KIVY_IMAGE": "sdl2",  # no picture is loaded from a file: Pillow need not be there for it
    "KCFG_KIVY_EXIT_ON_ESCAPE": "0",
    "KCFG_KIVY_LOG_LEVEL": "warning",
    "KCFG_GRAPHICS_WIDTH": str(theme.WIDTH),
    "KCFG_GRAPHICS_HEIGHT": str(theme.HEIGHT),
    "KCFG_GRAPHICS_BORDERLESS": "1",
    "KCFG_GRAPHICS_RESIZABLE": "0",
    "KCFG_GRAPHICS_SHOW_CURSOR": "0",
    "KCFG_GRAPHICS_POSITION": "custom",
    "KCFG_GRAPHICS_LEFT": "0",
    "KCFG_GRAPHICS_TOP": "0",
    # The programme has the screen until the agent says otherwise.
    "KCFG_GRAPHICS_WINDOW_STATE": "hidden",
    # A frame is drawn when something changed, at once: no sleep, no wait for the beam, no smoothing by brute force.
    "KCFG_GRAPHICS_MULTISAMPLES": "0",
    "KCFG_GRAPHICS_MAXFPS": "0",
    "KCFG_GRAPHICS_VSYNC": "0",
    "SDL_NO_SIGNAL_HANDLERS": "1",
}


def prepare() -> None:
    """Set Kivy's environment. Raises RuntimeError when Kivy is already imported or its folder is another user's."""
    if "kivy" in sys.modules:
        raise RuntimeError("Kivy was imported before its surroundings were set")
    home = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / f"stb-ui-{os.getuid()}"
    home.mkdir(mode=0o700, exist_ok=True)
    if home.stat().st_uid != os.getuid():
        raise RuntimeError(f"{home} belongs to another user")
    os.environ.update(_SETTINGS, KIVY_HOME=str(home))
