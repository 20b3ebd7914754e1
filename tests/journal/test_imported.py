"""A journal that moves into another: all of it arrives, once, and nothing more is bought where it was."""

import json
import re
import sqlite3
from contextlib import closing
from typing import get_args

import attrs
import pytest

from anymedia import Billed, Client, DeadlineExceeded, JournalError, OutOfBounds, Row
from anymedia.journal import (
    Done,
    Fetching,
    Ledger,
    Limit,
    Query,
    Refusal,
    Released,
    SQLiteJournal,
    Unknown,
    Wanted,
    open_journal,
    sqlite_whole,
)
from anymedia.journal.imports import import_journal
from anymedia.journal.protocol import ANY_MOMENT, DAY, By, Prunable, Pruned
from anymedia.journal.sums import together
from anymedia.testing.journal_entries import ended, entry, seen
from tests.postgres import needs_postgres

from .test_left import die

OVER = {"status": "refused", "open": False, "task": None, "task_id": None, "counts_as": None}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=needs_postgres)])
def target(request, path, tmp_path):
    """Open one more journal over the store that another one moves into."""
    if request.param == "sqlite":
        return lambda: SQLiteJournal(path.with_name("target.db"))
    url = request.getfixturevalue("postgres_url")
    return lambda: open_journal(url, folder=tmp_path / "postgres")


async def over(journal, number, task=None, **columns):
    started = {
        "started": number * DAY / 2,
        "reserved": 4,
        "quoted": 4,
        "model": str(number % 2),
        "counts_as": "sending",
    }
    await journal.intend(entry(number, **(started | columns)))
    await journal.write(ended(number, counts_as="accepted"))
    await journal.write(seen(number, **{"took": (1.0, number + 1.0), "complete": True, **(task or {})}))


async def filled(path):
    """Fill a journal with all that one keeps, let its owner die, and return it as another owner."""
    journal = SQLiteJournal(path)
    for number in range(1, 5):
        words = {"labels": f'{{"n":"{number % 2}"}}', "batch": "b" * (number % 2)}
        await over(journal, number, **words)
    await over(journal, 5, task={"undownloaded": True, "expires": 1e9 + 5, "complete": False}, body=b"sent")
    await over(journal, 6, idempotency_key="k", digest="d", batch="spring")
    await journal.intend(entry(7, idempotency_key="sent", counts_as="sending", reserved=9, started=3.25 * DAY))
    await journal.intend(entry(8, started=3.0 * DAY, reserved=2))
    await journal.write(ended(8, status="uncertain", task=None, task_id=None, counts_as="uncertain", reserved=2))
    await journal.intend(entry(9, started=3.0 * DAY))
    await journal.write(ended(9, **OVER))
    await journal.intend(entry(10, started=3.5 * DAY, account="other", reserved=3, counts_as="sending"))
    await journal.write(ended(10, counts_as="accepted"))
    await journal.write(Wanted(account="other", task_id="task-10"))
    await journal.write(Wanted(account="acme", task_id="task-5"))
    await journal.write(Fetching(account="acme", task_id="task-5"))
    gone = await journal.prunable(Prunable(before=1.5 * DAY))
    assert len(await journal.prune([Pruned(entry=each) for each in gone])) == 2
    bare = await journal.prunable(Prunable(before=2.0 * DAY, what="texts", uncollected=True))
    assert len(await journal.prune([Pruned(entry=each, kept=("bare", "bare")) for each in bare[:1]])) == 1
    for number in (1, 2):
        await journal.write(Unknown(account="acme", task_id=f"unknown-{number}", open=True, task="{}"))
    await journal.write(Done(name="balance", day=7))
    await journal.claim("k", "held when it died")
    await journal.salts()
    die(journal)
    return SQLiteJournal(path)


async def all_of(journal):
    """Return all that a journal tells of what is in it."""
    entries = [attrs.asdict(attrs.evolve(each, number=0, alive=False)) for each in await journal.select(Query())]
    by_group = [
        sorted(map(str, together(await journal.sums(by, since))))
        for by in get_args(By)
        for since in (None, 0.0, 1.0 * DAY, 1.25 * DAY, 2.0 * DAY, 3.5 * DAY)
    ]
    limits = [
        await journal.intend(entry(99, reserved=0, account=account), limit=Limit(day=day, most=-1))
        for day in range(6)
        for account in ("acme", "other")
    ]
    return {
        "entries": entries,
        "sums": by_group,
        "limits": limits,
        "durations": await journal.durations("acme", "", ""),
        "unknown": await journal.unknown(),
        "pruned": await journal.pruned(),
        "done": [await journal.write(Done(name="balance", day=day)) for day in (6, 7)],
        "left": [each.id for each in await journal.select(Query(left_by=await journal.dead()))],
        "expiring": [
            each.id for each in await journal.select(Query(expires=(ANY_MOMENT, 1e12), behind=(ANY_MOMENT, 0)))
        ],
        "bare": [each.id for each in await journal.prunable(Prunable(before=9e9, what="texts", uncollected=True))],
        "salts": await journal.salts(),
    }


async def test_all_of_it_arrives(path, target, monkeypatch):
    monkeypatch.setattr(sqlite_whole, "PAGE", 3)
    source, there, told = await filled(path), target(), []
    before = await all_of(source)
    assert before["durations"]
    await source.close()
    done = await import_journal(source, there, told.append)
    assert attrs.asdict(done) == {
        "attempts": 8,
        "before": 0,
        "open": 3,
        "uncertain": 1,
        "uncollected": 1,
        "pruned": 2,
        "reserved": sum((7 * 6, 9, 2, 5)),
        "files": 0,
        "done": False,
    }
    assert told == [3, 6, 8]
    assert await there.moved(None) == (0, [])
    assert await all_of(there) == before
    assert (await import_journal(source, there)).done
    assert await all_of(there) == before
    await source.close()
    await there.close()


async def test_what_moves_afterwards_is_news_and_what_came_is_not(path, target):
    source, there = await filled(path), target()
    await import_journal(source, there)
    await there.write(seen(10, account="other", complete=True, took=(50.0, 51.0)))
    last, entries = await there.moved(0)
    assert (last, [int(each.id, 16) for each in entries]) == (1, [10])
    assert (await there.durations("acme", "", ""))[0] == (50.0, 51.0)
    assert not await there.write(Released(key="k", holder="held when it died"))
    await source.close()
    await there.close()


async def test_nothing_is_written_any_more_where_it_was(path, target):
    source, there = await filled(path), target()
    done = await import_journal(source, there)
    assert done.attempts == 8
    other = SQLiteJournal(path)
    for work in (
        other.check(),
        other.intend(entry(50)),
        other.write(seen(10, account="other")),
        other.claim("k", "a"),
        other.prune([]),
        other.take("name", 0, []),
    ):
        with pytest.raises(JournalError, match=f"it was imported into {re.escape(there.name)} at .* --undo`"):
            await work
    assert await other.count() == 8
    with pytest.raises(JournalError, match="where that is given up, take it back first"):
        await import_journal(source, SQLiteJournal(path.with_name("third.db")))
    _, heir = await source.heir()
    assert heir == there.name
    await source.reinstate()
    assert await source.heir() is None
    await other.intend(entry(50))
    await other.close()
    with pytest.raises(JournalError, match="is there already, from another copy of that journal"):
        await import_journal(source, there)
    assert await there.count() == 8
    await source.close()
    await there.close()


async def test_it_does_not_move_while_it_is_in_use(path, target):
    user, source, there = SQLiteJournal(path), SQLiteJournal(path), target()
    await user.intend(entry(1))
    third = SQLiteJournal(path)
    for others in ("another process has", "2 other processes have"):
        with pytest.raises(JournalError, match=f"{others} it open and may be buying"):
            await import_journal(source, there)
        await third.check()
    await user.intend(entry(2))
    await user.close()
    await third.close()
    assert (await import_journal(source, there)).attempts == 2
    await source.close()
    await there.close()


async def test_where_there_is_no_journal_nothing_moves(path, target):
    source, there = SQLiteJournal(path), target()
    for work in (import_journal(source, there), source.reinstate()):
        with pytest.raises(JournalError, match="there is no journal yet"):
            await work
    await source.close()
    await there.close()


@pytest.mark.parametrize("at", ["take", "take_rest"])
async def test_an_import_that_ended_goes_on_where_it_was(path, target, monkeypatch, at):
    """Whatever was there by then; and of two that go on at once, one is told so."""
    monkeypatch.setattr(sqlite_whole, "PAGE", 3)
    source, there = await filled(path), target()
    before = await all_of(source)
    done, pages = getattr(there, at), []

    async def ends(name, after, given):
        if after >= 5:
            raise JournalError("it is away")
        pages.append((name, after, given))
        await done(name, after, given)

    monkeypatch.setattr(there, at, ends)
    with pytest.raises(JournalError, match="it is away"):
        await import_journal(source, there)
    monkeypatch.setattr(there, at, done)
    for name, after, given in pages:
        with pytest.raises(JournalError, match="another process imports the same journal"):
            await there.take(name, after, given)
    imported = await import_journal(source, there)
    assert (imported.attempts + imported.before, imported.before) == (8, 3 if at == "take" else 8)
    assert await all_of(there) == before
    await source.close()
    await there.close()


async def test_no_key_is_claimed_before_all_has_come(path, target, monkeypatch):
    """What was bought under it may be on its way; that ends with the import, or when that is given up."""
    source, there = await filled(path), target()
    claim = await there.claim("early", "a")

    async def breaks(*_):
        raise JournalError("it is away")

    with monkeypatch.context() as patch:
        patch.setattr(there, "take", breaks)
        with pytest.raises(JournalError, match="it is away"):
            await import_journal(source, there)
    assert await there.claim("k", "a") is None
    assert await there.importing() == source.name
    assert await there.intend(entry(70), claim=claim) == Refusal()
    assert await there.intend(entry(71)) is None
    move, _ = await source.heir()
    await there.give_up(move)
    assert await there.importing() is None
    assert await there.intend(entry(70), claim=claim) == Refusal()  # what has come stays, and its claimant knows none
    late = await there.claim("k", "a")
    assert await there.intend(entry(72), claim=late) is None
    await import_journal(source, there)
    assert await there.intend(entry(73), claim=late) == Refusal()  # it was claimed before all came
    assert await there.importing() is None
    again = await there.claim("k", "a")
    assert await there.intend(entry(73), claim=again) is None
    assert await there.claim("sent", "a") is not None
    await source.close()
    await there.close()


async def test_whoever_needs_a_key_meanwhile_is_told_of_the_import(path, config, client, request_, monkeypatch, caplog):
    """Once, however long it waits."""
    there = client._ledger.journal

    async def importing():
        return "old.db"

    async def claim(key, holder):
        return None

    monkeypatch.setattr(there, "importing", importing)
    monkeypatch.setattr(there, "claim", claim)
    why = "the import of old.db has not ended, and nothing is bought under idempotency keys until it has"
    with pytest.raises(DeadlineExceeded, match=why) as caught:
        await client.submit(request_, "reapi", idempotency_key="k", timeout=60)
    assert (caught.value.billed, caplog.text.count("has not ended")) == (Billed.UNKNOWN, 1)
    with pytest.raises(JournalError, match=why):
        async with client._ledger.alone("a batch"):
            pass


async def test_two_journals_move_into_one_that_is_used(path, target):
    """Their digests and their tokens stay what they were, and so do their sums."""
    there, ledgers = target(), [Ledger(SQLiteJournal(path.with_name(f"{name}.db"))) for name in "ab"]
    await over(there, 50)
    (salt,) = await there.salts()
    tokens, digests = [], []
    for number, ledger in enumerate(ledgers):
        await over(ledger.journal, 60 + number, idempotency_key=f"key-{number}", digest=await ledger.digest("asked"))
        tokens.append(await ledger.token(f"{60 + number:032x}"))
        digests.append(await ledger.digest("asked"))
        await ledger.close()
    moves = await there.moved(None)
    mine = Ledger(there)
    for ledger in ledgers:
        assert (await import_journal(ledger.journal, there)).attempts == 1
    assert await mine.journal.moved(None) == moves
    assert {*digests, await mine.digest("asked")} == {*await mine.digests("asked")}
    assert (await there.salts())[0] == salt
    assert await mine.digest("asked") not in digests
    assert [await mine.named_by(token) for token in tokens] == [f"{60 + number:032x}" for number in (0, 1)]
    assert await mine.named_by(tokens[0][:-1] + "?") is None
    assert sum(each.number for each in await there.sums("account")) == 3
    assert len(await there.durations("acme", "", "")) == 3
    for ledger in (*ledgers, mine):
        await ledger.close()


async def test_a_program_that_uses_the_target_learns_of_an_import(path, target):
    there, ledger = Ledger(target()), Ledger(SQLiteJournal(path))
    assert len(await there.digests("asked")) == 1
    digest = await ledger.digest("asked")
    await ledger.journal.intend(entry(1))
    await ledger.close()
    await import_journal(ledger.journal, there.journal)
    assert await there.digests("asked") == [await there.digest("asked")]
    await there.learn_imported()
    assert await there.digests("asked") == [await there.digest("asked"), digest]
    await ledger.close()
    await there.close()


async def test_what_was_bought_before_the_move_is_bought_no_second_time(
    client, config, clock, request_, sims, path, target, tmp_path
):
    """Not under a caller's key, and not by the row of a batch; another request under the key is refused as before."""
    task = await client.submit(request_, "reapi", idempotency_key="order-1")
    rows = [Row(request=request_), Row(request=request_), Row(request=request_, idempotency_key="row-3")]
    await client.batch(rows, "reapi", name="spring", where=tmp_path / "out").run()
    bills = sims["reapi"].bills()
    await client.close()
    source, there = SQLiteJournal(path), target()
    await there.salts()  # of its own
    await import_journal(source, there)
    async with Client(config, clock=clock, journal=there) as later:
        again = await later.submit(request_, "reapi", idempotency_key="order-1")
        assert (again.id, again.bought_before) == (task.id, True)
        with pytest.raises(OutOfBounds, match="was used for another request"):
            await later.submit(attrs.evolve(request_, prompt="a fox"), "reapi", idempotency_key="order-1")
        end = await later.batch(rows, "reapi", name="spring", where=tmp_path / "out").run()
        assert (end.done, end.bought_before) == (3, 3)
    assert sims["reapi"].bills() == bills
    await source.close()
    await there.close()


async def test_nothing_is_taken_up_where_it_was(client, config, clock, request_, path, target, tmp_path):
    """What would be fetched there could not be written down, and would be fetched where it is now once more."""
    task = await client.submit(request_, "reapi")
    await client.wait(task)
    await client.close()
    source, there, out = SQLiteJournal(path), target(), tmp_path / "out"
    await import_journal(source, there)
    async with Client(config, clock=clock) as late:
        for work in (late.recover(out), late.collect(out)):
            with pytest.raises(JournalError, match=f"it was imported into {re.escape(there.name)} at "):
                await work
    assert not out.exists()
    async with Client(config, clock=clock, journal=there) as later:
        found = await later.collect(out)
    assert [each.id for each in found.tasks] == [task.id]
    await source.close()
    await there.close()


async def test_what_another_program_has_damaged_arrives_as_far_as_it_can(path, target):
    source = await filled(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "UPDATE attempts SET started = 'soon', expires = 'never', model = 7, quoted = 1.5 WHERE number = 5"
        )
        connection.execute("UPDATE attempts SET reserved = 9e300, least = 9e999, most = 9e999 WHERE number = 6")
        connection.execute(
            "UPDATE texts SET record = CAST(X'7BFF' AS TEXT), task = X'00', body = 'text' WHERE number = 5"
        )
        connection.execute("DELETE FROM texts WHERE number = 8")
        connection.execute("UPDATE attempts SET moved = 'never' WHERE number = 3")
        connection.execute("INSERT INTO facts (name, value) VALUES ('done it', 'never')")
        connection.commit()
    there = target()
    assert (await import_journal(source, there)).attempts == 8
    (fifth,) = await there.select(Query(id=f"{5:032x}"))
    assert (fifth.started, fifth.expires, fifth.model, fifth.quoted, fifth.body) == (0.0, 0.0, "7", 1, b"text")
    assert (fifth.record, fifth.task) == ("{?", "b'\\x00'")
    assert [each.record for each in await there.select(Query(id=f"{8:032x}"))] == [""]
    await source.close()
    await there.close()


async def test_a_damaged_file_moves_whole_or_not_at_all(path):
    """Of its pages, each in turn is that before it: as a table's, that tells of other entries than those it had."""
    source = await filled(path)
    whole = [each.entry for each in await source.kept(0)]
    reserved = sum(each.reserved for each in await source.sums("account"))
    await source.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    pages = [path.read_bytes()[at : at + 4096] for at in range(0, path.stat().st_size, 4096)]
    refused = []
    for number in range(1, len(pages)):
        file = path.with_name(f"{number}.db")
        file.write_bytes(b"".join([*pages[:number], pages[number - 1], *pages[number + 1 :]]))
        damaged, there = SQLiteJournal(file), SQLiteJournal(path.with_name(f"{number}-target.db"))
        try:
            assert (await import_journal(damaged, there)).reserved == reserved
            assert [each.entry.id for each in await there.kept(0)] == [each.id for each in whole]
        except JournalError as error:
            refused.append((str(error), await there.count()))
        await damaged.close()
        await there.close()
    assert all("it is damaged" in error and number == 0 for error, number in refused)
    assert len(refused) > len(pages) / 2


async def test_an_import_says_where_it_does_not_agree(path, target, monkeypatch):
    source, there = await filled(path), target()
    take = there.take

    async def wrongly(name, after, kept):
        await take(name, after, [attrs.evolve(each, entry=attrs.evolve(each.entry, reserved=1)) for each in kept])

    monkeypatch.setattr(there, "take", wrongly)
    with pytest.raises(JournalError, match="attempt 00000000 did not arrive as it was; nothing is lost"):
        await import_journal(source, there)
    await source.close()
    await there.close()


async def test_what_went_is_compared_too(path, target, monkeypatch):
    source, there = SQLiteJournal(path), target()
    for number in range(1, 4):
        await over(source, number)
    await source.prune([Pruned(entry=each) for each in await source.prunable(Prunable(before=9e9, uncollected=True))])
    await source.close()
    rest = source.rest

    async def less():
        found = await rest()
        return attrs.evolve(
            found, gone=[attrs.evolve(each, figures=each.figures | {"reserved": 1}) for each in found.gone]
        )

    monkeypatch.setattr(source, "rest", less)
    with pytest.raises(JournalError, match="what the attempts cost is not what it was"):
        await import_journal(source, there)
    await source.close()
    await there.close()


@pytest.mark.parametrize("links", [True, False])
async def test_results_that_came_as_bytes_come_along(path, tmp_path, monkeypatch, links):
    """Under the paths that the target's attempts tell; the files stay where they were, too."""

    def refused(*_):
        raise OSError("it is another disk")

    if not links:
        monkeypatch.setattr("anymedia.journal.imports.os.link", refused)
        monkeypatch.setattr("anymedia.journal.new_file.os.link", refused)
    source, there = SQLiteJournal(path), SQLiteJournal(tmp_path / "there" / "target.db")
    source.results.mkdir(parents=True)
    file = source.results / "ü.png"
    file.write_bytes(b"picture")
    for folder in (source.results, there.results):  # an earlier run has put it there
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "2.png").write_bytes(b"another")
    task = json.dumps({"path": str(file), "url": f"{file}"}, separators=(",", ":"))
    await over(source, 1, task={"task": task, "on_disk": True})
    await over(source, 2, task={"task": json.dumps({"path": "/elsewhere/1.png"}, separators=(",", ":"))})
    await source.close()
    assert (await import_journal(source, there)).files == 2
    first, second = [json.loads(each.task) for each in await there.select(Query())]
    assert first == {"path": str(there.results / file.name), "url": str(file)}
    assert second == {"path": "/elsewhere/1.png"}
    assert (there.results / file.name).read_bytes() == file.read_bytes()
    await source.close()
    await there.close()


async def test_where_results_cannot_be_put_it_says_so(path, tmp_path):
    source, there = SQLiteJournal(path), SQLiteJournal(tmp_path / "there" / "target.db")
    await over(source, 1)
    await source.close()
    source.results.mkdir()
    (source.results / "1.png").write_bytes(b"picture")
    await there.check()
    there.results.write_text("no folder")
    with pytest.raises(JournalError, match=f"{there.results}: File exists"):
        await import_journal(source, there)
    await source.close()
    await there.close()
