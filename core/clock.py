"""Time, sleep and chance, in one value that a test can replace."""

import asyncio
import random
import time
from datetime import UTC, datetime


class Clock:
    """The real clock; `client = Client(clock=…)` takes any object with the same four methods."""

    def now(self) -> datetime:
        """Return the wall time, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    def chance(self) -> float:
        """Return a random number from 0 up to 1, for jitter."""
        return random.random()  # noqa: S311 - jitter, not a secret
