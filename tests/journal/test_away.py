"""A PostgreSQL server that is gone while something is being bought: nothing is lost, and nothing is bought twice."""

import asyncio
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from anymedia import Billed, JournalError, Outcome, State, Unavailable
from anymedia.journal import Ledger, open_journal
from anymedia.observe.events import Sent
from tests.postgres import needs_postgres

from .test_ledger import accepted, tried

pytestmark = needs_postgres


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "state"


@pytest.fixture
async def journal(postgres_url, folder):
    journal = open_journal(postgres_url, folder=folder)
    journal.server.patience = 0.1
    yield journal
    await journal.close()


def waiting(folder):
    return sorted(file.name.partition("-")[0] for file in (folder / "spool").glob("*.json"))


async def test_a_server_that_stops_in_the_middle_of_a_submit_costs_nothing_but_time(
    client, sims, request_, postgres, folder, caplog, tmp_path
):
    tell = client._session.tell

    def stop(event):
        tell(event)
        if isinstance(event, Sent):
            postgres.stop("immediate")

    client._session.tell = stop
    with caplog.at_level(logging.WARNING, "anymedia"):
        task = await client.submit(request_, "reapi")
        for _ in range(3):
            with pytest.raises((JournalError, Unavailable)) as caught:  # shared limits are waited for
                await client.submit(request_, "reapi", timeout=0.3)
            assert (caught.value.outcome, caught.value.billed) == (Outcome.NOT_SENT, Billed.NO)
        done = await client.wait(task)
        (asset,) = await client.download(done, tmp_path / "out")
    assert (done.state, asset.path.is_file(), waiting(folder)) == (State.SUCCEEDED, True, ["ended", "seen", "seen"])
    assert sum("nothing is bought until it does" in message for message in caplog.messages) == 1
    assert len(caplog.messages) <= 2, caplog.messages
    client._session.tell = tell
    postgres.start()
    async with asyncio.timeout(30):
        while waiting(folder):
            await asyncio.sleep(0.05)
    (attempt,) = await client.attempts()
    assert (attempt.status, attempt.task.assets[0].path) == ("succeeded", asset.path)
    await client.submit(request_, "reapi")
    assert sims["reapi"].bills()["submits"] == len(await client.attempts()) == 2


def started(url, folder):
    command = [sys.executable, "-m", "tests.journal.away", url, str(folder)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    return subprocess.Popen(command, cwd=Path(__file__).parents[2], text=True, **pipes)


@pytest.mark.slow
async def test_a_process_that_is_killed_meanwhile_leaves_it_to_the_next_one_of_the_machine(
    postgres, postgres_url, folder
):
    child = started(postgres_url, folder)

    async def said():
        async with asyncio.timeout(60):
            return (await asyncio.to_thread(child.stdout.readline)).strip()

    try:
        assert await said() == "bought"
        postgres.stop("immediate")
        child.stdin.write("\n")
        child.stdin.flush()
        assert await said() == "kept"
    finally:
        child.kill()
        child.communicate()
    assert waiting(folder) == ["ended"]
    postgres.start()
    ledger = Ledger(open_journal(postgres_url, folder=folder))
    try:
        await ledger.catch_up()
        (attempt,) = await ledger.attempts()
    finally:
        await ledger.close()
    assert (attempt.task, waiting(folder)) == (accepted(tried(1, None)).task, [])
