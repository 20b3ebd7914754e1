"""Permits to send: a turn, a task slot, a rate slot and a connection of the account.

A submit holds all four until it is answered, and its task holds the task slot until it is over. A look at a task holds
a rate slot of its own kind and a connection.
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Hashable
from functools import partial
from itertools import count
from typing import Any, TypeAlias

from anymedia.account import Account
from anymedia.clock import Clock
from anymedia.model.task import Attempt, Task

from .line import LONGEST, Line
from .queue import Queue
from .slots import ActiveTasks, HearsOf, RateWindow
from .turns import Turns

Hears: TypeAlias = Callable[[str, Collection[str]], Coroutine[Any, Any, None]]


class Permits:
    """The permits of one client, by account.

    While a submit waits for a task slot of an account whose callbacks come in to us, `hears`, if given, is run with the
    account's name and the ids of what is active, until it is cancelled: another process may see that it is over.
    """

    def __init__(self, clock: Clock) -> None:
        self.hears: Hears | None = None
        self._clock = clock
        self._accounts: dict[str, AccountLimits] = {}
        self._queues: dict[Hashable, Queue] = {}
        self._places = count()

    def of(self, account: Account) -> "AccountLimits":
        """Return the limits of an account, as they are used."""
        limits = self._accounts.get(account.name)
        if limits is None:
            hears = None if self.hears is None or account.callback is None else partial(self.hears, account.name)
            limits = self._accounts[account.name] = AccountLimits(account, self._clock, hears)
        return limits

    def open_tasks(self) -> dict[str, int]:
        """Return how many tasks are not known to be over, by account."""
        return {name: len(limits.active) for name, limits in [*self._accounts.items()]}

    def last_place(self) -> int:
        """Return a place in a queue behind all that were given before."""
        return next(self._places)

    def queue(self, name: Hashable) -> Queue:
        """Return the queue of all that may go to the same accounts, under one name."""
        queue = self._queues.get(name)
        if queue is None:
            queue = self._queues[name] = Queue(self._clock)
        return queue

    def submit(self, account: Account, owner: object = None) -> "Permit":
        """Return the permit to send one submit: `async with` waits for it, and holds it.

        The submit counts against the rate once `Permit.sent` says that it may have left. Owners take turns, however
        many submits each waits with; None is an owner of one submit.
        """
        return Permit(self.of(account), owner)

    def poll(self, account: Account) -> "Look":
        """Return the permit to send one call that buys nothing: `async with` waits for it, and holds it."""
        return Look(self.of(account))

    def seen(self, task: Task) -> None:
        """Note that a look showed a task as it stands."""
        limits = self._accounts.get(task.account)
        if limits is not None:
            limits.active.seen(task)

    def counts(self, account_name: str, attempt_id: str, task_id: str | None) -> bool:
        """Return whether an attempt or its task counts as active here."""
        limits = self._accounts.get(account_name)
        return limits is not None and (limits.active.counts(attempt_id) or limits.active.counts(task_id))

    def found(self, attempt: Attempt) -> None:
        """Note how an attempt stands of which its submit may not have known that."""
        limits = self._accounts.get(attempt.order.account)
        if limits is not None:
            limits.active.found(attempt)


class AccountLimits:
    """The limits of one account: rate windows, active tasks, connections, and whose turn it is.

    `submitting` counts the submits that wait for a permit or an answer; `coming` counts those that were decided on,
    some of which do not wait yet.
    """

    def __init__(
        self,
        account: Account,
        clock: Clock,
        hears: HearsOf | None = None,
    ) -> None:
        allowed = account.limits
        self._pace = min(life.pace.then for life in account.adapter.lives.values())
        self.submits: RateWindow = RateWindow(allowed.submits, clock)
        self.polls: RateWindow = RateWindow(allowed.polls, clock)
        self.active: ActiveTasks = ActiveTasks(allowed.active, clock, hears)
        self.turns: Turns = Turns()
        self.looks: Turns = Turns()
        self.line: Line = Line()
        self.connections: asyncio.Semaphore = asyncio.Semaphore(account.connections)
        self.passed: set[RateWindow | ActiveTasks] = set()  # by the submit whose turn it is
        self.again: int = 0  # resends that wait for a rate slot
        self.submitting: int = 0
        self.coming: int = 0
        self._connections = account.connections

    def wait(self) -> float:
        """Return about how many seconds a submit would wait here."""
        return max(self.submits.wait(self._ahead(self.submits)), self.active.wait(self._ahead(self.active)))

    def has_room(self, *, trial: bool = False) -> bool:
        """Return whether one more request may wait for a permit here; for a `trial`, whether it would be the first.

        What would wait for a limit is better kept in the queue, once the line is long: another account may be free
        sooner.
        """
        if trial:
            return self.line.is_empty
        return len(self.line) < LONGEST or (self.coming < self._connections and not self.wait())

    def load(self) -> tuple[float, int]:
        """Return the used share of the scarcest limit, and the number of active tasks."""
        tasks = len(self.active) + self._ahead(self.active)
        parts = [max(self.submitting, self.coming) / self._connections, self.submits.load(self._ahead(self.submits))]
        if self.active.most is not None:
            parts.append(tasks / self.active.most)
        if self.polls.calls is not None:  # looks at the provider's pace use up the rate of looks
            parts.append(tasks * self.polls.seconds / (self.polls.calls * self._pace))
        return max(parts), tasks

    def _ahead(self, limit: "RateWindow | ActiveTasks") -> int:
        """Return how many submits would enter a limit before a new one, without the one that it counts already."""
        resends = self.again if limit is self.submits else 0
        return self.turns.ahead - (limit in self.passed) + resends + max(self.coming - self.submitting, 0)


class Look:
    """The permit to send one call that buys nothing."""

    def __init__(self, limits: AccountLimits) -> None:
        self._limits = limits

    async def __aenter__(self) -> None:
        limits = self._limits
        await limits.looks.enter(None)
        try:
            await limits.polls.enter()
        finally:
            limits.looks.leave()
        try:
            await limits.connections.acquire()
        except BaseException:
            limits.polls.leave(arrived=False)
            raise

    async def __aexit__(self, *_: object) -> None:
        self._limits.connections.release()
        self._limits.polls.leave(arrived=True)


class Permit:
    """The permit to send one submit; `keep` lets its task hold the task slot until the task is over."""

    def __init__(self, limits: AccountLimits, owner: object) -> None:
        self._limits = limits
        self._owner = owner
        self._is_active = self._is_sending = self._is_connected = False
        self._arrived = False

    async def __aenter__(self) -> "Permit":
        self._limits.submitting += 1
        try:
            await self.wait()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self.end()
        self._limits.submitting -= 1

    async def wait(self) -> None:
        """Acquire turn, task slot, rate slot and connection; call it again before each resend."""
        self.answered()
        self._arrived = False
        limits = self._limits
        if self._is_active:  # a resend takes no turn: whoever has the turn may be waiting for this task slot
            await self._pass_again(limits)
            return
        await limits.turns.enter(self._owner)
        try:
            await self._pass(limits)
        finally:
            limits.passed = set()
            limits.turns.leave()

    async def _pass(self, limits: AccountLimits) -> None:
        await limits.active.enter()
        self._is_active, limits.passed = True, {limits.active}
        await limits.submits.enter()
        self._is_sending, limits.passed = True, limits.passed | {limits.submits}
        await self._connect(limits)

    async def _pass_again(self, limits: AccountLimits) -> None:
        limits.again += 1
        try:
            await limits.submits.enter()
        finally:
            limits.again -= 1
        self._is_sending = True
        await self._connect(limits)

    async def _connect(self, limits: AccountLimits) -> None:
        await limits.connections.acquire()
        self._is_connected = True

    def end(self) -> None:
        """Release everything that is held."""
        self.answered()
        if self._is_active:
            self._is_active = False
            self._limits.active.leave()

    def answered(self) -> None:
        """Release the rate slot and the connection of this sending; a task slot is kept until `end`."""
        if self._is_sending:
            self._is_sending = False
            self._limits.submits.leave(arrived=self._arrived)
        if self._is_connected:
            self._is_connected = False
            self._limits.connections.release()

    def sent(self) -> None:
        """Count this sending against the rate: a byte may have left."""
        self._arrived = True

    def keep(self, attempt: Attempt) -> None:
        """Count the task of an attempt as active until it is over, also one that may exist unknown to us."""
        self._limits.active.add(attempt)
