"""What the limits of an account count: calls in a window, and active tasks."""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Coroutine
from typing import Any, TypeAlias

from anymedia.clock import Clock, first_of
from anymedia.model.task import Attempt, Task
from anymedia.shared_limits import ACTIVE, Want

FORGOTTEN = 600.0
"""Seconds after its last look at which a task counts as over."""

TICK = 0.001
"""Seconds of the shortest wait: times are binary floats, and a shorter wait might round to nothing."""


HearsOf: TypeAlias = Callable[[Collection[str]], Coroutine[Any, Any, None]]
"""What hears how tasks and attempts with these ids go on, until it is cancelled."""


class RateWindow:
    """A rate limit: at most `calls` in any `seconds`; None allows any number.

    A call holds its slot until one window after it finished, since we cannot know when the provider counted it.
    """

    def __init__(self, limit: tuple[int, float] | None, clock: Clock) -> None:
        self.calls: int | None = None if limit is None else limit[0]
        self.seconds: float = 0.0 if limit is None else limit[1]
        self._clock = clock
        self._under_way = 0
        self._ended: deque[float] = deque()
        self._changed = asyncio.Event()

    def wanted(self, kind: str, name: str) -> Want | None:
        """Return the slot of a call as it is shared with others; None without a limit."""
        return None if self.calls is None else Want(kind=kind, name=name, most=self.calls, after=self.seconds)

    async def enter(self) -> None:
        """Wait until one more call fits; `Turns` decides who waits here."""
        while self.calls is not None and self._used() >= self.calls:
            self._changed.clear()
            if self._ended:
                left = self._ended[0] + self.seconds - self._clock.monotonic()
                await self._clock.sleep(max(left, TICK))
            else:
                await self._changed.wait()
        self._under_way += 1

    def leave(self, *, arrived: bool) -> None:
        """Note that a call has ended; one that never left does not count."""
        self._under_way -= 1
        if self.calls is not None and arrived:
            self._ended.append(self._clock.monotonic())
        self._changed.set()

    def _used(self) -> int:
        now = self._clock.monotonic()
        while self._ended and self._ended[0] + self.seconds <= now:
            self._ended.popleft()
        return self._under_way + len(self._ended)

    def wait(self, ahead: int) -> float:
        """Return about how many seconds a call waits with so many ahead of it."""
        if self.calls is None:
            return 0.0
        behind = ahead + self._used() - self.calls
        if behind < 0:
            return 0.0
        rounds, place = divmod(behind, self.calls)
        now = self._clock.monotonic()
        ended = self._ended[place] if place < len(self._ended) else now
        return ended + self.seconds * (rounds + 1) - now

    def load(self, ahead: int) -> float:
        """Return the used share of the limit."""
        return 0.0 if self.calls is None else (ahead + self._used()) / self.calls


class ActiveTasks:
    """A limit of active tasks; None allows any number.

    A task counts under its id, and one that may exist unknown to us under that of its attempt. `room` is set when one
    more may be active after a task is over, and is then replaced by the next event. While somebody waits, `hears` is
    run with these ids, until it is cancelled.
    """

    def __init__(
        self,
        most: int | None,
        clock: Clock,
        hears: HearsOf | None = None,
    ) -> None:
        self.most = most
        self.room: asyncio.Event = asyncio.Event()
        self._clock = clock
        self._hears = hears
        self._held = 0
        self._seen: dict[str, float] = {}
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        now = self._clock.monotonic()
        while self._seen and next(iter(self._seen.values())) + FORGOTTEN <= now:
            del self._seen[next(iter(self._seen))]
        return self._held + len(self._seen)

    def wanted(self, name: str) -> Want | None:
        """Return the slot of a task as it is shared with others; None without a limit."""
        return None if self.most is None else Want(kind=ACTIVE, name=name, most=self.most, after=FORGOTTEN)

    async def enter(self) -> None:
        """Wait until one more task may be active."""
        if not self._has_room:
            await self._until_room()
        self._held += 1

    def leave(self) -> None:
        """Release a slot."""
        self._held -= 1
        self._over()

    @property
    def _has_room(self) -> bool:
        return self.most is None or len(self) < self.most

    def _over(self) -> None:
        self._changed.set()
        if self.most is not None and len(self) < self.most:
            self.room.set()
            self.room = asyncio.Event()

    async def _until_room(self) -> None:
        hearing = None if self._hears is None else asyncio.ensure_future(self._hears(tuple(self._seen)))
        try:
            while not self._has_room:
                self._changed.clear()
                await self._until_changed()
        finally:
            if hearing is not None:
                hearing.cancel()
                await asyncio.gather(hearing, return_exceptions=True)

    async def _until_changed(self) -> None:
        """Wait until a task is over, or until the one seen longest ago counts as over."""
        if not self._seen:
            await self._changed.wait()
            return
        oldest = next(iter(self._seen.values())) + FORGOTTEN - self._clock.monotonic()
        await first_of(self._changed.wait(), timeout=max(oldest, TICK))

    def wait(self, ahead: int) -> float:
        """Return 0 where a submit would get a slot at once, else a long time: nobody knows how long a task takes."""
        return 0.0 if self.most is None or len(self) + ahead < self.most else FORGOTTEN

    def add(self, attempt: Attempt) -> None:
        """Count what an attempt has come to, now: its task, or one that may exist unknown to us, unless it is over."""
        self._seen.pop(attempt.id, None)
        if attempt.open:
            self._see(attempt.id if attempt.task is None else attempt.task.id)

    def counts(self, name: str | None) -> bool:
        """Return whether a task, or an attempt without one, counts under this id."""
        return name in self._seen

    def found(self, attempt: Attempt) -> None:
        """Note how an attempt stands of which its submit may not have known that."""
        if attempt.id in self._seen:
            self.add(attempt)
        if attempt.task is None:
            self._over()
        else:
            self.seen(attempt.task)

    def seen(self, task: Task) -> None:
        """Note that a look showed a task as it stands."""
        if self._seen.pop(task.id, None) is not None and not task.state.final:
            self._see(task.id)
        self._over()

    def gone(self, name: str) -> None:
        """Note that a task, or an attempt without one, is over, as others know."""
        if self._seen.pop(name, None) is not None:
            self._over()

    def _see(self, name: str) -> None:
        self._seen.pop(name, None)  # keeps the order by last look
        self._seen[name] = self._clock.monotonic()
