"""The root of every error that a person can meet."""

from __future__ import annotations

from typing import ClassVar


class ChanomaError(Exception):
    """Name what went wrong by a stable code.

    ``code`` is the key of the cause and the remedy in the catalogues; ``args_`` are that text's parameters (never personal);
    ``retry`` says whether trying again, without changing anything, can help.
    """

    code: ClassVar[str] = "internal"
    retry: ClassVar[bool] = False

    def __init__(self, **args: str | int) -> None:
        super().__init__(self.code, args)
        self.args_ = args

    def __str__(self) -> str:
        return self.code + "".join(f" {name}={value}" for name, value in self.args_.items())
