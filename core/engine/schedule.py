"""The scheduler of one account: it looks at each task that somebody waits for when that is due.

One sleep is under way at a time, until the soonest of all; a task is looked at once for all who wait for it.
"""

import asyncio
import contextvars
import math
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

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
    """One caller's wait for a task, until a `deadline` on the clock's monotonic time; `end` is set when it is over.

    One that is `brief` waits for no more than the next look that begins.
    """

    __slots__ = ("began", "context", "deadline", "end", "looks", "task", "watched", "without_result")

    def __init__(self, watched: "Watched", task: Task, began: float, deadline: float, looks: float) -> None:
        self.watched = watched
        self.task = task
        self.began = began
        self.deadline = deadline
        self.looks = looks
        self.end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.context = contextvars.copy_context()
        self.without_result = 0

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

    def over(self, error: BaseException | None = None) -> None:
        """End the wait."""
        if self.end.done():
            return
        if error is None:
            self.end.set_result(None)
        elif isinstance(error, asyncio.CancelledError):
            self.end.cancel()
        else:
            self.end.set_exception(error)


class Watched:
    """A task that somebody waits for: as it was seen last, what the last look met, and when the next one is due."""

    __slots__ = (
        "account",
        "at",
        "begun",
        "due",
        "error",
        "errors",
        "first",
        "look",
        "looked",
        "looks",
        "task",
        "waits",
        "woken",
    )

    def __init__(self, account: Account, task: Task, due: float) -> None:
        self.account = account
        self.first = self.task = task
        self.waits: dict[Wait, None] = {}
        self.error: ProviderError | None = None
        self.errors = 0
        self.due = due
        self.at: float | None = None
        self.look: asyncio.Task[None] | None = None
        self.looked = -math.inf
        self.looks = 0
        self.begun = False
        self.woken = False

    def over(self, error: BaseException | None = None) -> None:
        """End every wait for it."""
        for wait in self.waits:
            wait.over(error)


class _Held(Exception):
    """The provider asks for no more looks for a while."""


class Schedule:
    """The tasks of one account that somebody waits for; the heap holds what is to be done for each, and when."""

    def __init__(self, looks: Looks, clock: Clock, age: Callable[[Task], float]) -> None:
        self._looks = looks
        self._clock = clock
        self._age = age
        self._watched: dict[str, Watched] = {}
        self._heap: list[tuple[float, int, Watched]] = []
        self._numbers = count()
        self._timer: asyncio.Task[None] | None = None
        self._until = -math.inf
        self._held = -math.inf

    # Who waits

    def join(self, account: Account, task: Task, deadline: float, *, brief: bool = False) -> Wait:
        """Wait for a task from now on. A `brief` wait makes a look due at once, and is over after it."""
        now = self._clock.monotonic()
        watched = self._watched.get(task.id)
        if watched is None:
            due = now + first_wait(account.adapter.life(task.lifecycle).pace, self._age(task))
            watched = self._watched[task.id] = Watched(account, task, due)
        wait = Wait(watched, task, now, deadline, watched.looks + 1 if brief else math.inf)
        watched.waits[wait] = None
        if watched.task.state.final:  # others have not left yet
            wait.over()
        elif brief:
            self._wake(watched)
        else:
            self._plan(watched, self._event(wait, max(watched.due, self._held)))
        return wait

    async def leave(self, wait: Wait) -> None:
        """Wait no longer; the look is given up that nobody waits for any more."""
        watched = wait.watched
        del watched.waits[wait]
        if watched.waits:
            return
        del self._watched[watched.task.id]
        useless = [] if watched.look is None else [watched.look]
        if not self._watched:
            self._heap.clear()
            if self._timer is not None:
                useless.append(self._timer)
                self._timer = None
        for each in useless:
            each.cancel()
        if useless:
            await asyncio.gather(*useless, return_exceptions=True)

    def is_alone(self, wait: Wait) -> bool:
        """Return whether nobody else waits for the task until it is over."""
        return all(each.is_brief for each in wait.watched.waits)

    def wake(self, task_id: str) -> None:
        """Make the next look at a task due at once; during a look, the look after it."""
        if (watched := self._watched.get(task_id)) is not None:
            self._wake(watched)

    def told(self, task: Task) -> None:
        """Take a task as it stands, which is written down: who waits for it gets it without a look."""
        if (watched := self._watched.get(task.id)) is not None:
            watched.task, watched.error = task, None
            if task.state.final:
                watched.over()

    # What is due

    def _wake(self, watched: Watched) -> None:
        if watched.look is None:
            watched.due = -math.inf
            self._turn(watched, self._clock.monotonic())
        elif watched.begun:
            watched.woken = True

    def _plan(self, watched: Watched, at: float) -> None:
        """Let the turn of a task come at a time, unless it comes sooner, or never."""
        if watched.look is not None or at == math.inf or (watched.at is not None and watched.at <= at):
            return
        watched.at = at
        heappush(self._heap, (at, next(self._numbers), watched))
        if self._timer is None or at < self._until:
            if self._timer is not None:
                self._timer.cancel()
            self._until = -math.inf
            self._timer = asyncio.create_task(self._run())

    async def _run(self) -> None:
        """Sleep until the soonest turn, again and again, while there is one."""
        try:
            while self._heap:
                at, _, watched = self._heap[0]
                if watched.at == at:
                    self._until = at
                    await self._clock.sleep(max(at - self._clock.monotonic(), 0.0))
                    self._until = -math.inf  # what is planned from here on comes before the next sleep
                self._fire(max(at, self._clock.monotonic()))
            self._timer = None
        except Exception as error:  # noqa: BLE001 - of a clock of the caller's: it is told to who waits
            self._timer = None
            for watched in self._watched.values():
                watched.over(error)

    def _fire(self, now: float) -> None:
        """Let the turn come of each task whose time has come."""
        while self._heap and self._heap[0][0] <= now:
            at, _, watched = heappop(self._heap)
            if watched.at == at:
                self._turn(watched, now)

    def _turn(self, watched: Watched, now: float) -> None:
        """End the waits whose time is up, and look at the task where that is due."""
        watched.at = None
        for wait in watched.waits:
            if wait.deadline <= now:
                wait.over()
        due = max(watched.due, self._held)
        if (at := self._next(watched, due)) > now:
            self._plan(watched, at)
            return
        watched.looked, watched.begun = now, False
        first = next(wait for wait in watched.waits if not wait.end.done())
        look = self._look(watched, in_turn=due <= now)
        watched.look = asyncio.create_task(look, context=first.context)

    def _next(self, watched: Watched, due: float) -> float:
        """Return when something is to be done for a task whose next look is due at a time."""
        return min((self._event(wait, due) for wait in watched.waits if not wait.end.done()), default=math.inf)

    def _event(self, wait: Wait, due: float) -> float:
        """Return when something is to be done for a wait, where the next look at its task is due at a time."""
        if due < wait.deadline:
            return due
        last = max(wait.deadline - LAST_LOOK, wait.began)
        return wait.deadline if wait.is_brief or wait.watched.looked >= last else last

    # A look

    async def _look(self, watched: Watched, *, in_turn: bool) -> None:
        """Look at a task. A look `in_turn`, which is not the last before a deadline, may be put off until it begins."""

        def begins() -> None:
            if in_turn and self._held > self._clock.monotonic():
                raise _Held
            if not watched.begun:
                watched.begun, watched.looks = True, watched.looks + 1

        pause: float | None = None
        try:
            watched.task, watched.error = await self._looks.at(watched.account, watched.task, begins), None
            watched.errors = 0
        except _Held:
            pause = 0.0
        except ProviderError as error:
            self._met(watched, error)
        except asyncio.CancelledError:  # by whoever was the last to wait, or by somebody else
            watched.over(asyncio.CancelledError())
            raise
        except Exception as error:  # noqa: BLE001 - it is told to who waits
            watched.over(error)
        self._looked(watched, pause)

    def _met(self, watched: Watched, error: ProviderError) -> None:
        """Take note of what a look met."""
        watched.task, watched.error, watched.errors = error.task or watched.task, error, watched.errors + 1
        if not watched.begun:  # a call that cannot be made is a look too
            watched.looks += 1
        if isinstance(error, RateLimited) and error.retry_after is not None:
            self._held = max(self._held, self._clock.monotonic() + error.retry_after)
        if isinstance(error, MalformedAnswer) and error.retry is Retry.NEVER:
            for wait in watched.waits:
                wait.without_result += 1
                if wait.without_result == NO_RESULT_LOOKS:
                    wait.over(error)

    def _looked(self, watched: Watched, pause: float | None) -> None:
        """Tell who waits what a look has found; the next one is due at the provider's pace, or after a `pause`."""
        watched.look = None
        for wait in watched.waits:
            if watched.task.state.final or wait.looks <= watched.looks:
                wait.over()
        now = self._clock.monotonic()
        if watched.woken:
            watched.woken, watched.due = False, -math.inf
            self._turn(watched, now)
            return
        if pause is None:
            pause = next_wait(
                watched.account.adapter.life(watched.task.lifecycle).pace,
                self._age(watched.task),
                errors=watched.errors,
                retry_after=None if watched.error is None else watched.error.retry_after,
                jitter=self._clock.chance(),
            )
        watched.due = now + pause
        self._plan(watched, self._next(watched, max(watched.due, self._held)))
