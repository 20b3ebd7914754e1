"""Time, sleep and chance, in one value that a test can replace."""

import asyncio
import math
import random
import time
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any


def midnight(moment: datetime) -> datetime:
    """Return when the day of a moment began, in UTC."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


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


def left(clock: Clock, deadline: float) -> float | None:
    """Return the seconds until a deadline on the monotonic clock, as asyncio takes them; None for infinity."""
    return None if math.isinf(deadline) else max(deadline - clock.monotonic(), 0.0)


async def first_of(*waits: Coroutine[Any, Any, Any], timeout: float | None = None) -> None:
    """Wait until one of several is over, or for `timeout` seconds; the others are given up."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
