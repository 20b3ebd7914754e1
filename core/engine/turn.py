"""One look at a task, for all who wait for it: what its schedule notes before, while and after it is made."""

import math
from typing import Protocol

from anymedia.clock import Clock
from anymedia.model.errors import ProviderError, RateLimited
from anymedia.model.task import Task

from .durations import Durations
from .looks import Looks
from .pace import Took, lasted
from .waits import Watched


class Held(Exception):
    """The provider asks for no more looks for a while."""


class Keeps(Protocol):
    """What a schedule keeps: until when the provider `held` up looks, on the clock's monotonic time."""

    looks: Looks
    clock: Clock
    durations: Durations
    held: float

    def age(self, task: Task) -> float:
        """Return how many seconds ago a task was submitted."""


class Turn:
    """A look at a task, from when it is due until it is made.

    `is_sweep` says that it is due though a webhook is expected, which did not come if the task is found to be over;
    `is_made` that it was made, be it in vain.
    """

    def __init__(self, keeps: Keeps, watched: Watched) -> None:
        self.watched: Watched = watched
        self.is_made: bool = False
        self._is_hinted = False
        due = max(watched.due, keeps.held)
        for wait in watched.waits:
            wait.had_last = due >= wait.deadline
            self._is_hinted = self._is_hinted or (wait.is_hint and not wait.is_over)
        self._keeps = keeps
        self._age = keeps.age(watched.task)
        self._is_last = due > keeps.clock.monotonic()
        self.is_sweep: bool = watched.is_swept and due > -math.inf and not self._is_last
        watched.is_looked_at, watched.begun = True, False

    def begins(self) -> None:
        """Take note that the look has its permit. Raises Held where it has to be put off, unless it is the last one."""
        if self._keeps.held > self._keeps.clock.monotonic() and not self._is_last:
            raise Held
        if not self.watched.begun:
            self.watched.begun, self.watched.looks = True, self.watched.looks + 1

    async def look(self, told: Task | ProviderError | None = None) -> None:
        """Look at the task; `told` is how an answer tells of it that tells of several."""
        watched, looks = self.watched, self._keeps.looks
        watched.unlisted, self.is_made = False, True
        try:
            seen = await looks.at(
                watched.account, watched.task, self.begins, self._took, told=told, by_webhook=self._is_hinted
            )
        except ProviderError as error:
            self.met(error)
        else:
            self._take(seen)
            watched.error, watched.errors, watched.unfinished = None, 0, self._age

    def met(self, error: ProviderError) -> None:
        """Take note of what the look met."""
        watched = self.watched
        watched.unlisted, self.is_made = False, True
        self._take(error.task or watched.task)
        watched.error, watched.errors = error, watched.errors + 1
        if not watched.begun:  # a call that cannot be made is a look too
            watched.looks += 1
        if isinstance(error, RateLimited) and error.retry_after is not None:
            self._keeps.held = max(self._keeps.held, self._keeps.clock.monotonic() + error.retry_after)

    def _take(self, seen: Task) -> None:
        if not self.watched.task.state.final:  # else it was told meanwhile
            self.watched.task = seen

    def _took(self) -> Took | None:
        watched, durations = self.watched, self._keeps.durations
        known = durations.of(watched.task, watched.life.pace)
        took = lasted(watched.life.pace, known, watched.unfinished, self._keeps.age(watched.task))
        if took is not None:
            durations.add(watched.task, took)
        return took
