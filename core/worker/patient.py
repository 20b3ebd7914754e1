"""The end of a job, told until the database takes it: else the job would be under way as long as its worker lives."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import psycopg
from procrastinate.exceptions import ConnectorException
from procrastinate.manager import JobManager

PAUSES = (0.1, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds between the tries; after an outage of a minute its worker begins anew, and the job is a dead one's."""


class PatientJobs(JobManager):
    """The jobs of a queue, as procrastinate has them, but for how their ends are told."""

    async def finish_job_by_id_async(self, *given: Any, **named: Any) -> None:
        """As JobManager."""
        await _until_told(partial(super().finish_job_by_id_async, *given, **named))

    async def retry_job_by_id_async(self, *given: Any, **named: Any) -> None:
        """As JobManager."""
        await _until_told(partial(super().retry_job_by_id_async, *given, **named))


async def _until_told(tell: Callable[[], Awaitable[None]]) -> None:
    """Tell how a job has ended. Errors: ConnectorException."""
    for pause in PAUSES:
        try:
            return await tell()
        except ConnectorException as error:
            if _was_told(error):
                return None
        await asyncio.sleep(pause)
    return await tell()


def _was_told(error: ConnectorException) -> bool:
    """Return whether another worker, which took this one for dead, has told it before."""
    return isinstance(error.__cause__, psycopg.errors.RaiseException)
