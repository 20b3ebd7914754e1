"""A worker lives through what happens to its database, and takes up what others have left."""

import asyncio
import importlib
from contextlib import suppress
from types import SimpleNamespace

import psycopg
import pytest
from procrastinate.exceptions import ConnectorException
from procrastinate.schema import SchemaManager

import anymedia.worker
from anymedia import Client, ConfigError, JournalError, read_config
from anymedia.journal import MemoryJournal
from anymedia.worker import Queue, Worker, worker
from anymedia.worker.database import ADVANCE, SUBMIT, Database
from anymedia.worker.jobs import Again
from anymedia.worker.sweep import Sweep
from anymedia.worker.worker import _ComesAgain

from .conftest import REQUEST, asked, ended


async def test_a_database_that_is_away_is_waited_for_and_told_once(world, monkeypatch, caplog):
    monkeypatch.setattr(worker, "FIRST", 0.001)
    lost = ConnectorException()  # it says of any that it is a database error
    lost.__cause__ = OSError("no\nroute")
    happens, works = [lost, JournalError("away"), None], asyncio.Event()

    async def work(_):
        if not happens:
            works.set()
            await asyncio.Event().wait()
        if (fault := happens.pop(0)) is not None:
            raise fault

    monkeypatch.setattr(Worker, "_work", work)
    async with world.worker():
        await asyncio.wait_for(works.wait(), 30)
    said = [record.message.partition(": the queue ")[2] for record in caplog.records if record.name == "anymedia"]
    away = "does not answer, and is waited for: "
    assert said == [f"{away}no route", "answers again", f"{away}away", "answers again", f"{away}it was lost", said[1]]


async def test_a_database_that_stays_away_is_told_of_once(world, monkeypatch, caplog):
    monkeypatch.setattr(worker, "FIRST", 0.001)
    asked, enough = [], asyncio.Event()

    async def opened(_):
        asked.append(1)
        if len(asked) > 4:
            enough.set()
        if len(asked) > 1:
            raise JournalError("away", away=True)

    monkeypatch.setattr(Database, "open", opened)
    async with world.worker():
        await asyncio.wait_for(enough.wait(), 30)
    assert caplog.text.count("the queue does not answer") == 1


async def test_a_worker_that_is_to_end_waits_no_more_for_a_database_that_is_away(world, monkeypatch, caplog):
    works = asyncio.Event()

    async def work(_):
        works.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        raise ConnectorException  # so does procrastinate, which cannot tell that its worker has ended

    monkeypatch.setattr(Worker, "_work", work)
    async with world.client() as client, Worker(client, url=world.url) as working:
        running = asyncio.create_task(working.run())
        await asyncio.wait_for(works.wait(), 30)
        running.cancel()
        await asyncio.wait({running}, timeout=30)
        assert running.cancelled()
    assert "does not answer" not in caplog.text


@pytest.mark.parametrize("has_ended", [True, False])
async def test_a_worker_ends_though_it_cannot_tell_how_its_jobs_have_ended(world, monkeypatch, has_ended):
    """Another takes them up."""
    monkeypatch.setattr(worker, "GRACE", 0.01)
    monkeypatch.setattr(worker, "TELLING", 0.5)
    monkeypatch.setattr(worker, "CUT", 0.01)
    goes_on, is_told = asyncio.Event(), asyncio.Event()

    async def submit(*_, **__):
        goes_on.set()
        if not has_ended:
            await asyncio.Event().wait()

    async def until_told(_):
        is_told.set()
        await asyncio.Event().wait()

    monkeypatch.setattr("anymedia.worker.jobs.Jobs.submit", submit)
    monkeypatch.setattr("anymedia.worker.patient._until_told", until_told)
    async with world.queue() as queue, world.client() as client, Worker(client, url=world.url) as working:
        await queue.submit(REQUEST, idempotency_key="k")
        running = asyncio.create_task(working.run())
        await asyncio.wait_for((is_told if has_ended else goes_on).wait(), 30)
        running.cancel()
        await asyncio.wait({running}, timeout=30)
        assert (running.cancelled(), is_told.is_set()) == (True, True)
        assert [task for task in asyncio.all_tasks() if "process job" in task.get_name()] == []
        assert await jobs(queue._database, task=SUBMIT) == [(SUBMIT, "doing", f"{SUBMIT} k")]


async def test_what_is_known_of_a_request_is_told_without_its_journal(world, simulators):
    simulators["kie"].fault("reset_after")
    async with world.queue() as queue, world.worker():
        await queue.submit(REQUEST, "kie", idempotency_key="k")
        await ended(queue, "k")
    async with Queue(world.config, url=world.url, journal=MemoryJournal()) as queue:  # that of somebody else
        standing = await queue.result("k")
        assert (standing.state, standing.attempts, world.bills()) == ("uncertain", (), {"kie": 1})


async def test_what_was_bought_elsewhere_is_found_by_its_key(world):
    async with world.queue() as queue, world.client() as client:
        await client.generate(REQUEST, "kie", idempotency_key="k")
        standing = await queue.result("k")
        assert (standing.state, standing.is_over) == ("succeeded", True)


@pytest.fixture
async def database(postgres_url):
    database = Database(postgres_url)
    await database.open()
    await database.open()
    yield database
    await database.close()
    await database.close()


async def jobs(database, **filters):
    found = await database.app.job_manager.list_jobs_async(**filters)
    return sorted((job.task_name, job.status, job.lock) for job in found)


async def test_a_sweep_takes_up_what_is_left(database):
    """The job of a worker that has died runs again, and each task gets one job."""
    manager = database.app.job_manager
    await database.put(SUBMIT, {}, "k")
    dead = await manager.register_worker()
    assert (await manager.fetch_job([database.queue], dead)).task_name == SUBMIT
    forgotten = []

    async def left():
        order = SimpleNamespace(idempotency_key=None)
        return [SimpleNamespace(id=name, task=task, order=order) for name, task in (("a", 1), ("b", None))], ["dead"]

    async def idle(dead):
        return dead

    async def forget(names):
        forgotten.extend(names)

    async def catch_up():
        forgotten.append("caught up")

    ledger = SimpleNamespace(left=left, idle=idle, forget=forget, catch_up=catch_up)
    for _ in range(2):
        await Sweep(ledger, database, stalled=0.0).sweep()
    assert forgotten == ["caught up", "dead"] * 2
    assert await jobs(database) == [(ADVANCE, "todo", f"{ADVANCE} a"), (SUBMIT, "todo", f"{SUBMIT} k")]


async def test_what_is_forgotten_is_what_was_over_for_long(database):
    for name in ("old", "new", "open"):
        await database.put(SUBMIT, {}, name)
    await database.ended("old")
    await database.forget(0.0)
    await database.ended("new")
    await database.forget(60.0)
    assert set(await database.told(["old", "new", "open"])) == {"new", "open"}


async def test_tables_that_are_there_stay(postgres_url):
    """Somebody else may have made those of procrastinate; and many processes begin at once."""
    async with await psycopg.AsyncConnection.connect(postgres_url) as connection:
        await connection.execute(SchemaManager.get_schema())
    every = [Database(postgres_url) for _ in range(4)]
    await asyncio.gather(*(each.open() for each in every))
    assert await every[0].told([]) == {}
    await asyncio.gather(*(each.close() for each in every))


async def test_a_fault_of_the_database_is_an_error(database):
    with pytest.raises(JournalError, match="the queue cannot be used") as told:
        await database._execute("SELECT 1 FROM nowhere")
    assert told.value.away


async def test_a_worker_needs_a_journal():
    async with Client(read_config({"journal": {"enabled": False}}, {})) as client:
        with pytest.raises(ConfigError, match="a worker cannot know what was bought"):
            Worker(client)


async def test_a_worker_takes_its_queue_from_the_journal(world):
    async with world.client() as client, Worker(client) as working:
        assert working._database.name == client.journal.name
        await working._database.app.close_async()
        working._database._is_open = True
        with suppress(JournalError):
            await working._database.close()


def test_a_job_comes_again_when_it_says_so_and_one_that_breaks_is_told(caplog):
    decide = _ComesAgain().get_retry_decision
    job = SimpleNamespace(attempts=3, id=7, task_name="anymedia:submit")
    ends = [asyncio.CancelledError(), Again(5.0), JournalError("away", away=True), TypeError("unexpected 'new'")]
    when = [decide(exception=each, job=job).retry_at for each in ends]
    assert [round((each - when[0]).total_seconds()) for each in when] == [0, 5, 16, 16]
    assert caplog.messages == ["""job 7 (anymedia:submit) broke, and comes again: TypeError("unexpected 'new'")"""]


async def test_what_is_asked_twice_is_one_request(world):
    async with world.queue() as queue:
        for _ in range(2):
            await queue.submit(asked(1), idempotency_key="k", timeout=None)
        assert (await queue.result("k")).state == "waiting"


async def test_a_worker_without_api_keys_takes_no_jobs(world, caplog):
    """They would come to nothing here, and may come to something at another worker."""
    data = {**world.data, "providers": {name: {} for name in ("kie", "bfl")}}
    for environ, told in (({}, "no account has an API key"), ({"KIE_API_KEY": "k", "BFL_API_KEY": "b"}, None)):
        async with Client(read_config(data, environ)) as client:
            if told is None:
                Worker(client)
                continue
            with pytest.raises(ConfigError, match=told):
                Worker(client)
    assert not caplog.records
    async with Client(read_config(data, {"KIE_API_KEY": "k"})) as client:
        Worker(client)
    assert "what this worker is to buy at bfl comes to nothing" in caplog.text


def test_what_is_not_installed_is_told(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"install anymedia with its extra worker$"):
        importlib.reload(anymedia.worker)
