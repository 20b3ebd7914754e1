"""How a job has ended is told to a database that was away, unless another worker has told it."""

import psycopg
import pytest
from procrastinate.exceptions import ConnectorException
from procrastinate.manager import JobManager

from anymedia.worker import patient

from .conftest import REQUEST, ended


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr(patient, "PAUSES", (0.0,) * len(patient.PAUSES))


@pytest.mark.parametrize("name", ["finish_job_by_id_async", "retry_job_by_id_async"])
async def test_a_job_whose_end_could_not_be_told_is_not_lost(world, monkeypatch, name):
    tell, tries = getattr(JobManager, name), []

    async def away(*given, **named):
        tries.append(name)
        if len(tries) <= len(patient.PAUSES):
            raise ConnectorException
        await tell(*given, **named)

    monkeypatch.setattr(JobManager, name, away)
    async with world.queue() as queue, world.worker():
        await queue.submit(REQUEST, idempotency_key="k")
        assert (await ended(queue, "k")).state == "succeeded"


@pytest.mark.parametrize("told_by_another", [True, False])
async def test_it_is_told_until_there_is_no_use_in_it(told_by_another):
    tries = []

    async def tell():
        tries.append("told")
        raise ConnectorException from (psycopg.errors.RaiseException("not found") if told_by_another else None)

    if told_by_another:
        await patient._until_told(tell)
    else:
        with pytest.raises(ConnectorException):
            await patient._until_told(tell)
    assert len(tries) == (1 if told_by_another else 1 + len(patient.PAUSES))
