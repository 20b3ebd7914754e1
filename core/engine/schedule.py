"""The scheduler of one account: each task is looked at when that is due, once for all who wait for it.

It is run by those who wait: of all who wait for a task, one is its keeper, who sleeps until its next look and makes it.
So nothing goes on for which nobody waits, and the heap of what is due when is the event loop's own.
"""

import asyncio
import math
from collections.abc import Callable, Iterator
from typing import Any, cast

import attrs

from anymedia.account import Account
from anymedia.clock import Clock
from anymedia.model.errors import MalformedAnswer, ProviderError, RateLimited
from anymedia.model.task import Task
from anymedia.model.vocabulary import Retry

from .looks import Looks
from .pace import first_wait, next_wait

LAST_LOOK = 2.0
"""Seconds before the deadline at which a task is looked at once more where the next look would come after it."""

NO_RESULT_LOOKS = 3
"""Looks at a finished task without a result before that is an error."""

SEEN = (
    "state",
    "raw_state",
    "assets",
    "failure",
    "running_at",
    "ended_at",
    "created_at",
    "completed_at",
    "request_id",
    "told",
    "trouble",
    "raw",
)
"""What a look changes of a task, beside its money."""


class Wait:
    """One caller's wait for a task, until a `deadline` on the clock's monotonic time.

    One that is `brief` is over after the look with a number. The block `with wait` is its sleep or its look, which
    `stop` ends.
    """

    __slots__ = (
        "_cancels",
        "_is_stopped",
        "_runs",
        "_turn",
        "began",
        "deadline",
        "error",
        "had_last",
        "is_over",
        "looks",
        "task",
        "watched",
        "without_result",
    )

    def __init__(self, watched: "Watched", task: Task, began: float, deadline: float, looks: float) -> None:
        self.watched: Watched = watched
        self.task: Task = task
        self.began: float = began
        self.deadline: float = deadline
        self.looks: float = looks
        self.had_last: bool = False
        self.without_result: int = 0
        self.is_over: bool = False
        self.error: ProviderError | None = None
        self._turn: asyncio.Future[None] | None = None
        self._runs: asyncio.Task[Any] | None = None
        self._cancels = 0
        self._is_stopped = False

    @property
    def seen(self) -> Task:
        """The task of its caller, as it was seen last."""
        seen = self.watched.task
        if self.task is self.watched.first:
            return seen
        # Others may have asked by less: a handle tells of no labels, for one.
        money = seen.money if seen.money.got == "settled" else self.task.money
        return attrs.evolve(self.task, money=money, **{name: getattr(seen, name) for name in SEEN})

    @property
    def is_brief(self) -> bool:
        """Whether it is over after a look, however the task then stands."""
        return self.looks < math.inf

    def over(self, error: ProviderError | None = None) -> None:
        """End the wait."""
        self.is_over, self.error = True, error
        self.stop()

    async def idle(self) -> None:
        """Wait while another one keeps the task."""
        self._turn = asyncio.get_running_loop().create_future()
        try:
            await self._turn
        finally:
            self._turn = None

    def stop(self) -> None:
        """End its present sleep or look, or let it see what there is to do."""
        if self._turn is not None and not self._turn.done():
            self._turn.set_result(None)
        if self._runs is not None and not self._is_stopped:
            self._is_stopped = True
            self._runs.cancel()

    def __enter__(self) -> None:
        self._runs = cast("asyncio.Task[Any]", asyncio.current_task())
        self._cancels = self._runs.cancelling()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        runs, self._runs = cast("asyncio.Task[Any]", self._runs), None
        was_stopped, self._is_stopped = self._is_stopped, False
        # As in asyncio.timeout: a cancel of our own is taken back, anybody else's goes on.
        return was_stopped and kind is asyncio.CancelledError and runs.uncancel() <= self._cancels


class Watched:
    """A task that somebody waits for: as it was seen last, what the last look met, and when the next one is due."""

    __slots__ = (
        "account",
        "begun",
        "due",
        "error",
        "errors",
        "first",
        "is_looked_at",
        "keeper",
        "looks",
        "task",
        "until",
        "waits",
        "woken",
    )

    def __init__(self, account: Account, task: Task, due: float) -> None:
        self.account: Account = account
        self.first: Task = task
        self.task: Task = task
        self.waits: dict[Wait, None] = {}
        self.keeper: Wait | None = None
        self.error: ProviderError | None = None
        self.errors: int = 0
        self.due: float = due
        self.until: float = -math.inf
        self.looks: int = 0
        self.is_looked_at: bool = False
        self.begun: bool = False
        self.woken: bool = False

    @property
    def waiting(self) -> Iterator[Wait]:
        """The waits for it that are not over."""
        return (wait for wait in self.waits if not wait.is_over)

    def rouse(self) -> None:
        """End the keeper's sleep."""
        if self.keeper is not None and not self.is_looked_at:
            self.keeper.stop()


class _Held(Exception):
    """The provider asks for no more looks for a while."""


class Schedule:
    """The tasks of one account that somebody waits for."""

    def __init__(self, looks: Looks, clock: Clock, age: Callable[[Task], float]) -> None:
        self._looks = looks
        self._clock = clock
        self._age = age
        self._watched: dict[str, Watched] = {}
        self._held = -math.inf

    # Who waits

    def join(self, account: Account, task: Task, deadline: float, *, brief: bool = False) -> Wait:
        """Wait for a task from now on, by `over` and `leave`. A `brief` wait makes a look due at once."""
        now = self._clock.monotonic()
        watched = self._watched.get(task.id)
        if watched is None:
            due = now + first_wait(account.adapter.life(task.lifecycle).pace, self._age(task))
            watched = self._watched[task.id] = Watched(account, task, due)
        wait = Wait(watched, task, now, deadline, watched.looks + 1 if brief else math.inf)
        watched.waits[wait] = None
        if watched.task.state.final:  # the others have not left yet
            wait.over()
        elif brief:
            self._wake(watched)
        elif self._event(wait, max(watched.due, self._held)) < watched.until:
            watched.rouse()
        return wait

    async def over(self, wait: Wait) -> None:
        """Wait until a wait is over, and keep its task where nobody does. Errors: MalformedAnswer without a result."""
        watched = wait.watched
        while not wait.is_over:
            watched.keeper = watched.keeper or wait
            if watched.keeper is not wait:
                await wait.idle()
            elif await self._slept(wait):
                await self._look(wait)
        if wait.error is not None:
            raise wait.error

    def leave(self, wait: Wait) -> None:
        """Wait no longer; another who waits for the task keeps it."""
        watched = wait.watched
        del watched.waits[wait]
        if not watched.waits:
            del self._watched[watched.first.id]
        elif watched.keeper is wait:
            watched.keeper, watched.is_looked_at = None, False
            for other in watched.waiting:
                other.stop()
                break

    def is_alone(self, wait: Wait) -> bool:
        """Return whether nobody else waits for the task until it is over."""
        return all(each.is_brief for each in wait.watched.waiting if each is not wait)

    def wake(self, task_id: str) -> None:
        """Make the next look at a task due at once; during a look, the look after it."""
        if (watched := self._watched.get(task_id)) is not None:
            self._wake(watched)

    def told(self, task: Task) -> None:
        """Take a task as it stands, which is written down: who waits for it gets it without a look."""
        if (watched := self._watched.get(task.id)) is not None:
            watched.task, watched.error = task, None
            if task.state.final:
                for wait in watched.waits:
                    wait.over()

    # When a look is due

    def _wake(self, watched: Watched) -> None:
        if not watched.is_looked_at:
            watched.due = -math.inf
            watched.rouse()
        elif watched.begun:
            watched.woken = True

    async def _slept(self, wait: Wait) -> bool:
        """Sleep until something is to be done for a task; return whether it is a look."""
        watched, now = wait.watched, self._clock.monotonic()
        at = self._next(watched)
        if at > now or watched.due > -math.inf:
            is_reached = False
            with wait:
                watched.until = at
                await self._clock.sleep(max(at - now, 0.0))
                is_reached = True
            if not is_reached:
                return False
        now, is_due = max(at, self._clock.monotonic()), False
        for each in watched.waits:
            if each.deadline <= now:
                each.over()
            elif not each.is_over:
                is_due = is_due or self._event(each, max(watched.due, self._held)) <= now
        return is_due and not wait.is_over

    def _next(self, watched: Watched) -> float:
        """Return when something is to be done for a task that is not looked at."""
        due, at = max(watched.due, self._held), math.inf
        for wait in watched.waits:
            if not wait.is_over:
                at = min(at, self._event(wait, due))
        return at

    def _event(self, wait: Wait, due: float) -> float:
        """Return when something is to be done for a wait, where the next look at its task is due at a time."""
        if due < wait.deadline:
            return due
        return wait.deadline if wait.is_brief or wait.had_last else max(wait.deadline - LAST_LOOK, wait.began)

    # A look

    async def _look(self, wait: Wait) -> None:
        """Look at the task of a wait, for all who wait for it."""
        watched = wait.watched
        due = max(watched.due, self._held)
        for each in watched.waits:
            each.had_last = due >= each.deadline
        is_last = due > self._clock.monotonic()

        def begins() -> None:
            if self._held > self._clock.monotonic() and not is_last:
                raise _Held
            if not watched.begun:
                watched.begun, watched.looks = True, watched.looks + 1

        watched.is_looked_at, watched.begun = True, False
        try:
            with wait:
                watched.task = await self._looks.at(watched.account, watched.task, begins)
                watched.error, watched.errors = None, 0
        except _Held:
            watched.is_looked_at = False
            return
        except ProviderError as error:
            self._met(watched, error)
        watched.is_looked_at = False
        self._looked(watched)

    def _met(self, watched: Watched, error: ProviderError) -> None:
        """Take note of what a look met."""
        watched.task, watched.error, watched.errors = error.task or watched.task, error, watched.errors + 1
        if not watched.begun:  # a call that cannot be made is a look too
            watched.looks += 1
        if isinstance(error, RateLimited) and error.retry_after is not None:
            self._held = max(self._held, self._clock.monotonic() + error.retry_after)
        if isinstance(error, MalformedAnswer) and error.retry is Retry.NEVER:
            for wait in watched.waiting:
                wait.without_result += 1
                if wait.without_result == NO_RESULT_LOOKS:
                    wait.over(error)

    def _looked(self, watched: Watched) -> None:
        """Tell who waits what a look has found; the next one is due at the provider's pace, or at once after a wake."""
        for wait in watched.waiting:
            if watched.task.state.final or wait.looks <= watched.looks:
                wait.over()
        if watched.woken:
            watched.woken, watched.due = False, -math.inf
            return
        pause = next_wait(
            watched.account.adapter.life(watched.task.lifecycle).pace,
            self._age(watched.task),
            errors=watched.errors,
            retry_after=None if watched.error is None else watched.error.retry_after,
            jitter=self._clock.chance(),
        )
        watched.due = self._clock.monotonic() + pause
