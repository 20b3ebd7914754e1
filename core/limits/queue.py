"""The queue of all requests that may go to the same accounts: its first looks for an account that takes a submit.

Whatever becomes free wakes the first alone, and not all that wait.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from anymedia.clock import Clock, left

from .turns import Turns


class Queue:
    """Requests by their places; each waits as long as its own deadline allows."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._turns = Turns()
        self._deadlines: dict[asyncio.Timeout, float] = {}
        self._closed_until = -math.inf

    @asynccontextmanager
    async def first(self, place: int, deadline: float) -> AsyncIterator[None]:
        """Wait until nobody with a lower place is ahead, and stay the first.

        `deadline` is on the clock's monotonic time. Errors: TimeoutError when it passes, or nothing opens before it.
        """
        async with asyncio.timeout(None) as patience:
            if self._turns.ahead:
                rest = 0.0 if deadline < self._closed_until else left(self._clock, deadline)
                patience.reschedule(None if rest is None else asyncio.get_running_loop().time() + rest)
                self._deadlines[patience] = deadline
            try:
                await self._turns.enter(None, place)
            finally:
                self._deadlines.pop(patience, None)
        try:
            yield
        finally:
            self._turns.leave()

    @contextmanager
    def closed(self, until: float) -> Iterator[None]:
        """Say as the first that nothing can be sent before a time: whose deadline comes sooner waits no longer."""
        self._closed_until = until
        for patience, deadline in self._deadlines.items():
            if deadline < until and not patience.expired():
                patience.reschedule(asyncio.get_running_loop().time())
        try:
            yield
        finally:
            self._closed_until = -math.inf
