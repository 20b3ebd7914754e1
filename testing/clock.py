"""Time that passes only when somebody sleeps."""

import asyncio
from datetime import UTC, datetime, time, timedelta

from anymedia.clock import Clock
from anymedia.declare import Adapter

USUAL = 1_800_000_000.0


def while_sold(adapter: Adapter) -> float:
    """Return a time at which every offer of an adapter is sold, in seconds since 1970: the usual one, or the day before
    the first of them ends."""
    ends = [offer.ends - timedelta(days=1) for offer in adapter.offers if offer.ends is not None]
    return min(USUAL, *(datetime.combine(day, time(), UTC).timestamp() for day in ends)) if ends else USUAL


class FakeClock(Clock):
    """A clock for tests: a sleep takes no time and moves it; `slept` says what would have been waited."""

    def __init__(self, seconds: float = USUAL) -> None:
        self.seconds: float = seconds
        self.slept: list[float] = []

    def time(self) -> float:
        """Return the seconds since 1970, as simulators take them."""
        return self.seconds

    def now(self) -> datetime:
        """Return the time, in UTC."""
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        """Let time pass, at once."""
        self.slept.append(seconds)
        self.seconds += seconds
        await asyncio.sleep(0)

    def chance(self) -> float:
        """Return the same every time."""
        return 0.5
