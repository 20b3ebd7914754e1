"""A journal grows old: what nobody waits for goes, or loses its texts; what it cost and what it bought stays known."""

import asyncio
import json
import os
import shutil
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import attrs
import pytest

from anymedia import Asset, Billed, Failure, JournalError, Money, Outcome, OutOfBounds, State
from anymedia.cli.spend import GROUPS, spent
from anymedia.journal import Ledger, SQLiteJournal
from anymedia.journal.private import without_prompts
from anymedia.journal.report import Wanted, report

from .child import child, killed, until
from .reading import execute
from .test_collected import crash
from .test_ledger import accepted, tried

NOW = datetime(2026, 11, 29, 15, tzinfo=UTC)
SECOND = NOW - timedelta(seconds=1)
OLD, MIDNIGHT = NOW - timedelta(days=100), datetime(2026, 8, 31, tzinfo=UTC)
BEFORE = NOW - timedelta(days=90)

PROMPT, TOLD = "a lighthouse at dusk, above a heavy sea", "the provider told a story"
SAVED = (Asset(kind="image", url="https://a.example/1.png", path=Path("/out/1.png"), sha256="ab", title=PROMPT),)


@pytest.fixture
async def ledger(opens):
    ledger = opens()
    yield ledger
    await ledger.close()


def over(one, state=State.SUCCEEDED, ended=OLD, usd="0.05", **facts):
    """Return an attempt whose task is over."""
    words = {"raw": {"prompt": PROMPT, "note": TOLD}, "raw_state": TOLD, "told": {"title": PROMPT}, "assets": SAVED}
    money = Money(usd=Decimal(usd), got="settled")
    return accepted(attrs.evolve(one, ended_at=ended), state, **{"ended_at": ended, "money": money, **words, **facts})


def results(*dying):
    """Return results that are not saved, and die at these times (None: nobody says when)."""
    return tuple(Asset(kind="image", url="https://a.example/2.png", expires_at=each) for each in dying)


def failed(one, **facts):
    failure = Failure(cause="failed", message=TOLD, code="x")
    return over(one, State.FAILED, failure=failure, assets=(), **facts)


def without_task(outcome, **facts):
    return lambda one: attrs.evolve(one, outcome=outcome, ended_at=OLD, error=TOLD, answer={"said": TOLD}, **facts)


WAY = {
    "saved": (over, {}),
    "saved, under a key": (over, {"key": "a"}),
    "given back": (lambda one: failed(one, usd="0"), {}),
    "given back, under a key": (lambda one: failed(one, usd="0"), {"key": "b"}),
    "failed and billed, under a key": (failed, {"key": "c"}),
    "refused": (without_task(Outcome.REFUSED), {}),
    "refused, under a key": (without_task(Outcome.REFUSED), {"key": "d"}),
    "settled as billed, under a key": (without_task(Outcome.UNCERTAIN, settled=Billed.YES), {"key": "e"}),
    "settled as not billed, under a key": (without_task(Outcome.UNCERTAIN, settled=Billed.NO), {"key": "f"}),
    "gone": (lambda one: over(one, assets=results(OLD, SECOND)), {}),
    "gone, under a key": (lambda one: over(one, assets=(*SAVED, *results(SECOND))), {"key": "h"}),
    "dismissed": (lambda one: attrs.evolve(over(one, assets=(Asset(kind="image", url=None),)), dismissed=True), {}),
    "uncertain": (without_task(Outcome.UNCERTAIN), {}),
    "accepted without id": (without_task(Outcome.ACCEPTED_WITHOUT_ID), {"key": "g"}),
    "running": (lambda one: over(one, State.RUNNING, ended=None), {}),
    "not saved": (lambda one: over(one, assets=results(None)), {}),
    "not saved, for a while": (lambda one: over(one, assets=results(NOW)), {}),
    "not saved, and some alive": (lambda one: over(one, assets=results(OLD, NOW)), {}),
    "over only now": (lambda one: over(one, ended=NOW), {}),
    "begun later": (over, {"started_at": MIDNIGHT}),
    "being sent": (None, {}),
    "the last": (over, {"started_at": NOW}),
}
"""How attempts may have ended, old ones where nothing else is said."""

STAY = [*WAY][12:]
UNCOLLECTED = [name for name in WAY if name.startswith("not saved")]
BOUGHT = ["saved, under a key", "failed and billed, under a key", "settled as billed, under a key", "gone, under a key"]

FATES = {
    "attempts": ([name for name in WAY if name not in (*STAY, *BOUGHT)], BOUGHT),
    "texts": ([], [name for name in WAY if name not in STAY]),
    "keys": ([name for name in WAY if name not in STAY], []),
    "uncollected": ([name for name in WAY if name not in STAY + BOUGHT or name in UNCOLLECTED], BOUGHT),
}
"""Of what is pruned so, what goes, and what loses its texts."""


async def every(ledger):
    """Write down an attempt that ended in each way; return their ids."""
    ids = {}
    for number, (name, (ends, facts)) in enumerate(WAY.items()):
        body = {"prompt": PROMPT, "size": "1K"}
        words = {"key": None, "started_at": OLD, "labels": {"team": "blue"}, "batch": "spring", "body": body, **facts}
        one = tried(number, money=Money(usd=Decimal("0.05")), **words)
        claim = await ledger.claim(words["key"], {"n": 1}) if words["key"] else None
        await ledger.intend(one, json.dumps(body).encode(), claim=claim)
        if ends is not None:
            await ledger.end(ends(one))
        if claim is not None:
            await ledger.release(claim)
        ids[one.id] = name
    return ids


async def last(ledger):
    """Add what stays in any case: the last attempt, which moved last."""
    await ledger.intend(tried(99, key=None), None)
    await ledger.end(accepted(tried(99, key=None), State.CANCELED))


async def summed(ledger):
    """Return every sum since ever, and since days that are pruned and are not."""
    moments = (None, MIDNIGHT - timedelta(days=60), OLD.replace(hour=0), MIDNIGHT, NOW)
    return [spent(await ledger.sums(column, since), by) for by, (column, _) in GROUPS.items() for since in moments] + [
        await ledger.spent_since(since) for since in moments if since is not None
    ]


async def bought(ledger):
    """Return what is bought under each key, and of which request it is."""
    found = {}
    for key in "abcdefgh":
        claim = await ledger.claim(key, {"n": 1})
        found[key] = [each.id for each in claim.bought]
        await ledger.release(claim)
        try:
            await ledger.release(await ledger.claim(key, {"n": 2}))
        except OutOfBounds:
            found[key].append("of another request")
    return found


@pytest.mark.parametrize("what", FATES)
async def test_what_nobody_waits_for_goes_and_what_it_came_to_stays(ledger, what):
    ids, (go, lose) = await every(ledger), FATES[what]
    how = {} if what == "attempts" else {what: True}
    sums, keys, attempts = await summed(ledger), await bought(ledger), await ledger.attempts()
    told = await ledger.prune(BEFORE, dry_run=True, now=NOW, **how)
    assert (await ledger.attempts(), await ledger.pruned()) == (attempts, None)
    done = await ledger.prune(BEFORE, now=NOW, **how)
    assert told == done
    assert (done.before, done.attempts, done.bare) == (MIDNIGHT, len(go), len(lose))
    assert done.bytes > 100 * (len(go) + len(lose))
    unsaved = [name for name in go if name.startswith("gone") or name in UNCOLLECTED]
    assert (done.unsaved, done.uncollected) == (len(unsaved), 0 if what == "uncollected" else len(UNCOLLECTED))
    left = {ids[each.id]: each for each in await ledger.attempts()}
    assert [*left] == [name for name in ids.values() if name not in go]
    assert [name for name in left if PROMPT not in str(to_text(left[name]))] == lose
    assert await summed(ledger) == sums
    assert await ledger.pruned() == (OLD.replace(hour=0) + timedelta(days=1) if go else None)
    if what == "keys":
        assert await bought(ledger) == {**{key: [] for key in keys}, "g": keys["g"]}
    else:
        assert await bought(ledger) == keys
    again = await ledger.prune(BEFORE, now=NOW, **how)
    assert (again.attempts, again.bare, again.bytes) == (0, 0, 0)
    later = await ledger.prune(NOW + timedelta(days=9), keys=True, now=NOW)  # in time
    stay = {*STAY[:3], *UNCOLLECTED, "being sent", "the last"} - {*go}
    assert {ids[each.id] for each in await ledger.attempts()} == stay
    assert later.attempts == len(left) - len(stay)


def to_text(attempt):
    return [attempt, attempt.order.body, attempt.answer, attempt.task and attempt.task.raw]


async def test_what_has_lost_its_texts_is_known_by_all_else(ledger):
    await every(ledger)
    before = {each.id: each for each in await ledger.attempts()}
    await ledger.prune(BEFORE, texts=True)
    for each in await ledger.attempts(batch="spring", labels={"team": "blue"}, status="succeeded"):
        was = before[each.id]
        assert (each.status, each.reserved, each.order.money) == (was.status, was.reserved, was.order.money)
        assert (each.order.labels, each.task.labels, each.order.batch) == (was.order.labels, {"team": "blue"}, "spring")
        assert (each.order.idempotency_key, each.order.offer, each.started_at) == (
            was.order.idempotency_key,
            was.order.offer,
            was.started_at,
        )
        assert [asset.path for asset in each.task.assets] == [asset.path for asset in was.task.assets]
        assert (each.task.id, each.task.money, each.task.ended_at) == (was.task.id, was.task.money, was.task.ended_at)


async def test_a_link_that_holds_the_prompt_goes_with_it(ledger):
    words = "a lighthouse at dusk"
    one = tried(1, key="k", started_at=OLD, body={"prompt": words})
    await ledger.intend(one, json.dumps(one.order.body).encode())
    links = ("https://a.example/a%20lighthouse%20at%20dusk.png", "https://a.example/2.png")
    assets = tuple(attrs.evolve(SAVED[0], url=url, title=None) for url in links)
    await ledger.end(over(one, assets=assets))
    await last(ledger)
    assert (await ledger.prune(BEFORE)).bare == 1
    assert [asset.url for asset in (await ledger.attempts())[0].task.assets] == [None, links[1]]


async def test_with_texts_no_key_is_forgotten(ledger):
    with pytest.raises(OutOfBounds, match="keys: with texts, every attempt is kept"):
        await ledger.prune(NOW, texts=True, keys=True)


async def test_what_is_being_fetched_stays_and_what_is_wanted_until_it_is_gone(opens, ledger):
    other = opens()
    for number, dies in enumerate((OLD, OLD, OLD, NOW, None), start=1):
        await ledger.intend(one := tried(number, key=None, started_at=OLD), None)
        await ledger.end(over(one, assets=results(dies)))
    await last(ledger)
    assert await other.begin_fetch((await other.attempt(tried(1).id)).task)
    for number in (2, 4, 5):
        await ledger.want((await ledger.attempt(tried(number).id)).task)
    assert (await ledger.prune(BEFORE, now=NOW)).attempts == 2
    await other.close()
    assert (await ledger.prune(BEFORE, now=NOW)).attempts == 1
    assert [int(each.id, 16) async for each in ledger.uncollected(NOW)] == [5, 4]
    assert (await ledger.prune(BEFORE)).attempts == 1  # the present is later
    assert [int(each.id, 16) for each in await ledger.attempts()] == [5, 99]


async def test_what_was_asked_for_is_left_out_of_a_copy_for_others(ledger):
    for number, body in enumerate(({"messages": [{"text": PROMPT}], "size": "1K"}, None)):
        one = tried(number, key=f"k{number}", body=body, labels={"team": "blue"})
        bare = without_prompts(over(one))
        assert PROMPT not in str(to_text(bare))
        assert (bare.order.body, bare.order.idempotency_key, bare.task.assets[0].path) == (
            None,
            f"k{number}",
            SAVED[0].path,
        )
        assert (TOLD in str(to_text(bare)), bare.order.labels) == ((True, {"team": "blue"}) if body else (False, {}))


async def test_what_a_day_has_cost_is_known_after_a_prune(ledger):
    await every(ledger)
    await ledger.prune(NOW, keys=True)
    assert await ledger.spent_today(OLD) == {"reapi": Decimal("0.85")}
    assert [await ledger.is_first("alert", day) for day in (NOW, NOW, NOW + timedelta(days=1))] == [True, False, True]


async def test_pages_follow_each_other(ledger, monkeypatch):
    for module in ("memory", "queries"):
        monkeypatch.setattr(f"anymedia.journal.{module}.PRUNED", 2)
    for number in range(7):
        one = tried(number, key=f"k{number}" if number % 2 else None, started_at=OLD)
        await ledger.intend(one, b"{}")
        await ledger.end(over(one) if number != 4 else attrs.evolve(one, outcome=Outcome.UNCERTAIN))
    done = await ledger.prune(NOW)
    assert (done.attempts, done.bare) == (2, 3)
    assert [int(each.id, 16) for each in await ledger.attempts()] == [1, 3, 4, 5, 6]


async def test_whoever_follows_the_moves_misses_none(ledger):
    for number in range(4):
        one = tried(number, key=None, started_at=OLD)
        await ledger.intend(one, b"{}")
        await ledger.end(over(one, ended=OLD if number < 3 else NOW))
    last, _ = await ledger.moved()
    assert (await ledger.prune(NOW)).attempts == 3
    assert [each.attempt.id for each in (await ledger.moved(2))[1]] == [tried(3).id]
    one = tried(5, key=None)
    await ledger.intend(one, b"{}")
    await ledger.end(over(one))
    number, moved = await ledger.moved(last)
    assert (number, [each.attempt.id for each in moved]) == (last + 1, [one.id])


async def test_a_report_says_what_it_cannot_know(ledger):
    await every(ledger)
    assert (await report(ledger.journal, Wanted())).pruned is None
    await ledger.prune(BEFORE)
    found = await report(ledger.journal, Wanted(since=NOW))
    assert found.pruned == await ledger.pruned()


# The file


@pytest.fixture
async def filled(path):
    ledger = Ledger(SQLiteJournal(path))
    await every(ledger)
    yield ledger
    await ledger.close()


def held(path):
    """Return everything that a journal's file holds, past our own reading."""
    return b"".join(file.read_bytes() for file in (path, path.with_name(path.name + "-wal")) if file.exists())


async def test_what_was_pruned_is_not_in_the_file_any_more(path):
    ledger = Ledger(SQLiteJournal(path))
    execute(ledger.journal, "PRAGMA secure_delete = ON")
    for number in range(40):
        one = tried(
            number, key=f"k{number}" if number % 2 else None, started_at=OLD, body={"prompt": f"{PROMPT} {number}" * 9}
        )
        await ledger.intend(one, json.dumps(one.order.body).encode())
        await ledger.end(over(one))
    await last(ledger)
    execute(ledger.journal, "PRAGMA secure_delete = OFF")  # as it is by itself on some systems
    await ledger.prune(BEFORE)
    await ledger.close()
    assert PROMPT.encode() not in held(path)
    assert TOLD.encode() not in held(path)


@pytest.mark.parametrize("change", ["record = '{'", "record = '[1]'", "task = x'ff'", "record = CAST(x'ff' AS TEXT)"])
async def test_what_cannot_be_read_is_not_pruned(filled, change):
    execute(filled.journal, f"UPDATE texts SET {change} WHERE number = 1")
    for how in ({}, {"texts": True}, {"keys": True}):
        assert (await filled.prune(BEFORE, **how)).before == MIDNIGHT
    assert (await filled.attempts())[0].id == tried(0).id


@pytest.mark.parametrize("value", ["'x'", "x'ff'", "'-5'", "'99999999999999999999'", "''"])
async def test_facts_that_are_no_numbers_are_as_none(filled, value):
    await filled.prune(BEFORE, keys=True)
    execute(filled.journal, f"UPDATE facts SET value = {value} WHERE name IN ('pruned', 'fence', 'compactions')")
    assert await filled.pruned() is None
    assert await filled.sums("day", OLD) is not None
    assert (await filled.claim("new", {})).claim.fence == 1
    await filled.journal.compact()


async def test_what_a_file_holds_is_told(filled, path):
    journal = filled.journal
    journal.results.mkdir()
    (journal.results / "1.png").write_bytes(b"12345")
    (journal.results / "gone.png").symlink_to("nowhere")
    told = await journal.info(MIDNIGHT.timestamp(), NOW.timestamp())
    assert sum(told.statuses.values()) == len(WAY)
    assert (told.statuses["settled"], told.open, told.uncertain, told.uncollected) == (2, 4, 2, 5)
    assert (told.first, told.last) == (OLD.timestamp(), NOW.timestamp())
    assert (told.old, told.results, told.results_bytes, told.form) == (14, 1, 5, 7)
    assert (told.old_uncollected, (await journal.info(MIDNIGHT.timestamp())).old_uncollected) == (2, 1)
    assert 0 < told.old_texts < told.texts < told.bytes
    crash(filled)  # what was being sent is uncertain by now
    later = SQLiteJournal(path)
    await filled.journal.compact()
    assert (await later.info(0.0)).uncertain == 3
    await filled.prune(BEFORE, now=NOW)
    pruned = await later.info(MIDNIGHT.timestamp(), NOW.timestamp())
    assert (pruned.old, pruned.texts < told.texts) == (2, True)  # one was over only now, and one is alive in part
    await later.close()


async def test_where_there_is_no_journal_nothing_is_made(path):
    journal = SQLiteJournal(path)
    assert await journal.info(0.0) is None
    for work in (journal.backup(path.with_name("copy.db")), journal.compact()):
        with pytest.raises(JournalError, match="there is no journal yet"):
            await work
    assert not path.parent.exists()


# A copy


async def test_a_copy_is_a_journal_as_it_was_at_one_moment(filled, path, tmp_path):
    target, before = tmp_path / "copy.db", await filled.attempts()
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE attempts SET account = 'not yet'")
        assert await filled.journal.backup(target) == target.stat().st_size
        writer.execute("ROLLBACK")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert {file.name for file in tmp_path.iterdir()} == {"copy.db", path.parent.name}
    copy = Ledger(SQLiteJournal(target))
    assert await copy.attempts() == before
    await copy.intend(tried(99), None)
    assert await copy.journal.salts() == await filled.journal.salts()
    await copy.close()


async def test_no_file_is_written_over(filled, tmp_path, monkeypatch):
    there, dangling, target = tmp_path / "there.db", tmp_path / "dangling.db", tmp_path / "copy.db"
    there.write_bytes(b"mine")
    dangling.symlink_to(tmp_path / "nowhere")
    for file in (there, dangling, filled.journal.path):
        with pytest.raises(JournalError, match=f"{file.name}: there is such a file already; name another one"):
            await filled.journal.backup(file)
    assert (there.read_bytes(), dangling.is_symlink()) == (b"mine", True)

    def no_links(part, name):
        raise PermissionError(1, "no links here")

    def comes_first(part, name):
        name.write_bytes(b"first")
        raise FileExistsError(17, "there")

    def comes_first_without_links(part, name):
        name.write_bytes(b"first")
        no_links(part, name)

    for comes in (comes_first, comes_first_without_links):
        monkeypatch.setattr(os, "link", comes)
        with pytest.raises(JournalError, match="there is such a file already"):
            await filled.journal.backup(target)
        assert target.read_bytes() == b"first"
        target.unlink()
    monkeypatch.setattr(os, "link", no_links)
    await filled.journal.backup(target)
    assert target.stat().st_size > 10_000
    assert not [file for file in tmp_path.iterdir() if file.suffix == ".part"]


async def test_a_copy_that_cannot_be_written_leaves_nothing(filled, path, tmp_path, monkeypatch):
    with pytest.raises(JournalError, match=r"folder/copy\.db: No such file or directory"):
        await filled.journal.backup(tmp_path / "folder" / "copy.db")
    limited = sqlite3.connect

    def small(*names, **how):
        connection = limited(*names, **how)
        connection.execute("PRAGMA max_page_count = 3")
        return connection

    monkeypatch.setattr("anymedia.journal.sqlite_care.sqlite3.connect", small)
    with pytest.raises(JournalError, match=r"copy\.db: the disk is full"):
        await filled.journal.backup(tmp_path / "copy.db")
    monkeypatch.undo()
    assert [file.name for file in tmp_path.iterdir()] == [path.parent.name]


async def test_a_damaged_journal_is_not_copied(filled, path, tmp_path):
    await filled.close()
    with path.open("rb+") as file:
        for page in range(2, 12):
            file.seek(page * 4096 + 2000)
            file.write(os.urandom(1500))
    with pytest.raises(JournalError, match="it is damaged"):
        await SQLiteJournal(path).backup(tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


# Room


async def test_the_file_grows_smaller_and_every_process_goes_on(path):
    ledger, other = Ledger(SQLiteJournal(path)), Ledger(SQLiteJournal(path))
    for number in range(300):
        one = tried(number, key=None, started_at=OLD, body={"prompt": "x" * 5000})
        await ledger.intend(one, json.dumps(one.order.body).encode())
        await ledger.end(over(one))
    await other.journal.check()
    await ledger.close()  # so that the file holds all of it
    await other.intend(tried(400), None)
    await ledger.prune(BEFORE)
    sums, big, whole = await summed(ledger), path.stat().st_size, path.with_suffix(".whole")
    assert (await ledger.journal.info(0.0)).unused > big / 2
    await ledger.journal.compact()
    assert path.stat().st_size < big / 2
    for each in (ledger, other):
        await each.intend(tried(500 + (each is ledger)), None)
        assert await summed(each) == sums
    await other.close()
    await other.intend(tried(502), None)
    await ledger.close()
    await other.close()
    shutil.copyfile(path, whole)
    await other.intend(tried(503), None)
    size = path.stat().st_size
    os.truncate(path, size - 4096)  # which nobody meant
    with pytest.raises(JournalError, match="it was cut from"):
        await other.intend(tried(504), None)


async def test_an_earlier_copy_in_its_place_is_told_though_the_file_grew_smaller_before(path, tmp_path):
    ledger, copy = Ledger(SQLiteJournal(path)), tmp_path / "copy.db"
    await ledger.intend(tried(0, key=None), None)
    await ledger.journal.backup(copy)
    for number in range(1, 50):
        await ledger.intend(tried(number, key=None), b'"' + b"x" * 9000 + b'"')
    await ledger.journal.compact()
    await ledger.close()
    await ledger.intend(tried(50), None)
    await ledger.close()
    shutil.copyfile(copy, path)  # into the same file
    with pytest.raises(JournalError, match="it was cut from"):
        await ledger.intend(tried(51), None)


async def test_a_compaction_while_others_read_says_so_and_is_over_once_the_next_one_is(filled, path, monkeypatch):
    await filled.prune(BEFORE)
    store, reader = filled.journal._store, sqlite3.connect(path, isolation_level=None)
    monkeypatch.setattr("anymedia.journal.sqlite_file.PATIENCE", 0.01)
    with closing(reader):
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM attempts").fetchone()
        with pytest.raises(JournalError, match="it is read by others for too long"):
            await filled.journal.compact()
        assert store._compactions() % 2 == 1  # the file may still grow smaller
    await filled.journal.compact()
    assert store._compactions() % 2 == 0
    assert (await filled.journal.info(0.0)).unused == 0


async def test_a_file_that_cannot_be_made_smaller_stays_as_it_is(filled, path, monkeypatch):
    attempts, store = await filled.attempts(), filled.journal._store
    call, writer = store.call, sqlite3.connect(path, isolation_level=None, check_same_thread=False)

    def called(step):
        call(step)
        writer.execute("BEGIN IMMEDIATE")  # just before it begins

    with closing(writer), monkeypatch.context() as patch:
        patch.setattr("anymedia.journal.sqlite_file.PATIENCE", 0.01)
        patch.setattr(store, "call", called)
        with pytest.raises(JournalError, match="another process has held it"):
            await filled.journal.compact()
    assert await filled.attempts() == attempts
    await filled.journal.check()  # which is written behind what was to be
    assert store._compactions() % 2 == 0  # none is under way: a file that is cut is told
    await filled.prune(BEFORE)
    await filled.journal.compact()
    assert (await filled.journal.info(0.0)).unused == 0


# Processes


def whole(path):
    """Check that a file is sound, and return its attempts' ids."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return [name for (name,) in connection.execute("SELECT id FROM attempts ORDER BY number")]


async def many(path, number=1000):
    """Fill a journal with old attempts, of which each tenth may not go."""
    ledger = Ledger(SQLiteJournal(path))

    async def one(number):
        each = tried(
            number, key=f"k{number}" if number % 3 == 0 else None, started_at=OLD, money=Money(usd=Decimal("0.05"))
        )
        await ledger.intend(each, b"{}")
        await ledger.end(over(each) if number % 10 else without_task(Outcome.UNCERTAIN)(each))

    await asyncio.gather(*map(one, range(number)))
    sums, uncertain = await summed(ledger), [each.id for each in await ledger.attempts(status="uncertain")]
    await ledger.close()
    return sums, uncertain


async def assert_nothing_is_lost(path, sums, uncertain):
    whole(path)
    ledger = Ledger(SQLiteJournal(path))
    assert await summed(ledger) == sums
    assert [each.id for each in await ledger.attempts(status="uncertain")] == uncertain
    assert [each.order.idempotency_key for each in await ledger.attempts(idempotency_key="k3")] == ["k3"]
    await ledger.close()


@pytest.mark.parametrize("pages", [1, 2])
async def test_a_prune_that_is_killed_is_gone_on_with(path, pages):
    sums, uncertain = await many(path)
    with child("pruner", {"path": str(path), "work": "prune", "before": BEFORE.isoformat()}, {}) as process:
        for _ in range(pages):
            await asyncio.to_thread(until, process, "page")
        killed(process)
    await assert_nothing_is_lost(path, sums, uncertain)
    ledger = Ledger(SQLiteJournal(path))
    done = await ledger.prune(BEFORE)
    assert 0 < done.attempts < 600
    await ledger.close()
    await assert_nothing_is_lost(path, sums, uncertain)
    assert len(whole(path)) in (400, 401)  # what is uncertain, what has a key, and the last


@pytest.mark.parametrize("work", ["backup", "compact"])
async def test_a_copy_or_a_compaction_that_is_killed_leaves_the_journal_whole(path, work):
    sums, uncertain = await many(path, 400)
    other = Ledger(SQLiteJournal(path))
    await other.prune(BEFORE, keys=True)
    for round_ in range(3):
        with child("pruner", {"path": str(path), "work": work, "before": BEFORE.isoformat()}, {}) as process:
            await asyncio.to_thread(until, process, "begun")
            await asyncio.sleep(0)
            killed(process)
        assert not path.with_name("copy.db").exists() or whole(path.with_name("copy.db"))
        await other.release(await other.claim(f"new {round_}", {}))
    assert await summed(other) == sums
    if work == "compact":
        size = path.stat().st_size
        await other.journal.compact()
        assert path.stat().st_size <= size
    await other.close()
    assert [name for name in whole(path) if name in uncertain] == uncertain


async def test_two_prune_while_others_buy(path):
    """Nothing that is open is lost, and the sums are those of what was bought."""
    sums, uncertain = await many(path)
    job = {"path": str(path), "before": BEFORE.isoformat()}
    with (
        child("pruner", job | {"work": "prune"}, {}) as first,
        child("pruner", job | {"work": "prune"}, {}) as second,
        child("pruner", job | {"work": "buy", "times": 150}, {}) as buyer,
    ):
        went = [int(await asyncio.to_thread(until, each, "went")) for each in (first, second)]
        ids = json.loads(await asyncio.to_thread(until, buyer, "bought"))
    left = whole(path)
    assert sum(went) == 1000 - len([name for name in left if name not in ids])
    assert [name for name in left if name in ids] == ids
    assert [name for name in left if name in uncertain] == uncertain
    ledger = Ledger(SQLiteJournal(path))
    new = {each.group: each for each in spent(await ledger.sums("batch"), "batch")}
    assert (new["running"].accepted, new["running"].usd) == (150, Decimal("7.5"))
    old = [each for each in sums[0] if each.group == f"{OLD:%Y-%m-%d}"]
    assert [each for each in spent(await ledger.sums("day"), "day") if each.group == f"{OLD:%Y-%m-%d}"] == old
    assert (await ledger.prune(BEFORE)).attempts == 0
    await ledger.close()
