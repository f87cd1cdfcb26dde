"""What can go wrong with the simulated television."""


class TvError(Exception):
    """The television cannot be put up; the text says why and what to do."""
