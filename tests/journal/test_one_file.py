"""The journal is one file, whatever happens to its names: nothing is bought twice, and nothing is written beside it."""

import asyncio
import os
import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import attrs
import pytest

from anymedia import Asset, Client, JournalError, Outcome, State, SyncClient, read_config
from anymedia.journal import Ledger, MemoryJournal, Query, SQLiteJournal
from anymedia.journal.process_lock import is_alive
from anymedia.testing.journal_entries import ended, entry

from .conftest import REQUEST

KEY = "order-123"


def swept(path):
    shutil.rmtree(path.with_name(f"{path.name}-owners"))


def renamed(path):
    path.rename(path.with_suffix(".old"))


def replaced(path):
    renamed(path)
    path.write_bytes(path.with_suffix(".old").read_bytes())


def files(folder):
    return list(folder.iterdir())


def cut(size):
    return lambda path: os.truncate(path, size)


LOST = {
    "renamed": (renamed, "renamed or deleted while it was open"),
    "deleted": (Path.unlink, "renamed or deleted while it was open"),
    "replaced": (replaced, "another file was put in its place"),
    "cut to 0 bytes": (cut(0), r"cut from [0-9,]+ to 0 bytes"),
    "cut to 1 byte": (cut(1), r"cut from [0-9,]+ to 1 bytes"),
}


@pytest.fixture
def sims_config(sims):
    return lambda place: read_config({**sims.config, "journal": {"path": str(place)}}, sims.environ)


def bought(sims):
    return [bill for each in sims for bill in each.bills()["entries"]]


# One caller's key buys once


@pytest.mark.parametrize("turn", range(3))
async def test_by_its_name_by_links_and_with_its_folder_swept_a_key_buys_once(sims, sims_config, clock, path, turn):
    """All at once, over two clients of each name; the marks go again and again."""
    path.parent.mkdir()
    link, folder = path.with_name("link.db"), path.parent.parent / "by-folder"
    link.symlink_to(path.name)
    folder.symlink_to(path.parent)
    places = [path, link, folder / path.name, path.parent / ".." / path.parent.name / path.name] * 2
    clients = [Client(sims_config(place), clock=clock) for place in places]

    async def buy(client):
        return await client.submit(REQUEST, "reapi", idempotency_key=KEY, timeout=1_000)

    calls = [asyncio.ensure_future(buy(client)) for client in clients]
    while not all(call.done() for call in calls):
        shutil.rmtree(path.with_name(f"{path.name}-owners"), ignore_errors=True)
        await asyncio.sleep(turn * 0.001)
    ends = await asyncio.gather(*calls, return_exceptions=True)
    for client in clients:
        await client.close()
    assert len(bought(sims)) <= 1
    ids = {end.id for end in ends if not isinstance(end, Exception)}
    assert ids == {bill["task_id"] for bill in bought(sims)}
    assert not [file.name for file in path.parent.iterdir() if file.name.startswith("link.db-")]


async def test_an_owner_renews_a_mark_that_was_swept(path):
    journal, other = SQLiteJournal(path), SQLiteJournal(path)
    await journal.intend(entry(1))
    old = path.with_name(f"{path.name}-owners") / journal.owner
    os.utime(old, (0, 0))
    await journal.intend(entry(2))
    assert old.stat().st_mtime > 0  # a cleaner goes by age
    for again in (lambda: journal.claim("k", "a"), journal.check, lambda: journal.intend(entry(3))):
        swept(path)
        assert not is_alive(old.parent, journal.owner)
        await again()
        assert [each.alive for each in await other.select(Query(name=entry(1).id))] == [True]
    assert await other.claim("k", "b") is None
    await journal.close()
    assert not is_alive(old.parent, journal.owner)
    await other.close()


async def test_what_a_dead_owner_left_is_found_without_its_mark(path):
    from .test_ledger import accepted, tried
    from .test_left import die

    killed, journal = SQLiteJournal(path), SQLiteJournal(path)
    ledger, one = Ledger(killed), tried(1, key=None)
    await ledger.intend(one, None)
    done = accepted(one, State.SUCCEEDED, assets=(Asset(kind="image", url="https://a.example"),))
    await ledger.end(done)
    swept(path)
    die(killed)
    assert await journal.dead() == [killed.owner]
    (left,), dead = await Ledger(journal).left()
    assert (left.task, dead) == (done.task, [killed.owner])
    await journal.forget(dead)
    assert await journal.dead() == []
    await journal.close()


# What cannot be trusted is told before anything is sent


@pytest.mark.parametrize(("lose", "sentence"), LOST.values(), ids=LOST)
async def test_nothing_is_sent_once_the_file_is_another(sims, sims_config, clock, path, lose, sentence):
    async with Client(sims_config(path), clock=clock) as client:
        task = await client.submit(REQUEST, "reapi", idempotency_key=KEY)
        lose(path)
        for ask in ({"idempotency_key": KEY}, {}):
            with pytest.raises(JournalError, match=sentence) as caught:
                await client.submit(REQUEST, "reapi", **ask)
            assert caught.value.outcome in (None, Outcome.NOT_SENT)
        with pytest.raises(JournalError, match=sentence):
            await client.attempts()
    assert [bill["task_id"] for bill in bought(sims)] == [task.id]


@pytest.mark.parametrize("size", [0, 1, 511])
@pytest.mark.parametrize("left", ["-owners", "-wal", ""])
async def test_what_is_left_of_a_cut_journal_is_not_taken_for_a_new_one(path, size, left):
    path.parent.mkdir()
    path.write_bytes(b"?" * size)
    if left == "-owners":
        path.with_name(path.name + left).mkdir()
    elif left:
        path.with_name(path.name + left).write_bytes(b"pages")
    journal = SQLiteJournal(path)
    if size == 0 and not left:  # an empty file that was made for it
        await journal.check()
        await journal.close()
        return
    for step in (journal.check, journal.count):
        with pytest.raises(JournalError, match=f"holds {size} bytes and was a journal" if left else "it is no journal"):
            await step()
    assert not left or path.with_name(path.name + left).exists()


async def test_no_new_file_is_begun_while_others_have_the_earlier_one_open(path):
    journal, late = SQLiteJournal(path), SQLiteJournal(path)
    await journal.intend(entry(1))
    renamed(path)
    for step in (lambda: late.intend(entry(2)), late.count):
        with pytest.raises(JournalError, match=r"what it held last is in journal\.db-wal; put it back"):
            await step()
    path.with_suffix(".old").rename(path)
    await journal.write(ended(1))  # it is put back: all is well
    renamed(path)
    wal = path.with_name("journal.db-wal")
    wal.rename(path.with_suffix(".wal"))
    with pytest.raises(JournalError, match="while other processes have it open"):
        await late.intend(entry(2))
    path.touch()
    with pytest.raises(JournalError, match="holds 0 bytes and was a journal"):
        await late.intend(entry(2))
    path.with_suffix(".old").replace(path)
    path.with_suffix(".wal").rename(wal)
    assert [each.status for each in await late.select(Query())] == ["queued"]
    await journal.close()
    await late.close()
    path.unlink()
    fresh = SQLiteJournal(path)
    assert await fresh.count() == 0
    await fresh.intend(entry(3))
    await fresh.close()


async def test_a_file_that_was_emptied_is_not_begun_anew_after_a_fault(path):
    journal = SQLiteJournal(path)
    await journal.check()
    journal._store._writer.drop()
    replaced(path)
    path.write_bytes(b"")
    with pytest.raises(JournalError, match="another file was put in its place"):
        await journal.check()
    path.unlink()
    path.with_suffix(".old").rename(path)
    await journal.check()
    await journal.close()


async def test_a_file_that_another_process_makes_meanwhile_is_no_loss(path, monkeypatch):
    first, second = SQLiteJournal(path), SQLiteJournal(path)
    is_there, turns = second._store.file.is_there, []

    def late():
        found = is_there()
        if not turns:
            turns.append(found)
            asyncio.run(first.check())
        return found

    monkeypatch.setattr(second._store.file, "is_there", late)
    await second.check()
    assert (turns, await second.dead()) == ([False], [])
    await first.close()
    await second.close()


async def test_a_file_that_is_no_journal_any_more_is_not_begun_anew(path):
    journal = SQLiteJournal(path)
    await journal.check()
    journal._store._writer.drop()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 0")
    with pytest.raises(JournalError, match="it was emptied while it was open; put a copy back"):
        await journal.check()
    await journal.close()


async def test_a_file_of_two_names_is_refused(path):
    path.parent.mkdir()
    path.touch()
    path.with_name("other.db").hardlink_to(path)
    with pytest.raises(JournalError, match="it has 2 names"):
        await SQLiteJournal(path).check()


async def test_a_relative_path_is_of_the_folder_in_which_it_was_named(path, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    journal = SQLiteJournal("journal.db")
    await journal.intend(entry(1))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    other = SQLiteJournal(tmp_path / "journal.db")
    assert [each.alive for each in await other.select(Query())] == [
        each.alive for each in await journal.select(Query())
    ]
    await journal.write(ended(1))
    assert files(tmp_path / "elsewhere") == []
    await journal.close()


def test_a_link_is_followed_before_the_folder_above_it(tmp_path):
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "link").symlink_to("a/b")
    assert SQLiteJournal(tmp_path / "link/../j.db").path == tmp_path / "a/j.db"


def test_home_is_found(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert SQLiteJournal("~/j.db").path == tmp_path / "j.db"


# Nobody else reads it


async def test_what_others_may_write_or_read_is_put_right(path):
    journal = SQLiteJournal(path)
    await journal.intend(entry(1))
    await journal.close()
    owners = path.with_name(f"{path.name}-owners")
    path.chmod(0o666)
    owners.chmod(0o777)
    path.parent.chmod(0o755)

    async def again():
        await journal.intend(entry(2))
        return [file.stat().st_mode & 0o777 for file in (path, owners, path.with_name(f"{path.name}-wal"))]

    assert await again() == [0o600, 0o700, 0o600]
    await journal.close()


async def test_what_cannot_be_put_right_is_refused(path, monkeypatch):
    path.parent.mkdir()
    path.touch(0o600)
    path.chmod(0o640)

    def others(*_, **__):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", others)
    with pytest.raises(JournalError, match="others may read it or write to it, and it belongs to another user"):
        await SQLiteJournal(path).check()


# One task, one attempt


async def test_two_submits_that_are_answered_with_one_task_keep_both_prices(path):
    from .test_ledger import accepted, tried

    for journal in (MemoryJournal(), SQLiteJournal(path)):
        ledger = Ledger(journal)
        one, two = tried(1, key=None), tried(2, key=None)
        for each in (one, two):
            await ledger.intend(each, b"{}")
        first = accepted(one)
        assert await ledger.end(first) == first
        second = accepted(two)
        second = attrs.evolve(second, task=attrs.evolve(second.task, id=first.task.id))
        told = await ledger.end(second)
        assert (told.outcome, told.task, told.reserved) == (Outcome.ACCEPTED_WITHOUT_ID, None, two.order.money.usd)
        assert f"which is already the task of attempt {one.id[:8]}" in told.error
        assert [each.task and each.task.id for each in await ledger.attempts()] == [first.task.id, None]
        assert [each.status for each in await ledger.attempts(open=True)] == ["queued", "accepted without id"]
        with pytest.raises(Exception, match=f"is the task of attempt {one.id[:8]} already"):
            await ledger.settle(two.id, billed=True, task_id=first.task.id)
        await ledger.close()


def test_two_resumes_at_once_have_each_task_once(path):
    from .test_ledger import accepted, tried

    async def left():
        ledger = Ledger(SQLiteJournal(path))
        for number in range(20):
            await ledger.intend(tried(number, key=None), b"{}")
            await ledger.end(accepted(tried(number, key=None)))
        await ledger.close()
        return [attempt.task for attempt in await ledger.attempts()]

    tasks, start, taken = asyncio.run(left()), threading.Barrier(4), []

    async def take():
        ledger = Ledger(SQLiteJournal(path))
        start.wait()
        taken.append([task.id for task in tasks if await ledger.leave(task)])
        start.wait()
        await ledger.close()

    threads = [threading.Thread(target=lambda: asyncio.run(take())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(name for each in taken for name in each) == sorted(task.id for task in tasks)


def test_a_client_without_await_settles_and_dismisses(sims, sims_config, path):
    with SyncClient(sims_config(path)) as client:
        assert client.attempts() == []
        with pytest.raises(Exception, match="no attempt and no task has the id"):
            client.dismiss("a")


@pytest.mark.parametrize("swept_too", ["-shm", None])
async def test_what_sqlite_keeps_beside_it_may_not_be_taken_away(path, swept_too):
    earlier = SQLiteJournal(path)
    await earlier.intend(entry(1))
    await earlier.close()
    journal, other = SQLiteJournal(path), SQLiteJournal(path)
    await journal.intend(entry(2))
    for ending in filter(None, ("-wal", swept_too)):
        path.with_name(path.name + ending).unlink()
    with pytest.raises(JournalError, match="-wal: it was deleted while other processes have the journal open"):
        await other.intend(entry(2))
    with pytest.raises(JournalError, match="-wal: it was deleted or replaced while the journal was open"):
        await journal.intend(entry(3))
    await journal.close()
    await other.close()


async def test_a_mark_that_cannot_be_made_is_missed_by_nobody(path, monkeypatch):
    def full(*_, **__):
        raise OSError("full")

    journal = SQLiteJournal(path)
    monkeypatch.setattr(Path, "touch", full)
    await journal.intend(entry(1))
    await journal.close()
