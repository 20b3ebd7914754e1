"""One owner of a journal on PostgreSQL: its name, its lease, and until when it may send by this machine's clock."""

import os
import time
from uuid import uuid4

from anymedia.model.errors import JournalError

SPARE = 0.1
"""The part of a lease that is kept in hand: this machine's clock and the database's may run at different speeds."""


def awake() -> float:
    """Return the seconds of a clock that nobody sets; it goes on while the machine is suspended if one does."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


class Owner:
    """An owner, from its first write until it ends or its lease runs out: that is for ever.

    `number` is above that of every owner before it, once the database knows it. `lapsed` says that its lease ran out.
    """

    def __init__(self, named: str, lease: float) -> None:
        self.name: str = uuid4().hex
        self.process: int = os.getpid()
        self.number: int | None = None
        self.lapsed: bool = False
        self._named = named
        self._lease = lease
        self._renewed = -lease

    def renewed(self, number: int, asked: float) -> None:
        """Take note that the database has renewed its lease, which it was asked for at a time of `awake`."""
        self.number = number
        self._renewed = asked

    def ended(self) -> None:
        """Take note that the database knows it no more."""
        self.number = None

    def stands(self) -> bool:
        """Return whether its lease goes on, as far as this machine knows."""
        return self.number is not None and not self.lapsed and awake() < self._renewed + self._lease * (1 - SPARE)

    @property
    def due(self) -> float:
        """In how many seconds its lease is to be renewed."""
        return max(self._renewed + self._lease / 3 - awake(), 0)

    def check(self) -> None:
        """Refuse what claims or moves anything once its lease has run out. Errors: JournalError."""
        if self.lapsed:
            raise JournalError(
                f"{self._named}: the lease of this process ran out before this could be written: it was not heard of "
                f"for {self._lease:g} s, and others may have taken over what it had; nothing is sent",
                lapsed=True,
            )
