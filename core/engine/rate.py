"""How fast something goes: what ended over the last minutes."""

from collections import deque

from anymedia.clock import Clock

WINDOW = 300.0
"""Seconds that are looked back."""

REMEMBERED = 1000
"""The most ends that are looked back at."""


class Rate:
    """The rate at which something ends, since it was begun."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = clock.monotonic()
        self._ends: deque[float] = deque(maxlen=REMEMBERED)
        self._forgotten = self._began

    def ended(self) -> None:
        """Take note that one has ended."""
        if len(self._ends) == REMEMBERED:
            self._forgotten = self._ends[0]
        self._ends.append(self._clock.monotonic())

    @property
    def per_second(self) -> float | None:
        """How many ended per second; None while nobody knows."""
        now = self._clock.monotonic()
        since = max(self._began, self._forgotten, now - WINDOW)
        ended = sum(end > since for end in self._ends)
        return ended / (now - since) if ended and now > since else None
