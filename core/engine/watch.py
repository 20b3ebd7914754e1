"""Waits for tasks: for one look, or until a task has ended, by a look or as somebody tells, or the caller's time is up.

No failed look loses a task: the looks go on until the caller's deadline, which ends the wait and not the task.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from copy import copy
from typing import Any

import attrs

from anymedia.account import Account
from anymedia.clock import left
from anymedia.declare.endpoint import Endpoint
from anymedia.journal.ledger import Moved
from anymedia.model.errors import (
    AnymediaError,
    Blocked,
    DeadlineExceeded,
    JournalError,
    ProviderError,
    RateLimited,
    TaskFailed,
    Unavailable,
)
from anymedia.model.task import Attempt, Task
from anymedia.model.vocabulary import Billed, Cause, Refund, Retry, State
from anymedia.observe.events import Waits, moved
from anymedia.translate import encode

from .durations import Durations
from .looks import Looks
from .moves import Moves
from .schedule import LATELY, Schedule
from .session import Session
from .waits import Wait

LOOKED_ON = 60.0
"""Seconds for which a task that a webhook has told of, and that is not over, is looked at where nobody waits for it."""


@attrs.frozen
class Look:
    """What one look has come to: the task, in how many seconds the next is due, and what it met."""

    task: Task
    after: float
    error: ProviderError | None = None


_BILLED = {Refund.YES: Billed.NO, Refund.NO: Billed.YES, Refund.UNKNOWN: Billed.UNKNOWN}


class Watch:
    """The waits of one client for its tasks; each account has a scheduler of its own."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._clock = session.clock
        self._looks = Looks(session)
        self._durations = Durations(session.ledger)
        self._moves = Moves(session.ledger, self._clock, self._moved, self._heard)
        session.permits.hears = self._moves.listen
        self._schedules: dict[str, Schedule] = {}
        self._looked_on: set[asyncio.Task[None]] = set()
        self._is_closed = False
        self.late: Callable[[Task], None] = lambda task: None
        """Called with a task that is found over after a webhook has hinted at it, and was answered."""

    async def once(self, account: Account, task: Task) -> Task:
        """Look once and return the task as it stands, for whoever waits for it too; a passing fault is tried again.

        Errors: ProviderError.
        """
        return await self._session.retried(lambda: self._looked(account, task), Unavailable, RateLimited)

    async def done(self, account: Account, task: Task) -> Task:
        """Look once, without a second try, and return the task if it has succeeded. Errors: as until_done."""
        last: ProviderError | None = None
        if not task.state.final:
            self._session.tell(Waits(task))
            try:
                task = await self._looked(account, task)
            except ProviderError as error:
                task, last = error.task or task, error
        if not task.state.final:
            raise await self._gave_up(task) from last
        return succeeded(task)

    async def until_done(self, account: Account, task: Task, timeout: float) -> Task:
        """Look at the provider's pace until the task has succeeded, for `timeout` seconds at most, and return it.

        Errors: TaskFailed, Blocked, DeadlineExceeded; MalformedAnswer when its result is not to be found.
        """
        if task.state.final:
            return succeeded(task)
        self._session.tell(Waits(task))
        schedule = self._schedule(account.name)
        wait = schedule.join(account, task, self._clock.monotonic() + timeout)
        try:
            await self._ended(schedule, wait)
        finally:
            schedule.leave(wait)
        seen = wait.seen
        if not seen.state.final:
            raise await self._gave_up(seen) from wait.watched.error
        return succeeded(seen)

    async def step(self, account: Account, task: Task, timeout: float) -> Look:
        """Look at a task once, for a caller who comes again; return when the next look is due.

        The look is shared with all who wait for the task. None is made before the first one is due, nor while the
        provider asks for none; one that does not come within `timeout` seconds has failed.
        """
        schedule = self._schedule(account.name)
        await self._durations.read(task)
        if (early := schedule.early(account, task)) > 0:
            return Look(task, early)
        wait = schedule.join(account, task, self._clock.monotonic() + timeout, brief=True, is_step=True)
        try:
            await self._ended(schedule, wait)
        finally:
            schedule.leave(wait)
        return Look(wait.seen, schedule.next(wait), _met(wait))

    async def _looked(self, account: Account, task: Task) -> Task:
        """Look once, and tell whoever waits for the task too that it is over. Errors: ProviderError."""
        seen = await self._looks.at(account, task)
        if seen.state.final:
            self.told(seen)
        return seen

    def wake(self, task: Task) -> None:
        """Make the next look at a task due at once, for every wait for it; during a look, the look after it."""
        self._schedule(task.account).wake(task.id)

    async def hinted(self, account: Account, task: Task, timeout: float) -> Task:
        """Look at a task now, since a webhook says that it has moved, and return it as it then stands.

        The look is shared with all who wait for the task, and with every hint that comes before it begins. Where the
        task is not over and nobody waits for it, it is looked at for another minute. Errors: ProviderError where the
        look fails, or does not come within `timeout` seconds.
        """
        if task.state.final:
            return task
        schedule = self._schedule(account.name)
        wait = schedule.join(account, task, self._clock.monotonic() + timeout, brief=True)
        watched = wait.watched
        try:
            await self._ended(schedule, wait)
            if not watched.task.state.final and schedule.is_alone(wait) and not self._is_closed:
                longer = schedule.join(account, task, self._clock.monotonic() + LOOKED_ON)
                self._looked_on.add(on := asyncio.create_task(self._look_on(schedule, longer)))
                on.add_done_callback(self._looked_on.discard)
        finally:
            schedule.leave(wait)
        if (error := _met(wait)) is not None:
            raise error
        return wait.seen

    def told(self, task: Task) -> None:
        """Take a task as it stands, which is written down: whoever waits for it here gets it without a look."""
        self._session.permits.seen(task)
        self._schedule(task.account).told(task)

    def arrived(self, account_name: str) -> None:
        """Take note that a genuine webhook of an account came just now."""
        self._schedule(account_name).arrived()

    async def over_before(self, task: Task) -> None:
        """Take note of a task that is written down as over: a webhook may have told that, whoever received it."""
        schedule, ended = self._schedule(task.account), task.ended_at
        if self._session.ledger is None or not task.webhook or ended is None or schedule.has_arrived(LATELY / 2):
            return
        ago = (self._clock.now() - ended).total_seconds()
        with suppress(JournalError):
            if 0 <= ago <= LATELY and await self._session.ledger.told(task.account, task.id):
                schedule.arrived(ago)

    def _moved(self, move: Moved) -> bool:
        """Take note of what has moved in the journal, and return whether somebody here waits for it to be over."""
        schedule = self._schedule(move.account)
        if move.by_webhook:
            schedule.arrived()
        return schedule.waits_for(move.task_id) or self._session.permits.counts(move.account, move.id, move.task_id)

    def _heard(self, attempt: Attempt, task: Task) -> None:
        """Take an attempt and its task, which is over, as another process may have written it down."""
        self._session.permits.found(attempt)
        if self._schedule(task.account).told(task):
            self._session.tell(moved(task, heard=True))

    async def close(self) -> None:
        """Look on at nothing for which nobody waits, and ask the journal no more."""
        self._is_closed = True
        for each in self._looked_on:
            each.cancel()
        await asyncio.gather(*self._looked_on, return_exceptions=True)
        await self._moves.close()

    async def follow(self, account: Account, endpoint: Endpoint, task: Task) -> Task:
        """Call one endpoint of a task, once, and return the task as the answer tells it. Errors: ProviderError."""
        return await self._looks.follow(account, endpoint, task)

    async def again(self, account: Account, task: Task) -> Task:
        """Return a task that has succeeded with the links to its result that the provider names now."""
        return await self._looks.again(account, task)

    def _schedule(self, account_name: str) -> Schedule:
        schedule = self._schedules.get(account_name)
        if schedule is None:
            schedule = Schedule(self._looks, self._clock, self._durations, self._moves, self._age)
            self._schedules[account_name] = schedule
        return schedule

    async def _ended(self, schedule: Schedule, wait: Wait) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(left(self._clock, wait.deadline)):
                await schedule.over(wait)

    async def _look_on(self, schedule: Schedule, wait: Wait) -> None:
        with suppress(AnymediaError):
            try:
                await self._ended(schedule, wait)
            finally:
                schedule.leave(wait)
        self._tell_if_over(wait)

    def _tell_if_over(self, wait: Wait) -> None:
        if wait.watched.task.state.final:
            self.late(wait.seen)

    async def _gave_up(self, task: Task) -> DeadlineExceeded:
        """Return the error for a task that was not finished in time, once what the looks met is written down."""
        if task.trouble is not None:
            await self._session.note(task)
        return too_late(task, self._age(task))

    def _age(self, task: Task) -> float:
        return max((self._clock.now() - task.submitted_at).total_seconds(), 0.0)


def succeeded(task: Task) -> Task:
    """Return a task that ended well. Errors: Blocked or TaskFailed for one that did not."""
    if task.state is State.SUCCEEDED:
        return task
    failure = task.failure
    facts: dict[str, Any] = {
        **encode.facts(task),
        "code": None if failure is None else failure.code,
        "request_id": task.request_id,
        "body": task.raw,
        "billed": _BILLED[failure.refund if failure is not None else Refund.UNKNOWN],
    }
    said = "" if failure is None or failure.message is None else f": {failure.message}"
    message = f"task {task.id} at {task.account} ended as {task.state}{said}"
    if failure is not None and failure.cause is Cause.BLOCKED:
        raise Blocked(message, **facts)
    failed = TaskFailed(message, **facts)
    if failed.billed is Billed.NO:  # otherwise another offer would be paid for as well
        failed.retry = Retry.ELSEWHERE
    raise failed


def _met(wait: Wait) -> ProviderError | None:
    """Return what the look that a wait was for has met, for one caller; None where it has told how the task stands."""
    watched = wait.watched
    if watched.looked < wait.looks and not watched.task.state.final:
        return _not_looked_at(wait.seen)
    return None if watched.error is None else copy(watched.error)  # it says to each what became of the look


def _not_looked_at(task: Task) -> Unavailable:
    return Unavailable(f"{task.account} was not looked at in time for task {task.id}", **encode.facts(task))


def too_late(task: Task, age: float) -> DeadlineExceeded:
    """Return the error for a task that was not over in time, so many seconds after its submit."""
    text = f"task {task.id} at {task.account} was still {task.state} {age:.0f} s after its submit; it lives on"
    if task.trouble is not None:
        text += f"; {task.trouble}"
    return DeadlineExceeded(text, **encode.facts(task), request_id=task.request_id)
