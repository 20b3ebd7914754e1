"""The journal on PostgreSQL: leases, a database that goes away and comes back, and what only PostgreSQL can say."""

import asyncio
import os
import resource
import signal
import socket
import threading
import time
from contextlib import ExitStack, contextmanager, suppress

import attrs
import psycopg
import pytest

from anymedia import ConfigError, JournalError, Outcome
from anymedia.journal import (
    Claim,
    Done,
    Fetched,
    Fetching,
    Ledger,
    Limit,
    Prunable,
    Pruned,
    Query,
    Refusal,
    Released,
    Unknown,
    Wanted,
    open_journal,
)
from anymedia.journal.forks import _after_fork, _before_fork
from anymedia.journal.postgres import PostgresJournal
from anymedia.journal.postgres.listener import _listens
from anymedia.journal.postgres.owner import Owner, awake
from anymedia.journal.postgres.schema import MIGRATIONS, Schema
from anymedia.journal.postgres.server import Server
from anymedia.model.process import Process, this_process
from anymedia.testing.journal_entries import ended, entry, seen
from tests.postgres import PASSWORD, needs_postgres

from .leases import execute, lapse
from .reading import run
from .test_ledger import tried

pytestmark = needs_postgres

SOON = 20.0
"""Seconds after which what happens by itself is late."""

TASK = {"account": "acme", "task_id": "task-1"}


@pytest.fixture
def opens(opens_postgres):
    return opens_postgres


@pytest.fixture
def journal(opens):
    return opens()


async def until(holds):
    """Wait until something holds that other threads bring about."""
    async with asyncio.timeout(SOON):
        while not holds():
            await asyncio.sleep(0.005)


def owners(journal):
    return execute(journal, "SELECT name, number, host, process FROM owners ORDER BY number")


# Leases


async def test_an_owner_is_a_row_with_a_number_above_all_before(journal, opens):
    other = opens()
    for each in (journal, other):
        await each.check()
    (name, number, host, process), (second, after, *_) = owners(journal)
    assert (name, second, process, number < after) == (journal.owner, other.owner, os.getpid(), True)
    assert host
    await journal.close()
    assert [row[0] for row in owners(other)] == [other.owner]
    await journal.check()  # it is opened again, as the same owner, with a number of its own
    assert [(row[0], row[1] > after) for row in owners(other)] == [(other.owner, False), (journal.owner, True)]


CHANGES = {
    "seen": seen(1, status="running", open=True),
    "wanted": Wanted(**TASK),
    "fetching": Fetching(**TASK),
    "fetched": Fetched(**TASK),
    "released": Released(key="k", holder="a"),
    "unknown": Unknown(account="acme", task_id="task-9", open=True, task="{}"),
    "done": Done(name="a", day=7),
}

WORKS = {
    **{name: lambda journal, change=change: journal.write(change) for name, change in CHANGES.items()},
    "intend": lambda journal: journal.intend(entry(5)),
    "claim": lambda journal: journal.claim("l", "a"),
    "prune": lambda journal: journal.prune([]),
}


async def everything(journal):
    """Return all rows that changes leave behind."""
    tables = ("attempts", "texts", "keys", "unknown", "facts")
    return [execute(journal, f"SELECT * FROM {table} ORDER BY 1") for table in tables]


@pytest.mark.parametrize("work", WORKS.values(), ids=WORKS)
async def test_whoever_lost_its_lease_claims_and_moves_nothing(journal, opens, work):
    """However long it slept; the next that it begins it does as another owner, whose number is higher."""
    await journal.intend(entry(1))
    await journal.write(ended(1))
    await journal.claim("k", "a")
    lapsed, before = journal.owner, await everything(journal)
    lapse(journal)
    with pytest.raises(JournalError, match="the lease of this process ran out before this could be written") as caught:
        await work(journal)
    assert (caught.value.lapsed, caught.value.away) == (True, False)
    assert await everything(journal) == before
    assert not journal.stands(lapsed)
    other = opens()
    assert await other.dead() == [lapsed]
    assert journal.owner != lapsed
    await work(journal)
    assert journal.stands(journal.owner)
    assert [row[0] for row in owners(journal)] == [lapsed, journal.owner]


async def test_the_end_of_what_was_sent_is_written_by_whomever(journal, opens):
    await journal.intend(entry(1))
    await journal.intend(entry(2))
    lapse(journal)
    assert await journal.write(ended(1)) is True
    assert await opens().write(ended(2, keeps_task=True)) is True
    found = await journal.select(Query())
    assert [(each.status, each.alive) for each in found] == [("queued", False)] * 2
    await journal.forget([journal.owner])
    assert await journal.write(ended(1, status="running")) is True


async def test_the_claim_of_an_owner_whose_lease_ran_out_does_not_stand(journal, opens):
    other = opens()
    claim = await journal.claim("k", "a")
    assert await other.claim("k", "b") is None
    lapse(journal)
    assert await journal.intend(entry(1), claim=claim) == Refusal()
    assert await journal.intend(entry(1), claim=claim) == Refusal()  # as another owner, too
    taken = await other.claim("k", "b")
    assert taken.fence > claim.fence
    assert await other.intend(entry(1), claim=taken) is None
    assert await other.intend(entry(2), claim=attrs.evolve(taken, fence=claim.fence)) == Refusal()


async def test_a_check_makes_whoever_lost_its_lease_another_owner(journal):
    await journal.check()
    lapsed = journal.owner
    lapse(journal)
    await journal.check()
    assert journal.owner != lapsed
    assert journal.stands(journal.owner)


@pytest.fixture
def machine(monkeypatch):
    """The clock of this machine, which a test puts forward."""

    class Machine:
        now = 1000.0

    for module in ("owner", "store"):
        monkeypatch.setattr(f"anymedia.journal.postgres.{module}.awake", lambda: Machine.now)
    return Machine


async def test_an_owner_stands_as_long_as_this_machine_is_sure(journal, machine):
    assert not journal.stands(journal.owner)  # nothing was intended yet
    await journal.intend(entry(1))
    for seconds, stands in ((26.9, True), (0.2, False)):
        machine.now += seconds
        assert journal.stands(journal.owner) is stands
    await journal.intend(entry(2))  # each write renews the lease
    assert journal.stands(journal.owner)
    assert not journal.stands("another")
    await journal.close()
    assert not journal.stands(journal.owner)


async def test_the_time_of_the_question_counts_and_not_that_of_the_answer(journal, machine, monkeypatch):
    await journal.intend(entry(1))
    execute_ = psycopg.Connection.execute

    def slowly(self, query, *values, **how):
        if query == "COMMIT":
            machine.now += 28
        return execute_(self, query, *values, **how)

    monkeypatch.setattr(psycopg.Connection, "execute", slowly)
    await journal.intend(entry(2))
    assert not journal.stands(journal.owner)


def test_a_machine_without_a_clock_that_goes_on_while_it_is_suspended(monkeypatch):
    monkeypatch.delattr(time, "CLOCK_BOOTTIME", raising=False)
    before = time.monotonic()
    assert before <= awake() <= time.monotonic()


def untils(journal):
    return [until for (until,) in execute(journal, "SELECT until FROM owners ORDER BY number")]


@pytest.fixture
def due(monkeypatch):
    """Leases are due at once, though they go on."""
    monkeypatch.setattr(Owner, "due", 0.01)


@pytest.mark.usefixtures("due")
async def test_a_lease_is_renewed_while_nothing_is_written(journal):
    await journal.check()
    owner, (first,) = journal.owner, untils(journal)
    await until(lambda: untils(journal) > [first])
    assert (journal.owner, journal.stands(owner)) == (owner, True)
    lapse(journal)
    await until(lambda: journal.owner != owner)  # nobody revives it
    assert not journal.stands(owner)
    assert await journal.dead() == [owner]


@pytest.mark.usefixtures("due")
async def test_a_lease_that_could_not_be_renewed_is_renewed_once_the_database_is_back(opens, postgres, monkeypatch):
    monkeypatch.setattr("anymedia.journal.postgres.store.AGAIN", 0.01)
    journal = opens(lease=600)
    await journal.check()
    owner, journal.server.patience = journal.owner, 0
    postgres.stop()
    await until(lambda: journal.server.is_away)
    postgres.start()
    await until(lambda: not journal.server.is_away)
    assert (journal.owner, journal.stands(owner)) == (owner, True)


async def test_a_lease_is_renewed_however_much_waits(journal, machine):
    """Reads alone renew nothing, and one follows another without a pause."""
    await journal.intend(entry(1))
    store, left, read = journal._store, [60], threading.Event()

    def reads(connection):
        machine.now += 1
        left[0] -= 1
        store.put(reads) if left[0] else read.set()

    store.put(reads)
    await asyncio.to_thread(read.wait, SOON)
    assert left == [0]
    assert journal.stands(journal.owner)


async def test_of_whoever_seems_dead_a_renewal_that_is_under_way_is_waited_for(journal, opens):
    other = opens()
    await other.check()
    claim = await journal.claim("k", "a")
    lapse(journal)
    with psycopg.connect(journal.server._conninfo) as renewing:
        renewing.execute("UPDATE anymedia.owners SET until = 'infinity' WHERE name = %s", [claim.owner])
        claiming = asyncio.create_task(other.claim("k", "b"))
        await until(lambda: execute(journal, "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'transactionid'"))
        renewing.commit()
    assert await claiming is None


async def test_two_threads_agree_on_the_owner_that_follows(journal):
    await journal.check()
    journal._owner.lapsed = True
    begin, names = threading.Barrier(4), []

    def follows():
        begin.wait()
        names.append(journal.owner)

    threads = [threading.Thread(target=follows) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({*names}) == 1


# What ended owners have added


async def test_what_ended_owners_have_added_is_added_together(opens):
    journal, killed, last = opens(), opens(), opens()
    for number, each in enumerate((journal, killed, last)):
        await each.intend(entry(number, reserved=5, counts_as="x", labels='{"a":"b"}', batch="b"))
        await each.write(ended(number, open=False, counts_as="x"))
    shards = lambda table: {shard for (shard,) in execute(last, f"SELECT shard FROM {table}")}  # noqa: E731
    assert len(shards("days")) == 3
    await journal.close()
    lapse(killed)
    await last.forget([])
    await last.forget([killed.owner, last.owner])  # who is alive is not forgotten
    for table in ("days", "sums", "label_sums", "batch_sums"):
        assert len(shards(table)) == 2
        assert 0 in shards(table)
    assert [(each.number, each.reserved) for each in await last.sums("account")] == [(3, 15)]
    assert await last.intend(entry(9, reserved=0), limit=Limit(day=0, most=-1)) == Refusal(spent=15)
    assert await killed.write(ended(1, open=False, counts_as="x", reserved=7)) is True
    assert await last.intend(entry(9, reserved=0), limit=Limit(day=0, most=-1)) == Refusal(spent=17)


# A database that goes away, and comes back


def told(caplog):
    return [(record.levelname, record.getMessage()) for record in caplog.records if record.name == "anymedia"]


async def test_a_database_that_is_away_is_told_of_once_and_when_it_is_back(journal, postgres, caplog):
    caplog.set_level("INFO", "anymedia")
    await journal.intend(entry(1))
    journal.server.patience = 0.2
    postgres.stop()
    for number in (2, 3, 4):
        with pytest.raises(JournalError, match="PostgreSQL does not answer: ") as caught:
            await journal.intend(entry(number))
        assert (caught.value.away, caught.value.lapsed, PASSWORD in str(caught.value)) == (True, False, False)
    with pytest.raises(JournalError) as caught:
        await journal.moved(None)
    assert caught.value.away
    assert journal.server.is_away
    postgres.start()
    assert await journal.intend(entry(5)) is None
    assert not journal.server.is_away
    assert [each.started for each in await journal.select(Query())] == [1001.0, 1005.0]
    (away, back) = told(caplog)
    assert away[0] == "WARNING"
    assert away[1].startswith(f"{journal.name}: PostgreSQL does not answer (connection")
    assert away[1].endswith("): nothing is bought until it does")
    assert back == ("INFO", f"{journal.name}: PostgreSQL answers again")
    assert PASSWORD not in caplog.text


async def test_a_restart_loses_nothing(journal, opens, postgres, caplog):
    """What is begun meanwhile is written once it is back, in order; one sentence says that it was away."""
    reader = opens()
    await journal.intend(entry(1))
    assert await reader.count() == 1
    postgres.stop()
    writing = asyncio.gather(*(journal.intend(entry(number)) for number in range(2, 30)), reader.count())
    await until(lambda: told(caplog))
    postgres.start()
    *refusals, _ = await writing
    assert refusals == [None] * 28
    assert [each.number for each in await reader.select(Query())] == [*range(1, 30)]
    assert {level for level, _ in told(caplog)} == {"WARNING"}


async def test_connections_that_are_cut_are_opened_anew_without_a_word(journal, opens, postgres, postgres_url, caplog):
    reader = opens()
    await journal.intend(entry(1))
    assert await reader.count() == 1
    postgres.cut(postgres_url)
    assert await journal.intend(entry(2)) is None
    assert await reader.count() == 2
    assert told(caplog) == []


async def test_a_server_that_says_nothing_is_not_waited_for_for_ever(journal, monkeypatch):
    """Its connections stand while it is frozen, and nothing comes of them."""
    await journal.intend(entry(1))
    monkeypatch.setattr("anymedia.journal.postgres.server.SILENCE", 0.3)
    frozen = journal._store._link._connection.info.backend_pid
    os.kill(frozen, signal.SIGSTOP)
    try:
        assert await journal.write(ended(1)) is True
        assert journal._store._link._connection.info.backend_pid != frozen
    finally:
        os.kill(frozen, signal.SIGCONT)


def test_what_came_to_no_connection_is_not_left_open(monkeypatch):
    """A server that is shut down waits for whoever is connected and says nothing."""
    monkeypatch.setattr("psycopg.connection.timeout_from_conninfo", lambda _: 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with pytest.raises(psycopg.OperationalError, match="timeout expired") as caught:
            Server(f"postgresql://x@127.0.0.1:{silent.getsockname()[1]}/x").connect()
        there, _ = silent.accept()
        with there:
            there.settimeout(SOON)
            while there.recv(100):
                pass
    assert caught.value is not None  # who keeps the error keeps no connection


class Broken:
    """A connection that breaks at a statement, before or after that is executed."""

    def __init__(self, connection, at, *, executed, error=psycopg.OperationalError):
        self.connection, self.at, self.executed, self.error = connection, at, executed, error

    def __getattr__(self, name):
        return getattr(self.connection, name)

    def execute(self, query, *values, **how):
        if self.at not in query:
            return self.connection.execute(query, *values, **how)
        if self.executed:
            self.connection.execute(query, *values, **how)
        self.connection.close()
        raise self.error("server closed the connection unexpectedly")


def breaks(journal, at, **how):
    link = journal._store._link
    link._connection = Broken(link._connection, at, **how)


@pytest.mark.parametrize("first", [True, False], ids=["its first write", "a later one"])
@pytest.mark.parametrize("executed", [True, False], ids=["committed", "not committed"])
async def test_a_commit_whose_answer_is_lost_is_made_once(opens, first, executed):
    """An end that nobody has answered, a claim and an intent return what they have come to, as if nothing was."""
    journal, limit = opens(), Limit(day=0, most=5)
    await journal.salts()  # it is open, and no owner yet
    if not first:
        await journal.check()
    breaks(journal, "COMMIT", executed=executed)
    claim = await journal.claim("k", "a")
    assert claim == Claim(key="k", holder="a", owner=journal.owner, fence=1)
    breaks(journal, "COMMIT", executed=executed)
    assert await journal.intend(entry(1, reserved=5), claim=claim, limit=limit) is None
    breaks(journal, "COMMIT", executed=executed)
    assert await journal.write(ended(1, unanswered=True)) is True
    breaks(journal, "COMMIT", executed=executed)
    assert await journal.write(Released(key="k", holder="a")) is True
    (one,) = await journal.select(Query())
    assert (one.status, one.reserved) == ("queued", 5)
    assert journal.stands(journal.owner)


@pytest.mark.parametrize("at", ["BEGIN", "UPDATE attempts", "SELECT holder"])
async def test_what_breaks_before_the_commit_is_made_again(journal, at):
    claim = await journal.claim("k", "a")
    await journal.intend(entry(1))
    for error in (psycopg.errors.DeadlockDetected, psycopg.errors.LockNotAvailable):
        breaks(journal, at, executed=True, error=error)
        results = await asyncio.gather(
            journal.write(ended(1)), journal.claim("k", "a"), journal.intend(entry(2), claim=claim)
        )
        assert results[0] is True
        assert results[1].fence == claim.fence + 1
        assert results[2] == Refusal()
        claim = results[1]
    assert [each.number for each in await journal.select(Query())] == [1]


async def test_a_lease_begins_when_it_was_asked_for_and_not_when_it_was_found_to_be_written(
    journal, machine, monkeypatch
):
    """The answer to a commit is lost, and the database was away until just before the end of the lease."""
    monkeypatch.setattr(Owner, "due", 1e6)  # or it is renewed before anybody looks
    await journal.intend(entry(1))
    breaks(journal, "COMMIT", executed=True)
    connect = journal.server.connect

    def late():
        machine.now += 28
        return connect()

    journal.server.connect = late
    await journal.intend(entry(2))
    assert not journal.stands(journal.owner)
    assert await journal.count() == 2


@pytest.mark.parametrize("first", [True, False], ids=["its first write", "a later one"])
@pytest.mark.parametrize("executed", [True, False], ids=["committed", "not committed"])
async def test_a_commit_of_which_nothing_is_heard_any_more_ends_its_owner(opens, first, executed):
    """What it may have written is not held as long as this process lives, which goes on as another owner."""
    journal, other = opens(), opens()
    await journal.salts()
    if not first:
        await journal.check()
    owner, journal.server.patience = journal.owner, 0
    breaks(journal, "COMMIT", executed=executed)
    with pytest.raises(JournalError, match="does not answer") as caught:
        await journal.claim("k", "a")
    assert (caught.value.away, caught.value.lapsed) == (True, True)
    assert not journal.stands(owner)
    assert journal.owner != owner
    claim = await journal.claim("other", "a")
    assert (claim.owner, journal.stands(claim.owner)) == (journal.owner, True)
    execute(journal, "UPDATE owners SET until = '-infinity' WHERE name = %s", [owner])
    assert await other.claim("k", "b") is not None


async def test_a_transaction_that_is_committed_late_is_waited_for(opens, postgres_url):
    """Where the connection is lost while the server still commits, its locks say so."""
    journal = opens()
    await journal.intend(entry(1))
    link = journal._store._link
    lost = link._connection

    class Lost(Broken):
        def execute(self, query, *values, **how):
            if query == "COMMIT":
                link._connection = None
            if query in ("COMMIT", "ROLLBACK"):
                raise psycopg.OperationalError("timeout")
            return self.connection.execute(query, *values, **how)

        def close(self):
            pass

    link._connection = Lost(lost, "", executed=False)
    writing = asyncio.create_task(journal.intend(entry(2)))
    waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND wait_event = 'advisory'"
    await until(lambda: execute(journal, waits))
    lost.execute("COMMIT")
    assert await writing is None
    lost.close()
    assert await journal.count() == 2


async def test_one_that_fails_fails_alone(journal):
    await journal.intend(entry(1))
    bad = [entry(1), entry(2, batch="a\0b"), entry(3, batch="\ud800"), entry(4, reserved=2**70)]
    results = await asyncio.gather(
        *(journal.intend(each) for each in (*bad, entry(5))), journal.count(), return_exceptions=True
    )
    assert [type(each) for each in results] == [JournalError] * 4 + [type(None), int]
    said = [str(each) for each in results[:4]]
    assert "attempts_id_key" in said[0]
    assert "NUL" in said[1]
    assert "half of a surrogate pair is no text" in said[2]
    assert not any(each.away for each in results[:4])
    assert [each.started for each in await journal.select(Query())] == [1001.0, 1005.0]
    assert len({*map(id, results[:4])}) == 4


async def test_what_is_put_while_the_database_is_away_is_told_with_that(journal, postgres, caplog):
    await journal.check()
    journal.server.patience = 0
    postgres.stop()
    for number in (1, 2, 3):
        journal.put(ended(number))
    await journal.close()
    assert not journal._store.is_writing
    assert len(told(caplog)) == 1


# Which database


def test_urls_that_cannot_be_read():
    with pytest.raises(ConfigError, match=r'^postgresql://me@h/x: invalid URI query parameter: "sslmod"$'):
        PostgresJournal("postgresql://me:secret@h/x?sslmod=a")
    with pytest.raises(ConfigError, match=r"^postgresql://me@h/x: PostgreSQL's client cannot read it$"):
        PostgresJournal("postgresql://me:%zz@h/x")


def test_each_database_has_a_folder_of_the_user_s_own(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("PGPORT", "5432")
    urls = (
        "postgresql://a.example/x",
        "postgres://me:p@a.example:5432/x",
        "postgresql://a.example/y",
        "postgresql:///x",
    )
    first, same, other, local = (open_journal(url) for url in urls)
    assert first.folder == same.folder
    assert len({first.folder, other.folder, local.folder}) == 3
    assert first.folder.parent == tmp_path / "anymedia"
    assert (first.results, first.spool) == (first.folder / "results", first.folder / "spool")
    monkeypatch.setattr("anymedia.journal.postgres.journal.state_folder", lambda _: None)
    with pytest.raises(ConfigError, match="no home folder is known, so there is no place for what postgresql://a"):
        open_journal(urls[0])
    assert open_journal(urls[0], folder=tmp_path).folder == tmp_path


def test_of_several_hosts_the_one_that_can_be_written_to_is_meant():
    assert "target_session_attrs=read-write" in Server("postgresql://a.example,b.example/x")._conninfo
    assert "target_session_attrs" not in Server("postgresql://a.example/x")._conninfo
    assert "target_session_attrs=any" in Server("postgresql://a,b/x?target_session_attrs=any")._conninfo


async def test_a_database_that_refuses_is_not_waited_for(postgres_url, opens):
    place, _, name = postgres_url.rpartition("/")
    for url, said in (
        (f"{place}/nowhere", 'database "nowhere" does not exist; make it'),
        (postgres_url.replace(PASSWORD, "wrong-one"), 'password authentication failed for user "[a-z]+"; PGPASSWORD'),
        (postgres_url.replace(f":{PASSWORD}", ""), "no password supplied; PGPASSWORD"),
    ):
        journal = opens(url)
        with pytest.raises(JournalError, match=said) as caught:
            await journal.check()
        assert (caught.value.away, "wrong-one" in str(caught.value), name in journal.name) == (
            False,
            False,
            "nowhere" not in url,
        )


async def test_a_database_that_does_not_do_is_refused(postgres, postgres_url, opens, monkeypatch):
    postgres._execute(
        "CREATE DATABASE latin TEMPLATE template0 ENCODING latin1 LC_COLLATE 'C' LC_CTYPE 'C' STRATEGY file_copy"
    )
    latin = f"{postgres_url.rpartition('/')[0]}/latin"
    try:
        with pytest.raises(JournalError, match=r"the database's encoding must be UTF8, not LATIN1$"):
            await opens(latin).check()
    finally:
        postgres.drop(latin)
    monkeypatch.setattr("anymedia.journal.postgres.server.OLDEST", 990_000)
    with pytest.raises(JournalError, match=r"PostgreSQL 99 or newer is needed, and this is \d+$"):
        await opens().check()


async def test_a_user_without_rights_hears_so(journal, opens, postgres, postgres_url):
    user = f"nobody_{postgres_url.rpartition('_')[2]}"
    postgres._execute(f"CREATE ROLE {user} LOGIN PASSWORD 'x'")
    its = postgres_url.replace(f"anymedia:{PASSWORD}", f"{user}:x")
    writer, reader = opens(its), opens(its)
    with pytest.raises(JournalError, match=r": permission denied for database test_\d+$") as caught:
        await writer.check()
    assert not caught.value.away
    assert await reader.count() == 0  # there is nothing yet, and nobody needs rights to know that
    await journal.check()
    with pytest.raises(JournalError, match=r": permission denied for schema anymedia$"):
        await reader.count()
    writer._store.close()
    reader._store.close()
    postgres.drop(postgres_url)
    postgres._execute(f"DROP ROLE {user}")


# Forms


@contextmanager
def with_schema(journal, *more):
    journal._store._schema = Schema((*MIGRATIONS, *more))
    yield journal
    journal._store.close()


async def test_nothing_is_made_by_reading(journal):
    assert [await journal.count(), await journal.moved(None), await journal.dead()] == [0, (0, []), []]
    assert [await journal.select(Query()), await journal.pruned(), await journal.unknown()] == [[], None, []]
    assert execute(journal, "SELECT to_regnamespace('anymedia')") == [(None,)]


async def test_of_several_who_make_the_tables_at_once_one_does(opens):
    journals = [opens() for _ in range(8)]
    await asyncio.gather(*(each.check() for each in journals))
    assert execute(journals[0], "SELECT number FROM form") == [(len(MIGRATIONS),)]
    assert len(owners(journals[0])) == 8


async def test_old_tables_grow_and_keep_what_they_hold_and_newer_ones_are_refused(journal, opens):
    await journal.intend(entry(1))
    steps = ("ALTER TABLE attempts ADD COLUMN more text DEFAULT 'new'",)
    with with_schema(opens(), steps) as newer:
        assert await newer.count() == 1  # also whoever only reads
        assert execute(newer, "SELECT more FROM attempts") == [("new",)]
        assert await newer.intend(entry(2)) is None
    for work in (lambda: opens().check(), lambda: opens().count()):
        with pytest.raises(JournalError, match=r"written by a newer anymedia \(its form is 2, and 1 is the newest"):
            await work()
    assert await journal.intend(entry(3)) is None  # it was open before, and ends with its process


async def test_a_migration_that_fails_changes_nothing(opens):
    with with_schema(opens(), ("CREATE TABLE more (number integer)", "SELECT nothing")) as journal:
        for _ in range(2):
            with pytest.raises(JournalError, match='column "nothing" does not exist'):
                await asyncio.gather(journal.check(), journal.salts())
    assert execute(journal, "SELECT to_regnamespace('anymedia')") == [(None,)]


# What moves


async def test_what_moves_is_heard(journal, opens, postgres, postgres_url, caplog):
    """Also after the connection was cut; whoever fails to hear it keeps nobody else from it."""
    heard, other = threading.Semaphore(0), opens()
    assert other.hear(lambda: 1 / 0) is True
    assert other.hear(heard.release) is True
    await until(lambda: heard.acquire(blocking=False))  # it listens
    for number in (1, 2):
        await journal.intend(entry(number))
        await journal.write(ended(number))
        if number == 2:
            postgres.cut(postgres_url)
            await until(lambda: heard.acquire(blocking=False))  # it listens anew, and may have missed something
            while heard.acquire(blocking=False):
                pass
        await journal.write(seen(number))
        await until(lambda: heard.acquire(blocking=False))
    assert "whoever is told that something has moved fails" in caplog.text
    await other.close()
    while heard.acquire(blocking=False):
        pass
    await journal.write(ended(1, task_id="another", over=True, open=False))
    assert not heard.acquire(timeout=0.05)


async def test_whoever_hears_waits_for_a_database_that_is_away(opens, postgres, monkeypatch):
    monkeypatch.setattr("anymedia.journal.postgres.listener.AGAIN", 0.01)
    journal, heard = opens(), threading.Semaphore(0)
    journal.server.patience = 0
    postgres.stop()
    journal.hear(heard.release)
    await until(lambda: journal.server.is_away)
    postgres.start()
    await until(lambda: heard.acquire(blocking=False))
    await journal.close()


async def test_what_moves_is_heard_however_many_files_a_process_has_open(opens):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(2048, hard), hard))
    journal, heard = opens(), threading.Semaphore(0)
    with ExitStack() as files:
        files.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        while (number := os.dup(0)) < 1024:  # as far as select() counts
            files.callback(os.close, number)
        files.callback(os.close, number)
        await journal.intend(entry(1))
        journal.hear(heard.release)
        await until(lambda: heard.acquire(blocking=False))
        await journal.write(ended(1, over=True, open=False))
        await until(lambda: heard.acquire(blocking=False))
        await journal.close()


# What is written


async def test_sums_are_exact_beyond_64_bits(journal):
    for number in range(40):
        await journal.intend(entry(number, reserved=10**18, quoted=10**18, counts_as="x"))
    (one,) = await journal.sums("account")
    assert (one.number, one.reserved, one.quoted) == (40, 40 * 10**18, 40 * 10**18)
    for number in range(40):
        await journal.write(ended(number, reserved=10**17, open=False))
    refused = await journal.intend(entry(99, reserved=1), limit=Limit(day=0, most=4 * 10**18))
    assert refused == Refusal(spent=4 * 10**18)


async def test_names_may_be_longer_than_an_index_holds(journal):
    long = "".join(f"{number:x}" for number in range(100_000))[:20_000]
    labels = f'{{"a":"{long}"}}'
    for number in (1, 2):
        names = {"batch": long, "labels": labels, "idempotency_key": long}
        await journal.intend(entry(number, counts_as="x", open=False, **names))
        await journal.write(ended(number, task_id=f"{long}{number}", open=False, counts_as="x"))
    for query in (
        Query(batch=long),
        Query(labels={"a": long}),
        Query(idempotency_key=long),
        Query(batch=long, first=5),
    ):
        assert len(await journal.select(query)) == 2
    assert len(await journal.select(Query(task_id=f"{long}1"))) == 1
    for by in ("labels", "batch"):
        assert [each.number for each in await journal.sums(by)] == [2]


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
async def test_nothing_is_found_by_what_is_no_text(journal, text):
    await journal.intend(entry(1, labels='{"team":"blue"}', batch="b"))
    for query in (Query(id=text), Query(name=text), Query(accounts=["acme", text]), Query(labels={"team": text})):
        assert await journal.select(query) == []
    assert len(await journal.select(Query(statuses=["sending"], left_by=["nobody"]))) == 1


DAMAGED = {
    "owner": "''",
    "fetcher": "'nobody'",
    "expires": "'NaN'",
    "started": "'Infinity'",
    "moved": str(2**62),
    "least": "'-Infinity'",
    "reserved": str(-(2**62)),
    "quoted": str(2**63 - 1),
    "day": str(2**31 - 1),
    "labels": "repeat('[', 100000)",
    "batch": "'no batch'",
    "counts_as": "'what'",
    "status": "'what'",
    "task_id": "repeat('x', 10000)",
    "idempotency_key": "''",
    "open": "true",
    "undownloaded": "true",
    "bare": "true",
}


@pytest.mark.parametrize(("column", "value"), DAMAGED.items(), ids=DAMAGED)
async def test_what_another_program_has_written_spoils_nothing_else(opens, column, value):
    journal = opens()
    for number in range(1, 5):
        await journal.intend(entry(number, labels='{"team":"blue"}', batch="b", counts_as="x", quoted=1, reserved=1))
        await journal.write(ended(number, open=False, status="succeeded", counts_as="x", over=True))
    execute(journal, f"UPDATE attempts SET {column} = {value} WHERE number % 2 = 0")
    sound = [1, 3]
    assert {*sound} <= {each.number for each in await journal.select(Query(labels={"team": "blue"}))}
    assert {*sound} <= {each.number for each in await journal.select(Query(batch="b", open=False))}
    everything = Query(expires=(-float("inf"), float("inf")), behind=(-float("inf"), 0))
    for query in (Query(), Query(left_by=["x"]), Query(since=1.0), everything):
        await journal.select(query)
    for by in ("day", "account", "labels", "batch", "kind", "model", "offer"):
        await journal.sums(by)
        await journal.sums(by, 1500.0)
    await journal.moved(0)
    await journal.durations("acme", "", "")
    assert {*sound} <= {each.number for each in await journal.prunable(Prunable(before=1e9, what="keys"))}
    await journal.prune([Pruned(entry=each) for each in await journal.prunable(Prunable(before=1e9, what="keys"))])
    assert await journal.intend(entry(9, reserved=1)) is None


async def test_what_is_beside_the_entries_cannot_be_damaged(journal):
    await journal.write(Done(name="a", day=7))
    await journal.claim("k", "a")
    await journal.intend(entry(1, reserved=1))
    for statement in ("UPDATE facts SET value = 'x'", "UPDATE keys SET fence = -1", "UPDATE days SET reserved = NULL"):
        with pytest.raises(psycopg.IntegrityError):
            execute(journal, statement)


async def test_what_was_not_sent_is_known_to_be_even_where_its_intent_is_written_after_that(
    opens, postgres_url, monkeypatch
):
    """Another process of the machine takes up what waits on disk, while the intent is on its way to the database."""
    ours, theirs = Ledger(opens()), Ledger(opens())
    await ours.journal.check()
    with psycopg.connect(postgres_url) as slow:
        slow.execute("LOCK TABLE anymedia.attempts IN SHARE MODE")
        intent = asyncio.create_task(ours.intend(attrs.evolve(tried(1), bought_by=this_process()), None))
        await until(lambda: slow.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone() != (0,))
        intent.cancel()
        await asyncio.wait({intent})
        ours.end_later(attrs.evolve(tried(1), outcome=Outcome.NOT_SENT, bought_by=this_process()))
        with monkeypatch.context() as patch:
            patch.setattr("anymedia.journal.ledger.this_process", lambda: Process(host="a", pid=1))
            await theirs.catch_up()
            assert (await theirs.attempt(tried(1).id), theirs.outbox.on_disk()) == (None, 1)
        slow.rollback()
    await ours.catch_up()
    assert [each.status for each in await ours.journal.select(Query())] == ["not sent"]
    assert ours.outbox.on_disk() == 0


# Processes


def test_what_has_forked_is_another_owner(journal):
    run(journal.check())
    journal.hear(lambda: None)
    name = journal.owner
    child = os.fork()
    if not child:
        with suppress(BaseException):
            run(in_a_child(journal, name))
            os._exit(0)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    assert run(journal.intend(entry(1))) is None
    assert (journal.owner, run(journal.count())) == (name, 2)
    assert [row[0] for row in owners(journal)] == [name]
    run(journal.close())


async def test_while_a_process_forks_nothing_is_heard_and_nothing_connects(journal, opens, monkeypatch):
    """A connection that is being opened is waited for: the new process would inherit what its thread holds."""
    heard, connects, goes_on = threading.Semaphore(0), threading.Event(), threading.Event()

    def slow(connection):
        connects.set()
        assert goes_on.wait(SOON)
        _listens(connection)

    monkeypatch.setattr("anymedia.journal.postgres.listener._listens", slow)
    journal.hear(heard.release)
    assert connects.wait(SOON)
    listener = journal._listener
    ends = threading.Thread(target=lambda: listener._over.wait(SOON) and goes_on.set())
    ends.start()
    _before_fork()
    assert (listener._link.is_open, listener._thread) == (False, None)
    _after_fork()
    ends.join()
    await opens().intend(entry(1))
    await until(lambda: heard.acquire(blocking=False))
    await journal.close()
    _before_fork()
    _after_fork()
    assert listener._thread is None


async def test_while_a_process_forks_the_database_is_closed(journal):
    await journal.check()
    assert await journal.moved(None) == (0, [])
    _before_fork()
    journal._store._process = 0  # as in the new process
    assert (journal._store.is_writing, journal._store._reader.is_open) == (False, False)
    _after_fork()
    assert journal._store._owner is None
    await journal.check()


async def test_a_process_that_was_forked_without_a_word_is_refused(journal):
    await journal.check()
    journal._store._process = 0
    journal._store.close()
    for work in (journal.check, journal.durations):
        with pytest.raises(JournalError, match="its process was forked while it was open; open it after the fork"):
            await work(*["x"] * (3 if work == journal.durations else 0))
    journal._store._process = os.getpid()


async def in_a_child(journal, name):
    assert journal.owner != name
    assert not journal.stands(name)
    assert journal._store._owner is None
    journal.hear(lambda: None)
    await journal.intend(entry(2))
    assert len(owners(journal)) == 2
    await journal.close()
    assert [row[0] for row in owners(journal)] == [name]


async def test_others_do_not_wait_for_whoever_is_frozen_in_the_middle_of_a_transaction(journal):
    shown = journal._store.call(lambda each: each.execute("SHOW idle_in_transaction_session_timeout").fetchone())
    assert shown == ("5s",)
