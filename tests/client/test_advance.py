"""One step of a task, taken at least once: one look, one file, and when to come again, whoever else takes it."""

import asyncio
import json

import attrs
import pytest

from anymedia import (
    Asset,
    BadApiKey,
    ConfigError,
    DownloadError,
    ImageRequest,
    JournalError,
    MalformedAnswer,
    NotFound,
    Outcome,
    OutOfBounds,
    RateLimited,
    State,
    SubmitUncertain,
    Unavailable,
)
from anymedia.declare import Endpoint, Err, Fault, Pace, Reply
from anymedia.journal import Fetching, Ledger, MemoryJournal
from anymedia.model.vocabulary import Cause, Refund
from tests.core.acme import acme
from tests.odd.files import PNG

from .left import REFUSED, assets, cdn, client_at, left, written
from .raw import answer

REQUEST = ImageRequest(model="flux-2-pro", prompt="a lighthouse at dusk", resolution="1K")
ACME = acme(
    submit=Endpoint(method="POST", path="/v1", reply=Reply(id="id")),
    poll=Endpoint(
        method="GET", path="/v1/{id}", reply=Reply(state="state", assets="urls[]", failure=Fault(message="why"))
    ),
    states={
        "done": State.SUCCEEDED,
        "bad": Err(Cause.FAILED, refund=Refund.YES),
        "gone": Err(Cause.BLOCKED, refund=Refund.NO),
    },
    fault=Fault(code="code", message="error", retry_after="wait"),
    expires=600,
    pace=Pace(first=5, then=3, slower={60: 20}),
)


@pytest.fixture
async def server():
    async with cdn() as server:
        yield server


@pytest.fixture
async def opens(server, clock, journal):
    """Open clients of processes of their own: each is another owner of the journal that they share."""
    clients = []

    def opens(**facts):
        own = journal if not clients else MemoryJournal(journal.memory)
        clients.append(client_at(server, clock, own, **{"adapter": ACME, **facts}))
        return clients[-1]

    yield opens
    for client in clients:
        await client.close()


@pytest.fixture
def one(opens):
    return opens()


@pytest.fixture
def other(one, opens):
    return opens()


def says(server, name="t", *, status="200 OK", **body):
    server.answers.setdefault(f"/v1/{name}", []).append(answer(json.dumps(body).encode(), status=status))


async def task_at(clock, journal, name="t", *, age=10.0, **facts):
    """Write down a task that another process has bought, and that is so old by now; and return it."""
    task = await left(journal, name, clock=clock, state=State.QUEUED, **facts)
    clock.seconds += age
    return task


def files(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


# The life of a task


async def test_a_task_is_advanced_until_its_file_is_there(client, sims, clock, tmp_path):
    task = await client.submit(REQUEST, "reapi", idempotency_key="order-1")
    step, steps = await client.advance(task, tmp_path), 1
    assert step.task == task  # nobody is asked so early
    assert sims["reapi"].bills()["polls"] == 0
    while step.after is not None:
        clock.seconds += step.after
        step, steps = await client.advance(step.attempt_id, tmp_path), steps + 1
    (asset,) = step.task.assets
    assert (step.task.state, asset.path.parent, step.error) == (State.SUCCEEDED, tmp_path, None)
    assert step.attempt_id == (await client.find(task.id)).id
    assert (steps, sims["reapi"].bills()["polls"]) == (steps, steps - 1)
    for given in (task, await client.find(task.id), step.attempt_id, task.id):  # long over, whatever a job says
        again = await client.advance(given, tmp_path)
        assert ([each.path for each in again.task.assets], again.after) == ([asset.path], None)
    assert (sims["reapi"].bills()["polls"], len(files(tmp_path))) == (steps - 1, 1)


@pytest.mark.parametrize("where", [None, False])
async def test_without_a_place_the_result_is_left(one, server, clock, journal, where):
    task = await task_at(clock, journal)
    says(server, state="done", urls=[f"{server.origin}/1"])
    step = await one.advance(task, where)
    assert (step.task.state, step.after, step.error) == (State.SUCCEEDED, None, None)
    assert server.asked == {"/v1/t": 1}
    assert [asset.kept for asset in step.task.assets] == [False]
    assert [attempt.id async for attempt in Ledger(journal).uncollected(clock.now())] == [step.attempt_id]


@pytest.mark.parametrize(
    ("word", "cause", "refund"), [("bad", Cause.FAILED, Refund.YES), ("gone", Cause.BLOCKED, Refund.NO)]
)
async def test_a_task_that_failed_is_returned_with_what_is_known_of_its_price(
    one, server, clock, journal, tmp_path, word, cause, refund
):
    task = await task_at(clock, journal)
    says(server, state=word, why="no")
    for _ in range(2):
        step = await one.advance(task, tmp_path)
        assert (step.after, step.task.state, step.task.failure.cause) == (None, State.FAILED, cause)
        assert step.task.failure.refund is refund
    assert server.asked == {"/v1/t": 1}


# When to come again


async def test_it_comes_again_at_the_providers_pace(one, server, clock, journal):
    task = await task_at(clock, journal, age=0)
    says(server, state="going")
    assert (await one.advance(task)).after == 5
    clock.seconds += 2
    assert (await one.advance(task)).after == 3
    assert server.asked == {}
    clock.seconds += 2.6  # a little too early, as an engine's clock is
    assert 3 <= (await one.advance(task)).after <= 3.3
    clock.seconds += 60
    assert 20 <= (await one.advance(task)).after <= 22
    assert server.asked == {"/v1/t": 2}


async def test_it_looks_where_a_clock_is_behind(one, server, clock, journal):
    task = await task_at(clock, journal, age=-100)
    says(server, state="going")
    assert (await one.advance(task)).after >= 3
    assert server.asked == {"/v1/t": 1}


async def test_it_goes_by_what_was_learned(one, server, clock, journal):
    facts = {"offer": "still", "variant": "text"}
    for number in range(4):
        task = await task_at(clock, journal, f"t{number}", age=0, **facts)
        await Ledger(journal).see(attrs.evolve(task, state=State.SUCCEEDED), took=(19.0, 20.0))
    task = await task_at(clock, journal, age=0, **facts)
    says(server, state="going")
    assert (await one.advance(task)).after == 15  # five pauses: it may be quicker than any before it
    clock.seconds += 15
    assert 4 < (await one.advance(task)).after < 5
    clock.seconds += 4.5
    assert 0 < (await one.advance(task)).after < 1


async def test_what_the_provider_asks_for_is_waited_for(one, server, clock, journal):
    task = await task_at(clock, journal)
    says(server, status="429 Too Many", error="slow", wait=40)
    says(server, state="going")
    step = await one.advance(task)
    assert (step.after, type(step.error)) == (40, RateLimited)
    clock.seconds += 10
    step = await one.advance(task)
    assert (step.after, step.error) == (30, None)  # it is not asked meanwhile
    assert server.asked == {"/v1/t": 1}
    clock.seconds += 30
    assert (await one.advance(task)).error is None


async def test_while_webhooks_arrive_it_only_sweeps(one, server, clock, journal):
    task = await task_at(clock, journal, age=1, webhook=True)
    one._watch.arrived("acme")
    assert (await one.advance(task)).after == 59
    clock.seconds += 59
    says(server, state="done", urls=[f"{server.origin}/1"])
    assert (await one.advance(task)).task.state is State.SUCCEEDED
    late = await task_at(clock, journal, "late", age=1, webhook=True)
    assert (await one.advance(late)).after == 4  # that one did not come


async def test_another_process_tells_that_webhooks_arrive(one, server, clock, journal):
    told = await task_at(clock, journal, age=10, webhook=True)
    await Ledger(journal).see(attrs.evolve(told, state=State.SUCCEEDED, ended_at=clock.now()), by_webhook=True)
    clock.seconds += 1000
    waits = await task_at(clock, journal, "waits", age=1, webhook=True)
    assert (await one.advance(told)).after is None
    assert (await one.advance(waits)).after == 4  # that was long ago
    now = await task_at(clock, journal, "now", age=10, webhook=True)
    await Ledger(journal).see(attrs.evolve(now, state=State.SUCCEEDED, ended_at=clock.now()), by_webhook=True)
    assert (await one.advance(now)).after is None
    assert (await one.advance(waits)).after == 59 - 10
    assert server.asked == {}


# What a look meets


async def test_a_fault_that_passes_is_told_and_waited_for_longer_each_time(one, server, clock, journal):
    task = await task_at(clock, journal)
    for _ in range(3):
        says(server, status="503 Down", error="down")
    pauses = []
    for _ in range(3):
        step = await one.advance(task)
        assert (type(step.error), step.task.state) == (Unavailable, State.QUEUED)
        pauses.append(step.after)
    assert pauses[1] > 1.8 * pauses[0]
    assert pauses[2] > 1.8 * pauses[1]
    says(server, state="going")
    assert (await one.advance(task)).after < 3.4


async def test_of_very_many_tasks_it_is_forgotten_how_they_were_looked_at(one, server, clock, journal, monkeypatch):
    monkeypatch.setattr("anymedia.engine.schedule.REMEMBERED", 1)
    for name in ("a", "b", "a"):
        says(server, name, status="503 Down", error="down")
    tasks = [await task_at(clock, journal, name) for name in ("a", "b")]
    pauses = [(await one.advance(task)).after for task in (*tasks, tasks[0])]
    assert pauses[0] == pauses[2]


async def test_a_look_that_does_not_come_in_time_is_a_fault_that_passes(one, server, clock, journal, monkeypatch):
    monkeypatch.setattr("anymedia.engine.advance.LONGEST", 0.0)
    task = await task_at(clock, journal)
    step = await one.advance(task)
    assert (type(step.error), step.task, step.after > 2) == (Unavailable, task, True)
    assert server.asked == {}


@pytest.mark.parametrize(("status", "error"), [("401 No", BadApiKey), ("404 None", NotFound)], ids=["key", "unknown"])
async def test_a_fault_that_does_not_pass_is_raised_with_the_task(one, server, clock, journal, status, error):
    task = await task_at(clock, journal, age=100)
    says(server, status=status, error="no")
    with pytest.raises(error) as caught:
        await one.advance(task)
    assert (caught.value.task.id, caught.value.billed) == ("t", "yes")
    assert not (await one.find("t")).task.state.final


async def test_a_task_may_come_in_sight_a_little_later(one, server, clock, journal):
    task = await task_at(clock, journal, age=10)
    says(server, status="404 None", error="no")
    step = await one.advance(task)
    assert (type(step.error), step.after > 2) == (NotFound, True)


async def test_a_result_that_is_not_in_the_answer_is_looked_for_once_more(one, other, server, clock, journal):
    task = await task_at(clock, journal)
    says(server, state="done")
    step = await one.advance(task)
    assert (type(step.error), step.task.state, step.after > 2) == (MalformedAnswer, State.QUEUED, True)
    with pytest.raises(MalformedAnswer):
        await other.advance(task)


# Its files


async def test_a_link_that_does_not_answer_is_tried_again_while_it_lives(one, server, clock, journal, tmp_path):
    task = await task_at(clock, journal)
    says(server, state="done", urls=[f"{server.origin}/1"])
    server.answers["/1"] = [answer(status="503 Down")] * 2 + [answer(PNG)]
    for _ in range(2):
        step = await one.advance(task, tmp_path)
        assert (step.task.state, type(step.error)) == (State.SUCCEEDED, DownloadError)
        assert 0 < step.after <= 60
        clock.seconds += step.after
    step = await one.advance(task, tmp_path)
    assert (step.after, step.error, files(tmp_path)) == (None, None, ["t-1.png"])
    assert server.asked == {"/v1/t": 1, "/1": 3}


async def test_newer_links_are_asked_for_where_the_old_are_refused(one, server, clock, journal, tmp_path):
    await left(journal, "t", *assets(server, "/old", clock=clock), clock=clock)
    server.answers["/old"] = [REFUSED]
    server.links("t", "/new")
    step = await one.advance("t", tmp_path)
    assert (step.after, step.error, files(tmp_path)) == (None, None, ["t-1.png"])


async def test_a_link_that_is_dead_is_told_of(one, server, clock, journal, tmp_path):
    await left(journal, "t", *assets(server, "/old", clock=clock), clock=clock)
    server.answers["/old"] = [REFUSED]
    server.links("t", "/old")
    clock.seconds += 601
    with pytest.raises(DownloadError, match="its link should be dead by now") as caught:
        await one.advance("t", tmp_path)
    assert (caught.value.task.id, caught.value.billed) == ("t", "yes")


async def test_a_full_disk_is_waited_for(one, server, clock, journal, tmp_path, full):
    await left(journal, "t", *assets(server, "/1", clock=clock), clock=clock)
    full(True)
    step = await one.advance("t", tmp_path)
    assert (step.error.place_is_full, step.after > 0) == (True, True)
    full(False)
    assert (await one.advance("t", tmp_path)).after is None


@pytest.fixture
def full(monkeypatch):
    from anymedia.transport.part import Part

    def is_full(so):
        def write(part, chunk):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Part, "write", write) if so else monkeypatch.undo()

    return is_full


# At least once


async def test_two_processes_at_the_same_time_save_one_file(one, other, server, clock, journal, tmp_path):
    task = await task_at(clock, journal)
    says(server, state="done", urls=[f"{server.origin}/1"])
    first = asyncio.create_task(one.advance(task, tmp_path))
    await server.come.wait()
    server.held.clear()
    async with asyncio.timeout(10):
        while not server.asked["/1"]:
            await asyncio.sleep(0)
    second, third = await other.advance(task, tmp_path), await one.advance(task, tmp_path)
    assert [(step.task.state, step.after, step.error) for step in (second, third)] == [(State.SUCCEEDED, 1, None)] * 2
    server.held.set()
    assert (await first).after is None
    steps = await asyncio.gather(*(each.advance(task, tmp_path) for each in (one, other)))
    assert [step.after for step in steps] == [None, None]
    assert (server.asked["/1"], files(tmp_path)) == (1, ["t-1.png"])


async def test_a_process_that_slept_asks_again_whose_turn_it_is(
    one, other, server, clock, journal, tmp_path, monkeypatch
):
    task = await left(journal, "t", *assets(server, "/1", clock=clock), clock=clock)
    assert await other._ledger.begin_fetch(task)
    write, lapses = journal.write, [JournalError("its lease ran out", lapsed=True)]

    async def slept(change):
        if lapses and isinstance(change, Fetching):
            raise lapses.pop()
        return await write(change)

    monkeypatch.setattr(journal, "write", slept)
    assert (await one.advance(task, tmp_path)).after == 1
    await other._ledger.end_fetch(task)
    assert (await one.advance(task, tmp_path)).after is None
    assert (server.asked["/1"], lapses) == (1, [])


async def test_the_steps_of_one_process_at_the_same_time_share_a_look(one, server, clock, journal):
    task = await task_at(clock, journal)
    says(server, state="going")
    steps = await asyncio.gather(*(one.advance(task) for _ in range(5)))
    assert len({step.after for step in steps}) == 1
    assert server.asked == {"/v1/t": 1}


async def test_who_waits_and_who_takes_steps_hear_of_the_same_look(one, server, clock, journal):
    task = await task_at(clock, journal)
    server.held.clear()
    says(server, state="done", urls=[f"{server.origin}/1"])
    step = asyncio.create_task(one.advance(task))
    await server.come.wait()
    waits = asyncio.create_task(one.wait(task))
    await asyncio.sleep(0)
    server.held.set()
    assert (await step).task.assets == (await waits).assets
    assert server.asked == {"/v1/t": 1}


class Dies:
    """A process that is killed at one of its writes to the journal, before it or behind it."""

    def __init__(self, journal, number, *, behind):
        self.writes, self.number, self.behind, self.over = 0, number, behind, asyncio.Event()
        self.write = journal.write
        journal.write, journal.put = self.written, self.put

    def put(self, change):
        """What nobody waits for is lost with the process."""

    async def written(self, change):
        self.writes += 1
        if self.over.is_set() or (self.writes == self.number and not self.behind):
            return await self.dies()
        done = await self.write(change)
        return await self.dies() if self.writes == self.number else done

    async def dies(self):
        if self.over.is_set():
            raise JournalError("it is dead")
        self.over.set()
        await asyncio.Event().wait()


@pytest.mark.parametrize("behind", [False, True])
async def test_a_crash_at_any_write_leaves_one_file(server, clock, tmp_path, behind):
    for number in range(1, 10):
        journal, folder, name = MemoryJournal(), tmp_path / f"{number}", f"t{number}"
        task = await task_at(clock, journal, name)
        says(server, name, state="done", urls=[f"{server.origin}/{name}"])
        mine = MemoryJournal(journal.memory)
        async with client_at(server, clock, mine, adapter=ACME) as client:
            dies = Dies(mine, number, behind=behind)
            step, killed = asyncio.create_task(client.advance(task, folder)), asyncio.create_task(dies.over.wait())
            await asyncio.wait({step, killed}, return_when=asyncio.FIRST_COMPLETED)
            was_killed = dies.over.is_set()
            for each in (step, killed):
                each.cancel()
            await asyncio.gather(step, killed, return_exceptions=True)
            mine.crash()
        async with client_at(server, clock, journal, adapter=ACME) as other:
            assert (await other.advance(task, folder)).after is None
        assert files(folder) == [f"{name}-1.png"]
        assert (await written(journal, name))[0].path == folder / f"{name}-1.png"
        if not was_killed:
            break
    assert number == 5  # seen as over, whose turn it is, where the file is, and that others may have their turn


# What is not written down, and what cannot be read


async def test_what_nobody_could_write_down_is_written_now(one, server, clock, journal, tmp_path):
    task = await task_at(clock, journal)
    done = attrs.evolve(task, state=State.SUCCEEDED, assets=assets(server, "/1", clock=clock))
    assert (await one.advance(done, tmp_path)).after is None
    assert (await one.find("t")).task.state is State.SUCCEEDED
    assert server.asked == {"/1": 1}


async def test_a_task_of_another_journal_is_advanced_too(server, clock, journal, tmp_path):
    task = await task_at(clock, MemoryJournal())
    says(server, state="done", urls=[f"{server.origin}/1"])
    for kept_in, folder in ((journal, "a"), (None, "b")):
        async with client_at(server, clock, kept_in, adapter=ACME) as client:
            step = await client.advance(task, tmp_path / folder)
            assert (step.after, step.attempt_id, files(tmp_path / folder)) == (None, None, ["t-1.png"])


async def test_a_journal_that_is_away_ends_no_step_of_a_task(one, server, clock, journal, monkeypatch, caplog):
    task = await task_at(clock, journal)
    says(server, state="going")

    async def away(*_):
        raise JournalError("it is away")

    monkeypatch.setattr(journal, "select", away)
    assert (await one.advance(task)).after > 0
    assert "what is written down of t is not known: it is away" in caplog.text
    with pytest.raises(JournalError):
        await one.advance("t")


async def test_what_has_no_task_is_no_task(one, server, clock, journal):
    task = await task_at(clock, journal)
    attempt = await one.find("t")
    ledger = Ledger(journal)
    for name, outcome in (("a" * 32, "uncertain"), ("b" * 32, "refused")):
        bare = attrs.evolve(attempt, id=name, outcome=None, task=None)
        await ledger.intend(bare, None)
        await ledger.end(attrs.evolve(bare, outcome=Outcome(outcome)))
    with pytest.raises(SubmitUncertain, match="is uncertain"):
        await one.advance("a" * 32)
    with pytest.raises(SubmitUncertain, match="is uncertain"):
        await one.advance(await one.find("a" * 32))
    with pytest.raises(OutOfBounds, match="bbbbbbbb is refused: it has no task"):
        await one.advance("b" * 32)
    with pytest.raises(OutOfBounds, match="no attempt and no task has the id"):
        await one.advance("c" * 32)
    with pytest.raises(OutOfBounds, match="a Task, an Attempt or the id of one is advanced"):
        await one.advance(7)
    async with client_at(server, clock, None, adapter=ACME) as without:
        with pytest.raises(ConfigError, match="nothing tells what an id names"):
            await without.advance("t")
        with pytest.raises(SubmitUncertain):
            await without.advance(attrs.evolve(attempt, outcome=Outcome.UNCERTAIN, task=None))
    with pytest.raises(ConfigError, match="no account is named 'acne'"):
        await one.advance(attrs.evolve(task, account="acne"))
    assert server.asked == {}


async def test_what_was_dismissed_is_left_alone(one, server, clock, journal, tmp_path):
    task = await task_at(clock, journal)
    await one.dismiss("t")
    assert (await one.advance(task, tmp_path)).after is None
    assert server.asked == {}


# Results that came as bytes


@pytest.fixture
def came(journal, clock):
    """A task whose result came as bytes and lies beside the journal."""

    async def came(path):
        return await left(journal, "t", Asset(kind="image", path=path), clock=clock)

    return came


async def test_what_lies_beside_the_journal_is_put_where_it_is_to_be(one, journal, came, tmp_path, server, full):
    path = journal.results / "t-1.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(PNG)
    task = await came(path)
    full(True)
    step = await one.advance(task, tmp_path)
    assert (step.after, step.error.place_is_full) == (60, True)
    full(False)
    for _ in range(2):
        step = await one.advance(task, tmp_path)
        assert (step.after, files(tmp_path)) == (None, ["t-1.png"])
    assert (await written(journal, "t"))[0].path == tmp_path / "t-1.png"
    path.unlink()
    assert (await one.advance(task, tmp_path)).after is None


async def test_what_is_spoilt_beside_the_journal_is_told_of(one, journal, clock, tmp_path):
    path = journal.results / "t-1.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(PNG)
    task = await left(journal, "t", Asset(kind="image", path=path, sha256="0" * 64), clock=clock)
    with pytest.raises(DownloadError, match="its sha256 is another"):
        await one.advance(task, tmp_path)


async def test_what_lies_on_another_machine_is_left_there(one, journal, came, tmp_path):
    task = await came(journal.results / "t-1.png")
    assert (await one.advance(task, tmp_path)).after is None
    assert files(tmp_path) == []
