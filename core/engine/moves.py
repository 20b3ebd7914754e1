"""Tasks that are over, as any process that shares the journal has written down: who waits here hears of it.

The journal is asked beside every wait: an answer that is late, or never comes, holds up nobody.
"""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress

from anymedia.clock import Clock
from anymedia.journal.ledger import Ledger, Moved
from anymedia.journal.protocol import MOVED
from anymedia.model.errors import JournalError
from anymedia.model.task import Attempt, Task

from .waits import Wait, Watched

EACH = 0.5
"""Seconds between two questions to the journal."""


class Moves:
    """What moves in the journal, while somebody waits for a task of which a webhook may tell another process.

    `moved` hears of each move, and returns whether somebody waits for it here; `told` is called with the attempt then,
    and its task, which is over. One of those who wait for tasks asks, while it waits for its next look; who waits for a
    task slot asks too.
    """

    def __init__(
        self,
        ledger: Ledger | None,
        clock: Clock,
        moved: Callable[[Moved], bool],
        told: Callable[[Attempt, Task], None],
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._moved = moved
        self._told = told
        self._tasks: set[Watched] = set()
        self._listening = 0
        self._asks: Wait | None = None
        self._others: dict[Wait, None] = {}
        self._question: asyncio.Task[None] | None = None
        self._after: int | None = None
        self._begun = 0
        self._read: dict[str, int] = {}

    async def close(self) -> None:
        """Ask no more."""
        if self._question is not None:
            self._question.cancel()
            await asyncio.wait({self._question})

    # Who waits for a task

    async def join(self, watched: Watched) -> None:
        """Hear of a task from now on, and of what is written down already."""
        if self._ledger is None:
            return
        self._tasks.add(watched)
        with suppress(JournalError):  # what the journal does not tell, a look does
            await self._follow(self._ledger, 0)
            self._tell(await self._ledger.with_task(watched.task.account, watched.task.id))

    def leave(self, watched: Watched) -> None:
        """Hear no more of a task."""
        self._tasks.discard(watched)

    async def sleep(self, wait: Wait, seconds: float) -> None:
        """Sleep, and ask the journal meanwhile, unless another one does."""
        if self._ledger is None or wait.watched not in self._tasks:
            await self._clock.sleep(seconds)
        elif self._asks is not None:
            self._others[wait] = None
            try:
                await self._clock.sleep(seconds)
            finally:
                del self._others[wait]
        else:
            await self._ask_meanwhile(self._ledger, wait, self._clock.monotonic() + seconds)

    async def _ask_meanwhile(self, ledger: Ledger, wait: Wait, until: float) -> None:
        """Sleep until a time on the monotonic clock, whatever the answers take."""
        self._asks, left = wait, until - self._clock.monotonic()
        try:
            while True:
                await self._clock.sleep(min(left, EACH))
                left = until - self._clock.monotonic()
                if left <= 0:
                    break
                # Of the loop's time: the clock may be another, which goes on when somebody sleeps.
                await asyncio.wait({self._ask(ledger)}, timeout=min(left, EACH))
                left = max(until - self._clock.monotonic(), 0.0)
        finally:
            self._asks = None
            if (other := next(iter(self._others), None)) is not None:
                other.stop()  # it asks from now on

    # Who waits for a task slot

    async def listen(self, account_name: str, names: Collection[str]) -> None:
        """Hear of an account's tasks and attempts with these ids, and of what moves, until it is cancelled."""
        if self._ledger is None:
            return
        self._listening += 1
        is_read = False
        try:
            while True:
                with suppress(JournalError):
                    if not is_read:
                        await self._read_those(self._ledger, account_name, names)
                        is_read = True
                    await asyncio.shield(self._ask(self._ledger))
                await asyncio.sleep(EACH)  # of the loop's time, as above
        finally:
            self._listening -= 1

    async def _read_those(self, ledger: Ledger, account_name: str, names: Collection[str]) -> None:
        """Read how attempts stand, unless they were read before, and every move since then has been heard of."""
        await self._follow(ledger, MOVED)
        begun = self._begun
        if self._read.get(account_name) != begun:
            for name in names:
                self._tell(await ledger.with_task(account_name, name) or await ledger.attempt(name))
            self._read[account_name] = begun

    # What is asked

    async def _follow(self, ledger: Ledger, most: int) -> None:
        """Know the number of a move, after which all are heard of.

        Where nobody has asked lately, and more than `most` have come since then, that is the last one.
        """
        if self._after is not None and not self._asks_anew:
            return
        last, _ = await ledger.moved()
        if self._after is None or (self._asks_anew and last - self._after > most):
            self._after, self._begun = last, self._begun + 1

    @property
    def _asks_anew(self) -> bool:
        """Whether nobody else hears of what moves, so that nobody has asked lately."""
        return len(self._tasks) + self._listening <= 1

    def _ask(self, ledger: Ledger) -> "asyncio.Task[None]":
        """Ask what has moved, unless that is being asked."""
        if self._question is None or self._question.done():
            self._question = asyncio.create_task(self._asked(ledger))
        return self._question

    async def _asked(self, ledger: Ledger) -> None:
        with suppress(JournalError):
            if self._after is None:
                await self._follow(ledger, 0)
                return
            self._after, moved = await ledger.moved(self._after)
            for each in moved:
                if self._moved(each):
                    self._tell(each.attempt)

    def _tell(self, attempt: Attempt | None) -> None:
        if attempt is not None and attempt.task is not None and attempt.task.state.final:
            self._told(attempt, attempt.task)
