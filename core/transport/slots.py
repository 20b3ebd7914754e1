"""Slots that few hold at a time, and that go first to whoever has the least time left."""

import asyncio
import heapq
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import count


def urgency(dies: datetime | None, now: datetime) -> float:
    """Return when the time for what dies then is up, in seconds since 1970: what nobody knows may be at any moment.

    What should be dead by now has no hurry.
    """
    if dies is None:
        return -math.inf
    return dies.timestamp() if dies > now else math.inf


class Slots:
    """So many slots; of those who wait for one, that comes first whose time is up first."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._line: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()

    @asynccontextmanager
    async def one(self, until: float) -> AsyncIterator[None]:
        """Hold a slot, once there is one; `until` is when the time of its holder is up, as `urgency` says it."""
        await self._enter(until)
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, until: float) -> None:
        if self._free:
            self._free -= 1
            return
        come: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._line, (until, next(self._numbers), come))
        try:
            await come
        except asyncio.CancelledError:
            if not come.cancelled():  # the slot and the cancel came together
                self._leave()
            raise

    def _leave(self) -> None:
        while self._line:
            *_, come = heapq.heappop(self._line)
            if not come.cancelled():
                come.set_result(None)
                return
        self._free += 1
