"""Looks at tasks: one, or looks at the provider's pace until a task is done.

No failed look loses a task: the looks go on until the caller's deadline, which ends the wait and not the task.
"""

import asyncio
from typing import Any, cast

import attrs

from anymedia.account import Account
from anymedia.clock import left
from anymedia.declare.endpoint import Endpoint
from anymedia.declare.lifecycle import Lifecycle, Pace
from anymedia.model.errors import (
    Blocked,
    DeadlineExceeded,
    MalformedAnswer,
    ProviderError,
    RateLimited,
    TaskFailed,
    Unavailable,
)
from anymedia.model.strict_json import Json
from anymedia.model.task import Task, Trouble
from anymedia.model.vocabulary import Billed, Cause, Refund, Retry, State
from anymedia.translate import decode, encode

from .accepted import Accepted
from .session import Session

LAST_LOOK = 2.0
"""Seconds before the deadline at which a task is looked at once more where the next look would come after it."""

NO_RESULT_LOOKS = 3
"""Looks at a finished task without a result before that is an error."""

_BILLED = {Refund.YES: Billed.NO, Refund.NO: Billed.YES, Refund.UNKNOWN: Billed.UNKNOWN}


class Watch:
    """The looks of one client at its tasks, at the pace of their providers; `wake` makes the next one due at once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._clock = session.clock
        self._waits: dict[tuple[str, str], list[_Wait]] = {}

    async def once(self, account: Account, task: Task) -> Task:
        """Look once and return the task as it stands; a passing fault is tried again. Errors: ProviderError."""
        return await self._session.retried(lambda: self._look(account, task), Unavailable, RateLimited)

    async def done(self, account: Account, task: Task) -> Task:
        """Look once, without a second try, and return the task if it has succeeded. Errors: as until_done."""
        last: ProviderError | None = None
        if not task.state.final:
            try:
                task = await self._look(account, task)
            except ProviderError as error:
                task, last = error.task or task, error
        if not task.state.final:
            raise await self._gave_up(task) from last
        return _succeeded(task)

    async def until_done(self, account: Account, task: Task, timeout: float) -> Task:
        """Look at the provider's pace until the task has succeeded, for `timeout` seconds at most, and return it.

        Errors: TaskFailed, Blocked, DeadlineExceeded; MalformedAnswer when its result is not to be found.
        """
        deadline = self._clock.monotonic() + timeout
        waits = self._waits.setdefault((task.account, task.id), [])
        waits.append(wait := _Wait())
        watched = _Watched(task)
        try:
            async with asyncio.timeout(left(self._clock, deadline)):
                return await self._until_done(account, watched, deadline, wait)
        except TimeoutError:
            raise await self._gave_up(watched.task) from watched.last
        finally:
            waits.remove(wait)
            if not waits:
                self._waits.pop((task.account, task.id), None)

    async def _until_done(self, account: Account, watched: "_Watched", deadline: float, wait: "_Wait") -> Task:
        pace = account.adapter.life(watched.task.lifecycle).pace
        pause = first_wait(pace, self._age(watched.task))
        errors, without_result, was_last = 0, 0, False
        while not watched.task.state.final:
            rest = deadline - self._clock.monotonic()
            too_late = pause >= rest
            if too_late:  # the next look would come after the deadline: one is made before it, and then none
                pause = rest if was_last else rest - LAST_LOOK
            if not wait.woken:
                with wait:
                    await self._clock.sleep(max(pause, 0.0))
            is_over = self._clock.monotonic() >= deadline  # which a wake does not change
            if is_over or (too_late and was_last and not wait.woken):
                raise TimeoutError
            was_last, wait.woken = too_late, False
            try:
                watched.task, watched.last = await self._look(account, watched.task), None
            except ProviderError as error:
                watched.task, watched.last, errors = error.task or watched.task, error, errors + 1
                without_result += isinstance(error, MalformedAnswer) and error.retry is Retry.NEVER
                if without_result == NO_RESULT_LOOKS:
                    raise
            else:
                errors = 0
            pause = next_wait(
                pace,
                self._age(watched.task),
                errors=errors,
                retry_after=None if watched.last is None else watched.last.retry_after,
                jitter=self._clock.chance(),
            )
        return _succeeded(watched.task)

    def wake(self, task: Task) -> None:
        """Make the next look at a task due at once, for every wait for it; during a look, the look after it."""
        for wait in self._waits.get((task.account, task.id), ()):
            wait.wake()

    async def follow(self, account: Account, endpoint: Endpoint, task: Task) -> Task:
        """Call one endpoint of a task, once, and return the task as the answer tells it. Errors: ProviderError."""
        call = encode.follow(account, endpoint, task)
        with Accepted(task):
            while True:
                answer = await self._session.read(account, call, task.model, task.id)
                asked = self._session.asked(account, task.model)
                try:
                    return decode.looked(asked, endpoint, answer, task, alone=call.alone)
                except decode.Unnamed:
                    call = attrs.evolve(call, alone=True)

    async def again(self, account: Account, task: Task) -> Task:
        """Return a task that has succeeded with the links to its result that the provider names now.

        What is on disk stays; where the look tells no other links, the task is as it was.
        """
        if account.adapter.life(task.lifecycle).poll is None or all(asset.kept for asset in task.assets):
            return task
        try:
            seen = await self._asked(account, attrs.evolve(task, state=State.RUNNING))
        except ProviderError as error:
            return attrs.evolve(task, trouble=_trouble(task, str(error), error.body))
        if len(seen.assets) < len(task.assets):
            return task
        known = [*task.assets, *seen.assets[len(task.assets) :]]
        assets = (was if was.kept or was.url == now.url else now for was, now in zip(known, seen.assets, strict=True))
        return attrs.evolve(task, assets=tuple(assets), trouble=seen.trouble)

    async def _look(self, account: Account, task: Task) -> Task:
        """Look at a task, once; write down what has changed of it. Errors: ProviderError, with the task."""
        try:
            seen = await self._asked(account, task)
        except ProviderError as error:
            troubled = error.task = attrs.evolve(task, trouble=_trouble(task, str(error), error.body))
            if _error(troubled) != _error(task):
                await self._session.note(troubled)
            raise
        return await self._saw(account, task, seen)

    async def _asked(self, account: Account, task: Task) -> Task:
        """Look at a task, and fetch its result, or why it failed, where that takes a further call."""
        life, seen = account.adapter.life(task.lifecycle), task
        if life.poll is not None:
            seen = await self.follow(account, life.poll, seen)
        if seen.state is State.SUCCEEDED and life.result is not None:
            return await self.follow(account, life.result, seen)
        if seen.state is State.FAILED and life.why is not None:
            return await self._explained(account, life.why, task, seen)
        return seen

    async def _explained(self, account: Account, why: Endpoint, task: Task, failed: Task) -> Task:
        """Ask once why a task has failed; where no answer tells it, the failure stays as the look found it."""
        try:
            answer = await self._session.read(account, encode.follow(account, why, failed), failed.model)
        except ProviderError:
            return failed
        return decode.explained(self._session.asked(account, failed.model), why, answer, task, failed)

    async def _saw(self, account: Account, task: Task, seen: Task) -> Task:
        """Record how a task stands where that has changed, put a result that came as bytes on disk, and return it."""
        self._session.permits.seen(seen)
        if any(asset.data is not None for asset in seen.assets):
            seen = await self._session.kept_if_can_be(seen)
        trouble = seen.trouble if seen.state.final else None
        if (word := _unknown_word(account.adapter.life(seen.lifecycle), seen)) is not None:
            trouble = _trouble(task, f"its state is {word!r}, a word that is not known", seen.raw)
        seen = seen if seen.trouble is trouble else attrs.evolve(seen, trouble=trouble)
        if seen.state is not task.state or seen.told != task.told:
            await self._session.see(seen)
        elif _error(seen) != _error(task):
            await self._session.note(seen)
        return seen

    async def _gave_up(self, task: Task) -> DeadlineExceeded:
        """Return the error for a task that was not finished in time, once what the looks met is written down."""
        if task.trouble is not None:
            await self._session.note(task)
        return _too_late(task, self._age(task))

    def _age(self, task: Task) -> float:
        return max((self._clock.now() - task.submitted_at).total_seconds(), 0.0)


@attrs.define
class _Watched:
    """A task as it was seen last, and what the last look met."""

    task: Task
    last: ProviderError | None = None


class _Wait:
    """One wait for a task; the block `with wait` is its sleep, which a wake ends."""

    __slots__ = ("_cancels", "_sleeper", "woken")

    def __init__(self) -> None:
        self.woken: bool = False
        self._sleeper: asyncio.Task[Any] | None = None
        self._cancels = 0

    def wake(self) -> None:
        """End the present sleep, or the next one."""
        if not self.woken and self._sleeper is not None:
            self._sleeper.cancel()
        self.woken = True

    def __enter__(self) -> None:
        self._sleeper = cast("asyncio.Task[Any]", asyncio.current_task())
        self._cancels = self._sleeper.cancelling()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        sleeper, self._sleeper = cast("asyncio.Task[Any]", self._sleeper), None
        # As in asyncio.timeout: a cancel of our own is taken back, anybody else's goes on.
        return self.woken and kind is asyncio.CancelledError and sleeper.uncancel() <= self._cancels


def _trouble(task: Task, error: str, answer: Json) -> Trouble:
    """Return what a look at a task met, counted on from the looks before it."""
    return Trouble(error=error, looks=1 if task.trouble is None else task.trouble.looks + 1, answer=answer)


def _error(task: Task) -> str | None:
    return None if task.trouble is None else task.trouble.error


def _unknown_word(life: Lifecycle, task: Task) -> str | None:
    """Return the provider's word for a task's state where it is not known what it means."""
    if task.raw_state is None or task.state.final:
        return None
    return task.raw_state if life.meaning(task.raw_state) is None else None


def _succeeded(task: Task) -> Task:
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


def _too_late(task: Task, age: float) -> DeadlineExceeded:
    text = f"task {task.id} at {task.account} was still {task.state} {age:.0f} s after its submit; it lives on"
    if task.trouble is not None:
        text += f"; {task.trouble}"
    return DeadlineExceeded(text, **encode.facts(task), request_id=task.request_id)


# When to look again


def first_wait(pace: Pace, age: float) -> float:
    """Return how many seconds to wait before the first look at a task of an age (seconds since its submit)."""
    return max(pace.first - age, 0.0)


def next_wait(
    pace: Pace, age: float, *, errors: int = 0, retry_after: float | None = None, jitter: float = 0.0
) -> float:
    """Return how many seconds to wait before the next look at a task of an age.

    What the server asks for comes first and is never undercut. After `errors` in a row the wait doubles each time, up
    to a minute. `jitter` (0 to 1) adds up to a tenth, so that tasks submitted together are not looked at together.
    """
    step = pace.then
    if pace.slower:
        step = next((slow for since, slow in sorted(pace.slower.items(), reverse=True) if age >= since), step)
    if errors > 1:
        step = max(step, min(step * 2 ** min(errors - 1, 6), 60.0))
    return max(step * (1 + jitter / 10), retry_after or 0.0)
