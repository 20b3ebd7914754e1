"""One row that is damaged is that row's fault: it is told, and everything else is read."""

import sqlite3
from contextlib import closing
from decimal import Decimal

import pytest

from anymedia import JournalError, Money, State
from anymedia.cli.spend import GROUPS, spent
from anymedia.journal import Ledger, Limit, SQLiteJournal
from anymedia.journal.report import Wanted, report
from anymedia.testing.journal_entries import entry

from .test_ledger import accepted, tried

DAMAGES = {
    "a byte that is no UTF-8": {"record": "CAST(replace(record, 'reapi', CAST(x'ff' AS TEXT)) AS TEXT)"},
    "no JSON": {"record": "'{'"},
    "JSON of something else": {"record": "'[1]'"},
    "deep JSON": {"record": "'" + "[" * 100_000 + "'"},
    "a number": {"record": "5"},
    "bytes": {"record": "x'00ff'"},
    "a task of bytes": {"task": "x'ff'"},
    "a body that is no JSON": {"body": "x'ff'"},
    "a body that is a number": {"body": "7"},
    "a time that is a text": {"started": "'yesterday'", "record": "''"},
    "a time past all years": {"started": "9e300", "record": "''"},
    "a time that is none": {"started": "x'ff'", "record": "''"},
    "an owner of bytes": {"owner": "x'ff'"},
    "an owner above": {"owner": "'../../x'"},
    "an account that is a number": {"account": "5"},
    "an amount that is a text": {"reserved": "'much'", "record": "''"},
    "labels that are no JSON": {"labels": "'[1'", "record": "''"},
    "labels of something else": {"labels": "'[1]'", "record": "''"},
    "words that nobody knows": {"counts_as": "'what? x'", "record": "''"},
    "a path that leads elsewhere": {"record": "replace(record, '/api/v1', '@evil.example')"},
    "a task that leads elsewhere": {"task": "replace(task, '/api/v1', '//evil.example')"},
    "the texts of another": {"record": "replace(record, '00000001', '00000007')"},
    "an amount of a megabyte": {"record": "replace(record, '\"0.1\"', '\"1E+999999\"')"},
}


@pytest.fixture
async def path_of_three(path):
    ledger = Ledger(SQLiteJournal(path))
    for number in range(3):
        one = tried(number, key=f"k{number}", money=Money(usd=Decimal("0.1")))
        await ledger.intend(one, b"{}")
        await ledger.end(accepted(one))
    await ledger.close()
    return path


def damage(path, change):
    with closing(sqlite3.connect(path)) as connection:
        for column, value in change.items():
            table = "texts" if column in ("record", "task", "body") else "attempts"
            connection.execute(f"UPDATE {table} SET {column} = {value} WHERE number = 2")
        connection.commit()


@pytest.mark.parametrize("change", DAMAGES.values(), ids=DAMAGES)
async def test_everything_else_is_read(path_of_three, change):
    damage(path_of_three, change)
    ledger = Ledger(SQLiteJournal(path_of_three))
    attempts = await ledger.attempts()
    assert [attempt.task and attempt.task.id for attempt in attempts][::2] == [f"task-{tried(n).id}" for n in (0, 2)]
    odd = attempts[1]
    if "owner" not in change:
        assert "its record cannot be read: " in odd.error
        assert "evil" not in odd.order.path
        assert (odd.task, odd.replay_key) == (None, None)
    for by, (column, _) in GROUPS.items():
        assert sum(group.accepted for group in spent(await ledger.sums(column), by)) >= 2
    whole = await report(ledger.journal, Wanted())
    assert sum(whole.total.ends.values()) + whole.damaged == 3
    assert whole.total.ends.get("succeeded", 0) + whole.total.ends.get("queued", 0) >= 2
    left, _ = await ledger.left()
    assert len(left) == 3
    assert await ledger.claim("another", {}) is not None
    await ledger.intend(tried(9, key=None, money=attempts[0].order.money), None, Decimal(100))
    assert len(await ledger.attempts(open=True)) == 4
    await ledger.close()


async def test_a_key_of_a_damaged_row_is_claimed_anew(path):
    journal = SQLiteJournal(path)
    await journal.claim("k", "a")
    await journal.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE keys SET owner = x'ff', fence = 'many'")
        connection.commit()
    assert (await journal.claim("k", "b")).fence == 1
    await journal.close()


async def test_a_sum_that_is_no_number_passes_no_limit(path):
    journal = SQLiteJournal(path)
    await journal.intend(entry(1))
    await journal.close()
    damage_all = "UPDATE attempts SET reserved = 9e999"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(damage_all)
        connection.commit()
    assert (await journal.intend(entry(2, reserved=1), limit=Limit(day=0, most=10))).spent == float("inf")
    await journal.close()
    with pytest.raises(JournalError):
        await journal.intend(entry(1))
    await journal.close()


@pytest.mark.parametrize("value", ["'x'", "x'ff'", "9e999"])
async def test_moves_and_durations_that_are_no_numbers_are_left_out(path_of_three, value):
    ledger = Ledger(SQLiteJournal(path_of_three))
    for number in (0, 1):
        await ledger.see(accepted(tried(number), State.SUCCEEDED).task, took=(1.0, 2.0))
    await ledger.close()
    damage(path_of_three, {"moved": value, "least": value, "most": value})
    took = await ledger.durations("reapi", "reapi/flux-2", None)
    await ledger.see(accepted(tried(2), State.FAILED).task)
    last, moved = await ledger.moved(0)
    assert (last, [each.attempt.id for each in moved], took) == (2, [tried(0).id, tried(2).id], [(1.0, 2.0)])
    await ledger.close()


@pytest.mark.parametrize("task", ["'{'", "x'ff'", "7", "replace(task, '/api/v1', '//evil.example')", "'{}'"])
async def test_an_unknown_task_that_cannot_be_read_is_told(path, task):
    ledger = Ledger(SQLiteJournal(path))
    await ledger.told_unknown(accepted(tried()).task)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"UPDATE unknown SET task = {task}")
        connection.commit()
    (unknown,) = await ledger.unknown()
    assert (unknown.id, unknown.account, unknown.path) == (accepted(tried()).task.id, "reapi", "")
    assert "its record cannot be read: " in unknown.trouble.error
    await ledger.close()


async def test_an_unknown_task_of_another_name_is_told(path):
    ledger = Ledger(SQLiteJournal(path))
    await ledger.told_unknown(accepted(tried()).task)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE unknown SET account = 'another'")
        connection.commit()
    (unknown,) = await ledger.unknown()
    assert (unknown.account, unknown.trouble.error) == (
        "another",
        "its record cannot be read: its text is of another task",
    )
    await ledger.close()


async def test_an_attempt_whose_texts_are_gone_is_told_and_counts(path_of_three):
    with closing(sqlite3.connect(path_of_three)) as connection:
        connection.execute("DELETE FROM texts WHERE number = 2")
        connection.commit()
    ledger = Ledger(SQLiteJournal(path_of_three))
    assert ["cannot be read" in (attempt.error or "") for attempt in await ledger.attempts()] == [False, True, False]
    assert sum(each.number for each in await ledger.sums("account")) == 3
    await ledger.close()
