"""The waits for a task, and what is known of the task that they share."""

import asyncio
import math
from collections.abc import Iterator
from typing import Any, cast

import attrs

from anymedia.account import Account
from anymedia.declare.lifecycle import Lifecycle
from anymedia.model.errors import MalformedAnswer, ProviderError
from anymedia.model.task import Task
from anymedia.model.vocabulary import Retry

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


@attrs.define(eq=False)
class Wait:
    """One caller's wait for a task, until a `deadline` on the clock's monotonic time.

    It is over when the task is, or after the look with the number `looks`, however the task then stands: `is_step` says
    that its caller comes again then. The block `with wait` is its sleep or its look, which `stop` ends.
    """

    watched: "Watched"
    task: Task
    began: float
    deadline: float
    looks: float
    is_step: bool = False
    had_last: bool = False
    without_result: int = 0
    is_over: bool = False
    error: ProviderError | None = None
    _turn: asyncio.Future[None] | None = attrs.field(default=None, init=False)
    _runs: asyncio.Task[Any] | None = attrs.field(default=None, init=False)
    _cancels: int = attrs.field(default=0, init=False)
    _is_stopped: bool = attrs.field(default=False, init=False)

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

    @property
    def is_hint(self) -> bool:
        """Whether a webhook has led to it."""
        return self.is_brief and not self.is_step

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


@attrs.frozen
class Left:
    """How a task was looked at for which nobody waits: as of Watched."""

    looks: int
    errors: int
    unfinished: float


@attrs.define(eq=False)
class Watched:
    """A task that somebody waits for: as it was seen last, what the last look met, and when the next one is due.

    `first` is the task as whoever came first has it. `looks` have begun and `looked` are over; at the age `unfinished`
    the last of them found it unfinished. The keeper sleeps `until` a time. `is_read` says that the journal was asked of
    it, `reading` is the answer that is waited for. `begun` says that the look under way has its
    permit, `woken` that somebody wants another behind it, `unlisted` that a call for several told nothing of it.
    """

    account: Account
    task: Task
    due: float
    first: Task = attrs.field(init=False, default=attrs.Factory(lambda self: self.task, takes_self=True))
    life: Lifecycle = attrs.field(
        init=False,
        default=attrs.Factory(lambda self: self.account.adapter.life(self.task.lifecycle), takes_self=True),
    )
    waits: dict[Wait, None] = attrs.field(init=False, factory=dict)
    keeper: Wait | None = None
    error: ProviderError | None = None
    errors: int = 0
    until: float = -math.inf
    looks: int = 0
    looked: int = 0
    unfinished: float = 0.0
    reading: asyncio.Task[None] | None = None
    is_read: bool = False
    is_known: bool = False
    is_looked_at: bool = False
    is_swept: bool = False
    begun: bool = False
    woken: bool = False
    unlisted: bool = False

    @property
    def left(self) -> Left:
        """What is to be known of it while nobody waits for it."""
        return Left(self.looks, self.errors, self.unfinished)

    def take_up(self, left: Left | None) -> None:
        """Go on from where it was left, for a caller who reads the journal by himself."""
        self.is_read = True
        if left is not None:
            self.looks = self.looked = left.looks
            self.errors, self.unfinished = left.errors, left.unfinished

    def next_look(self, is_step: bool) -> int:
        """Return the number of the next look; a step may be the one that is under way."""
        return self.looks if is_step and self.is_looked_at and self.begun else self.looks + 1

    @property
    def is_without_result(self) -> bool:
        """Whether the last look found it finished, and no result that could be fetched."""
        return isinstance(self.error, MalformedAnswer) and self.error.retry is Retry.NEVER

    @property
    def waiting(self) -> Iterator[Wait]:
        """The waits for it that are not over."""
        return (wait for wait in self.waits if not wait.is_over)

    def has_read(self, _: object) -> None:
        """Let go of what read of it: ten thousand tasks hold what each of them holds."""
        self.reading = None

    def rouse(self) -> None:
        """End the keeper's sleep."""
        if self.keeper is not None and not self.is_looked_at:
            self.keeper.stop()
