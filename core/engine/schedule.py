"""The scheduler of one account: each task is looked at when that is due, once for all who wait for it.

It is run by those who wait: of all who wait for a task, one is its keeper, who sleeps until its next look and makes it.
So nothing goes on for which nobody waits, and the heap of what is due when is the event loop's own.
"""

import math
from collections.abc import Callable
from functools import partial

from anymedia.account import Account
from anymedia.clock import Clock
from anymedia.declare.lifecycle import Pace
from anymedia.model.errors import MalformedAnswer, ProviderError, RateLimited
from anymedia.model.task import Task
from anymedia.model.vocabulary import Retry

from .durations import Durations
from .looks import Looks
from .moves import Moves
from .pace import Took, bounded, first_wait, next_wait, sweep_wait
from .pace import took as took_of
from .waits import Wait, Watched, as_seen

LATELY = 600.0
"""Seconds for which webhooks of an account are taken to arrive after one did."""

LAST_LOOK = 2.0
"""Seconds before the deadline at which a task is looked at once more where the next look would come after it."""

NO_RESULT_LOOKS = 3
"""Looks at a finished task without a result before that is an error."""


class _Held(Exception):
    """The provider asks for no more looks for a while."""


class Schedule:
    """The tasks of one account that somebody waits for."""

    def __init__(
        self, looks: Looks, clock: Clock, durations: Durations, moves: Moves, age: Callable[[Task], float]
    ) -> None:
        self._looks = looks
        self._clock = clock
        self._durations = durations
        self._moves = moves
        self._age = age
        self._watched: dict[str, Watched] = {}
        self._held = -math.inf
        self._arrived = -math.inf

    # Who waits

    def join(self, account: Account, task: Task, deadline: float, *, brief: bool = False) -> Wait:
        """Wait for a task from now on, by `over` and `leave`. A `brief` wait makes a look due at once."""
        now = self._clock.monotonic()
        watched = self._watched.get(task.id)
        if watched is None:
            watched = self._watched[task.id] = Watched(account, task, now)
            watched.due += self._pause(watched)
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
            elif not watched.is_known:
                await self._read(watched)
            elif await self._slept(wait):
                await self._look(wait)
        if wait.error is not None:
            raise wait.error

    async def _read(self, watched: Watched) -> None:
        """Read what the journal knows of a task and of others like it."""
        if not self._durations.are_known(watched.task):
            await self._durations.read(watched.task)
        if watched.task.webhook:
            await self._moves.join(watched)
        watched.is_known = True
        if watched.due > -math.inf:
            watched.due = self._clock.monotonic() + self._pause(watched)

    def leave(self, wait: Wait) -> None:
        """Wait no longer; another who waits for the task keeps it."""
        watched = wait.watched
        del watched.waits[wait]
        if not watched.waits:
            del self._watched[watched.first.id]
            self._moves.leave(watched)
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

    def waits_for(self, task: Task) -> bool:
        """Return whether somebody waits for a task, and does not know yet that it is over."""
        watched = self._watched.get(task.id)
        return watched is not None and not watched.task.state.final

    def told(self, task: Task) -> None:
        """Take a task as it stands, which is written down: who waits for it gets it without a look."""
        if (watched := self._watched.get(task.id)) is not None and not watched.task.state.final:
            watched.task, watched.error = as_seen(watched.task, task), None
            if task.state.final:
                for wait in watched.waits:
                    wait.over()

    def arrived(self) -> None:
        """Take note that a webhook arrived just now: while they do, who expects one only sweeps."""
        self._arrived = self._clock.monotonic()

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
                sleep = self._clock.sleep if not watched.task.webhook else partial(self._moves.sleep, wait)
                await sleep(max(at - now, 0.0))
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

    def _pause(self, watched: Watched) -> float:
        """Return how many seconds to wait before the next look at a task."""
        life, age, error = watched.life, self._age(watched.task), watched.error
        if error is not None:
            pause = next_wait(life.pace, age, errors=watched.errors, jitter=self._clock.chance())
            return max(bounded(life, pause), error.retry_after or 0.0)
        return bounded(life, self._usual_pause(watched, life.pace, age))

    def _usual_pause(self, watched: Watched, pace: Pace, age: float) -> float:
        known = self._durations.of(watched.task, pace)
        watched.is_swept = watched.task.webhook and self._clock.monotonic() - self._arrived <= LATELY
        if watched.is_swept:
            return sweep_wait(pace, known, age, watched.looks)
        if known is not None:
            return known.wait(pace, age, watched.looks, self._clock.chance())
        return next_wait(pace, age, jitter=self._clock.chance()) if watched.looks else first_wait(pace, age)

    # A look

    async def _look(self, wait: Wait) -> None:
        """Look at the task of a wait, for all who wait for it."""
        watched = wait.watched
        due = max(watched.due, self._held)
        for each in watched.waits:
            each.had_last = due >= each.deadline
        is_last = due > self._clock.monotonic()
        is_sweep = watched.is_swept and due > -math.inf and not is_last

        def begins() -> None:
            if self._held > self._clock.monotonic() and not is_last:
                raise _Held
            if not watched.begun:
                watched.begun, watched.looks = True, watched.looks + 1

        def took() -> Took | None:
            known = self._durations.of(watched.task, watched.life.pace)
            span = took_of(watched.life.pace, known, watched.unfinished, self._age(watched.task))
            if span is not None:
                self._durations.add(watched.task, span)
            return span

        watched.is_looked_at, watched.begun = True, False
        age, is_hinted = self._age(watched.task), any(each.is_brief for each in watched.waiting)
        try:
            with wait:
                watched.task = await self._looks.at(watched.account, watched.task, begins, took, by_webhook=is_hinted)
                watched.error, watched.errors, watched.unfinished = None, 0, age
        except _Held:
            watched.is_looked_at = False
            return
        except ProviderError as error:
            self._met(watched, error)
        watched.is_looked_at = False
        self._looked(watched)
        if is_sweep and watched.task.state.final:
            self._missed()

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
        watched.due = self._clock.monotonic() + self._pause(watched)

    def _missed(self) -> None:
        """Look at every task as usual, since a webhook did not come that was due."""
        self._arrived = -math.inf
        for watched in self._watched.values():
            if watched.is_swept and not watched.is_looked_at:
                watched.due = self._clock.monotonic() + self._pause(watched)
                watched.rouse()
