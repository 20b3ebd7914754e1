"""Tasks that are over, as any process that shares the journal has written down: who waits here hears of it.

The journal is asked beside every wait: an answer that is late, or never comes, holds up nobody. Where the journal tells
that something has moved, it is asked then.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from functools import partial

from anymedia.clock import Clock
from anymedia.journal.ledger import Ledger, Moved
from anymedia.journal.protocol import MOVED
from anymedia.model.errors import JournalError
from anymedia.model.task import Attempt, Task

from .waits import Wait, Watched

EACH = 0.5
"""Seconds between two questions to the journal."""

SELDOM = 30.0
"""Seconds after which a journal is asked that tells what moves, and has told nothing."""


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
        self._news = News()

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
        self._news.begin(self._ledger)
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
                await self._pause(self._clock.sleep, left)
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
        self._news.begin(self._ledger)
        is_read = False
        try:
            while True:
                with suppress(JournalError):
                    if not is_read:
                        await self._read_those(self._ledger, account_name, names)
                        is_read = True
                    await asyncio.shield(self._ask(self._ledger))
                await self._pause(asyncio.sleep, SELDOM)  # of the loop's time, as above
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

    # When it is asked

    async def _pause(self, sleep: Callable[[float], Awaitable[None]], seconds: float) -> None:
        """Sleep for so many seconds at most, until the journal is to be asked again.

        Of many moves in a row, it is asked together.
        """
        if not self._news.come:
            await sleep(min(seconds, EACH))
            return
        await sleep(min(seconds, EACH))
        if seconds > EACH:
            await first(sleep(min(seconds, SELDOM) - EACH), self._news.known.wait())

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
        self._news.known = self._news.next
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


class News:
    """Tells those who wait in an event loop that something may have moved; `come` says whether that is ever told.

    `next` comes to be set then, and `known` is what was the next one when the journal was asked last.
    """

    def __init__(self) -> None:
        self.come: bool = False
        self.next: asyncio.Event = asyncio.Event()
        self.known: asyncio.Event = self.next
        self._begun = False

    def begin(self, ledger: Ledger) -> None:
        """Hear from a journal that something may have moved, from now on; it may say that in any thread."""
        if not self._begun:
            self._begun = True
            self.come = ledger.hear(partial(self.heard, asyncio.get_running_loop()))

    def heard(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wake those who wait in an event loop."""
        with suppress(RuntimeError):  # the loop is closed: nobody waits there any more
            loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        come, self.next = self.next, asyncio.Event()
        come.set()


async def first(*works: Awaitable[object]) -> None:
    """Wait until the first of some works is done, and end the others."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
