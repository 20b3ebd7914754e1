"""A webhook against its submit's answer: whichever is first, in one process or in two, the task is known and stays."""

import asyncio
import json
import logging
import random
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import takewhile
from pathlib import Path

import attrs
import pytest

from anymedia import Asset, Billed, Cause, Failure, JournalError, Outcome, Refund, State
from anymedia.journal import Ledger, MemoryJournal, Query, SQLiteJournal
from anymedia.simulators import in_thread

from .child import child, killed, until
from .killing import LABEL
from .reading import execute, with_ledger
from .test_ledger import accepted, tried
from .test_same_key import KEY, REQUEST, Shop

SUBMITS = 20


def told_of(attempt, task_id, state=State.SUCCEEDED):
    """Return the task of an attempt as a webhook tells of it."""
    picture = Asset(kind="image", url="https://files.example/1.png")
    return attrs.evolve(attempt.draft(task_id), state=state, assets=(picture,) if state is State.SUCCEEDED else ())


# Tokens


async def test_a_token_names_its_attempt_to_whoever_has_the_journal(ledger, other, monkeypatch):
    token = await ledger.token(tried(1).id)
    assert (len(token), token) == (64, await other.token(tried(1).id))

    async def no_row(_):
        raise AssertionError("a row was read")

    monkeypatch.setattr(other.journal, "select", no_row)
    assert await other.named_by(token) == tried(1).id
    elsewhere = Ledger(MemoryJournal())
    assert await elsewhere.named_by(token) is None
    digest = await ledger.digest(tried(1).id)  # made with the same salt, for something else
    forged = ["", token[:-1], token + "0", token.upper(), f"{tried(2).id}{token[32:]}", tried(1).id + digest]
    forged += [token[:place] + ("0" if token[place] != "0" else "1") + token[place + 1 :] for place in range(64)]
    forged += ["0" * 64, "\udcff" * 64, token[:-1] + "\u0660", token[:-1] + "\n", token.replace(token[0], "%", 1)]
    assert [each for each in forged if each != token and await other.named_by(each) is not None] == []


async def test_an_attempt_is_found_by_its_whole_id_or_by_account_and_task(ledger, other):
    await ledger.intend(tried(1), None)
    await ledger.end(accepted(tried(1)))
    task_id = accepted(tried(1)).task.id
    assert (await other.attempt(tried(1).id)).task.id == (await other.with_task("reapi", task_id)).task.id == task_id
    for missing in (other.attempt(tried(1).id[:-1]), other.attempt("\udcff"), other.attempt(task_id)):
        assert await missing is None
    for account, name in (("another", task_id), ("reapi", task_id[:-1]), ("reapi", "\udcff")):
        assert await other.with_task(account, name) is None


# A webhook that names the task


@pytest.mark.parametrize(
    "facts",
    [
        None,
        {"outcome": Outcome.UNCERTAIN, "error": "no answer", "cause": Cause.UNAVAILABLE, "retry_after": 5.0},
        {"outcome": Outcome.ACCEPTED_WITHOUT_ID, "answer": {"ok": True}},
        {"outcome": Outcome.UNCERTAIN, "settled": Billed.NO},
        {"outcome": Outcome.REFUSED},
    ],
)
async def test_an_attempt_without_a_task_gets_it_by_a_webhook(ledger, other, facts):
    await ledger.intend(tried(1), b'{"prompt": "x"}')
    if facts is not None:
        await ledger.end(attrs.evolve(tried(1), **facts))
    found = await other.attempt(await other.named_by(await ledger.token(tried(1).id)))
    assert found.task is None
    named = await other.accepted_by_webhook(found, told_of(found, "t-1"))
    assert (named.outcome, named.task.id, named.settled, named.error) == (Outcome.ACCEPTED, "t-1", None, None)
    assert named == await ledger.attempt(found.id)
    assert (named.cause, named.retry_after, named.answer, named.sends) == (None, None, None, 1)
    again = await other.accepted_by_webhook(found, told_of(found, "t-2"))
    assert again == named  # it has got one meanwhile
    assert [(each.attempt.id, each.by_webhook) for each in (await ledger.moved(0))[1]] == [(found.id, True)]


async def test_the_task_of_another_attempt_is_not_given_to_a_second(ledger, other):
    for number in (1, 2):
        await ledger.intend(tried(number), None)
    await ledger.end(accepted(tried(1)))
    lost = await ledger.end(attrs.evolve(tried(2), outcome=Outcome.UNCERTAIN, error="no answer"))
    stands = await other.accepted_by_webhook(lost, accepted(tried(1)).task)
    assert (stands.outcome, stands.task, stands.error) == (Outcome.UNCERTAIN, None, "no answer")
    stray = tried(9)  # an attempt of a journal that was moved away
    assert await other.accepted_by_webhook(stray, told_of(stray, "t-9")) == stray
    assert await other.with_task("reapi", "t-9") is None


@pytest.mark.parametrize("state", [State.QUEUED, State.SUCCEEDED])
async def test_an_end_that_comes_later_leaves_the_task(ledger, other, state):
    await ledger.intend(tried(1), None)
    await other.accepted_by_webhook(tried(1), told_of(tried(1), "t-1", state))
    ledger.end_later(attrs.evolve(tried(1), outcome=Outcome.UNCERTAIN))
    lost = attrs.evolve(tried(1), outcome=Outcome.UNCERTAIN, error="no answer", sends=3, retry_after=1.0)
    stands = await ledger.end(lost)
    assert (stands.outcome, stands.task, stands.error, stands.sends) == (
        Outcome.ACCEPTED,
        told_of(tried(1), "t-1", state),
        None,
        3,
    )
    answered = attrs.evolve(tried(1), outcome=Outcome.ACCEPTED, task=tried(1).draft("t-1"), sends=1)
    assert (await ledger.end(answered)).task.state is state
    assert (await ledger.attempt(tried(1).id)).sends == 1


async def test_the_answer_s_task_stands_for_another_that_a_webhook_named(ledger, other, caplog):
    await ledger.intend(tried(1), None)
    await other.accepted_by_webhook(tried(1), told_of(tried(1), "t-1"))
    with caplog.at_level(logging.ERROR):
        stands = await ledger.end(accepted(tried(1)))
    assert stands.task == (await ledger.attempt(tried(1).id)).task == accepted(tried(1)).task
    assert f"reapi answered with task {stands.task.id}, and it was named as task t-1 before" in caplog.text
    await ledger.intend(tried(2), None)
    await other.accepted_by_webhook(tried(2), told_of(tried(2), "t-2"))
    end = await ledger.end(attrs.evolve(accepted(tried(2)), task=accepted(tried(1)).task))
    assert end.task == told_of(tried(2), "t-2")  # what the answer named is the first one's


async def test_an_attempt_that_cannot_be_read_ends_as_it_was_to_end(ledger, other):
    await ledger.intend(tried(1), None)
    await other.accepted_by_webhook(tried(1), told_of(tried(1), "t-1"))
    (entry,) = await ledger.journal.select(Query())
    ledger.journal.memory.entries[entry.id] = attrs.evolve(entry, task="{")
    lost = attrs.evolve(tried(1), outcome=Outcome.UNCERTAIN)
    assert await ledger.end(lost) == lost


async def test_a_receiver_that_knows_no_prompts_writes_none():
    journal, held = MemoryJournal(), "a lighthouse at dusk"
    buyer, receiver = Ledger(journal, prompts=False), Ledger(MemoryJournal(journal.memory), prompts=False)
    bought = tried(1, body={"prompt": held}, labels={"job": "7"})
    await buyer.intend(bought, b"?")
    found = await receiver.attempt(bought.id)
    told = attrs.evolve(
        told_of(found, "t-1", State.FAILED), raw={"said": held}, failure=Failure(cause=Cause.FAILED, message=held)
    )
    await receiver.accepted_by_webhook(found, told)
    await receiver.see(attrs.evolve(told, told={"log": held}))
    await receiver.told_unknown(attrs.evolve(told, id="t-2"))
    (entry,) = await journal.select(Query())
    assert held not in str(attrs.asdict(entry)) + str(await journal.unknown())
    assert (await buyer.attempt(bought.id)).order.labels == {"job": "7"}
    (unknown,) = await buyer.unknown()
    assert (unknown.id, unknown.state, unknown.failure.refund) == ("t-2", State.FAILED, Refund.UNKNOWN)


async def test_durations_are_those_of_what_was_over_by_that_word(ledger):
    took = [
        (1.0, 2.0),
        (-1.0, 2.0),
        (3.0, 2.0),
        (1.0, float("inf")),
        (2.0, 2.0),
        (0.0, 5e-324),
        (0.0, 2e9),
        None,
        (0.0, 1e-6),
    ]
    for number, seconds in enumerate(took):
        await ledger.intend(tried(number, offer=None, variant="text"), None)
        await ledger.end(accepted(tried(number, offer=None, variant="text")))
        await ledger.see(accepted(tried(number), State.RUNNING).task, took=(5.0, 6.0))
        await ledger.see(accepted(tried(number), State.SUCCEEDED).task, took=seconds)
    assert await ledger.durations("reapi", None, "text") == [(0.0, 1e-6), (1.0, 2.0)]
    assert await ledger.durations("reapi", None, None) == await ledger.durations("reapi", "", "images") == []


@pytest.mark.parametrize("lock", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
async def test_what_moved_and_what_tasks_took_is_read_while_another_process_writes(path, lock):
    ledger = Ledger(SQLiteJournal(path))
    for number in range(2):
        await ledger.intend(tried(number), None)
        await ledger.end(accepted(tried(number)))
        await ledger.see(accepted(tried(number), State.SUCCEEDED).task, took=(1.0, 2.0))
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute(lock)
            last, moved = await ledger.moved(number)
            assert (last, [each.attempt.id for each in moved]) == (number + 1, [tried(number).id])
            assert await ledger.durations("reapi", "reapi/flux-2", None) == [(1.0, 2.0)] * (number + 1)
    execute(ledger.journal, "ALTER TABLE attempts RENAME TO away")
    with pytest.raises(JournalError, match="no such table"):
        await ledger.moved()
    await ledger.close()
    assert [file.name for file in path.parent.glob("journal.db-*") if file.is_file()] == []  # put away


async def test_a_file_that_was_put_in_another_place_is_not_read(path):
    ledger = Ledger(SQLiteJournal(path))
    await ledger.intend(tried(), None)
    path.rename(path.with_name("away"))
    with pytest.raises(JournalError, match="renamed or deleted while it was open"):
        await ledger.moved()
    path.with_name("away").rename(path)
    assert await ledger.moved() == (0, [])
    await ledger.close()


# Tasks that were not bought here


async def test_a_task_that_no_attempt_has_is_kept_in_sight(client, request_, path):
    assert await client.unknown() == []
    receiver = Ledger(SQLiteJournal(path))
    strange = [told_of(tried(1), f"t-{number}", State.RUNNING) for number in range(2)]
    for task in (*strange, attrs.evolve(strange[0], state=State.SUCCEEDED), strange[0]):
        await receiver.told_unknown(task)
    assert await client.unknown() == [strange[1], attrs.evolve(strange[0], state=State.SUCCEEDED)]
    task = await client.submit(request_, "reapi")
    await receiver.told_unknown(task)  # the webhook came before the answer was written down
    assert [each.id for each in await client.unknown()] == ["t-1", "t-0"]
    await receiver.close()


# A client that submits while a webhook comes


RACES = {
    "answered": (None, State.SUCCEEDED),
    "answered, and the webhook says running": (None, State.RUNNING),
    "no answer": ({"kind": "reset_after"}, State.SUCCEEDED),
    "no answer, and the webhook says running": ({"kind": "reset_after"}, State.RUNNING),
    "a gateway's page": ({"kind": "status", "status": 502, "body": "html", "created": True}, State.SUCCEEDED),
    "no id": ({"kind": "without_id"}, State.RUNNING),
}


@pytest.mark.parametrize("how", RACES)
async def test_a_webhook_before_its_submit_s_end_settles_it(client, sims, request_, path, read, events, how):
    fault, state = RACES[how]
    if fault is not None:
        sims["reapi"].fault(**fault)
    receiver, end = Ledger(SQLiteJournal(path)), client._ledger.end

    async def ended(attempt):
        """The answer is in, and is not written down yet."""
        found = await receiver.attempt(attempt.id)
        (entry,) = sims["reapi"].bills()["entries"]
        await receiver.accepted_by_webhook(found, told_of(found, entry["task_id"], state))
        return await end(attempt)

    client._ledger.end = ended
    task = await client.submit(request_, "reapi")
    del client._ledger.end
    (attempt,) = read()
    assert (attempt.outcome, attempt.error, attempt.task.id) == (Outcome.ACCEPTED, None, task.id)
    assert task.state is state
    assert (task.raw_state is not None) == (fault is None and state is State.RUNNING)  # what the answer said has links
    assert [each.status for each in events if each.id == attempt.id] == ["sending", str(task.state)]
    active = client._session.permits.of(client.config.account("reapi")).active
    assert len(active) == (not task.state.final)
    assert client.health("reapi")[0].cause is None  # nothing is wrong with the account
    done = await client.wait(task)
    assert done.assets
    assert (await client.wait(await client.submit(request_, "reapi"))).state is State.SUCCEEDED
    await receiver.close()


# Two processes


@pytest.fixture
def shop(tmp_path):
    with in_thread(speed=100) as simulators:
        yield Shop(simulators, str(tmp_path / "state" / "journal.db"))


def hears(shop):
    """Write down, as another process, that a webhook named the one task that was bought, and that it is running."""

    async def work(ledger):
        (attempt,) = await ledger.attempts(idempotency_key=KEY)
        (task_id,) = shop.bought()
        return await ledger.accepted_by_webhook(attempt, told_of(attempt, task_id, State.RUNNING))

    return asyncio.run(with_ledger(shop.place, work))


def test_a_submit_that_is_never_answered_goes_on_as_its_webhook_tells(shop):
    with shop.unanswered("reapi", created=True, verbs=["wait"], seconds=2.0) as process:
        assert hears(shop).task.state is State.RUNNING
        (end,) = json.loads(until(process, "came"))
    assert (end["error"], end["ids"]) == (None, shop.bought())
    (attempt,) = shop.attempts()
    assert (attempt.status, attempt.outcome, shop.submits()) == ("succeeded", Outcome.ACCEPTED, 1)


@pytest.mark.parametrize("first", ["the webhook", "the kill"])
def test_a_buyer_that_is_killed_before_the_answer_leaves_a_task_that_a_webhook_names(shop, first):
    with shop.unanswered("reapi", created=True) as process:
        steps = [lambda: hears(shop), lambda: killed(process)]
        for step in steps if first == "the webhook" else reversed(steps):
            step()
    with shop.client() as client:
        (task,) = client.recover(Path(shop.place).parent / "out").tasks
        assert client.submit(REQUEST, "reapi", idempotency_key=KEY).id == task.id
    assert (shop.bought(), shop.submits()) == ([task.id], 1)


def test_webhooks_and_answers_of_two_processes_in_any_order(shop):
    """The tasks of a process that submits and waits are over by webhooks that another one receives meanwhile."""
    shop.simulators["reapi"].fault("latency", on="submit", seconds=5, times=None)
    service, done, heard = shop.simulators["reapi"].service, threading.Event(), {}

    async def receive(ledger):
        dice, new = random.Random(7), True
        while new or not done.is_set():
            new = [task for task in list(service.tasks.values()) if task.id not in heard]
            for task in new:
                label = heard[task.id] = LABEL.search(task.order.prompt)[1]
                (attempt,) = [each for each in await ledger.attempts() if each.order.labels["submit"] == label]
                await asyncio.sleep(dice.choice((0.0, 0.02, 0.08)))
                word = told_of(attempt, task.id)
                stands = await ledger.accepted_by_webhook(attempt, word)
                if stands.task.state is not State.SUCCEEDED:
                    await ledger.see(word, by_webhook=True)
            await asyncio.sleep(0.005)

    job = {"config": shop.simulators.config, "providers": ["reapi"], "round": 0, "keyed": False, "dies": None}
    job |= {"verbs": ["wait"] * SUBMITS, "directory": str(Path(shop.place).parent), "replay": False}
    with ThreadPoolExecutor(1) as pool, child("kill", job, shop.environ) as process:
        receiver = pool.submit(asyncio.run, with_ledger(shop.place, receive))
        try:
            lines = [line.split() for line in takewhile(lambda line: line != "all over\n", process.stdout)]
        finally:
            done.set()
        receiver.result()
    assert sorted(words[1] for words in lines if words[0] == "done") == sorted(heard.values())
    attempts = asyncio.run(with_ledger(shop.place, lambda ledger: ledger.attempts()))
    assert {each.task.id: each.order.labels["submit"] for each in attempts} == heard
    assert ({each.status for each in attempts}, len(attempts)) == ({"succeeded"}, SUBMITS)
