"""A JPKI card in pcscd's virtual reader, with quirks, accidents and a record of what it was asked."""

from simulators.card.applet import Card, Quirks
from simulators.card.errors import CardError
from simulators.card.faults import Accident, Fault
from simulators.card.profile import PROFILES, Profile
from simulators.card.program import main
from simulators.card.recorder import Exchange, Recorder
from simulators.card.tray import State, Tray, Tries

__all__ = [
    "PROFILES",
    "Accident",
    "Card",
    "CardError",
    "Exchange",
    "Fault",
    "Profile",
    "Quirks",
    "Recorder",
    "State",
    "Tray",
    "Tries",
    "main",
]
