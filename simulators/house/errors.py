"""What can go wrong while the house is put up."""


class HouseError(Exception):
    """The house cannot stand; the text says which part, why, and what to do."""
