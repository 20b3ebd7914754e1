"""A worker that is killed in the middle of a job: another goes on, with one bill and one file, or it is told."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import pytest
from procrastinate.exceptions import ConnectorException

from anymedia.worker.database import SWEEP
from tests.postgres import STUCK

from .conftest import REQUEST, ended
from .working import STEPS

pytestmark = pytest.mark.slow

HERE = Path(__file__).parents[2]
UNCERTAIN = {"intent": 0, "answered": 1}
"""Where nobody can know what became of a submit, and how often it is billed."""


@contextmanager
def process(world, dies=None):
    """A worker in a process of its own, that works."""
    job = {"config": world.data, "out": str(world.folder / "out"), "url": world.url, "dies": dies}
    environ = os.environ | world.sims.environ | {"PYTHONPATH": str(HERE)}
    command = [sys.executable, "-m", "tests.worker.working", json.dumps(job)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ, cwd=HERE) as running:
        try:
            assert running.stdout.readline() == "works\n"
            yield running
        finally:
            running.kill()


async def over(running):
    """Return what a process ended with."""
    return await asyncio.to_thread(running.wait, STUCK)


@asynccontextmanager
async def sweeping(queue):
    """Look at all that is left every moment, as is done every minute."""

    async def sweep():
        while True:
            job = queue._database.app.configure_task(SWEEP, queue=queue._database.queue)
            with suppress(ConnectorException):  # in a moment again
                await job.defer_async(timestamp=0)
            await asyncio.sleep(0.5)

    sweeps = asyncio.create_task(sweep())
    try:
        yield
    finally:
        sweeps.cancel()
        await asyncio.wait({sweeps})


@pytest.mark.parametrize("step", STEPS)
async def test_another_worker_goes_on(world, step):
    async with world.queue() as queue:
        with process(world, dies=step) as first:
            await queue.submit(REQUEST, "kie", idempotency_key="k")
            assert await over(first) == -signal.SIGKILL
        async with sweeping(queue):
            with process(world):
                standing = await ended(queue, "k")
    if step in UNCERTAIN:
        assert (standing.state, sum(world.bills().values()), world.files()) == ("uncertain", UNCERTAIN[step], [])
    else:
        assert (standing.state, world.bills(), len(world.files())) == ("succeeded", {"kie": 1}, 1)


async def test_a_worker_ends_cleanly(world):
    """It ends what it is at, and leaves to others what goes on: nothing is locked, and nobody has to be found dead."""
    async with world.queue() as queue:
        with process(world) as first:
            for number in range(8):
                await queue.submit(REQUEST, idempotency_key=str(number))
            async with asyncio.timeout(STUCK):
                while sum(world.bills().values()) < 4:
                    await asyncio.sleep(0.01)
            first.send_signal(signal.SIGTERM)
            assert (await over(first), first.stdout.read()) == (0, "ended\n")
        assert [*await queue._database.app.job_manager.list_jobs_async(status="doing")] == []
        with process(world):
            states = {(await ended(queue, str(number))).state for number in range(8)}
    assert (states, sum(world.bills().values()), len(world.files())) == ({"succeeded"}, 8, 8)
