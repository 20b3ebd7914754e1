"""The scheduler of one account: each task is looked at when that is due, once for all who wait for it.

It is run by those who wait: of all who wait for a task, one is its keeper, who sleeps until its next look and makes it.
So nothing goes on for which nobody waits, and the heap of what is due when is the event loop's own.
"""

import asyncio
import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from heapq import nsmallest

from anymedia.account import Account
from anymedia.clock import Clock
from anymedia.declare.lifecycle import Pace
from anymedia.model.errors import ProviderError, RateLimited
from anymedia.model.task import Task

from .durations import Durations
from .looks import Looks
from .moves import Moves
from .pace import bounded, first_wait, next_wait, sweep_wait
from .turn import Held, Turn
from .waits import Left, Wait, Watched, as_seen

LATELY = 600.0
"""Seconds for which webhooks of an account are taken to arrive after one did."""

LAST_LOOK = 2.0
"""Seconds before the deadline at which a task is looked at once more where the next look would come after it."""

MOMENT = 1.0
"""Seconds for which a new wait holds for the journal's answer, at most, and no longer than until its first look.

What comes later is used then. They are of the event loop's time: the clock may be another, on which a sleep takes none.
"""

PUNCTUAL = 0.1
"""How much too early a step may come, as a part of the age at which the first look is due: it looks all the same."""

REMEMBERED = 10_000
"""The most tasks of an account of which is known how they were looked at while nobody waits for them."""

NO_RESULT_LOOKS = 3
"""Looks at a finished task without a result before that is an error."""


class Schedule:
    """The tasks of one account that somebody waits for."""

    def __init__(
        self, looks: Looks, clock: Clock, durations: Durations, moves: Moves, age: Callable[[Task], float]
    ) -> None:
        self.looks: Looks = looks
        self.clock: Clock = clock
        self.durations: Durations = durations
        self._moves = moves
        self.age: Callable[[Task], float] = age
        self._watched: dict[str, Watched] = {}
        self._left: OrderedDict[str, Left] = OrderedDict()
        self.held: float = -math.inf
        self._arrived = -math.inf

    # Who waits

    def join(
        self, account: Account, task: Task, deadline: float, *, brief: bool = False, is_step: bool = False
    ) -> Wait:
        """Wait for a task from now on, by `over` and `leave`. A `brief` wait makes a look due at once.

        That is the step of a caller who comes again, or the look to which a webhook has led.
        """
        now = self.clock.monotonic()
        watched = self._watched.get(task.id)
        if watched is None:
            watched = self._watched[task.id] = Watched(account, task, now)
            watched.due += self._pause(watched)
            watched.is_known = self.durations.are_known(task)
            if is_step:
                watched.take_up(self._left.pop(task.id, None))
        elif not is_step and all(each.is_step for each in watched.waits):
            watched.is_read = False
        wait = Wait(watched, task, now, deadline, watched.next_look(is_step) if brief else math.inf, is_step)
        watched.waits[wait] = None
        if watched.task.state.final:  # the others have not left yet
            wait.over()
        elif is_step:
            watched.due = min(watched.due, now)
            watched.rouse()
        elif brief:
            self._wake(watched)
        elif self._event(wait, max(watched.due, self.held)) < watched.until:
            watched.rouse()
        return wait

    async def over(self, wait: Wait) -> None:
        """Wait until a wait is over, and keep its task where nobody does. Errors: MalformedAnswer without a result."""
        watched = wait.watched
        while not wait.is_over:
            watched.keeper = watched.keeper or wait
            if watched.keeper is not wait:
                await wait.idle()
            elif not watched.is_read and (watched.task.webhook or not watched.is_known):
                await self._read_a_moment(wait)
            elif watched.is_looked_at:  # by another, whose call tells of several
                await wait.idle()
            elif await self._slept(wait) and not watched.is_looked_at:
                await self._look(wait)
        if wait.error is not None:
            raise wait.error

    async def _read_a_moment(self, wait: Wait) -> None:
        """Read what the journal knows of a task and of others like it; what takes longer is read beside its waits."""
        watched = wait.watched
        watched.until, watched.is_read = self._next(watched), True
        watched.reading = reading = asyncio.create_task(self._read(watched))
        reading.add_done_callback(watched.has_read)
        with wait:
            left = watched.until - self.clock.monotonic()
            await asyncio.wait({reading}, timeout=min(max(left, 0.0), MOMENT))

    async def _read(self, watched: Watched) -> None:
        if not watched.is_known:
            await self.durations.read(watched.task)
            if self.durations.of(watched.task, watched.life.pace) is not None:
                self._learned(watched)
        if watched.task.webhook:
            await self._moves.join(watched)

    def _learned(self, watched: Watched) -> None:
        """Go by what is known now until the first look, unless that is under way, or due at once."""
        if not watched.looks and not watched.is_looked_at and watched.due > -math.inf:
            watched.due = self.clock.monotonic() + self._pause(watched)
            watched.rouse()

    def leave(self, wait: Wait) -> None:
        """Wait no longer; another who waits for the task keeps it."""
        watched = wait.watched
        del watched.waits[wait]
        if not watched.waits:
            del self._watched[watched.first.id]
            if wait.is_step and not watched.task.state.final:
                self._left[watched.first.id] = watched.left
                if len(self._left) > REMEMBERED:
                    self._left.popitem(last=False)
            watched.keeper = None  # they hold each other, and nobody should have to look for that
            if watched.reading is not None:
                watched.reading.cancel()
            self._moves.leave(watched)
        elif watched.keeper is wait:
            watched.keeper = None
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

    def waits_for(self, task_id: str | None) -> bool:
        """Return whether somebody waits for a task, and does not know yet that it is over."""
        watched = None if task_id is None else self._watched.get(task_id)
        return watched is not None and not watched.task.state.final

    def told(self, task: Task) -> bool:
        """Take a task as it stands, which is written down: who waits for it gets it without a look.

        Returns whether somebody waits for it, and did not know yet that it is over.
        """
        if not self.waits_for(task.id):
            return False
        watched = self._watched[task.id]
        watched.task, watched.error = as_seen(watched.task, task), None
        if task.state.final:
            for wait in watched.waits:
                wait.over()
        return True

    def arrived(self, ago: float = 0.0) -> None:
        """Take note that a webhook arrived so many seconds ago: while they do, who expects one only sweeps."""
        self._arrived = max(self._arrived, self.clock.monotonic() - ago)

    def has_arrived(self, within: float) -> bool:
        """Return whether a webhook is known to have arrived within so many seconds."""
        return self.clock.monotonic() - self._arrived <= within

    # When a look is due

    def early(self, account: Account, task: Task) -> float:
        """Return how many seconds too early a look would be; 0 where it may be made.

        Nothing here need know when others have looked: too early is what comes before the first look at a task is due,
        by its age. Of a clock that says that it is still to be submitted nothing is believed.
        """
        now = self.clock.monotonic()
        if self.held > now:
            return self.held - now
        age = (self.clock.now() - task.submitted_at).total_seconds()
        if age < 0 or task.id in self._watched or task.id in self._left:
            return 0.0
        unseen = Watched(account, task, now)
        first = bounded(unseen.life, self._usual_pause(unseen, unseen.life.pace, 0.0))
        return first - age if age < first * (1 - PUNCTUAL) else 0.0

    def next(self, wait: Wait) -> float:
        """Return in how many seconds the next look at a task is due, behind the one that a wait was for."""
        watched, now = wait.watched, self.clock.monotonic()
        due = watched.due
        if watched.looked < wait.looks:  # there was none
            due = now + next_wait(watched.life.pace, self.age(watched.task))
        return max(due, self.held) - now if max(due, self.held) > now else 0.0

    def _wake(self, watched: Watched) -> None:
        if not watched.is_looked_at:
            watched.due = -math.inf
            watched.rouse()
        elif watched.begun:
            watched.woken = True

    async def _slept(self, wait: Wait) -> bool:
        """Sleep until something is to be done for a task; return whether it is a look."""
        watched, now = wait.watched, self.clock.monotonic()
        at = self._next(watched)
        if at > now or watched.due > -math.inf:
            is_reached = False
            with wait:
                watched.until = at
                await self._moves.sleep(wait, max(at - now, 0.0))
                is_reached = True
            if not is_reached:
                return False
        now, due, is_due = max(at, self.clock.monotonic()), max(watched.due, self.held), False
        for each in watched.waits:
            if each.deadline <= now:
                each.over()
            elif not each.is_over:
                is_due = is_due or due <= now or self._event(each, due) <= now
        return is_due and not wait.is_over

    def _next(self, watched: Watched) -> float:
        """Return when something is to be done for a task that is not looked at."""
        due, at = max(watched.due, self.held), math.inf
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
        """Return how many seconds to wait before the next look at a task; never less than what the server asks for."""
        life, age, error = watched.life, self.age(watched.task), watched.error
        if error is not None:
            pause = next_wait(life.pace, age, errors=watched.errors, jitter=self.clock.chance())
            return max(bounded(life, pause), error.retry_after or 0.0)
        return bounded(life, self._usual_pause(watched, life.pace, age))

    def _usual_pause(self, watched: Watched, pace: Pace, age: float) -> float:
        known = self.durations.of(watched.task, pace)
        watched.is_swept = watched.task.webhook and self.has_arrived(LATELY)
        if watched.is_swept:
            return sweep_wait(pace, known, age, watched.looks)
        if known is not None:
            return known.wait(pace, age, watched.looks, self.clock.chance())
        return next_wait(pace, age, jitter=self.clock.chance()) if watched.looks else first_wait(pace, age)

    # A look

    async def _look(self, wait: Wait) -> None:
        """Look at the task of a wait, and at those of others where one call tells of several."""
        turns = [Turn(self, each) for each in (wait.watched, *self._due_too(wait.watched))]
        try:
            with wait:
                if len(turns) > 1:
                    await self._look_at_all(turns)
                else:
                    await turns[0].look()
        except Held:
            return
        finally:
            for turn in turns:
                turn.watched.is_looked_at = False
                if turn is not turns[0]:
                    turn.watched.rouse()
        for turn in turns:
            if turn.is_made:
                self._looked(turn)

    async def _look_at_all(self, turns: Sequence[Turn]) -> None:
        """Make one call for several tasks. What it does not tell of is looked at alone, and at once."""
        account, tasks = turns[0].watched.account, [turn.watched.task for turn in turns]

        def begins() -> None:
            for turn in turns:
                turn.begins()
            for turn in turns:
                turn.watched.unlisted = True

        try:
            told = await self.looks.listed(account, tasks, begins)
        except ProviderError as error:
            for turn in turns if isinstance(error, RateLimited) else ():  # single looks would be too many as well
                turn.met(error)
            return
        known = [turn for turn in turns if turn.watched.task.id in told]
        await asyncio.gather(*(turn.look(told[turn.watched.task.id]) for turn in known))

    def _due_too(self, watched: Watched) -> list[Watched]:
        """Return the other tasks that one call tells of as well, those that are due within half a pause."""
        many = watched.life.many
        if many is None or watched.unlisted:
            return []
        soon = self.clock.monotonic() + next_wait(watched.life.pace, self.age(watched.task)) / 2
        alike = (each for each in self._watched.values() if each is not watched and each.life is watched.life)
        free = (each for each in alike if each.keeper is not None and not each.is_looked_at and not each.unlisted)
        return nsmallest(many.most - 1, (each for each in free if each.due <= soon), key=lambda each: each.due)

    def _looked(self, turn: Turn) -> None:
        """Tell who waits what a look has found; the next one is due at the provider's pace, or at once after a wake."""
        watched = turn.watched
        if turn.is_sweep and watched.task.state.final:
            self._missed()
        watched.looked = watched.looks
        is_over, without_result = watched.task.state.final, watched.is_without_result
        for wait in watched.waiting:
            wait.without_result += without_result
            if wait.without_result == NO_RESULT_LOOKS:
                wait.over(watched.error)
            elif is_over or wait.looks <= watched.looked:
                wait.over()
        if watched.task.state.final:
            return
        if watched.woken:
            watched.woken, watched.due = False, -math.inf
            return
        watched.due = self.clock.monotonic() + self._pause(watched)

    def _missed(self) -> None:
        """Look at every task as usual, since a webhook did not come that was due."""
        self._arrived = -math.inf
        for watched in self._watched.values():
            if watched.is_swept and not watched.is_looked_at:
                watched.due = self.clock.monotonic() + self._pause(watched)
                watched.rouse()
