"""How long things take between a reader and a card."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Link:
    """A modelled link; the default takes no time at all."""

    bits_per_second: float | None = None
    """Both ways, eight bits an octet: a data rate, not a symbol rate."""
    turnaround: float = 0.0
    """Seconds from the last octet of a command, or of a block, to the first of its answer."""
    rsa: float = 0.0
    """Seconds a private key takes."""

    def __post_init__(self) -> None:
        """Refuse what runs backwards or stands still."""
        if self.turnaround < 0 or self.rsa < 0 or (self.bits_per_second is not None and self.bits_per_second <= 0):
            raise ValueError("bits_per_second is positive, turnaround and rsa are not negative")

    def transfer(self, octets: int) -> float:
        """Seconds on the wire."""
        return 0.0 if self.bits_per_second is None else octets * 8 / self.bits_per_second

    def exchange(self, octets: int) -> float:
        """Seconds on the wire and waiting, for a command and its answer together."""
        return self.transfer(octets) + self.turnaround
