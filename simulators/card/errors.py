"""What can go wrong when the simulated card is driven; not what the card answers."""


class CardError(Exception):
    """The root of this package's errors; `code` is stable, `data` says what was wrong."""

    def __init__(self, code: str, **data: object) -> None:
        super().__init__(code, data)
        self.code, self.data = code, data
