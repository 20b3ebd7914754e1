"""A batch whose rows workers send ends as one that sends them itself: its rows, its budget, its files."""

import asyncio
from types import SimpleNamespace

import attrs
import pytest

from anymedia import BadRows, ConfigError, DeadlineExceeded, JournalError, Row, State, read_config
from anymedia.clock import Clock
from anymedia.worker import Workers, elsewhere
from tests.journal.test_ledger import accepted, tried

from .conftest import asked


def rows(count, **changes):
    return [asked(number, **changes) for number in range(1, count + 1)]


def batch(client, world, rows, **options):
    return client.batch(rows, name="shots", where=world.folder / "files", workers=world.workers(), **options)


async def test_it_ends_as_one_without_workers(world, simulators):
    """What failed and was not billed goes on elsewhere, several pictures are several tasks, and each row says it."""
    simulators["kie"].fault("failed")
    listed = [*rows(4), asked(5, count=2), Row(request=asked(6), accounts=("bfl",))]
    async with world.client() as client, world.worker():
        shots = batch(client, world, listed, budget="1.00")
        plan = await shots.plan()
        ends = []
        end = await shots.run(ends.append)
        assert (plan.rows, end.why, end.done, end.spent) == (6, "done", 6, plan.spent + end.spent)
        assert {each.number: each.state for each in ends} == dict.fromkeys(range(1, 7), "done")
        assert sum(len(each.result.attempts) for each in ends) == 8  # seven pictures, and the one that failed
        again = await batch(client, world, listed).run()
        assert (again.why, again.bought_before, again.spent) == ("done", 6, end.spent)
    assert (sum(world.bills().values()), len(world.files("files")), world.files()) == (7, 7, [])


async def test_a_budget_holds_over_all_rows(world):
    async with world.client() as client, world.worker():
        end = await batch(client, world, rows(6), budget="0.08", fallback=False).run()
    assert (end.why, end.done, end.not_begun, str(end.spent)) == ("budget", 3, 3, "0.075")
    assert world.bills() == {"kie": 3}


async def test_what_is_refused_is_told_by_each_row(world, simulators):
    simulators["kie"].fault("reset_after")
    simulators["bfl"].fault("status", status=400)
    listed = [Row(request=asked(number), accounts=(name,)) for number, name in enumerate(("kie", "bfl", "runapi"))]
    ends = {}
    async with world.client() as client, world.worker():
        end = await batch(client, world, listed).run(lambda end: ends.update({end.number: end}))
    assert {number: each.state for number, each in ends.items()} == {1: "uncertain", 2: "failed", 3: "done"}
    assert (end.uncertain, type(ends[2].error).__name__, ends[2].error.billed) == (1, "Rejected", "no")


async def test_an_account_that_is_left_alone_closes_its_rows(world, simulators):
    simulators["kie"].fault("unauthorised", on="submit", times=None)
    async with world.client() as client, world.worker():
        end = await batch(client, world, rows(3), offer="kie/flux-2-pro", at_once=1).run()
    assert (end.why, end.done) == ("error", 0)


async def put_in(world, count):
    """Wait until so many orders wait for a worker."""
    async with asyncio.timeout(60), world.queue() as queue:
        while len([*await queue._database.app.job_manager.list_jobs_async(status="todo")]) < count:
            await asyncio.sleep(0.01)


async def test_what_no_worker_takes_in_time_is_taken_back(world):
    async with world.client(Clock()) as client:
        end = await batch(client, world, rows(2), timeout=1).run()
        assert (end.why, end.done, end.spent) == ("unfinished", 0, 0)
        async with world.worker():
            await asyncio.sleep(0.3)
        assert (world.bills(), await client.attempts()) == ({}, [])


async def test_what_is_stopped_is_taken_back_too(world, monkeypatch, caplog):
    """Where no worker runs, that is said: once, until one has run again."""
    monkeypatch.setattr(elsewhere, "ALIVE", 0.02)

    async def said(times):
        async with asyncio.timeout(60):
            while caplog.text.count("no worker runs: what is put in waits for `anymedia worker`") < times:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert caplog.text.count("no worker runs") == times

    async with world.client() as client:
        running = asyncio.create_task(batch(client, world, rows(2)).run())
        await put_in(world, 2)
        await said(1)
        async with world.worker(name="another"):
            await asyncio.sleep(0.3)
        await said(2)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        async with world.worker():
            assert (await batch(client, world, rows(2)).run()).done == 2
    assert sum(world.bills().values()) == 2


async def test_files_that_cannot_travel_are_told_before_anything_is_sent(world, tmp_path):
    big = tmp_path / "big.png"
    big.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(2 << 20))
    async with world.client() as client:
        with pytest.raises(BadRows, match=r"row 2: images: big.png has 2,097,160 bytes.*\[storage\] url"):
            batch(client, world, [asked(1), asked(2, images=[big])])


def test_workers_need_a_journal_on_postgresql(tmp_path):
    with pytest.raises(ConfigError, match=r'write \[journal\] url = "postgresql://user@host/database" into'):
        Workers(read_config({"journal": {"path": str(tmp_path / "j.db")}}, {}))


async def test_a_batch_without_rows_needs_no_worker(world):
    async with world.client() as client:
        assert (await batch(client, world, []).run()).why == "done"


# What is waited for


class Known:
    """A ledger in which `over` tasks are over, long since; `reading` is called before one of them is told."""

    def __init__(self, over=(), reading=None):
        self.over, self.reading = set(over), reading
        self.journal = self

    def hear(self, heard):
        return False

    async def moved(self, after=None):
        return 5, []

    async def with_task(self, account, task_id):
        if self.reading is not None:
            await self.reading(task_id)
        state = State.SUCCEEDED if task_id in self.over else State.QUEUED
        return attrs.evolve(tried(1), task=work(task_id, state))


def work(task_id, state=State.QUEUED):
    return attrs.evolve(accepted(tried(1), state).task, id=task_id)


@pytest.fixture
def waiting(monkeypatch):
    monkeypatch.setattr(elsewhere, "EACH", 0.001)

    def made(known):
        return elsewhere._Waits(SimpleNamespace(clock=Clock()), known)

    return made


async def test_what_is_over_is_told_though_it_is_asked_for_while_another_is_read(waiting):
    late = []

    async def reading(task_id):
        if not late:
            late.append(asyncio.create_task(waits.until_done(None, work("two"), 60)))
            await asyncio.sleep(0.01)

    waits = waiting(Known(["two"], reading))
    first = asyncio.create_task(waits.until_done(None, work("one"), 60))
    async with asyncio.timeout(30):
        while not late:
            await asyncio.sleep(0.001)
        assert (await late[0]).id == "two"
    first.cancel()
    await asyncio.wait({first})
    assert waits._waiting == {}
    await waits.close()


async def test_what_cannot_be_read_now_is_read_later(waiting):
    faults = [JournalError("away", away=True)]

    async def reading(_):
        if faults:
            raise faults.pop()

    waits = waiting(Known(["one"], reading))
    async with asyncio.timeout(30):
        assert (await waits.until_done(None, work("one"), 60)).id == "one"
    await waits.close()


async def test_whoever_waits_no_more_is_no_matter_for_others_that_wait_for_the_same_task(waiting):
    waits = waiting(known := Known())
    others = [asyncio.create_task(waits.until_done(None, work("one"), 60)) for _ in range(2)]
    with pytest.raises(DeadlineExceeded):
        await waits.until_done(None, work("one"), 0.01)
    known.over.add("one")
    waits._unread.append((work("one").account, "one"))
    async with asyncio.timeout(30):
        assert [(await each).id for each in others] == ["one", "one"]
    await waits.close()
