"""How often passwords may be tried: each place, and the whole server, has so many tries, which come back with time."""

from __future__ import annotations

from dataclasses import dataclass

PLACE_TRIES, PLACE_EVERY_S = 20, 15.0
SERVER_TRIES, SERVER_EVERY_S = 300, 1.0
PLACES_BOUND = 10_000


@dataclass(slots=True)
class Tries:
    """How many are spent, as of a time."""

    spent: float = 0.0
    at_s: float = 0.0

    def settle(self, now_s: float, every_s: float) -> None:
        """One came back each `every_s` since."""
        self.spent = max(0.0, self.spent - (now_s - self.at_s) / every_s)
        self.at_s = now_s


class Guesses:
    """Counts tries. A try is taken before the password is looked at, and given back if it was right."""

    def __init__(self) -> None:
        self._server = Tries()
        self._places: dict[str, Tries] = {}  # the one that was used last is the last

    def take(self, place: str, now_s: float) -> float:
        """How long to wait before the next try from this place, in seconds; 0.0: a try is taken."""
        mine = self._places.pop(place, None) or Tries(at_s=now_s)
        self._places[place] = mine
        if len(self._places) > PLACES_BOUND:
            del self._places[next(iter(self._places))]
        mine.settle(now_s, PLACE_EVERY_S)
        self._server.settle(now_s, SERVER_EVERY_S)
        wait_s = max(
            (mine.spent + 1 - PLACE_TRIES) * PLACE_EVERY_S, (self._server.spent + 1 - SERVER_TRIES) * SERVER_EVERY_S
        )
        if wait_s > 0:
            return wait_s
        mine.spent += 1
        self._server.spent += 1
        return 0.0

    def give_back(self, place: str) -> None:
        """The try was right."""
        for tries in (self._places.get(place), self._server):
            if tries is not None:
                tries.spent = max(0.0, tries.spent - 1)
