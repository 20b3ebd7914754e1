"""The queue of all requests that may go to the same accounts: its first looks for an account that takes a submit.

Whatever becomes free wakes the first alone, and not all that wait.
"""

import asyncio
import math
from collections.abc import Iterator
from contextlib import contextmanager

from anymedia.clock import Clock, left

from .turns import Turns


class Queue:
    """Requests by their places; each waits as long as its own deadline allows."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._turns = Turns()
        self._deadlines: dict[asyncio.Timeout, float] = {}
        self._closed_until = -math.inf

    def first(self, place: int, deadline: float) -> "_First":
        """Return the block of the first: it begins when nobody with a lower place is ahead.

        `deadline` is on the clock's monotonic time. Errors: TimeoutError when it passes, or nothing opens before it.
        """
        return _First(self, place, deadline)

    async def enter(self, place: int, deadline: float) -> None:
        """Wait until nobody with a lower place is ahead, and be the first until `leave`. Errors: as first."""
        if not self._turns.ahead:
            await self._turns.enter(None, place)
            return
        rest = 0.0 if deadline < self._closed_until else left(self._clock, deadline)
        async with asyncio.timeout(rest) as patience:
            self._deadlines[patience] = deadline
            try:
                await self._turns.enter(None, place)
            finally:
                del self._deadlines[patience]

    def leave(self) -> None:
        """Let the next be the first."""
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


class _First:
    """The block of the first."""

    def __init__(self, queue: Queue, place: int, deadline: float) -> None:
        self._queue = queue
        self._place = place
        self._deadline = deadline

    async def __aenter__(self) -> None:
        await self._queue.enter(self._place, self._deadline)

    async def __aexit__(self, *_: object) -> None:
        self._queue.leave()
