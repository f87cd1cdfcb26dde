"""What is said of the remotes in the frame of every view. Pure; time is passed in."""

from __future__ import annotations

from stb_agent.contract.text import Word, word
from stb_agent.services.remote.known import WEAK, Known

FLEETING_S = 8.0
"""Seconds for which news stays. Whoever looked away has missed it: it only tells, and asks nobody to do anything."""


class Notices:
    """Know which remotes are there; give the one thing that is worth saying now.

    A remote of ``remote.sock`` is a program that connects when it likes: its coming and going is no news, but while it is there nothing is lost.
    """

    def __init__(self) -> None:
        self._here: dict[str, Known] = {}
        self._asleep: set[tuple[str, str]] = set()
        self._had = False
        self._news: Word | None = None
        self._until = float("-inf")

    def here(self, remote: Known, now: float, *, shown: bool) -> None:
        """Take a remote that has come or changed. ``shown``: somebody can read what is said of it."""
        came = remote.id not in self._here
        self._here[remote.id] = remote
        if remote.how == "socket":
            return
        if not remote.usable:
            return  # what nobody can use yet is listed among the remotes; whoever is about to teach it knows of it
        self._had = True
        if not came:
            return
        woke = (remote.how, remote.name) in self._asleep
        self._asleep.discard((remote.how, remote.name))
        self._tell("awake" if woke else "connected", now, shown=shown)

    def gone(self, id_: str, now: float, *, shown: bool) -> None:
        """Take the news that a remote is gone."""
        remote = self._here.pop(id_, None)
        if remote is None or remote.how == "socket" or not remote.usable:
            return
        if remote.how == "bluetooth":
            self._asleep.add((remote.how, remote.name))
            self._tell("resting", now, shown=shown)
        else:
            self._until = now

    def word(self, now: float) -> Word | None:
        """Give what is to be said: that no remote is left, else what has just happened, else a battery."""
        if self._had and not any(remote.usable for remote in self._here.values()):
            return word("remote.notice.asleep" if self._asleep else "remote.notice.lost")
        if now < self._until:
            return self._news
        weak = [remote for remote in self._here.values() if remote.battery is not None and remote.battery <= WEAK]
        if not weak:
            return None
        weakest = min(weak, key=lambda remote: (remote.battery or 0, remote.id))
        if len([remote for remote in self._here.values() if remote.how != "socket"]) == 1:
            return word("remote.notice.battery")
        return word("remote.notice.battery_of", name=weakest.label)

    def until(self, now: float) -> float | None:
        """Give when what is said ends by itself, or None."""
        return self._until if now < self._until else None

    def _tell(self, news: str, now: float, *, shown: bool) -> None:
        # What happened behind the programme is old when somebody comes to read it.
        if shown:
            self._news, self._until = word(f"remote.notice.{news}"), now + FLEETING_S
