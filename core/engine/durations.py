"""How long tasks of each offer and variant took: as the journal knows it, and what is seen meanwhile."""

import asyncio
import logging
from collections import OrderedDict, deque
from typing import TypeAlias
from weakref import WeakValueDictionary

from anymedia.declare.lifecycle import Pace
from anymedia.journal.away import say
from anymedia.journal.ledger import Ledger
from anymedia.journal.protocol import DURATIONS
from anymedia.model.errors import JournalError
from anymedia.model.task import Task

from .pace import Learned, Took, learned

KINDS = 1000
"""The most offers and variants of which this is known at once."""

AGAIN = 4
"""What the tasks teach is worked out anew once one in so many of them has come since."""

Work: TypeAlias = tuple[str, str, str]


class Durations:
    """What is known of how long tasks take, by provider, offer and variant."""

    def __init__(self, ledger: Ledger | None) -> None:
        self._ledger = ledger
        self._known: OrderedDict[Work, _Known] = OrderedDict()
        self._turns: WeakValueDictionary[Work, asyncio.Lock] = WeakValueDictionary()

    def are_known(self, task: Task) -> bool:
        """Return whether there is nothing to be read for tasks like this one."""
        work = _work(task)
        return work is None or work in self._known

    async def read(self, task: Task) -> None:
        """Read what the journal knows of tasks like this one, once for all; what it cannot tell is not known."""
        if (work := _work(task)) is None:
            return
        async with self._turns.setdefault(work, asyncio.Lock()):
            if work in self._known:
                return
            took: list[Took] = []
            if self._ledger is not None:
                try:
                    took = await self._ledger.durations(*work)
                except JournalError as error:
                    say(error, "how long tasks of %s take is not known", work[1], level=logging.WARNING)
            self._known[work] = _Known(took)
            if len(self._known) > KINDS:
                self._known.popitem(last=False)

    def of(self, task: Task, pace: Pace) -> Learned | None:
        """Return what is known of tasks like this one; None where that is too little."""
        known = self._of(task)
        return None if known is None else known.learned(pace)

    def add(self, task: Task, took: Took) -> None:
        """Take note of how long a task took."""
        if (known := self._of(task)) is not None:
            known.add(took)

    def _of(self, task: Task) -> "_Known | None":
        return None if (work := _work(task)) is None else self._known.get(work)


class _Known:
    def __init__(self, took: list[Took]) -> None:
        self._took = deque(took, maxlen=DURATIONS)
        self._fresh = len(took)
        self._learned: Learned | None = None

    def add(self, took: Took) -> None:
        self._took.appendleft(took)
        self._fresh += 1

    def learned(self, pace: Pace) -> Learned | None:
        if self._fresh * AGAIN >= len(self._took):
            self._learned, self._fresh = learned(pace, self._took), 0
        return self._learned


def _work(task: Task) -> Work | None:
    """Return what a task does; None where the task does not tell, as that of a handle does not."""
    return None if task.offer is None or task.variant is None else (task.provider, task.offer, task.variant)
