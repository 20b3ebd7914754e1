"""Shared limits in a file beside the journal: nothing hangs on it, so whatever becomes of it, they go on."""

import asyncio
import json
import os
import sqlite3
import stat
import threading
from contextlib import closing

import pytest

from anymedia import JournalError
from anymedia.journal import MemoryJournal, SQLiteJournal
from anymedia.journal.sqlite_limits import LimitsFile
from anymedia.shared_limits import HOLD, POLLS, SUBMITS, Question, Slot, Trouble, Want

from .child import STUCK
from .reading import run

NOW = 1_000.0


@pytest.fixture
def opens(tmp_path):
    """Open the limits of one file, and close all of them at the end."""
    opened = []

    def opens():
        opened.append(LimitsFile(tmp_path / "state" / "journal.db-limits"))
        return opened[-1]

    yield opens
    for each in opened:
        each.close()


def asked(name="1", most=1, **what):
    wants = [Want(kind=SUBMITS, name=name, most=most, after=10.0)]
    return Question(**{"account": "acme", "wants": wants, "place": name, **what})


def wait(limits, question, now=NOW):
    return limits.ask_at_once(question, now).wait


def test_it_is_made_beside_the_journal_for_its_user_alone_when_it_is_first_needed(tmp_path):
    journal = SQLiteJournal(tmp_path / "state" / "journal.db")
    path = journal.limits.path
    assert (path, path.parent.exists()) == (tmp_path / "state" / "journal.db-limits", False)
    assert wait(journal.limits, asked()) == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    run(journal.close())
    assert [file.name for file in path.parent.iterdir()] == ["journal.db-limits"]
    assert wait(journal.limits, asked("2")) > 0  # opened again
    run(journal.close())


@pytest.mark.parametrize(
    "garbage", [b"no database, but a text that is long enough to be one " * 99, b"SQLite format 3\0" * 400]
)
def test_one_that_is_damaged_is_made_anew(garbage, opens):
    limits = opens()
    limits.path.parent.mkdir()
    limits.path.write_bytes(garbage)
    assert wait(limits, asked()) == 0
    assert wait(opens(), asked("2")) > 0


def test_one_that_is_damaged_while_it_is_open_is_made_anew_once(opens):
    one, two = opens(), opens()
    assert wait(one, asked("1", 9)) == wait(two, asked("2", 9)) == 0
    for file in one.path.parent.iterdir():
        file.write_bytes(b"?" * file.stat().st_size)
    assert wait(one, asked("3", 1)) == 0
    assert wait(two, asked("4", 1)) > 0  # the new one


@pytest.mark.parametrize("which", ["*", "*-limits", "*-wal"])
def test_one_that_is_deleted_while_it_is_open_is_made_anew(which, opens):
    """Also where what SQLite has beside it stays, which fits no other."""
    one, two = opens(), opens()
    assert wait(one, asked()) == 0
    assert wait(two, asked("2")) > 0
    for file in [*one.path.parent.glob(which)]:
        file.unlink()
    third = opens()
    assert wait(third, asked("3")) == 0
    assert wait(one, asked("4")) > 0
    assert wait(two, asked("5")) > 0


def test_one_of_another_version_is_left_alone(opens):
    assert wait(opens(), asked()) == 0
    with closing(sqlite3.connect(opens().path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(JournalError, match="limits: it is of another version of anymedia"):
        wait(opens(), asked())


def test_where_it_cannot_be_made_that_is_said(opens):
    limits = opens()
    limits.path.parent.parent.joinpath("state").write_text("a file")
    for ask in (lambda: limits.ask_at_once(asked(), NOW), lambda: run(limits.ask(asked(), NOW))):
        with pytest.raises(JournalError, match="is no folder"):
            ask()


def test_while_another_process_writes_nobody_is_held_up_who_did_not_ask(opens, monkeypatch):
    """What cannot be answered at once waits in a thread, and no longer than it has patience."""
    limits, waits = opens(), threading.Event()
    assert wait(limits, asked("1", 5)) == 0
    monkeypatch.setattr("anymedia.journal.sqlite_limits.time.sleep", lambda _: waits.set())

    async def main():
        with closing(sqlite3.connect(limits.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert limits.ask_at_once(asked("2", 5), NOW) is None
            asking = asyncio.create_task(limits.ask(asked("2", 5), NOW))
            assert await asyncio.to_thread(waits.wait, STUCK)
            assert limits.ask_at_once(asked("3", 5), NOW) is None  # behind the other
            other.execute("COMMIT")
            assert (await asking).wait == 0
            other.execute("BEGIN IMMEDIATE")
            monkeypatch.setattr("anymedia.journal.sqlite_limits.PATIENCE", -1.0)
            with pytest.raises(JournalError, match="another process has held it"):
                await limits.ask(asked("4", 5), NOW)

    run(main())


def test_a_clock_that_begins_anew_with_the_machine_holds_up_nobody_for_longer_than_before(opens):
    slot = Slot(kind=POLLS, name="0", seconds=10.0)
    trouble = Trouble(cause="x", since=0.0, left=60.0, failures=1, needs_trial=False)
    limits = opens()
    assert wait(limits, asked(slots=[slot], trouble=trouble)) == 0
    assert wait(limits, asked("2")) > 0
    limits.close()
    now, limits = 5.0, opens()
    answer = limits.ask_at_once(asked("3", minds=True), now)
    assert answer.trouble.left == 60.0
    assert wait(limits, asked("3"), now + 10.0) > 0  # as long as what is held does
    assert wait(limits, asked("4"), now + 10.0 + HOLD) == 0  # the place of 2 is no more


TOLD = {"cause": "x", "since": 1.0, "failures": 1, "needs_trial": False}


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (json.dumps(TOLD | {"left": 9.0, "newer": 1}), "x"),
        (json.dumps({"cause": "x"}), None),
        (json.dumps(TOLD | {"failures": "many"}), None),
        (json.dumps(TOLD | {"since": 1e300}), None),
        (json.dumps(TOLD | {"since": -1}), None),
        ("[]", None),
        ("nothing", None),
    ],
)
def test_a_trouble_that_another_version_has_told_is_known_as_far_as_it_can_be_read(opens, tmp_path, said, cause):
    limits = opens()
    assert wait(limits, asked()) == 0
    file = tmp_path / "state" / "journal.db-limits"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("INSERT INTO limit_troubles VALUES (?, 60, ?, ?)", (asked().account, NOW + 60, said))
    trouble = limits.ask_at_once(asked("2", minds=True), NOW).trouble
    assert (None if trouble is None else (trouble.cause, trouble.left > 0)) == (
        None if cause is None else (cause, True)
    )


def test_a_process_that_was_forked_without_a_word_opens_it_anew(opens, monkeypatch):
    limits = opens()
    assert wait(limits, asked()) == 0
    inherited = limits._connection
    another = os.getpid() + 1
    monkeypatch.setattr("os.getpid", lambda: another)
    assert wait(limits, asked("2")) > 0
    assert limits._connection is not inherited
    inherited.close()  # which its own process would have


def test_those_in_memory_are_one_for_all_journals_over_it():
    journal = MemoryJournal()
    beside, another = MemoryJournal(journal.memory), MemoryJournal()
    assert wait(journal.limits, asked()) == 0
    assert wait(beside.limits, asked("2")) > 0
    assert wait(another.limits, asked("2")) == 0
    beside.limits._connection.execute("DROP TABLE limit_slots")
    with pytest.raises(JournalError, match=r"memory: .*no such table"):
        wait(beside.limits, asked())
