"""A bare X client: on a line from a Unix socket it copies a ready-made picture of so many pixels to its window. Nothing else.

usage: floor.py DISPLAY SOCKET AREA
"""

import json
import socket
import sys
from pathlib import Path
from typing import Any

from Xlib.display import Display

WIDTH = 1920


def main(name: str, path: str, area: int) -> None:
    """Serve one client until it hangs up."""
    display = Display(name)
    screen = display.screen()
    height = max(1, round(area / WIDTH))
    pictures: list[Any] = [screen.root.create_pixmap(WIDTH, height, screen.root_depth) for _ in range(2)]
    for picture, colour in zip(pictures, (0x303030, 0x405060), strict=True):
        pen = picture.create_gc(foreground=colour)
        picture.fill_rectangle(pen, 0, 0, WIDTH, height)
    window = screen.root.create_window(0, 0, WIDTH, 1080, 0, screen.root_depth, override_redirect=True)
    pen = window.create_gc()
    display.sync()
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(path)
        door.listen()
        print("ready", flush=True)
        client, _ = door.accept()
    with client, client.makefile("rb") as lines:
        turn = 0
        for line in lines:
            match json.loads(line)["key"]:
                case "paint":
                    turn = 1 - turn
                    window.copy_area(pen, pictures[turn], 0, 0, WIDTH, height, 0, 0)
                    display.flush()
                case "show":
                    window.map()
                    window.raise_window()
                    display.sync()
                case "hide":
                    window.unmap()
                    display.sync()
    Path(path).unlink()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
