"""What a disk, a clock or another program can do to the journal, and what the user sees: never a submit without it."""

import asyncio
import concurrent.futures
import os
import shutil
import sqlite3
import threading
from datetime import timedelta
from types import SimpleNamespace

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anymedia import Client, JournalError, Outcome, OutOfBounds, State, SubmitUncertain, read_config
from anymedia.journal import Ledger, Query, SQLiteJournal
from anymedia.journal.group_commit import Item, Writer
from anymedia.journal.process_lock import ProcessLock, is_alive, known
from anymedia.journal.sqlite_file import SQLiteFile
from anymedia.journal.sqlite_schema import Schema
from anymedia.simulators import running
from anymedia.testing import FakeClock
from anymedia.testing.journal_entries import ended, entry
from anymedia.transport.part import clear

from .reading import execute, run
from .test_left import attempt

STEPS = (("CREATE TABLE things (name TEXT)",), ("ALTER TABLE things ADD COLUMN size INTEGER DEFAULT 7",))
SCHEMA = Schema(STEPS)


def config_at(sims, path):
    return read_config({**sims.config, "journal": {"path": str(path)}}, sims.environ)


def open_for_writing(journal):
    run(journal.check())


def spoil_header(path):
    with path.open("r+b") as file:
        file.write(b"not a database at all")


def spoil_pages(path):
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))


def newer(path):
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()


def foreign(path):
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()


def folder(path):
    path.unlink()
    path.mkdir()


def older(path):
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 6")
    connection.close()


SPOILT = {
    "no database": (spoil_header, "it is no journal; name another file"),
    "damaged": (spoil_pages, "it is damaged; move it away, and a new one is begun"),
    "of a newer version": (newer, r"written by a newer anymedia \(its form is 99, and 7 is the newest known here\)"),
    "of an unreleased version": (older, "it was written before the first release of anymedia and cannot be read"),
    "of another program": (foreign, "it belongs to another program; name another file"),
    "a folder": (folder, "it is a folder; name a file in it"),
}


@pytest.mark.parametrize("fault", SPOILT)
async def test_with_a_file_that_cannot_be_used_nothing_is_sent(fault, config, clock, sims, request_, path):
    async with Client(config, clock=clock) as client:
        await client.submit(request_, "reapi")
    spoil, sentence = SPOILT[fault]
    spoil(path)
    async with Client(config, clock=clock) as client:
        for _ in range(2):
            with pytest.raises(JournalError, match=f"{path}: {sentence}") as caught:
                await client.submit(request_, "reapi")
        assert (caught.value.outcome, caught.value.billed, caught.value.task) == (Outcome.NOT_SENT, "no", None)
        with pytest.raises(JournalError):
            await client.attempts()
    assert sims["reapi"].bills()["submits"] == 1


async def test_a_folder_that_may_not_be_entered_is_told(path, monkeypatch):
    def refused(self, **_):
        raise PermissionError(13, "Permission denied", str(self))

    ledger = Ledger(SQLiteJournal(path))
    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.stat", refused)
        for read in (ledger.attempts, ledger.count, lambda: ledger.find("a")):
            with pytest.raises(JournalError, match=f"^{path}: Permission denied$"):
                await read()
        assert is_alive(path.parent, "a")  # as nobody can tell
    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.iterdir", refused)
        with pytest.raises(JournalError, match=f"^{path}-owners: Permission denied$"):
            await ledger.left()


async def test_what_lies_below_a_file_is_no_journal_whoever_asks(sims, clock, request_, tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "journal.db", tmp_path / "file" / "folder" / "journal.db"):
        async with Client(config_at(sims, path), clock=clock) as client:
            for read in (client.attempts, client.journal.count, client._ledger.left, lambda: client.find("a")):
                with pytest.raises(JournalError, match=f"^{path}: {path.parent} is no folder$"):
                    await read()
            with pytest.raises(JournalError, match=f"^{path}: {path.parent} is no folder$"):
                await client.submit(request_, "reapi")
    assert not is_alive(tmp_path / "file", "a")


async def test_a_folder_is_no_journal_and_what_no_file_can_be_named_is_none(path):
    path.mkdir(parents=True)
    with pytest.raises(JournalError, match=f"^{path}: it is a folder; name a file in it$"):
        await Ledger(SQLiteJournal(path)).attempts()
    assert await Ledger(SQLiteJournal("a\0b")).attempts() == []


async def test_what_is_no_text_names_nothing(path):
    ledger = Ledger(SQLiteJournal(path))
    for _ in range(2):
        await ledger.journal.check()  # and then its thread is asked
        assert await ledger.attempts(account="\udcff") == await ledger.attempts(idempotency_key="\udcff") == []
        with pytest.raises(OutOfBounds, match=r"no attempt and no task has the id '\\udcff'"):
            await ledger.find("\udcff")
        await ledger.close()
        assert await ledger.attempts(provider="\udcff") == []


async def test_no_folder_can_be_made(sims, clock, request_, tmp_path):
    (tmp_path / "file").write_text("")
    for path, sentence in ((tmp_path / "file" / "journal.db", "file"), ("/proc/nobody/journal.db", "/proc")):
        async with Client(config_at(sims, path), clock=clock) as client:
            with pytest.raises(JournalError, match=sentence):
                await client.submit(request_, "reapi")
    assert sims["reapi"].bills()["submits"] == 0


LIMITS = {
    "full": ("PRAGMA max_page_count = 1", "the disk is full"),
    "read-only": ("PRAGMA query_only = 1", "it cannot be written to"),
}


@pytest.mark.parametrize("fault", LIMITS)
async def test_a_full_disk_or_a_read_only_file_stops_submits_until_it_is_cured(fault, client, sims, request_):
    statement, sentence = LIMITS[fault]
    long = attrs.evolve(request_, prompt="a lighthouse " * 300)  # needs a page that is not there
    await client.submit(request_, "reapi")
    execute(client.journal, statement)
    with pytest.raises(JournalError, match=sentence):
        await client.submit(long, "reapi")
    assert sims["reapi"].bills()["submits"] == 1
    assert (await client.submit(long, "reapi")).id  # the file is opened anew after a fault: this disk has room again
    assert [attempt.status for attempt in await client.attempts()] == ["running", "running"]


async def test_a_disk_that_fills_up_under_a_task_loses_neither_the_task_nor_its_result(client, request_, caplog, read):
    await client.wait(await client.submit(request_, "reapi"))
    task = await client.submit(request_, "reapi")
    execute(client.journal, "PRAGMA query_only = 1")
    done = await client.wait(task)
    assert done.state is State.SUCCEEDED
    assert "that is not written down" in caplog.text
    assert read()[1].open  # so that recover looks at it again


async def test_a_file_that_another_process_holds_is_waited_for_and_then_told(client, sims, request_, path, monkeypatch):
    monkeypatch.setattr("anymedia.journal.sqlite_file.PATIENCE", 0.01)
    await client.journal.check()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(JournalError, match="another process has held it for 30 s"):
        await client.submit(request_, "reapi")
    assert sims["reapi"].bills()["submits"] == 0
    other.execute("ROLLBACK")
    assert (await client.submit(request_, "reapi")).id
    other.close()


def test_a_file_that_is_being_opened_by_another_process_is_waited_for(path, monkeypatch):
    path.parent.mkdir()
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")  # no WAL yet: nobody else may even read
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        if len(slept) == 3:
            other.execute("COMMIT")

    monkeypatch.setattr("anymedia.journal.sqlite_file.PATIENCE", 0)
    monkeypatch.setattr("time.sleep", sleep)
    monkeypatch.setattr("time.monotonic", lambda: 0)
    journal = SQLiteJournal(path)
    open_for_writing(journal)
    assert slept == [0.01] * 3
    journal._close()
    other.close()


async def test_a_torn_last_page_costs_what_was_not_acknowledged_at_most(client, request_, path, tmp_path):
    for _ in range(6):
        await client.submit(request_, "reapi")
    whole = await client.attempts()
    log = path.with_name(f"{path.name}-wal")
    size = log.stat().st_size
    for cut in range(0, size + 1, max(size // 40, 1)):
        torn = tmp_path / "torn" / path.name
        shutil.rmtree(torn.parent, ignore_errors=True)
        torn.parent.mkdir()
        shutil.copy(path, torn)
        torn.with_name(log.name).write_bytes(log.read_bytes()[: size - cut])
        ledger = Ledger(SQLiteJournal(torn))
        found = await ledger.attempts()
        assert [attempt.id for attempt in found] == [attempt.id for attempt in whole[: len(found)]]
        await ledger.intend(whole[0], None) if not found else None
        await ledger.close()
        with sqlite3.connect(torn) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()
    assert len(whole) == 6


async def test_another_process_reads_and_writes_at_the_same_time(client, config, clock, request_, read):
    async with Client(config, clock=clock) as other:
        tasks = await asyncio.gather(*(each.submit(request_, "reapi") for each in (client, other) * 20))
        assert {attempt.task.id for attempt in read()} == {task.id for task in tasks}


def test_a_file_that_stays_locked_while_it_is_opened_is_told(path, monkeypatch):
    path.parent.mkdir()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    monkeypatch.setattr("anymedia.journal.sqlite_file.PATIENCE", -1)
    journal = SQLiteJournal(path)
    with pytest.raises(JournalError, match="another process has held it"):
        open_for_writing(journal)
    with pytest.raises(JournalError, match="another process has held it"):
        run(Ledger(SQLiteJournal(path)).attempts())
    journal._close()
    other.close()


async def test_what_is_only_read_is_not_touched(client, request_, path, monkeypatch):
    ledger = Ledger(SQLiteJournal(path))
    found = await ledger.attempts(), await ledger.count(), await ledger.left()
    assert (*found, path.exists()) == ([], 0, ([], []), False)
    path.parent.mkdir()
    path.touch()
    assert (await ledger.attempts(), path.stat().st_size) == ([], 0)
    await client.submit(request_, "reapi")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")  # a reader waits for no writer
    assert len(await ledger.attempts()) == await ledger.count() == 1
    other.close()
    assert ledger.journal._store._writer is None


async def test_another_program_s_file_stays_as_it_is(path):
    path.parent.mkdir()
    path.touch()
    foreign(path)
    before = path.read_bytes()
    journal = SQLiteJournal(path)
    for use in (journal.count, journal.check):
        with pytest.raises(JournalError, match="it belongs to another program"):
            await use()
    await journal.close()
    assert path.read_bytes() == before


def test_what_is_put_just_before_the_end_is_written(tmp_path, caplog):
    store, gate = SQLiteFile(tmp_path / "store.db", SCHEMA), threading.Event()
    store.put(lambda _: gate.wait())
    store.put(lambda connection: connection.execute("INSERT INTO things (name) VALUES ('last')"))
    store.put(lambda connection: connection.execute("INSERT INTO missing VALUES (1)"))
    store.put(lambda _: 1 / 0)
    threading.Timer(0, gate.set).start()
    store.close()
    assert "not written down: " in caplog.text
    assert "no such table: missing" in caplog.text
    assert "not written down: division by zero" in caplog.text
    assert store.call(lambda connection: connection.execute("SELECT name FROM things").fetchall()) == [("last",)]
    store.close()


@attrs.define
class Then:
    """A lock after whose first release something happens, before anything else can."""

    lock: object
    action: object

    def acquire(self):
        return self.lock.acquire()

    def release(self):
        self.lock.release()
        action, self.action = self.action, lambda: None
        action()

    def __enter__(self):
        return self.acquire()

    def __exit__(self, *error):
        self.release()


def test_what_is_put_while_the_file_is_closed_is_written_and_nobody_waits_for_ever(tmp_path):
    for turn in range(20):
        store, gate = SQLiteFile(tmp_path / f"{turn}.db", SCHEMA), threading.Event()

        def meanwhile(store=store, gate=gate):
            store.put(lambda connection: connection.execute("INSERT INTO things (name) VALUES ('late')"))
            gate.set()

        store.put(lambda _, gate=gate: gate.wait())
        store._lock = Then(store._lock, meanwhile)
        closing = threading.Thread(target=store.close, daemon=True)
        closing.start()
        closing.join(60)
        assert not closing.is_alive()
        assert store.call(lambda connection: connection.execute("SELECT name FROM things").fetchall()) == [("late",)]
        store.close()


def test_many_threads_start_one_writer(tmp_path):
    store, begin = SQLiteFile(tmp_path / "store.db", SCHEMA), threading.Barrier(8)

    def write():
        begin.wait()
        store.call(lambda connection: connection.execute("INSERT INTO things (name) VALUES ('x')"))

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.call(lambda connection: connection.execute("SELECT count(*) FROM things").fetchone()) == (8,)
    store.close()


def test_old_files_grow_and_keep_what_they_hold(tmp_path):
    path = tmp_path / "store.db"
    old = SQLiteFile(path, Schema(STEPS[:1]))
    old.call(lambda connection: connection.execute("INSERT INTO things VALUES ('a')"))
    old.close()
    new = SQLiteFile(path, SCHEMA)
    assert new.call(lambda connection: connection.execute("SELECT * FROM things").fetchall()) == [("a", 7)]
    new.close()
    with pytest.raises(JournalError, match="its form is 8, and 7 is the newest known here"):
        old.call(lambda connection: None)
    old.close()


def test_one_change_that_is_refused_leaves_the_others_be(tmp_path):
    store = SQLiteFile(tmp_path / "store.db", SCHEMA)
    gate = threading.Event()

    def insert(name):
        return lambda connection: connection.execute("INSERT INTO things (name) VALUES (?)", (name,)).rowcount

    def refused(_):
        raise KeyError("mine alone")

    async def together():
        loop = asyncio.get_running_loop()
        first = asyncio.create_task(store.write(lambda _: gate.wait()))
        await asyncio.sleep(0)
        late = [asyncio.create_task(store.write(change)) for change in (insert("a"), refused, insert("b"))]
        forgotten = asyncio.create_task(store.write(insert("c")))
        await asyncio.sleep(0)
        forgotten.cancel()  # nobody waits for it any more, and it is written all the same
        loop.call_soon(gate.set)
        return await asyncio.gather(first, *late, return_exceptions=True)

    _, one, error, other = asyncio.run(together())
    assert (one, other, str(error)) == (1, 1, "'mine alone'")
    names = store.call(lambda connection: connection.execute("SELECT name FROM things").fetchall())
    assert sorted(names) == [("a",), ("b",), ("c",)]
    store.close()
    store.close()


def test_what_a_loop_waited_for_that_is_over_is_written_all_the_same(tmp_path):
    store, gate = SQLiteFile(tmp_path / "store.db", SCHEMA), threading.Event()

    def late(connection):
        gate.wait()
        connection.execute("INSERT INTO things (name) VALUES ('late')")

    async def gone():
        asyncio.create_task(store.write(late))  # noqa: RUF006 - it is left on purpose
        await asyncio.sleep(0)

    asyncio.run(gone())
    gate.set()
    assert store.call(lambda connection: connection.execute("SELECT name FROM things").fetchall()) == [("late",)]
    store.close()


def test_the_file_is_nobody_else_s_to_read(path):
    journal = SQLiteJournal(path)
    open_for_writing(journal)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    for file in path.parent.iterdir():
        assert file.stat().st_mode & 0o077 == 0
    journal._close()


def test_an_owner_lives_until_its_end_and_leaves_a_mark_when_it_had_none(tmp_path):
    owner, other = ProcessLock(tmp_path / "owners"), ProcessLock(tmp_path / "owners")
    one, two = owner.name, other.name
    assert known(tmp_path / "owners") == []
    assert not is_alive(tmp_path / "owners", one)
    owner.hold()
    owner.hold()
    other.hold()
    assert is_alive(tmp_path / "owners", one)
    other._lock.close()  # as a killed process leaves it
    assert sorted(known(tmp_path / "owners")) == sorted([one, two])
    assert not is_alive(tmp_path / "owners", two)
    (tmp_path / "owners" / "junk").write_text("no lock of ours" * 99)
    assert not is_alive(tmp_path / "owners", "junk")
    (tmp_path / "owners" / "folder").mkdir()
    assert is_alive(tmp_path / "owners", "folder")  # what cannot be looked at is not taken for dead
    owner.end()
    owner.end()
    assert sorted(known(tmp_path / "owners")) == sorted([two, "junk", "folder"])


def test_who_looks_disturbs_nobody(tmp_path):
    dead = ProcessLock(tmp_path)
    dead.hold()
    dead._lock.close()
    looking = sqlite3.connect(tmp_path / dead.name, isolation_level=None)
    looking.execute("BEGIN")
    looking.execute("SELECT count(*) FROM sqlite_master").fetchone()
    assert not is_alive(tmp_path, dead.name)
    looking.close()


def test_a_forked_process_is_somebody_else(tmp_path, monkeypatch):
    owner = ProcessLock(tmp_path)
    parent = owner.name
    owner.hold()
    lock = owner._lock
    with monkeypatch.context() as patch:
        # In this module alone: other threads of this process ask too.
        patch.setattr("anymedia.journal.process_lock.os", SimpleNamespace(**{**vars(os), "getpid": lambda: 7}))
        assert owner.name != parent
        assert owner.name == owner.name
        owner.end()  # not its parent
        assert is_alive(tmp_path, parent)
        owner.hold()
        assert is_alive(tmp_path, owner.name)
        owner.end()
        assert known(tmp_path) == [parent]
        assert is_alive(tmp_path, parent)
    lock.close()


async def test_what_an_owner_wrote_just_before_it_ended_is_read(path, monkeypatch):
    ending, journal = SQLiteJournal(path), SQLiteJournal(path)
    await ending.intend(entry(1))
    alive, looks = journal._is_alive, []

    def then_it_ends(owner):
        looks.append(owner)
        if len(looks) == 1:  # after its entry was read as open, and before its lock is looked at
            run(ending.write(ended(1)))
            run(ending.close())
        return alive(owner)

    monkeypatch.setattr(journal, "_is_alive", then_it_ends)
    (read,) = await journal.select(Query())
    assert (read.alive, read.status, looks) == (False, "queued", [ending.owner])


def test_unfinished_files_of_killed_processes_go_in_time(tmp_path):
    old, new, other = (tmp_path / name for name in (".anymedia-a.part", ".anymedia-b.part", "c.part"))
    for file in (old, new, other):
        file.write_text("half")
    os.utime(old, (0, 0))
    os.utime(other, (0, 0))
    clear(tmp_path)
    assert (old.exists(), new.exists(), other.exists()) == (False, True, True)


class Jumping(FakeClock):
    """A clock whose wall time can be set, as people and machines do."""

    ahead = timedelta(0)

    def now(self):
        return super().now() + self.ahead


@pytest.mark.parametrize("jump", [timedelta(days=-400), timedelta(days=400)])
@pytest.mark.parametrize("restarted", [True, False])
async def test_a_wall_clock_that_jumps_disturbs_no_task(jump, restarted, path, request_):
    clock = Jumping()
    async with running(clock=clock.time) as sims:
        config = config_at(sims, path)
        async with Client(config, clock=clock) as client:
            first = await client.submit(request_, "reapi")
            sims["runapi"].fault("reset_after", on="submit", times=4)
            with pytest.raises(SubmitUncertain):
                await client.submit(request_, "runapi")
            clock.ahead = jump
            second = await client.submit(request_, "reapi", idempotency_key="k")
            assert (await client.submit(request_, "reapi", idempotency_key="k")).id == second.id
            tasks = [attempt.task and attempt.task.id for attempt in await client.attempts()]
            assert tasks == [first.id, None, second.id]
            for task in (first, second):
                assert (await client.wait(task)).state is State.SUCCEEDED
            if not restarted:  # the monotonic clock knows how old the key is
                (task,) = (await client.recover(replay=True)).tasks
                assert task.replayed
        async with Client(config, clock=clock) as other:
            recovery = await other.recover(replay=True)
        if restarted:  # nobody knows how old the key is: it is not trusted
            assert ["honours its key for" in str(error) for error in recovery.errors] == [True]
            assert len(recovery.uncertain) == 1
        assert len(sims["runapi"].bills()["entries"]) == 1


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_a_row_that_cannot_be_read_is_there_all_the_same(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("rows") / "journal.db"
    ledger = Ledger(SQLiteJournal(path))
    asyncio.run(ledger.intend(attempt(), b'{"prompt":"x"}'))
    column = data.draw(st.sampled_from(["record", "task", "body"]))
    text = data.draw(st.text() | st.binary() | st.sampled_from(["{}", "[]", "null", '{"id": 1}', "[" * 10_000]))
    execute(ledger.journal, f"UPDATE texts SET {column} = ?", (text,))
    (found,) = asyncio.run(ledger.attempts())
    assert found.id == attempt().id
    assert (found.error or "").startswith(("its record cannot be read", "its process ended")) or column != "record"
    asyncio.run(ledger.close())


def test_what_waits_is_written_before_the_end():
    writer = Writer()
    items = [Item(step=lambda _: None, future=concurrent.futures.Future()) for _ in range(2)]
    for each in (*items, None):
        writer.queue.put(each)
    assert writer.next() == items
    assert writer.next() == []
