"""``stb-flash``: the bench's command line. It only reads arguments and shows what the library tells."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

from firmware_bridge import boards
from firmware_bridge.boards import Board
from firmware_bridge.errors import Declined, ExitStatus, FlashError, Interrupted
from firmware_bridge.protocols.line import SerialLine
from firmware_bridge.station.write import Stage, Written, image_size, write_image
from stb_agent.contract import words
from stb_agent.contract.appearance import ENGLISH, JAPANESE, Appearance
from stb_agent.contract.text import Word

_BAR_CELLS = 30
_LINE_PERCENT = 10
_PARTS = "cause", "remedy"
_BOTH = JAPANESE, ENGLISH
"""What a failure is told in, whoever reads the log: a bench has people of both."""


def main(argv: list[str] | None = None) -> int:
    """Run ``stb-flash``; give its exit status."""
    words.use(words.terminal(os.environ, Appearance()))
    args = _parser().parse_args(argv)
    try:
        return int(_list(args) if args.verb == "boards" else _write(args))
    except KeyboardInterrupt:
        return _fail(Interrupted(), args.json)
    except FlashError as error:
        return _fail(error, args.json)


def _parser() -> argparse.ArgumentParser:
    statuses = "\n".join(f"  {status:<4d} {words.text(f'flash.exit.{status:d}')}" for status in ExitStatus)
    parser = argparse.ArgumentParser(
        prog="stb-flash",
        description=words.text("flash.help.about"),
        epilog=f"{words.text('flash.help.exit')}\n{statuses}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    write = verbs.add_parser(
        "write", help=words.text("flash.help.write"), epilog=parser.epilog, formatter_class=parser.formatter_class
    )
    write.add_argument("image", metavar="IMAGE", type=Path, help=words.text("flash.help.image"))
    write.add_argument("--board", metavar="NAME", required=True, help=words.text("flash.help.board"))
    write.add_argument("--port", metavar="PORT", required=True, help=words.text("flash.help.port"))
    write.add_argument("--baud", metavar="N", type=positive_number, help=words.text("flash.help.baud"))
    write.add_argument("--wait", metavar="SECONDS", type=positive_number, help=words.text("flash.help.wait"))
    write.add_argument("--yes", action="store_true", help=words.text("flash.help.yes"))
    listing = verbs.add_parser("boards", help=words.text("flash.help.boards"))
    for verb in (write, listing):
        verb.add_argument("--json", action="store_true", help=words.text("flash.help.json"))
    return parser


def positive_number(text: str) -> int:
    if (value := int(text)) <= 0:
        raise ValueError
    return value


def _list(args: argparse.Namespace) -> ExitStatus:
    known = {name: boards.load(name).title for name in boards.names()}
    if args.json:
        print(json.dumps({"boards": known}, ensure_ascii=False))
    else:
        for name, title in known.items():
            print(f"{name:<12} {title}")
    return ExitStatus.OK


def _write(args: argparse.Namespace) -> ExitStatus:
    board = boards.load(args.board)
    # Before the port: a wrong file should not need a board on the bench to be noticed.
    image_size(args.image, board)
    reporter = BarReporter(sys.stderr) if sys.stderr.isatty() else LineReporter(sys.stderr)
    with SerialLine(args.port, args.baud or board.console.baud) as line:
        written = write_image(
            args.image,
            board,
            line,
            reporter,
            confirm=lambda: _confirm(board, args.port, asked=board.ask and not args.yes),
            tag=secrets.randbelow(0x10000),
            wake_seconds=args.wait,
        )
    reporter.end()
    if args.json:
        print(json.dumps({"ok": True, "board": args.board, "line_bytes": line.sent, **asdict(written)}))
    else:
        print(_summary(written))
    return ExitStatus.OK


def _confirm(board: Board, port: str, asked: bool) -> None:
    if not (asked and sys.stdin.isatty() and sys.stderr.isatty()):
        return
    question = words.text("flash.ask", board=board.title, port=port, storage=board.storage.name)
    print(question, end=" ", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes", words.text("flash.yes")):
        raise Declined()


def _summary(written: Written) -> str:
    return words.text(
        "flash.done",
        size=written.size,
        chunks=written.chunks,
        skipped=written.skipped,
        retries=written.retries,
        seconds=round(written.seconds),
    )


def _fail(error: FlashError, as_json: bool) -> int:
    texts = {lang: dict(zip(_PARTS, words.told(error.code, error.args_, lang), strict=True)) for lang in _BOTH}
    cause, remedy = words.told(error.code, error.args_)
    told = words.text("flash.told", cause=cause, remedy=remedy)
    english = words.text("flash.told", ENGLISH, **texts[ENGLISH])
    print(f"\nstb-flash: {error.code}: {told}", file=sys.stderr)
    if told != english:
        print(f"({english})", file=sys.stderr)
    if as_json:
        answer = {"ok": False, "code": error.code, "exit": int(error.exit_status), "data": error.args_}
        print(json.dumps({**answer, **texts[JAPANESE], "en": texts[ENGLISH]}, ensure_ascii=False))
    return int(error.exit_status)


class LineReporter:
    """Tell in plain lines, for a log: stages, retries, every tenth of the way."""

    def __init__(self, out: TextIO) -> None:
        """Write to ``out``."""
        self._out = out
        self._told = 0

    def stage(self, stage: Stage, **args: str | int) -> None:
        """See Reporter."""
        self._say(words.render(Word(f"flash.stage.{stage}", dict(args))))

    def retrying(self, error: FlashError, chunk: int, attempt: int) -> None:
        """See Reporter."""
        why, _ = words.told(error.code, error.args_)
        self._say(words.text("flash.stage.retrying", chunk=chunk, attempt=attempt, why=why))

    def progress(self, done: int, total: int) -> None:
        """See Reporter."""
        tenth = done * 100 // total // _LINE_PERCENT
        if tenth > self._told:
            self._told = tenth
            self._say(words.text("flash.stage.progress", percent=tenth * _LINE_PERCENT, done=done, total=total))

    def end(self) -> None:
        """Leave the place as the next line wants it."""

    def _say(self, text: str) -> None:
        print(text, file=self._out, flush=True)


class BarReporter(LineReporter):
    """Tell on a terminal: a bar that grows, with bytes, percent and the time left."""

    def __init__(self, out: TextIO) -> None:
        """Write to ``out``, a terminal."""
        super().__init__(out)
        self._first: tuple[float, int] | None = None

    def progress(self, done: int, total: int) -> None:
        """See Reporter."""
        now = time.monotonic()
        if self._first is None:
            self._first = (now, done)
        since, before = self._first
        left = f"{(now - since) * (total - done) / (done - before):5.0f} s" if done > before else ""
        cells = done * _BAR_CELLS // total
        bar = "█" * cells + "·" * (_BAR_CELLS - cells)
        self._out.write(f"\r\x1b[K[{bar}] {done * 100 // total:3d} %  {done >> 10}/{total >> 10} KiB {left}")
        self._out.flush()

    def end(self) -> None:
        """End the bar's line."""
        print(file=self._out, flush=True)

    def _say(self, text: str) -> None:
        print(f"\r\x1b[K{text}", file=self._out, flush=True)


if __name__ == "__main__":
    sys.exit(main())
