"""A fair lock: it serves the waiter whose owner was served least.

A request of a hundred parts and a request of one part take turns, part by part; requests of one part each are served in
the order in which they came.
"""

import asyncio
import heapq
from itertools import count


class Turns:
    """A lock that is fair to owners, however many turns each of them waits for."""

    def __init__(self) -> None:
        self._held = False
        self._round = 0
        self._last: dict[object, int] = {}
        self._queue: list[tuple[int, int, object, asyncio.Future[None]]] = []
        self._numbers = count()
        self._waiting = 0

    @property
    def ahead(self) -> int:
        """How many hold or wait for the turn."""
        return self._waiting + self._held

    async def enter(self, owner: object, place: int | None = None) -> None:
        """Wait for the owner's turn, and hold it until `leave`; None is an owner of one turn.

        Where all who enter say their `place`, the lowest comes first.
        """
        if not self._held:
            self._held = True
            return
        # Start-time fair queueing: an owner's next turn is one round after its last, and no owner saves up rounds.
        turn = max(self._round, self._last.get(owner, 0)) + 1 if place is None else place
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
        """Give the turn to the next waiter."""
        while self._queue:
            turn, _, owner, come = heapq.heappop(self._queue)
            if self._last.get(owner) == turn:
                del self._last[owner]  # the owner waits for no other turn
            if not come.cancelled():
                self._waiting -= 1
                self._round = turn
                come.set_result(None)
                return
        self._held = False
