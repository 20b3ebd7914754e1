"""What becomes of a task: one look, or looks at its provider's pace until it is done.

No failed look loses a task: looking goes on until the caller's deadline, which ends the wait and not the task.
"""

import asyncio
from typing import Any

from anymedia.account import Account
from anymedia.declare.adapter import Endpoint
from anymedia.model.errors import (
    Blocked,
    DeadlineExceeded,
    MalformedAnswer,
    ProviderError,
    RateLimited,
    TaskFailed,
    Unavailable,
)
from anymedia.model.task import Task
from anymedia.model.vocabulary import Billed, Cause, Refund, Retry, State
from anymedia.translate import decode, encode

from . import polling
from .session import Session

NO_RESULT_LOOKS = 3
"""How often a finished task is looked at whose result is not there."""

_BILLED = {Refund.YES: Billed.NO, Refund.NO: Billed.YES, Refund.UNKNOWN: Billed.UNKNOWN}


class Looks:
    """The looks of one client at its tasks."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._clock = session.clock

    async def once(self, account: Account, task: Task) -> Task:
        """Look once and return the task as it stands; a passing fault is tried again. Errors: ProviderError."""
        seen = await self._session.retried(lambda: self._asked(account, task), Unavailable, RateLimited)
        return await self._saw(task, seen)

    async def until_done(self, account: Account, task: Task, timeout: float) -> Task:
        """Look at the provider's pace until the task has succeeded, for `timeout` seconds at most, and return it.

        Errors: TaskFailed, Blocked, DeadlineExceeded; MalformedAnswer when its result is not to be found.
        """
        deadline = self._clock.monotonic() + timeout
        pause = polling.first_wait(account.adapter.pace, self._age(task))
        errors, without_result = 0, 0
        last: ProviderError | None = None
        while not task.state.final:
            if self._clock.monotonic() + pause >= deadline:
                await self._clock.sleep(max(deadline - self._clock.monotonic(), 0.0))
                raise _too_late(task, self._age(task)) from last
            await self._clock.sleep(pause)
            try:
                async with asyncio.timeout(deadline - self._clock.monotonic()):
                    seen = await self._asked(account, task)
            except TimeoutError:
                raise _too_late(task, self._age(task)) from last
            except ProviderError as error:
                last, errors = error, errors + 1
                without_result += isinstance(error, MalformedAnswer) and error.retry is Retry.NEVER
                if without_result == NO_RESULT_LOOKS:
                    raise
            else:
                task, last, errors = await self._saw(task, seen), None, 0
            pause = polling.next_wait(
                account.adapter.pace,
                self._age(task),
                errors=errors,
                retry_after=None if last is None else last.retry_after,
                jitter=self._clock.chance(),
            )
        return _succeeded(task)

    async def follow(self, account: Account, endpoint: Endpoint, task: Task) -> Task:
        """Call one endpoint of a task, once, and return the task as the answer tells it. Errors: ProviderError."""
        call = encode.follow(endpoint, account.origin, task)
        answer = await self._session.read(account, call, task.model)
        return decode.looked(self._session.asked(account, task.model), endpoint, answer, task)

    async def _asked(self, account: Account, task: Task) -> Task:
        """Ask how a task stands, and once more where its result is fetched in a further step."""
        seen = task
        if account.adapter.poll is not None:
            seen = await self.follow(account, account.adapter.poll, seen)
        if seen.state is State.SUCCEEDED and account.adapter.result is not None:
            seen = await self.follow(account, account.adapter.result, seen)
        return seen

    async def _saw(self, task: Task, seen: Task) -> Task:
        """Write down how a task stands, where that is another state, and return it."""
        self._session.permits.seen(seen)
        if seen.state is not task.state:
            await self._session.see(seen)
        return seen

    def _age(self, task: Task) -> float:
        return max((self._clock.now() - task.submitted_at).total_seconds(), 0.0)


def _succeeded(task: Task) -> Task:
    """Return a task that ended well. Errors: Blocked or TaskFailed for one that did not."""
    if task.state is State.SUCCEEDED:
        return task
    failure = task.failure
    facts: dict[str, Any] = {
        "task": task,
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
    raise TaskFailed(message, **facts)


def _too_late(task: Task, age: float) -> DeadlineExceeded:
    return DeadlineExceeded(
        f"task {task.id} at {task.account} was still {task.state} {age:.0f} s after its submit; it lives on",
        task=task,
        **encode.facts(task),
        request_id=task.request_id,
    )
