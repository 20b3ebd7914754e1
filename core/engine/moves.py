"""Tasks that are over, as any process that shares the journal has written down: who waits for one here hears of it."""

from collections.abc import Callable
from contextlib import suppress

from anymedia.clock import Clock
from anymedia.journal.ledger import Ledger
from anymedia.model.errors import JournalError
from anymedia.model.task import Task

from .waits import Wait, Watched

EACH = 0.5
"""Seconds between two questions to the journal."""


class Moves:
    """What moves in the journal, while somebody waits for a task of which a webhook may tell another process.

    `told` is called with each task that is over, and whether a webhook told that. One of those who wait asks, while it
    waits for its next look.
    """

    def __init__(self, ledger: Ledger | None, clock: Clock, told: Callable[[Task, bool], None]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._told = told
        self._tasks: set[Watched] = set()
        self._asks: Wait | None = None
        self._others: dict[Wait, None] = {}
        self._after: int | None = None

    async def join(self, watched: Watched) -> None:
        """Hear of a task from now on, and of what is written down already."""
        if self._ledger is None:
            return
        with suppress(JournalError):  # what the journal does not tell, a look does
            if not self._tasks:
                self._after = None
            self._tasks.add(watched)
            if self._after is None:
                self._after, _ = await self._ledger.moved()
            attempt = await self._ledger.with_task(watched.task.account, watched.task.id)
            if attempt is not None and attempt.task is not None and attempt.task.state.final:
                self._told(attempt.task, False)

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
            await self._ask_meanwhile(self._ledger, wait, seconds)

    async def _ask_meanwhile(self, ledger: Ledger, wait: Wait, seconds: float) -> None:
        self._asks = wait
        try:
            while not wait.is_over:
                await self._clock.sleep(min(seconds, EACH))
                seconds -= EACH
                if seconds <= 0:
                    break
                with suppress(JournalError):
                    await self._ask(ledger)
        finally:
            self._asks = None
            if (other := next(iter(self._others), None)) is not None:
                other.stop()  # it asks from now on

    async def _ask(self, ledger: Ledger) -> None:
        self._after, moved = await ledger.moved(self._after)
        for each in moved:
            if each.attempt.task is not None:
                self._told(each.attempt.task, each.by_webhook)
