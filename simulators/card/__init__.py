"""A JPKI card in pcscd's virtual reader, with quirks, accidents and a record of what it was asked."""

from simulators.card.applet import Card, Quirks
from simulators.card.deck import Deck, Tries
from simulators.card.errors import CardError
from simulators.card.faults import Accident, Fault
from simulators.card.link import Link
from simulators.card.profile import PROFILES, Profile
from simulators.card.program import main
from simulators.card.recorder import Exchange, Recorder
from simulators.card.slot import Outcome, Slot
from simulators.card.tray import Reader, State, Tray

__all__ = [
    "PROFILES",
    "Accident",
    "Card",
    "CardError",
    "Deck",
    "Exchange",
    "Fault",
    "Link",
    "Outcome",
    "Profile",
    "Quirks",
    "Reader",
    "Recorder",
    "Slot",
    "State",
    "Tray",
    "Tries",
    "main",
]
