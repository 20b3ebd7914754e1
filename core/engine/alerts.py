"""The alert of a day's spend: told once a day, over all processes that share the journal, and never in the way.

What the day has cost is read from the journal beside the purchases, and seldom: what this process buys meanwhile is
added up here, so that the journal is asked again once that may have passed the figure, or a minute later.
"""

import asyncio
import logging
import math
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from anymedia.clock import Clock, midnight
from anymedia.journal.ledger import Ledger
from anymedia.model.errors import JournalError
from anymedia.model.money import EXACT
from anymedia.observe.events import Alert

STALE = 60.0
"""Seconds after which the other processes may have spent enough to be asked about."""

_log = logging.getLogger("anymedia")


class Alerts:
    """Tells when the attempts of a day (UTC) come to more than `daily` (USD); None: of no day."""

    def __init__(
        self, daily: Decimal | None, ledger: Ledger | None, clock: Clock, tell: Callable[[Alert], None]
    ) -> None:
        self._daily = daily
        self._ledger = ledger
        self._clock = clock
        self._tell = tell
        self._spent = Decimal(0)
        self._read_at = -math.inf
        self._told: datetime | None = None
        self._reading: asyncio.Task[None] | None = None

    def spent(self, usd: Decimal | None) -> None:
        """Take note of what was bought (None: nobody knows for how much), and look at the day where that may be due.

        The look is made in the background. Too much does no harm: the journal is asked the sooner.
        """
        if self._daily is None or self._ledger is None or usd == 0:
            return
        self._spent = EXACT.add(self._spent, usd or Decimal(0))
        if self._reading is None and self._is_due(self._daily):
            self._reading = asyncio.create_task(self._look(self._daily, self._ledger))

    async def close(self) -> None:
        """Wait for the look that is under way."""
        if self._reading is not None:
            await asyncio.wait({self._reading})

    def _is_due(self, daily: Decimal) -> bool:
        if self._told == midnight(self._clock.now()):
            return False
        return self._spent > daily or self._clock.monotonic() >= self._read_at + STALE

    async def _look(self, daily: Decimal, ledger: Ledger) -> None:
        try:
            while self._is_due(daily):
                day, self._read_at, self._spent = midnight(self._clock.now()), self._clock.monotonic(), Decimal(0)
                spent, unknown = await ledger.spent_since(day)
                self._spent = EXACT.add(self._spent, spent)
                if spent > daily:
                    is_first = await ledger.is_first(f"alert {daily.normalize(EXACT):f}", day)
                    self._told = day  # only now: where the journal does not answer, the next purchase looks again
                    if is_first:
                        self._tell(Alert(day=day.date(), limit=daily, spent=spent, unknown=unknown))
        except JournalError as error:
            _log.error("what the day has cost is not known: %s", error)
        finally:
            self._reading = None
