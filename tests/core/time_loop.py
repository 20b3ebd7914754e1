"""An event loop whose time passes only while everybody in it waits: what happens when goes by the sleeps alone."""

import asyncio
import selectors
from datetime import UTC, datetime
from itertools import cycle

from anymedia.clock import Clock

BEGAN = 1_800_000_000.0
"""When the wall clock says that such a loop began."""

BUSY = 20_000
"""Rounds of a loop without time passing that mean that it will never pass."""


class Time(Clock):
    """The time of the running loop; whoever sleeps comes late by each of `late` in turn."""

    def __init__(self, late=(0.0,)):
        self._late = cycle(late)

    def now(self):
        return datetime.fromtimestamp(BEGAN + self.monotonic(), UTC)

    def monotonic(self):
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds):
        await asyncio.sleep(seconds + next(self._late))

    def chance(self):
        return 0.5


class _Selector(selectors.SelectSelector):
    """Waits for nothing: it moves the time to when something is due."""

    def __init__(self):
        super().__init__()
        self.time = 0.0
        self.rounds = 0

    def select(self, timeout=None):
        assert timeout is not None, "everybody waits, for ever"
        self.time += timeout
        self.rounds = 0 if timeout else self.rounds + 1
        if self.rounds == BUSY:
            self.rounds = 0  # for the end of the tasks there are
            raise AssertionError("something spins, and no time passes")
        return super().select(0)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self):
        selector = _Selector()
        super().__init__(selector)
        self.time = lambda: selector.time


def timed(main):
    """Run a coroutine to its end; a test in which all wait for each other, or for a time that stands still, fails."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(main)
