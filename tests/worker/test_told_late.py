"""How a job has ended is told to a database that was away, and to one that another worker has told it."""

import psycopg
import pytest
from procrastinate.exceptions import ConnectorException
from procrastinate.manager import JobManager

from anymedia.worker import patient

from .conftest import REQUEST, ended
from .test_kill import sweeping


@pytest.mark.parametrize("name", ["finish_job_by_id_async", "retry_job_by_id_async"])
async def test_a_job_whose_end_could_not_be_told_is_not_lost(world, monkeypatch, name):
    tell, tries = getattr(JobManager, name), []

    async def away(*given, **named):
        tries.append(name)
        if len(tries) <= len(patient.PAUSES):
            raise ConnectorException
        await tell(*given, **named)

    monkeypatch.setattr(JobManager, name, away)
    monkeypatch.setattr(patient, "PAUSES", (0.0,) * len(patient.PAUSES))
    async with world.queue() as queue, sweeping(queue), world.worker():
        for number in range(4):
            await queue.submit(REQUEST, idempotency_key=str(number))
        for number in range(4):
            assert (await ended(queue, str(number))).state == "succeeded"


async def test_what_another_worker_has_told_is_not_told_again():
    tries = []

    async def tell():
        tries.append("told")
        raise ConnectorException from psycopg.errors.RaiseException("Job was not found")

    await patient._until_told(tell)
    assert tries == ["told"]
