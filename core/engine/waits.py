"""The waits for a task, and what is known of the task that they share."""

import asyncio
import math
from collections.abc import Iterator
from typing import Any, cast

import attrs

from anymedia.account import Account
from anymedia.declare.lifecycle import Lifecycle
from anymedia.model.errors import ProviderError
from anymedia.model.task import Task

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


def as_seen(task: Task, seen: Task) -> Task:
    """Return a caller's task as it was seen by another, who may know less of it: a handle tells of no labels."""
    money = seen.money if seen.money.got == "settled" else task.money
    return attrs.evolve(task, money=money, **{name: getattr(seen, name) for name in SEEN})


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
        return as_seen(self.task, seen)

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
        if self._runs is not None and not self._is_stopped and self._runs is not asyncio.current_task():
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
        "is_alone",
        "is_known",
        "is_looked_at",
        "is_swept",
        "keeper",
        "life",
        "looked",
        "looks",
        "reading",
        "task",
        "unfinished",
        "until",
        "waits",
        "woken",
    )

    def __init__(self, account: Account, task: Task, due: float) -> None:
        self.account: Account = account
        self.life: Lifecycle = account.adapter.life(task.lifecycle)
        self.first: Task = task
        self.task: Task = task
        self.waits: dict[Wait, None] = {}
        self.keeper: Wait | None = None
        self.error: ProviderError | None = None
        self.errors: int = 0
        self.due: float = due
        self.until: float = -math.inf
        self.looks: int = 0
        self.looked: int = 0
        self.is_looked_at: bool = False
        self.unfinished: float = 0.0
        self.is_alone: bool = False
        self.is_known: bool = False
        self.reading: asyncio.Task[None] | None = None
        self.is_swept: bool = False
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
