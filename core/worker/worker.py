"""A worker: it takes what waits in the queue, buys, looks and saves, until it is told to end."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Literal, Self

from procrastinate import JobContext, RetryDecision
from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy

from anymedia.client import Client, Where
from anymedia.config import Config
from anymedia.engine.sidecar import Sidecar
from anymedia.model.errors import ConfigError, JournalError
from anymedia.model.strict_json import Json
from anymedia.model.task import Task

from .database import ADVANCE, ALIVE, FAULTS, ORDER, QUEUE, SUBMIT, SWEEP, Database, database_of, why
from .jobs import Again, Jobs, Saving, pause
from .sweep import Sweep
from .written import Carrier

AT_ONCE = 16
"""Jobs that a worker does at once, unless told otherwise."""

HEARTBEAT = ALIVE / 3
"""Seconds between two signs of life of a worker; after three times as many its jobs are another's."""

GRACE = 20.0
"""Seconds that jobs under way have to end, once the worker is to end."""

TELLING = 3.0
"""Seconds more in which the queue may be told how they ended; then the worker ends, whatever the database does."""

CUTS, CUT = 3, 0.5
"""Times that what goes on then is cancelled, and the seconds between them: telling how a job ended outlives one."""

POLL = 1.0
"""Seconds between two questions whether a job is due by now; of a new one it is told at once."""

MINUTELY = "* * * * *"

FIRST, LONGEST = 0.5, 10.0
"""Seconds until a database that is away is asked again; each time doubles them."""

MINUTE = 60.0
"""Seconds for which it has answered, after which it counts as well."""

_log = logging.getLogger("anymedia")


class Worker:
    """A process that buys what is put into the queue, and takes up what others have left.

    `client` is the one that it buys with; results go to `where`, with `names` and a `sidecar`, as at generate, and
    `on_saved` hears of each task then. `at_once` jobs are done at once; `url` is that of the database with the queue,
    where it is not the journal's, and `name` that of the queue. `heartbeat` and `poll` are seconds between two signs
    of life, and between two questions what is due. Use it as `async with Worker(client) as worker: await worker.run()`,
    which ends when it is cancelled, with the jobs that are under way. Errors: ConfigError without a journal, where it
    is not on PostgreSQL, and where no account has an API key.
    """

    def __init__(
        self,
        client: Client,
        where: Where | Literal[False] = None,
        *,
        names: str | None = None,
        sidecar: Sidecar = False,
        on_saved: Callable[[Task], None] = lambda task: None,
        at_once: int = AT_ONCE,
        url: str | None = None,
        name: str = QUEUE,
        heartbeat: float = HEARTBEAT,
        poll: float = POLL,
    ) -> None:
        self._at_once = at_once
        self._heartbeat = heartbeat
        self._poll = poll
        ledger = client._written("a worker cannot know what was bought")  # noqa: SLF001 - it is a part of the client
        self._database = Database(database_of(client.config) if url is None else url, name)
        _check(client.config)
        saving = Saving(where=where, names=names, sidecar=sidecar, on_saved=on_saved)
        jobs = Jobs(client, ledger, self._database, Carrier(client.config.storage), saving)
        self._sweep = Sweep(ledger, self._database, stalled=3 * heartbeat)
        self._is_ending = False
        self._under_way: set[asyncio.Task[Any]] = set()
        self._tell(jobs)

    async def __aenter__(self) -> Self:
        await self._database.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(JournalError):  # what cannot be closed is closed already
            await self._database.close()

    async def run(self) -> None:
        """Do what there is to be done until it is cancelled.

        A cancel ends it once the jobs under way are done, after half a minute at most. While the database is away it is
        waited for.
        """
        self._is_ending = False
        going_on = asyncio.ensure_future(self._go_on())
        try:
            await asyncio.shield(going_on)
        except asyncio.CancelledError:
            await self._end(going_on)
            raise

    async def _go_on(self) -> None:
        """Work, and wait for a database that is away, until it is to end."""
        pause, is_away = FIRST, False
        while True:
            began = time.monotonic()
            try:
                await self._database.open()
                if is_away:
                    _log.warning("%s: the queue answers again", self._database.name)
                    is_away = False
                await self._work()
                said = "it was lost"
            except (JournalError, *FAULTS) as fault:
                said = why(fault)
            if self._is_ending:
                return
            if not is_away:
                _log.warning("%s: the queue does not answer, and is waited for: %s", self._database.name, said)
            is_away = True
            with suppress(JournalError):
                await self._database.close()
            await asyncio.sleep(pause)
            pause = FIRST if time.monotonic() - began > MINUTE else min(pause * 2, LONGEST)

    async def _end(self, going_on: "asyncio.Task[None]") -> None:
        """Let what is under way end in time, and cut off what cannot: an end that is not told is found by others."""
        self._is_ending = True
        going_on.cancel()
        await asyncio.wait({going_on}, timeout=GRACE + TELLING)
        for _ in range(CUTS):
            left = {each for each in (going_on, *self._under_way) if not each.done()}
            for each in left:
                each.cancel()
            if left:
                await asyncio.wait(left, timeout=CUT)

    async def _work(self) -> None:
        """Do jobs, as long as the database answers."""
        await self._database.app.run_worker_async(
            queues=[self._database.queue],
            concurrency=self._at_once,
            fetch_job_polling_interval=self._poll,
            delete_jobs="successful",
            install_signal_handlers=False,
            update_heartbeat_interval=self._heartbeat,
            stalled_worker_timeout=3 * self._heartbeat,
            shutdown_graceful_timeout=GRACE,
        )

    def _tell(self, jobs: Jobs) -> None:
        """Tell the queue what each kind of job does."""
        app, comes_again = self._database.app, _ComesAgain()

        for name, job in ((SUBMIT, jobs.submit), (ORDER, jobs.order), (ADVANCE, jobs.advance)):
            app.task(name=name, queue=self._database.queue, retry=comes_again, pass_context=True)(self._done(job))

        # Without a lock: what a killed worker held would keep away the very sweep that takes it up.
        @app.periodic(cron=MINUTELY)
        @app.task(name=SWEEP, queue=self._database.queue)
        async def sweep(timestamp: int) -> None:
            self._note()
            await self._sweep.sweep()

    def _done(self, job: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        """Return a job as the queue calls it: with what it carries, and how often it has come before."""

        async def done(context: JobContext, **args: Json) -> None:
            self._note()
            await job(times=context.job.attempts, **args)

        return done

    def _note(self) -> None:
        """Note the job that calls this: it is under way until its end is told."""
        job = asyncio.current_task()
        assert job is not None  # noqa: S101 - it is in this one
        self._under_way.add(job)
        job.add_done_callback(self._under_way.discard)


def _check(config: Config) -> None:
    """Say for which accounts there is no API key: their jobs come to nothing here. Errors: ConfigError without any."""
    lacking = [account.name for account in config.accounts.values() if account.lacks]
    if len(lacking) == len(config.accounts):
        lacks = "no account has an API key" if lacking else "no account is configured"
        raise ConfigError(f"{lacks}, and a worker would buy nothing: `anymedia doctor` says what to set")
    if lacking:
        _log.warning("what this worker is to buy at %s comes to nothing: no API key is set", ", ".join(lacking))


class _ComesAgain(BaseRetryStrategy):
    """When a job comes again: as it says itself, at once where its worker ends, later where the journal is away."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        """Return when a job comes again."""
        if isinstance(exception, Again):
            return _in(exception.seconds)
        if isinstance(exception, asyncio.CancelledError):
            return _in(0.0)
        if not (isinstance(exception, JournalError) and exception.away):  # which was told
            _log.warning("job %s (%s) broke, and comes again: %r", job.id, job.task_name, exception)
        return _in(pause(job.attempts))


def _in(seconds: float) -> RetryDecision:
    return RetryDecision(retry_at=datetime.now(UTC) + timedelta(seconds=seconds))
