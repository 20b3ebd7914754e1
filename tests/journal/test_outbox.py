"""What becomes of outcomes while the journal is away: they wait on this machine's disk, and nothing else is bought."""

import asyncio
import errno
import json
import logging
import os
from datetime import timedelta

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import anymedia.engine.catch_up
import anymedia.journal.outbox
from anymedia import Asset, Billed, Client, JournalError, Money, Outcome, State, SubmitUncertain
from anymedia.engine.catch_up import CatchUp
from anymedia.journal import Ledger, MemoryJournal, Released
from anymedia.journal.ledger import ALONE
from anymedia.journal.records import Records
from anymedia.journal.spool import LARGEST, Spool
from anymedia.model.codec import to_json
from anymedia.model.process import Process
from anymedia.observe.events import Sent

from .remote import Remote
from .test_ledger import accepted, tried


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "state" / "spool"


@pytest.fixture
def journal(folder):
    return Remote(folder)


@pytest.fixture
def ledger(journal):
    return Ledger(journal)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(anymedia.engine.catch_up, "FIRST_PAUSE", 0.001)


def away_once_sent(client, journal):
    """Let the journal be away from the moment at which something is about to be sent."""
    tell = client._session.tell

    def hear(event):
        tell(event)
        journal.is_away = journal.is_away or isinstance(event, Sent)

    client._session.tell = hear


def waiting(folder):
    return sorted(file.name.partition("-")[0] for file in folder.glob("*.json"))


async def until(done):
    async with asyncio.timeout(30):
        while not done():
            await asyncio.sleep(0.001)


def statuses(journal):
    return [entry.status for entry in journal.memory.entries.values()]


# A client whose journal is away


async def test_what_was_sent_goes_on_and_nothing_more_is_bought_until_the_journal_is_back(
    client, journal, folder, sims, request_, tmp_path, caplog
):
    away_once_sent(client, journal)
    with caplog.at_level(logging.WARNING, "anymedia"):
        task = await client.submit(request_, "reapi")
        for _ in range(3):
            with pytest.raises(JournalError, match="nothing is bought until it does") as caught:
                await client.submit(request_, "reapi")
        assert (caught.value.away, caught.value.billed, caught.value.outcome) == (True, Billed.NO, Outcome.NOT_SENT)
        done = await client.wait(task)
        (asset,) = await client.download(done, tmp_path / "out")
    assert asset.path.is_file()
    assert caplog.messages == []  # the journal says it itself, once
    assert (statuses(journal), waiting(folder)) == (["sending"], ["ended", "seen", "seen"])
    assert sims["reapi"].bills()["submits"] == 1
    journal.is_away, client._session.tell = False, client._session.readers.tell
    again = await client.submit(request_, "reapi")
    first, second = await client.attempts()
    assert (first.task.id, first.status, first.task.assets[0].path) == (task.id, "succeeded", asset.path)
    assert (second.task.id, waiting(folder)) == (again.id, [])


async def test_what_waits_is_written_in_the_background_once_the_journal_is_back(client, journal, folder, request_):
    away_once_sent(client, journal)
    await client.submit(request_, "reapi")
    asked = journal.asked
    await until(lambda: journal.asked > asked + 1)
    assert (statuses(journal), waiting(folder)) == (["sending"], ["ended"])
    journal.is_away = False
    await until(lambda: not waiting(folder))
    assert statuses(journal) in (["queued"], ["running"])


async def test_who_closes_waits_for_no_try_that_is_not_answered(config, clock, journal, folder, request_, monkeypatch):
    async with Client(config, clock=clock, journal=journal) as client:
        away_once_sent(client, journal)
        await client.submit(request_, "reapi")
        select, asked = journal.select, []

        async def never(query):
            asked.append(query)
            await asyncio.get_running_loop().create_future()

        monkeypatch.setattr(journal, "select", never)
        await until(lambda: asked)
        monkeypatch.setattr(journal, "select", select)
        journal.is_away = False
    assert waiting(folder) == []


@pytest.mark.parametrize("how", ["submit", "recover", "begin"])
async def test_what_a_process_left_another_one_of_the_machine_writes(
    how, config, clock, journal, folder, sims, request_, caplog
):
    async with Client(config, clock=clock, journal=journal) as client:
        away_once_sent(client, journal)
        task = await client.submit(request_, "reapi")
    assert "outcomes wait in" in caplog.text
    journal.crash()
    later = Remote(folder, journal.memory)
    async with Client(config, clock=clock, journal=later) as client:
        if how == "begin":
            await until(lambda: not waiting(folder))
        elif how == "recover":
            recovery = await client.recover()
            assert [each.id for each in recovery.tasks] == [task.id], recovery
        else:
            await client.submit(request_, "reapi")
        assert (await client.attempts())[0].task.id == task.id
    assert waiting(folder) == []


async def test_a_folder_that_cannot_be_read_stops_buying_and_is_told(
    client, journal, folder, sims, request_, monkeypatch
):
    def refused(_):
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr("os.scandir", refused)
        with pytest.raises(JournalError, match=f"^{folder}: Permission denied$"):
            await client.submit(request_, "reapi")
    assert sims["reapi"].bills()["submits"] == 0


async def test_a_disk_that_is_full_too_gives_the_task_and_is_caught_up(
    client, journal, folder, sims, request_, monkeypatch, caplog
):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    away_once_sent(client, journal)
    with monkeypatch.context() as patch:
        patch.setattr("anymedia.journal.spool.new_file", full)
        with pytest.raises(
            JournalError, match=f"accepted by reapi, .* written down: .*{folder}: No space left"
        ) as lost:
            await client.submit(request_, "reapi")
        assert (lost.value.task.id, lost.value.billed) == (sims["reapi"].bills()["entries"][0]["task_id"], Billed.YES)
        done = await client.wait(lost.value.task)
    assert done.state is State.SUCCEEDED
    journal.is_away = False
    await client._session.catch_up()
    assert (await client.attempts())[0].task.id == done.id


async def test_a_failed_submit_is_told_as_it_is(client, journal, folder, sims, request_, caplog):
    away_once_sent(client, journal)
    sims["reapi"].fault("reset_after", on="submit")
    with pytest.raises(SubmitUncertain) as lost:
        await client.submit(request_, "reapi")
    assert waiting(folder) == ["ended"]
    journal.is_away = False
    await client._session.catch_up()
    (attempt,) = await client.attempts()
    assert (attempt.id, attempt.outcome, attempt.error) == (
        lost.value.attempt.id,
        Outcome.UNCERTAIN,
        lost.value.message,
    )


async def test_what_is_broken_off_waits_on_the_disk_at_once(client, journal, folder, request_, cancelled):
    await cancelled(client.submit(request_, "reapi"), client._session.transport, "send")
    await until(lambda: "not sent" in statuses(journal))
    await until(lambda: not waiting(folder))


# A ledger


async def test_the_rules_are_those_of_any_end(ledger, journal, folder, caplog):
    """Two were answered with one task, a webhook named that of another one; one was seen to be over meanwhile."""
    ends = [accepted(tried(number, None)) for number in range(4)]
    for end in ends:
        await ledger.intend(attrs.evolve(end, outcome=None, task=None), None)
    ends[1] = attrs.evolve(ends[1], task=ends[0].task)
    other = attrs.evolve(ends[2].task, id="told")
    await ledger.accepted_by_webhook(tried(2, None), other)
    await ledger.accepted_by_webhook(tried(3, None), done := attrs.evolve(ends[3].task, state=State.SUCCEEDED))
    journal.is_away = True
    assert [await ledger.end(end) for end in ends] == ends
    saved = attrs.evolve(ends[0].task, state=State.SUCCEEDED, assets=(Asset(kind="image", path=folder / "1.png"),))
    assert await ledger.see(saved, took=(1.0, 2.0))
    journal.is_away = False
    await ledger.catch_up()
    first, second, third, fourth = await ledger.attempts()
    assert (first.task, second.task, second.outcome) == (saved, None, Outcome.ACCEPTED_WITHOUT_ID)
    assert f"already the task of attempt {first.id[:8]}" in second.error
    assert (third.task.id, fourth.task) == (ends[2].task.id, done)
    assert "it was named as task told before" in caplog.text
    assert waiting(folder) == []


@pytest.mark.parametrize("outcome", [Outcome.UNCERTAIN, Outcome.ACCEPTED])
async def test_what_somebody_found_out_meanwhile_stays_unless_the_task_is_known(outcome, ledger, journal, folder):
    end = accepted(tried(1)) if outcome is Outcome.ACCEPTED else attrs.evolve(tried(1), outcome=outcome)
    await ledger.intend(tried(1), None)
    journal.is_away = True
    await ledger.end(end)
    journal.is_away = False
    journal.crash()  # so that it counts as uncertain
    await Ledger(MemoryJournal(journal.memory)).settle(end.id, billed=False)
    await ledger.catch_up()
    (attempt,) = await ledger.attempts()
    assert (attempt.settled, attempt.task) == ((None, end.task) if end.task else (Billed.NO, None))


async def test_what_a_journal_does_not_answer_soon_is_on_the_disk_meanwhile(ledger, journal, folder, monkeypatch):
    monkeypatch.setattr(anymedia.journal.outbox, "SOON", 0.01)
    await ledger.intend(tried(1), None)
    write, asked = journal.write, []

    async def slow(change):
        asked.append(await write(change))  # it is written, and nobody hears of it
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(journal, "write", slow)
    assert await ledger.end(accepted(tried(1))) == accepted(tried(1))
    assert (asked, waiting(folder), statuses(journal)) == ([True], ["ended"], ["queued"])
    ending = asyncio.create_task(ledger.end(accepted(tried(1))))
    await until(lambda: len(asked) == 2)
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    assert waiting(folder) == ["ended", "ended"]
    monkeypatch.setattr(journal, "write", write)
    await ledger.catch_up()
    assert (waiting(folder), statuses(journal)) == ([], ["queued"])


async def test_what_is_wrong_with_more_than_the_way_there_is_told(ledger, journal, folder, monkeypatch):
    async def refused(_):
        raise JournalError("the disk of the database is full")

    await ledger.intend(tried(1), None)
    with monkeypatch.context() as patch:
        patch.setattr(journal, "write", refused)
        for work in (ledger.end(accepted(tried(1))), ledger.see(accepted(tried(1), State.FAILED).task)):
            with pytest.raises(JournalError, match="of the database is full"):
                await work
        with pytest.raises(JournalError, match="of the database is full"):
            await ledger.catch_up()
    assert (waiting(folder), ledger.outbox.in_memory) == ([], 1)
    await ledger.catch_up()
    assert (ledger.outbox.in_memory, statuses(journal)) == (0, ["queued"])


async def test_what_cannot_be_let_go_of_or_is_not_written_waits_on(ledger, journal, folder, monkeypatch):
    await ledger.intend(tried(1), None)
    journal.is_away = True
    await ledger.end(accepted(tried(1)))
    with pytest.raises(JournalError) as lost:
        await ledger.catch_up()
    journal.is_away = False

    def refused(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.unlink", refused)
        with pytest.raises(JournalError, match=f"^{folder}: Read-only file system$"):
            await ledger.catch_up()
    assert (lost.value.away, waiting(folder), ledger.outbox.on_disk()) == (True, ["ended"], 1)
    await ledger.catch_up()
    assert ledger.outbox.on_disk() == 0


async def test_what_the_journal_cannot_take_is_kept_apart(ledger, journal, folder, monkeypatch, caplog):
    async def broken(_):
        raise KeyError("a fault of ours")

    Spool(folder, Records(prompts=True)).put(Records(prompts=True).seen(accepted(tried(1), State.FAILED).task))
    monkeypatch.setattr(journal, "write", broken)
    await ledger.catch_up()
    assert (waiting(folder), waiting(folder / "aside")) == ([], ["seen"])
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "a fault of ours" in caplog.messages[0]


@pytest.mark.parametrize("late", [False, True], ids=["at once", "from the disk"])
async def test_what_the_journal_has_lost_is_written_down_anew(late, ledger, journal, folder, caplog):
    """As where a standby took over that had not got it yet, nor this owner: the key buys nothing a second time."""
    end = accepted(tried(1))
    end = attrs.evolve(end, order=attrs.evolve(end.order, idempotency_key="order-17"))
    await ledger.intend(attrs.evolve(end, outcome=None, task=None), None)
    journal.is_away = late
    del journal.memory.entries[end.id]
    journal.tells = True
    journal.lapse(renewed=False)
    assert await ledger.end(end) == end
    journal.is_away = False
    await ledger.catch_up()
    (written,) = await ledger.bought("order-17", None)
    assert (written.task, waiting(folder)) == (end.task, [])
    assert caplog.messages == [f"memory has lost attempt {end.id}, which is written down anew"]


async def test_of_two_who_write_down_anew_what_was_lost_the_second_finds_it_there(ledger, journal, monkeypatch):
    async def refused(entry, **_):
        if by_another:
            await intend(entry)
        raise JournalError("it is there already")

    intend, end, by_another = journal.intend, accepted(tried(1)), False
    monkeypatch.setattr(journal, "intend", refused)
    with pytest.raises(JournalError, match="there already"):
        await ledger.end(end)
    by_another = True
    await ledger.catch_up()
    assert (await ledger.attempt(end.id)).task == end.task


async def test_a_key_that_could_not_be_let_go_is_free_once_the_journal_is_back(client, journal, folder, request_):
    """Unless it is held anew by then; and so is one of which nobody knows whether it was claimed."""
    ledger, other = client._session.ledger, Ledger(Remote(folder, journal.memory))
    held = {key: await ledger.claim(key, {}) for key in "abc"}
    claim, put = journal.claim, journal.put
    journal.put = lambda change: None

    async def unknown(*asked):
        await claim(*asked)
        raise JournalError("it does not answer", away=True)

    journal.claim = unknown
    with pytest.raises(JournalError, match="it does not answer"):
        await ledger.claim("d", {})
    journal.claim, journal.put, journal.is_away = claim, put, True
    for key in "ab":
        with pytest.raises(JournalError, match="does not answer"):
            await ledger.release(held[key])
    journal.is_away = False
    assert await ledger.claim("b", {}) is not None
    await client.submit(request_, "reapi")
    taken = [key for key in "abcd" if await other.claim(key, {}) is not None]
    assert taken == ["a", "d"]


def test_what_is_broken_off_when_no_event_loop_runs_any_more_is_on_the_disk(ledger, folder):
    CatchUp(ledger)
    ledger.end_later(attrs.evolve(tried(1), outcome=Outcome.UNCERTAIN))
    assert waiting(folder) == ["ended"]


async def test_what_was_not_sent_need_not_be_known_and_is_nobody_else_s(ledger, journal, folder, caplog, monkeypatch):
    """Its intent may never have been written; or another process sends it, under the same id."""
    caplog.set_level(logging.WARNING, "anymedia")
    ours = attrs.evolve(tried(1), outcome=Outcome.NOT_SENT, bought_by=Process(host="a", pid=1))
    ledger.end_later(ours)
    await ledger.catch_up()
    assert waiting(folder) == ["ended"]  # its intent may just be written, by its own process
    monkeypatch.setattr("anymedia.journal.spool.NEW", 0.0)
    await ledger.catch_up()
    assert await ledger.end(ours) == ours
    assert (statuses(journal), waiting(folder)) == ([], [])
    theirs = attrs.evolve(ours, outcome=None, bought_by=Process(host="b", pid=1))
    await ledger.intend(theirs, None)
    await ledger.end(attrs.evolve(theirs, outcome=Outcome.UNCERTAIN))
    ledger.end_later(ours)
    await ledger.catch_up()
    assert (statuses(journal), waiting(folder), caplog.messages) == (["uncertain"], [], [])
    ledger.end_later(attrs.evolve(ours, outcome=Outcome.UNCERTAIN))  # what was sent as well is for a person to see
    await ledger.catch_up()
    (said,) = caplog.messages
    assert "another process has begun this attempt" in said
    assert (str(theirs.bought_by), waiting(folder / "aside")) == ("process 1 of b", ["ended"])


async def test_what_was_written_all_the_same_and_pruned_since_is_counted_once(ledger, journal, folder, caplog):
    """The answer to a write was lost, and this machine was away for longer than the journal keeps attempts."""
    ours = accepted(tried(1, None), State.FAILED)
    day = ours.started_at + timedelta(days=1)
    for attempt in (ours, accepted(tried(2, None, started_at=day), State.FAILED)):
        await ledger.intend(attrs.evolve(attempt, outcome=None, task=None), None)
        await ledger.end(attempt)
    assert (await ledger.prune(day, now=day + timedelta(days=9))).attempts == 1
    before = await journal.sums("account")
    ledger.end_later(ours)
    await ledger.catch_up()
    assert (await journal.sums("account"), statuses(journal)) == (before, ["failed"])
    assert "attempts of its day were pruned" in caplog.text
    assert waiting(folder / "aside") == ["ended"]


async def test_no_disk_at_all_is_no_reason_to_lose_a_word_of_what_is_broken_off(ledger, journal, monkeypatch, caplog):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    await ledger.intend(tried(1), None)
    monkeypatch.setattr("anymedia.journal.spool.new_file", full)
    ledger.end_later(attrs.evolve(tried(1), outcome=Outcome.NOT_SENT))
    assert (statuses(journal), "No space left" in caplog.text) == (["not sent"], True)


async def test_keys_that_could_not_be_let_go_are_let_go_once_the_journal_is_back(client, journal, request_):
    """Whoever held them lives on, and others would wait for as long."""
    ledger, others = client._ledger, MemoryJournal(journal.memory)
    release = ledger.release

    async def away(claimed):
        journal.is_away = True
        await release(claimed)

    ledger.release = away
    async with ledger.alone("a batch"):
        await client.submit(request_, "reapi", idempotency_key="order-17")
    with pytest.raises(JournalError):
        await ledger.catch_up()
    keys = ["order-17", f"{ALONE}a batch"]
    assert [await others.claim(key, "another") for key in keys] == [None, None]
    journal.is_away = False
    await until(lambda: not ledger._unreleased)
    assert None not in [await others.claim(key, "another") for key in keys]


@pytest.mark.parametrize("what", ["key", "fetch", "claim"])
async def test_what_is_let_go_is_let_go_though_nobody_waits_for_it(ledger, journal, monkeypatch, what):
    """A cancel ends the wait, and not the write; and that may fail all the same, unheard."""
    others, waits = Ledger(MemoryJournal(journal.memory)), asyncio.Event()
    task = accepted(tried(1)).task
    await ledger.intend(tried(1, None), None)
    await ledger.end(accepted(tried(1, None)))
    if what == "fetch":
        assert await ledger.begin_fetch(task)
    claimed = None if what == "fetch" else await ledger.claim("order-17", {})

    async def fails(*_):
        waits.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as away:
        away.setattr(journal, "write", fails)
        away.setattr(journal, "put", lambda _: None)
        if what == "claim":
            await MemoryJournal.write(journal, Released(key="order-17", holder=ledger._holder))
            ledger._held.clear()
            away.setattr(journal, "select", fails)
            letting_go = asyncio.create_task(ledger.claim("order-17", {}))
        else:
            letting_go = asyncio.create_task(ledger.end_fetch(task) if what == "fetch" else ledger.release(claimed))
        await waits.wait()
        letting_go.cancel()
        await asyncio.wait({letting_go})

    async def is_free():
        return await others.begin_fetch(task) if what == "fetch" else await others.claim("order-17", {}) is not None

    assert not await is_free()
    await ledger.catch_up()
    assert await is_free()


async def test_a_key_that_is_claimed_anew_is_not_let_go_as_that_of_before(ledger, journal):
    claimed = await ledger.claim("order-17", {})
    journal.is_away = True
    with pytest.raises(JournalError):
        await ledger.release(claimed)
    journal.is_away = False
    again = await ledger.claim("order-17", {})
    await ledger.catch_up()
    assert await MemoryJournal(journal.memory).claim("order-17", "another") is None
    await ledger.release(again)
    assert await MemoryJournal(journal.memory).claim("order-17", "another") is not None


async def test_a_turn_to_fetch_that_could_not_be_given_back_is_given_back_later(ledger, journal):
    """Not while this process has it anew."""
    task, other = accepted(tried(1)).task, Ledger(MemoryJournal(journal.memory))
    await ledger.intend(tried(1), None)
    await ledger.end(accepted(tried(1)))
    assert await ledger.begin_fetch(task)
    assert not await other.begin_fetch(task)
    journal.is_away = True
    with pytest.raises(JournalError):
        await ledger.end_fetch(task)
    with pytest.raises(JournalError):
        await ledger.catch_up()
    journal.is_away = False
    assert await ledger.begin_fetch(task)
    await ledger.catch_up()
    assert not await other.begin_fetch(task)
    journal.is_away = True
    with pytest.raises(JournalError):
        await ledger.end_fetch(task)
    journal.is_away = False
    await ledger.catch_up()
    assert await other.begin_fetch(task)


async def test_what_is_not_to_be_known_is_in_no_file(folder, journal):
    journal.is_away = True
    ledger, secret = Ledger(journal, prompts=False), "a lighthouse that nobody may know of"
    begun = tried(1, None, body={"prompt": secret})
    await ledger.end(attrs.evolve(begun, outcome=Outcome.REFUSED, error=f"no {secret}", answer={"said": [secret]}))
    (file,) = folder.glob("*.json")
    assert secret not in file.read_text()
    assert (file.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)


# The folder


def spooled(folder):
    """Return a spool, and the names of an end and a look that wait in it."""
    spool, records = Spool(folder, Records(prompts=True)), Records(prompts=True)
    spool.put(records.seen(accepted(tried(1), State.FAILED).task, took=(1.0, 2.0)))
    spool.put(records.ended(accepted(tried(1)), keeps_task=True))
    return spool, spool.names()


def test_ends_come_first_and_each_in_the_order_in_which_it_was_put(folder, monkeypatch):
    spool, names = spooled(folder)
    monkeypatch.setattr("time.time_ns", lambda: 7)  # the clock is set back
    for number in (2, 3):
        spool.put(Records(prompts=True).ended(accepted(tried(number)), keeps_task=True))
    found = spool.read(spool.names())
    assert [getattr(each, "id", "seen")[-1:] for each in found.values()] == ["1", "2", "3", "n"]
    assert found[names[1]].took == (1.0, 2.0)
    assert spool.read(["ended-gone"]) == {}


def spoil(file, **changes):
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def dig(file, text, **changes):
    """Change something in the text of a change that stands for its record or its task."""
    spoil(file, **{text: json.dumps(json.loads(json.loads(file.read_text())[text]) | changes)})


WRONG = {
    "no JSON": lambda file: file.write_bytes(b"\xff{"),
    "empty": lambda file: file.write_bytes(b""),
    "another field": lambda file: spoil(file, more=1),
    "no record": lambda file: spoil(file, record="{}"),
    "half a letter": lambda file: spoil(file, record="\ud800"),
    "another account": lambda file: dig(file, "task", account="other"),
    "another path": lambda file: dig(file, "task", path="//else.example/"),
    "no name": lambda file: dig(file, "record", id="a\0"),
    "half a name": lambda file: dig(file, "task", id="\ud800"),
    "no body": lambda file: spoil(file, body="eA=="),
    "no sum": lambda file: dig(file, "task", money=to_json(Money(usd=None)) | {"usd": "1e900"}),
    "large": lambda file: os.truncate(file, LARGEST + 1),
    "a folder": lambda file: (file.unlink(), file.mkdir()),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_cannot_be_read_is_put_aside_and_told_once(wrong, folder, caplog):
    spool, (end, look) = spooled(folder)
    WRONG[wrong](folder / end)
    for _ in range(2):
        assert list(spool.read(spool.names())) == [look]
    (told,) = caplog.messages
    assert str(folder / "aside" / end) in told
    assert waiting(folder / "aside") == ["ended"]


def test_no_task_takes_less_than_nothing(folder, caplog):
    spool, (end, look) = spooled(folder)
    spoil(folder / look, took=[2.0, 1.0])
    assert list(spool.read(spool.names())) == [end]
    assert "no task takes (2.0, 1.0) seconds" in caplog.text


def test_what_cannot_be_put_aside_is_told_once_and_stays(folder, caplog):
    spool, (end, look) = spooled(folder)
    (folder / end).write_text("?")
    (folder / "aside").write_text("in the way")
    for _ in range(2):
        assert list(spool.read(spool.names())) == [look]
    (told,) = caplog.messages
    assert "it stays where it is" in told
    assert waiting(folder) == ["ended", "seen"]


def test_unfinished_files_of_killed_processes_go_in_time_and_nothing_else_does(folder):
    spool, names = spooled(folder)
    old, new, other = (folder / name for name in (".a.part", ".b.part", "notes"))
    for file in (old, new, other):
        file.write_text("half")
    os.utime(old, (0, 0))
    (folder / ".c.part").mkdir()
    os.utime(folder / ".c.part", (0, 0))
    assert spool.names() == names
    assert [file.exists() for file in (old, new, other)] == [False, True, True]


NAMES = st.sampled_from(
    ["record", "task", "body", "status", "open", "reserved", "counts_as", "expires", "took", "id", "task_id", "account"]
)
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers(), max_size=2)


@given(st.binary() | st.text() | st.tuples(NAMES, VALUES), st.sampled_from([0, 1]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
def test_whatever_stands_in_a_file_the_others_are_written(tmp_path_factory, junk, which):
    folder = tmp_path_factory.mktemp("fuzz") / "spool"
    journal = Remote(folder)
    ledger = Ledger(journal)

    async def play():
        for number in (1, 2):
            await ledger.intend(tried(number), None)
        _, names = spooled(folder)
        file = folder / names[which]
        if isinstance(junk, tuple):
            spoil(file, **dict([junk]))
        else:
            file.write_bytes(junk if isinstance(junk, bytes) else junk.encode(errors="surrogatepass"))
        journal.is_away = True
        await ledger.end(accepted(tried(2)))
        journal.is_away = False
        await ledger.catch_up()
        found = {attempt.id: attempt for attempt in await ledger.attempts()}
        assert found[tried(2).id].task == accepted(tried(2)).task
        first = found[tried(1).id]
        assert first.task is None or first.task.state in (State.QUEUED, State.FAILED)
        assert (first.error or "").startswith("its record") is False
        assert waiting(folder) == []

    asyncio.run(play())
