"""Whose turn it is: one at a time, and of those who wait, the one whose own has been served least.

A request of a hundred parts and one of a single part that wait together take turns, part by part; those of one part
each are served in the order in which they came.
"""

import asyncio
import heapq
from itertools import count


class Turns:
    """A lock that is fair to owners, however many turns each of them wants."""

    def __init__(self) -> None:
        self._held = False
        self._round = 0
        self._last: dict[object, int] = {}
        self._queue: list[tuple[int, int, object, asyncio.Future[None]]] = []
        self._numbers = count()
        self._waiting = 0

    @property
    def ahead(self) -> int:
        """How many wait, whoever has its turn included."""
        return self._waiting + self._held

    async def enter(self, owner: object) -> None:
        """Wait for a turn of an owner's, and hold it until `leave`; None stands for nobody else."""
        if not self._held:
            self._held = True
            return
        # As in start-time fair queueing: an owner's next turn is a round after its last, and nobody saves up rounds.
        turn = max(self._round, self._last.get(owner, 0)) + 1
        if owner is not None:
            self._last[owner] = turn
        come: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._queue, (turn, next(self._numbers), owner, come))
        self._waiting += 1
        try:
            await come
        except asyncio.CancelledError:
            if come.cancelled():
                self._waiting -= 1
            else:  # the turn and the cancel came together
                self.leave()
            raise

    def leave(self) -> None:
        """Hand the turn on."""
        while self._queue:
            turn, _, owner, come = heapq.heappop(self._queue)
            if self._last.get(owner) == turn:
                del self._last[owner]  # it has no other turn to wait for
            if not come.cancelled():
                self._waiting -= 1
                self._round = turn
                come.set_result(None)
                return
        self._held = False
