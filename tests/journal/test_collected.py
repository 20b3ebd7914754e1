"""What is paid for and not saved: found soonest to die first, and fetched by one process at a time."""

import asyncio
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from anymedia import Asset, JournalError, State
from anymedia.journal import Ledger, MemoryJournal, PostgresJournal, SQLiteJournal

from .leases import die_of_lease
from .reading import execute
from .test_ledger import accepted, tried
from .test_left import die

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
LINK = Asset(kind="image", url="https://a.example/1.png")


@pytest.fixture
async def ledger(opens):
    ledger = opens()
    yield ledger
    await ledger.close()


@pytest.fixture
async def other(opens):
    other = opens()
    yield other
    await other.close()


def crash(ledger):
    dies = {SQLiteJournal: die, PostgresJournal: die_of_lease, MemoryJournal: MemoryJournal.crash}
    dies[type(ledger.journal)](ledger.journal)


def in_hours(*hours, **facts):
    """Return results whose links die in so many hours; None: nobody knows when."""
    times = (None if each is None else NOW + timedelta(hours=each) for each in hours)
    return tuple(attrs.evolve(LINK, expires_at=time, **facts) for time in times)


async def done(ledger, number, assets, **changes):
    """Write down a task that has succeeded, and return its attempt."""
    one = tried(number, **{"key": None, **changes})
    await ledger.intend(one, b"{}")
    return await ledger.end(accepted(one, State.SUCCEEDED, assets=assets))


RESULTS = {
    1: in_hours(30),
    2: in_hours(None),
    3: in_hours(2, 5),
    4: in_hours(-1),
    5: in_hours(3, None),
    6: (*in_hours(1, path="/1.png"), *in_hours(4)),
    7: in_hours(1, path="/1.png"),
    8: in_hours(1, stored="s3://b/1.png"),
    9: in_hours(-2),
    10: (),
    11: in_hours(2),
}


async def found(attempts):
    return [int(attempt.id, 16) async for attempt in attempts]


async def test_what_dies_first_is_found_first(ledger, monkeypatch):
    monkeypatch.setattr("anymedia.journal.ledger.PAGE", 2)
    for number, assets in RESULTS.items():
        account = "mine" if number % 2 else "reapi"
        batch, labels = ("spring", {"team": "blue"}) if number in (1, 2, 4, 7) else (None, {})
        await done(ledger, number, assets, account=account, batch=batch, labels=labels)
    await ledger.dismiss(tried(11).id)
    everything = [2, 5, 3, 6, 1, 9, 4]
    assert await found(ledger.uncollected(NOW)) == everything
    assert await found(ledger.uncollected(NOW, NOW + timedelta(hours=4))) == [2, 5, 3, 9, 4]
    assert await found(ledger.uncollected(NOW, NOW - timedelta(hours=1))) == [2, 5, 9]
    assert await found(ledger.uncollected(NOW, accounts=["mine", "nobody"])) == [5, 3, 1, 9]
    assert await found(ledger.uncollected(NOW, batch="spring")) == [2, 1, 4]
    assert await found(ledger.uncollected(NOW, labels={"team": "blue"}, limit=2)) == [2, 1]
    assert await found(ledger.uncollected(NOW, limit=0)) == []
    assert await found(ledger.uncollected(NOW, status="running")) == []
    assert await found(ledger.uncollected(NOW, expiring=NOW)) == [2, 5, 9, 4]
    for filters, numbers in (
        ({"expiring": NOW + timedelta(hours=4)}, [2, 3, 4, 5, 9]),
        ({"expiring": NOW, "limit": 3}, [4, 5, 9]),
        ({"batch": "spring"}, [1, 2, 4, 7]),
        ({"labels": {"team": "blue"}, "batch": "spring", "account": "mine"}, [1, 7]),
        ({"labels": {}, "limit": 1}, [11]),
    ):
        assert [int(each.id, 16) for each in await ledger.attempts(**filters)] == numbers
        assert await found(ledger.each(**filters)) == numbers


async def test_what_is_saved_or_told_anew_meanwhile_comes_once(ledger, monkeypatch):
    monkeypatch.setattr("anymedia.journal.ledger.PAGE", 1)
    for number in (1, 2, 3):
        await done(ledger, number, in_hours(number))
    numbers = []
    async for attempt in ledger.uncollected(NOW):
        numbers.append(int(attempt.id, 16))
        if numbers == [1]:  # its link lives longer by a later look, and the next one is saved
            later, saved = in_hours(9, path=None), in_hours(2, path="/2.png")
            assert await ledger.see(attrs.evolve(attempt.task, assets=(*later, *in_hours(1, path="/1.png"))))
            second = await ledger.attempt(tried(2).id)
            assert await ledger.see(attrs.evolve(second.task, assets=saved))
    assert numbers == [1, 3]


@pytest.mark.parametrize("value", ["'soon'", "x'ff'", "9e999", "-9e999", "'12'"])
async def test_an_expiry_that_is_no_time_is_not_waited_for(path, value, monkeypatch):
    monkeypatch.setattr("anymedia.journal.ledger.PAGE", 1)
    ledger = Ledger(SQLiteJournal(path))
    for number in (1, 2, 3, 4):
        await done(ledger, number, in_hours(number))
    execute(
        ledger.journal, f"UPDATE attempts SET expires = {value}, fetcher = x'ff', bare = 'x' WHERE number IN (2, 3)"
    )
    numbers = await asyncio.wait_for(found(ledger.uncollected(NOW)), 10)
    assert (sorted(numbers), [each for each in numbers if each in (1, 4)]) == ([1, 2, 3, 4], [1, 4])
    assert len(await ledger.attempts(expiring=NOW + timedelta(days=1))) >= 2
    assert await ledger.begin_fetch((await ledger.attempt(tried(2).id)).task)
    await ledger.close()


@pytest.mark.parametrize("value", ["x'ff'", "7", "'[1'", "'[1]'", f"'{'[' * 100_000}'", "CAST(x'ff' AS TEXT)"])
async def test_labels_and_a_batch_that_are_damaged_match_nothing(path, value):
    ledger = Ledger(SQLiteJournal(path))
    for number in (1, 2):
        await done(ledger, number, (), batch="b", labels={"team": "blue"})
    execute(ledger.journal, f"UPDATE attempts SET labels = {value}, batch = {value} WHERE number = 1")
    for filters in ({"labels": {"team": "blue"}}, {"batch": "b"}):
        assert [each.id for each in await ledger.attempts(**filters)] == [tried(2).id]
    assert sum(each.number for each in await ledger.sums("batch")) == 2
    await ledger.close()


# Who fetches, and who is alone


async def test_files_are_fetched_by_one_process_at_a_time(ledger, other):
    task = (await done(ledger, 1, in_hours(1))).task
    assert [await each.begin_fetch(task) for each in (ledger, ledger, other)] == [True, True, False]
    await other.end_fetch(task)
    assert not await other.begin_fetch(task)
    await ledger.end_fetch(task)
    assert await other.begin_fetch(task)
    crash(other)
    assert await ledger.begin_fetch(task)


async def holding(ledger, name, fails=False):
    async with ledger.alone(name):
        await asyncio.sleep(0)
        if fails:
            raise ZeroDivisionError


async def test_a_name_is_held_by_one_caller_until_it_ends_or_is_killed(ledger, other):
    beside, name = Ledger(ledger.journal), "spring \ud800"
    async with ledger.alone(name):
        await holding(ledger, "autumn")
        for each in (ledger, beside, other):
            with pytest.raises(JournalError, match=r"'spring .*' is under way already; wait until that has ended"):
                await holding(each, name)
    ends = await asyncio.gather(*(holding(ledger, name) for _ in range(2)), return_exceptions=True)
    assert [type(end) for end in ends] == [type(None), JournalError]  # not even in the time that the claim takes
    with pytest.raises(ZeroDivisionError):
        await holding(beside, name, fails=True)
    await holding(other, name)
    held = other.alone(name)
    await held.__aenter__()
    with pytest.raises(JournalError):
        await holding(ledger, name)
    crash(other)
    claiming = asyncio.create_task(holding(ledger, name))
    await asyncio.sleep(0)
    claiming.cancel()
    await asyncio.wait([claiming])
    await holding(beside, name)
    await holding(ledger, name)


async def test_a_name_that_cannot_be_let_go_is_held_anew_by_the_same_caller(ledger, monkeypatch, caplog):
    async def full(change):
        raise JournalError("the disk is full")

    with monkeypatch.context() as disk:
        disk.setattr(type(ledger.journal), "write", lambda _, change: full(change))
        await holding(ledger, "spring")
    assert "'spring' is not released: the disk is full" in caplog.text
    await holding(ledger, "spring")


async def test_a_name_that_is_held_is_no_idempotency_key(ledger):
    async with ledger.alone("spring"):
        claimed = await ledger.claim("spring", {})
        assert claimed.bought == ()
        keys = [key for key in ledger._held if key != "spring"]
    assert [key.isprintable() for key in keys] == [False]


async def test_two_requests_are_told_apart_by_what_nobody_can_read(ledger, other):
    first, same, another = [await each.digest(words) for each, words in ((ledger, "a"), (other, "a"), (ledger, "b"))]
    assert (first, len(first)) == (same, 32)
    assert another != first
