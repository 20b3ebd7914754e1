"""The same request under the same key is bought once: by 20 threads of 4 processes at once, and after a crash."""

import asyncio
import json
import sqlite3
import threading
from contextlib import ExitStack, closing, contextmanager

import attrs
import pytest

from anymedia import (
    Client,
    ConfigError,
    ImageRequest,
    JournalError,
    NoCredit,
    OutOfBounds,
    SubmitUncertain,
    SyncClient,
    Task,
    read_config,
)
from anymedia.journal import Released
from anymedia.simulators import in_thread

from .child import STUCK, child, killed, until
from .kill import Fast
from .reading import attempts_in

KEY = "order-123"
ASKED = {"model": "flux-2-pro", "prompt": "a lighthouse at dusk", "resolution": "1K"}
REQUEST = ImageRequest(**ASKED)
VERBS = ("generate", "submit", "wait")
PROVIDERS = ("reapi", "api_in_one", "revidapi", "runapi")


@attrs.define
class Shop:
    """Simulators that outlive whoever buys there, and the journal that all buyers share: a path or a URL."""

    simulators: object
    place: str

    @property
    def environ(self):
        return self.simulators.environ | {"ANYMEDIA_JOURNAL": self.place}

    @property
    def config(self):
        return read_config(self.simulators.config, self.environ)

    def client(self):
        return SyncClient(self.config, clock=Fast())

    def bought(self):
        """Return the ids of all tasks at all providers."""
        return [entry["task_id"] for one in self.simulators for entry in one.bills()["entries"]]

    def submits(self):
        return sum(one.bills()["submits"] for one in self.simulators)

    def attempts(self):
        return attempts_in(self.place, idempotency_key=KEY)

    @contextmanager
    def buyer(self, *, connections=32, **job):
        """Start a process that is ready to buy."""
        tables = self.simulators.config["providers"].items()
        usual = {
            "config": {"providers": {name: table | {"connections": connections} for name, table in tables}},
            "request": ASKED,
            "key": KEY,
            "verbs": VERBS,
            "accounts": [],
            "own_clients": False,
            "stops": None,
        }
        with child("buyer", usual | job, self.environ) as process:
            until(process, "ready")
            yield process

    def all_of(self, jobs, meanwhile=None):
        """Start processes, let them go at once, and return what each of their threads came to.

        `meanwhile` is done once they have been let go.
        """
        with ExitStack() as stack:
            processes = [stack.enter_context(self.buyer(**job)) for job in jobs]
            for process in processes:
                let_go(process)
            if meanwhile is not None:
                meanwhile()
            return [end for process in processes for end in json.loads(until(process, "came"))]

    def _holding(self, name):
        """Return an event that is set once a simulator has a submit, and does not answer it."""
        service, arrived = self.simulators[name].service, threading.Event()
        answer = service.answer

        def watching(request):
            response = answer(request)
            if response.delivery == "held":
                arrived.set()
            return response

        service.answer = watching
        return arrived

    @contextmanager
    def unanswered(self, name, *, created, seconds=None, **job):
        """Start a process whose POST has come to a provider, billed if `created`, and is never answered.

        After some `seconds` of the simulators, its connection is closed.
        """
        self.simulators[name].fault("no_answer", created=created, **({} if seconds is None else {"seconds": seconds}))
        arrived = self._holding(name)
        with self.buyer(threads=1, accounts=[name], **job) as process:
            let_go(process)
            assert arrived.wait(STUCK)
            yield process


@contextmanager
def held_file(shop):
    """Write to the journal as another process that takes its time."""
    with closing(sqlite3.connect(shop.place, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("COMMIT")


def let_go(process):
    process.stdin.write("go\n")
    process.stdin.flush()


@pytest.fixture
def shop(tmp_path):
    with in_thread(speed=100) as simulators:
        yield Shop(simulators, str(tmp_path / "state" / "journal.db"))


# At once


@pytest.mark.parametrize("accounts", [(), PROVIDERS], ids=["anywhere", "each thread at a provider of its own"])
def test_20_threads_of_4_processes_buy_once(shop, place, accounts):
    shop.place = place
    jobs = [{"threads": 20, "own_clients": own, "accounts": accounts} for own in (False, False, True, True)]
    ends = shop.all_of(jobs)
    (bought,) = shop.bought()
    assert [end for end in ends if end["error"]] == []
    assert [end["ids"] for end in ends] == [[bought]] * 80
    assert shop.submits() == 1
    (attempt,) = shop.attempts()
    assert (attempt.task.id, attempt.status) == (bought, "succeeded")


def test_a_request_of_four_tasks_is_four_tasks_whoever_asks(shop, place):
    shop.place = place
    jobs = [
        {"threads": 20, "own_clients": own, "request": ASKED | {"count": 4}, "verbs": ["generate"]}
        for own in (False, False, True, True)
    ]
    ends = shop.all_of(jobs)
    assert len(shop.bought()) == shop.submits() == 4
    parts = [attempt.task.id for attempt in sorted(shop.attempts(), key=lambda attempt: attempt.order.part)]
    assert sorted(parts) == sorted(shop.bought())
    assert [end["ids"] for end in ends] == [parts] * 80


# After a crash


@pytest.mark.parametrize("provider", ["reapi", "runapi"])
@pytest.mark.parametrize("created", [False, True], ids=["not billed", "billed"])
def test_a_caller_killed_before_the_answer_leaves_the_others_uncertain(shop, provider, created):
    with shop.unanswered(provider, created=created) as first:
        # Some of them wait for the key by then, others ask for it later.
        ends = shop.all_of([{"threads": 5, "accounts": [provider]}] * 3, meanwhile=lambda: killed(first))
    (attempt,) = shop.attempts()
    assert attempt.status == "uncertain"
    assert [(end["error"], end["attempt"]) for end in ends] == [("SubmitUncertain", attempt.id)] * 15
    assert (shop.submits(), len(shop.bought())) == (1, created)


@pytest.mark.parametrize("created", [False, True], ids=["not billed", "billed"])
def test_a_replay_settles_it_for_all(shop, tmp_path, created):
    with shop.unanswered("runapi", created=created) as first:
        killed(first)
    with shop.client() as client:
        with pytest.raises(SubmitUncertain):
            client.submit(REQUEST, idempotency_key=KEY)
        (task,) = client.recover(tmp_path / "out", replay=True).tasks
        assert client.submit(REQUEST, idempotency_key=KEY).id == task.id
    assert shop.bought() == [task.id]


@pytest.mark.parametrize("billed", [False, True])
def test_what_somebody_found_out_settles_it_too(shop, billed):
    with shop.unanswered("reapi", created=billed) as first:
        killed(first)
    with shop.client() as client:
        (attempt,) = client.attempts()
        client.settle(attempt.id, billed=billed, task_id=shop.bought()[0] if billed else None)
        task = client.submit(REQUEST, "reapi", idempotency_key=KEY)
    assert shop.bought() == [task.id]


def test_a_caller_killed_before_anything_was_written_leaves_the_key_to_another(shop):
    with shop.buyer(threads=1, stops="before its line") as first:
        let_go(first)
        until(first, "stopped")
        ends = shop.all_of([{"threads": 5}] * 3, meanwhile=lambda: killed(first))
    (bought,) = shop.bought()
    assert [end["ids"] for end in ends] == [[bought]] * 15


def test_a_caller_killed_between_its_line_and_its_post_leaves_it_uncertain(shop):
    with shop.buyer(threads=1, stops="after its line") as first:
        let_go(first)
        until(first, "stopped")
        ends = shop.all_of([{"threads": 5}] * 3, meanwhile=lambda: killed(first))
    assert {end["error"] for end in ends} == {"SubmitUncertain"}
    assert (shop.submits(), shop.bought()) == (0, [])


def test_the_parts_that_were_not_begun_are_bought_by_another(shop):
    request = {"request": ASKED | {"count": 4}, "verbs": ["generate"]}
    with shop.unanswered("reapi", created=True, connections=1, **request) as first:  # one POST at a time
        killed(first)
    ends = shop.all_of([{"threads": 5, "accounts": ["reapi"], **request}] * 2)
    (uncertain,) = [attempt for attempt in shop.attempts() if attempt.task is None]
    assert uncertain.status == "uncertain"
    bought = [attempt.task.id for attempt in shop.attempts() if attempt.task is not None]
    assert len(shop.bought()) == shop.submits() == 4
    assert len(bought) == 3
    assert [(sorted(end["ids"]), end["missing"]) for end in ends] == [(sorted(bought), 1)] * 10


def test_what_was_bought_before_is_told(shop, caplog):
    caplog.set_level("INFO", "anymedia")
    with shop.client() as client:
        task = client.submit(REQUEST, "reapi", idempotency_key=KEY)
        assert not task.bought_before
        again = client.submit(REQUEST, "reapi", idempotency_key=KEY)
        made = client.generate(REQUEST, idempotency_key=KEY)  # it goes on, and is waited for
        done = client.generate(REQUEST, idempotency_key=KEY)
        assert client.generate(REQUEST, "reapi").bought_before == ()
        assert not any(attempt.task.bought_before for attempt in client.attempts())
    assert (again.id, again.bought_before) == (task.id, True)
    assert [[each.id for each in result.bought_before] for result in (made, done)] == [[task.id]] * 2
    told = f"already bought on {task.submitted_at:%Y-%m-%d %H:%M} UTC for $0.028 at reapi under the idempotency key"
    assert sum(told in record.getMessage() for record in caplog.records) == 3


# When a call does not go through


async def test_a_call_that_is_cancelled_while_it_takes_the_key_holds_up_nobody(shop, clock):
    async with Client(shop.config, clock=clock) as client:
        claim, claiming = client.journal.claim, asyncio.Event()
        assert await client._ledger.claim("another key", {})  # so that there is a file

        async def told(*arguments):
            claiming.set()
            return await claim(*arguments)

        client.journal.claim = told
        with held_file(shop):
            call = asyncio.create_task(client.submit(REQUEST, idempotency_key=KEY))
            await claiming.wait()
            await asyncio.sleep(0)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
        task = await client.submit(REQUEST, idempotency_key=KEY, timeout=60)
    assert shop.bought() == [task.id]


async def test_a_key_that_cannot_be_let_go_hides_no_task(shop, clock):
    async with Client(shop.config, clock=clock) as client:
        write = client.journal.write

        async def full(change):
            if isinstance(change, Released):
                raise JournalError("the disk is full")
            return await write(change)

        client.journal.write = full
        (end,) = await asyncio.gather(client.submit(REQUEST, idempotency_key=KEY), return_exceptions=True)
        task = end if isinstance(end, Task) else end.task  # either way, the caller gets what was paid for
        assert task is not None
        assert shop.bought() == [task.id]
        client.journal.write = write
        assert (await client.submit(REQUEST, idempotency_key=KEY, timeout=60)).id == task.id


async def test_an_answer_that_could_not_be_written_down_holds_up_nobody(shop, clock):
    async def full(_):
        raise JournalError("the disk is full")

    async with Client(shop.config, clock=clock) as client:
        client.journal.write = full
        with pytest.raises(JournalError) as caught:
            await client.submit(REQUEST, idempotency_key=KEY)
        assert shop.bought() == [caught.value.task.id]
        del client.journal.write
        assert (await client.submit(REQUEST, idempotency_key=KEY, timeout=60)).id == caught.value.task.id


# What a key is of


def test_another_request_under_the_key_is_refused(shop):
    with shop.client() as client:
        task = client.submit(REQUEST, idempotency_key=KEY)
        for other in (attrs.evolve(REQUEST, prompt="a fox"), attrs.evolve(REQUEST, count=2)):
            with pytest.raises(OutOfBounds, match="another request"):
                client.generate(other, idempotency_key=KEY)
        assert client.submit(attrs.evolve(REQUEST, labels={"job": "8"}), "runapi", idempotency_key=KEY).id == task.id
    (end,) = shop.all_of([{"threads": 1, "request": ASKED | {"prompt": "a fox"}}])
    assert end["error"] == "OutOfBounds"
    assert shop.bought() == [task.id]


def test_what_was_refused_may_be_bought_later(shop):
    shop.simulators["reapi"].fault("no_credit")
    with shop.client() as client, pytest.raises(NoCredit):
        client.submit(REQUEST, "reapi", idempotency_key=KEY)
    with shop.client() as client:  # another client, which does not know yet that there was no credit
        fox = attrs.evolve(REQUEST, prompt="a fox")
        task = client.submit(fox, "reapi", idempotency_key=KEY)  # nothing was bought under it
        with pytest.raises(OutOfBounds):
            client.submit(REQUEST, "reapi", idempotency_key=KEY)
    assert shop.bought() == [task.id]


def test_what_has_failed_and_may_have_been_billed_has_failed(shop):
    shop.simulators["revidapi"].fault("failed")
    ends = shop.all_of([{"threads": 5, "verbs": ["wait", "generate"], "accounts": ["revidapi"]}] * 2)
    ends += shop.all_of([{"threads": 2, "verbs": ["wait", "generate"], "accounts": ["revidapi"]}])
    assert {end["error"] for end in ends} == {"TaskFailed"}
    assert len(shop.bought()) == shop.submits() == 1


def test_a_key_needs_the_journal(shop):
    shop.place = "off"
    with shop.client() as client, pytest.raises(ConfigError, match="journal"):
        client.submit(REQUEST, idempotency_key=KEY)
    assert shop.submits() == 0
