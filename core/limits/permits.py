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
from anymedia.shared_limits import ACTIVE, POLLS, SUBMITS, Want

from .line import LONGEST, Line
from .queue import Queue
from .shared import Share, Shared
from .slots import FORGOTTEN, ActiveTasks, HearsOf, RateWindow
from .turns import Turns

Hears: TypeAlias = Callable[[str, Collection[str]], Coroutine[Any, Any, None]]


class Permits:
    """The permits of one client, by account; `shared` is what it shares of them with others.

    While a submit waits for a task slot of an account whose callbacks come in to us, `hears`, if given, is run with the
    account's name and the ids of what is active, until it is cancelled: another process may see that it is over.
    `account` returns an account by its name; None where there is none.
    """

    def __init__(self, clock: Clock, shared: Shared | None = None) -> None:
        self.hears: Hears | None = None
        self.account: Callable[[str], Account | None] = lambda _: None
        self._clock = clock
        self._shared = Shared(None, clock) if shared is None else shared
        self._accounts: dict[str, AccountLimits] = {}
        self._queues: dict[Hashable, Queue] = {}
        self._places = count()

    def of(self, account: Account) -> "AccountLimits":
        """Return the limits of an account, as they are used."""
        limits = self._accounts.get(account.name)
        if limits is None:
            hears = None if self.hears is None or account.callback is None else partial(self.hears, account.name)
            share = self._shared.of(account)
            limits = self._accounts[account.name] = AccountLimits(account, self._clock, hears, share)
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

    def submit(
        self, account: Account, owner: object = None, name: str | None = None, *, minds: bool = False
    ) -> "Permit":
        """Return the permit to send one submit: `async with` waits for it, and holds it.

        The submit counts against the rate once `Permit.sent` says that it may have left. Owners take turns, however
        many submits each waits with; None is an owner of one submit. `name` is the id of its attempt. With `minds`, the
        permit is refused while others know that the account is in trouble (Cooling).
        """
        return Permit(self.of(account), owner, name, minds=minds)

    def poll(self, account: Account) -> "Look":
        """Return the permit to send one call that buys nothing: `async with` waits for it, and holds it."""
        return Look(self.of(account))

    def seen(self, task: Task) -> None:
        """Note that a look showed a task as it stands."""
        if (limits := self._named(task.account)) is not None:
            limits.seen(task)

    def counts(self, account_name: str, attempt_id: str, task_id: str | None) -> bool:
        """Return whether an attempt or its task counts as active here."""
        limits = self._accounts.get(account_name)
        return limits is not None and (limits.active.counts(attempt_id) or limits.active.counts(task_id))

    def found(self, attempt: Attempt) -> None:
        """Note how an attempt stands of which its submit may not have known that."""
        if (limits := self._named(attempt.order.account)) is not None:
            limits.found(attempt)

    def _named(self, account_name: str) -> "AccountLimits | None":
        """Return the limits of an account of this name, also where only others have sent to it, if its tasks count."""
        known = self._accounts.get(account_name)
        account = self.account(account_name) if known is None else None
        if account is None or account.limits.active is None or self._shared.of(account) is None:
            return known
        return self.of(account)


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
        share: Share | None = None,
    ) -> None:
        self.share: Share | None = share
        allowed = account.limits
        self._pace = min(life.pace.then for life in account.adapter.lives.values())
        self.submits: RateWindow = RateWindow(allowed.submits, clock)
        self.polls: RateWindow = RateWindow(allowed.polls, clock)
        hears = hears if share is None else partial(self._hear, share, hears)
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
        told = 0.0 if self.share is None else self.share.wait
        return max(self.submits.wait(self._ahead(self.submits)), self.active.wait(self._ahead(self.active)), told)

    def seen(self, task: Task) -> None:
        """Note that a look showed a task as it stands."""
        self.active.seen(task)
        if self.share is not None and self.active.most is not None:
            self.share.looked(task.id, over=task.state.final)

    def found(self, attempt: Attempt) -> None:
        """Note how an attempt stands of which its submit may not have known that."""
        self.active.found(attempt)
        self.count(attempt.id, attempt)

    def count(self, name: str, attempt: Attempt | None) -> None:
        """Share what the attempt of a task slot of this name has come to; None: to nothing."""
        if self.share is None or self.active.most is None:
            return
        last = name if attempt is None or attempt.task is None else attempt.task.id
        if last != name:
            self.share.leave((ACTIVE, name))
        self.share.leave((ACTIVE, last), seconds=FORGOTTEN if attempt is not None and attempt.open else 0.0)

    async def _hear(self, share: Share, hears: HearsOf | None, names: Collection[str]) -> None:
        """Hear what is over of what counts as active here, from all who share the limits too."""
        others = () if hears is None else (hears(names),)
        await asyncio.gather(share.hear(names, self.active.gone), *others)

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
        self._slot: Want | None = None

    async def __aenter__(self) -> None:
        limits = self._limits
        await limits.looks.enter(None)
        try:
            await self._enter()
        finally:
            limits.looks.leave()
        try:
            await limits.connections.acquire()
        except BaseException:
            self._leave(arrived=False)
            raise

    async def _enter(self) -> None:
        await self._limits.polls.enter()
        try:
            if (share := self._limits.share) is not None and (
                slot := self._limits.polls.wanted(POLLS, share.new_name())
            ) is not None:
                await share.enter([slot])
                self._slot = slot
        except BaseException:
            self._leave(arrived=False)
            raise

    async def __aexit__(self, *_: object) -> None:
        self._limits.connections.release()
        self._leave(arrived=True)

    def _leave(self, *, arrived: bool) -> None:
        self._limits.polls.leave(arrived=arrived)
        _left(self._limits.share, self._slot, arrived=arrived)


class Permit:
    """The permit to send one submit; `keep` lets its task hold the task slot until the task is over."""

    def __init__(self, limits: AccountLimits, owner: object, name: str | None = None, *, minds: bool = False) -> None:
        self._limits = limits
        self._owner = owner
        self._name = name
        self._minds = minds
        self._slot: Want | None = None
        self._trial: Want | None = None
        self._kept: Attempt | None = None
        self._is_active = self._is_shared = self._is_sending = self._is_connected = False
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
        if limits.share is not None:
            await self._enter(limits.share)
        await self._connect(limits)

    async def _pass_again(self, limits: AccountLimits) -> None:
        limits.again += 1
        try:
            await limits.submits.enter()
        finally:
            limits.again -= 1
        self._is_sending = True
        if limits.share is not None and (slot := limits.submits.wanted(SUBMITS, limits.share.new_name())) is not None:
            await limits.share.enter([slot])
            self._slot = slot
        await self._connect(limits)

    async def _enter(self, share: Share) -> None:
        """Acquire what is shared with others of the task slot and the rate slot."""
        self._name = self._name or share.new_name()
        slot = self._limits.submits.wanted(SUBMITS, share.new_name())
        active = self._limits.active.wanted(self._name)
        self._trial = await share.enter([each for each in (active, slot) if each is not None], minds=self._minds)
        self._slot, self._is_shared = slot, active is not None

    async def _connect(self, limits: AccountLimits) -> None:
        await limits.connections.acquire()
        self._is_connected = True

    def end(self) -> None:
        """Release everything that is held."""
        self.answered()
        if self._is_active:
            self._is_active = False
            self._limits.active.leave()
        if self._is_shared and self._name is not None:
            self._is_shared = False
            self._limits.count(self._name, self._kept)
        _left(self._limits.share, self._trial, arrived=False)
        self._trial = None

    def answered(self) -> None:
        """Release the rate slot and the connection of this sending; a task slot is kept until `end`."""
        if self._is_sending:
            self._is_sending = False
            self._limits.submits.leave(arrived=self._arrived)
            _left(self._limits.share, self._slot, arrived=self._arrived)
            self._slot = None
        if self._is_connected:
            self._is_connected = False
            self._limits.connections.release()

    def sent(self) -> None:
        """Count this sending against the rate: a byte may have left."""
        self._arrived = True

    def keep(self, attempt: Attempt) -> None:
        """Count the task of an attempt as active until it is over, also one that may exist unknown to us."""
        self._kept = attempt
        self._limits.active.add(attempt)


def _left(share: Share | None, slot: Want | None, *, arrived: bool) -> None:
    """Leave a slot that was had, if there was one."""
    if share is not None and slot is not None:
        share.leave((slot.kind, slot.name), seconds=slot.after if arrived else 0.0)
