"""Who may send next: at most so many submits and polls in any window, so many tasks at a time, and everybody in turn.

A call counts from when it is let go until a window's length after it has ended, because nobody on this side knows when
within that time it arrived: however slow the way is, the provider never sees more in any window than it allows.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anymedia.account import Account
from anymedia.clock import Clock, first_of
from anymedia.model.task import Task

from .turns import Turns

FORGOTTEN = 600.0
"""Seconds after which a task that nobody has looked at is taken to be over."""

TICK = 0.001
"""Seconds of the shortest wait: times are binary floats, and a shorter one might come to nothing."""


class Permits:
    """The permits of one client, by account."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._accounts: dict[str, Lanes] = {}

    def of(self, account: Account) -> "Lanes":
        """Return the lanes of an account."""
        lanes = self._accounts.get(account.name)
        if lanes is None:
            lanes = self._accounts[account.name] = Lanes(account, self._clock)
        return lanes

    @asynccontextmanager
    async def submit(self, account: Account, owner: object = None) -> AsyncIterator["Permit"]:
        """Wait for and hold the permit to send one submit; it counts once `Permit.sent` is told that it may have left.

        Owners take turns, however many submits each waits with; None is an owner of one.
        """
        lanes = self.of(account)
        permit = Permit(lanes, owner)
        lanes.submitting += 1
        try:
            await permit.wait()
            yield permit
        finally:
            permit.end()
            lanes.submitting -= 1

    @asynccontextmanager
    async def poll(self, account: Account) -> AsyncIterator[None]:
        """Wait for and hold the permit to send one call that changes nothing."""
        lanes = self.of(account)
        await lanes.looks.enter(None)
        try:
            await lanes.polls.enter()
        finally:
            lanes.looks.leave()
        let_go = False
        try:
            async with lanes.connections:
                let_go = True
                yield
        finally:
            lanes.polls.leave(arrived=let_go)

    def seen(self, task: Task) -> None:
        """Take note that a task was looked at."""
        lanes = self._accounts.get(task.account)
        if lanes is not None:
            lanes.active.seen(task)


class Lanes:
    """What one account's calls pass: its windows, its tasks, its connections.

    `submitting` are submits that wait for their turn or their answer, `coming` those that were decided on: some of them
    are not on their way yet.
    """

    def __init__(self, account: Account, clock: Clock) -> None:
        limits = account.limits
        self._pace = account.adapter.pace.then
        self.submits: _Window = _Window(limits.submits, clock)
        self.polls: _Window = _Window(limits.polls, clock)
        self.active: _Active = _Active(limits.active, clock)
        self.turns: Turns = Turns()
        self.looks: Turns = Turns()
        self.connections: asyncio.Semaphore = asyncio.Semaphore(account.connections)
        self.passed: set[_Window | _Active] = set()  # by whoever's turn it is
        self.again: int = 0  # of those who wait: they are active already
        self.submitting: int = 0
        self.coming: int = 0
        self._connections = account.connections

    def wait(self) -> float:
        """Return for about how many seconds a submit would wait here."""
        return max(self.submits.wait(self._ahead(self.submits)), self.active.wait(self._ahead(self.active)))

    def load(self) -> tuple[float, int]:
        """Return how much of what is allowed is in use, of whatever there is least of, and the tasks there are."""
        tasks = len(self.active) + self._ahead(self.active)
        parts = [max(self.submitting, self.coming) / self._connections, self.submits.load(self._ahead(self.submits))]
        if self.active.most is not None:
            parts.append(tasks / self.active.most)
        if self.polls.calls is not None:  # so many tasks can be looked at in their provider's pace
            parts.append(tasks * self.polls.seconds / (self.polls.calls * self._pace))
        return max(parts), tasks

    def _ahead(self, lane: "_Window | _Active") -> int:
        """Return how many submits would pass a lane before another one; whoever has passed it is counted there."""
        passed = (lane in self.passed) + (self.again if lane is self.active else 0)
        return self.turns.ahead - passed + max(self.coming - self.submitting, 0)


class Permit:
    """The permit to send one submit; its task counts as active for as long as it goes on."""

    def __init__(self, lanes: Lanes, owner: object) -> None:
        self._lanes = lanes
        self._owner = owner
        self._is_active = self._is_sending = self._is_connected = False
        self._arrived = False

    async def wait(self) -> None:
        """Wait for all that a submit needs; for the second time, to send it again."""
        self.answered()
        self._arrived = False
        lanes, again = self._lanes, self._is_active
        lanes.again += again
        try:
            await lanes.turns.enter(self._owner)
            try:
                await self._pass(lanes)
            finally:
                lanes.passed = set()
                lanes.turns.leave()
        finally:
            lanes.again -= again

    async def _pass(self, lanes: Lanes) -> None:
        if not self._is_active:
            await lanes.active.enter()
            self._is_active, lanes.passed = True, {lanes.active}
        await lanes.submits.enter()
        self._is_sending, lanes.passed = True, lanes.passed | {lanes.submits}
        await lanes.connections.acquire()
        self._is_connected = True

    def end(self) -> None:
        """Let everything go that is held: the submit is answered, or never will be."""
        self.answered()
        if self._is_active:
            self._is_active = False
            self._lanes.active.leave()

    def answered(self) -> None:
        """Release the rate slot and the connection of this sending; a task slot is kept until `end`."""
        if self._is_sending:
            self._is_sending = False
            self._lanes.submits.leave(arrived=self._arrived)
        if self._is_connected:
            self._is_connected = False
            self._lanes.connections.release()

    def sent(self) -> None:
        """Count this sending against the rate: something may have left, and nobody knows when it arrives."""
        self._arrived = True

    def keep(self, task: Task | None) -> None:
        """Count an accepted task as active until it is over; None: there may be one that nobody knows."""
        if task is None or not task.state.final:
            self._lanes.active.add(task)


class _Window:
    """At most `calls` in any `seconds`; None: any number."""

    def __init__(self, limit: tuple[int, float] | None, clock: Clock) -> None:
        self.calls: int | None = None if limit is None else limit[0]
        self.seconds: float = 0.0 if limit is None else limit[1]
        self._clock = clock
        self._under_way = 0
        self._ended: deque[float] = deque()
        self._changed = asyncio.Event()

    async def enter(self) -> None:
        """Wait until one more call fits; whose turn it is, is decided elsewhere."""
        while self.calls is not None and self._used() >= self.calls:
            self._changed.clear()
            if self._ended:
                left = self._ended[0] + self.seconds - self._clock.monotonic()
                await self._clock.sleep(max(left, TICK))
            else:
                await self._changed.wait()
        self._under_way += 1

    def leave(self, *, arrived: bool) -> None:
        """Take note that a call has ended; one that never left does not count."""
        self._under_way -= 1
        if self.calls is not None and arrived:
            self._ended.append(self._clock.monotonic())
        self._changed.set()

    def _used(self) -> int:
        now = self._clock.monotonic()
        while self._ended and self._ended[0] + self.seconds <= now:
            self._ended.popleft()
        return self._under_way + len(self._ended)

    def wait(self, ahead: int) -> float:
        """Return for about how many seconds a call waits that has so many ahead of it."""
        if self.calls is None:
            return 0.0
        behind = ahead + self._used() - self.calls
        if behind < 0:
            return 0.0
        rounds, place = divmod(behind, self.calls)
        now = self._clock.monotonic()
        ended = self._ended[place] if place < len(self._ended) else now
        return ended + self.seconds * (rounds + 1) - now

    def load(self, ahead: int) -> float:
        return 0.0 if self.calls is None else (ahead + self._used()) / self.calls


class _Active:
    """At most so many tasks at a time; None: any number."""

    def __init__(self, most: int | None, clock: Clock) -> None:
        self.most = most
        self._clock = clock
        self._held = 0
        self._seen: dict[object, float] = {}
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        now = self._clock.monotonic()
        while self._seen and next(iter(self._seen.values())) + FORGOTTEN <= now:
            del self._seen[next(iter(self._seen))]
        return self._held + len(self._seen)

    async def enter(self) -> None:
        """Wait until one more task may be active."""
        while self.most is not None and len(self) >= self.most:
            self._changed.clear()
            await self._until_changed()
        self._held += 1

    def leave(self) -> None:
        self._held -= 1
        self._changed.set()

    async def _until_changed(self) -> None:
        """Wait until a task is over, or the one that was seen longest ago is taken to be."""
        if not self._seen:
            await self._changed.wait()
            return
        oldest = next(iter(self._seen.values())) + FORGOTTEN - self._clock.monotonic()
        await first_of(self._changed.wait(), timeout=max(oldest, TICK))

    def wait(self, ahead: int) -> float:
        """Return 0 where a submit would go through, else the time that a task may take: nobody knows it."""
        return 0.0 if self.most is None or len(self) + ahead < self.most else FORGOTTEN

    def add(self, task: Task | None) -> None:
        key = object() if task is None else task.id
        self._seen.pop(key, None)  # so that the one seen last stands last
        self._seen[key] = self._clock.monotonic()

    def seen(self, task: Task) -> None:
        if self._seen.pop(task.id, None) is not None and not task.state.final:
            self.add(task)
        self._changed.set()
