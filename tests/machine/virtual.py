"""An event loop whose time nobody waits for: when nothing is left to do, it is the time of the next timer.

Clients, simulators and tests that share the loop share its time, so that a deadline, a look, an answer that never comes
and a window of a limit come in the order in which they would. Work of other threads takes no time.
"""

import asyncio
import concurrent.futures
import math
import random
import selectors
from collections import deque
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from anymedia.clock import Clock
from anymedia.journal.group_commit import Item
from anymedia.simulators.server import Server

MORNING = datetime(2027, 1, 15, 8, tzinfo=UTC)
LONG = 10.0
MANY = 100_000
FOREVER = 30.0
"""Seconds of real time in which something has to happen where only another thread can bring it on."""


class Loop(asyncio.SelectorEventLoop):
    """Virtual time; `away` holds what is waited for that another thread does."""

    def __init__(self):
        self.seconds = 0.0
        self.away = set()
        super().__init__(_Selector(self))
        self._clock_resolution = 1e-6

    def time(self):
        return self.seconds

    def begins_anew(self):
        """Count its turns from here on: what spins is told by them."""
        self._selector.turns = 0

    def run_in_executor(self, executor, function, *arguments):
        return self.hold(super().run_in_executor(executor, function, *arguments))

    def hold(self, future):
        """Let no time pass until another thread has done its work."""
        self.away.add(future)
        future.add_done_callback(self.away.discard)
        return future

    def slow_down(self, journal, seconds=0.005):
        """Let each write to a journal take so long, in the order of the writes, and no other time."""
        store = journal._store
        put, close, waiting = store._put, store.close, deque()

        def write(most=math.inf):
            while waiting and most > 0:
                put(waiting.popleft())
                most -= 1

        def one():
            if not waiting:  # it was written by then
                return
            write(1)
            written = concurrent.futures.Future()
            put(Item(lambda _: None, written))
            written.result()  # what came before it is on disk, too

        def held(item):
            if item.loop is self:
                waiting.append(item)
                self.call_later(seconds, one)
            else:
                write()
                put(item)

        def closed():
            write()
            close()

        store._put, store.close = held, closed


class _Selector(selectors.DefaultSelector):
    def __init__(self, loop):
        super().__init__()
        self.loop = loop
        self.turns = 0

    def select(self, timeout=None):
        ready = super().select(0)
        self.turns += 1
        assert self.turns < MANY, "something spins"
        if ready or timeout == 0:
            return ready
        if self.loop.away or timeout is None:
            ready = super().select(FOREVER)
            assert ready, "nothing happens any more"
            return ready
        if timeout > LONG and (ready := super().select(0.001)):  # the kernel may be about to deliver something
            return ready
        self.loop.seconds += timeout
        self.turns = 0
        return []


class LoopClock(Clock):
    """The clock of a virtual loop; chance is the same every time."""

    def __init__(self, loop):
        self.loop = loop

    def time(self):
        """Return the seconds since 1970, as simulators take them."""
        return MORNING.timestamp() + self.loop.seconds

    def now(self):
        return MORNING + timedelta(seconds=self.loop.seconds)

    def monotonic(self):
        return self.loop.seconds

    def chance(self):
        return 0.5


@contextmanager
def slow_way(seconds):
    """Let each call take up to so many seconds to a simulator, and each answer as many back."""
    chance, handle = random.Random(7), Server._handle

    async def slowly(self, http):
        await asyncio.sleep(chance.random() * seconds)
        answer = await handle(self, http)
        await asyncio.sleep(chance.random() * seconds)
        return answer

    with patch.object(Server, "_handle", slowly):
        yield
