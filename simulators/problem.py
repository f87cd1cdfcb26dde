"""An answer that is not the one hoped for."""

from collections.abc import Mapping


class Problem(Exception):
    """An answer that is not the one hoped for: HTTP status, stable name, a sentence for developers, further members."""

    def __init__(
        self, status: int, error: str, detail: str = "", *, headers: Mapping[str, str] | None = None, **more: object
    ) -> None:
        super().__init__(status, error, detail)
        self.status, self.error, self.detail, self.more = status, error, detail, more
        self.headers = dict(headers or {})
