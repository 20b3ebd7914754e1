"""What nobody moves on is taken up again, once a minute by one of the workers.

Jobs of workers that were killed run again. What the journal holds of owners that are dead gets a job: tasks that go on,
and results that are not saved. What could not be written while the journal was away is written. Nothing is bought by
it.
"""

import logging
from datetime import UTC, datetime

from anymedia.journal.ledger import Ledger

from .database import Database

KEPT = 7 * 86_400.0
"""Seconds for which is known what has come to nothing: our choice."""

OWN = "anymedia:"
"""What the names of our kinds of jobs begin with."""

_log = logging.getLogger("anymedia")


class Sweep:
    """The sweeps of one worker; `stalled` is after how many seconds a worker without a sign of life is dead."""

    def __init__(self, ledger: Ledger, database: Database, *, stalled: float) -> None:
        self._ledger = ledger
        self._database = database
        self._stalled = stalled

    async def sweep(self) -> None:
        """Take up what is left. Errors: JournalError."""
        await self._run_again()
        await self._ledger.catch_up()
        left, dead = await self._ledger.left()
        for attempt in left:
            if attempt.task is not None:
                await self._database.follow(attempt.id, attempt.order.idempotency_key or attempt.id)
        await self._ledger.forget(await self._ledger.idle(dead))
        await self._database.forget(KEPT)

    async def _run_again(self) -> None:
        """Let the jobs of workers run again that were killed."""
        with self._database.answers():
            manager = self._database.app.job_manager
            stalled = await manager.get_stalled_jobs(queue=self._database.queue, seconds_since_heartbeat=self._stalled)
            for job in stalled:
                _log.warning("a worker has died with job %s (%s), which runs again", job.id, job.task_name)
                await manager.retry_job(job, retry_at=datetime.now(UTC))
