"""What is paid for and finished is fetched before its links die: in which order, how many at once, and for how long.

The results whose links die first go first, those of which nobody knows that before all. While a link lives, a download
that fails is tried again; the provider is asked for newer links where the known ones are refused, or should be dead.
"""

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from datetime import datetime
from shlex import quote
from typing import cast

import attrs

from anymedia.account import Account, is_of
from anymedia.clock import Clock
from anymedia.model.errors import AnymediaError, ConfigError, DownloadError
from anymedia.model.task import Asset, Attempt, Result, Task
from anymedia.translate.encode import facts
from anymedia.transport.places import Place
from anymedia.transport.retry import Patience
from anymedia.transport.slots import Slots, urgency

from .files import MINUTE, Files, with_saved
from .session import Session
from .sidecar import Sidecars
from .turns import Busy
from .watch import Watch

AT_ONCE = 64
"""Results that are tried at a time."""

UNDER_WAY = 1000
"""Results that are under way at a time, with those that wait for their next try."""

PATIENCE = Patience(tries=10, first=1.0, most=60.0)
"""How long to wait between two tries; after so many, as long as at last."""

SHORTEST = 0.25
"""Seconds between two tries at least."""

HOUR = 3600.0
"""Seconds for which a link is worth a try of which nobody knows when it dies, where nobody waits for its result."""

OTHERS = 1.0
"""Seconds between two looks at whether others have ended with the files of a task."""

REFUSED = {*range(400, 500)} - {408, 425, 429}
"""HTTP statuses that say something against a link."""

_log = logging.getLogger("anymedia")


@attrs.frozen(kw_only=True)
class Collected:
    """What a collection came to: the `tasks` whose results it has saved, and in `errors` why it has not saved others.

    A DownloadError carries its task, which stays billed, and can be collected later.
    """

    tasks: tuple[Task, ...] = ()
    errors: tuple[AnymediaError, ...] = ()


@attrs.define
class Effort:
    """How far a result has come to be saved: the `task` with its links as they are known, since when, and how often.

    `asks` is the account that may be asked for newer links, until it was. `unknown` is for how many seconds a link is
    tried of which nobody knows when it dies.
    """

    task: Task
    clock: Clock
    asks: Account | None
    unknown: float
    since: float
    tries: int = 0

    @property
    def left(self) -> float:
        """The seconds for which it is worth another try."""
        if (end := self.task.expires_at) is None:
            return self.since + self.unknown - self.clock.monotonic()
        return (end - self.clock.now()).total_seconds()

    def takes(self, newer: Task) -> bool:
        """Take newer links to the results, where there are; return whether there are."""
        if [asset.url for asset in newer.assets] == [asset.url for asset in self.task.assets]:
            return False
        self.task = attrs.evolve(self.task, assets=newer.assets)
        self.tries, self.since = 0, self.clock.monotonic()
        return True

    def pause(self, error: DownloadError) -> float:
        """Return how many seconds to wait for the next try, which comes while there is time."""
        self.tries = min(self.tries + 1, PATIENCE.tries - 1)
        pause = PATIENCE.pause(self.tries, error, self.clock) or 0.0
        return max(min(pause, self.left / 2), SHORTEST)


@attrs.frozen
class Fetch:
    """What one try to save the files of a task has come to: the task, and in how many seconds another one makes sense.

    None where they are saved. `error` says why they are not; without one, somebody else fetches them.
    """

    task: Task
    after: float | None = None
    error: DownloadError | None = None


@attrs.frozen
class Custody:
    """The results of one client, on their way to where they are kept."""

    session: Session
    watch: Watch
    files: Files
    account_of: Callable[[str], Account]
    _trying: Slots = attrs.field(factory=lambda: Slots(AT_ONCE), init=False)

    def turn(self, dies: datetime | None) -> AbstractAsyncContextManager[None]:
        """Hold a slot to try a result that dies then; it goes first to what dies first."""
        return self._trying.one(urgency(dies, self.session.clock.now()))

    async def kept(self, result: Result, place: Place, sidecars: Sidecars | None) -> Result:
        """Save the files of a result, and return it with where they are; why some are not is in its errors."""
        saves = (self.files.download([task], place, sidecars) for task in result.tasks)
        return with_saved(result, await asyncio.gather(*saves, return_exceptions=True))[0]

    async def saved_all(
        self, result: Result, place: Place, sidecars: Sidecars | None, until: float
    ) -> tuple[Result, list[AnymediaError]]:
        """Save the files of a result, and return it with where they are, and why some are not.

        They are tried while their links live, until this time (by the clock's monotonic time), and for a minute at
        least. What is in the place by now is not fetched again.
        """
        until = max(until, self.session.clock.monotonic() + MINUTE)
        attempts = {
            (attempt.task.account, attempt.task.id): attempt for attempt in result.attempts if attempt.task is not None
        }

        async def files(task: Task) -> Sequence[Asset]:
            if all(asset.kept for asset in task.assets):
                return await self.files.download([task], place, sidecars)
            attempt = attempts.get((task.account, task.id))
            asks = None if attempt is None else self.asked_for(attempt)
            return (await self.saved(task, place, sidecars, asks=asks, until=until)).assets

        return with_saved(result, await asyncio.gather(*map(files, result.tasks), return_exceptions=True))

    async def collect(
        self, attempts: AsyncIterator[Attempt], place: Place, sidecars_of: Callable[[Attempt], Sidecars | None]
    ) -> Collected:
        """Save the results of attempts, in the order in which they come, few of them in memory at once.

        Where the place takes nothing, no more are begun. Errors: those of the iterator.
        """
        tasks, errors, broken = list[Task](), list[AnymediaError](), list[BaseException]()
        room, running, is_full = asyncio.Semaphore(UNDER_WAY), set[asyncio.Task[None]](), False

        async def one(attempt: Attempt, task: Task) -> None:
            nonlocal is_full
            try:
                tasks.append(await self.saved(task, place, sidecars_of(attempt), asks=self.asked_for(attempt)))
            except AnymediaError as error:
                errors.append(error)
                is_full = is_full or (isinstance(error, DownloadError) and error.place_is_full)
            finally:
                room.release()

        def over(save: asyncio.Task[None]) -> None:
            running.discard(save)
            if not save.cancelled() and (fault := save.exception()) is not None:
                broken.append(fault)

        try:
            async for attempt in attempts:
                task = cast("Task", attempt.task)  # it has succeeded
                await room.acquire()
                async with self.turn(task.expires_at):
                    pass  # no more are read than are tried: those that wait for another try let others through
                if is_full or broken:
                    break
                running.add(begun := asyncio.create_task(one(attempt, task)))
                begun.add_done_callback(over)
                await asyncio.sleep(0)  # it takes its slot before another is read
            if running:
                await asyncio.wait(running)
        finally:
            await ended([*running])
        for fault in broken:  # of ours, which ended no other save
            raise fault
        return Collected(tasks=tuple(tasks), errors=tuple(errors))

    async def saved(
        self,
        task: Task,
        place: Place,
        sidecars: Sidecars | None,
        *,
        asks: Account | None,
        until: float = math.inf,
        unknown: float = MINUTE,
        waits_for_room: bool = False,
    ) -> Task:
        """Save the files of a task, and return it with them.

        It is tried while its links live, by the clock's monotonic time no longer than `until`; where nobody knows how
        long they live, for `unknown` seconds. `asks` is the account that may be asked for newer links. A place that
        takes nothing is tried again where that is to be waited for. Errors: DownloadError, which says what is to be
        done; ConfigError.
        """
        clock = self.session.clock
        effort = Effort(task, clock, asks, unknown, clock.monotonic())
        while True:
            try:
                return await self._tried(effort, place, sidecars)
            except Busy:
                if clock.monotonic() >= until:
                    why = "somebody else fetches it, and has not ended in time"
                    raise DownloadError(
                        f"the result of task {effort.task.id} was not saved: {why}", **facts(effort.task)
                    ) from None
                pause = OTHERS
            except DownloadError as error:
                if self._is_over(effort, error, until, waits_for_room=waits_for_room):
                    raise _told(error, effort) from None
                pause = effort.pause(error)
            await clock.sleep(pause)

    async def step(self, task: Task, place: Place, sidecars: Sidecars | None, *, asks: Account | None) -> "Fetch":
        """Save the files of a task in one try, for a caller who comes again while their links live.

        Those of whose links nobody knows how long they live are worth a try for an hour after the task was over.
        Errors: DownloadError for what no later try would mend, which says what is to be done; ConfigError.
        """
        clock = self.session.clock
        age = max((clock.now() - (task.ended_at or task.submitted_at)).total_seconds(), 0.0)
        # As if it had been tried since then, at the usual pauses: nobody here knows how often it was.
        effort = Effort(task, clock, asks, HOUR, clock.monotonic() - age, int(math.log2(1 + age)))
        try:
            return Fetch(await self._tried(effort, place, sidecars))
        except Busy:
            return Fetch(task, OTHERS)
        except DownloadError as error:
            if self._is_over(effort, error, math.inf, waits_for_room=True):
                raise _told(error, effort) from None
            return Fetch(effort.task, effort.pause(error), error)

    async def _tried(self, effort: Effort, place: Place, sidecars: Sidecars | None) -> Task:
        """Try to save the files of a task, and once more where there are newer links; return it with them.

        Errors: DownloadError, Busy.
        """
        if effort.task.trouble is not None:  # some of its links could not be used
            await self._has_newer(effort, None)
        while True:
            try:
                async with self.turn(effort.task.expires_at):
                    files = await self.files.try_once(effort.task, place, sidecars)
                return attrs.evolve(effort.task, assets=files)
            except DownloadError as error:
                if error.permanent or not await self._has_newer(effort, error):
                    raise

    def _is_over(self, effort: Effort, error: DownloadError, until: float, *, waits_for_room: bool) -> bool:
        """Return whether no other try makes sense."""
        if error.place_is_full and waits_for_room:
            if effort.tries == 0:
                _log.error("%s", error)
        elif error.permanent:
            return True
        now = self.session.clock.monotonic()
        return effort.left <= 0 or now >= until or (error.came is not None and now - effort.since >= MINUTE)

    async def _has_newer(self, effort: Effort, error: DownloadError | None) -> bool:
        """Ask for newer links, once, unless an error says that the known ones may do; return whether there are."""
        refused = error is None or (error.status or 0) in REFUSED
        if effort.asks is None or not (refused or effort.left <= 0):
            return False
        account, effort.asks = effort.asks, None
        return effort.takes(await self.watch.again(account, effort.task))

    def asked_for(self, attempt: Attempt) -> Account | None:
        """Return the account that may be asked about an attempt's task: with the API key that it was submitted with."""
        order = attempt.order
        with suppress(ConfigError):
            account = self.account_of(order.account)
            if account.adapter.name == order.provider and is_of(attempt.fingerprint or "", account.secret()):
                account.adapter.life(order.lifecycle)  # which a later version of the adapter may not have
                return account
        return None


async def ended(running: Collection["asyncio.Task[None]"]) -> None:
    """Give up what is under way, and return once it has ended."""
    for each in running:
        each.cancel()
    await asyncio.gather(*running, return_exceptions=True)


def _told(error: DownloadError, effort: Effort) -> DownloadError:
    """Return an error after which nothing is tried, with what is to be done where the link is at fault."""
    if error.permanent or error.came is not None or effort.left > 0:
        return error
    given_up = f"`anymedia tasks settle {quote(effort.task.id)} --dismiss` gives it up"
    if effort.task.expires_at is None:
        why = f"nobody knows how long its link lives: `anymedia collect` tries again, and {given_up}"
    else:
        why = f"its link should be dead by now, and there is no newer one: {given_up}"
    return DownloadError(f"{error}; {why}", **facts(effort.task), status=error.status, body=error.body)
